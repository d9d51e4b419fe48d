"""Loops, branches and calls: carries that change places, closures, nesting, empty loops."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import jax2wasm
from tests.jax2wasm.check import check

X = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_carries_that_read_each_other():
    """``carry = values`` happens at once, whatever the new values still read of the old."""

    def run(a, b):
        def turn(carry, _):
            a, b, c = carry
            return (b, c * 2, a), None

        def mirror(carry, _):
            a, b = carry
            return (b[::-1], a.at[0].add(b[1])), a

        def within(a, _):
            return jnp.roll(a, 1) + a[::-1], a[1]

        return (
            lax.scan(turn, (a, b, a + b), None, length=5),
            lax.scan(mirror, (a, b), None, length=3),
            lax.scan(within, a, None, length=4),
            lax.fori_loop(0, 3, lambda i, c: (c[1], c[0] + i), (a, b)),
        )

    check(run, (X[0], X[1]))


def test_carries_that_are_updated_where_they_lie():
    def run(a, b):
        def fill(carry, i):
            a, b = carry
            return (a.at[i].set(b.sum()), b + 1), b[0]

        def change_places(carry, i):
            a, b = carry
            return (b, lax.dynamic_update_slice(a, b[:1] * 2, (i,))), None

        def read_before(carry, i):
            return carry.at[i].add(1.0), carry

        def read_after(a, i):
            a = a.at[i].add(1.0)
            return a, (a * 2, a.sum())

        def given_back(carry, i):
            a, b = carry
            return (a.at[i].set(0.0), jnp.flip(b)), None

        steps = jnp.arange(4)
        return (
            lax.scan(fill, (a, b), steps),
            lax.scan(change_places, (a, b), steps),
            lax.scan(read_before, a, steps),
            lax.scan(read_after, a, steps),
            lax.scan(given_back, (a, a), steps),
            a, b,
        )  # fmt: skip

    check(run, (X[0], X[1]))


def test_loops_of_every_kind():
    def run(x, n):
        total, rows = lax.scan(lambda c, row: (c + row, (c, row * c)), jnp.zeros(4), x)
        back = lax.scan(lambda c, row: (c - row, c[0]), jnp.zeros(4), x, reverse=True)
        nested = lax.scan(
            lambda c, row: lax.scan(lambda d, y: (d * 0.5 + y, d + c[0]), c, jnp.stack([row, c])),
            jnp.ones(4), x,
        )  # fmt: skip
        never = lax.fori_loop(0, 0, lambda i, c: c * 0, x)
        empty = lax.scan(lambda c, _: (c + 1, c), 0.0, None, length=0)
        halved = lax.while_loop(lambda c: c[0] > 1, lambda c: (c[0] / 2, c[1] + 1), (n, 0))
        each = jax.vmap(lambda n: lax.while_loop(lambda c: c < 50, lambda c: c * 3, n))(x[1])
        unrolled = lax.scan(lambda c, row: (c * row.sum(), None), 1.0, x, unroll=2)[0]
        parallel = lax.associative_scan(jnp.maximum, jnp.sin(x.ravel()))
        return total, rows, back, nested, never, empty, halved, each, unrolled, parallel

    check(run, (X, np.float32(37)), (X * 2, np.float32(0.5)))


def test_branches():
    def run(which, x):
        scaled = x * 3
        chosen = lax.switch(which, [lambda: scaled + 1, lambda: x, lambda: -scaled])
        inside = lax.scan(
            lambda c, row: (lax.cond(row[0] > 3, lambda c: c + row, lambda c: c, c), c), x[0], x
        )
        single = lax.switch(which, [lambda: jnp.cos(x)])
        pair = lax.cond(which > 0, lambda p: (p[1], p[0]), lambda p: p, (x, scaled))
        return chosen, inside, single, pair

    check(run, *[(np.int32(which), X) for which in (-1, 0, 1, 2, 7)])


def test_calls_and_derivatives():
    @jax.custom_vjp
    def clipped(x):
        return jnp.clip(x, 0, 5)

    clipped.defvjp(lambda x: (clipped(x), x), lambda x, g: (g * jnp.tanh(x),))

    def run(x):
        remembered = jax.checkpoint(lambda x: jnp.sum(jnp.sin(jax.jit(jnp.exp)(x / 9)) ** 2))
        hessian = jax.hessian(lambda v: jnp.sum(jnp.tanh(v) * v[::-1] ** 2))(x[0] / 5)
        jacobians = jax.jacfwd(jnp.cumsum)(x[0]), jax.jacrev(jnp.sort)(x[1])
        return jax.grad(remembered)(x), hessian, jacobians, jax.grad(lambda x: clipped(x).sum())(x)

    check(run, (X,))


def test_derivatives_of_branches_within_a_loop():
    """Each branch keeps what its own derivative needs, and room for what the others keep."""

    def run(which, x, y):
        def step(c, row):
            branches = [lambda c: jnp.sin(c) * row, lambda c: c * c + row, lambda c: c / (2 + c**2)]
            return lax.switch(which, branches, c), None

        return jax.value_and_grad(lambda x, y: lax.scan(step, x, y)[0].sum(), (0, 1))(x, y)

    y = np.linspace(0.1, 0.9, 12, dtype=np.float32).reshape(3, 4)
    check(run, *((np.int32(which), y[0], y) for which in range(3)))


def test_what_depends_on_no_input_is_computed_once():
    """In ``start()``, from within a loop too; and what only seems constant there is not."""
    table = jnp.sin(jnp.arange(20, dtype=jnp.float32)).reshape(4, 5)

    def run(rate):
        def step(c, row):
            scaled = jnp.tanh(table - table.mean(0)) @ jnp.ones(5)
            fixed = lax.scan(lambda d, y: (d * y + 1, d), 0.0, scaled)[1]
            noise = jax.random.normal(jax.random.key(3), (4,))
            return c * rate + fixed + noise + row, c.sum()

        return lax.scan(step, jnp.zeros(4), table.T)

    check(run, (np.float32(0.5),), (np.float32(-2),))
    source = jax2wasm.compile(run, np.float32(0)).source
    loop, start = source.partition('EXPORT("start")')[::2]
    assert "tanh_f(" in start
    assert "tanh_f(" not in loop.partition("NOINLINE void body")[2]
