"""What every layer is: a function of Tensors, its Variables made once their shapes are known."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np

import autodiff as ad
from autodiff import Tensor, Variable, _nest
from autodiff.engine._scope import inside
from nn import _policy, initializers, regularizers
from nn._names import snake_case
from nn._recorded import Recorded
from nn._shapes import at_least_single
from nn.layers import _holds, _infer
from nn.layers._autocast import Regularizer, Weight, autocasting
from nn.layers._node import Call, nodes_in
from nn.layers._running import running
from nn.layers._shape import Shape, fits, is_shape, shape_of


class Common(TypedDict, total=False):
    """What every layer's constructor takes by name."""

    name: str | None
    input_shape: Sequence[int | None] | None
    dtype: Any
    trainable: bool
    activity_regularizer: Any
    autocast: bool


class Layer(Recorded):
    """A function of Tensors whose first axis counts the samples of a batch.

    A subclass states the function in `call`, makes its Variables in `build` with `add_weight`, and
    may give the output's shape in `compute_output_shape`, which is tried out where it does not.
    Variables are made at the first call, or as soon as a model knows the input's shape. Layers and
    Variables that are attributes, also in lists and dictionaries, belong to the layer.

    `call` takes one Tensor, or a list or dictionary of them, or several arguments. Where it has a
    parameter `training`, that is what the caller says, or else what the layer or model around it
    was told.

    name: begins the names of the Variables, "dense/kernel"; by default the class's, which a model
        makes unique.
    input_shape: the input's shape without the batch axis, where it should be known, and checked,
        before the first call.
    dtype: of Variables, inputs and outputs; inputs are cast to it. Or a policy or its name: with
        "mixed_float16" only inputs and outputs are float16. By default the global policy, float32
        unless `nn.mixed_precision` was told another.
    trainable: whether training changes the Variables; may be set at any time, and reaches the
        layers inside.
    activity_regularizer: a name or function, see `nn.regularizers`, whose value for the output,
        divided by the number of samples, joins the loss.
    autocast: whether a layer of mixed precision casts inputs, and weights where `call` reads them.

    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(input_shape[1:], "ones", name="factor")
    ...     def call(self, x):
    ...         return self.factor * x
    >>> layer = Scale()
    >>> layer([[1.0, 2.0]])
    Tensor([[1., 2.]], dtype=float32)
    >>> [(v.name, v.shape) for v in layer.weights]
    [('scale/factor', (2,))]
    """

    #: where `training` stands among the arguments of `call`; None if it takes none
    _training_at: int | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        parameters = list(inspect.signature(cls.call).parameters)[1:]
        cls._training_at = parameters.index("training") if "training" in parameters else None

    def __init__(
        self,
        name: str | None = None,
        input_shape: Sequence[int | None] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        activity_regularizer: Any = None,
        autocast: bool = True,
    ) -> None:
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise ValueError(f"a layer's name is a string without '/', got {name!r}")
        self.name = name or snake_case(type(self).__name__)
        #: whether a model may still choose another name
        self.named = name is not None
        self.dtype_policy = policy = _policy.get(dtype, f"layer {self.name!r}: ")
        #: of Variables
        self.dtype = self.variable_dtype = policy.variable_dtype
        #: of inputs and outputs
        self.compute_dtype = policy.compute_dtype
        self.autocast = bool(autocast)
        #: the shape that inputs must have, without the batch axis, if it was declared
        self.declared = None if input_shape is None else shape_of(input_shape, self.name)
        self.built = False
        #: what `add_weight` made
        self._own: dict[Variable, Weight] = {}
        self._trainable = bool(trainable)
        self.activity_regularizer: Regularizer | None = None
        if activity_regularizer is not None:
            self.activity_regularizer = regularizers.get(activity_regularizer)
        #: calls on Nodes, in order
        self._calls: list[Call] = []
        #: the last outermost call that this layer took part in, and the one `_added` is from
        self._call_of: object | None = None
        self._added_in: object | None = None
        self._added: list[Tensor] = []

    # -- what a subclass says --------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the Variables for inputs of this shape, batch axis included.

        For a list or dictionary of inputs the shapes come in a list or dictionary.
        """

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's function."""
        raise NotImplementedError(f"{type(self).__name__} has no call(x)")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for an input of this shape, batch axis included."""
        call = Call(self, (), {})
        return _infer.shapes(
            _infer.tried(call, (_infer.nodes(input_shape, self.compute_dtype, call),), {})
        )

    def cast(self, x: Tensor) -> Tensor:
        """An input as `call` takes it: real numbers in the dtype that this layer computes in."""
        if x.dtype.kind == "c":
            raise TypeError(f"layer {self.name!r}: input of dtype {x.dtype}; expected floats")
        return ad.astype(x, self.compute_dtype)

    # -- calls -----------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's output; the first call makes its Variables.

        Given Nodes it gives Nodes.

        Raises ValueError for an input of a shape that it was not declared or built for.
        """
        at = self._training_at
        training = kwargs.pop("training", None) if kwargs else None
        if at is not None and len(args) > at:
            args, training = (*args[:at], *args[at + 1 :]), args[at]
        if not (len(args) == 1 and not kwargs and type(args[0]) is Tensor):
            if nodes_in((args, kwargs)):
                return self._call_on_nodes(args, kwargs, training)
            args, kwargs = self._tensors(args, kwargs)
        x = args[0] if args else next(iter(kwargs.values()), None)
        if type(x) is Tensor and len(args) == 1:
            dtype = self.compute_dtype
            if x.dtype is not dtype and x.dtype != dtype:
                x = self.cast(x)
                args = (x,)
            if not self.built:
                self.build_for((None, *x.shape[1:]))
            elif self.declared is not None and (x.shape[1:] != self.declared or not x.shape):
                self._check_declared(x.shape)
        elif not self.built:
            self.build_for(_infer.shapes(x, open_batch=True))
        outer = running.call
        if outer is None:
            running.call = self._call_of = object()
        else:
            self._call_of = outer
        if training is not None:
            before, running.training = running.training, bool(training)
        if at is not None and (told := running.training) is not None:
            kwargs = {**kwargs, "training": told}
        casts = self.compute_dtype is not self.dtype and self.autocast
        layer = autocasting(self) if casts else self
        try:
            if kwargs or len(args) != 1:
                y = inside(self.name, lambda _: layer.call(*args, **kwargs), None)
            else:
                y = inside(self.name, layer.call, args[0])
            if self.activity_regularizer is not None:
                for part in _nest.flatten(y):
                    self.add_loss(self.activity_regularizer(at_least_single(part)) / part.shape[0])
            return y
        finally:
            if training is not None:
                running.training = before
            if outer is None:
                running.call = None

    def _tensors(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments with their arrays as Tensors of the dtype that this layer computes in."""

        def one(x: Any) -> Any:
            if isinstance(x, np.ndarray | np.generic):
                x = ad.asarray(x)
            return x if not isinstance(x, Tensor) or x.dtype == self.compute_dtype else self.cast(x)

        first, *rest = args if args else (None,)
        if args:
            holds_arrays = any(
                isinstance(leaf, Tensor | np.ndarray) for leaf in _nest.flatten(first)
            )
            first = _nest.replace(first, one) if holds_arrays else one(ad.asarray(first))
            args = (first, *_nest.replace(tuple(rest), one))
        return args, _nest.replace(kwargs, one)

    def _call_on_nodes(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None
    ) -> Any:
        self.build_for(_infer.shapes(args[0] if args else next(iter(kwargs.values()))))
        call = Call(self, args, kwargs if training is None else {**kwargs, "training": training})
        call.outputs = _infer.outputs(call, args, kwargs)
        self._calls.append(call)
        return call.outputs

    def build_for(self, input_shape: Any) -> None:
        """Build, once, and check that this layer takes an input of this shape."""
        if self.declared is not None and is_shape(input_shape):
            self._check_declared(input_shape)
        if not self.built:
            self._own = {}
            self.build(input_shape)
            self.built = True
            _holds.give_names(_holds.layers(self), self.name)

    def _check_declared(self, shape: Shape) -> None:
        declared = self.declared
        assert declared is not None
        if not fits(shape[1:], declared) or not shape:
            raise ValueError(
                f"layer {self.name!r}: input of shape {shape}; expected {(None, *declared)}"
            )

    # -- Variables -------------------------------------------------------------------------------

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        name: str = "variable",
        autocast: bool | None = None,
    ) -> Variable:
        """A Variable of this layer, for `build` or the constructor.

        initializer: a name or function, see `nn.initializers`; Glorot's uniform one if not given.
        dtype: the layer's if not given. trainable: whether training changes it.
        regularizer: a name or function, see `nn.regularizers`, whose value joins the loss.
        autocast: whether `call` reads it in the dtype that a layer of mixed precision computes in;
            by default so if it is trained. What is read so cannot be assigned there.
        """
        if isinstance(shape, str):
            raise TypeError(
                f"layer {self.name!r}: add_weight takes the shape first, and name= by name; "
                f"given {shape!r} as the shape"
            )
        shape = tuple(shape)
        if running.shapes is not None and shape not in running.shapes:
            raise ValueError(f"layer {self.name!r}: the file has no weights of shape {shape}")
        dtype = self.dtype if dtype is None else np.dtype(dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtype.kind == "f" else "zeros"
        value = ad.asarray(initializers.get(initializer)(shape, dtype=dtype))
        if value.shape != shape:
            raise ValueError(
                f"layer {self.name!r}: the initializer of {name!r} gave shape {value.shape}; "
                f"expected {shape}"
            )
        found = None if regularizer is None else regularizers.get(regularizer)
        variable = Variable(value, dtype, trainable and self._trainable, f"{self.name}/{name}")
        casts = bool(trainable if autocast is None else autocast)
        self._own[variable] = Weight(bool(trainable), found, casts)
        return variable

    @property
    def weights(self) -> list[Variable]:
        """All Variables: this layer's, in the order they were made, then those of its layers."""
        return list(_holds.by_path(self).values())

    @property
    def variables(self) -> list[Variable]:
        """The same as `weights`."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Variable]:
        """The Variables that training changes."""
        frozen = {
            v for layer in _holds.tree(self) if not layer.trainable for v in _holds.own(layer)
        }
        return [v for v in self.weights if v.trainable and v not in frozen]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The Variables that training leaves alone, or changes by other ways than a gradient."""
        trained = set(self.trainable_variables)
        return [v for v in self.weights if v not in trained]

    trainable_weights = trainable_variables
    non_trainable_weights = non_trainable_variables

    @property
    def trainable(self) -> bool:
        """Whether training changes the Variables."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in _holds.tree(self):
            layer._trainable = bool(value)
            for v in _holds.own(layer):
                v.trainable = bool(value) and (v not in layer._own or layer._own[v].trained)

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """Copies of the values of `weights`."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, values: Sequence[Any]) -> None:
        """Assign the values, in the order of `weights`; ValueError if they do not fit."""
        variables, arrays = self.weights, [np.asarray(value) for value in values]
        if [v.shape for v in variables] != [array.shape for array in arrays]:
            raise ValueError(
                f"layer {self.name!r}: given arrays of shapes {[a.shape for a in arrays]}; "
                f"expected {[v.shape for v in variables]}"
            )
        for v, array in zip(variables, arrays, strict=True):
            v.assign(array)

    def count_params(self) -> int:
        """How many numbers the Variables hold together."""
        return sum(v.size for v in self.weights)

    def rename(self, name: str) -> None:
        """Take another name, in the names of the Variables too."""
        for v in self._own:
            v.name = name + (v.name or "").removeprefix(self.name)
        self.name = name

    # -- losses ----------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add a number to what training minimises: for `call`, which says it anew every time."""
        if running.call is None:
            raise RuntimeError(
                f"layer {self.name!r}: add_loss belongs into `call`, so that it is said every time"
            )
        if self._added_in is not running.call:
            self._added, self._added_in = [], running.call
        self._added.append(loss)

    @property
    def losses(self) -> list[Tensor]:
        """What joins the loss: regularizers of trained Variables, and `add_loss` of the last call.

        Those of all layers inside are among them.
        """
        trained, found = set(self.trainable_variables), []
        for layer in _holds.tree(self):
            for v, weight in layer._own.items():
                if weight.regularizer is not None and v in trained:
                    found.append(weight.regularizer(at_least_single(v)))
            if layer._added_in is not None and layer._added_in is self._call_of:
                found += layer._added
        return found

    # -- calls on Nodes --------------------------------------------------------------------------

    @property
    def input(self) -> Any:
        """The Node, or nest of Nodes, that this layer was first called on."""
        first = self._first_call()
        return first.args[0] if len(first.args) == 1 else list(first.inputs)

    @property
    def output(self) -> Any:
        """The Node that came out of it: where a second `models.Model` may end."""
        return self._first_call().outputs

    def _first_call(self) -> Call:
        if not self._calls:
            raise AttributeError(
                f"layer {self.name!r} is in no model whose input's shape is known yet, "
                "so it has no input and output"
            )
        return self._calls[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"
