"""One run: against a plain loop, divergence as data, measurements, and bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

import stabsim as ss
from stabsim._transformation import global_norm
from stabsim.clipping import clip_by_global_norm, zclip
from stabsim.curvature import sharpness
from stabsim.schedules import linear_warmup
from stabsim.simulation import RunPlan, draw, run
from stabsim.workloads import mlp, quadratic, with_outliers
from tests.tiers import in_short

RULES = [ss.sgd, ss.momentum, ss.nesterov, ss.rmsprop, ss.adam, ss.nadam]
NAMED = {rule.__name__: rule for rule in RULES}


def plain(workload, rule, clipping, steps, batch_size, seed):
    """The same run as a Python loop, one step at a time; the gradient alone is compiled."""
    plan = RunPlan(steps, batch_size, (), False)
    draws = draw(workload, seed, plan)
    params, state = draws.params, rule.init(draws.params)
    clip_state = clipping.init(params)
    gradient = jax.jit(jax.value_and_grad(workload.loss))
    rows = []
    for t in range(steps):
        batch = workload.train
        if batch_size is not None:
            inputs = batch.inputs[draws.rows[t]]
            if draws.scale is not None:
                inputs = inputs * draws.scale[t]
            batch = type(batch)(inputs, batch.targets[draws.rows[t]])
        loss, grads = gradient(params, batch)
        norm = optax.tree_utils.tree_norm(grads)
        grads, clip_state = clipping.update(grads, clip_state, params)
        updates, state = rule.update(grads, state, params)
        params = optax.apply_updates(params, updates)
        rows.append((loss, norm, optax.tree_utils.tree_norm(updates)))
    return np.array(rows, float).T, params


@pytest.mark.parametrize("rule", in_short(NAMED, "nadam", "sgd"))
def test_run_is_the_plain_loop(rule, x64):
    rule = NAMED[rule]
    workload = with_outliers(mlp(width=6), 0.2, 3.0)
    pair, clipping = rule(linear_warmup(0.01, 4)), zclip(warmup_steps=3)
    trace = ss.simulate(workload, pair, steps=10, batch_size=16, seed=5, clipping=clipping)
    (loss, norm, update), params = plain(workload, pair, clipping, 10, 16, 5)
    np.testing.assert_allclose(trace.loss, loss, rtol=1e-10)
    np.testing.assert_allclose(trace.gradient_norm, norm, rtol=1e-9)
    np.testing.assert_allclose(trace.update_norm, update, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(trace.learning_rate, 0.01 * np.minimum(np.arange(10) / 4, 1))
    for a, b in zip(jax.tree.leaves(trace.final_parameters), jax.tree.leaves(params), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-10)


def test_full_batch_uses_every_row():
    workload = mlp(width=6)
    trace = ss.simulate(workload, ss.sgd(0.1), steps=1)
    params = draw(workload, 0, RunPlan(1, None, (1,), False)).params
    np.testing.assert_allclose(trace.loss[0], workload.loss(params), rtol=1e-6)


def test_minibatches_are_shuffled_epochs():
    rows = draw(mlp(width=2), 3, RunPlan(50, 64, (), False)).rows.ravel()
    first, second = np.sort(rows[:1437]), np.sort(rows[1437:2874])
    np.testing.assert_array_equal(first, np.arange(1437))
    np.testing.assert_array_equal(second, np.arange(1437))
    assert not np.array_equal(rows[:1437], rows[1437:2874])


def test_longer_training_sees_the_same_minibatches_first():
    short, long = (draw(mlp(width=2), 0, RunPlan(n, 64, (), False)).rows for n in (30, 90))
    np.testing.assert_array_equal(short, long[:30])


def test_optax_runs_in_the_simulator():
    ours = ss.simulate(mlp(), ss.momentum(0.05), steps=30, batch_size=32)
    theirs = ss.simulate(mlp(), optax.sgd(0.05, 0.9), steps=30, batch_size=32)
    np.testing.assert_allclose(ours.loss, theirs.loss, rtol=1e-4)
    assert np.isnan(theirs.learning_rate).all()
    named = ss.simulate(
        mlp(), optax.inject_hyperparams(optax.sgd)(0.05, 0.9), steps=3, batch_size=32
    )
    np.testing.assert_allclose(named.learning_rate, 0.05, rtol=1e-6)


def test_layerwise_rules_see_the_layers():
    with jax.numpy_dtype_promotion("standard"):
        trace = ss.simulate(mlp(), optax.lamb(0.01), steps=60, batch_size=32)
    assert float(trace.loss[-1]) < 0.5 * float(trace.loss[0])


def test_divergence_is_data():
    trace = ss.simulate(quadratic([4.0]), ss.sgd(1.0), steps=200)
    at = trace.diverged_at
    assert at is not None
    assert np.isfinite(trace.loss[: at - 1]).all()
    assert not np.isfinite(np.asarray(trace.loss)[at:]).any() or np.isinf(trace.gradient_norm[at])
    assert trace.loss.shape == (200,)
    assert ss.diagnose(trace).verdict.value == "diverged"
    assert ss.simulate(quadratic([4.0]), ss.sgd(0.1), steps=20).diverged_at is None


def test_validation_at_chosen_steps():
    workload = mlp(width=8)
    trace = ss.simulate(workload, ss.sgd(0.1), steps=20, batch_size=32, evaluate_at=[0, 3, 20])
    np.testing.assert_array_equal(trace.evaluation_step, [0, 3, 20])
    short = ss.simulate(workload, ss.sgd(0.1), steps=3, batch_size=32)
    np.testing.assert_allclose(trace.validation_loss[1], short.validation_loss[0], rtol=1e-5)
    validation = workload.validation
    np.testing.assert_allclose(
        trace.validation_loss[-1], workload.loss(trace.final_parameters, validation), rtol=1e-5
    )
    guess = workload.network.apply(trace.final_parameters, validation.inputs).argmax(-1)
    np.testing.assert_allclose(
        trace.validation_error[-1], np.mean(guess != validation.targets), rtol=1e-6
    )


@pytest.mark.parametrize("rule", in_short(["momentum", "rmsprop", "adam"], "adam"))
def test_sharpness_in_a_run_is_sharpness_at_its_parameters(rule):
    workload, pair = mlp(width=4, rows=50), NAMED[rule](0.01)
    trace = ss.simulate(
        workload, pair, steps=9, batch_size=10, measure_sharpness_at=[0, 4, 8],
        record_parameters=True,
    )  # fmt: skip
    draws = draw(workload, 0, RunPlan(9, 10, (), False))
    unravel = jax.flatten_util.ravel_pytree(draws.params)[1]
    state = pair.init(draws.params)
    gradient = jax.jit(jax.grad(workload.loss))
    measure = jax.jit(lambda p, state: sharpness(workload.loss, p, pair.preconditioner(state)))
    for t in range(9):
        params = unravel(trace.parameters[t])
        batch = type(workload.train)(*(x[draws.rows[t]] for x in workload.train))
        state = pair.update(gradient(params, batch), state, params)[1]
        if t in (0, 4, 8):
            expected = measure(params, state)
            np.testing.assert_allclose(trace.sharpness[t // 4], expected, rtol=1e-3)
    np.testing.assert_allclose(trace.threshold, pair.threshold(0.01), rtol=1e-5)


def test_parameters_are_recorded_on_request():
    trace = ss.simulate(quadratic([1.0, 2.0]), ss.sgd(0.5), steps=3, record_parameters=True)
    np.testing.assert_allclose(
        trace.parameters, [[1, 1], [0.5, 0], [0.25, 0], [0.125, 0]], atol=1e-7
    )
    assert ss.simulate(quadratic([1.0]), ss.sgd(0.5), steps=3).parameters.shape == (0, 1)


def test_vmap_is_the_loop():
    workload = mlp(width=8)

    def one(rate, seed):
        return ss.simulate(
            workload, ss.adam(rate), steps=20, batch_size=16, seed=seed,
            clipping=clip_by_global_norm(1.0), evaluate_at=[0, 10, 20],
            measure_sharpness_at=[5],
        )  # fmt: skip

    rates, seeds = jnp.array([1e-3, 1e-2]), jnp.array([3, 4])
    many = jax.vmap(one)(rates, seeds)
    for i in range(2):
        alone = one(rates[i], seeds[i])
        for name in ("loss", "gradient_norm", "validation_loss", "sharpness"):
            np.testing.assert_allclose(getattr(many, name)[i], getattr(alone, name), rtol=2e-3)
        np.testing.assert_allclose(many.loss[i, :5], alone.loss[:5], rtol=1e-5)


def test_which_steps_are_measured_may_be_traced():
    """As in a lab whose parts measure different steps in one program."""
    net, at = mlp(width=4, rows=50), jnp.array([[0, 3], [5, 8]])

    @jax.jit
    def half(part):
        return ss.simulate(net, ss.sgd(0.1), steps=9, evaluate_at=(), measure_sharpness_at=at[part])

    whole = ss.simulate(
        net, ss.sgd(0.1), steps=9, evaluate_at=(), measure_sharpness_at=[0, 3, 5, 8]
    )
    for part in range(2):
        found, mine = half(part), slice(2 * part, 2 * part + 2)
        np.testing.assert_array_equal(found.sharpness_step, at[part])
        np.testing.assert_allclose(found.sharpness, whole.sharpness[mine], rtol=1e-4)
        np.testing.assert_allclose(found.threshold, whole.threshold[mine])
    assert abs(whole.sharpness[0] / whole.sharpness[2] - 1) > 0.01, "the steps differ"


def test_numbers_do_not_recompile():
    workload = mlp(width=7)
    options = {"steps": 5, "batch_size": 8}
    ss.simulate(workload, ss.momentum(0.1), seed=0, clipping=clip_by_global_norm(1.0), **options)
    compiled = run._cache_size()
    for seed, rate in enumerate((0.2, 0.3)):
        ss.simulate(
            mlp(width=7, gain=1.0 + seed),
            ss.momentum(rate, gamma=0.5),
            seed=seed + 1,
            clipping=clip_by_global_norm(2.0),
            **options,
        )
    assert run._cache_size() == compiled


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ss.simulate(mlp(), ss.sgd(0.1)), ValueError, "steps must be given"),
        (lambda: ss.simulate(mlp(), ss.sgd(0.1), steps=0), ValueError, "steps must be at least 1"),
        (lambda: ss.simulate(mlp(), ss.sgd(0.1), steps=2.0), TypeError, "steps must be a whole"),
        (
            lambda: ss.simulate("mlp", ss.sgd(0.1), steps=2),
            TypeError,
            "workload must be a Workload",
        ),
        (lambda: ss.simulate(mlp(), ss.sgd, steps=2), TypeError, "Call it first"),
        (
            lambda: ss.simulate(mlp(), ss.sgd(0.1), steps=2, clipping=1.0),
            TypeError,
            "clipping must be one of stabsim.clipping",
        ),
        (
            lambda: ss.simulate(mlp(), ss.sgd(0.1), steps=2, clipping=ss.sgd(0.1)),
            TypeError,
            "clipping must be",
        ),
        (
            lambda: ss.simulate(mlp(), ss.sgd(0.1), steps=2, batch_size=0),
            ValueError,
            "batch_size must be at least 1",
        ),
        (
            lambda: ss.simulate(mlp(), ss.sgd(0.1), steps=2, batch_size=2000),
            ValueError,
            "at most the 1437 training rows; it is 2000",
        ),
        (
            lambda: ss.simulate(quadratic([1.0]), ss.sgd(0.1), steps=2, batch_size=2),
            ValueError,
            "quadratic has no training rows",
        ),
        (
            lambda: ss.simulate(quadratic([1.0]), ss.sgd(0.1), steps=2, evaluate_at=[0]),
            ValueError,
            "no validation data",
        ),
        (
            lambda: ss.simulate(mlp(), ss.sgd(0.1), steps=5, evaluate_at=[0, 6]),
            ValueError,
            "evaluate_at must lie within 0 and 5; it reaches 6",
        ),
        (
            lambda: ss.simulate(mlp(), ss.sgd(0.1), steps=5, evaluate_at=[3, 3]),
            ValueError,
            "increasing steps",
        ),
        (
            lambda: ss.simulate(mlp(), ss.sgd(0.1), steps=5, evaluate_at=5),
            TypeError,
            "evaluate_at must be a list of steps",
        ),
        (
            lambda: ss.simulate(mlp(), ss.sgd(0.1), steps=5, measure_sharpness_at=[5]),
            ValueError,
            "measure_sharpness_at must lie within 0 and 4",
        ),
        (
            lambda: ss.simulate(mlp(), ss.sgd(0.1), steps=5, seed=-1),
            ValueError,
            "seed must be from 0",
        ),
        (
            lambda: ss.simulate(mlp(), ss.sgd(0.1), steps=5, seed=0.5),
            TypeError,
            "seed must be a whole number",
        ),
    ],
)
def test_bad_runs(make, error, message, unchecked):
    with pytest.raises(error, match=message):
        make()


def test_the_seed_decides_the_weights_the_minibatches_and_their_outliers():
    net = with_outliers(mlp(depth=1), 0.3, 5.0)
    one, same, other = (draw(net, seed, RunPlan(40, 8, (), False)) for seed in (3, 3, 4))
    assert jax.tree.all(jax.tree.map(np.array_equal, one, same))
    assert not np.array_equal(one.params[0]["w"], other.params[0]["w"])
    assert not np.array_equal(one.rows, other.rows)
    assert not np.array_equal(one.scale, other.scale)


def test_an_observer_sees_what_the_trace_records():
    net = with_outliers(mlp(width=4), 0.3, 30.0)

    def look(now):
        return {"params": ravel_pytree(now.params)[0], "norm": global_norm(now.gradient),
                "update": global_norm(now.update), "scale": now.scale, "step": now.step,
                "loss": net.loss(now.params, now.batch)}  # fmt: skip

    trace = ss.simulate(net, ss.adam(0.01), steps=20, batch_size=8, seed=1, record_parameters=True,
                     observe=look)  # fmt: skip
    seen = trace.observed
    assert seen["step"].tolist() == list(range(20))
    np.testing.assert_array_equal(seen["params"], trace.parameters[:-1])
    np.testing.assert_array_equal(seen["norm"], trace.gradient_norm)
    np.testing.assert_array_equal(seen["update"], trace.update_norm)
    np.testing.assert_allclose(seen["loss"], trace.loss, rtol=1e-6)
    assert set(seen["scale"].tolist()) == {1.0, 30.0}
    plain = ss.simulate(net, ss.adam(0.01), steps=20, batch_size=8, seed=1)
    assert plain.observed is None
    np.testing.assert_array_equal(plain.loss, trace.loss)
    with pytest.raises(TypeError, match="observe must be a function"):
        ss.simulate(net, ss.adam(0.01), steps=2, observe="everything")
