"""What the chapter on instability types says of its cells' runs."""

from collections.abc import Iterator

import numpy as np

import stabsim as ss
from claims.statement import Nudge, Said, Statement

SEEDS = range(10)
MOST = 7


def the_two_networks_differ_at_high_rates(nudge: Nudge) -> Iterator[Statement]:
    def experiment(stride, learning_rate, seed):
        net = nudge(ss.workloads.resnet(blocks=2, channels=4, stride=stride))
        return ss.simulate(net, ss.momentum(learning_rate), steps=100, batch_size=64, seed=seed)

    rates = [2.0**k for k in range(-8, 2)]
    runs = ss.sweep(
        experiment, stride=[2, 1], loop="stride", learning_rate=rates, seed=range(3),
        progress=False,
    )  # fmt: skip
    original, changed = (ss.diagnose_sweep(runs.sel(stride=stride)) for stride in (2, 1))
    low = changed.objective[:4] / original.objective[:4]
    yield Statement("the changed net's loss over the original's, low rates", low.max(), high=1)
    best = changed.best_learning_rate / original.best_learning_rate
    yield Statement("its best rate over the original's", best, high=0.5)
    yield Statement("it is limited by instability", changed.limited_by_instability, low=1)
    yield Statement("the original is", original.limited_by_instability, high=0)
    edges = [r.unstable_base_learning_rate or np.inf for r in (original, changed)]
    edge = edges[0] / edges[1]
    yield Statement("the original's unstable rate over the changed one's", edge, 4, 4)


def the_labs_rate_lies_between_the_two_edges(nudge: Nudge) -> Iterator[Statement]:
    def sharpness(stride, seed):
        net = nudge(ss.workloads.resnet(blocks=2, channels=4, stride=stride))
        trace = ss.simulate(
            net, ss.momentum(0.01), steps=1, batch_size=64, seed=seed, measure_sharpness_at=[0]
        )
        return float(trace.sharpness[0])

    threshold = float(ss.momentum(0.5).threshold(0.5))
    flat, sharp = ([sharpness(stride, seed) / threshold for seed in range(4)] for stride in (2, 1))
    yield Statement("sharpness over threshold with stride 2, largest", max(flat), high=1)
    yield Statement("with stride 1, least", min(sharp), low=1)


def clipping_mends_the_corrupted_minibatches(nudge: Nudge) -> Iterator[Statement]:
    net = nudge(ss.workloads.with_outliers(ss.workloads.mlp(width=32), 0.01, 100.0))
    clipping = ss.clipping.clip_by_global_norm(1.0)

    def experiment(seed):
        return ss.simulate(
            net, ss.momentum(2.0**-8), steps=500, batch_size=32, seed=seed, clipping=clipping
        )

    losses = ss.sweep(experiment, seed=SEEDS, progress=False).loss.to_numpy()
    stable = np.array([ss.diagnose(loss).verdict == "stable" for loss in losses])
    yield Statement("the page's run is stable", stable[0], low=1)
    yield Statement("runs that are stable", stable.sum(), low=MOST)


STATEMENTS: list[Said] = [
    the_two_networks_differ_at_high_rates,
    the_labs_rate_lies_between_the_two_edges,
    clipping_mends_the_corrupted_minibatches,
]
