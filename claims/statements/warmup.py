"""What the chapter on warmup says of its cells' runs, and of the grid of its map."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

import stabsim as ss
from claims.statement import Nudge, Said, Statement
from stabsim.labs.warmup_map import CATAPULTING, DIVERGED, RATES, STABLE, WARMUPS, the_map

SEEDS = range(10)
MOST = 7
STEPS = 400


def train(nudge: Nudge, learning_rate: Any, steps: int, seed: Any) -> Any:
    net = nudge(ss.workloads.residual_mlp(depth=16, gain=1.25))
    checkpoints = range(200, steps + 1, 40)
    return ss.simulate(
        net, ss.sgd(learning_rate), steps=steps, batch_size=32, seed=seed, evaluate_at=checkpoints
    )


@cache
def cold(nudge: Nudge) -> Any:
    """The patient without warmup."""

    def experiment(learning_rate, seed):
        return train(nudge, learning_rate, STEPS, seed)

    rates = [2.0**k for k in range(-13, -7)]
    return ss.sweep(experiment, learning_rate=rates, seed=SEEDS, progress=False)


def the_patient_is_limited_by_instability(nudge: Nudge) -> Iterator[Statement]:
    page = cold(nudge).isel(seed=slice(0, 5))
    reading = ss.diagnose_sweep(page)
    yield Statement("limited by instability", reading.limited_by_instability, low=1)
    unstable = reading.unstable_base_learning_rate or np.inf
    yield Statement("unstable rate over the best", unstable / reading.best_learning_rate, 2, 2)
    every = ss.diagnose_sweep(cold(nudge)).unstable_base_learning_rate or np.inf
    yield Statement("log2 of the unstable rate, all seeds", np.log2(every), -10, -10)
    error = page.validation_error.min("evaluation_step").median("seed")
    yield Statement("its best error", float(error.min()), 0.25, 0.45)


def without_warmup_the_peak_is_lost_within_ten_steps(nudge: Nudge) -> Iterator[Statement]:
    def experiment(seed):
        return train(nudge, 10 * 2.0**-10, 30, seed)

    losses = ss.sweep(experiment, seed=SEEDS, progress=False).loss.to_numpy()
    lost = [ss.diagnose(loss).diverged_at for loss in losses]
    last = max(np.inf if step is None else step for step in lost)
    yield Statement("the last run's first loss that is not finite", last, high=9)


def warmup_bears_ten_times_the_unstable_rate(nudge: Nudge) -> Iterator[Statement]:
    def ours(learning_rate, steps, seed):
        return train(nudge, learning_rate, steps, seed)

    unstable = ss.diagnose_sweep(cold(nudge).isel(seed=slice(0, 5))).unstable_base_learning_rate
    assert unstable is not None
    found = ss.playbook.search_warmup(
        ours, unstable, STEPS, warmup_steps=[5, 10, 20, 40], seeds=range(20)
    )
    yield Statement("least growth of the stable share", np.diff(found.stable).min(), low=0)
    yield Statement("stable share with 5 steps", found.stable[0], high=0)
    yield Statement("stable share with 20 steps", found.stable[2], 0.6, 0.9)
    yield Statement("the shortest warmup", found.shortest or np.inf, 40, 40)
    longer = ss.schedules.prepend_warmup(
        ss.schedules.constant(found.base_learning_rate, STEPS), found.shortest or 40
    )
    warm = ss.sweep(lambda seed: ours(longer, longer.steps, seed), seed=SEEDS, progress=False)
    stable = sum(not ss.diagnose(loss).unstable for loss in warm.loss.to_numpy())
    yield Statement("stable with it", stable, low=len(SEEDS))
    before = cold(nudge).validation_error.min("evaluation_step").min("learning_rate")
    after = warm.validation_error.min("evaluation_step")
    better = int((after < before / 3).sum())
    yield Statement("error below a third of the best without", better, low=MOST)


def forty_more_steps_do_not_explain_it(nudge: Nudge) -> Iterator[Statement]:
    best = ss.diagnose_sweep(cold(nudge).isel(seed=slice(0, 5))).best_learning_rate
    few, more = (
        float(train(nudge, best, steps, 0).validation_error.min()) for steps in (STEPS, STEPS + 40)
    )
    yield Statement("what 40 more steps change", abs(more - few), high=0.1)
    yield Statement("error after them", more, low=0.15)


def the_perceptrons_best_rate(nudge: Nudge) -> Iterator[Statement]:
    net = nudge(ss.workloads.mlp())

    def experiment(learning_rate, seed):
        return ss.simulate(net, ss.momentum(learning_rate), steps=500, batch_size=32, seed=seed)

    rates = [2.0**k for k in range(-6, -1)]
    runs = ss.sweep(experiment, learning_rate=rates, seed=range(5), progress=False)
    best = ss.diagnose_sweep(runs).best_learning_rate
    yield Statement("the perceptron's best rate", best, 0.0625, 0.0625)


def thrown_off(loss: np.ndarray) -> bool:
    """Whether it rises in mid-training, and does not come back."""
    rises = ss.diagnose(loss).rises
    return bool(rises) and not rises[-1].early and rises[-1].recovered_at is None


def warmup_does_not_save_the_perceptron(nudge: Nudge) -> Iterator[Statement]:
    net = nudge(ss.workloads.mlp())

    def experiment(warmup, seed):
        rule = ss.momentum(ss.schedules.linear_warmup(0.25, warmup))
        return ss.simulate(net, rule, steps=500, batch_size=32, seed=seed, evaluate_at=())

    runs = ss.sweep(experiment, warmup=[0, 100, 250], seed=range(20), progress=False)
    losses = runs.loss.transpose("warmup", "seed", "step").to_numpy()
    without, *warm = ([ss.diagnose(loss) for loss in row] for row in losses)
    off = sum(map(thrown_off, losses[0]))
    yield Statement("thrown off without warmup, of 20", off, low=10)
    learned = max(
        loss[: int(one.rises[-1].peak_step)].min() / one.initial_loss if one.rises else 0.0
        for loss, one in zip(losses[0], without, strict=True)
    )
    yield Statement("lowest loss before the last rise's peak over the first", learned, high=0.8)
    for length, row in zip((100, 250), warm, strict=True):
        unstable = sum(one.unstable for one in row)
        yield Statement(f"unstable with {length} steps of warmup, of 20", unstable, low=11)


def a_ramp_may_fail_late(nudge: Nudge) -> Iterator[Statement]:
    net = nudge(ss.workloads.residual_mlp(depth=16, gain=1.25))

    def experiment(warmup, seed):
        rule = ss.sgd(ss.schedules.linear_warmup(2.0**-5, warmup))
        return ss.simulate(net, rule, steps=200, batch_size=32, seed=seed, evaluate_at=())

    runs = ss.sweep(experiment, warmup=(1, 20, 80, 160), seed=range(40), progress=False)
    loss = runs.loss.transpose("warmup", "seed", "step").to_numpy()
    ended = np.where(np.isfinite(loss).all(-1), np.inf, (~np.isfinite(loss)).argmax(-1))
    saved = np.isinf(ended).sum(-1)
    for length, count in zip((1, 20), saved, strict=False):
        yield Statement(f"saved by {length} steps, of 40", count, high=2)
    yield Statement("saved by 80 steps", saved[2], 16, 36)
    yield Statement("saved by 160 steps", saved[3], high=33)
    yield Statement("saved by 160 steps beyond those by 80", saved[3] - saved[2], high=9)
    lost = ended[3][np.isfinite(ended[3])]
    yield Statement("160 steps: where lost runs end, median", float(np.median(lost)), low=80)
    late = np.flatnonzero(np.isinf(ended[2]) & (ended[3] < 160))
    yield Statement("saved by 80 and lost in the ramp of 160", len(late), low=2)
    learned = (loss[3, late, 30] / loss[3, late, 0]).max(initial=0)
    yield Statement("what these have learned by step 30", learned, high=0.5)
    yield Statement("where the first of these ends", ended[3, late].min(initial=np.inf), low=31)


def the_map_is_a_slanted_line(_: Nudge) -> Iterator[Statement]:
    known = the_map()
    outcome = known["outcome"].reshape(len(RATES), len(WARMUPS))
    survived = np.flatnonzero(outcome[:, 0] != DIVERGED)
    yield Statement("highest rate without warmup", RATES[survived[-1]], 0.0437, 0.0447)
    yield Statement("of the rates below it, all survive", len(survived), low=survived[-1] + 1)
    kinds = len({STABLE, CATAPULTING, DIVERGED} & set(outcome.ravel()))
    yield Statement("kinds of outcome", kinds, 3, 3)

    def shortest(rate):
        row = outcome[int(np.argmin(np.abs(np.asarray(RATES) - rate)))]
        return WARMUPS[int((row != DIVERGED).argmax())]

    for rate, length in ((0.25, 8), (0.5, 16), (1.0, 32)):
        yield Statement(f"shortest warmup at {rate}", shortest(rate), length, length)
    edge = float(np.max(known["edge"]))
    yield Statement("the predicted edge over the lowest rate", edge / RATES[0], high=1)


def the_uv_model_falls_catapults_or_is_lost(_: Nudge) -> Iterator[Statement]:
    start = (3.0, 0.3)
    kappa = start[0] ** 2 + start[1] ** 2

    def run(multiple):
        net = ss.workloads.surface("uv", start=start)
        trace = ss.simulate(net, ss.sgd(multiple / kappa), steps=60, record_parameters=True)
        return np.asarray(trace.loss), float((trace.parameters[-1] ** 2).sum())

    loss, after = run(1.9)
    yield Statement("1.9: highest loss over the first", loss.max() / loss[0], high=1)
    yield Statement("1.9: sharpness at the end", after / kappa, 0.8, 1)
    loss, after = run(3.0)
    yield Statement("3: highest loss over the first", loss.max() / loss[0], 8.5, 9.5)
    yield Statement("3: fall of the sharpness", kappa / after, 15, 17)
    yield Statement("3: last loss", loss[-1], high=1e-6)
    yield Statement("4.2: steps that are lost", np.isnan(run(4.2)[0]).sum(), low=1)


def a_healthy_net_has_no_need(nudge: Nudge) -> Iterator[Statement]:
    net = nudge(ss.workloads.residual_mlp(depth=16, block="x + f(Norm(x))"))

    def experiment(warmup, learning_rate, seed):
        rule = ss.sgd(ss.schedules.linear_warmup(learning_rate, warmup))
        return ss.simulate(net, rule, steps=200, batch_size=32, seed=seed)

    rates = [2.0**k for k in range(-4, -1)]
    runs = ss.sweep(experiment, warmup=[0, 30], learning_rate=rates, seed=SEEDS, progress=False)
    error = runs.validation_error.isel(evaluation_step=-1).min("learning_rate")
    without, warm = (error.sel(warmup=w).to_numpy() for w in (0, 30))
    apart = abs(np.median(without[:3]) - np.median(warm[:3]))
    yield Statement("the page's errors apart", float(apart), high=0.02)
    yield Statement("errors of a seed apart, largest", np.abs(without - warm).max(), high=0.03)
    readings = [ss.diagnose_sweep(runs.sel(warmup=w)) for w in (0, 30)]
    for name, reading in zip(("without", "with"), readings, strict=True):
        best = np.log2(reading.best_learning_rate)
        yield Statement(f"log2 of the best rate, {name} warmup", best, -3, -3)
    unstable = readings[0].unstable_base_learning_rate or np.inf
    yield Statement("unstable rate over the patient's", unstable / 2.0**-10, 100, 130)


STATEMENTS: list[Said] = [
    the_patient_is_limited_by_instability,
    without_warmup_the_peak_is_lost_within_ten_steps,
    warmup_bears_ten_times_the_unstable_rate,
    forty_more_steps_do_not_explain_it,
    the_perceptrons_best_rate,
    warmup_does_not_save_the_perceptron,
    a_ramp_may_fail_late,
    the_map_is_a_slanted_line,
    the_uv_model_falls_catapults_or_is_lost,
    a_healthy_net_has_no_need,
]
