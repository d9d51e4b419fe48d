"""What the chapter on other fixes says of its cells' runs."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import stabsim as ss
from claims.statement import Nudge, Said, Statement
from stabsim.workloads.any_block import any_block
from stabsim.workloads.residual import BLOCKS

SEEDS = range(10)
GUESSING = np.log(10)


def best(runs: Any) -> np.ndarray:
    """Each seed's lowest final loss over the rates."""
    finals = runs.loss.isel(step=slice(-runs.step.size // 10, None)).median("step", skipna=False)
    return finals.fillna(np.inf).min("learning_rate").to_numpy()


def adam_learns_what_momentum_does_not(nudge: Nudge) -> Iterator[Statement]:
    net = nudge(ss.workloads.residual_mlp(depth=16, width=24, gain=1.4))

    def swept(rule, exponents):
        def train(learning_rate, seed):
            return ss.simulate(
                net, rule(learning_rate), steps=150, batch_size=24, seed=seed, evaluate_at=()
            )

        rates = [4.0**k for k in exponents]
        return ss.sweep(train, learning_rate=rates, seed=SEEDS, progress=False)

    momentum, adam = swept(ss.momentum, range(-8, -4)), swept(ss.adam, (-3, -2))
    reading = ss.diagnose_sweep(momentum)
    yield Statement("Momentum is limited by instability", reading.limited_by_instability, low=1)
    unstable = reading.unstable_base_learning_rate
    yield Statement("its unstable rate", np.inf if unstable is None else unstable, high=4.0**-5)
    yield Statement("its best loss, median", np.median(best(momentum)), low=GUESSING)
    share = (best(adam) / best(momentum)).max()
    yield Statement("Adam's best loss over Momentum's, largest", share, high=1)
    yield Statement("Adam's best loss, largest", best(adam).max(), high=GUESSING)
    yield Statement("Adam's best loss, median", np.median(best(adam)), high=1.3)


def what_trains_at_depth_32(nudge: Nudge) -> Iterator[Statement]:
    def placed(block, learning_rate, seed):
        net = nudge(any_block(block, 1.0, depth=32, width=16))
        return ss.simulate(
            net, ss.sgd(learning_rate), steps=120, batch_size=24, seed=seed, evaluate_at=()
        )

    rates = [4.0**k for k in (-4, -3, -2, -1)]
    runs = ss.sweep(
        placed, block=list(BLOCKS), learning_rate=rates, seed=range(4), progress=False
    )  # fmt: skip
    lowest = {block: best(runs.sel(block=block)) for block in BLOCKS}
    for block in ("f(x)", "Norm(f(x))"):
        yield Statement(f"{block}: best loss, least", lowest[block].min(), low=2)
    lost = np.isinf(lowest["x + f(x)"]).sum()
    yield Statement("x + f(x): runs that fail at every rate", lost, low=4)
    for block in ("x + f(Norm(x))", "x + Norm(f(x))", "x + a f(x)"):
        yield Statement(f"{block}: best loss, largest", lowest[block].max(), high=0.5)
        share = (lowest[block] / lowest["Norm(x + f(x))"]).max()
        yield Statement(f"{block}: its best loss over that of Norm(x + f(x))", share, high=1)
    end = runs.loss.isel(step=slice(-12, None)).median("step", skipna=False).fillna(np.inf)
    high, low = (
        {block: float(end.sel(learning_rate=rate, block=block).median()) for block in BLOCKS}
        for rate in (rates[-1], rates[0])
    )
    yield Statement("x + a f(x) at the highest rate", high["x + a f(x)"], high=0.3)
    yield Statement("x + f(Norm(x)) at the highest rate", high["x + f(Norm(x))"], low=10)
    yield Statement("x + Norm(f(x)) at the highest rate", high["x + Norm(f(x))"], high=10)
    slow = low["x + a f(x)"] / low["x + f(Norm(x))"]
    yield Statement("x + a f(x) over x + f(Norm(x)) at the lowest rate", slow, low=1)


STATEMENTS: list[Said] = [adam_learns_what_momentum_does_not, what_trains_at_depth_32]
