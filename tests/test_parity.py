"""The check of compiled programs: what it passes, and that it notices a compiler's faults."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax2wasm.interpret import RULES
from jax2wasm.rules import control
from jax2wasm.value import combine

import jax2wasm
from book import parity
from book.pieces import Program
from tests.tiers import in_short

STEPS, LATE = 40, 30
SETTINGS = [np.float32(x) for x in (0.05, 1.7, 2.3)]  # the last two are chaotic


def program(rate):
    """A net that is trained: momentum, a branch that is taken late, and a search a row of a map."""
    x = jax.random.normal(jax.random.key(0), (12, 4))
    y = jnp.sin(3 * x[:, 0])

    def loss(params):
        hidden, out = params
        return jnp.mean((jnp.tanh(x @ hidden) @ out - y) ** 2)

    def step(carry, t):
        params, speed, (before, kept) = carry
        value, slope = jax.value_and_grad(loss)(params)
        speed = jax.tree.map(lambda s, g: 0.9 * s - rate * g, speed, slope)
        faded = jax.lax.cond(t < LATE, lambda k: 0.5 * k, lambda k: k * jnp.exp(-k), kept)
        params = jax.tree.map(lambda p, s: p + s, params, speed)
        return (params, speed, (faded, 0.5 * before + value)), value

    def search(begin):
        def halve(interval, _):
            low, high = interval
            middle = (low + high) / 2
            above = middle**3 > begin
            return (jnp.where(above, low, middle), jnp.where(above, middle, high)), middle

        return jax.lax.scan(halve, (jnp.float32(0), jnp.float32(2)), None, 24)[1]

    start = jax.random.normal(jax.random.key(1), (4, 8)), jnp.linspace(-1, 1, 8)
    zeros = jax.tree.map(jnp.zeros_like, start)
    end, losses = jax.lax.scan(step, (start, zeros, (rate, rate)), jnp.arange(STEPS))
    roots = jax.lax.map(search, rate * jnp.linspace(0.1, 1, 20))
    return {"losses": losses, "end": end, "roots": roots, "late": jnp.cumsum(losses)[LATE:]}


def test_chaotic_runs_are_held_to_rounding():
    found = parity.check(program, jax2wasm.compile(program, SETTINGS[0]), SETTINGS)
    assert found.apart < parity.MARGIN / 2
    # Of each setting six strides of the training, six of the searches, and six of these and one
    # of the program's straight code.
    assert found.calls == 3 * (6 + 6 + 6 + 1)


def test_a_long_loop_in_a_map_is_taken_apart_too():
    names = Program(program, SETTINGS[0]).compiled(lambda function, *_: function).functions
    assert list(names) == ["straight", "loop 0", "loop 1, straight", "loop 1, loop 0"]


def late_exp(w, eqn, x):
    """Exp wrong by a ten-thousandth, which only the branch that is taken late uses."""
    return combine("float32", x.shape, "1.0001f * exp_f({0})", x)


def turned(name):
    """A rule that gets its operands the other way round."""
    right = RULES[name]
    return lambda w, eqn, a, b: right(w, eqn, b, a)


def forgetful(w, carry, values):
    """A loop whose last state is not carried on."""
    return advance(w, carry[:-1], values[:-1])


def hasty(w, carry, values):
    """A loop that overwrites its state while it still reads it."""
    for to, value in zip(carry, values, strict=True):
        w.assign(to, value)


def row_before(x, now):
    return row(x, f"({now} > 0 ? {now} - 1 : 0)")


advance, row = control._advance, control._row


FAULTS = ("late_exp", "sub", "gt", "forgetful", "hasty", "row_before")


@pytest.mark.parametrize("fault", in_short(FAULTS, "late_exp", "hasty", "row_before"))
def test_a_fault_of_the_compiler_is_noticed(monkeypatch, fault):
    if fault == "late_exp":
        monkeypatch.setitem(RULES, "exp", late_exp)
    elif fault in ("sub", "gt"):
        monkeypatch.setitem(RULES, fault, turned(fault))
    elif fault == "row_before":
        monkeypatch.setattr(control, "_row", row_before)
    else:
        monkeypatch.setattr(control, "_advance", {"forgetful": forgetful, "hasty": hasty}[fault])
    module = jax2wasm.compile(program, SETTINGS[0])
    with pytest.raises(ArithmeticError, match=r"differs from JAX's|one after another"):
        parity.check(program, module, SETTINGS)


def test_a_fault_between_the_pieces_is_noticed():

    def other(rate):
        found = program(rate)
        return found | {"late": found["late"] * 1.0001}

    with pytest.raises(ArithmeticError, match="not its pieces one after another"):
        parity.check(program, jax2wasm.compile(other, SETTINGS[0]), SETTINGS)
