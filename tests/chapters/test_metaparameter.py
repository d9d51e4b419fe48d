"""What the chapter on the word metaparameter says of its searches."""

import math
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stabsim as ss
from stabsim import tuner
from stabsim.exercises import EXERCISES
from stabsim.labs import LABS
from stabsim.labs.frame.report import reached, report
from stabsim.labs.surrogate import LENGTH_SCALES, NOISES, densities
from stabsim.tuner import Hyperparameters
from tests.chapters.runs import MOST, SEEDS


@cache
def arrived():
    return tuner.compare([0.5, 4.0, 32.0]).median("seed")


def test_a_well_set_process_needs_few_runs_and_a_credulous_one_never_arrives():
    runs = dict(zip(arrived().method.to_numpy(), arrived().to_numpy(), strict=True))
    assert 15 <= runs["random"] <= 24
    assert runs["4"] < 0.4 * runs["random"]
    assert runs["4"] < runs["0.5"] < runs["random"]
    assert runs["32"] == math.inf
    assert runs["4"] <= runs["learned"] <= 1.5 * runs["4"]


def test_less_than_half_of_63_random_searches_arrive():
    found = jax.jit(jax.vmap(tuner.search))(jnp.arange(63)).recommended
    assert np.isfinite(tuner.arrivals(found)).mean() < 0.5


def test_improvements_are_told_apart_where_they_round_to_zero():
    # The mean of what a normal number exceeds -z by, as an integral in double precision.
    for z in (-3.0, -4.9, -5.1, -9.0, -14.0):
        x = np.linspace(-z, -z + 12, 400_001)
        mean = np.trapezoid((x + z) * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), x)
        given = (jnp.float32(v) for v in (0.0, 0.5, 0.5 * z))
        found = float(tuner.log_expected_improvement(*given))
        assert found == pytest.approx(np.log(0.5 * mean), abs=0.02)


def test_random_search_is_the_plain_best_so_far():
    recommended = tuner.rivals()["random"]
    losses = tuner.typical()[recommended]
    assert np.isinf(tuner.arrivals(recommended[:, :1])).sum() >= 15
    assert losses[:, -1].mean() < losses[:, 0].mean()


def test_scores_are_those_of_real_runs():
    place = 48
    trace = tuner.experiment(tuner.RATES[place], 3)
    loss = float(np.asarray(trace.validation_loss)[-1])
    expected = np.log10(min(loss, tuner.GUESSING) / tuner.GUESSING)
    assert tuner.scores()[place, 3] == pytest.approx(expected, rel=1e-3)
    assert tuner.scores().shape == (len(tuner.RATES), tuner.RUNS)


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


def test_the_maps_goal_is_reached_at_two_to_five_octaves():
    lab = LABS["surrogate"]
    length_scale, amplitude, noise = lab.controls[:3]
    inside = 0
    for seed in SEEDS:
        known = tuner.Known(
            *(jnp.asarray(tuner.rivals()[name])[seed] for name in ("place", "score")),
            jnp.arange(tuner.EVALUATIONS) < 12,
        )
        sizes = np.float32([amplitude.at(p) for p in range(0, 101, 10)])
        grid = np.asarray(densities(LENGTH_SCALES, sizes, NOISES, known))
        i, j, k = np.unravel_index(grid.argmax(), grid.shape)
        chosen = {
            "length_scale": length_scale.at(length_scale.position(float(LENGTH_SCALES[i]))),
            "amplitude": float(sizes[j]),
            "noise": noise.at(noise.position(float(NOISES[k]))),
        }
        values = lab.setting(chosen | {"evaluations": 12, "seed": seed})
        assert reached(lab, report(lab, lab.compute(values), values, "en").facts)
        inside += 2 <= chosen["length_scale"] <= 5
    assert inside >= MOST
    values = lab.setting({"evaluations": 12})
    assert not reached(lab, report(lab, lab.compute(values), values, "en").facts)


def test_a_short_process_forgets_and_a_long_one_is_sure():
    known = tuner.Known(
        *(jnp.asarray(tuner.rivals()[name])[0] for name in ("place", "score")),
        jnp.arange(tuner.EVALUATIONS) < 6,
    )
    seen = np.asarray(tuner.OCTAVES)[np.asarray(known.place)[:6]]
    far = np.abs(tuner.OCTAVES[:, None] - seen).min(1) > 1.5
    mean, deviation = tuner.predict(Hyperparameters(0.5, 0.6, 0.07), known)
    assert np.abs(np.asarray(mean)[far]).max() < 0.1
    assert np.asarray(deviation)[far].min() > 0.5
    mean, deviation = tuner.predict(Hyperparameters(32.0, 0.6, 0.07), known)
    off = np.abs(np.asarray(mean) - tuner.typical()) / np.asarray(deviation)
    assert off.max() > 5


def test_a_short_process_asks_beside_the_best_run_and_a_long_one_at_the_end():
    lab = LABS["surrogate"]

    def asked(**changes):
        values = lab.setting(changes)
        return report(lab, lab.compute(values), values, "en").facts["next"]

    place, score = (tuner.rivals()[name][0, :6] for name in ("place", "score"))
    best = tuner.RATES[place[score.argmin()]]
    assert abs(np.log2(asked() / best)) <= 0.5
    assert asked(length_scale=30) > 8


def test_a_credulous_search_tries_both_ends_and_then_repeats_itself():
    choose = tuner.with_given(Hyperparameters(32.0, 0.6, 0.07))
    ends, last = {0, len(tuner.RATES) - 1}, []
    for seed in SEEDS:
        place = np.asarray(tuner.search(seed, choose).known.place).tolist()
        last.append((ends <= set(place[:4]), len(set(place))))
    assert sum(both for both, _ in last) >= MOST
    assert 9 <= np.median([tried for _, tried in last]) <= 15
    for seed in SEEDS:
        assert len(set(np.asarray(tuner.search(seed).known.place).tolist())) == tuner.EVALUATIONS


def test_goal_of_the_race():
    lab = LABS["search"]
    for length_scale, expected in ((0.5, False), (4.0, True)):
        values = lab.setting({"length_scale": length_scale})
        facts = report(lab, lab.compute(values), values, "en").facts
        assert reached(lab, facts) is expected


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
