"""Matrix products: every ``dot_general`` is a batch of products of strided matrices."""

from typing import Any

import numpy as np

from jax2wasm.rules.elementwise import converted
from jax2wasm.rules.layout import reshaped
from jax2wasm.value import Value, dtype_of, literal
from jax2wasm.writer import Writer


def dot_general(w: Writer, eqn: Any, a: Value, b: Value) -> Value:
    (a_sum, b_sum), (a_batch, b_batch) = eqn.params["dimension_numbers"]
    dtype = dtype_of(eqn.outvars[0].aval.dtype)
    a, b = converted(a, dtype), converted(b, dtype)
    a_free = [i for i in range(len(a.shape)) if i not in (*a_sum, *a_batch)]
    b_free = [i for i in range(len(b.shape)) if i not in (*b_sum, *b_batch)]
    batch = [a.shape[i] for i in a_batch]
    m, k, n = (_count(a, a_free), _count(a, a_sum), _count(b, b_free))
    a = _matrix(w, a.transpose([*a_batch, *a_free, *a_sum]), (*batch, m, k))
    b = _matrix(w, b.transpose([*b_batch, *b_sum, *b_free]), (*batch, k, n))
    out = w.new(dtype, eqn.outvars[0].aval.shape)
    flat = out.reshape((*batch, m, n))
    assert flat is not None
    if k == 0 or dtype != "float32":
        w.assign(out, literal(0, dtype, out.shape))
        w.loops((*batch, m, k, n), lambda i: w.line(_add_product(a, b, flat, i)))
        return out
    w.panels = max(w.panels, k * (n + 7 & ~7))
    w.loops(batch, lambda i: w.line(_product(a, b, flat, i, m, n, k)))
    return out


def _count(x: Value, axes: Any) -> int:
    return int(np.prod([x.shape[i] for i in axes], dtype=np.int64))


def _matrix(w: Writer, x: Value, shape: tuple[int, ...]) -> Value:
    return reshaped(w, w.stored(x), shape)


def _add_product(a: Value, b: Value, out: Value, i: list[str]) -> str:
    """Whole numbers, a row of b at a time; booleans are joined by "and" and "or"."""
    *batch, row, place, column = i
    to, x, y = (
        v.at([*batch, *at])
        for v, at in ((out, (row, column)), (a, (row, place)), (b, (place, column)))
    )
    return f"{to} |= {x} & {y};" if out.dtype == "bool" else f"{to} += {x} * {y};"


def _product(a: Value, b: Value, out: Value, i: list[str], m: int, n: int, k: int) -> str:
    pa, pb, po = (f"&{x.at([*i, '0', '0'])}" for x in (a, b, out))
    (ra, ca), (rb, cb) = a.view.strides[-2:], b.view.strides[-2:]
    if n == 1:
        return f"matvec({m}, {k}, {pa}, {ra}, {ca}, {pb}, {rb}, {po});"
    if m == 1 and cb != 1:
        return f"matvec({n}, {k}, {pb}, {cb}, {rb}, {pa}, {ca}, {po});"
    return f"matmul({m}, {n}, {k}, {pa}, {ra}, {ca}, {pb}, {rb}, {cb}, {po}, panels);"


RULES = {"dot_general": dot_general}
