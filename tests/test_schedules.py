"""Schedules: values, lengths, composition and bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stabsim as ss
from stabsim.schedules import (
    constant,
    cosine_decay,
    cosine_restarts,
    exponential_decay,
    inverse_square_root_decay,
    linear_decay,
    linear_warmup,
    piecewise_constant,
    power_decay,
    prepend_warmup,
    warmup_stable_decay,
    warmup_then_constant,
)
from tests.tiers import in_short

ENDING = [cosine_decay, linear_decay, exponential_decay]


@pytest.mark.parametrize("decay", ENDING)
def test_decays_start_at_the_peak_and_end_where_they_should(decay):
    schedule = decay(0.5, 200, 0.1)
    np.testing.assert_allclose(schedule(0), 0.5, rtol=1e-6)
    np.testing.assert_allclose(schedule(200), 0.05, rtol=1e-5)
    np.testing.assert_allclose(schedule(1000), 0.05, rtol=1e-5)
    assert (np.diff(schedule(jnp.arange(201))) < 0).all()
    assert schedule.steps == 200


def test_decays_are_optax_s():
    steps = np.arange(0, 150)
    pairs = [
        (cosine_decay(0.5, 100, 0.1), optax.cosine_decay_schedule(0.5, 100, 0.1)),
        (linear_decay(0.5, 100, 0.1), optax.linear_schedule(0.5, 0.05, 100)),
        (linear_warmup(0.5, 100), optax.linear_schedule(0.0, 0.5, 100)),
        (
            piecewise_constant([1.0, 0.1, 0.02], [30, 90]),
            optax.piecewise_constant_schedule(1.0, {30: 0.1, 90: 0.2}),
        ),
    ]
    with jax.numpy_dtype_promotion("standard"):
        for ours, theirs in pairs:
            expected = [float(theirs(t)) for t in steps]
            np.testing.assert_allclose(ours(jnp.asarray(steps)), expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("factor", in_short([1.0, 2.0, 1.5], 1.5))
def test_restarts_are_one_cosine_after_another(factor):
    schedule, begun = cosine_restarts(0.5, 100, factor, 0.1), 0
    for i in range(3):
        length = round(100 * factor**i) if factor != 1.5 else 100 * factor**i
        steps = np.arange(np.ceil(begun), np.ceil(begun + length))
        once = cosine_decay(0.5, length, 0.1)(jnp.asarray(steps - begun))
        np.testing.assert_allclose(schedule(jnp.asarray(steps)), once, rtol=1e-4)
        begun += length
    jax.jit(lambda f: cosine_restarts(0.5, 100, f)(7))(jnp.float32(factor))


def test_restarts_are_optax_s():
    cycles = [{"init_value": 0.0, "peak_value": 0.5, "warmup_steps": 0, "decay_steps": n}
              for n in (100, 200, 400)]  # fmt: skip
    theirs, steps = optax.sgdr_schedule(cycles), np.arange(700)
    with jax.numpy_dtype_promotion("standard"):
        expected = np.array([float(theirs(t)) for t in steps])
    found = cosine_restarts(0.5, 100, 2.0)(jnp.asarray(steps))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_power_decay_contains_the_inverse_square_root():
    steps = jnp.arange(500)
    np.testing.assert_allclose(
        power_decay(0.5, 0.5, 30.0)(steps), inverse_square_root_decay(0.5, 30.0)(steps), rtol=1e-6
    )
    np.testing.assert_allclose(power_decay(0.5, 0.0)(steps), 0.5)
    assert power_decay(0.5).steps is None


def test_warmup_stable_decay_is_a_trapezoid():
    schedule = warmup_stable_decay(0.4, 10, 50, 40, 0.25)
    steps = np.array([0, 5, 10, 59, 60, 80, 100, 500])
    expected = [0, 0.2, 0.4, 0.4, 0.4, 0.25, 0.1, 0.1]
    np.testing.assert_allclose(schedule(jnp.asarray(steps)), expected, rtol=1e-6)
    assert schedule.steps == 100
    np.testing.assert_allclose(warmup_stable_decay(0.4, 0, 0, 40)(20), linear_decay(0.4, 40)(20))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cosine_restarts(0.5, 100, 0.5), "factor must be a finite number of at least 1"),
        (lambda: cosine_restarts(0.5, 0), "steps must be a finite number above 0"),
        (lambda: power_decay(0.5, -1.0), "exponent"),
        (lambda: power_decay(0.5, timescale=0.0), "timescale"),
        (lambda: warmup_stable_decay(0.5, 10, -1, 10), "stable_steps"),
        (lambda: warmup_stable_decay(0.5, 10, 10, 0), "steps must be"),
        (lambda: warmup_stable_decay(-0.5, 10, 10, 5), "peak"),
    ],
)
def test_bad_shapes_of_schedules(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_inverse_square_root():
    schedule = inverse_square_root_decay(0.5, 100)
    np.testing.assert_allclose(schedule(jnp.array([0, 300, 9900])), [0.5, 0.25, 0.05], rtol=1e-6)


def test_playbook_schedule_ramps_from_zero_and_trains_twice_as_long():
    schedule = warmup_then_constant(0.5, 100)
    np.testing.assert_allclose(schedule(jnp.array([0, 50, 100, 250])), [0, 0.25, 0.5, 0.5])
    assert schedule.steps == 300
    assert warmup_then_constant(0.5, 100, 50).steps == 150


def test_prepending_lengthens_training_by_the_warmup():
    assert prepend_warmup(cosine_decay(0.1, 10_000), 1_000).steps == 11_000
    assert prepend_warmup(constant(0.1, 10_000), 1_000).steps == 11_000
    assert prepend_warmup(constant(0.1), 1_000).steps is None
    bowl = ss.workloads.quadratic([1.0])
    trace = ss.simulate(bowl, ss.sgd(prepend_warmup(cosine_decay(0.1, 100), 10)))
    assert trace.steps == 110


@given(warmup=st.integers(0, 50), step=st.integers(0, 200))
def test_prepended_schedule_is_the_old_one_later(warmup, step):
    old = cosine_decay(0.3, 100)
    new = prepend_warmup(old, warmup)
    np.testing.assert_allclose(new(warmup + step), old(step), rtol=1e-6)
    if step < warmup:
        np.testing.assert_allclose(new(step), 0.3 * step / warmup, rtol=1e-6)


def test_schedules_may_be_swept():
    rates = jax.vmap(lambda w: linear_warmup(1.0, w)(5))(jnp.array([0, 5, 10]))
    np.testing.assert_allclose(rates, [1.0, 1.0, 0.5])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: constant(-1.0), "learning_rate must be a finite number of at least 0"),
        (lambda: constant(float("nan")), "learning_rate"),
        (lambda: constant(0.1, steps=0), "steps must be a finite number above 0; it is 0"),
        (lambda: cosine_decay(0.1, 0), "steps"),
        (lambda: linear_decay(0.1, 10, -1.0), "final_fraction"),
        (lambda: exponential_decay(0.1, 10, 0.0), "final_fraction must be a finite number above 0"),
        (lambda: linear_warmup(0.1, -1), "warmup_steps must be a finite number of at least 0"),
        (lambda: warmup_then_constant(0.1, 10, -1), "post_warmup_steps"),
        (lambda: inverse_square_root_decay(0.1, 0.0), "timescale"),
        (lambda: piecewise_constant([1.0], [10]), "one more than boundaries"),
        (lambda: piecewise_constant([1.0, 0.1, 0.2], [10, 10]), "boundaries must increase"),
    ],
)
def test_bad_schedules(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_prepending_to_a_number_says_what_would_be_right(unchecked):
    with pytest.raises(TypeError, match=r"such as constant\(0.1\)"):
        prepend_warmup(0.1, 10)
