"""What the chapter on the word metaparameter says of its searches."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

import stabsim as ss
from stabsim import tuner
from stabsim.exercises import EXERCISES
from stabsim.tuner import Hyperparameters


def test_improvements_are_told_apart_where_they_round_to_zero():
    # The mean of what a normal number exceeds -z by, as an integral in double precision.
    for z in (-3.0, -4.9, -5.1, -9.0, -14.0):
        x = np.linspace(-z, -z + 12, 400_001)
        mean = np.trapezoid((x + z) * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), x)
        given = (jnp.float32(v) for v in (0.0, 0.5, 0.5 * z))
        found = float(tuner.log_expected_improvement(*given))
        assert found == pytest.approx(np.log(0.5 * mean), abs=0.02)


def test_evidence_of_the_process_is_the_normal_density():
    h = Hyperparameters(2.0, 0.5, 0.1)
    places, scores = [10, 20, 23], np.asarray([-0.1, -0.6, -0.7])
    wait = tuner.EVALUATIONS - 3
    known = tuner.Known(
        jnp.asarray(places + [0] * wait), jnp.asarray([*scores, *[0.0] * wait], jnp.float32),
        jnp.arange(tuner.EVALUATIONS) < 3,
    )  # fmt: skip
    x = tuner.OCTAVES[places].astype(float)
    r = np.sqrt(5) * np.abs(x[:, None] - x) / h.length_scale
    k = h.amplitude**2 * (1 + r + r**2 / 3) * np.exp(-r) + h.noise**2 * np.eye(3)
    expected = -0.5 * (scores @ np.linalg.solve(k, scores) + np.linalg.slogdet(2 * np.pi * k)[1])
    assert float(tuner.log_evidence(h, known)) == pytest.approx(expected, rel=1e-4)


def test_expected_improvement_is_the_mean_of_the_better_half(rng):
    draws = rng.normal(-1.0, 0.3, 400_000)
    for best in (-1.4, -1.0, -0.8):
        measured = np.maximum(best - draws, 0).mean()
        given = (jnp.float32(x) for x in (-1.0, 0.3, best))
        assert float(tuner.expected_improvement(*given)) == pytest.approx(measured, rel=0.02)


def test_posterior_mean_and_evidence_of_the_first_section():
    sigma, tau, y = 0.7, 1.3, 2.0
    w = np.linspace(-3, 5, 800_001)
    exponent = -((y - w) ** 2) / (2 * sigma**2) - w**2 / (2 * tau**2)
    highest = w[exponent.argmax()]
    assert highest == pytest.approx(tau**2 / (tau**2 + sigma**2) * y, abs=1e-4)
    readings, v, step = np.asarray([3.0, -1.0, 2.0]), 2.7, 1e-5

    def log_evidence(v):
        return -np.sum(np.log(2 * np.pi * v) / 2 + readings**2 / (2 * v))

    slope = (log_evidence(v + step) - log_evidence(v - step)) / (2 * step)
    assert slope == pytest.approx(np.sum((readings**2 - v) / (2 * v**2)), rel=1e-5)


def test_answers_of_the_exercises():
    readings, noise = [2.0, -0.5, 1.5, -3.0, 0.5], 1.0

    def log_evidence(tau):
        v = tau**2 + noise**2
        return -sum(math.log(v) / 2 + y**2 / (2 * v) for y in readings)

    best = max((k / 1000 for k in range(1, 5000)), key=log_evidence)
    assert ss.exercises.check("metaparameter-evidence", best)
    assert EXERCISES["metaparameter-improvement"].solution == pytest.approx(
        0.2 / math.sqrt(2 * math.pi), rel=1e-4
    )
