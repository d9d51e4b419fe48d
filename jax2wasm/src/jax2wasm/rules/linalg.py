"""Cholesky factors and triangular systems, by the loops of a textbook: for small matrices."""

from typing import Any

from jax2wasm.value import UnsupportedError, Value
from jax2wasm.writer import Writer


def cholesky(w: Writer, eqn: Any, a: Value) -> Value:
    """The lower factor of each matrix, from its lower half, with zeros above.

    A matrix that is not positive definite gives NaN on and below the diagonal, as in JAX.
    """
    *batch, n, _ = a.shape
    a, out = w.stored(a), w.new("float32", a.shape)
    (row, column) = a.view.strides[-2:]

    def factor(i: list[str]) -> None:
        w.line(f"cholesky({n}, &{a.at([*i, '0', '0'])}, {row}, {column}, "
               f"&{out.at([*i, '0', '0'])});")  # fmt: skip

    if a.size:
        w.loops(batch, factor)
    return out


def triangular_solve(w: Writer, eqn: Any, a: Value, b: Value) -> Value:
    """x in op(a) x = b, or in x op(a) = b, where op may transpose; one half of a is read."""
    p = eqn.params
    *batch, n, _ = a.shape
    # x op(a) = b is op(a)' x' = b', and a transposed lower half is an upper one.
    turned = p["transpose_a"] == p["left_side"]
    lower = p["lower"] != turned
    last = len(b.shape) - 1
    swapped = [*range(last - 1), last, last - 1]
    a = w.stored(a.transpose(swapped) if turned else a)
    x = w.copied(b)
    unknowns = x if p["left_side"] else x.transpose(swapped)
    places = [*a.view.strides[-2:], *unknowns.view.strides[-2:]]
    strides = ", ".join(map(str, places))

    def solve(i: list[str]) -> None:
        w.line(f"triangular_solve({n}, {unknowns.shape[-1]}, {int(lower)}, "
               f"{int(p['unit_diagonal'])}, &{a.at([*i, '0', '0'])}, "
               f"&{unknowns.at([*i, '0', '0'])}, {strides});")  # fmt: skip

    if x.size:
        w.loops(batch, solve)
    return x


def real(rule: Any) -> Any:
    """The rule, for float32 only."""

    def checked(w: Writer, eqn: Any, *operands: Value) -> Value:
        for x in operands:
            if x.dtype != "float32":
                raise UnsupportedError(f"{eqn.primitive.name} of {x.dtype}: only float32")
        return rule(w, eqn, *operands)

    return checked


RULES = {"cholesky": real(cholesky), "triangular_solve": real(triangular_solve)}
