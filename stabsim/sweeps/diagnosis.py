"""From a sweep over learning rates to the best rate and the edge of instability."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from stabsim import _check
from stabsim._diagnosis_words import SWEEP
from stabsim._words import default_language, number
from stabsim.diagnosis import LEARNED, NEAR, diagnose
from stabsim.trace import final_loss


class SweepDiagnosis(NamedTuple):
    """What a learning-rate sweep says about a workload.

    Attributes:
        learning_rate: the rates, increasing, shape ``(rates,)``.
        objective: the median over seeds of what was compared at each; inf where infeasible.
        feasible: whether at least half of the seeds ended with something learned; below lr*,
            where a rate may just be slow, whether they ended without harm.
        unstable: whether at least half of the seeds were unstable in any way.
        best_learning_rate: lr*, the feasible rate with the least objective.
        edge: the last feasible rate of the run of feasible ones that holds lr*, and the
            first infeasible one after it; None where the sweep does not reach it.
        unstable_base_learning_rate: the least rate from lr* on that is unstable; None where
            the sweep does not reach it.
        limited_by_instability: whether the unstable rate lies within a factor of 4 of lr*, so
            that stability and not the optimum decides the rate.
        best_at_boundary: whether lr* is the first or last rate of the sweep, which then
            should reach further.
    """

    learning_rate: np.ndarray
    objective: np.ndarray
    feasible: np.ndarray
    unstable: np.ndarray
    best_learning_rate: float
    edge: tuple[float, float] | None
    unstable_base_learning_rate: float | None
    limited_by_instability: bool
    best_at_boundary: bool

    def sentences(self, language: str | None = None) -> list[str]:
        """The reading, one sentence each, in "en" or "id"; as of a :class:`stabsim.Diagnosis`."""
        language = default_language() if language is None else language

        def say(name: str, **numbers: float) -> str:
            written = {k: number(v, language) for k, v in numbers.items()}
            return SWEEP[name].in_(language).format(**written)

        lines = [say("best", best=self.best_learning_rate)]
        if self.best_at_boundary:
            lines.append(say("boundary"))
        if self.edge:
            lines.append(say("edge", low=self.edge[0], high=self.edge[1]))
        if self.unstable_base_learning_rate is None:
            return [*lines, say("higher")]
        lines.append(say("unstable", unstable=self.unstable_base_learning_rate))
        return [*lines, say("limited" if self.limited_by_instability else "free")]

    def __str__(self) -> str:
        return "\n".join(self.sentences())


def diagnose_sweep(
    runs: xr.Dataset, axis: str = "learning_rate", objective: str = "final_loss"
) -> SweepDiagnosis:
    """The playbook's reading of a learning-rate sweep.

    Args:
        runs: what :func:`stabsim.sweep` returned, with a ``loss`` over ``axis``, ``step``
            and perhaps ``seed``; select one value of every other axis first.
        axis: the axis of the learning rates.
        objective: "final_loss", the median of the last tenth of the training losses, or
            "validation_loss" or "validation_error", the least over the checkpoints.
    Raises:
        TypeError: if ``runs`` is no dataset.
        ValueError: if an axis is missing or left over, or no run is feasible.
    """
    if not isinstance(runs, xr.Dataset):
        raise TypeError(f"runs must be the dataset of a sweep, not {type(runs).__name__}.")
    _check.choice("objective", objective, ("final_loss", "validation_loss", "validation_error"))
    for name in ("loss", axis):
        if name not in runs:
            raise ValueError(f"runs must hold {name!r}; it holds {sorted(map(str, runs))}.")
    left = set(runs.loss.dims) - {axis, "seed", "step"}
    if left:
        raise ValueError(f"select one value of each other axis first: {sorted(map(str, left))}.")
    runs = runs.sortby(axis)
    if "seed" not in runs.dims:
        runs = runs.expand_dims("seed")
    loss = runs.loss.transpose(axis, "seed", "step").to_numpy()
    verdicts = [[diagnose(run) for run in seeds] for seeds in loss]
    feasible = np.array([[v.feasible for v in seeds] for seeds in verdicts])
    unstable = np.array([[v.unstable for v in seeds] for seeds in verdicts])
    if objective == "final_loss":
        compared = final_loss(loss)
    else:
        best = runs[objective].min("evaluation_step")
        compared = best.transpose(axis, "seed").to_numpy()
    rates = runs[axis].to_numpy().astype(float)
    learned = final_loss(loss) < LEARNED * loss[..., 0]
    return conclude_sweep(rates, compared, feasible, unstable, learned)


def conclude_sweep(
    rates: np.ndarray,
    objective: np.ndarray,
    feasible: np.ndarray,
    unstable: np.ndarray,
    learned: np.ndarray,
) -> SweepDiagnosis:
    """The reading that follows from what each run of a sweep came to.

    Args:
        rates: the learning rates, increasing, shape ``(rates,)``.
        objective: what is compared, the least best, shape ``(rates, seeds)``; seeds that a rate
            lacks are NaN here and in the others.
        feasible, unstable: what the verdicts on the runs say, 0 or 1, shape ``(rates, seeds)``.
        learned: whether each ended a fifth below its start, 0 or 1, shape ``(rates, seeds)``.
    Raises:
        ValueError: if no run is feasible.
    """
    missing = np.isnan(np.asarray(feasible, float))
    compared = np.nan_to_num(objective, nan=np.inf, posinf=np.inf)
    compared = np.nanmedian(np.where(missing, np.nan, compared), -1)
    feasible, unstable, learned = (
        np.nanmean(np.asarray(share, float), -1) >= 0.5 for share in (feasible, unstable, learned)
    )
    if not feasible.any():
        raise ValueError("no learning rate of the sweep is feasible: sweep lower rates.")
    star = int(np.where(feasible, compared, np.inf).argmin())
    feasible &= learned | (np.arange(rates.size) < star)
    compared = np.where(feasible, compared, np.inf)
    infeasible_above = np.flatnonzero(~feasible[star:])
    unstable_above = np.flatnonzero(unstable[star:])
    edge = unstable_rate = None
    if infeasible_above.size:
        first = star + int(infeasible_above[0])
        edge = (float(rates[first - 1]), float(rates[first]))
    if unstable_above.size:
        unstable_rate = float(rates[star + unstable_above[0]])
    return SweepDiagnosis(
        rates,
        compared,
        feasible,
        unstable,
        float(rates[star]),
        edge,
        unstable_rate,
        unstable_rate is not None and unstable_rate <= 1.001 * NEAR * float(rates[star]),
        star in (0, rates.size - 1),
    )
