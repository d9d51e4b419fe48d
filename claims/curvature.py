"""Theory against runs: the edge of stability and the catapult."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import stabsim as ss
from claims.outcome import Claim, Outcome, measured, whole
from stabsim.workloads import mlp, surface

Seeds = Sequence[int]


def _settles(
    rule: Callable[[Any], Any], learning_rate: float, seeds: Seeds, steps: int
) -> np.ndarray:
    """Sharpness over threshold in the last quarter of a full-batch run, one a seed."""
    net = mlp(width=32, activation="tanh", objective="squared_error", rows=256, gain=0.5)

    def experiment(seed):
        return ss.simulate(
            net,
            rule(learning_rate),
            steps=steps,
            seed=seed,
            measure_sharpness_at=range(3 * steps // 4, steps, 20),
        )

    runs = ss.sweep(experiment, seed=seeds)
    return (runs.sharpness / runs.threshold).mean("sharpness_step").to_numpy()


def _edge(
    rule: Callable[[Any], Any], learning_rate: float, seeds: Seeds, steps: int = 2000
) -> Outcome:
    ratio = _settles(rule, learning_rate, seeds, steps)
    return Outcome(
        *measured(
            "at rate {rate}, sharpness over threshold is {ratio}",
            "pada laju {rate}, nisbah ketajaman terhadap ambangnya {ratio}",
            rate=learning_rate,
            ratio=ratio,
        ),
        whole(np.abs(ratio - 1) < 0.1),
    )


def edge_of_gradient_descent(seeds: Seeds) -> Outcome:
    """Full-batch gradient descent settles at a sharpness of 2/η.

    Penurunan gradien dengan batch penuh menetap pada ketajaman 2/η.
    """
    return _edge(ss.sgd, 0.1, seeds)


def edge_of_momentum(seeds: Seeds) -> Outcome:
    """Full-batch Momentum settles at a sharpness of (2 + 2γ)/η.

    Momentum dengan batch penuh menetap pada ketajaman (2 + 2γ)/η.
    """
    return _edge(ss.momentum, 0.35, seeds, steps=4000)


def edge_of_nesterov(seeds: Seeds) -> Outcome:
    """Full-batch Nesterov settles at a sharpness of (2 + 2γ)/((1 + 2γ) η).

    Nesterov dengan batch penuh menetap pada ketajaman (2 + 2γ)/((1 + 2γ) η).
    """
    return _edge(ss.nesterov, 0.1, seeds)


def edge_of_adam(seeds: Seeds) -> Outcome:
    """Full-batch Adam settles at a preconditioned sharpness of (2 + 2β₁)/((1 - β₁) α).

    Adam dengan batch penuh menetap pada ketajaman berprakondisi (2 + 2β₁)/((1 - β₁) α).
    """
    return _edge(ss.adam, 0.003, seeds)


def edge_of_nadam(seeds: Seeds) -> Outcome:
    """Full-batch NAdam settles at (2 + 2β₁)/((1 + 2β₁)(1 - β₁) α), preconditioned.

    NAdam dengan batch penuh menetap pada ketajaman berprakondisi (2 + 2β₁)/((1 + 2β₁)(1 - β₁) α).
    """
    return _edge(ss.nadam, 0.003, seeds)


def catapult(seeds: Seeds) -> Outcome:
    """On the uv model, rates between 2/h and 4/h catapult to a flatter minimum, above they diverge.

    Pada model uv, laju antara 2/h dan 4/h melontarkan run ke minimum yang lebih landai; di atasnya run divergen.
    """  # noqa: E501
    starts = np.random.default_rng(list(seeds)).normal(size=(len(seeds), 2)) * [1, 0.3] + [2, 0]
    holds, flatter = [], []
    for start in starts:
        bowl = surface("uv", start=(float(start[0]), float(start[1])))
        sharp = float(np.sum(start**2))

        def experiment(factor, bowl=bowl, sharp=sharp):
            return ss.simulate(bowl, ss.sgd(factor / sharp), steps=2000, record_parameters=True)

        runs = ss.sweep(experiment, factor=[1.9, 2.5, 3.5, 4.5])
        end = np.nan_to_num(runs.loss.isel(step=-1).to_numpy(), nan=np.inf)
        last = (runs.parameters.isel(point=-1) ** 2).sum("parameter").to_numpy()
        flatter.append(last[1] / sharp)
        holds.append(bool((end[:3] < 1e-3).all() and end[3] > 1 and (last[1:3] < sharp).all()))
    return Outcome(
        *measured(
            "at 2.5/h the sharpness falls to {flatter} of its start",
            "pada 2,5/h ketajaman turun menjadi {flatter} dari nilai awalnya",
            flatter=flatter,
        ),
        whole(holds),
    )


EDGES: list[Claim] = [
    edge_of_gradient_descent,
    edge_of_momentum,
    edge_of_nesterov,
    edge_of_adam,
    edge_of_nadam,
    catapult,
]
