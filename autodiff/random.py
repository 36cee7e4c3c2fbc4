"""Seeded random numbers: `ad.random.default_rng(seed)` draws Tensors with NumPy's method names.

Nothing is random that was not drawn from a Generator in hand; there is no global state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._draws import DRAW as DRAW
from ._draws import float_dtype, integer, integer_range, number, probabilities, size_of
from ._stream import Stream, refuse_traced
from .engine import _axes
from .engine._tensor import DEFAULT_DTYPES, Tensor
from .ops.creation import asarray

__all__ = ["Generator", "default_rng"]

_FLOAT = DEFAULT_DTYPES["f"]


def default_rng(seed: int | Sequence[int] | Generator | None = None) -> Generator:
    """A Generator whose draws the seed determines; a Generator is itself.

    Args:
        seed: an integer of 0 or more, or several; None for a different one every time.

    Raises:
        TypeError, ValueError: no such seed.
        TracingError: inside a function being traced, which would seed it once for all calls.

    >>> a, b = default_rng(7), default_rng(7)
    >>> bool((a.normal(size=3) == b.normal(size=3)).all())
    True
    """
    if isinstance(seed, Generator):
        return seed
    refuse_traced("default_rng", "make the Generator outside, and draw from it inside")
    expected = "expected None, an integer of 0 or more, or several"
    entropy: Any = seed
    try:
        if seed is not None and not isinstance(seed, Sequence):
            entropy = integer("default_rng", "seed", seed)
        elif seed is not None:
            entropy = [integer("default_rng", "seed", s) for s in seed]
    except TypeError:
        raise TypeError(
            f"default_rng: seed is {type(seed).__name__} {seed!r:.60}; {expected}"
        ) from None
    try:
        return Generator(np.random.PCG64(entropy))
    except ValueError:
        raise ValueError(f"default_rng: seed is {seed!r:.60}; {expected}") from None


class Generator(Stream):
    """Draws Tensors; made by `default_rng`.

    Method names and arguments are those of `numpy.random.Generator`; floats are float32 unless
    said otherwise. The same seed gives the same draws, whatever was drawn elsewhere; NumPy may
    change them from one of its versions to another. A draw is a constant for tapes; in a function
    that `ad.function` makes flat it is drawn anew at every call.

    Threads may share a Generator, but then who gets what depends on time: `spawn` one for each.

    Source: M. E. O'Neill, "PCG: A family of simple fast space-efficient statistically good
    algorithms for random number generation" (2014): PCG64, which has a period of 2¹²⁸.
    """

    __slots__ = ()

    # -- floats ----------------------------------------------------------------------------------

    def normal(
        self, loc: float = 0.0, scale: float = 1.0, size: Any = None, dtype: Any = _FLOAT
    ) -> Tensor:
        """Draws from the normal distribution of mean `loc` and standard deviation `scale`.

        Args:
            loc, scale: numbers. With Tensors write `loc + scale * rng.standard_normal(size)`,
                which has gradients by both (the reparametrisation of Kingma and Welling, 2014).
            size: shape, or length; None for a 0-d Tensor.
            dtype: float32 or float64.

        Raises:
            ValueError: a negative scale, or size.

        Source: G. Marsaglia, W. W. Tsang, "The ziggurat method for generating random variables"
        (2000).

        >>> x = default_rng(0).normal(10.0, 2.0, size=(50, 1000))
        >>> x.shape, x.dtype, round(float(x.mean())), round(float(((x - 10.0) ** 2).mean()))
        ((50, 1000), dtype('float32'), 10, 4)
        """
        dtype = float_dtype("normal", dtype)
        loc = number("normal", "loc", loc, dtype)
        scale = number("normal", "scale", scale, dtype)
        if scale < 0:
            raise ValueError(f"normal: scale is {scale}; expected 0 or more")
        size = size_of("normal", size)
        return self._give("normal", loc=loc, scale=scale, size=size, dtype=dtype)

    def standard_normal(self, size: Any = None, dtype: Any = _FLOAT) -> Tensor:
        """Draws from the normal distribution of mean 0 and standard deviation 1; see `normal`.

        >>> default_rng(0).standard_normal(3).shape
        (3,)
        """
        return self.normal(0.0, 1.0, size, dtype)

    def uniform(
        self, low: float = 0.0, high: float = 1.0, size: Any = None, dtype: Any = _FLOAT
    ) -> Tensor:
        """Draws evenly from [low, high).

        Arguments as for `normal`: low + (high − low) · u, with u of 24 random bits in float32, 53
        in float64.

        Raises:
            ValueError: low that is not below high in this dtype.

        >>> x = default_rng(0).uniform(-1, 1, size=1000)
        >>> bool(((x >= -1) & (x < 1)).all())
        True
        """
        dtype = float_dtype("uniform", dtype)
        low = number("uniform", "low", low, dtype)
        high = number("uniform", "high", high, dtype)
        number("uniform", "high - low", high - low, dtype)
        if not dtype.type(low) < dtype.type(high):
            raise ValueError(f"uniform: low is {low} and high is {high}; expected low < high")
        size = size_of("uniform", size)
        return self._give("uniform", low=low, high=high, size=size, dtype=dtype)

    def random(self, size: Any = None, dtype: Any = _FLOAT) -> Tensor:
        """Draws evenly from [0, 1); see `uniform`.

        >>> 0 <= default_rng(0).random().item() < 1
        True
        """
        return self.uniform(0.0, 1.0, size, dtype)

    # -- integers and booleans -------------------------------------------------------------------

    def integers(
        self,
        low: int,
        high: int | None = None,
        size: Any = None,
        dtype: Any = np.int64,
        endpoint: bool = False,
    ) -> Tensor:
        """Draws evenly from low, ..., high - 1, or from 0, ..., low - 1 where high is None.

        Args:
            size: shape, or length; None for a 0-d Tensor.
            dtype: an integer dtype.
            endpoint: high itself may be drawn too.

        Raises:
            ValueError: an empty range, or one that the dtype does not hold.

        Source: D. Lemire, "Fast random integer generation in an interval" (2019).

        >>> dice = default_rng(0).integers(1, 6, size=100, endpoint=True)
        >>> int(dice.min()), int(dice.max()), dice.dtype
        (1, 6, dtype('int64'))
        """
        low, high, dtype = integer_range(low, high, endpoint, dtype)
        size = size_of("integers", size)
        return self._give("integers", low=low, high=high, size=size, dtype=dtype)

    def bernoulli(self, p: float = 0.5, size: Any = None) -> Tensor:
        """Booleans, True with probability p.

        For a probability of every element's own write `rng.random(p.shape) < p`.

        Raises:
            ValueError: p outside [0, 1].

        >>> round(float(default_rng(0).bernoulli(0.2, 10000).astype("float32").mean()), 1)
        0.2
        """
        p = number("bernoulli", "p", p)
        if not 0 <= p <= 1:
            raise ValueError(f"bernoulli: p is {p}; expected a probability, from 0 to 1")
        return self._give("bernoulli", p=p, size=size_of("bernoulli", size))

    # -- order and choice ------------------------------------------------------------------------

    def permutation(self, x: Any, axis: int = 0) -> Tensor:
        """0, ..., x - 1 in random order for an integer x; for an array its parts along `axis`.

        All orders are equally likely. Gradients flow back to an array that a tape watches.

        Raises:
            ValueError: a negative integer.
            TypeError: neither an integer nor an array.
            TracingError: an array, inside a function being traced.

        Source: D. E. Knuth, "The art of computer programming" 2, section 3.4.2, algorithm P.

        >>> sorted(default_rng(0).permutation(5).tolist())
        [0, 1, 2, 3, 4]
        """
        if (array := _array(x)) is not None:
            return self._pick("permutation", array, axis, self.permutation)
        n = integer("permutation", "x", x)
        if n < 0:
            raise ValueError(f"permutation: x is {n}; expected 0 or more")
        return self._give("permutation", n=n)

    def choice(
        self,
        a: Any,
        size: Any = None,
        replace: bool = True,
        p: Any = None,
        axis: int = 0,
        shuffle: bool = True,
    ) -> Tensor:
        """Draws from 0, ..., a - 1 for an integer a; for an array from its parts along `axis`.

        Args:
            size: shape, or length; None for one.
            replace: whether the same may be drawn again.
            p: the probability of each, summing to 1; the same for all if None.
            shuffle: whether the order is random too where nothing is drawn again; faster without.

        Raises:
            ValueError: nothing to draw from, fewer than are asked for, probabilities that are none.
            TypeError: neither an integer nor an array.
            TracingError: an array, inside a function being traced.

        >>> rng = default_rng(0)
        >>> rng.choice([10.0, 20.0, 30.0], size=2, replace=False).shape
        (2,)
        >>> rng.choice(2, size=5, p=[0.0, 1.0])
        Tensor([1, 1, 1, 1, 1], dtype=int64)
        """
        if (array := _array(a)) is not None:
            return self._pick(
                "choice", array, axis, lambda n: self.choice(n, size, replace, p, 0, shuffle)
            )
        n, shape = integer("choice", "a", a), size_of("choice", size)
        weights = probabilities(p, n)
        wanted = int(np.prod(shape, dtype=np.int64))
        there = n if weights is None else int(np.count_nonzero(weights))
        if wanted and n < 1:
            raise ValueError(f"choice: a is {n}; expected something to choose from")
        if not replace and wanted > there:
            raise ValueError(
                f"choice: {wanted} asked for, without replacement, of {there} that can be drawn"
            )
        arguments = {"replace": bool(replace), "p": weights, "shuffle": bool(shuffle)}
        return self._give("choice", n=n, size=shape, **arguments)

    def _pick(self, draw: str, x: Tensor, axis: int, order: Any) -> Tensor:
        """Parts of x along an axis, at the places that `order` of the axis' length gives."""
        refuse_traced(f"{draw} of an array", "draw an order outside, and pass it as an argument")
        k = _axes.axis(axis, x) % x.ndim
        return x[(slice(None),) * k + (order(x.shape[k]),)]


def _array(value: Any) -> Tensor | None:
    """What to draw from if it has axes; None for an integer, or what should be one."""
    has_axes = isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) > 0
    return asarray(value) if has_axes else None
