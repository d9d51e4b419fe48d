"""stabsim's own runs, compiled and compared with ``jax.jit``."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import stabsim as ss
from stabsim import workloads
from stabsim.clipping import adaptive_clip, autoclip, clip_by_global_norm, zclip
from stabsim.schedules import linear_warmup, warmup_then_constant
from tests.jax2wasm.check import check

pytestmark = pytest.mark.usefixtures("unchecked")
RULES = {
    ss.sgd: None,
    ss.momentum: clip_by_global_norm(1.0),
    ss.nesterov: zclip(warmup_steps=3),
    ss.rmsprop: autoclip(10.0, 8),
    ss.adam: adaptive_clip(0.1),
    ss.nadam: None,
}
NET = workloads.mlp(width=12, rows=96)


def rate_and_seed(rate, seed):
    return np.float32(rate), np.int32(seed)


def test_all_rules_with_warmup_and_clipping():
    """Minibatches are drawn inside the module, from a seed that is an argument."""

    def runs(rate, seed):
        return {
            rule.__name__: ss.simulate(
                NET, rule(linear_warmup(rate, 5)), steps=12, batch_size=16, seed=seed,
                clipping=clipping, evaluate_at=(),
            )
            for rule, clipping in RULES.items()
        }  # fmt: skip

    (first, second) = check(runs, rate_and_seed(0.02, 3), rate_and_seed(0.02, 4), tolerance=2e-5)
    assert first["momentum"].clipped.any()
    assert not np.array_equal(first["sgd"].loss, second["sgd"].loss)


def test_rules_that_read_the_parameters(rng):
    """On given gradients, so that what Muon's Newton-Schulz steps lift of rounding stays small."""

    def runs(rate, grads):
        rules = {
            "adamw": ss.adamw(linear_warmup(rate, 5), weight_decay=0.1),
            "radam": ss.radam(rate),
            "lion": ss.lion(rate, weight_decay=0.1),
            "adafactor": ss.adafactor(rate),
            "schedule_free_adamw": ss.schedule_free_adamw(linear_warmup(rate, 5)),
            "muon": ss.muon(rate, scale="match_rms_adamw"),
        }
        start = jax.tree.map(lambda g: g[0], grads)

        def path(rule):
            def step(carry, g):
                params, state = carry
                updates, state = rule.update(g, state, params)
                params = jax.tree.map(jnp.add, params, updates)
                return (params, state), rule.kept(params, state)

            return jax.lax.scan(step, (start, rule.init(start)), grads)[1]

        return {name: path(rule) for name, rule in rules.items()}

    shapes = {"w": (12, 5, 3), "b": (12, 3)}
    grads = {k: rng.normal(size=shape).astype(np.float32) for k, shape in shapes.items()}
    check(runs, (np.float32(0.02), grads), (np.float32(0.05), grads), tolerance=1e-5)


def test_sharpness_where_it_is_measured():
    """At the steps asked for, by Lanczos; with a run at a second rate in the same module."""

    def run(rate, seed):
        return ss.simulate(NET, ss.adam(rate), steps=10, seed=seed, measure_sharpness_at=(3, 9))

    results = check(run, rate_and_seed(0.01, 0), rate_and_seed(0.001, 1), tolerance=2e-5)
    assert all((trace.sharpness > 0).all() for trace in results)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: workloads.residual_mlp(depth=3, width=12), marks=pytest.mark.long),
        lambda: workloads.resnet(blocks=1, channels=2),
        pytest.param(lambda: workloads.transformer(depth=1, width=8), marks=pytest.mark.long),
        lambda: workloads.quadratic([1.0, 4.0, 9.0]),
    ],
    ids=["residual_mlp", "resnet", "transformer", "quadratic"],
)
def test_workload(make):
    """The loss and its gradient; as one vector, since a key's bias has none but by rounding."""
    workload = make()
    params = jax.tree.map(np.asarray, workload.init(jax.random.key(0)))

    def loss_and_gradient(params):
        loss, grads = jax.value_and_grad(workload.loss)(params, workload.validation)
        return loss, ravel_pytree(grads)[0]

    check(loss_and_gradient, (params,), tolerance=2e-5)


def test_a_run_with_outliers_and_validation():
    def run(rate, seed):
        rough = workloads.with_outliers(NET, 0.3, 5.0)
        return ss.simulate(rough, ss.sgd(rate), steps=9, batch_size=8, seed=seed,
                           evaluate_at=(0, 4, 9), record_parameters=True)  # fmt: skip

    check(run, rate_and_seed(0.01, 5))


def test_divergence_at_the_same_step():
    """Where sums overflow, inf or NaN depends on their order; the step does not."""

    def run(rate, seed):
        net = workloads.mlp(width=12, rows=96, activation="linear", objective="squared_error")
        loss = ss.simulate(net, ss.momentum(rate), steps=40, seed=seed).loss
        return loss[:3], jnp.isfinite(loss)

    _, finite = check(run, rate_and_seed(0.1, 0), tolerance=1e-4)[0]
    assert 3 < finite.sum() < 40


def test_a_sweep():
    def run(rate):
        rule = ss.momentum(warmup_then_constant(rate, 3, 8))
        return ss.simulate(NET, rule, batch_size=16, evaluate_at=())

    check(jax.vmap(run), (np.geomspace(0.003, 0.1, 5, dtype=np.float32),))
