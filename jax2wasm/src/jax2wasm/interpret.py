"""From a jaxpr to C, an equation at a time."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from jax.extend import source_info_util
from jax.extend.core import Literal

from jax2wasm.rules import INSTEAD, RULES
from jax2wasm.simplify import simplified, uses_of
from jax2wasm.value import Keys, UnsupportedError, Value
from jax2wasm.writer import Writer

LONGEST = 1200  # characters of an expression that is still left unstored


def interpret(w: Writer, jaxpr: Any, consts: Sequence[Any], operands: Sequence[Any]) -> list[Any]:
    """Write the C of a jaxpr; returns its results, which may be unstored.

    Operands and results are Values, or random Keys.
    """
    values: dict[Any, Any] = {}
    uses = uses_of(jaxpr)
    left = Counter(uses)

    def bind(variable: Any, value: Any) -> None:
        w.retain([value])
        values[variable] = value

    def read(variable: Any) -> Any:
        if isinstance(variable, Literal):
            aval: Any = variable.aval
            return w.constant(np.asarray(variable.val, aval.dtype))
        return values[variable]

    def drop(variable: Any) -> None:
        left[variable] -= 1
        if left[variable] <= 0 and variable in values:
            w.release([values.pop(variable)])

    for variable, const in zip(jaxpr.constvars, consts, strict=True):
        bind(variable, w.constant(const))
    for variable, value in zip(jaxpr.invars, operands, strict=True):
        bind(variable, value)
    for eqn in simplified(jaxpr):
        with w.scratch():
            operands = [read(v) for v in eqn.invars]
            apply = _apply_once if all(x.is_constant for x in operands) else _apply
            results = apply(w, eqn, operands)
            for variable, value in zip(eqn.outvars, results, strict=True):
                if uses[variable]:
                    bind(variable, _settled(w, value, uses[variable]))
            for variable in eqn.invars:
                if not isinstance(variable, Literal):
                    drop(variable)
    results = [read(v) for v in jaxpr.outvars]
    w.retain(results)
    for value in values.values():
        w.release([value])
    w.release(results, free=False)
    return results


def _settled(w: Writer, value: Any, uses: int) -> Any:
    """Store what is read more than once, or has grown too long; leave the rest for one loop."""
    if value.is_trivial or not isinstance(value, Value):
        return value
    return w.copied(value) if uses > 1 or len(value.code) > LONGEST else value


def _apply_once(w: Writer, eqn: Any, operands: list[Any]) -> list[Any]:
    """What depends on no input is computed before the first run, whatever loop it stands in."""
    with w.once():
        return [_kept(w, x) for x in _apply(w, eqn, operands)]


def _kept(w: Writer, x: Any) -> Any:
    if isinstance(x, Keys):
        return x._replace(first=_kept(w, x.first), second=_kept(w, x.second))
    return x if x.is_trivial and x.is_constant else w.kept(x)


def _apply(w: Writer, eqn: Any, operands: list[Any]) -> list[Any]:
    name = eqn.primitive.name
    try:
        if name not in RULES:
            instead = INSTEAD.get(name, "the README of jax2wasm lists what is compiled")
            raise UnsupportedError(f"the primitive {name!r}: {instead}")
        results = RULES[name](w, eqn, *operands)
    except UnsupportedError as error:
        where = source_info_util.summarize(eqn.source_info)
        if error.where or not where:  # known already, or known to the caller's equation
            raise
        raise UnsupportedError(error.what, where) from None
    return results if isinstance(results, list) else [results]
