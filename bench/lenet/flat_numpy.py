"""NumPy by hand, made fast: the batch innermost, every array and view made once, updates at once.

Images lie as (W, C, H, N): columns, channels, rows, batch. Then the windows of a convolution are
laid out along the rows only, as those of neighbouring columns overlap in memory; its products are
one small matrix product for each column; maxima are taken along the columns first, over long
stretches of memory. Bias and ReLU come after pooling, which gives the same with a quarter of the
work.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from bench._case import Loaded
from bench.lenet.problems import MOMENTUM, PADDING, RATE, make_cases
from bench.steps.flat_numpy import ZERO, Softmax, buffer, constant, views
from bench.steps.problems import Array, Training

#: columns of a matrix that OpenBLAS multiplies by its kernel for small ones
NARROW = 320
#: filters from which on the gradient for the maps is turned before it meets the windows
TURNED = 16


def load() -> Loaded:
    return Loaded({"numpy": np.__version__}, make_cases(train))


def train(batch: int, parameters: list[Array], images: Array, labels: list[Array]) -> Training:
    shapes = [p.shape for p in parameters]
    flat = np.concatenate([p.ravel() for p in parameters])
    gradient, velocity = np.empty_like(flat), np.zeros_like(flat)
    leaves, slopes = views(flat, shapes), views(gradient, shapes)
    momentum, rate = constant(MOMENTUM), constant(RATE)

    framed = np.zeros((28 + 2 * PADDING, 1, 28 + 2 * PADDING, batch), np.float32)
    inside = framed[PADDING:-PADDING, :, PADDING:-PADDING]
    outside = images.transpose(2, 3, 1, 0)
    first = Filters(framed, leaves[0], leaves[1], slopes[0], slopes[1])
    second = Filters(first.out, leaves[2], leaves[3], slopes[2], slopes[3], below=first.d_out)
    rows, d_rows = buffer(batch, 400), buffer(batch, 400)
    as_rows = rows.reshape(batch, 5, 5, 16)
    from_filters = second.out.transpose(3, 2, 0, 1)
    from_rows = d_rows.reshape(batch, 5, 5, 16).transpose(2, 3, 1, 0)
    dense = three_layers(rows, d_rows, leaves[4:], slopes[4:])
    batches = cycle(labels)

    def run() -> Any:
        np.copyto(inside, outside)
        first.forward()
        second.forward()
        np.copyto(as_rows, from_filters)
        loss = dense(next(batches))
        np.copyto(second.d_out, from_rows)
        second.backward()
        first.backward()
        np.multiply(velocity, momentum, velocity)
        np.multiply(gradient, rate, gradient)
        np.subtract(velocity, gradient, velocity)
        np.add(flat, velocity, flat)
        return loss

    return Training(run, lambda: leaves)


class Filters:
    """Convolution 5×5 without padding, max pooling 2×2, bias and ReLU of images (W, C, H, N).

    `out` is what comes out, `d_out` the gradient for it, which `backward` begins with; `below` is
    where the gradient for the images goes, if there is need of it.
    """

    def __init__(
        self,
        x: Array,
        kernel: Array,
        bias: Array,
        d_kernel: Array,
        d_bias: Array,
        below: Array | None = None,
    ) -> None:
        wide, channels, high, n = x.shape
        filters, size = kernel.shape[-1], 25 * channels
        columns, rows = wide - 4, high - 4
        length = rows * n

        # the windows along the rows; those along the columns are views of them
        s = x.strides
        steps = (s[0], s[2], s[1], s[2], s[3])
        self.along_rows = as_strided(x, (wide, 5, channels, rows, n), steps)
        self.laid = buffer(wide, 5, channels, rows, n)
        step = self.laid.strides[0]
        self.windows = as_strided(self.laid, (columns, size, length), (step, 4 * length, 4))
        self.matrix = buffer(filters, size)  # of the kernel
        self.matrix_parts = self.matrix.reshape(filters, 5, 5, channels)
        self.kernel = kernel.transpose(3, 1, 0, 2)

        z = buffer(columns, filters, length)
        pieces = length // NARROW if length % NARROW == 0 else 1
        self.windows_pieces, self.z_pieces = split(self.windows, pieces), split(z, pieces)
        maps = z.reshape(columns, filters, rows, n)
        self.even, self.odd = maps[0::2], maps[1::2]
        self.top = buffer(columns // 2, filters, rows, n)
        self.upper, self.lower = self.top[:, :, 0::2], self.top[:, :, 1::2]
        self.out = buffer(columns // 2, filters, rows // 2, n)
        self.in_odd = np.empty(self.top.shape, np.bool_)
        self.in_lower = np.empty(self.out.shape, np.bool_)
        self.bias, self.zeros = bias[:, None, None], np.zeros_like(self.out)

        self.d_out, self.positive = buffer(*self.out.shape), np.empty(self.out.shape, np.bool_)
        self.d_bias = d_bias
        self.d_top = buffer(*self.top.shape)
        self.d_upper, self.d_lower = self.d_top[:, :, 0::2], self.d_top[:, :, 1::2]
        # with as many columns of zeros around it as a window can reach beyond
        d_framed = np.zeros((columns + 8, filters, length), np.float32)
        d_z = d_framed[4:-4]
        d_maps = d_z.reshape(columns, filters, rows, n)
        self.d_even, self.d_odd = d_maps[0::2], d_maps[1::2]
        self.d_z_turned = d_z.transpose(0, 2, 1)
        self.turned = buffer(columns, length, filters) if filters >= TURNED else None
        self.products, self.product = buffer(columns, size, filters), buffer(size, filters)
        self.d_kernel = d_kernel
        self.as_kernel = self.product.reshape(5, 5, channels, filters).transpose(1, 0, 2, 3)

        self.below = below
        if below is not None:
            self.flipped = buffer(5 * channels, 5 * filters)
            self.flipped_parts = self.flipped.reshape(5, channels, 5, filters)
            self.kernel_flipped = kernel[:, ::-1].transpose(0, 2, 1, 3)
            step = d_framed.strides[0]
            neighbours = as_strided(d_framed, (wide, 5 * filters, length), (step, 4 * length, 4))
            d_laid = buffer(wide, 5 * channels, length)
            self.neighbours, self.d_laid = split(neighbours, pieces), split(d_laid, pieces)
            laid = d_laid.reshape(wide, 5, channels, rows, n)
            self.by_row = [(below[:, :, k : k + rows], laid[:, k]) for k in range(5)]

    def forward(self) -> None:
        np.copyto(self.laid, self.along_rows)
        np.copyto(self.matrix_parts, self.kernel)
        np.matmul(self.matrix, self.windows_pieces, out=self.z_pieces)
        np.greater(self.odd, self.even, self.in_odd)
        np.maximum(self.even, self.odd, out=self.top)
        np.greater(self.lower, self.upper, self.in_lower)
        np.maximum(self.upper, self.lower, out=self.out)
        np.add(self.out, self.bias, self.out)
        np.maximum(self.out, self.zeros, out=self.out)

    def backward(self) -> None:
        np.greater(self.out, ZERO, self.positive)
        np.multiply(self.d_out, self.positive, self.d_out)
        np.add.reduce(self.d_out, (0, 2, 3), out=self.d_bias)
        np.multiply(self.d_out, self.in_lower, self.d_lower)
        np.subtract(self.d_out, self.d_lower, self.d_upper)
        np.multiply(self.d_top, self.in_odd, self.d_odd)
        np.subtract(self.d_top, self.d_odd, self.d_even)
        turned = self.d_z_turned
        if self.turned is not None:
            np.copyto(self.turned, turned)
            turned = self.turned
        np.matmul(self.windows, turned, out=self.products)
        np.add.reduce(self.products, 0, out=self.product)
        np.copyto(self.d_kernel, self.as_kernel)
        if self.below is not None:
            np.copyto(self.flipped_parts, self.kernel_flipped)
            np.matmul(self.flipped, self.neighbours, out=self.d_laid)
            self.below.fill(0)
            for place, part in self.by_row:
                np.add(place, part, place)


def split(x: Array, pieces: int) -> Array:
    """(M, K, L) as (pieces, M, K, L / pieces), a view."""
    *lead, length = x.shape
    size = length // pieces
    return as_strided(x, (pieces, *lead, size), (size * x.itemsize, *x.strides))


def three_layers(x: Array, d_x: Array, leaves: Any, slopes: Any) -> Callable[[Array], Any]:
    """ReLU layers and the mean cross-entropy; gradients for leaves and x."""
    w3, b3, w4, b4, w5, b5 = leaves
    d_w3, d_b3, d_w4, d_b4, d_w5, d_b5 = slopes
    n, one, two, classes = len(x), len(b3), len(b4), len(b5)
    h3, h4, z = buffer(n, one), buffer(n, two), buffer(n, classes)
    g3, g4 = buffer(n, one), buffer(n, two)
    s3, s4 = np.empty(h3.shape, np.bool_), np.empty(h4.shape, np.bool_)
    x_t, h3_t, h4_t, w3_t, w4_t, w5_t = x.T, h3.T, h4.T, w3.T, w4.T, w5.T
    ones, softmax = np.ones(n, np.float32), Softmax(n, classes)

    def run(labels: Array) -> Any:
        x.dot(w3, h3)
        np.add(h3, b3, h3)
        np.maximum(h3, ZERO, out=h3)
        h3.dot(w4, h4)
        np.add(h4, b4, h4)
        np.maximum(h4, ZERO, out=h4)
        h4.dot(w5, z)
        np.add(z, b5, z)

        loss = softmax(z, labels)

        h4_t.dot(z, d_w5)
        ones.dot(z, d_b5)
        z.dot(w5_t, g4)
        np.greater(h4, ZERO, s4)
        np.multiply(g4, s4, g4)
        h3_t.dot(g4, d_w4)
        ones.dot(g4, d_b4)
        g4.dot(w4_t, g3)
        np.greater(h3, ZERO, s3)
        np.multiply(g3, s3, g3)
        x_t.dot(g3, d_w3)
        ones.dot(g3, d_b3)
        g3.dot(w3_t, d_x)
        return loss

    return run
