"""Sums and their kin over axes, and cumulative ones along an axis."""

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from jax2wasm.rules.rewrite import by_entry, rewritten
from jax2wasm.value import (
    C_TYPE,
    SUFFIX,
    Ints,
    Value,
    greatest,
    is_signed,
    least,
    literal,
)
from jax2wasm.writer import Writer, aligned

START: dict[str, Callable[[str], Any]] = {
    "sum": lambda dtype: 0,
    "prod": lambda dtype: 1,
    "max": least,
    "min": greatest,
    "and": lambda dtype: -1 if is_signed(dtype) and dtype != "bool" else greatest(dtype),
    "or": lambda dtype: 0,
    "xor": lambda dtype: 0,
}
BITWISE = {"and": "&", "or": "|", "xor": "^"}


def start_of(kind: str, dtype: str) -> str:
    """The C of what leaves every number as it is."""
    return literal(START[kind](dtype), dtype).code


def _step(kind: str, suffix: str, a: str, b: str) -> str:
    if kind in BITWISE:
        return f"{a} {BITWISE[kind]} ({b})"
    return f"{kind}_{suffix}({a}, {b})"


def reduce(w: Writer, eqn: Any, x: Value) -> Value:
    kind = eqn.primitive.name.removeprefix("reduce_")
    axes = eqn.params["axes"]
    kept = [i for i in range(len(x.shape)) if i not in axes]
    if all(x.shape[i] == 1 for i in axes):
        same = x.reshape([x.shape[i] for i in kept])
        assert same is not None
        return same
    t = SUFFIX[x.dtype]
    start = start_of(kind, x.dtype)
    out = w.new(x.dtype, [x.shape[i] for i in kept])
    # The order of a sum is free: along memory, in as few loops as will do.
    along = sorted(axes, key=lambda i: -max((abs(leaf.strides[i]) for leaf in x.leaves), default=0))
    down = _columns(x, kept, axes)
    order = [*along, *kept] if down else [*kept, *along]
    shape, target, source = aligned(
        out.broadcast(x.shape, kept).transpose(order), x.transpose(order)
    )

    def add(i: list[str]) -> None:
        w.line(f"{target.at(i)} = {_step(kind, t, target.at(i), source.at(i))};")

    def total(i: list[str]) -> None:
        w.line(f"{{ {C_TYPE[x.dtype]} s = {start};")
        w.loops(
            shape[len(i) :], lambda j: w.line(f"s = {_step(kind, t, 's', source.at([*i, *j]))};")
        )
        w.line(f"{target.at([*i, *'0' * (len(shape) - len(i))])} = s; }}")

    if down:  # the columns, a row at a time, so that the inner loop runs along memory
        w.assign(out, Value(x.dtype, out.shape, start))
        w.loops(shape, add)
    elif out.size:
        w.loops(shape[: sum(s != 0 for s in target.view.strides)], total)
    return out


def _columns(x: Value, kept: Ints, axes: Ints) -> bool:
    """Whether most of memory runs along the last kept axis."""
    long = [i for i in kept if x.shape[i] > 3]
    if not long or all(x.shape[i] == 1 for i in axes):
        return False
    votes = [leaf.strides[long[-1]] == 1 for leaf in x.leaves if any(leaf.strides)]
    return sum(votes) * 2 > len(votes)


def argument(w: Writer, eqn: Any, x: Value) -> Value:
    """argmax, argmin: the first place of the extreme; a NaN counts as the extreme."""
    (axis,) = eqn.params["axes"]
    sign = ">" if eqn.primitive.name == "argmax" else "<"
    t = SUFFIX[x.dtype]
    kept = [i for i in range(len(x.shape)) if i != axis]
    out = w.new(str(eqn.outvars[0].aval.dtype), [x.shape[i] for i in kept])
    inner = x.transpose([*kept, axis])

    def find(i: list[str]) -> None:
        w.line(f"{{ int place = 0; {C_TYPE[x.dtype]} best = {inner.at([*i, '0'])};")
        w.line(f"for (int j = 1; j < {x.shape[axis]}; j++) {{")
        w.line(f"{C_TYPE[x.dtype]} now = {inner.at([*i, 'j'])};")
        better = f"now {sign} best"
        if t == "f":
            better += " || (now != now && best == best)"
        w.line(f"if ({better}) {{ best = now; place = j; }} }}")
        w.line(f"{out.at(i)} = place; }}")

    w.loops(out.shape, find)
    return out


def cumulative(w: Writer, eqn: Any, x: Value) -> Value:
    kind = eqn.primitive.name.removeprefix("cum")
    axis, t = eqn.params["axis"], SUFFIX[x.dtype]
    out = w.new(x.dtype, x.shape)
    others = [i for i in range(len(x.shape)) if i != axis]
    order = [*others, axis]
    from_, to = (v.reverse([axis]) if eqn.params["reverse"] else v for v in (x, out))

    def run(i: list[str]) -> None:
        w.line(f"{{ {C_TYPE[x.dtype]} s = {start_of(kind, x.dtype)};")
        w.line(f"for (int j = 0; j < {x.shape[axis]}; j++) {{")
        w.line(f"s = {_step(kind, t, 's', from_.transpose(order).at([*i, 'j']))};")
        w.line(f"{to.transpose(order).at([*i, 'j'])} = s; }} }}")

    w.loops([x.shape[i] for i in others], run)
    return out


@rewritten
def reduce_by(p: Any, *operands: Array) -> list[Array]:
    """By any computation, which takes one entry after another."""
    half, axes = len(operands) // 2, p["dimensions"]
    rows = [jnp.moveaxis(x, axes, range(len(axes))) for x in operands[:half]]
    length, shape = math.prod(rows[0].shape[: len(axes)]), rows[0].shape[len(axes) :]
    step = by_entry(p, len(shape))
    result, _ = lax.scan(
        lambda so_far, now: (tuple(step(*so_far, *now)), None),
        tuple(jnp.broadcast_to(start, shape) for start in operands[half:]),
        [x.reshape(length, *shape) for x in rows],
    )
    return list(result)


@rewritten
def cumlogsumexp(p: Any, x: Array) -> Array:
    def step(so_far: Array, now: Array) -> tuple[Array, Array]:
        total = jnp.logaddexp(so_far, now)
        return total, total

    rows = jnp.moveaxis(x, p["axis"], 0)
    none = jnp.full(rows.shape[1:], -jnp.inf, x.dtype)
    return jnp.moveaxis(lax.scan(step, none, rows, reverse=p["reverse"])[1], 0, p["axis"])


RULES: dict[str, Any] = {
    **{f"reduce_{kind}": reduce for kind in START},
    "reduce": reduce_by,
    "argmax": argument,
    "argmin": argument,
    **{f"cum{kind}": cumulative for kind in ("sum", "prod", "max", "min")},
    "cumlogsumexp": cumlogsumexp,
}
