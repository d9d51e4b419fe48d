"""Whole training runs, compiled and compared with ``jax.jit``."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

import jax2wasm
from tests.jax2wasm import networks as n
from tests.jax2wasm.check import check


def f(*numbers):
    return tuple(np.float32(x) for x in numbers)


def i(*numbers):
    return tuple(np.int32(x) for x in numbers)


def each(table):
    """One program of several, all of the same arguments: half a second is saved with each."""
    return lambda *arguments: {name: program(*arguments) for name, program in table.items()}


ACTIVATIONS = {
    "relu": jax.nn.relu,
    "gelu": jax.nn.gelu,
    "gelu by erf": partial(jax.nn.gelu, approximate=False),
    "silu": jax.nn.silu,
    "leaky relu, elu": lambda h: jax.nn.leaky_relu(h) + jax.nn.elu(h),
    "softplus, sigmoid": lambda h: jax.nn.softplus(h) - jax.nn.sigmoid(h),
    "norms": lambda h: jnp.tanh(n.rms_norm(h)) + jax.nn.relu(n.batch_norm(h)),
}
LOSSES = {
    "by label": n.log_likelihood,
    "logsumexp": lambda p: jnp.mean(
        jax.nn.logsumexp(n.mlp(p, n.X), -1) - jnp.sum(n.mlp(p, n.X) * n.Y, -1)
    ),
    "squared": lambda p: jnp.mean((n.mlp(p, n.X) - n.Y) ** 2),
}
STATE = tuple(map(np.asarray, (ravel_pytree(n.NET)[0], jnp.zeros(ravel_pytree(n.NET)[0].size))))
TABLE = np.asarray(n.BATCHES)
TIMES = np.arange(n.STEPS, dtype=np.int32)

PROGRAMS = {
    "activations": (
        each({k: n.trained(partial(n.classify, activation=a)) for k, a in ACTIVATIONS.items()}),
        f(0.05),
    ),
    "losses": (each({k: n.trained(loss) for k, loss in LOSSES.items()}), f(0.1)),
    "momentum": (n.trained(n.classify, update=n.momentum), f(0.05, 0.9), f(0.1, 0)),
    "clipping, warmup": (n.trained(n.classify, update=n.clipped), f(0.05, 1, 10), f(0.05, 9, 0)),
    "schedule": (n.trained(n.classify, update=n.scheduled), f(0.1, 5)),
    "adam": (
        each({
            kind: n.trained(n.classify, update=partial(n.adam, kind=kind))
            for kind in ("adam", "nadam", "rmsprop")
        }),
        f(0.002, 0.9, 0.99),
    ),
    "muon": (n.trained(n.classify, update=n.muon), f(0.01)),
    "residual": (
        each({k: n.trained(partial(n.residual, kind=k), n.BLOCKS) for k in n.RESIDUALS}),
        f(0.02),
    ),
    "scan over depth": (n.trained(n.residual_scanned, n.STACKED), f(0.05)),
    "convolution": (
        each({
            pool: n.trained(partial(n.convolved, pool=pool), n.CONV)
            for pool in ("stride", "max")
        }),
        f(0.05),
    ),
    "attention": (n.trained(n.attend, n.ATTENTION), f(0.1)),
    "embedding": (
        each({
            "rows": n.trained(
                lambda p: n.cross_entropy(n.mlp(p["net"], p["table"][n.TOKENS])), n.EMBEDDED
            ),
            "one-hot": n.trained(
                lambda p: n.cross_entropy(
                    n.mlp(p["net"], jax.nn.one_hot(n.TOKENS, 20) @ p["table"])
                ),
                n.EMBEDDED,
            ),
        }),
        f(0.1),
    ),
    "minibatches of rows": (
        each({
            "indexed": n.on_rows(lambda rows: (n.X[rows], n.Y[rows])),
            "taken": n.on_rows(
                lambda rows: (jnp.take(n.X, rows, axis=0), jnp.take(n.Y, rows, axis=0))
            ),
        }),
        (np.float32(0.1), TABLE),
    ),
    "minibatches by window": (n.on_rows(n.window), (np.float32(0.1), TIMES)),
    "batch size": (n.masked_batch, (np.float32(0.1), np.int32(5)), (np.float32(0.1), np.int32(8))),
    "hashed noise": (n.hashed_noise, f(0.1, 3)),
    "rates at once": (jax.vmap(n.trained(n.classify)), (n.RATES,)),
    "grid at once": (
        jax.vmap(jax.vmap(n.trained(n.classify, update=n.momentum), (0, None)), (None, 0)),
        (n.RATES / 5, np.float32([0, 0.5, 0.9])),
    ),
    "switch at once": (
        jax.vmap(n.trained(n.classify, update=n.chosen("switch")), (0, None)),
        (n.RATES / 10, np.int32(1)), (n.RATES / 10, np.int32(2)),
    ),
    **{
        f"rule by {how}": (
            n.trained(n.classify, update=n.chosen(how)),
            *[(np.float32(0.05), np.int32(which)) for which in range(3)],
        )
        for how in ("switch", "cond", "where")
    },
    "sharpness": (each({how: n.sharpness(how) for how in ("once", "scan", "fori")}), f(0.05)),
    "count": (n.until, (np.float32(0.1), np.int32(7)), (np.float32(0.1), np.int32(0))),
    "stopped": (n.stopped, (np.float32(0.1), np.int32(7))),
    "in chunks": (n.chunk, (STATE, *f(0.05, 0.9))),
    "statistics": (n.statistics, f(0.1)),
    "square": (n.square, f(0.1)),
    "optax": (
        each({
            "adam": n.with_optax(
                lambda rate: optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate))
            ),
            "lion": n.with_optax(lambda rate: optax.lion(rate / 10)),
        }),
        f(0.003),
    ),
}  # fmt: skip


QUICK = (
    "activations", "losses", "momentum", "clipping, warmup", "adam", "attention",
    "minibatches of rows", "rates at once", "rule by cond", "stopped", "in chunks",
)  # fmt: skip
"""Between them they use every part of the compiler; the labs are compiled and compared, too."""


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.long) for n in PROGRAMS]
)
@pytest.mark.usefixtures("unchecked")  # which is quicker by half; the tests of parts are checked
def test_program(name):
    function, *calls = PROGRAMS[name]
    check(function, *calls)


@pytest.mark.usefixtures("unchecked")
def test_divergence_is_kept():
    """NaN and inf stand where JAX has them; what led there is chaos, compared loosely."""

    def run(rate):
        linear = n.trained(lambda p: jnp.mean((n.mlp(p, n.X, lambda h: h) - n.Y) ** 2))(rate)
        return linear, jnp.isfinite(linear[0])

    ((losses, _), finite) = check(run, f(20), tolerance=1e-3)[0]
    assert finite[:2].all()
    assert np.isnan(losses[-1])


def test_runs_do_not_remember():
    """A run starts anew: its result is that of the first run, whatever ran between."""
    engine = jax2wasm.Engine(jax2wasm.compile(n.trained(n.classify, update=n.momentum), *f(0, 0)))
    first = engine(*f(0.05, 0.9))
    engine(*f(1e20, 0.9))
    for a, b in zip(first, engine(*f(0.05, 0.9)), strict=True):
        np.testing.assert_array_equal(a, b)
