"""Clipping: the threshold holds, norms are reported, and each method is its paper's."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import stabsim as ss
from stabsim._transformation import global_norm
from stabsim.clipping import (
    adaptive_clip,
    autoclip,
    clip_by_global_norm,
    clip_by_percentile,
    clip_updates,
    no_clipping,
    zclip,
)

numbers = st.floats(-1e6, 1e6, width=32)
trees = st.fixed_dictionaries({
    "w": arrays(np.float32, (3, 2), elements=numbers),
    "b": arrays(np.float32, (2,), elements=numbers),
})  # fmt: skip


def to_jax(tree):
    return jax.tree.map(jnp.asarray, tree)


@given(tree=trees, threshold=st.floats(1e-3, 1e3))
def test_clipped_norm_never_exceeds_the_threshold(tree, threshold):
    grads = to_jax(tree)
    init, update = clip_by_global_norm(threshold)
    clipped, state = update(grads, init(grads))
    norm = np.sqrt(sum((x.astype(float) ** 2).sum() for x in tree.values()))
    assert float(global_norm(clipped)) <= threshold * (1 + 1e-6)
    np.testing.assert_allclose(state.norm, norm, rtol=1e-5, atol=1e-30)
    if bool(state.clipped):
        for name in tree:
            expected = threshold * tree[name] / norm
            np.testing.assert_allclose(clipped[name], expected, rtol=1e-4, atol=1e-6 * threshold)
    else:
        for name in tree:
            np.testing.assert_array_equal(clipped[name], tree[name])


@given(tree=trees, threshold=st.floats(1e-3, 1e3))
def test_global_norm_clipping_is_optax_s(tree, threshold):
    grads = to_jax(tree)
    ours, _ = clip_by_global_norm(threshold).update(
        grads, clip_by_global_norm(threshold).init(grads)
    )
    with jax.numpy_dtype_promotion("standard"):
        theirs, _ = optax.clip_by_global_norm(threshold).update(grads, optax.EmptyState())
    for name in tree:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5, atol=1e-6 * threshold)


@given(grads=trees, params=trees, threshold=st.floats(1e-2, 1.0))
def test_adaptive_clipping_is_optax_s(grads, params, threshold):
    grads, params = to_jax(grads), to_jax(params)
    pair = adaptive_clip(threshold)
    ours, state = pair.update(grads, pair.init(params), params)
    with jax.numpy_dtype_promotion("standard"):
        theirs, _ = optax.adaptive_grad_clip(threshold).update(grads, optax.EmptyState(), params)
    for name in grads:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(state.norm, global_norm(grads), rtol=1e-6)
    change = any(bool(jnp.any(ours[n] != grads[n])) for n in grads)
    assert bool(state.clipped) or not change


def run(pair, norms):
    """The clipped norms and the flags for a sequence of gradient norms."""
    state, out = pair.init(jnp.zeros(2)), []
    for norm in norms:
        clipped, state = pair.update(jnp.array([0.6, 0.8], jnp.float32) * norm, state)
        np.testing.assert_allclose(state.norm, norm, rtol=1e-5)
        out.append((float(global_norm(clipped)), bool(state.clipped)))
    return np.array(out).T


@pytest.mark.parametrize("percentile", [10.0, 50.0, 90.0])
def test_autoclip_is_the_percentile_of_all_norms_so_far(percentile, rng):
    norms = rng.lognormal(size=40).astype(np.float32)
    clipped, _ = run(autoclip(percentile), norms)
    for t, value in enumerate(clipped):
        threshold = np.percentile(norms[: t + 1], percentile)
        np.testing.assert_allclose(value, min(norms[t], threshold), rtol=1e-5)


def test_autoclip_forgets_beyond_its_history(rng):
    norms = rng.lognormal(size=30).astype(np.float32)
    clipped, _ = run(autoclip(50.0, history=8), norms)
    np.testing.assert_allclose(clipped[-1], min(norms[-1], np.median(norms[-8:])), rtol=1e-5)


def zclip_reference(norms, alpha=0.97, z_threshold=2.5, warmup=25):
    """ZClip in plain Python from its paper's formulas."""
    mean, variance, out = 0.0, 0.0, []
    for t, norm in enumerate(norms):
        target = norm
        if t >= warmup:
            z = (norm - mean) / (np.sqrt(variance) + 1e-6)
            if z > z_threshold:
                target = mean + z_threshold**2 / z * np.sqrt(variance)
            variance = alpha * variance + (1 - alpha) * (target - mean) ** 2
            mean = alpha * mean + (1 - alpha) * target
        elif t == warmup - 1:
            mean, variance = np.mean(norms[:warmup]), np.var(norms[:warmup])
        out.append(target)
    return np.array(out)


def test_zclip_is_its_paper_s(rng):
    norms = rng.lognormal(sigma=0.3, size=80).astype(np.float32)
    norms[[30, 50, 51]] *= 50
    clipped, flags = run(zclip(), norms)
    np.testing.assert_allclose(clipped, zclip_reference(norms.astype(float)), rtol=1e-3)
    assert flags[[30, 50, 51]].all()
    assert not flags[:25].any()


def test_percentile_of_a_recorded_history():
    norms = np.array([1.0, 2.0, np.nan, 3.0, np.inf, 4.0, 5.0])
    assert float(clip_by_percentile(norms, 50.0).threshold) == 3.0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("pair", [clip_by_global_norm(1.0), autoclip(), zclip(), adaptive_clip()])
def test_what_is_not_finite_stays_so(pair, bad):
    grads = jnp.array([1.0, bad], jnp.float32)
    clipped, state = pair.update(grads, pair.init(grads), jnp.ones(2))
    assert not np.isfinite(np.asarray(clipped)).all()
    assert not np.isfinite(float(state.norm))


@pytest.mark.parametrize("make", [no_clipping, autoclip, zclip, adaptive_clip])
@pytest.mark.parametrize("rule", [ss.adam, pytest.param(ss.momentum, marks=pytest.mark.long)])
def test_clipping_composes_with_any_optimizer(make, rule):
    trace = ss.simulate(ss.workloads.mlp(width=8), rule(0.01), steps=60, batch_size=32,
                        clipping=make())  # fmt: skip
    plain = ss.simulate(ss.workloads.mlp(width=8), rule(0.01), steps=60, batch_size=32)
    np.testing.assert_allclose(trace.gradient_norm[0], plain.gradient_norm[0], rtol=1e-5)
    assert float(trace.loss[-1]) < float(trace.loss[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: clip_by_global_norm(0.0), "threshold must be a finite number above 0; it is 0.0"),
        (lambda: clip_by_global_norm(float("nan")), "threshold"),
        (lambda: clip_by_percentile([]), "at least one finite gradient norm"),
        (lambda: clip_by_percentile([np.nan]), "at least one finite gradient norm"),
        (lambda: clip_by_percentile([1.0], 101.0), "percentile must be a percentile from 0 to 100"),
        (lambda: autoclip(-1.0), "percentile"),
        (lambda: autoclip(history=0), "history must be at least 1"),
        (lambda: zclip(alpha=1.0), "alpha"),
        (lambda: zclip(z_threshold=0.0), "z_threshold"),
        (lambda: adaptive_clip(-0.1), "threshold"),
        (lambda: adaptive_clip().update(jnp.ones(2), adaptive_clip().init(jnp.ones(2))), "params"),
    ],
)
def test_bad_clipping(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def rms(x):
    return float(np.sqrt(np.mean(np.asarray(x, float) ** 2)))


@given(tree=trees, most=st.floats(1e-3, 10))
def test_updates_are_limited_array_by_array(tree, most):
    grads, rate = to_jax(tree), 0.5
    rule = ss.momentum(rate)
    free, _ = rule.update(grads, rule.init(grads))
    limited = clip_updates(rule, most)
    clipped, _ = limited.update(grads, limited.init(grads))
    for name in tree:
        expected = free[name] * min(1, most * rate / max(rms(free[name]), 1e-30))
        np.testing.assert_allclose(clipped[name], expected, rtol=1e-4, atol=1e-30)
    assert limited.threshold(rate) == rule.threshold(rate)


def test_a_leap_of_adam_s_is_limited():
    """After small gradients a large one: Adam's step is several rates long (here 6.6 at most)."""
    small, large = jnp.full(3, 1e-3), jnp.full(3, 1e3)

    def largest(rule):
        def step(state, g):
            updates, state = rule.update(g, state)
            return state, jnp.abs(updates).max()

        grads = jnp.concatenate([jnp.tile(small, (4000, 1)), jnp.tile(large, (40, 1))])
        return float(jax.lax.scan(step, rule.init(small), grads)[1].max())

    assert 6 < largest(ss.adam(1.0)) < 7
    assert largest(clip_updates(ss.adam(1.0))) == pytest.approx(1.0, rel=1e-5)


def test_what_is_no_rule_is_refused():
    with pytest.raises(TypeError, match="rule must be an Optimizer"):
        clip_updates(clip_by_global_norm(1.0))
    with pytest.raises(ValueError, match="most must be a finite number above 0"):
        clip_updates(ss.adam(0.1), 0.0)


def test_a_step_can_be_limited_by_its_gradient_over_the_root_of_v():
    rule = ss.adam(1.0, beta2=0.99)
    limited = clip_updates(rule, 1.0, "gradient")
    small, large = jnp.full(3, 1e-3), jnp.ones(3)
    _, state = rule.update(small, rule.init(small))
    plain, after = rule.update(large, state)
    clipped, _ = limited.update(large, state)
    ratio = float(jnp.sqrt(jnp.mean((large / rule.preconditioner(after)) ** 2)))
    assert ratio > 1
    np.testing.assert_allclose(clipped, plain / ratio, rtol=1e-5)
