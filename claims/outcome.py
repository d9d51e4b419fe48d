"""What came of testing a claim: the numbers of each seed, the words for them, and the verdict."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from stabsim._words import Text, number
from stabsim.statistics import interval

SEEDS = range(100, 120)
"""The seeds of every claim: none was looked at when the workloads were chosen."""

CONFIDENCE = 0.95

WHOLE = Text("", "")
"""The name of the only part of a claim."""


class Part(NamedTuple):
    """What a claim says, or one of the things that it says.

    Attributes:
        text: what must hold; ``WHOLE`` where that is the claim itself.
        holds: for each seed, whether it does.
    """

    text: Text
    holds: Sequence[bool]

    @property
    def held(self) -> int:
        """In how many seeds it holds."""
        return int(sum(self.holds))


class Outcome(NamedTuple):
    """What was measured.

    Attributes:
        says: the measured effect in words, in which ``{name}`` stands for a value.
        values: the numbers by name: one number; one a seed; a dict from label to one of these.
        parts: what must hold, at least one.
    """

    says: Text
    values: Mapping[str, Any]
    parts: Sequence[Part]

    @property
    def effect(self) -> Text:
        """The measured effect with its numbers."""

        def said(language: str) -> str:
            numbers = {k: written(v, language) for k, v in self.values.items()}
            return self.says.in_(language).format(**numbers)

        return Text(said("en"), said("id"))

    @property
    def holds(self) -> list[bool]:
        """For each seed, whether all parts hold."""
        return np.logical_and.reduce([part.holds for part in self.parts]).tolist()

    @property
    def held(self) -> int:
        """In how many seeds all parts hold."""
        return sum(self.holds)

    @property
    def verdict(self) -> str:
        """Reproduced if it surely holds in most seeds, not if surely in few, partly between."""
        return verdict(self.held, len(self.holds))


Claim = Callable[[Sequence[int]], Outcome]


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


@cache
def share_interval(held: int, seeds: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a share of which ``held`` of ``seeds`` were drawn.

    References:
        Clopper and Pearson, The Use of Confidence or Fiducial Limits Illustrated in the Case of
        the Binomial, Biometrika 26 (1934).
    """
    from scipy.stats import binomtest  # SciPy comes with jax; its statistics are slow to import

    interval = binomtest(held, seeds).proportion_ci(confidence, method="exact")
    return float(interval.low), float(interval.high)


def statement(claim: Claim) -> Text:
    """What is claimed: the first line of the claim's docstring, and in Indonesian its second."""
    assert claim.__doc__
    english, indonesian = (line.strip() for line in claim.__doc__.strip().split("\n\n"))
    return Text(english, indonesian)


def whole(*conditions: Any) -> list[Part]:
    """The only part of a claim: it holds in the seeds in which all conditions do."""
    return [part(*WHOLE, *conditions)]


def part(en: str, id: str, *conditions: Any) -> Part:
    """A part of a claim, in both languages: it holds in the seeds in which all conditions do."""
    holds = np.logical_and.reduce([np.asarray(c, bool) for c in conditions])
    return Part(Text(en, id), holds.tolist())


def measured(en: str, id: str, **values: Any) -> tuple[Text, dict[str, Any]]:
    """An effect in both languages, in which ``{name}`` stands for a value, and the values."""
    return Text(en, id), values


def written(value: Any, language: str) -> str:
    """A number; of one a seed the median and the range; of labelled ones the mean and interval.

    A seed's NaN is that of a run which diverged, and counts as infinite.
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {_labelled(v, language)}" for k, v in value.items())
    if np.ndim(value) == 0:
        return number(float(value), language)
    row = np.asarray(value, float)
    row = np.where(np.isnan(row), np.inf, row)
    middle, low, high = (number(f(row), language) for f in (np.median, np.min, np.max))
    return f"{middle} ({low} {Text('to', 'sampai').in_(language)} {high})"


def _labelled(value: Any, language: str) -> str:
    if np.ndim(value) == 0:
        return number(float(value), language)
    mean, low, high = (number(float(x), language) for x in interval(np.asarray(value, float)))
    return f"{mean} [{low}{Text(', ', '; ').in_(language)}{high}]"
