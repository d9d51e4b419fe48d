"""What came of testing a claim."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from stabsim.trace import final_loss

SEEDS = range(100, 110)
"""The seeds of every claim: none was looked at when the workloads were chosen."""


class Outcome(NamedTuple):
    """What was measured.

    Attributes:
        effect: the measured effect with its numbers, in words.
        holds: for each seed, whether the claim held.
    """

    effect: str
    holds: Sequence[bool]

    @property
    def verdict(self) -> str:
        """Reproduced in at least 9 of 10 seeds, partly in at least half, or not."""
        share = np.mean(self.holds)
        if share >= 0.9:
            return "reproduced"
        return "partly reproduced" if share >= 0.5 else "not reproduced"


Claim = Callable[[Sequence[int]], Outcome]


def statement(claim: Claim) -> str:
    """What is claimed."""
    assert claim.__doc__
    return claim.__doc__.strip().splitlines()[0]


def every(*conditions: Any) -> list[bool]:
    """For each seed, whether all conditions hold."""
    return np.logical_and.reduce([np.asarray(c, bool) for c in conditions]).tolist()


def median(values: Any) -> str:
    """A median with its range, for an effect."""
    values = np.asarray(values, float)
    low, high = np.min(values), np.max(values)
    return f"{np.median(values):.3g} ({low:.3g} to {high:.3g})"


def final(runs: Any) -> np.ndarray:
    """Final training losses with inf for runs that are not finite, ``(..., seeds)``."""
    loss = runs.loss.transpose(..., "seed", "step").to_numpy()
    return np.nan_to_num(final_loss(loss), nan=np.inf, posinf=np.inf)
