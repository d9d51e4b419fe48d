"""Loss scaling: how the scale moves, and that a skipped step leaves no trace."""

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import torch

import stabsim as ss
from stabsim.precision import (
    FORMATS,
    LossScale,
    computed_in,
    next_loss_scale,
    rounded,
    rounded_at_random,
    stored_in,
    with_loss_scale,
)
from tests.jax2wasm.check import check

EVERYWHERE = np.concatenate([
    sign * np.geomspace(1e-12, 1e6, 20_001) for sign in (1, -1)
] + [np.array([0.0, np.inf, -np.inf, np.nan, 448, 464, 65504, 65519, 65520, 57344, 61440])]).astype(
    np.float32
)  # fmt: skip
"""From below the least to above the most that 8 and 16 bits hold, with where rounding ties."""


@pytest.mark.parametrize("name", FORMATS)
def test_rounding_is_that_of_the_format_at_every_point(name):
    with np.errstate(over="ignore", invalid="ignore"):
        theirs = EVERYWHERE.astype(getattr(ml_dtypes, name, np.float16)).astype(np.float32)
    ours = np.asarray(rounded(jnp.asarray(EVERYWHERE), name))
    np.testing.assert_array_equal(ours, theirs)


def test_rounding_compiles_to_the_page():
    x = EVERYWHERE[np.isfinite(EVERYWHERE)]
    (found,) = check(lambda x: [rounded(x, name) for name in FORMATS], (x,))
    for name, ours in zip(FORMATS, found, strict=True):
        np.testing.assert_array_equal(ours, rounded(jnp.asarray(x), name))


@pytest.mark.parametrize("name", FORMATS)
def test_random_rounding_ends_at_a_neighbour_and_keeps_the_mean(name, rng):
    x = jnp.asarray(rng.uniform(0.02, 1.0, 500), jnp.float32)
    drawn = [rounded_at_random(x, name, jnp.full(x.shape, u)) for u in np.linspace(0, 1, 64, False)]
    for one in drawn:
        np.testing.assert_array_equal(rounded(one, name), one)
    gap = np.asarray(x) * 2.0 ** -FORMATS[name].mantissa
    assert (np.abs(np.mean(drawn, 0) - np.asarray(x)) <= gap / 60).all()
    kept = rounded(x, name)
    np.testing.assert_array_equal(rounded_at_random(kept, name, jnp.zeros(x.shape)), kept)


def test_random_rounding_leaves_what_is_not_finite_and_overflows_to_it():
    x = jnp.array([jnp.inf, -jnp.inf, jnp.nan, 65_535.0, 0.0], jnp.float32)
    found = rounded_at_random(x, "float16", jnp.zeros(5))
    np.testing.assert_array_equal(found, [np.inf, -np.inf, np.nan, np.inf, 0])


def test_float8_loses_gradients_that_a_loss_scale_saves():
    net = ss.workloads.mlp(depth=2, width=8, rows=64, activation="tanh")

    def lost(**options):
        rule = with_loss_scale(ss.momentum(0.1), **options, growth=1.0)
        coarse = computed_in(net, "float8_e4m3fn")
        zeros = ss.simulate(coarse, rule, steps=40, observe=lambda now: jnp.stack(
            [jnp.mean(g == 0) for g in jax.tree.leaves(now.gradient)]).mean()).observed  # fmt: skip
        return float(zeros[-1])

    assert lost(start=1.0) > 2 * lost(start=2.0**7)


def test_bfloat16_weights_stall_where_master_weights_move():
    """Adam's step is about its rate; half a digit of a weight of 0.1 to 0.3 is 2e-4 to 5e-4."""
    net = ss.workloads.mlp(depth=2, width=16, rows=256)

    def last(rule, workload=net):
        return float(ss.simulate(workload, rule, steps=200).loss[-1])

    free, stalled = last(ss.adam(1e-4)), last(stored_in(ss.adam(1e-4), "bfloat16"))
    start = float(ss.simulate(net, ss.adam(1e-4), steps=1).loss[0])
    master = last(ss.adam(1e-4), computed_in(net, "bfloat16"))
    assert start - stalled < 0.5 * (start - free)
    assert start - master > 0.9 * (start - free)
    drawn = last(stored_in(ss.adam(1e-4), "bfloat16", stochastic=True))
    assert start - drawn > 0.9 * (start - free)


def scales(finite, start, interval):
    def step(now, ok):
        return next_loss_scale(now, ok, interval=interval), now.scale

    first = LossScale(jnp.float32(start), jnp.int32(0))
    return np.asarray(jax.lax.scan(step, first, jnp.asarray(finite))[1])


def test_the_scale_moves_as_pytorch_s(rng):
    """Its GradScaler keeps no state where there is no GPU, so its one kernel is asked."""
    finite = rng.random(200) > 0.1
    scale, good = torch.tensor(2.0**10), torch.tensor(0, dtype=torch.int32)
    theirs = []
    for ok in finite:
        theirs.append(float(scale))
        bad = torch.tensor(float(not ok))
        torch._amp_update_scale_(scale, good, bad, 2.0, 0.5, 7)
    np.testing.assert_array_equal(scales(finite, 2.0**10, 7), theirs)


def test_a_skipped_step_leaves_everything_as_it_was():
    rule = with_loss_scale(ss.adam(ss.schedules.linear_warmup(0.1, 10)), 8.0, interval=2)
    params = {"w": jnp.ones(3), "b": jnp.ones(())}
    state = rule.init(params)
    _, state = rule.update(params, state, params)
    bad = {"w": jnp.array([1.0, jnp.inf, 1.0]), "b": jnp.ones(())}
    updates, after = rule.update(bad, state, params)
    assert all((u == 0).all() for u in jax.tree.leaves(updates))
    for new, old in zip(jax.tree.leaves(after.rule), jax.tree.leaves(state.rule), strict=True):
        np.testing.assert_array_equal(new, old)
    assert (float(after.loss_scale.scale), int(after.skipped)) == (4.0, 1)
    assert float(rule.rate(after)) == float(rule.rate(state))


def test_a_run_that_never_overflows_is_the_run_without():
    """A power of two rounds nothing, unless gradients are so small that it saves them."""
    net = ss.workloads.mlp(depth=2, width=8, rows=64)
    plain = ss.simulate(net, ss.sgd(0.1), steps=20)
    scaled = ss.simulate(net, with_loss_scale(ss.sgd(0.1), 2.0**10, interval=5), steps=20)
    np.testing.assert_allclose(scaled.loss, plain.loss, rtol=1e-5)
    np.testing.assert_allclose(scaled.gradient_norm, plain.gradient_norm, rtol=1e-4)


def overflowing(scale):
    """A healthy run whose scale rises until float32 itself overflows, again and again."""
    net = ss.workloads.quadratic([1.0, 4.0], start=1.0)
    rule = with_loss_scale(ss.sgd(0.01), scale, interval=4)
    return ss.simulate(net, rule, steps=60)


def test_infinite_norms_in_a_healthy_run_are_skipped_steps():
    trace = overflowing(2.0**126)
    skipped = ~np.isfinite(trace.gradient_norm)
    assert 3 < skipped.sum() < 20
    assert (np.asarray(trace.update_norm)[skipped] == 0).all()
    assert np.isfinite(jax.tree.leaves(trace.final_parameters)[0]).all()
    fewer = ss.simulate(
        ss.workloads.quadratic([1.0, 4.0], start=1.0), ss.sgd(0.01), steps=60 - int(skipped.sum())
    )
    np.testing.assert_allclose(
        jax.tree.leaves(trace.final_parameters)[0],
        jax.tree.leaves(fewer.final_parameters)[0], rtol=1e-5,
    )  # fmt: skip


def test_it_compiles_to_the_page():
    (trace,) = check(lambda scale: overflowing(scale).update_norm, (np.float32(2.0**126),))
    assert (trace == 0).sum() > 3


def test_unknown_formats_and_workloads_without_data():
    with pytest.raises(ValueError, match="format must be one of 'float16'"):
        rounded(jnp.ones(2), "float12")
    with pytest.raises(ValueError, match="format must be one of"):
        stored_in(ss.sgd(0.1), "half")
    with pytest.raises(ValueError, match="must have training data"):
        computed_in(ss.workloads.quadratic([1.0]), "float16")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": 0.0}, "start"),
        ({"growth": 0.5}, "growth must be a finite number of at least 1"),
        ({"backoff": 1.5}, "backoff"),
        ({"interval": 0}, "interval"),
    ],
)
def test_bad_numbers(options, message):
    with pytest.raises(ValueError, match=message):
        with_loss_scale(ss.sgd(0.1), **options)
