"""What the chapter on gradient clipping says of its cells' runs."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

import stabsim as ss
from claims.statement import Nudge, Said, Statement
from stabsim.clipping import clip_by_global_norm
from stabsim.labs.clip import corrupted
from stabsim.labs.strategies import STRATEGIES, strategy

SEEDS = range(10)
MOST = 7
OFF = 1e30


def finals(runs: Any) -> Any:
    """Each run's final loss; inf where it is not finite."""
    last = runs.loss.isel(step=slice(-runs.step.size // 10, None))
    return last.median("step", skipna=False).fillna(np.inf)


def stable(runs: Any) -> int:
    return sum(not ss.diagnose(loss.to_numpy()).unstable for loss in runs.loss)


def the_patients_norms_have_a_hump_and_a_tail(nudge: Nudge) -> Iterator[Statement]:
    trace = ss.simulate(
        nudge(corrupted()), ss.momentum(0.05), steps=300, batch_size=32, seed=6, evaluate_at=()
    )
    norms = np.asarray(trace.gradient_norm)
    advised = ss.playbook.advise_clipping(norms).threshold
    yield Statement("advised threshold", advised, low=2, high=5)
    yield Statement("median norm", float(np.median(norms)), low=0.8, high=2)
    yield Statement("largest norm", norms.max(), low=30, high=50)
    unstable = ss.diagnose(trace).verdict == "mid-training instability"
    yield Statement("unstable in mid-training", unstable, low=1)


@cache
def started(nudge: Nudge) -> tuple[Any, float, float, Any]:
    """The steep net at its rate and at a tenth, with three thresholds and with none."""
    net = nudge(ss.workloads.steep_net())
    calm = ss.simulate(
        net, ss.sgd(2.0**-6 / 10), steps=200, batch_size=32, evaluate_at=(),
        measure_sharpness_at=(0, 5, 50, 199),
    )  # fmt: skip
    good = ss.playbook.advise_clipping(calm.gradient_norm).threshold
    aggressive = ss.clipping.norm_percentile(calm.gradient_norm[100:], 50.0) / 2

    def train(threshold, warmup, learning_rate, seed):
        rule = ss.sgd(ss.schedules.linear_warmup(learning_rate, warmup))
        return ss.simulate(
            net, rule, steps=200, batch_size=32, seed=seed, evaluate_at=(),
            clipping=clip_by_global_norm(threshold),
        )  # fmt: skip

    runs = ss.sweep(
        train, threshold=[OFF, good, aggressive, 30.0], warmup=[0, 40],
        learning_rate=[2.0**k for k in (-8, -6, -4, -2)], seed=range(6), progress=False,
    )  # fmt: skip
    return calm, good, aggressive, runs


def clipping_mends_a_steep_start(nudge: Nudge) -> Iterator[Statement]:
    calm, good, aggressive, runs = started(nudge)
    norms = np.asarray(calm.gradient_norm)
    typical = float(np.median(norms[100:]))
    yield Statement("first norm over the typical one", norms[0] / typical, low=20)
    yield Statement("norm at step 20", norms[20], low=25, high=45)
    yield Statement("typical norm", typical, low=12, high=18)
    yield Statement("good threshold over the typical norm", good / typical, low=1, high=3)
    page = runs.sel(learning_rate=2.0**-6, warmup=0)
    mended, slow = page.sel(threshold=good), page.sel(threshold=aggressive)
    yield Statement("stable without clipping", stable(page.sel(threshold=OFF)), high=0)
    yield Statement("stable, clipped well", stable(mended), low=6)
    yield Statement("stable, clipped too low", stable(slow), low=6)
    yield Statement("updates clipped, good", float(mended.clipped.mean()), high=0.15)
    yield Statement("updates clipped, aggressive", float(slow.clipped.mean()), low=0.8)
    ratio = float((finals(slow) / finals(mended)).min())
    yield Statement("final loss, aggressive over good, least", ratio, low=2)


def curvature_falls_with_the_norm_and_more_slowly(nudge: Nudge) -> Iterator[Statement]:
    calm, *_ = started(nudge)
    norms = np.asarray(calm.gradient_norm)[[0, 5, 50, 199]]
    sharpness = np.asarray(calm.sharpness)
    yield Statement("norm over the one before, largest", (norms[1:] / norms[:-1]).max(), high=1)
    falls = (sharpness[1:] / sharpness[:-1]).max()
    yield Statement("sharpness over the one before, largest", falls, high=1)
    share = norms[0] / norms[-1] / (sharpness[0] / sharpness[-1])
    yield Statement("fall of the norm over that of the sharpness", share, low=5)


def with_clipping_this_net_has_no_need_of_warmup(nudge: Nudge) -> Iterator[Statement]:
    *_, runs = started(nudge)
    end = finals(runs.sel(threshold=[OFF, 30.0])).median("seed")

    def edge(threshold, warmup):
        """The highest rate, as a power of two, whose median run ends with something learned."""
        row = end.sel(threshold=threshold, warmup=warmup)
        return float(np.log2(row.learning_rate[row < 1].max()))

    yield Statement("log2 of the edge, unclipped", edge(OFF, 0), -8, -8)
    yield Statement("log2 of the edge, unclipped, warmup", edge(OFF, 40), -6, -4)
    for warmup in (0, 40):
        yield Statement(f"log2 of the edge, clipped, warmup {warmup}", edge(30.0, warmup), -2, -2)
    low = end.sel(threshold=30.0, learning_rate=[2.0**-8, 2.0**-6])
    ratio = float((low.sel(warmup=40) / low.sel(warmup=0)).min())
    yield Statement("clipped, low rates: loss with warmup over without", ratio, low=1)
    first = end.sel(learning_rate=2.0**-8, warmup=40)
    ratio = float(first.sel(threshold=30.0) / first.sel(threshold=OFF))
    yield Statement("lowest rate, warmup: clipped over unclipped", ratio, low=1)
    lowest = float(end.sel(threshold=30.0, warmup=0).min())
    yield Statement("lowest loss, clipped", lowest, 0.05, 0.12)


def a_smaller_rate_ends_lower_than_any_product(nudge: Nudge) -> Iterator[Statement]:
    net = nudge(ss.workloads.mlp(width=32))

    def train(learning_rate, product, seed):
        clipping = clip_by_global_norm(product / learning_rate)
        return ss.simulate(
            net, ss.sgd(learning_rate), steps=300, batch_size=32, seed=seed, clipping=clipping,
            evaluate_at=(),
        )  # fmt: skip

    products = [0.0125 * 2**k for k in range(6)]
    runs = ss.sweep(
        train, learning_rate=[1.0, 8.0, 64.0], product=products, seed=SEEDS, progress=False
    )

    def plain(seed):
        return ss.simulate(
            net, ss.sgd(0.251), steps=300, batch_size=32, seed=seed, evaluate_at=()
        )  # fmt: skip

    smaller = float(finals(ss.sweep(plain, seed=SEEDS, progress=False)).median())
    share = float(runs.clipped.mean("step").median("seed").min())
    yield Statement("updates clipped, least", share, low=0.5)
    lowest = float(finals(runs).median("seed").min())
    yield Statement("a smaller rate's loss over that of any product", smaller / lowest, high=1)


def strategies_on_outliers_alone(nudge: Nudge) -> Iterator[Statement]:
    net = nudge(corrupted())

    def train(which, seed):
        return ss.simulate(
            net, ss.sgd(0.5), steps=300, batch_size=32, seed=seed, clipping=strategy(which, 3.0),
            evaluate_at=(),
        )  # fmt: skip

    runs = ss.sweep(train, which=list(STRATEGIES), seed=SEEDS, progress=False)
    end = {which: float(finals(runs).median("seed").sel(which=which)) for which in STRATEGIES}
    yield Statement("stable without clipping", stable(runs.sel(which="off")), high=3)
    for which in STRATEGIES:
        if which != "off":
            yield Statement(f"stable, {which}", stable(runs.sel(which=which)), low=MOST)
            yield Statement(f"loss over that without, {which}", end[which] / end["off"], high=0.1)
    for which in ("zclip", "auto90"):
        yield Statement(f"{which} over fixed", end[which] / end["fixed"], 0.5, 2)
        share = float(runs.clipped.sel(which=which).mean())
        yield Statement(f"updates clipped, {which}", share, high=0.15)
    share = float(runs.clipped.sel(which="auto10").mean())
    yield Statement("updates clipped, auto10", share, low=0.5)
    yield Statement("auto10 over fixed", end["auto10"] / end["fixed"], high=1.2)


STATEMENTS: list[Said] = [
    the_patients_norms_have_a_hump_and_a_tail,
    clipping_mends_a_steep_start,
    curvature_falls_with_the_norm_and_more_slowly,
    with_clipping_this_net_has_no_need_of_warmup,
    a_smaller_rate_ends_lower_than_any_product,
    strategies_on_outliers_alone,
]
