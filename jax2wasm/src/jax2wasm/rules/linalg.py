"""Cholesky factors and triangular systems, by the loops of a textbook: for small matrices."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from jax2wasm.rules.rewrite import by_matrix, rewritten
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


def _lu(a: Array) -> tuple[Array, Array, Array]:
    """Gauss's elimination with the largest pivot of each column; rows swapped, and their order."""
    m, n = a.shape
    rows = jnp.arange(m)

    def eliminate(k: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        a, swaps, order = state
        pivot = jnp.argmax(jnp.where(rows < k, -1, jnp.abs(a[:, k])))
        swapped = rows.at[k].set(pivot).at[pivot].set(k)
        a, order = a[swapped], order[swapped]
        below = rows > k
        factors = jnp.where(below & (a[k, k] != 0), a[:, k] / a[k, k], 0)
        a = a - factors[:, None] * jnp.where(jnp.arange(n) > k, a[k], 0)
        return a.at[:, k].set(jnp.where(below, factors, a[:, k])), swaps.at[k].set(pivot), order

    steps = min(m, n)
    return lax.fori_loop(0, steps, eliminate, (a, jnp.arange(steps), rows))


def _qr(a: Array, full: bool) -> tuple[Array, Array]:
    """Householder's reflections, with LAPACK's signs."""
    m, n = a.shape
    rows = jnp.arange(m)

    def reflect(k: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        q, r = state
        column = jnp.where(rows < k, 0, r[:, k])
        length = jnp.sqrt(jnp.sum(column**2))
        far = jnp.where(r[k, k] < 0, -length, length)
        mirror = jnp.where(rows == k, column + far, column)
        scale = 2 / jnp.sum(mirror**2)
        scale = jnp.where(jnp.any((rows > k) & (column != 0)), scale, 0)
        r = r - scale * mirror[:, None] * (mirror @ r)
        return q - scale * (q @ mirror)[:, None] * mirror, r

    q, r = lax.fori_loop(0, min(m, n), reflect, (jnp.eye(m, dtype=a.dtype), a))
    kept = m if full else min(m, n)
    return q[:, :kept], jnp.triu(r)[:kept]


@rewritten
def lu(p: Any, a: Array) -> Any:
    return by_matrix(_lu, a)


@rewritten
def qr(p: Any, a: Array) -> Any:
    if p["pivoting"]:
        raise UnsupportedError("qr with pivoting: only without")
    return by_matrix(lambda a: _qr(a, p["full_matrices"]), a)


@rewritten
def lu_pivots_to_permutation(p: Any, swaps: Array) -> Array:
    """The order of the rows after each has changed places with another in turn."""

    def one(swaps: Array) -> Array:
        def swap(k: Array, order: Array) -> Array:
            i = swaps[k]
            return order.at[k].set(order[i]).at[i].set(order[k])

        return lax.fori_loop(0, swaps.shape[0], swap, jnp.arange(p["permutation_size"]))

    for _ in range(swaps.ndim - 1):
        one = jax.vmap(one)
    return one(swaps)


def custom_linear_solve(w: Writer, eqn: Any, *operands: Value) -> list[Value]:
    """What its caller gave to solve the system with; the rest is for derivatives."""
    counts, solve = eqn.params["const_lengths"], eqn.params["jaxprs"].solve
    first = counts.matvec + counts.vecmat
    consts = operands[first : first + counts.solve]
    held = [w.cheap(x) for x in (*consts, *operands[sum(counts) :])]
    with w.hold(held):
        return w.interpret(w, solve.jaxpr, solve.consts, held)


RULES = {
    "cholesky": real(cholesky),
    "triangular_solve": real(triangular_solve),
    "lu": lu,
    "qr": qr,
    "lu_pivots_to_permutation": lu_pivots_to_permutation,
    "custom_linear_solve": custom_linear_solve,
}
