"""Loops, branches and calls. A loop's body is a function, which engines optimize on its own."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import jaxpr_as_fun

from jax2wasm.value import Keys, UnsupportedError, Value, literal
from jax2wasm.writer import Writer


def call(w: Writer, eqn: Any, *operands: Value | Keys) -> list[Any]:
    """Any call: written where it stands."""
    inner = _called(eqn)
    jaxpr, consts = (inner.jaxpr, inner.consts) if hasattr(inner, "consts") else (inner, ())
    return w.interpret(w, jaxpr, consts, operands)


def _called(eqn: Any) -> Any:
    return next(eqn.params[k] for k in ("jaxpr", "call_jaxpr", "fun_jaxpr") if k in eqn.params)


def identity(w: Writer, eqn: Any, *operands: Value | Keys) -> list[Any]:
    return list(operands)


def scan(w: Writer, eqn: Any, *operands: Value | Keys) -> list[Any]:
    p, inner = eqn.params, eqn.params["jaxpr"]
    values = _cheap(w, operands)
    n_consts, n_carry = p["num_consts"], p["num_carry"]
    consts = values[:n_consts]
    carry = _arrays(w, inner.jaxpr.invars[n_consts:][:n_carry])
    _fill(w, carry, values[n_consts : n_consts + n_carry])
    stacked = _arrays(w, eqn.outvars[n_carry:])
    t = w.counter()
    now = f"({p['length'] - 1} - {t})" if p["reverse"] else t
    body = w.name("body")
    with w.hold([*values, *carry, *stacked]):
        given_up = [
            value for variable, value in zip(inner.jaxpr.invars[n_consts:], carry, strict=False)
            if isinstance(value, Value) and _is_only_updated(inner.jaxpr, variable)
        ]  # fmt: skip
        with w.function(body), w.giving_up(given_up):
            rows = [_row(x, now) for x in values[n_consts + n_carry :]]
            out = w.interpret(w, inner.jaxpr, inner.consts, [*consts, *carry, *rows])
            _fill(w, [_row(x, now) for x in stacked], out[n_carry:])
            _advance(w, carry, out[:n_carry])
        w.line(f"for ({t} = 0; {t} < {p['length']}; {t}++) {body}();")
    return [*carry, *stacked]


def _is_only_updated(jaxpr: Any, variable: Any) -> bool:
    """Whether nothing reads a variable but one update of some of its entries.

    Such an array, carried from step to step, is written to where it lies.
    """
    readers = [e for e in jaxpr.eqns for operand in e.invars if operand is variable]
    if len(readers) != 1 or any(result is variable for result in jaxpr.outvars):
        return False
    (eqn,) = readers
    place = next(i for i, operand in enumerate(eqn.invars) if operand is variable)
    if eqn.primitive.name in CALLS:
        inner = _called(eqn)
        jaxpr = inner.jaxpr if hasattr(inner, "consts") else inner
        return _is_only_updated(jaxpr, jaxpr.invars[place])
    return place == 0 and eqn.primitive.name.startswith(UPDATES)


def while_(w: Writer, eqn: Any, *operands: Value | Keys) -> list[Any]:
    p = eqn.params
    if p["cond_jaxpr"].out_avals[0].shape:
        return _while_any(w, eqn, operands)
    values = _cheap(w, operands)
    n_test, n_body = p["cond_nconsts"], p["body_nconsts"]
    test_consts, body_consts = values[:n_test], values[n_test : n_test + n_body]
    carry = _arrays(w, eqn.outvars)
    _fill(w, carry, values[n_test + n_body :])
    going = w.counter()
    test, body = w.name("test"), w.name("body")
    with w.hold([*values, *carry]):
        with w.function(test):
            inner = p["cond_jaxpr"]
            (true,) = w.interpret(w, inner.jaxpr, inner.consts, [*test_consts, *carry])
            w.line(f"{going} = {true.at([])};")
        with w.function(body):
            inner = p["body_jaxpr"]
            out = w.interpret(w, inner.jaxpr, inner.consts, [*body_consts, *carry])
            _advance(w, carry, out)
        w.line(f"for ({test}(); {going}; {test}()) {body}();")
    return carry


def _while_any(w: Writer, eqn: Any, operands: Sequence[Any]) -> list[Any]:
    """Many loops at once, as ``vmap`` makes of one: each keeps its values once it is done."""
    p = eqn.params
    n_test, n_consts = p["cond_nconsts"], p["cond_nconsts"] + p["body_nconsts"]
    test, body = jaxpr_as_fun(p["cond_jaxpr"]), jaxpr_as_fun(p["body_jaxpr"])

    def loop(*x: jax.Array) -> Any:
        def going(carry: Any) -> jax.Array:
            return test(*x[:n_test], *carry)[0]

        def step(carry: Any) -> Any:
            on = going(carry)
            pairs = zip(body(*x[n_test:n_consts], *carry), carry, strict=True)
            return tuple(
                jnp.where(jax.lax.broadcast_in_dim(on, old.shape, range(on.ndim)), new, old)
                for new, old in pairs
            )

        return jax.lax.while_loop(lambda carry: jnp.any(going(carry)), step, x[n_consts:])

    traced = jax.make_jaxpr(loop)(*[v.aval for v in eqn.invars])
    return w.interpret(w, traced.jaxpr, traced.consts, operands)


def cond(w: Writer, eqn: Any, which: Value, *operands: Value | Keys) -> list[Any]:
    """Only the chosen branch runs. (Under vmap JAX itself turns it into a select of all.)"""
    values = _cheap(w, operands)
    results = _arrays(w, eqn.outvars)
    names = []
    with w.hold([*values, *results]):
        for branch in eqn.params["branches"]:
            names.append(w.name("branch"))
            with w.function(names[-1]):
                _fill(w, results, w.interpret(w, branch.jaxpr, branch.consts, values))
    *first, last = names
    with w.block(f"switch ({which.at([])})"):
        for i, name in enumerate(first):
            w.line(f"case {i}: {name}(); break;")
        w.line(f"default: {last}();")
    return results


def platform_index(w: Writer, eqn: Any) -> Value:
    """Which branch a ``platform_dependent`` takes here: a module is none of JAX's platforms."""
    if None not in eqn.params["platforms"]:
        raise UnsupportedError("platform_dependent without a default")
    return literal(eqn.params["platforms"].index(None), "int32")


# --- what goes around: arrays, and random keys, which are two arrays each ---


def _cheap(w: Writer, operands: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(x if isinstance(x, Keys) else w.cheap(x) for x in operands)


def _arrays(w: Writer, variables: Sequence[Any]) -> list[Any]:
    """New arrays for a loop's variables."""
    made = []
    for aval in [v.aval for v in variables]:
        if jnp.issubdtype(aval.dtype, jax.dtypes.prng_key):
            first, second = (w.new("uint32", aval.shape) for _ in range(2))
            made.append(Keys(first, second, aval.dtype._impl))
        else:
            made.append(w.new(str(aval.dtype), aval.shape))
    return made


def _row(x: Value | Keys, now: str) -> Value | Keys:
    if isinstance(x, Keys):
        return x._replace(first=x.first.move(0, now), second=x.second.move(0, now))
    return x.move(0, now)


def _halves(values: Sequence[Any]) -> list[Value]:
    return [h for x in values for h in ((x.first, x.second) if isinstance(x, Keys) else (x,))]


def _fill(w: Writer, targets: Sequence[Any], values: Sequence[Any]) -> None:
    for target, value in zip(_halves(targets), _halves(values), strict=True):
        w.assign(target, value)


def _advance(w: Writer, carry: Sequence[Any], values: Sequence[Any]) -> None:
    """``carry = values`` at once, although the values may still read the old carry."""
    pairs = zip(_halves(carry), _halves(values), strict=True)
    waiting = [(to, value) for to, value in pairs if not _same(to, value)]
    while waiting:
        ready = next((p for p in waiting if not _is_read(p[0], p[1], waiting)), None)
        if ready is None:  # a cycle, as when two arrays change places
            to, value = waiting[0]
            waiting[0] = (to, w.copied(value))
            continue
        waiting.remove(ready)
        w.assign(*ready)


def _same(to: Value, value: Value) -> bool:
    return value.is_view and value.view == to.view


def _is_read(to: Value, value: Value, waiting: Sequence[tuple[Value, Value]]) -> bool:
    """Whether writing ``to`` now would change what is still to be read."""
    by_others = any(
        leaf.buffer is to.view.buffer
        for other, later in waiting
        if other is not to
        for leaf in later.leaves
    )
    elsewhere = any(x.buffer is to.view.buffer and x != to.view for x in value.leaves)
    return by_others or elsewhere


UPDATES = ("scatter", "dynamic_update_slice")
CALLS = ["jit", "pjit", "closed_call", "checkpoint", "remat2", "custom_jvp_call",
         "custom_vjp_call", "custom_vjp_call_jaxpr", "composite"]  # fmt: skip

RULES = {
    **dict.fromkeys(CALLS, call),
    "optimization_barrier": identity,
    "device_put": identity,
    "name": identity,
    "random_clone": identity,
    "platform_index": platform_index,
    "scan": scan,
    "while": while_,
    "cond": cond,
}
