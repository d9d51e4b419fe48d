"""Small training runs of every kind, each a function of a few numbers, for the table of tests.

Sizes all differ, so that a wrong transpose is a wrong shape; "square" is the exception.
"""

from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

ROWS, INPUTS, HIDDEN, CLASSES, STEPS = 48, 16, 24, 5, 20
_random = np.random.default_rng(0)


def normal(*shape: int, scale: float = 1.0) -> jax.Array:
    return jnp.asarray(scale * _random.normal(size=shape), jnp.float32)


def whole(high: int, *shape: int) -> jax.Array:
    return jnp.asarray(_random.integers(0, high, shape), jnp.int32)


X, LABELS = normal(ROWS, INPUTS), whole(CLASSES, ROWS)
Y = jax.nn.one_hot(LABELS, CLASSES)
IMAGES, IMAGE_Y = normal(12, 8, 8, 1), jax.nn.one_hot(whole(CLASSES, 12), CLASSES)
TOKENS = whole(20, ROWS)
BATCHES = whole(ROWS, STEPS, 8)
RATES = np.geomspace(0.003, 0.3, 7, dtype=np.float32)
map_ = jax.tree.map


# --- parameters ---


def dense(*sizes: int) -> list[tuple[jax.Array, jax.Array]]:
    return [(normal(a, b, scale=a**-0.5), jnp.zeros(b)) for a, b in pairwise(sizes)]


NET = dense(INPUTS, HIDDEN, HIDDEN, CLASSES)
OTHER = dense(INPUTS, HIDDEN, HIDDEN, CLASSES)
BLOCKS = {
    "in": normal(INPUTS, HIDDEN, scale=0.25),
    "out": normal(HIDDEN, CLASSES, scale=0.2),
    "blocks": [
        {
            "up": normal(HIDDEN, 2 * HIDDEN, scale=0.2),
            "down": normal(2 * HIDDEN, HIDDEN, scale=0.14),
            "gain": jnp.ones(HIDDEN),
            "shift": jnp.zeros(HIDDEN),
            "gate": jnp.zeros(()),
        }
        for _ in range(3)
    ],
}
STACKED = {**BLOCKS, "blocks": map_(lambda *x: jnp.stack(x), *BLOCKS["blocks"])}
CONV = {"a": normal(3, 3, 1, 6, scale=0.3), "b": normal(3, 3, 6, 8, scale=0.14),
        "out": normal(32, CLASSES, scale=0.2)}  # fmt: skip
ATTENTION = {
    **{name: normal(INPUTS, HIDDEN, scale=0.25) for name in "qkv"},
    "out": normal(HIDDEN, CLASSES, scale=0.2),
}
EMBEDDED = {"table": normal(20, INPUTS), "net": NET}


# --- networks and losses ---


def mlp(params: Any, x: jax.Array, activation: Any = jnp.tanh) -> jax.Array:
    for w, b in params[:-1]:
        x = activation(x @ w + b)
    w, b = params[-1]
    return x @ w + b


def cross_entropy(logits: jax.Array, y: jax.Array = Y) -> jax.Array:
    return -jnp.mean(jnp.sum(jax.nn.log_softmax(logits) * y, -1))


def classify(params: Any, activation: Any = jnp.tanh) -> jax.Array:
    return cross_entropy(mlp(params, X, activation))


def layer_norm(x: jax.Array, gain: Any = 1.0, shift: Any = 0.0) -> jax.Array:
    mean, variance = jnp.mean(x, -1, keepdims=True), jnp.var(x, -1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5) * gain + shift


def rms_norm(x: jax.Array) -> jax.Array:
    return x * lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-6)


def batch_norm(x: jax.Array) -> jax.Array:
    return (x - x.mean(0)) * lax.rsqrt(x.var(0) + 1e-5)


def feed(h: jax.Array, p: Any) -> jax.Array:
    return jax.nn.relu(h @ p["up"]) @ p["down"]


RESIDUALS = {
    "pre": lambda h, p: h + feed(layer_norm(h, p["gain"], p["shift"]), p),
    "post": lambda h, p: layer_norm(h + feed(h, p), p["gain"], p["shift"]),
    "gated": lambda h, p: h + p["gate"] * feed(h, p),
}


def residual(params: Any, kind: str) -> jax.Array:
    h = X @ params["in"]
    for block in params["blocks"]:
        h = RESIDUALS[kind](h, block)
    return cross_entropy(h @ params["out"])


def residual_scanned(params: Any) -> jax.Array:
    h, _ = lax.scan(lambda h, p: (RESIDUALS["pre"](h, p), None), X @ params["in"], params["blocks"])
    return cross_entropy(h @ params["out"])


def convolved(params: Any, pool: str) -> jax.Array:
    stride = 2 if pool == "stride" else 1
    x = IMAGES
    for kernel in (params["a"], params["b"]):
        x = lax.conv_general_dilated(
            x, kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = _pooled(jax.nn.relu(x), pool)
    return cross_entropy(x.reshape(len(x), -1) @ params["out"], IMAGE_Y)


def _pooled(x: jax.Array, pool: str) -> jax.Array:
    window = (1, 2, 2, 1)
    if pool == "max":
        return lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID")
    return x


def attend(params: Any) -> jax.Array:
    x = X.reshape(ROWS // 8, 8, INPUTS)
    q, k, v = (x @ params[name] for name in "qkv")
    mask = jnp.where(jnp.tril(jnp.ones((8, 8))) > 0, 0.0, -1e9)
    weights = jax.nn.softmax(jnp.einsum("bid,bjd->bij", q, k) / 5 + mask, -1)
    mixed = jnp.einsum("bij,bjd->bid", weights, v)
    return cross_entropy((mixed @ params["out"]).reshape(ROWS, CLASSES))


def log_likelihood(params: Any) -> jax.Array:
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(mlp(params, X)), LABELS[:, None], 1))


# --- update rules: (params, grads, (m, v), t, *numbers) -> params, (m, v) ---


def norm(tree: Any) -> jax.Array:
    return jnp.sqrt(sum(jnp.sum(x * x) for x in jax.tree.leaves(tree)))


def descend(p: Any, d: Any, rate: Any) -> Any:
    return map_(lambda a, b: a - rate * b, p, d)


def sgd(p: Any, g: Any, s: Any, t: Any, rate: Any) -> Any:
    return descend(p, g, rate), s


def momentum(p: Any, g: Any, s: Any, t: Any, rate: Any, beta: Any) -> Any:
    m = map_(lambda m, g: beta * m + g, s[0], g)
    return descend(p, m, rate), (m, s[1])


def clipped(p: Any, g: Any, s: Any, t: Any, rate: Any, clip: Any, warmup: Any) -> Any:
    scale = jnp.minimum(1.0, clip / (norm(g) + 1e-6))
    rate = rate * jnp.minimum(1.0, (t + 1) / jnp.maximum(warmup, 1.0))
    return momentum(p, map_(lambda x: x * scale, g), s, t, rate, 0.9)


def scheduled(p: Any, g: Any, s: Any, t: Any, rate: Any, warmup: Any) -> Any:
    decay = 0.5 * (1 + jnp.cos(jnp.pi * (t - 12) / 8))
    shape = jnp.where(t < warmup, (t + 1) / jnp.maximum(warmup, 1.0), jnp.where(t < 12, 1.0, decay))
    return sgd(p, g, s, t, rate * shape)


def adam(p: Any, g: Any, s: Any, t: Any, rate: Any, b1: Any, b2: Any, kind: str = "adam") -> Any:
    m = map_(lambda m, g: b1 * m + (1 - b1) * g, s[0], g)
    v = map_(lambda v, g: b2 * v + (1 - b2) * g * g, s[1], g)
    c1, c2 = 1 - b1 ** (t + 1), 1 - b2 ** (t + 1)
    if kind == "rmsprop":
        d = map_(lambda g, v: g / (jnp.sqrt(v) + 1e-6), g, v)
    elif kind == "nadam":
        ahead = map_(lambda m, g: b1 * m / (1 - b1 ** (t + 2)) + (1 - b1) * g / c1, m, g)
        d = map_(lambda m, v: m / (jnp.sqrt(v / c2) + 1e-8), ahead, v)
    else:
        d = map_(lambda m, v: (m / c1) / (jnp.sqrt(v / c2) + 1e-8), m, v)
    return descend(p, d, rate), (m, v)


def muon(p: Any, g: Any, s: Any, t: Any, rate: Any) -> Any:
    def orthogonal(g: jax.Array) -> jax.Array:
        z = g.T if g.shape[0] > g.shape[1] else g
        z = z / (jnp.linalg.norm(z) + 1e-7)
        for _ in range(5):
            a = z @ z.T
            z = 3.4445 * z + (-4.7750 * a + 2.0315 * a @ a) @ z
        return z.T if g.shape[0] > g.shape[1] else z

    m = map_(lambda m, g: 0.9 * m + g, s[0], g)
    return descend(p, map_(lambda x: orthogonal(x) if x.ndim == 2 else x, m), rate), (m, s[1])


def chosen(how: str) -> Any:
    """The rule that a number chooses: one branch runs, or all of them and one is selected."""

    def update(p: Any, g: Any, s: Any, t: Any, rate: Any, which: Any) -> Any:
        b1, b2 = jnp.float32(0.9), jnp.float32(0.99)
        rules = [
            lambda: momentum(p, g, s, t, rate, b1),
            lambda: adam(p, g, s, t, rate * 0.1, b1, b2),
            lambda: adam(p, g, s, t, rate * 0.05, b1, b2, "rmsprop"),
        ]
        if how == "switch":
            return lax.switch(which, rules)
        if how == "cond":
            return lax.cond(which == 0, *rules[:2])
        results = [rule() for rule in rules]
        return map_(lambda a, b, c: jnp.where(which == 0, a, jnp.where(which == 1, b, c)), *results)

    return update


# --- runs ---


def trained(loss: Any, params: Any = NET, update: Any = sgd) -> Any:
    """A function of the update rule's numbers that trains and returns losses and norms."""

    def run(*numbers: Any) -> Any:
        def step(carry: Any, t: jax.Array) -> Any:
            value, g = jax.value_and_grad(loss)(carry[0])
            return update(*carry[:1], g, carry[1], t, *numbers), (value, norm(g))

        zeros = map_(jnp.zeros_like, params)
        start = (params, (zeros, zeros))
        return lax.scan(step, start, jnp.arange(STEPS, dtype=jnp.float32))[1]

    return run


def on_rows(inputs_and_targets: Any) -> Any:
    """Training on what ``inputs_and_targets(x, rate)`` gives at each ``x`` of a table."""

    def run(rate: Any, table: Any) -> Any:
        def step(p: Any, x: Any) -> Any:
            inputs, y = inputs_and_targets(x)
            value, g = jax.value_and_grad(lambda p: cross_entropy(mlp(p, inputs), y))(p)
            return descend(p, g, rate), value

        return lax.scan(step, NET, table)[1]

    return run


def window(t: jax.Array) -> Any:
    start = (t * 7) % (ROWS - 8)
    return tuple(lax.dynamic_slice_in_dim(x, start, 8) for x in (X, Y))


def masked_batch(rate: Any, size: Any) -> Any:
    """A batch size that is an argument: the first ``size`` rows of each batch count."""

    def loss(p: Any, t: Any) -> Any:
        rows, weight = BATCHES[t], (jnp.arange(8) < size).astype(jnp.float32)
        each = jnp.sum(jax.nn.log_softmax(mlp(p, X[rows])) * Y[rows], -1)
        return -jnp.sum(each * weight) / jnp.sum(weight)

    def step(p: Any, t: Any) -> Any:
        value, g = jax.value_and_grad(loss)(p, t)
        return descend(p, g, rate), value

    return lax.scan(step, NET, jnp.arange(STEPS))[1]


def hashed_noise(rate: Any, seed: Any) -> Any:
    def step(p: Any, t: Any) -> Any:
        u = jnp.sin(jnp.arange(X.size, dtype=jnp.float32) * 1.2 + (t + seed) * 7.8) * 43.7
        x = X + 0.1 * (u - jnp.floor(u)).reshape(X.shape)
        value, g = jax.value_and_grad(lambda p: cross_entropy(mlp(p, x)))(p)
        return descend(p, g, rate), value

    return lax.scan(step, NET, jnp.arange(STEPS, dtype=jnp.float32))[1]


def sharpness(how: str) -> Any:
    """Power iteration on Hessian-vector products at every step, of one or more iterations."""

    def power(p: Any, v: Any) -> Any:
        v = map_(lambda x: x / norm(v), v)
        hv = jax.jvp(jax.grad(classify), (p,), (v,))[1]
        return hv, sum(jnp.sum(a * b) for a, b in zip(*map(jax.tree.leaves, (v, hv)), strict=True))

    def step(rate: Any, carry: Any, _: Any) -> Any:
        p, v = carry
        if how == "scan":
            v, found = lax.scan(lambda v, _: power(p, v), v, None, length=4)
            found = found[-1]
        elif how == "fori":
            v, found = lax.fori_loop(0, 4, lambda _, c: power(p, c[0]), (v, jnp.float32(0)))
        else:
            v, found = power(p, v)
        return (descend(p, jax.grad(classify)(p), rate), v), found

    return lambda rate: lax.scan(partial(step, rate), (NET, OTHER), None, length=STEPS)[1]


def until(rate: Any, count: Any) -> Any:
    """A bound that is an argument, a row written at a computed place, and a while loop."""

    def body(i: Any, carry: Any) -> Any:
        p, losses = carry
        value, g = jax.value_and_grad(classify)(p)
        return descend(p, g, rate), losses.at[i].set(value)

    return lax.fori_loop(0, count, body, (NET, jnp.zeros(STEPS)))[1]


def stopped(rate: Any, count: Any) -> Any:
    """Steps that are skipped once ``count`` were made."""

    def step(carry: Any, t: Any) -> Any:
        def go(carry: Any) -> Any:
            value, g = jax.value_and_grad(classify)(carry[0])
            return descend(carry[0], g, rate), value

        carry = lax.cond(t < count, go, lambda c: c, carry)
        return carry, carry[1]

    return lax.scan(step, (NET, jnp.float32(0)), jnp.arange(STEPS))[1]


def chunk(state: Any, rate: Any, beta: Any) -> Any:
    """Part of a run whose state goes in and comes out."""
    _, unravel = jax.flatten_util.ravel_pytree(NET)

    def step(carry: Any, _: Any) -> Any:
        p, m = carry
        value, g = jax.value_and_grad(lambda p: classify(unravel(p)))(p)
        m = beta * m + g
        return (p - rate * m, m), value

    return lax.scan(step, state, None, length=5)


def statistics(rate: Any) -> Any:
    """Standard deviations, percentiles, histograms and accuracy of what the layers hold."""

    def step(p: Any, _: Any) -> Any:
        h, deviations = X, []
        for w, b in p[:-1]:
            h = jnp.tanh(h @ w + b)
            deviations.append(jnp.std(h))
        flat = h.ravel()
        edges = jnp.linspace(-1, 0.9, 8)
        inside = (flat[:, None] >= edges) & (flat[:, None] < edges + 0.25)
        accuracy = jnp.mean((jnp.argmax(mlp(p, X), -1) == LABELS).astype(jnp.float32))
        seen = (jnp.stack(deviations), jnp.sort(flat)[::64], inside.sum(0), accuracy)
        return descend(p, jax.grad(classify)(p), rate), (*seen, jnp.max(jnp.abs(h)))

    return lax.scan(step, NET, None, length=STEPS)[1]


def square(rate: Any) -> Any:
    """Square matrices alone, where a wrong transpose keeps every shape."""
    x, start = X[:16], [normal(16, 16, scale=0.25) for _ in range(3)]

    def loss(ws: Any) -> Any:
        return jnp.mean((jnp.tanh(jnp.tanh(x @ ws[0]) @ ws[1]) @ ws[2] - 1) ** 2)

    def step(ws: Any, _: Any) -> Any:
        value, g = jax.value_and_grad(loss)(ws)
        return descend(ws, g, rate), value

    return lax.scan(step, start, None, length=STEPS)


def with_optax(make: Any) -> Any:
    @jax.numpy_dtype_promotion("standard")  # which optax counts on
    def run(rate: Any) -> Any:
        rule = make(rate)

        def step(carry: Any, _: Any) -> Any:
            p, s = carry
            value, g = jax.value_and_grad(classify)(p)
            updates, s = rule.update(g, s, p)
            return (optax.apply_updates(p, updates), s), value

        return lax.scan(step, (NET, rule.init(NET)), None, length=STEPS)[1]

    return run
