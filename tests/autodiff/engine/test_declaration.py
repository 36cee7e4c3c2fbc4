"""The op declaration: what is wrong in one is said when it is made."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.engine._op import DeclarationError, numpy_functions, op, registry
from autodiff.engine._samples import binary, unary
from tests.autodiff.scratch import scratch_registry


def declare(forward: Any, **what: Any) -> None:
    op(**what)(forward)


def fresh(xp: Any, x: Any, /, axis: int = 0) -> Any:
    """A new op."""
    return x


def no_namespace(x: Any, /) -> Any:
    """Its first parameter is an input."""


def no_inputs(xp: Any, axis: int) -> Any:
    """It has statics only."""


def undocumented(xp: Any, x: Any, /) -> Any:
    return x


def two(xp: Any, x: Any, y: Any, /) -> Any:
    """Two inputs."""
    return x


def tanh(xp: Any, x: Any, /) -> Any:
    """A name that is taken."""
    return x


@pytest.mark.parametrize(
    ("forward", "what", "message"),
    [
        (fresh, {"y": lambda g: g, "sample": unary()}, "rule for 'y', which is no input"),
        (fresh, {"x": lambda g, z: g, "sample": unary()}, "asks for 'z'; there are"),
        (fresh, {"x": lambda g: g}, "no sample"),
        (fresh, {"in_dtype": True}, "must name what calls take"),
        (fresh, {"without": ("device",)}, "must name what calls take"),
        (fresh, {"underived": ("y",)}, "underived 'y' is no input without a rule"),
        (fresh, {"normalise": {"axes": id}}, "normalise names 'axes'"),
        (fresh, {"numpy": np.tanh}, "already belongs to 'tanh'"),
        (fresh, {"operator": "neg"}, "operator 'neg' already taken"),
        (tanh, {"x": lambda g: g, "sample": unary()}, "declared twice"),
        (no_namespace, {}, "first parameter must be xp"),
        (no_inputs, {}, "no inputs"),
        (undocumented, {}, "no docstring"),
        (two, {"variadic": True}, "have one input"),
        (two, {"remembers": True}, "remembers what it was made of, but has not one input"),
    ],
)
def test_bad_declarations_fail_at_once(forward: Any, what: dict[str, Any], message: str) -> None:
    before = dict(registry), dict(numpy_functions)
    with pytest.raises(DeclarationError, match=message):
        declare(forward, **what)
    assert (registry, numpy_functions) == before


def test_one_statement_makes_everything() -> None:
    @op(
        x=lambda g, y: g * y,
        y=lambda g, x: g * x,
        broadcast=True,
        operator="scratch",
        method=True,
        numpy=np.bitwise_count,
        sample=binary(),
    )
    def scratch_product(_: Any, x: Any, y: Any, /) -> Any:
        """A product."""
        return x * y

    try:
        x = ad.Variable(np.array([1.0, 2.0]))
        with ad.GradientTape(persistent=True) as tape:
            ways = [
                scratch_product(x, 3.0),
                getattr(x, "scratch_product")(3.0),  # noqa: B009
                getattr(x, "__scratch__")(3.0),  # noqa: B009
                getattr(x, "__rscratch__")(3.0),  # noqa: B009
            ]
        for y in ways:
            assert y.tolist() == [3.0, 6.0]
            assert tape.gradient(y, x).tolist() == [3.0, 3.0]
        assert str(inspect.signature(scratch_product)) == "(x, y, /)"
        assert numpy_functions[np.bitwise_count] is registry["scratch_product"]
    finally:
        del registry["scratch_product"], numpy_functions[np.bitwise_count]
        for name in ("scratch_product", "__scratch__", "__rscratch__"):
            delattr(ad.Tensor, name)


def test_what_calls_take_beside_the_forward() -> None:
    """Type checkers see the forward's signature: it names all that calls take."""
    assert str(inspect.signature(ad.sum)) == "(x, /, axis=None, keepdims=False, *, dtype=None)"
    assert str(inspect.signature(ad.astype)) == "(x, /, dtype, *, copy=True, device=None)"


PARTS = (ad, ad.fft, ad.linalg, ad.special)


@pytest.mark.parametrize("declared", list(registry.values()), ids=list(registry))
def test_every_op_is_whole(declared: Any) -> None:
    assert declared.doc.count("\n>>> ") >= 1, "the docstring has no example"
    public = [getattr(part, declared.name, None) for part in PARTS]
    behind = declared.forward.__name__.startswith("_") and any(public)  # a function of that name
    assert declared.function in public or declared.operator or behind, "exported, or behind one"
    assert declared.forward.__annotations__


def test_methods_are_known_to_type_checkers() -> None:
    source = inspect.getsource(inspect.getmodule(ad.Tensor))  # type: ignore[arg-type]
    listed = set(re.findall(r"^        (\w+): Callable\[\.\.\., Tensor\]$", source, re.M))
    assert listed == {op.method for op in registry.values() if op.method}


def test_records_keep_only_what_rules_name() -> None:
    x, y = ad.Variable(np.ones((2, 3))), ad.Variable(np.ones((3,)))
    with ad.GradientTape() as tape:
        a = x + y
        b = a * y
        ad.exp(b)
    graph = tape._graph
    assert graph is not None
    by_op = {record[0].name: record for record in graph.records}
    assert [v is None for v in by_op["add"][2:3] + by_op["add"][5:7]] == [True, True, True]
    assert by_op["multiply"][2] is None
    assert by_op["multiply"][6] is y._data
    assert by_op["exp"][4] is None
    assert by_op["exp"][2] is not None


def test_wrong_calls_name_the_op_and_its_signature() -> None:
    x = ad.ones((2, 3))
    with pytest.raises(TypeError, match=r"sum has no argument 'axes'; it takes sum\(x"):
        ad.sum(x, axes=0)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match=r"sum: axis 2 is out of range for shape \(2, 3\)"):
        ad.sum(x, axis=2)
    with pytest.raises(TypeError, match="reshape needs 'shape'"):
        ad.reshape(x)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"add: x is str 'a'; expected a Tensor"):
        ad.add("a", x)
    with pytest.raises(ValueError, match=r"given x float32\[2, 3\], y float32\[2, 2\]"):
        ad.matmul(x, ad.ones((2, 2)))
    with pytest.raises(TypeError, match="unsupported operand"):
        x + "a"
    with pytest.raises(TypeError, match="concat: arrays is"):
        ad.concat(3)
    with pytest.raises(ValueError, match="concat: arrays is empty"):
        ad.concat([])


def test_a_cell_that_is_run_again_declares_its_op_anew() -> None:
    def cell(factor: float, **what: Any) -> Any:
        def stretched(_: Any, x: Any, /) -> Any:
            """factor times x."""
            return factor * x

        stretched.__module__ = "__main__"
        return op(x=lambda g: factor * g, sample=unary(), **what)(stretched)

    with scratch_registry():
        x = ad.Variable(1.0)
        with ad.GradientTape() as tape:
            y = cell(2.0)(x)
            again = cell(3.0)
            z = again(x)
        assert float(tape.gradient([y, z], x)) == 5.0, "what was recorded of the first goes on"
        with pytest.raises(DeclarationError, match="operator 'neg' already taken"):
            cell(4.0, operator="neg")
        assert registry["stretched"] is again.op, "a bad declaration takes no place"
        assert ad.function(again)(x) == 3.0
