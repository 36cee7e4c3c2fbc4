"""Whole models in files: what is loaded computes, and goes on training, as what was saved."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
import optim
from nn import (
    _random,
    _safetensors,
    initializers,
    layers,
    losses,
    metrics,
    models,
    regularizers,
    utils,
)
from nn.models import Model, Sequential, load_model

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 24)
IMAGES = RNG.normal(size=(12, 8, 8, 2)).astype(np.float32)
WORDS = RNG.integers(0, 9, (24, 5))


class Scale(layers.Layer):
    """A user's layer, that holds another and has arguments of its own."""

    def __init__(self, factor: float, inner: layers.Layer | None = None) -> None:
        super().__init__()
        self.factor, self.inner = factor, inner or layers.Dense(4)

    def build(self, input_shape: Any) -> None:
        self.shift = self.add_weight((1,), "ones", name="shift")

    def call(self, x: Any) -> Any:
        return self.inner(x) * self.factor + self.shift


class Doubled(Scale):
    """One that says itself what makes it."""

    def __init__(self, half: float) -> None:
        super().__init__(2 * half)

    def get_config(self) -> dict[str, Any]:
        return {"half": self.factor / 2}


def swing(x: Any) -> Any:
    return ad.tanh(3 * x) * x


def spread(y_true: Any, y_pred: Any) -> Any:
    return ad.mean(ad.abs(y_pred - ad.mean(y_pred)), axis=-1)


CUSTOM = {"Scale": Scale, "Doubled": Doubled, "swing": swing, "spread": spread}
Made = tuple[Model, Any, Any]


def plain() -> Made:
    parts = [layers.Dense(5, "relu", input_shape=(6,)), layers.Dense(3, "softmax")]
    model = Sequential(parts)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, X, Y


def with_objects() -> Made:
    constant = initializers.Constant(np.arange(5) / 5)
    model = Sequential(name="net")
    model.add(layers.Input((6,), name="features"))
    model.add(
        layers.Dense(
            5,
            activation=ad.tanh,
            kernel_initializer=initializers.RandomNormal(stddev=0.2, seed=RNG),
            bias_initializer=constant,
            kernel_regularizer=regularizers.L1L2(0.01, l2=0.02),
            name="hidden",
        )
    )
    model.add(layers.BatchNormalization(momentum=0.8))
    model.add(layers.Dropout(0.4, noise_shape=(None, 5), seed=ad.random.default_rng(3)))
    model.add(layers.LayerNormalization(axis=[-1]))
    model.add(layers.Dense(3, use_bias=False, trainable=False))
    schedule = optim.schedules.PiecewiseConstantDecay([2, 5], [0.1, 0.05, 0.01])
    model.compile(
        optim.SGD(schedule, momentum=0.9, weight_decay=1e-3, clipnorm=1.0),
        losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[metrics.SparseTopKCategoricalAccuracy(k=2), "accuracy"],
        run_eagerly=True,
    )
    return model, X, Y


def images() -> Made:
    model = Sequential(
        [
            layers.Rescaling(0.5, input_shape=(8, 8, 2)),
            layers.Conv2D(4, (3, 2), padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(3, 3, strides=2, use_bias=False),
            layers.Subsampling((1, 1)),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    kinds = ["mae", losses.mean_squared_error]
    model.compile(optim.RMSprop(0.01), "mse", metrics=kinds, jit_compile=False)
    return model, IMAGES, IMAGES.mean(axis=(1, 2, 3))[:, None]


def branches() -> Made:
    """Shared layers, operators, several inputs and outputs by name, a model within."""
    a, b = layers.Input((6,), name="a"), layers.Input((5,), dtype="int32", name="b")
    shared = layers.Dense(4, "tanh", name="shared")
    words = layers.Embedding(9, 3)(b)
    inner = Sequential([layers.Flatten(input_shape=(5, 3)), layers.Dense(4)], name="inner")
    inner.layers[1].trainable = False
    first, second = shared(a), shared(-2.0 * a[:, ::-1] + 1.0)
    merged = layers.concatenate([first, second, inner(words), words[..., 0, :1]])
    y = layers.Dense(3, "softmax", name="class")(layers.add([merged, merged]))
    z = layers.Dense(1, name="size")(merged) / 2.0
    model = Model({"a": a, "b": b}, {"class": y, "size": z})
    model.compile(
        "nadam",
        {"class": "sparse_categorical_crossentropy", "size": "mse"},
        loss_weights={"class": 0.5},
        metrics={"class": ["accuracy"], "size": [metrics.MeanAbsoluteError]},
    )
    return model, {"a": X, "b": WORDS}, {"class": Y, "size": X[:, :1]}


def of_ones_own() -> Made:
    x = layers.Input((6,))
    h = layers.Lambda(swing)(Scale(0.5, inner=layers.Dense(3, swing))(x))
    h = Doubled(0.25)(layers.Activation(swing)(h))
    model = Model(x, layers.Dense(3, kernel_regularizer=regularizers.L2())(h))
    loss = losses.LossFunctionWrapper(spread, reduction="sum")
    model.compile(optim.Adam(0.01), loss, metrics=[spread])
    return model, X, Y


MODELS = [plain, with_objects, images, branches, of_ones_own]


def outcome(model: Model, x: Any, y: Any) -> Any:
    """What two epochs of training make of a model."""
    utils.set_random_seed(4)
    history = model.fit(x, y, batch_size=8, epochs=2, verbose=0).history
    predicted = model.predict(x, verbose=0)
    flat = predicted.values() if isinstance(predicted, dict) else [predicted]
    return history, [p.tobytes() for p in flat], bits(model)


def bits(model: Model) -> Any:
    variables = [*model.variables, *(model.optimizer.variables if model.optimizer else [])]
    return [(v.name, v.shape, v.numpy().tobytes()) for v in variables]


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("make", MODELS)
def test_a_loaded_model_goes_on_as_the_saved_one(
    make: Callable[[], Made], trained: bool, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    model, x, y = make()
    if trained:
        outcome(model, x, y)
    model.save(path)
    before = _random.generator(None).bit_generator.state
    loaded = load_model(path, CUSTOM)
    assert _random.generator(None).bit_generator.state == before
    assert bits(loaded) == bits(model)
    assert type(loaded) is type(model)
    assert (loaded.run_eagerly, loaded.jit_compile) == (model.run_eagerly, model.jit_compile)
    assert [v.name for v in loaded.trainable_variables] == [
        v.name for v in model.trainable_variables
    ]
    lines: list[list[str]] = [[], []]
    for one, said in zip((model, loaded), lines, strict=True):
        one.summary(print_fn=said.append)
    assert lines[0] == lines[1]
    assert outcome(loaded, x, y) == outcome(model, x, y)
    loaded.save(tmp_path / "again")
    model.save(path)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_without_compiling_weights_alone_are_taken(tmp_path: Path) -> None:
    model, x, y = with_objects()
    outcome(model, x, y)
    model.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model", compile=False)
    assert loaded.optimizer is None
    assert loaded.predict(x, verbose=0).tobytes() == model.predict(x, verbose=0).tobytes()
    with pytest.raises(RuntimeError, match="not compiled"):
        loaded.fit(x, y)


def test_a_model_that_was_never_compiled(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(2, input_shape=(6,))])
    model.save(tmp_path / "model")
    assert bits(load_model(tmp_path / "model")) == bits(model)


def test_other_programs_read_the_weights(tmp_path: Path) -> None:
    model, _, _ = plain()
    model.save(tmp_path / "model")
    found = safetensors.numpy.load_file(tmp_path / "model")
    np.testing.assert_array_equal(found["model/dense/kernel"], model.weights[0].numpy())


# -- what cannot be kept -------------------------------------------------------------------------


class Subclassed(Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, x: Any) -> Any:
        return self.dense(x)


class Pair(layers.Layer):
    def __init__(self, *sizes: int) -> None:
        super().__init__()

    def call(self, x: Any) -> Any:
        return x


def subclassed() -> Model:
    model = Subclassed()
    model(X)
    return model


def with_lambda() -> Model:
    return Sequential([layers.Dense(3, lambda x: x * 2, input_shape=(6,))])


def unbuilt() -> Model:
    return Sequential([layers.Dense(3)])


def without_names() -> Model:
    return Sequential([layers.Input((6,)), Pair(1, 2)])


def with_loss(loss: Any, optimizer: Any = "adam") -> Callable[[], Model]:
    def make() -> Model:
        model, _, _ = plain()
        model.compile(optimizer, loss)
        return model

    return make


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (subclassed, TypeError, "'subclassed' is a Subclassed, whose parts only its class knows"),
        (with_lambda, TypeError, r"dense Dense\['activation'\] is <function .*lambda.*give a name"),
        (unbuilt, ValueError, "'sequential' knows no shapes yet"),
        (without_names, TypeError, r"Pair was given \(1, 2\), which have no names"),
        (with_loss(lambda a, b: 0), TypeError, "loss is <function"),
        (with_loss("mse", optim.SGD(lambda t: 0.1)), TypeError, "LearningRateSchedule"),
    ],
)
def test_what_cannot_be_told_is_refused(
    make: Callable[[], Model], error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        make().save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_what_is_ones_own_has_to_be_handed_over(tmp_path: Path) -> None:
    model, _, _ = of_ones_own()
    path = tmp_path / "model"
    model.save(path)
    for name in CUSTOM:
        rest = {key: value for key, value in CUSTOM.items() if key != name}
        hint = f"unknown .*'{name}'; hand it over: custom_objects={{'{name}': ...}}"
        with pytest.raises(ValueError, match=hint) as caught:
            load_model(path, rest)
        assert str(path) in str(caught.value)
    for name, wrong in (("Scale", dict), ("swing", 3), ("Doubled", losses.Huber)):
        with pytest.raises(ValueError, match=f"{name!r} is to be a .*; given"):
            load_model(path, {**CUSTOM, name: wrong})


def test_a_class_of_a_known_name_is_not_taken_for_it(tmp_path: Path) -> None:
    own = type("Dense", (layers.Dense,), {})
    Sequential([own(2, input_shape=(6,))]).save(tmp_path / "model")
    with pytest.raises(ValueError, match="unknown layer 'Dense'; hand it over"):
        load_model(tmp_path / "model")
    loaded = load_model(tmp_path / "model", {"Dense": own})
    assert type(loaded.layers[0]) is own


def test_other_files_are_refused(tmp_path: Path) -> None:
    model, _, _ = plain()
    path = tmp_path / "model"
    model.save_weights(path)
    with pytest.raises(ValueError, match="it holds 'weights 1', expected 'model 1'"):
        load_model(path)
    model.save(path)
    with pytest.raises(ValueError, match="it has 'model/dense/bias', which the model has not"):
        model.load_weights(path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="was changed after it was written"):
        load_model(path)


# -- files of somebody else's making -------------------------------------------------------------


def forged(path: Path, change: Callable[[Any], Any]) -> None:
    """Change the description in a model's file, with a digest that is right."""
    with _safetensors.reading(path, "") as reader:
        arrays = {name: reader.read(name) for name in reader.entries}
        state = json.loads(reader.metadata["state"])
    state["values"] = change(state["values"])
    text = json.dumps(state)
    _safetensors.write(path, arrays, {"autodiff": "model 1", "state": text})


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places in a nest."""
    yield path
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = replaced(value[path[0]], path[1:], new)
    return copied


JUNK = st.sampled_from(
    [None, True, -1, 10**6, 2**40, 0.5, "x", "relu", "Dense", [], {}, [1], {"$kind": "layer"}]
    + [{"$kind": kind, "name": "os.system"} for kind in ("layer", "function", "dtype", "model")]
    + [{"$kind": "node", "at": 99}, {"$kind": "slice", "parts": [1]}, {"$tuple": [None, 2**40]}]
)


@given(data=st.data(), junk=JUNK, make=st.sampled_from([plain, branches]))
def test_forged_descriptions_make_a_model_or_are_refused(
    data: st.DataObject, junk: Any, make: Callable[[], Made], tmp_path_factory: Any
) -> None:
    path = tmp_path_factory.mktemp("forged") / "model"
    make()[0].save(path)
    forged(
        path,
        lambda values: replaced(values, data.draw(st.sampled_from([*leaves(values)])), junk),
    )
    try:
        found: Any = load_model(path)
    except ValueError as error:
        found = str(error)
    assert isinstance(found, Model) or str(path) in found


def test_weights_are_made_in_shapes_that_the_file_has(tmp_path: Path) -> None:
    path = tmp_path / "model"
    plain()[0].save(path)

    def wide(values: Any) -> Any:
        values["model"]["layers"][0]["config"]["units"] = 10**12
        return values

    forged(path, wide)
    with pytest.raises(ValueError, match=r"the file has no weights of shape \(6, 1000000000000\)"):
        load_model(path)
    # what comes after is made as ever
    assert layers.Dense(7)(X).shape == (24, 7)
    assert models.Sequential([layers.Dense(2, input_shape=(9,))]).count_params() == 20
