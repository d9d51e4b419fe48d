"""What the playbook advises from numbers alone: where to clip, and how long to warm up."""

from typing import Any, NamedTuple

import numpy as np

from stabsim import _check
from stabsim._words import default_language, number, whole
from stabsim.logs.spool import Spool
from stabsim.logs.words import ADVICE

LARGEST_WARMUP = 0.1
"""The longest warmup worth trying, as a share of max_train_steps."""

AGGRESSIVE = 0.5
"""Clipping more than this share of the updates is in essence a smaller learning rate."""


def warmup_candidates(max_train_steps: int) -> list[int]:
    """Warmup lengths at different orders of magnitude, up to 10% of ``max_train_steps``.

    Raises:
        ValueError: if max_train_steps is below 10, which leaves no length to try.
    Examples:
        >>> warmup_candidates(20_000)
        [10, 100, 1000, 2000]
    """
    _check.count("max_train_steps", max_train_steps, least=10)
    largest = int(LARGEST_WARMUP * max_train_steps)
    tens = [10**k for k in range(1, 10) if 10**k < largest]
    return [*tens, largest]


class ClipAdvice(NamedTuple):
    """A clipping threshold and what it would do.

    Attributes:
        threshold: in units of the gradient's norm.
        percentile: the percentile that it is; None where it was given.
        norms: how many finite norms it was judged by.
        before: the step before which these lie; None if all norms count.
        clipped_fraction: the share of them that it would clip.
        clipped_of_all: the share of all norms, where those not finite count as clipped.
    """

    threshold: float
    percentile: float | None
    norms: int
    before: float | None
    clipped_fraction: float
    clipped_of_all: float

    @property
    def aggressive(self) -> bool:
        """Whether it clips so much that the learning rate should be cut instead."""
        return self.clipped_fraction > AGGRESSIVE

    def sentences(self, language: str | None = None) -> list[str]:
        """Where to clip and what that would do, one sentence each, in "en" or "id".

        In the language of the settings if none is given.
        """
        language = default_language() if language is None else language
        base = ADVICE["all" if self.before is None else "before"].in_(language)
        values = {
            "threshold": number(self.threshold, language),
            "percentile": number(self.percentile or 0.0, language),
            "base": base.format(norms=self.norms, step=whole(self.before or 0.0, language)),
            "share": f"{number(100 * self.clipped_fraction, language)}%",
            "of_all": f"{number(100 * self.clipped_of_all, language)}%",
        }
        keys = ["judged" if self.percentile is None else "threshold"]
        if values["share"] != values["of_all"]:
            keys.append("of all")
        if self.aggressive:
            keys.append("aggressive")
        return [ADVICE[key].in_(language).format(**values) for key in keys]

    def __str__(self) -> str:
        return "\n".join(self.sentences())


def advise_clipping(
    gradient_norm: Any,
    *,
    percentile: float = 90.0,
    threshold: float | None = None,
    before: tuple[float, int] | None = None,
) -> ClipAdvice:
    """Where to clip, from the unclipped norms of a run, or what a threshold would do.

    Args:
        gradient_norm: unclipped norms, any shape, or a :class:`stabsim.logs.spool.Spool` of them.
        percentile: the percentile of the finite norms to clip at.
        threshold: a threshold to judge instead.
        before: the step before which norms are judged, and how many norms lie before it; all
            are if not given.
    Raises:
        ValueError: if no norm is finite, or a number is out of its range.
    Examples:
        >>> print(advise_clipping([1.0, 2.0, 3.0, 4.0], threshold=3.0))
        Of all 4 finite norms, the threshold 3 would have clipped 25%.
    """
    _check.percentile("percentile", percentile)
    if isinstance(gradient_norm, Spool):
        norms = gradient_norm
    else:
        norms = Spool()
        norms.append(np.ravel(np.asarray(gradient_norm, float)))
    step, stop = before or (None, norms.size)
    finite = sum(int(np.isfinite(block).sum()) for block in norms.blocks(0, stop))
    if finite == 0:
        raise ValueError("gradient_norm must hold at least one finite norm; it holds none.")
    given = threshold is not None
    if threshold is None:
        threshold = norms.percentile(percentile, 0, stop)
    _check.positive("threshold", threshold)
    above = sum(
        int((np.isfinite(block) & (block > threshold)).sum()) for block in norms.blocks(0, stop)
    )
    of_all = sum(int((~(block <= threshold)).sum()) for block in norms.blocks())
    return ClipAdvice(
        float(threshold), None if given else percentile, finite, step,
        above / finite, of_all / norms.size,
    )  # fmt: skip
