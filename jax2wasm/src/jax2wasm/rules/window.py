"""Convolutions and pooling, rewritten in JAX as strided slices and one matrix product.

A window of k entries is k *taps*: the operand sliced to begin at each of the window's places.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jax2wasm.rules.rewrite import by_entry, rewritten
from jax2wasm.value import Ints, UnsupportedError, greatest, least


def _taps(x: Array, window: Ints, strides: Ints, dilation: Ints) -> list[Array]:
    """``x`` read at each place of the window, all axes windowed."""
    span = [(k - 1) * d + 1 for k, d in zip(window, dilation, strict=True)]
    counts = [(n - s) // step + 1 for n, s, step in zip(x.shape, span, strides, strict=True)]
    if min(counts) <= 0:  # the window does not fit in
        return [jnp.zeros([max(0, n) for n in counts], x.dtype)] * int(np.prod(window))
    taps = []
    for place in np.ndindex(*window):
        start = [i * d for i, d in zip(place, dilation, strict=True)]
        stop = [b + (n - 1) * step + 1 for b, n, step in zip(start, counts, strides, strict=True)]
        taps.append(lax.slice(x, start, stop, strides))
    return taps


def _padded(x: Array, padding: Sequence[Ints], gaps: Ints, filling: Any) -> Array:
    config = [(low, high, gap - 1) for (low, high), gap in zip(padding, gaps, strict=True)]
    return lax.pad(x, jnp.asarray(filling, x.dtype), config)


def convolution(p: Any, x: Array, kernel: Array) -> Array:
    """Gather the taps of each place into a row, and multiply by the kernel."""
    numbers = p["dimension_numbers"]
    x = lax.transpose(x, numbers.lhs_spec)  # rows, features, *space
    kernel = lax.transpose(kernel, numbers.rhs_spec)  # features out, features in, *space
    x = _padded(x, [(0, 0), (0, 0), *p["padding"]], (1, 1, *p["lhs_dilation"]), 0)
    groups, batches = p["feature_group_count"], p["batch_group_count"]
    parts = zip(
        jnp.split(x, max(groups, batches), 1 if groups > 1 else 0),
        jnp.split(kernel, max(groups, batches), 0),
        strict=True,
    )
    out = lax.concatenate([_one_group(p, a, k) for a, k in parts], 1)
    return lax.transpose(out, np.argsort(numbers.out_spec).tolist())


def _one_group(p: Any, x: Array, kernel: Array) -> Array:
    window, strides, dilation = kernel.shape[2:], p["window_strides"], p["rhs_dilation"]
    taps = _taps(x, (1, 1, *window), (1, 1, *strides), (1, 1, *dilation))
    stacked = jnp.stack(taps, 2)  # rows, features, taps, *space
    rows, features, count, *space = stacked.shape
    columns = lax.reshape(stacked, (rows, features * count, int(np.prod(space))))
    weights = lax.reshape(kernel, (kernel.shape[0], features * count))
    out = lax.dot_general(
        columns, weights, (((1,), (1,)), ((), ())),
        preferred_element_type=p["preferred_element_type"],
    )  # rows, places, out  # fmt: skip
    return lax.reshape(jnp.moveaxis(out, 2, 1), (rows, kernel.shape[0], *space))


def reduce_window(p: Any, *operands: Array) -> list[Array]:
    """Any computation, which takes the entries of each window one after another."""
    half = len(operands) // 2
    taps = [
        _taps(_padded(x, p["padding"], p["base_dilation"], start), p["window_dimensions"],
              p["window_strides"], p["window_dilation"])
        for x, start in zip(operands[:half], operands[half:], strict=True)
    ]  # fmt: skip
    so_far = [
        jnp.broadcast_to(start, every[0].shape)
        for start, every in zip(operands[half:], taps, strict=True)
    ]
    step = by_entry(p, so_far[0].ndim)
    for now in zip(*taps, strict=True):
        so_far = step(*so_far, *now)
    return so_far


def _pool(
    combine: Callable[[Array, Array], Array], empty: Callable[[str], Any]
) -> Callable[..., Array]:
    def pool(p: Any, x: Array) -> Array:
        x = _padded(x, p["padding"], p["base_dilation"], empty(x.dtype.name))
        taps = _taps(x, p["window_dimensions"], p["window_strides"], p["window_dilation"])
        return reduce(combine, taps)

    return pool


def _extreme(p: Any, dtype: Any) -> tuple[Callable[[Array, Array], Array], Any]:
    """Whether the first of two is kept, and what any entry is kept against."""
    name = p["select_prim"].name
    if name not in ("ge", "le"):
        raise UnsupportedError(f"pooling that selects by {name}: only by ge and le")
    return (lax.ge, least(dtype.name)) if name == "ge" else (lax.le, greatest(dtype.name))


def pooling_gradient(p: Any, source: Array, x: Array) -> Array:
    """Each window's gradient goes back to its extreme, the first where several are equal."""
    keeps, empty = _extreme(p, x.dtype)
    window, strides, padding, alone = (
        p["window_dimensions"], p["window_strides"], p["padding"], (1,) * x.ndim
    )  # fmt: skip
    with jax.ensure_compile_time_eval():  # what is padding takes no gradient
        there = _padded(jnp.ones(x.shape, bool), padding, alone, False)
        inside = [np.asarray(tap) for tap in _taps(there, window, strides, alone)]
    padded = _padded(x, padding, alone, empty)
    taps = _taps(padded, window, strides, alone)
    best, chosen = taps[0], jnp.full(taps[0].shape, -1)
    for place, (tap, real) in enumerate(zip(taps, inside, strict=True)):
        new = real & ((chosen < 0) | ~keeps(best, tap))
        best, chosen = jnp.where(new, tap, best), jnp.where(new, place, chosen)
    zero = jnp.zeros((), source.dtype)
    total = jnp.zeros(padded.shape, source.dtype)
    for k, place in enumerate(np.ndindex(*window)):
        gaps = [(b, 0, s - 1) for b, s in zip(place, strides, strict=True)]
        back = lax.pad(jnp.where(chosen == k, source, zero), zero, gaps)
        rest = [(0, n - m, 0) for n, m in zip(total.shape, back.shape, strict=True)]
        total = total + lax.pad(back, zero, rest)
    start = [low for low, _ in padding]
    return lax.slice(total, start, [b + n for b, n in zip(start, x.shape, strict=True)])


def pooling_tangent(p: Any, tangents: Array, x: Array) -> Array:
    """Each window's tangent is that of its extreme, the first where several are equal."""
    keeps, empty = _extreme(p, x.dtype)
    values, moves = (
        _taps(_padded(y, p["padding"], p["base_dilation"], filling), p["window_dimensions"],
              p["window_strides"], p["window_dilation"])
        for y, filling in ((x, empty), (tangents, 0))
    )  # fmt: skip
    best, tangent = jnp.full_like(values[0], empty), jnp.zeros_like(moves[0])
    for value, move in zip(values, moves, strict=True):
        kept = keeps(best, value)
        best, tangent = jnp.where(kept, best, value), jnp.where(kept, tangent, move)
    return tangent


RULES: dict[str, Any] = {
    "conv_general_dilated": rewritten(convolution),
    "reduce_window": rewritten(reduce_window),
    "reduce_window_sum": rewritten(_pool(lax.add, lambda dtype: 0)),
    "reduce_window_max": rewritten(_pool(lax.max, least)),
    "reduce_window_min": rewritten(_pool(lax.min, greatest)),
    "select_and_scatter_add": rewritten(pooling_gradient),
    "select_and_gather_add": rewritten(pooling_tangent),
}
