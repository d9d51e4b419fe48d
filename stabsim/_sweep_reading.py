"""What the runs of a learning-rate sweep say together; it needs neither JAX nor xarray."""

from typing import NamedTuple

import numpy as np

from stabsim._diagnosis_words import SWEEP
from stabsim._words import default_language, number
from stabsim.diagnosis import NEAR


class SweepDiagnosis(NamedTuple):
    """What a learning-rate sweep says about a workload.

    Attributes:
        learning_rate: the rates, increasing, shape ``(rates,)``.
        objective: the median over seeds of what was compared at each; inf where infeasible.
        feasible: whether at least half of the seeds ended without harm; above lr* they must have
            learned something as well, if they did at lr*.
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
            # What is not feasible and yet not unstable has learned nothing.
            return [*lines, say("still", high=self.edge[1]) if self.edge else say("higher")]
        lines.append(say("unstable", unstable=self.unstable_base_learning_rate))
        return [*lines, say("limited" if self.limited_by_instability else "free")]

    def __str__(self) -> str:
        return "\n".join(self.sentences())


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
    if learned[star]:  # below it a rate may just be slow
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
