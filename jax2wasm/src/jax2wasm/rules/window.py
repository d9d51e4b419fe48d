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

from jax2wasm.value import Ints, UnsupportedError, Value
from jax2wasm.writer import Writer


def rewritten(function: Callable[..., Array]) -> Callable[..., list[Value]]:
    """The rule that compiles what ``function(params, *operands)`` traces to."""

    def rule(w: Writer, eqn: Any, *operands: Value) -> list[Value]:
        traced = jax.make_jaxpr(lambda *x: function(eqn.params, *x))(*[v.aval for v in eqn.invars])
        held = [w.cheap(x) for x in operands]
        with w.hold(held):
            return w.interpret(w, traced.jaxpr, traced.consts, held)

    return rule


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
    out = lax.concatenate(
        [_one_group(a, k, p["window_strides"], p["rhs_dilation"]) for a, k in parts], 1
    )
    return lax.transpose(out, np.argsort(numbers.out_spec).tolist())


def _one_group(x: Array, kernel: Array, strides: Ints, dilation: Ints) -> Array:
    window = kernel.shape[2:]
    taps = _taps(x, (1, 1, *window), (1, 1, *strides), (1, 1, *dilation))
    stacked = jnp.stack(taps, 2)  # rows, features, taps, *space
    rows, features, count, *space = stacked.shape
    columns = lax.reshape(stacked, (rows, features * count, int(np.prod(space))))
    weights = lax.reshape(kernel, (kernel.shape[0], features * count))
    out = lax.dot_general(columns, weights, (((1,), (1,)), ((), ())))  # rows, places, out
    return lax.reshape(jnp.moveaxis(out, 2, 1), (rows, kernel.shape[0], *space))


def _pool(combine: Callable[[Array, Array], Array], empty: float) -> Callable[..., Array]:
    def pool(p: Any, x: Array) -> Array:
        x = _padded(x, p["padding"], p["base_dilation"], empty)
        taps = _taps(x, p["window_dimensions"], p["window_strides"], p["window_dilation"])
        return reduce(combine, taps)

    return pool


def _chosen(p: Any, x: Array) -> tuple[Array, list[Array]]:
    """The padded operand, and for each tap where it is the first extreme of its window."""
    name = p["select_prim"].name
    if name not in ("ge", "le"):
        raise UnsupportedError(f"pooling that selects by {name}")
    x = _padded(x, p["padding"], (1,) * x.ndim, -jnp.inf if name == "ge" else jnp.inf)
    taps = _taps(x, p["window_dimensions"], p["window_strides"], (1,) * x.ndim)
    extreme = reduce(jnp.maximum if name == "ge" else jnp.minimum, taps)
    free, first = jnp.ones(extreme.shape, bool), []
    for tap in taps:
        first.append(free & (tap == extreme))
        free = free & (tap != extreme)
    return x, first


def pooling_gradient(p: Any, source: Array, x: Array) -> Array:
    """Each window's gradient goes back to its first extreme."""
    shape = x.shape
    x, first = _chosen(p, x)
    total = jnp.zeros(x.shape, source.dtype)
    strides = p["window_strides"]
    for place, here in zip(np.ndindex(*p["window_dimensions"]), first, strict=True):
        gaps = [(b, 0, s - 1) for b, s in zip(place, strides, strict=True)]
        back = lax.pad(jnp.where(here, source, 0), jnp.zeros((), source.dtype), gaps)
        rest = [(0, n - m, 0) for n, m in zip(x.shape, back.shape, strict=True)]
        total = total + lax.pad(back, jnp.zeros((), source.dtype), rest)
    start = [low for low, _ in p["padding"]]
    return lax.slice(total, start, [b + n for b, n in zip(start, shape, strict=True)])


def pooling_tangent(p: Any, tangents: Array, x: Array) -> Array:
    """Each window's tangent is that of its first extreme."""
    _, first = _chosen(p, x)
    tangents = _padded(tangents, p["padding"], (1,) * x.ndim, 0)
    taps = _taps(tangents, p["window_dimensions"], p["window_strides"], (1,) * x.ndim)
    return sum((jnp.where(here, tap, 0) for here, tap in zip(first, taps, strict=True)),
               jnp.zeros((), tangents.dtype))  # fmt: skip


RULES: dict[str, Any] = {
    "conv_general_dilated": rewritten(convolution),
    "reduce_window_sum": rewritten(_pool(jnp.add, 0.0)),
    "reduce_window_max": rewritten(_pool(jnp.maximum, -np.inf)),
    "reduce_window_min": rewritten(_pool(jnp.minimum, np.inf)),
    "select_and_scatter_add": rewritten(pooling_gradient),
    "select_and_gather_add": rewritten(pooling_tangent),
}
