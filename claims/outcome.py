"""What came of testing a claim."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from stabsim._words import Text, number
from stabsim.trace import final_loss

SEEDS = range(100, 110)
"""The seeds of every claim: none was looked at when the workloads were chosen."""


class Outcome(NamedTuple):
    """What was measured.

    Attributes:
        effect: the measured effect with its numbers, in words.
        holds: for each seed, whether the claim held.
    """

    effect: Text
    holds: Sequence[bool]

    @property
    def verdict(self) -> str:
        """Reproduced in at least 9 of 10 seeds, partly in at least half, or not."""
        share = np.mean(self.holds)
        if share >= 0.9:
            return "reproduced"
        return "partly reproduced" if share >= 0.5 else "not reproduced"


Claim = Callable[[Sequence[int]], Outcome]


def statement(claim: Claim) -> Text:
    """What is claimed: the first line of the claim's docstring, and in Indonesian its second."""
    assert claim.__doc__
    english, indonesian = (line.strip() for line in claim.__doc__.strip().split("\n\n"))
    return Text(english, indonesian)


def every(*conditions: Any) -> list[bool]:
    """For each seed, whether all conditions hold."""
    return np.logical_and.reduce([np.asarray(c, bool) for c in conditions]).tolist()


def measured(en: str, id: str, **values: Any) -> Text:
    """An effect in both languages: numbers as they are, an array as its median and range."""

    def written(language: str) -> dict[str, str]:
        return {name: _written(value, language) for name, value in values.items()}

    return Text(en.format(**written("en")), id.format(**written("id")))


def _written(value: Any, language: str) -> str:
    middle, low, high = (number(f(value), language) for f in (np.median, np.min, np.max))
    if np.ndim(value) == 0:
        return middle
    return f"{middle} ({low} {Text('to', 'sampai').in_(language)} {high})"


def final(runs: Any) -> np.ndarray:
    """Final training losses with inf for runs that are not finite, ``(..., seeds)``."""
    loss = runs.loss.transpose(..., "seed", "step").to_numpy()
    return np.nan_to_num(final_loss(loss), nan=np.inf, posinf=np.inf)
