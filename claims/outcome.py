"""What came of testing a claim."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from stabsim._words import Text, number
from stabsim.trace import final_loss

SEEDS = range(100, 120)
"""The seeds of every claim: none was looked at when the workloads were chosen."""

CONFIDENCE = 0.95


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
        """Reproduced if it surely holds in most seeds, not if surely in few, partly between."""
        return verdict(int(sum(self.holds)), len(self.holds))


def verdict(held: int, seeds: int) -> str:
    """The verdict on a claim that held in so many seeds.

    Reproduced where the whole interval of the share lies above a half, not reproduced where it
    lies below, and partly reproduced where a half is within. Since the claim is about a median
    run (an effect that is above its bound in more than half of all seeds), this is the sign test
    of its effect, on both sides.
    """
    low, high = share_interval(held, seeds)
    if low > 0.5:
        return "reproduced"
    return "not reproduced" if high < 0.5 else "partly reproduced"


def share_interval(held: int, seeds: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a share of which ``held`` of ``seeds`` were drawn.

    References:
        Clopper and Pearson, The Use of Confidence or Fiducial Limits Illustrated in the Case of
        the Binomial, Biometrika 26 (1934).
    """
    from scipy.stats import binomtest  # SciPy comes with jax; its statistics are slow to import

    interval = binomtest(held, seeds).proportion_ci(confidence, method="exact")
    return float(interval.low), float(interval.high)


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
