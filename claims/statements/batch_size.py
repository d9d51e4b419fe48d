"""What the chapter on the batch size says of its cells' runs, and of the grids of its labs."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import stabsim as ss
from claims.statement import Nudge, Said, Statement
from stabsim.labs import LABS, batch_rates, batch_steps
from stabsim.labs.batch_rates import BATCH_SIZES, EPOCHS, RATES
from stabsim.labs.frame.report import reached, report


def facts(name: str, **changes: Any) -> tuple[dict, bool]:
    """A lab's facts at one setting, and whether its goal is reached."""
    lab = LABS[name]
    values = lab.setting(changes)
    found = report(lab, lab.compute(values), values, "en").facts
    return found, reached(lab, found)


def two_shared_rates_give_opposite_verdicts(nudge: Nudge) -> Iterator[Statement]:
    net = nudge(ss.workloads.with_label_noise(ss.workloads.mlp(depth=2, width=32, rows=512), 0.2))

    def intervals(batch_size):
        """The mean errors at the two rates of the first figure."""

        def experiment(learning_rate, seed):
            run = ss.simulate(
                net, ss.sgd(learning_rate), steps=40 * 512 // batch_size, batch_size=batch_size,
                seed=seed,
            )  # fmt: skip
            return {"error": run.validation_error[-1]}

        runs = ss.sweep(
            experiment, learning_rate=[1 / 64, 1 / 4], seed=range(5), progress=False
        )  # fmt: skip
        return [[float(x) for x in ss.statistics.interval(row.to_numpy())] for row in runs.error]

    (low_8, high_8), (low_512, high_512) = intervals(8), intervals(512)
    for name, worse, better, times in (
        ("low rate: error of 512 over that of 8", low_512, low_8, 5),
        ("high rate: error of 8 over that of 512", high_8, high_512, 2),
    ):
        yield Statement(name, worse[0] / better[0], low=times)
        yield Statement(f"{name}, nearest ends of the intervals", worse[1] / better[2], low=1)


def valleys_are_equally_deep_and_lie_apart_as_the_sizes_do(_: Nudge) -> Iterator[Statement]:
    grid = batch_rates.the_grid()
    validated, test = (grid[name][EPOCHS.index(40)].mean(-1) for name in ("validation", "test"))
    best = validated.argmin(1)
    for size, apart, expected in zip(BATCH_SIZES[1:], np.diff(best), (2, 2, 1), strict=True):
        yield Statement(f"octaves to the valley of {size}", apart, expected, expected)
    own = test[range(len(best)), best]
    yield Statement("largest difference of the tuned test errors", np.ptp(own), high=1)
    # The valley of 32 is that of 8, moved by a factor of four.
    off = np.abs(validated[1, 2:8] / validated[0, :6] - 1)
    yield Statement("the valley of 32 over that of 8, off by, low rates", off[:4].max(), high=0.05)
    yield Statement("the same, high rates", off[4:].max(), high=0.15)
    few, tested = (grid[name][EPOCHS.index(20)].mean(-1) for name in ("validation", "test"))
    own = tested[range(len(BATCH_SIZES)), few.argmin(1)]
    worse = own[-1] - own[:-1].max()
    yield Statement("20 epochs: the largest size's error above the others'", worse, low=2)


def one_rate_can_make_either_look_best(_: Nudge) -> Iterator[Statement]:
    yield Statement("goal at the default", facts("batch_rates")[1], high=0)
    for rate in (1 / 4, 1 / 2):
        found, goal = facts("batch_rates", learning_rate=rate)
        yield Statement(f"goal at {rate}", goal, low=1)
        share = found["largest"] / found["smallest"]
        yield Statement(f"error of the largest over the smallest at {rate}", share, high=1)
    own = facts("batch_rates", learning_rate=1 / 4, view="own")[1]
    yield Statement("goal where each has its own rate", own, high=0)
    low, _goal = facts("batch_rates", learning_rate=RATES[1])
    yield Statement("difference at a low rate", low["largest"] - low["smallest"], 62, 78)


def measured_variance_is_the_formulas(nudge: Nudge) -> Iterator[Statement]:
    net = nudge(ss.workloads.noisy_net())
    still = ss.simulate(net, ss.sgd(0.0), steps=128, batch_size=16, seed=3, evaluate_at=())
    noise = ss.gradient_noise(net, still.final_parameters)
    # Four whole epochs: their minibatches' mean is the gradient over all rows.
    measured = float((still.gradient_norm**2).mean() - noise.signal)
    share = measured / float(noise.variance(16))
    yield Statement("measured variance over the formula's", share, 0.9, 1.1)
    yield Statement("variance of whole batches", float(noise.variance(512)), 0, 0)


def noise_scale_is_a_few_tens_at_the_start_and_grows(nudge: Nudge) -> Iterator[Statement]:
    net = nudge(ss.workloads.clean_net())

    def scale(steps, seed):
        trace = ss.simulate(
            net, ss.sgd(0.25), steps=steps, batch_size=64, seed=seed, evaluate_at=()
        )  # fmt: skip
        return float(ss.gradient_noise(net, trace.final_parameters).scale)

    first = np.array([scale(1, seed) for seed in range(3)])
    later = np.array([scale(60, seed) for seed in range(3)])
    yield Statement("noise scale at the start, least", first.min(), low=10)
    yield Statement("noise scale at the start, largest", first.max(), high=100)
    yield Statement("noise scale after 60 steps over it, least", (later / first).min(), low=2)


def three_regions_in_the_lab(_: Nudge) -> Iterator[Statement]:
    steps = {n: facts("batch_steps", batch_size=str(n))[0]["steps"] for n in batch_steps.BUDGETS}
    yield Statement("examples, 16 over 1", steps[16] * 16 / steps[1], high=1.5)
    yield Statement("steps, 16 over 64", steps[16] / steps[64], 1.5, 3)
    yield Statement("steps, 256 over 1024", steps[256] / steps[1024], 0.7, 1.3)
    yield Statement("steps, 16 over 1024", steps[16] / steps[1024], 2, 3)
    yield Statement("steps of 16", steps[16], 62 * 0.9, 62 * 1.1)
    yield Statement("steps of 1024", steps[1024], 24 * 0.9, 24 * 1.1)
    yield Statement("examples, 1024 over 16", steps[1024] * 1024 / (steps[16] * 16), low=20)


def momentum_goes_further_down_with_large_batches_only(_: Nudge) -> Iterator[Statement]:
    for size, better in ((4, False), (16, False), (256, True), (1024, True)):
        (plain, _first), (momentum, goal) = (
            facts("batch_steps", rule=rule, batch_size=str(size)) for rule in batch_steps.RULES
        )
        share = momentum["steps"] / plain["steps"]
        ends = {"high": 0.8} if better else {"low": 0.8}
        yield Statement(f"steps of {size}, Momentum over SGD", share, **ends)
        yield Statement(f"goal with Momentum and {size}", goal, better, better)


STATEMENTS: list[Said] = [
    two_shared_rates_give_opposite_verdicts,
    valleys_are_equally_deep_and_lie_apart_as_the_sizes_do,
    one_rate_can_make_either_look_best,
    measured_variance_is_the_formulas,
    noise_scale_is_a_few_tens_at_the_start_and_grows,
    three_regions_in_the_lab,
    momentum_goes_further_down_with_large_batches_only,
]
