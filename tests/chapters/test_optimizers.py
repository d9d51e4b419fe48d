"""What the chapter on update rules says, over the seeds that its labs offer."""

import jax
import numpy as np
import pytest

import stabsim as ss
from stabsim.exercises import EXERCISES
from stabsim.exercises.optimizers import STATE
from stabsim.labs import LABS
from stabsim.labs.frame.any_rule import RULES
from stabsim.labs.frame.report import reached, report
from tests.chapters.runs import MOST, SEEDS, tables


def run(name, **changes):
    """Each seed's tables and facts, and whether it reaches the lab's goal."""
    lab = LABS[name]
    runs = []
    for seed in SEEDS:
        values = lab.setting(changes | {"seed": seed})
        found = tables(name, values)
        facts = report(lab, found, values, "en").facts
        runs.append((found, facts, reached(lab, facts)))
    return runs


def verdicts(which, **changes):
    suffix = "" if which == 1 else f"_{which}"
    return {facts[f"verdict{suffix}"] for _, facts, _ in run("race", **changes)}


# --- the race ---


@pytest.mark.long
def test_nesterov_leaves_the_valley_first_then_sgd_then_momentum():
    for rate, sgd, momentum, nesterov in (
        (0.06, True, True, True),
        (0.08, True, True, False),
        (0.12, False, True, False),
        (0.21, False, False, False),
    ):
        for place, stays in enumerate((sgd, momentum, nesterov), 1):
            found = verdicts(place, learning_rate=rate)
            assert "diverged" not in found if stays else found == {"diverged"}, (rate, place)


def test_the_goal_of_the_race_is_reached_between_the_two_edges():
    assert not any(goal for *_, goal in run("race"))
    assert all(goal for *_, goal in run("race", learning_rate=0.12))


def test_on_the_saddle_the_rules_that_divide_walk_off():
    for found, *_ in run("race", surface="saddle"):
        path = found["path"]
        after = [abs(path["y"][(path["line"] == i) & (path["step"] == 20)][0]) for i in range(6)]
        assert max(after[:3]) < min(after[3:])
        assert min(after[3:]) > 0.5


def test_on_rosenbrock_the_rate_must_come_down():
    assert verdicts(1, surface="rosenbrock") == {"diverged"}
    assert verdicts(1, surface="rosenbrock", learning_rate=0.001) == {"stable"}


# --- the rules ---


@pytest.mark.parametrize("rule", RULES)
def test_what_a_rule_remembers(rule):
    params = np.zeros(7, np.float32)
    state = getattr(ss, rule)(0.1).init(params)
    assert sum(np.size(x) for x in jax.tree.leaves(state)) == 7 * STATE[rule] + 1  # the step


def test_the_loss_times_a_hundred_leaves_adams_step_as_it_is():
    def first(rule, curvature):
        return float(ss.simulate(ss.workloads.quadratic([curvature]), rule, steps=1).update_norm[0])

    assert first(ss.sgd(0.01), 100.0) == pytest.approx(100 * first(ss.sgd(0.01), 1.0))
    assert first(ss.adam(0.01), 100.0) == pytest.approx(first(ss.adam(0.01), 1.0), rel=1e-4)
    assert first(ss.adam(0.01), 1.0) == pytest.approx(0.01, rel=1e-3)


def test_nesterov_on_a_parabola_steps_from_the_look_ahead_point():
    rate, gamma, h = 0.3, 0.8, 2.0
    before = now = 1.0
    velocity = 0.0
    for _ in range(5):
        velocity = gamma * velocity + h * (now - rate * gamma * velocity)
        after = now - rate * velocity
        assert after == pytest.approx((1 - rate * h) * (now + gamma * (now - before)))
        before, now = now, after


# --- the thresholds ---


def ratios(**changes):
    """Sharpness over threshold at the start and in the last quarter, one pair a seed."""
    found = []
    for seen, *_ in run("thresholds", **changes):
        share = seen["sharpness"]["sharpness"] / seen["sharpness"]["threshold"]
        found.append((share[0], share[-6:].mean()))
    return np.array(found).T


def test_the_sharpness_rises_to_the_threshold_and_stays():
    start, end = ratios()
    assert sum(start < 1) >= MOST
    assert start[0] < 0.8
    assert (np.abs(end - 1) < 0.06).all()
    for changes in (
        {"rule": "nesterov", "gamma": 0.5},
        {"rule": "adam", "learning_rate": 0.01},
        {"rule": "nadam", "learning_rate": 0.01},
    ):
        assert (np.abs(ratios(**changes)[1] - 1) < 0.15).all()
    assert np.median(ratios(rule="adam", learning_rate=0.01)[1]) < 1


def test_the_next_eigenvalues_rise_and_stay_below_the_line():
    for seen, *_ in run("thresholds"):
        table = seen["sharpness"]
        np.testing.assert_allclose(table["share_1"], table["sharpness"] / table["threshold"],
                                   rtol=1e-6)  # fmt: skip
        for place in range(2, 6):
            share = table[f"share_{place}"]
            assert share[0] < share[-6:].mean() < 1
            assert share.max() < 1.03


def test_what_does_not_go_by_the_threshold():
    start, end = ratios(learning_rate=0.4)
    assert (start > 1).all()
    assert (np.abs(end - 1) < 0.06).all()
    assert (ratios(rule="momentum", learning_rate=0.3)[1] < 0.75).all()
    assert (ratios(rule="rmsprop", learning_rate=0.01)[1] < 0.4).all()


def test_a_falling_threshold_takes_the_sharpness_along():
    changes = {"rule": "sgd", "learning_rate": 1.0}
    plain = run("thresholds", **changes)
    assert {facts["verdict"] for _, facts, _ in plain} == {"diverged"}
    assert all(seen["sharpness"]["share_1"][0] > 3 for seen, *_ in plain)
    for seen, facts, _ in run("thresholds", warmup=200, **changes):
        table = seen["sharpness"]
        assert np.isinf(table["edge"][0])
        assert (np.diff(table["edge"][1:14]) <= 0).all()
        assert (table["edge"][14:] == 1).all()
        assert abs(table["share_1"][-6:].mean() - 1) < 0.1
        assert facts["final_loss"] < 0.01


def test_less_momentum_mends_nesterov():
    assert not any(goal for *_, goal in run("thresholds"))
    failing = run("thresholds", rule="nesterov", learning_rate=0.35)
    assert failing[0][1]["verdict"] == "diverged"
    assert sum(facts["verdict"] == "diverged" for _, facts, _ in failing) >= MOST
    for gamma in (0.5, 0.3):
        mended = run("thresholds", rule="nesterov", learning_rate=0.35, gamma=gamma)
        assert sum(goal for *_, goal in mended) >= MOST
    assert ss.nesterov(1.0, 0.5).threshold(1.0) == 1.5


# --- the exercises ---


def test_answers_of_the_exercises():
    solutions = {name: e.solution for name, e in EXERCISES.items()
                 if name.startswith("optimizers-") and hasattr(e, "solution")}  # fmt: skip
    assert solutions["optimizers-memory"] == 8
    assert solutions["optimizers-nesterov"] == pytest.approx(0.0271, abs=1e-4)
    assert solutions["optimizers-first-step"] == pytest.approx(0.01, rel=1e-3)

    def last(nesterov):
        theta, v = 1.0, 0.0
        for _ in range(10):
            g = theta
            v = 0.9 * v + g
            theta = theta - 0.1 * (0.9 * v + g if nesterov else v)
        return theta

    assert ss.exercises.check("optimizers-build", last(True))
    assert "Momentum" in repr(ss.exercises.check("optimizers-build", last(False)))
