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
from tests.chapters.runs import MOST, SEEDS


def run(name, **changes):
    """Each seed's tables and facts, and whether it reaches the lab's goal."""
    lab = LABS[name]
    runs = []
    for seed in SEEDS:
        values = lab.setting(changes | {"seed": seed})
        tables = lab.compute(values)
        facts = report(lab, tables, values, "en").facts
        runs.append((tables, facts, reached(lab, facts)))
    return runs


def verdicts(which, **changes):
    suffix = "" if which == 1 else f"_{which}"
    return {facts[f"verdict{suffix}"] for _, facts, _ in run("race", **changes)}


# --- the race ---


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
    for tables, *_ in run("race", surface="saddle", shown=20):
        path = tables["path"]
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


def test_momentum_swings_beyond_the_critical_stiffness_and_shrinks_by_its_root():
    critical = (1 - np.sqrt(0.9)) ** 2
    assert round(critical, 4) == 0.0026

    def path(rate):
        bowl = ss.workloads.quadratic([1.0])
        rule = ss.momentum(rate)
        return np.asarray(ss.simulate(bowl, rule, steps=400, record_parameters=True).parameters)

    assert (path(0.9 * critical) > 0).all()
    swung = path(4 * critical)[:, 0]
    assert (swung < 0).any()
    peaks = np.abs(swung).reshape(-1, 401)[0]
    share = (peaks[300:400].max() / peaks[100:200].max()) ** (1 / 200)
    assert share == pytest.approx(np.sqrt(0.9), abs=0.01)


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
    for tables, *_ in run("thresholds", **changes):
        share = tables["sharpness"]["sharpness"] / tables["sharpness"]["threshold"]
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


def test_what_does_not_go_by_the_threshold():
    start, end = ratios(learning_rate=0.4)
    assert (start > 1).all()
    assert (np.abs(end - 1) < 0.06).all()
    assert (ratios(rule="momentum", learning_rate=0.3)[1] < 0.75).all()
    assert (ratios(rule="rmsprop", learning_rate=0.01)[1] < 0.4).all()


def test_less_momentum_mends_nesterov():
    assert not any(goal for *_, goal in run("thresholds"))
    failing = run("thresholds", rule="nesterov", learning_rate=0.35)
    assert failing[0][1]["verdict"] == "diverged"
    assert sum(facts["verdict"] == "diverged" for _, facts, _ in failing) >= MOST
    for gamma, least in ((0.5, MOST), (0.3, len(SEEDS))):
        mended = run("thresholds", rule="nesterov", learning_rate=0.35, gamma=gamma)
        assert sum(goal for *_, goal in mended) >= least
    assert ss.nesterov(1.0, 0.5).threshold(1.0) == 1.5


# --- the comparison ---


def test_one_rate_is_fair_to_none():
    rules = {"SGD": ss.sgd, "Momentum": ss.momentum, "Adam": ss.adam}
    net = ss.workloads.mlp(depth=2, width=16)

    def train(rule, learning_rate, seed):
        return ss.simulate(
            net, rules[rule](learning_rate), steps=100, batch_size=64, seed=seed, evaluate_at=()
        )

    runs = ss.sweep(train, rule=list(rules), learning_rate=[4.0**-3, 4.0**-1], seed=SEEDS)
    end = runs.loss.isel(step=slice(-10, None)).median("step")
    low, high = (end.sel(learning_rate=rate) for rate in (4.0**-3, 4.0**-1))
    assert (low.sel(rule="Adam") < low.sel(rule="Momentum")).all()
    assert (low.sel(rule="SGD") > 1.2).all()
    assert (high.sel(rule="Adam") > 0.9).all()
    assert (high.sel(rule="Momentum") < high.sel(rule="SGD")).sum() >= MOST


def test_a_large_eps_makes_momentum_of_adam():
    small = ss.workloads.mlp(depth=2, width=16, rows=64)

    def imitation(eps, seed):
        def rate(t):
            return 0.1 * eps / (1 - 0.9) / ss.adam(1.0).bias_correction(t + 1)

        pair = (ss.adam(rate, eps=eps), ss.momentum(0.1))
        a, b = (ss.simulate(small, r, steps=100, seed=seed, evaluate_at=()).loss for r in pair)
        return {"distance": abs(a - b).max()}

    distance = ss.sweep(imitation, eps=[1e-8, 1e-2, 1e2], seed=SEEDS).distance.to_numpy()
    assert (np.diff(distance, axis=0) < 0).all()
    assert distance[-1].max() < 1e-3


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
