"""Primitives that JAX itself can say in terms of others."""

from collections.abc import Callable
from typing import Any

import jax
from jax import Array
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from jax2wasm.value import Value
from jax2wasm.writer import Writer


def rewritten(function: Callable[..., Any]) -> Callable[..., list[Value]]:
    """The rule that compiles what ``function(params, *operands)`` traces to."""

    def rule(w: Writer, eqn: Any, *operands: Value) -> list[Value]:
        traced = jax.make_jaxpr(lambda *x: function(eqn.params, *x))(*[v.aval for v in eqn.invars])
        held = [w.cheap(x) for x in operands]
        with w.hold(held):
            return w.interpret(w, traced.jaxpr, traced.consts, held)

    return rule


def by_entry(p: Any, rank: int) -> Callable[..., list[Array]]:
    """A primitive's computation of numbers, over all entries of arrays with ``rank`` axes."""
    jaxpr = p["jaxpr"]
    closed = jaxpr if isinstance(jaxpr, ClosedJaxpr) else ClosedJaxpr(jaxpr, p["consts"])
    function = jaxpr_as_fun(closed)
    for _ in range(rank):
        function = jax.vmap(function)
    return function


def by_matrix(function: Callable[..., Any], x: Array, *rest: Array) -> Any:
    """A function of matrices, over all axes of the operands but the last two."""
    for _ in range(x.ndim - 2):
        function = jax.vmap(function)
    return function(x, *rest)
