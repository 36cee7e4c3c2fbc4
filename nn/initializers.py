"""How the parameters of layers begin: Keras' initializers.

Each is called with a shape and gives a Tensor. With an integer seed every call gives the same
values; without one each call goes on drawing from the generator that `utils.set_random_seed` sets.
A NumPy Generator as the seed is drawn from, call after call.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autodiff as ad
from autodiff import Tensor
from nn._names import lookup, snake_case
from nn._random import Seed, generator
from nn._recorded import Recorded

Shape = tuple[int, ...]

#: standard deviation of a standard normal cut off at ±2
_CUT_DEVIATION = 0.87962566103423978


class Initializer(Recorded):
    """Gives a Tensor of a shape and dtype."""

    def __call__(self, shape: Shape, dtype: Any = "float32") -> Tensor:
        """A new Tensor of initial values."""
        return ad.asarray(self.draw(shape), dtype=dtype)

    def draw(self, shape: Shape) -> NDArray[np.float64]:
        """The values."""
        raise NotImplementedError(f"{type(self).__name__} has no way to draw")


class Constant(Initializer):
    """One value everywhere, or the values of an array that broadcasts to the shape.

    >>> Constant(0.5)((2,)), Constant([1.0, 2.0])((2,))
    (Tensor([0.5, 0.5], dtype=float32), Tensor([1., 2.], dtype=float32))
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def draw(self, shape: Shape) -> NDArray[np.float64]:
        """The value, repeated."""
        value = np.asarray(self.value, np.float64)
        try:
            return np.array(np.broadcast_to(value, shape))
        except ValueError:
            raise ValueError(
                f"values of shape {value.shape} do not broadcast to shape {tuple(shape)}"
            ) from None


class Zeros(Constant):
    """Zeros.

    >>> Zeros()((2,))
    Tensor([0., 0.], dtype=float32)
    """

    def __init__(self) -> None:
        super().__init__(0.0)


class Ones(Constant):
    """Ones.

    >>> Ones()((2,))
    Tensor([1., 1.], dtype=float32)
    """

    def __init__(self) -> None:
        super().__init__(1.0)


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, zeros elsewhere.

    Raises ValueError for a shape that is no matrix.

    >>> Identity()((2, 2))
    Tensor([[1., 0.],
            [0., 1.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def draw(self, shape: Shape) -> NDArray[np.float64]:
        """The matrix."""
        if len(shape) != 2:
            raise ValueError(f"an identity is a matrix, got shape {tuple(shape)}")
        return self.gain * np.eye(*shape)


class RandomNormal(Initializer):
    """Draws from a normal distribution.

    >>> RandomNormal(seed=0)((100, 100)).numpy().std().round(2)
    np.float32(0.05)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Seed = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def draw(self, shape: Shape) -> NDArray[np.float64]:
        """Normal draws."""
        return generator(self.seed).normal(self.mean, self.stddev, shape)


class TruncatedNormal(RandomNormal):
    """Draws from a normal distribution; those beyond two standard deviations are drawn again.

    >>> bool((abs(TruncatedNormal(stddev=1.0, seed=0)((100, 100))) <= 2).all())
    True
    """

    def draw(self, shape: Shape) -> NDArray[np.float64]:
        """Normal draws within two standard deviations."""
        rng = generator(self.seed)
        x = rng.standard_normal(shape)
        while (far := np.abs(x) > 2).any():
            x[far] = rng.standard_normal(int(far.sum()))
        return self.mean + self.stddev * x


class RandomUniform(Initializer):
    """Draws evenly from [minval, maxval).

    >>> abs(RandomUniform(seed=0)((100, 100))).max().numpy().round(3)
    np.float32(0.05)
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Seed = None) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def draw(self, shape: Shape) -> NDArray[np.float64]:
        """Uniform draws."""
        return generator(self.seed).uniform(self.minval, self.maxval, shape)


class Orthogonal(Initializer):
    """A random matrix with orthogonal rows or columns of length `gain`, whichever are fewer.

    Of (..., in, out) the axes in front of the last are taken together; all such matrices are
    equally likely. Raises ValueError for fewer than two axes.

    Source: A. M. Saxe, J. L. McClelland, S. Ganguli, "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks" (2013); F. Mezzadri, "How to generate random matrices
    from the classical compact groups" (2007), for the signs.

    >>> q = Orthogonal(seed=0)((3, 2))
    >>> bool((abs(q.T @ q - ad.eye(2)) < 1e-6).all())
    True
    """

    def __init__(self, gain: float = 1.0, seed: Seed = None) -> None:
        self.gain, self.seed = gain, seed

    def draw(self, shape: Shape) -> NDArray[np.float64]:
        """The Q of a normal matrix's QR, with signs that make R's diagonal positive."""
        if len(shape) < 2:
            raise ValueError(f"an orthogonal matrix has two axes or more, got shape {tuple(shape)}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = generator(self.seed).normal(size=(max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(normal)
        q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


class VarianceScaling(Initializer):
    """Draws of variance `scale / n`, where n is the fan-in, the fan-out, or their mean.

    mode: "fan_in", "fan_out" or "fan_avg".
    distribution: "truncated_normal" (or "normal"), "untruncated_normal" or "uniform".

    Source: K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers" (2015), section 2.2.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Seed = None,
    ) -> None:
        if not scale > 0:
            raise ValueError(f"scale must be above 0, got {scale}")
        self.count = lookup("mode", mode, _COUNTS)
        distribution = {"normal": "truncated_normal"}.get(distribution, distribution)
        if distribution not in _DISTRIBUTIONS:
            raise ValueError(
                f"distribution must be {', '.join(map(repr, _DISTRIBUTIONS[:-1]))} or "
                f"{_DISTRIBUTIONS[-1]!r}, got {distribution!r}"
            )
        self.scale, self.distribution, self.seed = scale, distribution, seed

    def draw(self, shape: Shape) -> NDArray[np.float64]:
        """Draws scaled by the fans of the shape."""
        deviation = math.sqrt(self.scale / max(1.0, self.count(*fans(shape))))
        if self.distribution == "uniform":
            limit = math.sqrt(3) * deviation
            return RandomUniform(-limit, limit, self.seed).draw(shape)
        if self.distribution == "untruncated_normal":
            return RandomNormal(0.0, deviation, self.seed).draw(shape)
        return TruncatedNormal(0.0, deviation / _CUT_DEVIATION, self.seed).draw(shape)


_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")
_COUNTS: dict[str, Callable[[int, int], float]] = {
    "fan_in": lambda fan_in, fan_out: fan_in,
    "fan_out": lambda fan_in, fan_out: fan_out,
    "fan_avg": lambda fan_in, fan_out: (fan_in + fan_out) / 2,
}


def fans(shape: Shape) -> tuple[int, int]:
    """Inputs and outputs per unit of a kernel (..., in, out); axes in front are a receptive field.

    >>> fans((784, 128)), fans((5, 5, 1, 6)), fans((7,))
    ((784, 128), (25, 150), (7, 7))
    """
    if len(shape) < 2:
        return (math.prod(shape),) * 2
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


class GlorotUniform(VarianceScaling):
    """Uniform with variance 2 / (fan-in + fan-out): within ±√(6 / (fan-in + fan-out)).

    Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks" (2010), equation 16.
    """

    def __init__(self, seed: Seed = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Truncated normal with variance 2 / (fan-in + fan-out) (Glorot and Bengio, 2010)."""

    def __init__(self, seed: Seed = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Uniform with variance 2 / fan-in (He et al., 2015): within ±√(6 / fan-in)."""

    def __init__(self, seed: Seed = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Truncated normal with variance 2 / fan-in (He et al., 2015)."""

    def __init__(self, seed: Seed = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Uniform with variance 1 / fan-in: within ±√(3 / fan-in).

    Source: Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, "Efficient backprop" (1998), section 4.6.
    """

    def __init__(self, seed: Seed = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Truncated normal with variance 1 / fan-in (LeCun et al., 1998)."""

    def __init__(self, seed: Seed = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


_CLASSES: tuple[type[Initializer], ...] = (
    *(Constant, Zeros, Ones, Identity, Orthogonal),
    *(RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling),
    *(GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform),
)
_KNOWN: dict[str, type[Initializer]] = {
    **{kind.__name__: kind for kind in _CLASSES},
    **{snake_case(kind.__name__): kind for kind in _CLASSES},
    "normal": RandomNormal,
    "one": Ones,
    "uniform": RandomUniform,
    "xavier_normal": GlorotNormal,  # Xavier Glorot
    "xavier_uniform": GlorotUniform,
    "zero": Zeros,
}


def get(identifier: str | Callable[..., Any]) -> Callable[..., Any]:
    """The initializer of a name or class; a function `f(shape, dtype)` or initializer is itself.

    Names are those of the classes, as "GlorotUniform" or "glorot_uniform".

    Raises ValueError for an unknown name, naming the known ones, TypeError for anything else.

    >>> get("ones")((2,))
    Tensor([1., 1.], dtype=float32)
    """
    if isinstance(identifier, str):
        return lookup("initializer", identifier, _KNOWN)()
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    if callable(identifier):
        return identifier
    raise TypeError(f"an initializer is a name or a function; got {identifier!r:.60}")
