"""The op declaration: one statement per op, from which everything else about it is made.

    @op(
        x=lambda g, y: g * y,
        y=lambda g, x: g * x,
        broadcast=True, operator="mul", numpy=np.multiply, label="×", sample=binary(),
    )
    def multiply(_, x, y, /):
        '''Product, element by element. ...'''
        return x * y

The decorated function is the forward on raw arrays: `xp` first (`_` if it needs none), then the
inputs (positional-only), then the statics (plain Python values). Each keyword named as an input is
that input's derivative rule. A rule says by its parameter names what it needs:

    g            the upstream gradient: the op's output shape, with any number of axes before it
    out          the output
    x, y, ...    an input;  x_shape: only its shape (for a sequence of inputs: all of them)
    axis, ...    a static, as normalised
    xp           the array namespace

and what no rule names is not kept. Rules see raw arrays, or Tensors when an outer tape records:
they use operators and `xp` only. Rules of ops with `broadcast` return gradients of the broadcast
shape; the engine sums them back, here and nowhere else. The forward of an op with several
`outputs` returns a tuple; then `out` is the tuple of them, and `g` that of their upstream
gradients, None for those that have none.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Concatenate, ParamSpec, TypeVar, cast, overload

from ..arrays._backend import FORWARDS
from . import _calls, _origin, _parameters, _pulls
from ._broadcast import Undo, elementwise_undo
from ._graph import NODES, Record
from ._samples import Sample
from ._tensor import Tensor

P = ParamSpec("P")
Result = TypeVar("Result", bound=tuple[Any, ...])
F = TypeVar("F", bound=Callable[..., Any])
Rule = Callable[..., Any]
#: (arrays, out) -> how to undo the broadcasting of each input, or None if there was none
MakeUndo = Callable[..., tuple[Undo | None, ...] | None]

#: operators that Python reflects by itself
COMPARISONS = frozenset(("eq", "ne", "lt", "le", "gt", "ge"))
#: every op by name
registry: dict[str, Op] = {}
#: those that ops have taken
operators: set[str] = set()
#: NumPy function -> op that answers for it when it is called on Tensors
numpy_functions: dict[Any, Op] = {}
#: NumPy function -> function made of ops that takes NumPy's arguments
answers: dict[Any, Callable[..., Any]] = {}


class DeclarationError(TypeError):
    """An op was declared wrongly; raised when its module is imported."""


@dataclass(slots=True, eq=False, repr=False)
class Op:
    """An op as declared. `function` is what users call; `pull` adds its gradients up."""

    name: str
    forward: Callable[..., Any]
    #: names of the array inputs, in order
    inputs: tuple[str, ...]
    #: names of the static arguments, in order, and their defaults
    statics: tuple[str, ...]
    defaults: tuple[Any, ...]
    #: input -> derivative rule
    rules: dict[str, Rule]
    uses_xp: bool
    variadic: bool
    normalise: dict[str, Callable[..., Any]]
    undo: MakeUndo | None
    sample: Sample | None
    operator: str | None
    method: str | None
    numpy: tuple[Any, ...]
    label: str
    role: str
    flops: int | Callable[..., int]
    remembers: bool
    #: of an op with several outputs the named tuple that calls give
    outputs: Callable[..., Any] | None
    #: whether calls take a dtype, to which the input is cast first
    in_dtype: bool
    #: keyword arguments without consequence, and their defaults
    without: dict[str, Any]
    #: inputs whose derivatives nobody knows, so that asking for one raises
    underived: tuple[str, ...]
    #: `x_shape` of every input, where a rule asks for one
    extras: tuple[str, ...] = ()
    #: (index of the input, rule, pick): `pick((*record, g, xp))` is the rule's arguments
    edges: tuple[tuple[int, Rule, Callable[[Record], tuple[Any, ...]]], ...] = ()
    #: input -> the inputs, or "out", that its rule asks for
    keeps: dict[str, frozenset[str]] = field(default_factory=dict)
    function: Callable[..., Any] = field(init=False)
    pull: Callable[[Record, Any, list[Any], set[int]], None] = field(init=False)

    @property
    def doc(self) -> str:
        """What the forward's docstring says."""
        return inspect.getdoc(self.forward) or ""

    def arity(self, record: Record) -> int:
        """How many inputs a record of this op has."""
        if self.variadic:
            return (len(record) - NODES - len(self.statics) - len(self.extras)) // 2
        return len(self.inputs)

    def static_values(self, record: Record) -> dict[str, Any]:
        """The static arguments of a record, by name."""
        start = NODES + 2 * self.arity(record)
        return dict(zip(self.statics, record[start:], strict=False))

    def __repr__(self) -> str:
        return f"<op {self.name}>"


@overload
def op(
    *, outputs: type[Result], **declaration: Any
) -> Callable[[Callable[Concatenate[Any, P], Any]], Callable[P, Result]]: ...


@overload
def op(
    **declaration: Any,
) -> Callable[[Callable[Concatenate[Any, P], Any]], Callable[P, Tensor]]: ...


def op(
    *,
    sample: Callable[..., Any] | None = None,
    broadcast: bool | MakeUndo = False,
    variadic: bool = False,
    normalise: dict[str, Callable[..., Any]] | None = None,
    operator: str | None = None,
    method: bool | str = False,
    numpy: Any = (),
    label: str | None = None,
    role: str = "",
    flops: int | Callable[..., int] = 1,
    remembers: bool = False,
    outputs: type[tuple[Any, ...]] | None = None,
    in_dtype: bool = False,
    without: tuple[str, ...] = (),
    underived: tuple[str, ...] = (),
    **rules: Rule,
) -> Callable[[Callable[Concatenate[Any, P], Any]], Callable[P, Any]]:
    """Declare an op. The module's docstring explains forward and rules.

    Args:
        sample: `sample(draw) -> (inputs, statics)`, what the gradient checks and the random
            programs of the tests call it with; required for ops with rules.
        broadcast: the inputs broadcast against each other elementwise; or a function
            `(arrays, out) -> Undo per input or None` for other kinds of broadcasting.
        variadic: the only input is a sequence of arrays; its rule returns a gradient for each.
        normalise: static -> `f(value, first input)`, run before forward: validate, and
            count axes from the right.
        operator: Python operator, `"mul"` for `__mul__` and `__rmul__`; `"neg"` if unary.
        method: also a method of Tensor, of this name or of another one.
        numpy: NumPy function or functions that come here when called on Tensors.
        label: symbol in diagrams; the name by default.
        role: what the gate does to gradients, in a word or two.
        flops: floating-point operations per output element, or `f(out_shape, *input_shapes)`.
        remembers: results know what they were made of (`_origin`); for ops of one input.
        outputs: the class of named tuple that calls of an op with several outputs give.
        without: keyword arguments of the Array API that have no consequence here, and that the
            forward names, but is not given: `copy`, since Tensors are values, and `device`,
            which must be that of x.
        underived: inputs that have a derivative, but no rule here: to pull a gradient to one of
            them is an error, where inputs without a rule are constants otherwise.
        in_dtype: calls take `dtype=`, which the forward names, but is not given: the input is
            cast to it first; for ops of one input.

    Raises:
        DeclarationError: a rule for an unknown input, a rule that asks for an unknown name, a
            duplicate op, operator or NumPy function, or no sample. A notebook's cell may be run
            again: what was declared in `__main__` takes the place of what was declared there.
    """

    def declare(forward: Callable[Concatenate[Any, P], Any]) -> Callable[P, Any]:
        name = forward.__name__.strip("_")
        parameters = _parameters.parameters(forward)
        fixed = [p for p in parameters[1:] if p.kind is p.POSITIONAL_ONLY]
        apart = ("dtype",) if in_dtype else without
        free = [
            p for p in parameters[1:] if p.kind is not p.POSITIONAL_ONLY and p.name not in apart
        ]
        self = Op(
            name=name,
            forward=forward,
            inputs=tuple(p.name for p in fixed),
            statics=tuple(p.name for p in free),
            defaults=tuple(p.default for p in free),
            rules=rules,
            uses_xp=parameters[0].name == "xp" if parameters else False,
            variadic=variadic,
            normalise=normalise or {},
            undo=elementwise_undo if broadcast is True else broadcast or None,
            sample=sample,
            operator=operator,
            method=name if method is True else method or None,
            numpy=numpy if isinstance(numpy, tuple) else (numpy,),
            label=label or name,
            role=role,
            flops=flops,
            remembers=remembers,
            outputs=outputs,
            in_dtype=in_dtype,
            without=dict.fromkeys(without)
            | {p.name: p.default for p in parameters if p.name in without},
            underived=underived,
        )
        before = registry.get(name)
        if before is not None and _typed_in(before.forward) and _typed_in(forward):
            _forget(before)
        else:
            before = None
        try:
            _check(self, parameters)
        except DeclarationError:
            if before is not None:
                _register(before)
            raise
        self.extras, self.edges, self.keeps = _needs(self)
        call = _calls.make_call(self)
        self.function = function = _origin.remembering(self, call) if remembers else call
        self.pull = _pulls.make_pull(self)
        function.__name__ = function.__qualname__ = forward.__name__
        function.__doc__, function.__module__ = forward.__doc__, forward.__module__
        function.__signature__ = inspect.Signature(parameters[1:])  # type: ignore[attr-defined]
        function.__wrapped__ = forward  # type: ignore[attr-defined]
        function.op = self  # type: ignore[attr-defined]
        _register(self)
        _attach(self)
        return cast("Callable[P, Any]", function)

    return declare


def answering(*functions: Any) -> Callable[[F], F]:
    """Decorate a function made of ops that answers for NumPy's, and takes the same arguments.

    Raises:
        DeclarationError: one of them has an answer already.
    """

    def register(function: F) -> F:
        for entry in functions:
            if entry in answers or entry in numpy_functions:
                raise DeclarationError(f"numpy function {entry!r} has an answer already")
            answers[entry] = function
        return function

    return register


def _typed_in(function: Any) -> bool:
    """Whether a function is of a notebook or a prompt, where declarations are run again."""
    return getattr(function, "__module__", None) == "__main__"


def _register(self: Op) -> None:
    """Let the op be found: by name, as `xp.name`, by NumPy's functions and its operator."""
    registry[self.name] = self
    FORWARDS[self.name] = self.forward
    numpy_functions.update(dict.fromkeys(self.numpy, self))
    if self.operator is not None:
        operators.add(self.operator)


def _forget(self: Op) -> None:
    """Make room for another declaration of the op; what was recorded of this one goes on."""
    del registry[self.name], FORWARDS[self.name]
    for entry in self.numpy:
        del numpy_functions[entry]
    if self.operator is not None:
        operators.discard(self.operator)


def _attach(self: Op) -> None:
    """The op's operators and method on Tensor."""
    if self.operator is not None:
        setattr(Tensor, f"__{self.operator}__", _calls.make_operator(self))
        if len(self.inputs) == 2 and self.operator not in COMPARISONS:
            setattr(Tensor, f"__r{self.operator}__", _calls.make_operator(self, reflected=True))
    if self.method is not None:
        setattr(Tensor, self.method, self.function)


def _check(self: Op, parameters: list[inspect.Parameter]) -> None:
    """Whatever can be wrong in a declaration is said at import."""

    def fail(what: str) -> None:
        raise DeclarationError(f"op {self.name!r}: {what}")

    if not parameters or parameters[0].name not in ("xp", "_"):
        fail("the forward's first parameter must be xp (or _ where it needs none)")
    if not self.inputs:
        fail("the forward has no inputs: give array parameters before a '/'")
    if self.name in registry:
        fail("declared twice")
    if self.variadic and len(self.inputs) != 1:
        fail("variadic ops have one input, the sequence of arrays")
    for entry in self.numpy:
        if entry in numpy_functions:
            fail(f"numpy function {entry!r} already belongs to {numpy_functions[entry].name!r}")
        if entry in answers:
            fail(f"numpy function {entry!r} already belongs to {answers[entry].__name__!r}")
    if self.operator is not None and self.operator in operators:
        fail(f"operator {self.operator!r} already taken")
    for static in self.normalise:
        if static not in self.statics:
            fail(f"normalise names {static!r}, which is no static; there are {self.statics}")
    names = {"g", "xp", "out", *self.inputs, *(f"{x}_shape" for x in self.inputs), *self.statics}
    for name, rule in self.rules.items():
        if name not in self.inputs:
            fail(f"a rule for {name!r}, which is no input; there are {self.inputs}")
        for wanted in _parameters.names(rule):
            if wanted not in names:
                fail(f"the rule for {name!r} asks for {wanted!r}; there are {sorted(names)}")
    for name in self.underived:
        if name not in self.inputs or name in self.rules:
            fail(f"underived {name!r} is no input without a rule")
    keywords = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    if not keywords.issuperset(("dtype",) if self.in_dtype else self.without):
        fail("the forward must name what calls take by in_dtype or without, after a '*'")
    if self.remembers and (self.variadic or len(self.inputs) != 1):
        fail("remembers what it was made of, but has not one input")
    if self.outputs and not hasattr(self.outputs, "_fields"):
        fail(f"outputs must be a class of named tuples; given {self.outputs!r}")
    if self.outputs and (self.undo or self.variadic):
        fail("several outputs of inputs that broadcast, or of a sequence: these have no rules yet")
    if self.rules and self.sample is None:
        fail("no sample: the gradient checks could not test its rules")
    if not self.forward.__doc__:
        fail("no docstring")


def _needs(self: Op) -> tuple[tuple[str, ...], tuple[Any, ...], dict[str, frozenset[str]]]:
    """What the rules ask for: shapes to record, where each rule finds its arguments, what to keep.

    An edge is (index of the input, rule, pick) with `pick(record + (g, xp))` the rule's arguments.
    """
    wanted = {name: _parameters.names(rule) for name, rule in self.rules.items()}
    shapes = {f"{x}_shape" for x in self.inputs}
    asked = any(name in shapes for names in wanted.values() for name in names)
    extras = tuple(f"{x}_shape" for x in self.inputs) if asked else ()
    n = len(self.inputs)
    places = {"out": 2, "g": -2, "xp": -1}
    places |= {x: NODES + n + k for k, x in enumerate(self.inputs)}  # variadic: all of them
    places |= {s: k - 2 - len(self.statics + extras) for k, s in enumerate(self.statics + extras)}
    edges = tuple(
        (self.inputs.index(name), rule, _picker([places[w] for w in wanted[name]]))
        for name, rule in self.rules.items()
    )
    edges += tuple(
        (self.inputs.index(name), _no_rule(self, name), _nothing) for name in self.underived
    )
    keeps = {name: frozenset(names) & {*self.inputs, "out"} for name, names in wanted.items()}
    return extras, edges, keeps


def _no_rule(self: Op, name: str) -> Rule:
    """What stands for the rule of an input whose derivative nobody knows."""

    def rule() -> None:
        raise NotImplementedError(
            f"{self.name} has no derivative by {name!r} here; "
            f"if none is needed, hand it stop_gradient({name})"
        )

    return rule


def _nothing(record: Record) -> tuple[Any, ...]:
    return ()


def _picker(places: list[int]) -> Callable[[Record], tuple[Any, ...]]:
    if len(places) == 1:
        (place,) = places
        return lambda record: (record[place],)
    return cast("Callable[[Record], tuple[Any, ...]]", itemgetter(*places))
