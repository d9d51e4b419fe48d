"""What the chapter on warmup says of its experiments, over seeds."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import stabsim as ss
from stabsim.exercises import EXERCISES
from stabsim.labs import LABS
from stabsim.labs.frame.report import reached, report
from stabsim.labs.warmup_map import CATAPULTING, DIVERGED, RATES, STABLE, WARMUPS, the_map

ROOT = Path(__file__).parents[2]
SEEDS = range(10)
MOST = 7
STEPS = 400


def train(learning_rate, steps, seed):
    net = ss.workloads.residual_mlp(depth=16, gain=1.25)
    checkpoints = range(200, steps + 1, 40)
    return ss.simulate(
        net, ss.sgd(learning_rate), steps=steps, batch_size=32, seed=seed, evaluate_at=checkpoints
    )


@cache
def cold():
    rates = [2.0**k for k in range(-13, -7)]

    def experiment(learning_rate, seed):
        return train(learning_rate, STEPS, seed)

    return ss.sweep(experiment, learning_rate=rates, seed=SEEDS, progress=False)


def reports(name, **changes):
    """Each seed's facts, whether it reaches the goal, and its tables."""
    lab, found = LABS[name], []
    for seed in SEEDS:
        values = lab.setting(changes | {"seed": seed})
        tables = lab.compute(values)
        facts = report(lab, tables, values, "en").facts
        found.append((facts, reached(lab, facts), tables))
    return found


def test_the_patient_is_limited_by_instability_and_learns_next_to_nothing():
    reading = ss.diagnose_sweep(cold().isel(seed=slice(0, 5)))
    assert reading.limited_by_instability
    assert reading.unstable_base_learning_rate == 2 * reading.best_learning_rate
    assert ss.diagnose_sweep(cold()).unstable_base_learning_rate == 2.0**-10
    error = cold().isel(seed=slice(0, 5)).validation_error.min("evaluation_step").median("seed")
    assert 0.25 < float(error.min()) < 0.45


def test_without_warmup_the_peak_is_lost_within_ten_steps():
    runs = ss.sweep(lambda seed: train(10 * 2.0**-10, 30, seed), seed=SEEDS, progress=False)
    assert all(ss.diagnose(loss.to_numpy()).diverged_at < 10 for loss in runs.loss)


def test_warmup_bears_ten_times_the_unstable_rate_and_ends_far_better():
    page = cold().isel(seed=slice(0, 5))
    unstable = ss.diagnose_sweep(page).unstable_base_learning_rate
    found = ss.playbook.search_warmup(
        train, unstable, STEPS, warmup_steps=[5, 10, 20, 40], seeds=range(20)
    )
    assert list(found.stable) == sorted(found.stable)
    assert found.stable[0] == 0
    assert found.shortest == 40
    assert found.hint is not None
    assert 0.6 < found.stable[2] < 0.9
    longer = ss.schedules.prepend_warmup(
        ss.schedules.constant(found.base_learning_rate, STEPS), found.shortest
    )
    assert longer.steps == STEPS + found.shortest
    warm = ss.sweep(
        lambda seed: train(longer, STEPS + found.shortest, seed), seed=SEEDS, progress=False
    )
    best_cold = cold().validation_error.min("evaluation_step").min("learning_rate")
    best_warm = warm.validation_error.min("evaluation_step")
    stable = [not ss.diagnose(loss.to_numpy()).unstable for loss in warm.loss]
    assert all(stable)
    assert int((best_warm < best_cold / 3).sum()) >= MOST


def test_forty_more_steps_do_not_explain_it():
    best = ss.diagnose_sweep(cold().isel(seed=slice(0, 5))).best_learning_rate
    errors = [float(train(best, steps, 0).validation_error.min()) for steps in (STEPS, STEPS + 40)]
    assert abs(errors[1] - errors[0]) < 0.1
    assert errors[1] > 0.15


def test_the_perceptrons_best_rate():
    def experiment(learning_rate, seed):
        net = ss.workloads.mlp()
        return ss.simulate(net, ss.momentum(learning_rate), steps=500, batch_size=32, seed=seed)

    rates = [2.0**k for k in range(-6, -1)]
    runs = ss.sweep(experiment, learning_rate=rates, seed=range(5), progress=False)
    assert ss.diagnose_sweep(runs).best_learning_rate == 0.0625


def thrown_off(loss):
    """Whether it rises in mid-training, and does not come back."""
    rises = ss.diagnose(loss).rises
    return bool(rises) and not rises[-1].early and rises[-1].recovered_at is None


def test_the_perceptron_learns_before_it_is_thrown_off_and_warmup_does_not_save_it():
    net = ss.workloads.mlp()

    def experiment(warmup, seed):
        rule = ss.momentum(ss.schedules.linear_warmup(0.25, warmup))
        return ss.simulate(net, rule, steps=500, batch_size=32, seed=seed, evaluate_at=())

    runs = ss.sweep(experiment, warmup=[0, 100, 250], seed=range(20), progress=False)
    losses = runs.loss.transpose("warmup", "seed", "step").to_numpy()
    cold, *warm = ([ss.diagnose(loss) for loss in row] for row in losses)
    assert sum(map(thrown_off, losses[0])) >= 10
    for one in cold:
        assert min((rise.lowest for rise in one.rises), default=0) < 0.8 * one.initial_loss
    for row in warm:
        assert sum(one.unstable for one in row) > 10


def test_a_ramp_may_fail_late():
    net = ss.workloads.residual_mlp(depth=16, gain=1.25)

    def experiment(warmup, seed):
        rule = ss.sgd(ss.schedules.linear_warmup(2.0**-5, warmup))
        return ss.simulate(net, rule, steps=200, batch_size=32, seed=seed, evaluate_at=())

    lengths, seeds = (1, 20, 80, 160), range(40)
    runs = ss.sweep(experiment, warmup=lengths, seed=seeds, progress=False)
    loss = runs.loss.transpose("warmup", "seed", "step").to_numpy()
    ended = np.where(np.isfinite(loss).all(-1), np.inf, (~np.isfinite(loss)).argmax(-1))
    saved = np.isinf(ended).sum(-1)
    assert saved[0] <= 2
    assert saved[1] <= 2
    assert 16 <= saved[2] <= 36
    assert saved[3] <= 33
    assert saved[3] - saved[2] < 10
    lost = ended[3][np.isfinite(ended[3])]
    assert np.median(lost) > 80
    late = [seed for seed in seeds if np.isinf(ended[2, seed]) and ended[3, seed] < 160]
    assert len(late) >= 2
    for seed in late:
        assert loss[3, seed, 30] < loss[3, seed, 0] / 2
        assert ended[3, seed] > 30


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_tables_repeat_the_recorded_claims(language):
    claims = json.loads((ROOT / "claims" / "results.json").read_text())
    recorded = {claim["name"]: json.dumps(claim["effect"]) for claim in claims}
    page = (ROOT / "chapters" / language / "warmup.md").read_text().replace(",", ".")
    rows = [
        line for line in page.splitlines() if line.startswith("| ") and re.search(r"\d \|$", line)
    ]
    assert len(rows) == 9
    for place, line in enumerate(rows):
        name = "figure_6" if place < 5 else "figure_8"
        middle, span = [cell.strip() for cell in line.split("|")[-3:-1]]
        low, high = re.findall(r"[\d.]+", span)
        assert re.search(rf"{middle} \({low} \w+ {high}\)", recorded[name].replace(",", ".")), line


def test_the_map_is_a_slanted_line():
    known = the_map()
    outcome = known["outcome"].reshape(len(RATES), len(WARMUPS))
    cold = outcome[:, 0]
    survived = np.flatnonzero(cold != DIVERGED)
    assert RATES[survived[-1]] == pytest.approx(0.0442, rel=0.01)
    assert (cold[: survived[-1]] != DIVERGED).all()
    assert {STABLE, CATAPULTING, DIVERGED} == set(outcome.ravel())

    def shortest(rate):
        row = outcome[int(np.argmin(np.abs(np.asarray(RATES) - rate)))]
        return WARMUPS[int((row != DIVERGED).argmax())]

    assert [shortest(rate) for rate in (0.25, 0.5, 1.0)] == [8, 16, 32]
    assert known["edge"] < RATES[0]


def test_the_maps_goal():
    assert sum(goal for _, goal, _ in reports("warmup_map")) == 0
    assert sum(goal for _, goal, _ in reports("warmup_map", learning_rate=0.45, warmup=8)) >= 5
    for warmup in (16, 23):
        assert all(goal for _, goal, _ in reports("warmup_map", learning_rate=0.45, warmup=warmup))
    lab = LABS["warmup_map"]
    values = [lab.setting({"learning_rate": 0.45, "warmup": warmup}) for warmup in range(8, 17)]
    goals = [reached(lab, report(lab, lab.compute(v), v, "en").facts) for v in values]
    assert goals == sorted(goals)
    assert 12 <= 8 + goals.index(True) <= 16


def test_on_the_ramp_sharpness_gives_way_to_its_threshold():
    for facts, goal, tables in reports("ramp"):
        assert facts["verdict"] == "stable"
        assert not goal
        table = {name: np.asarray(x) for name, x in tables["sharpness"].items()}
        start, end = table["sharpness"][0], table["sharpness"][-1]
        assert table["sharpness"][6] < start / 2
        assert end < start / 8
        times = (table["sharpness"] / table["threshold"])[table["step"] > 20]
        assert 1 < np.median(times) < 2.5
        assert 1 < times[-1] < 2
    lab = LABS["ramp"]
    first = lab.compute(lab.defaults)["sharpness"]
    assert 2 / first["sharpness"][0] == pytest.approx(0.014, rel=0.02)
    crossed = first["step"][(first["sharpness"] > first["threshold"]) & (first["step"] > 3)][0]
    assert crossed == 9


def test_a_catapult_without_warmup():
    found = reports("ramp", warmup=0, learning_rate=0.03)
    for facts, goal, tables in found:
        assert goal, facts
        times = tables["sharpness"]["sharpness"] / tables["sharpness"]["threshold"]
        assert 2 < times[0] < 8.5
        assert times[3:].min() < 1
        assert times[10:].max() < 1
    lost = [
        facts["verdict"] == "diverged"
        for facts, _, _ in reports("ramp", warmup=0, learning_rate=0.2)
    ]
    assert sum(lost) >= 6


def test_the_uv_model_falls_catapults_or_is_lost():
    start = (3.0, 0.3)
    kappa = start[0] ** 2 + start[1] ** 2

    def run(multiple):
        net = ss.workloads.surface("uv", start=start)
        trace = ss.simulate(net, ss.sgd(multiple / kappa), steps=60, record_parameters=True)
        return np.asarray(trace.loss), float((trace.parameters[-1] ** 2).sum())

    loss, after = run(1.9)
    assert loss.max() == loss[0]
    assert 0.8 < after / kappa < 1
    loss, after = run(3.0)
    assert loss.max() / loss[0] == pytest.approx(9, abs=0.5)
    assert kappa / after == pytest.approx(16, abs=1)
    assert loss[-1] < 1e-6
    assert np.isnan(run(4.2)[0]).any()


def test_the_formulas_of_the_uv_model():
    u, v, eta = 1.7, -0.6, 0.3
    f, kappa = u * v, u**2 + v**2
    new = (u - eta * f * v, v - eta * f * u)
    assert new[0] * new[1] == pytest.approx(f * (1 - eta * kappa + eta**2 * f**2))
    assert new[0] ** 2 + new[1] ** 2 == pytest.approx(kappa - eta * f**2 * (4 - eta * kappa))


def test_a_healthy_net_has_no_need():
    net = ss.workloads.residual_mlp(depth=16, block="x + f(Norm(x))")

    def experiment(warmup, learning_rate, seed):
        rule = ss.sgd(ss.schedules.linear_warmup(learning_rate, warmup))
        return ss.simulate(net, rule, steps=200, batch_size=32, seed=seed)

    rates = [2.0**k for k in range(-4, -1)]
    runs = ss.sweep(experiment, warmup=[0, 30], learning_rate=rates, seed=SEEDS, progress=False)
    error = runs.validation_error.isel(evaluation_step=-1).min("learning_rate")
    cold, warm = (error.sel(warmup=w) for w in (0, 30))
    assert abs(float(cold[:3].median() - warm[:3].median())) < 0.02
    assert float(np.abs(cold - warm).max()) < 0.03
    readings = [ss.diagnose_sweep(runs.sel(warmup=w)) for w in (0, 30)]
    assert readings[0].best_learning_rate == readings[1].best_learning_rate == 2.0**-3
    assert 100 < readings[0].unstable_base_learning_rate / 2.0**-10 < 130


def test_the_answers():
    assert EXERCISES["warmup-lengthened"].judge(31_500).right
    assert EXERCISES["warmup-meets"].judge(1.6).right
    u, v = 2.0, 0.4
    eta = 3 / (u**2 + v**2)
    for _ in range(60):
        f = u * v
        u, v = u - eta * f * v, v - eta * f * u
    assert EXERCISES["warmup-uv"].judge(u**2 + v**2).right
    assert u**2 + v**2 < 2 / eta / 2
