"""Loops, branches and calls. A loop's body is a function, which engines optimize on its own."""

from collections.abc import Sequence
from typing import Any

from stabsim.wasm.value import Keys, UnsupportedError, Value
from stabsim.wasm.writer import Writer


def call(w: Writer, eqn: Any, *operands: Value | Keys) -> list[Any]:
    """Any call: written where it stands."""
    inner = next(eqn.params[k] for k in ("jaxpr", "call_jaxpr", "fun_jaxpr") if k in eqn.params)
    jaxpr, consts = (inner.jaxpr, inner.consts) if hasattr(inner, "consts") else (inner, ())
    return w.interpret(w, jaxpr, consts, operands)


def identity(w: Writer, eqn: Any, *operands: Value | Keys) -> list[Any]:
    return list(operands)


def scan(w: Writer, eqn: Any, *operands: Value | Keys) -> list[Value]:
    p = eqn.params
    values = _no_keys(w, eqn, operands)
    n_consts, n_carry = p["num_consts"], p["num_carry"]
    consts = values[:n_consts]
    carry = _buffers(w, eqn.params["jaxpr"].jaxpr.invars[n_consts:][:n_carry])
    _fill(w, carry, values[n_consts : n_consts + n_carry])
    stacked = [w.new(str(v.aval.dtype), v.aval.shape) for v in eqn.outvars[n_carry:]]
    t = w.counter()
    now = f"({p['length'] - 1} - {t})" if p["reverse"] else t
    rows = [x.move(0, now) for x in values[n_consts + n_carry :]]
    body = w.name("body")
    with w.hold([*values, *carry, *stacked]):
        with w.function(body):
            inner = p["jaxpr"]
            out = w.interpret(w, inner.jaxpr, inner.consts, [*consts, *carry, *rows])
            for target, value in zip(stacked, out[n_carry:], strict=True):
                w.assign(target.move(0, now), value)
            _advance(w, carry, out[:n_carry])
        w.line(f"for ({t} = 0; {t} < {p['length']}; {t}++) {body}();")
    return [*carry, *stacked]


def while_(w: Writer, eqn: Any, *operands: Value | Keys) -> list[Value]:
    p = eqn.params
    values = _no_keys(w, eqn, operands)
    n_test, n_body = p["cond_nconsts"], p["body_nconsts"]
    test_consts, body_consts = values[:n_test], values[n_test : n_test + n_body]
    carry = _buffers(w, eqn.outvars)
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


def cond(w: Writer, eqn: Any, which: Value, *operands: Value | Keys) -> list[Value]:
    """Only the chosen branch runs. (Under vmap JAX itself turns it into a select of all.)"""
    values = _no_keys(w, eqn, operands)
    branches = eqn.params["branches"]
    results = _buffers(w, eqn.outvars)
    names = []
    with w.hold([*values, *results]):
        for branch in branches:
            names.append(w.name("branch"))
            with w.function(names[-1]):
                out = w.interpret(w, branch.jaxpr, branch.consts, values)
                _fill(w, results, out)
    with w.block(f"switch ({which.at([])})"):
        for i, name in enumerate(names):
            case = "default" if i == len(names) - 1 else f"case {i}"
            if i == 0 and len(names) > 1:
                case = "case 0"
            w.line(f"{case}: {name}(); break;")
    return results


def _no_keys(w: Writer, eqn: Any, operands: Sequence[Any]) -> tuple[Value, ...]:
    if any(isinstance(x, Keys) for x in operands):
        raise UnsupportedError(
            f"{eqn.primitive.name} over random keys: draw before it, or fold_in a number inside"
        )
    return tuple(w.cheap(x) for x in operands)


def _buffers(w: Writer, variables: Sequence[Any]) -> list[Value]:
    return [w.new(str(v.aval.dtype), v.aval.shape) for v in variables]


def _fill(w: Writer, targets: Sequence[Value], values: Sequence[Value]) -> None:
    for target, value in zip(targets, values, strict=True):
        w.assign(target, value)


def _advance(w: Writer, carry: Sequence[Value], values: Sequence[Value]) -> None:
    """``carry = values`` at once, although the values may still read the old carry."""
    waiting = [(to, value) for to, value in zip(carry, values, strict=True) if not _same(to, value)]
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


CALLS = ["jit", "pjit", "closed_call", "checkpoint", "remat2", "custom_jvp_call",
         "custom_vjp_call", "custom_vjp_call_jaxpr"]  # fmt: skip

RULES = {
    **dict.fromkeys(CALLS, call),
    "optimization_barrier": identity,
    "scan": scan,
    "while": while_,
    "cond": cond,
}
