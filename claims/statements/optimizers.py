"""What the chapter on update rules says of its cells' runs."""

from collections.abc import Iterator

import numpy as np

import stabsim as ss
from claims.statement import Nudge, Said, Statement

SEEDS = range(10)
MOST = 7


def one_rate_is_fair_to_none(nudge: Nudge) -> Iterator[Statement]:
    rules = {"SGD": ss.sgd, "Momentum": ss.momentum, "Adam": ss.adam}
    net = nudge(ss.workloads.mlp(depth=2, width=16))

    def train(rule, learning_rate, seed):
        return ss.simulate(
            net, rules[rule](learning_rate), steps=100, batch_size=64, seed=seed, evaluate_at=()
        )

    runs = ss.sweep(
        train, rule=list(rules), learning_rate=[4.0**-3, 4.0**-1], seed=SEEDS, progress=False
    )
    end = runs.loss.isel(step=slice(-10, None)).median("step")
    low, high = (
        {rule: end.sel(learning_rate=rate, rule=rule).to_numpy() for rule in rules}
        for rate in (4.0**-3, 4.0**-1)
    )
    yield Statement(
        "low rate, Adam's loss over Momentum's, largest",
        (low["Adam"] / low["Momentum"]).max(), high=1,
    )  # fmt: skip
    yield Statement("low rate, SGD's loss, least", low["SGD"].min(), low=1.2)
    yield Statement("high rate, Adam's loss, least", high["Adam"].min(), low=0.9)
    better = int((high["Momentum"] < high["SGD"]).sum())
    yield Statement("high rate, Momentum below SGD, seeds", better, low=MOST)


def a_large_eps_makes_momentum_of_adam(nudge: Nudge) -> Iterator[Statement]:
    small = nudge(ss.workloads.mlp(depth=2, width=16, rows=64))

    def imitation(eps, seed):
        def rate(t):
            return 0.1 * eps / (1 - 0.9) / ss.adam(1.0).bias_correction(t + 1)

        pair = (ss.adam(rate, eps=eps), ss.momentum(0.1))
        a, b = (ss.simulate(small, r, steps=100, seed=seed, evaluate_at=()).loss for r in pair)
        return {"distance": abs(a - b).max()}

    runs = ss.sweep(imitation, eps=[1e-8, 1e-2, 1e2], seed=SEEDS, progress=False)
    distance = runs.distance.to_numpy()
    fall = (distance[1:] / distance[:-1]).max()
    yield Statement("distance at one eps over that at the next lower", fall, high=1)
    yield Statement("distance from Momentum at the largest eps", distance[-1].max(), high=1e-3)


def what_momentum_does_alone(_: Nudge) -> Iterator[Statement]:
    critical = (1 - np.sqrt(0.9)) ** 2

    def path(rate):
        bowl = ss.workloads.quadratic([1.0])
        trace = ss.simulate(bowl, ss.momentum(rate), steps=400, record_parameters=True)
        return np.asarray(trace.parameters)[:, 0]

    beyond = int((path(0.9 * critical) <= 0).sum())
    yield Statement("steps beyond the bottom below the critical rate", beyond, high=0)
    swung = path(4 * critical)
    yield Statement("least place above it", swung.min(), high=0)
    peaks = np.abs(swung)
    share = (peaks[300:400].max() / peaks[100:200].max()) ** (1 / 200)
    apart = abs(share - np.sqrt(0.9))
    yield Statement("by what its swings shrink in a step, off the root by", apart, high=0.01)


STATEMENTS: list[Said] = [
    one_rate_is_fair_to_none,
    a_large_eps_makes_momentum_of_adam,
    what_momentum_does_alone,
]
