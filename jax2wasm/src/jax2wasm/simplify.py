"""Rewrites of a jaxpr's equations, before any C is written."""

from collections import Counter
from typing import Any

from jax.extend.core import Literal


def uses_of(jaxpr: Any) -> Counter:
    """How often each variable is read."""
    used = [v for eqn in jaxpr.eqns for v in eqn.invars] + list(jaxpr.outvars)
    return Counter(v for v in used if not isinstance(v, Literal))


def simplified(jaxpr: Any) -> list[Any]:
    """The equations, in which a transposed product is the product the other way round.

    That is how JAX writes the gradient of a weight, which everything after it would else read
    against the grain of memory.
    """
    uses, products = uses_of(jaxpr), {}
    eqns: list[Any] = []
    for eqn in jaxpr.eqns:
        place = products.get(eqn.invars[0]) if eqn.primitive.name == "transpose" else None
        if place is not None and _turned(eqns[place]) == tuple(eqn.params["permutation"]):
            eqns[place] = _commuted(eqns[place], eqn.outvars)
            continue
        if eqn.primitive.name == "dot_general" and uses[eqn.outvars[0]] == 1:
            products[eqn.outvars[0]] = len(eqns)
        eqns.append(eqn)
    return eqns


def _turned(product: Any) -> tuple[int, ...]:
    """The permutation that puts the second operand's axes before the first's."""
    (a_sum, _), (a_batch, _) = product.params["dimension_numbers"]
    batch, rank = len(a_batch), product.outvars[0].aval.ndim
    free = batch + product.invars[0].aval.ndim - len(a_sum) - batch
    return (*range(batch), *range(free, rank), *range(batch, free))


def _commuted(product: Any, outvars: Any) -> Any:
    (a_sum, b_sum), (a_batch, b_batch) = product.params["dimension_numbers"]
    numbers = ((b_sum, a_sum), (b_batch, a_batch))
    return product.replace(
        invars=product.invars[::-1],
        outvars=outvars,
        params={**product.params, "dimension_numbers": numbers},
    )
