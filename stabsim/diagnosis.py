"""From a run to a verdict: is it unstable, which kind, and what shows it?"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np

from stabsim._diagnosis_words import EVIDENCE, VERDICTS
from stabsim._words import default_language, number, whole
from stabsim.trace import Trace, diverged_at, final_loss

__all__ = [
    "Diagnosis",
    "Rise",
    "Verdict",
    "diagnose",
]

WINDOW = 5
"""Losses are smoothed by a running median of at least this many records: an outlying
minibatch is no instability. Longer logs, in which chance has more tries, take more."""

EARLY_SHARE = 0.05
"""What happens within this share of the training is early."""

RISE = 0.1
"""A rise counts from this share of the initial loss on."""

LEARNED = 0.8
"""Something was learned once the loss is below this share of its start."""

RISE_UNSEEN = 0.3
"""... and from this share while too few records have been seen to know the noise."""

SPIKE = 2.0
"""A single record above this many times the initial loss counts if learning then stopped."""

NOISE = 2.0
"""A rise counts only above this many times the changes from record to record before it."""

RUNAWAY = 10.0
"""A run that ends above this many times its initial loss has diverged."""

NEAR = 4.0
"""An unstable rate within this factor of lr* limits the workload."""


class Verdict(StrEnum):
    """The kinds of run that the playbook tells apart."""

    STABLE = "stable"
    EARLY = "early instability"
    EARLY_RECOVERED = "early instability with recovery"
    MID_TRAINING = "mid-training instability"
    DIVERGED = "diverged"


class Rise(NamedTuple):
    """A period in which the loss went up, not down.

    Attributes:
        onset: the step at which the smoothed loss was lowest before it rose.
        lowest: the smoothed loss there.
        peak_step: the step of the highest loss before recovery.
        peak: that loss.
        recovered_at: the step at which the loss was back; None if it never was.
        early: whether it began early in training, or before anything was learned.
    """

    onset: float
    lowest: float
    peak_step: float
    peak: float
    recovered_at: float | None
    early: bool


STEPS = ("onset", "peak_step", "step")
"""The values in sentences that are steps."""


class Diagnosis(NamedTuple):
    """A verdict on one run, with its evidence.

    Attributes:
        verdict: the kind of run.
        rises: every period of rising loss, in order.
        initial_loss: the first recorded loss.
        final_loss: the median of the last tenth of the losses; NaN if one is not finite.
        diverged_at: the first step that is not finite; None if all are.
        largest_gradient: the step and the size of the largest finite gradient norm; None
            where no norms were given.
    """

    verdict: Verdict
    rises: tuple[Rise, ...]
    initial_loss: float
    final_loss: float
    diverged_at: float | None
    largest_gradient: tuple[float, float] | None

    @property
    def unstable(self) -> bool:
        """Whether the verdict is any but stable."""
        return self.verdict is not Verdict.STABLE

    @property
    def feasible(self) -> bool:
        """Whether the run ended with something learned: stable, or recovered."""
        return self.verdict is Verdict.STABLE or (
            self.verdict is not Verdict.DIVERGED
            and all(rise.recovered_at is not None for rise in self.rises)
        )

    def sentences(self, language: str | None = None) -> list[str]:
        """The verdict and its evidence, one sentence each, in "en" or "id".

        In the language of the environment variable ``STABSIM_LANGUAGE`` if none is given.
        """
        language = default_language() if language is None else language

        def say(name: str, **values: float | str) -> str:
            written = {
                k: v if isinstance(v, str) else (whole if k in STEPS else number)(v, language)
                for k, v in values.items()
            }
            return EVIDENCE[name].in_(language).format(**written)

        verdict = VERDICTS[self.verdict].in_(language)
        lines = [
            f"{verdict[0].upper()}{verdict[1:]}.",
            say("span", initial=self.initial_loss, final=self.final_loss),
        ]
        for rise in self.rises:
            at = rise.recovered_at
            back = say("lost") if at is None else say("recovered", step=at)
            values = {k: v for k, v in rise._asdict().items() if k not in ("recovered_at", "early")}
            lines.append(say("early" if rise.early else "mid", **values, back=back))
        if self.diverged_at is not None:
            lines.append(say("diverged", step=self.diverged_at))
        if self.largest_gradient is not None:
            step, norm = self.largest_gradient
            lines.append(say("gradient", norm=norm, step=step))
        return lines

    def __str__(self) -> str:
        return "\n".join(self.sentences())


def diagnose(
    run: Trace | Sequence[float] | np.ndarray | Any,
    steps: Sequence[float] | np.ndarray | None = None,
    gradient_norm: Sequence[float] | np.ndarray | None = None,
) -> Diagnosis:
    """The verdict on one run, from a trace or from plain arrays of a log.

    The losses are smoothed by a running median. A rise is a climb of the smoothed loss above
    its lowest value so far, by more than a tenth of the initial loss and more than the
    noise. It is early if it begins within the first twentieth of training or before the
    loss has fallen by a fifth, and has recovered once the loss is a fifth below its start; in
    mid-training it has recovered once the rise is undone. A run that is not finite, or
    ends far above its start, has diverged.

    Args:
        run: a Trace, or the losses, shape ``(n,)``, NaN and inf included.
        steps: the step of each loss, increasing; 0, 1, 2, ... if not given.
        gradient_norm: the unclipped gradient norm of each record, if it was logged.
    Raises:
        TypeError: if the arrays are not numbers.
        ValueError: if there are fewer than two records, or the lengths differ, or the steps
            do not increase.
    Examples:
        >>> diagnose([2.3, 2.0, 1.5, 40.0, 30.0, 25.0, 24.0, 23.0, 22.0, 21.0]).verdict.value
        'early instability'
    """
    if isinstance(run, Trace):
        return diagnose(np.asarray(run.loss), steps, np.asarray(run.gradient_norm))
    loss = _series("losses", run)
    if loss.size < 2:
        raise ValueError(f"losses must hold at least two records; there are {loss.size}.")
    step = np.arange(loss.size) if steps is None else _series("steps", steps, loss.size)
    if not (np.isfinite(step).all() and (np.diff(step) > 0).all()):
        raise ValueError("steps must be finite and increase from record to record.")
    norm = None if gradient_norm is None else _series("gradient_norm", gradient_norm, loss.size)

    end = diverged_at(loss, norm)
    rises = find_rises(smoothed(step[:end], loss[:end])) if end is None or end > 0 else ()
    initial, final = float(loss[0]), float(final_loss(loss))
    largest = None
    if norm is not None and np.isfinite(norm).any():
        place = int(np.nanargmax(np.where(np.isfinite(norm), norm, np.nan)))
        largest = (float(step[place]), float(norm[place]))
    diverged = None if end is None else float(step[end])
    return conclude(rises, initial, final, diverged, largest)


def conclude(
    rises: tuple[Rise, ...],
    initial: float,
    final: float,
    diverged: float | None,
    largest: tuple[float, float] | None,
) -> Diagnosis:
    """The diagnosis that follows from the facts, which are the attributes of one."""
    verdict = _verdict(rises, initial, final, diverged)
    return Diagnosis(verdict, rises, initial, final, diverged, largest)


def _verdict(
    rises: tuple[Rise, ...], initial: float, final: float, diverged: float | None
) -> Verdict:
    if diverged is not None or (rises and final > RUNAWAY * abs(initial)):
        return Verdict.DIVERGED
    if not rises:
        return Verdict.STABLE
    if any(not rise.early for rise in rises):
        return Verdict.MID_TRAINING
    if rises[-1].recovered_at is None:
        return Verdict.EARLY
    return Verdict.EARLY_RECOVERED


def _series(name: str, values: Any, length: int | None = None) -> np.ndarray:
    try:
        series = np.asarray(values, float)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be numbers.") from None
    if series.ndim != 1:
        raise ValueError(f"{name} must be a list of numbers; the shape is {series.shape}.")
    if length is not None and series.size != length:
        raise ValueError(f"{name} must be one a loss: {length}, not {series.size}.")
    return series


def _running_median(x: np.ndarray, window: int) -> np.ndarray:
    """The median of up to ``window`` values around each; fewer towards the ends."""
    half = min(window // 2, (x.size - 1) // 2)
    out = np.empty_like(x)
    if half:
        out[half:-half] = np.median(np.lib.stride_tricks.sliding_window_view(x, 2 * half + 1), -1)
    for i in range(half):
        out[i] = np.median(x[: 2 * i + 1])
        out[-1 - i] = np.median(x[x.size - 2 * i - 1 :])
    return out if half else x.copy()


ENORMOUS = np.errstate(over="ignore", invalid="ignore")
"""Differences of losses near the largest number are infinite, which is as large as need be."""


class Smoothed(NamedTuple):
    """A finite loss as the rule reads it; of a long log, only the records that may matter.

    Attributes:
        record: the number of each record that is kept, 0, 1, 2, ... where all are.
        step: the step of each.
        loss: the loss of each.
        smooth: the running median around each, over ``window`` records of the whole log.
        noise: the noise before each; NaN where too few records have been seen.
        window: how many records a running median takes.
        quarters: the medians of the log's second and last quarters; NaN if it is too short.
    """

    record: np.ndarray
    step: np.ndarray
    loss: np.ndarray
    smooth: np.ndarray
    noise: np.ndarray
    window: int
    quarters: tuple[float, float]


def window_for(records: int) -> int:
    """How many records a running median takes in a log of that many."""
    return max(WINDOW, round(1.4 * records ** (1 / 3)))


@ENORMOUS
def smoothed(step: np.ndarray, loss: np.ndarray) -> Smoothed:
    """All records of a finite loss, smoothed: shapes ``(n,)``, n at least 1."""
    n = loss.size
    window, quarter = window_for(n), n // 4
    noise = np.full(n, np.nan)
    if n > NOISE_WINDOW + window:
        change = np.abs(np.diff(loss))
        view = np.lib.stride_tricks.sliding_window_view(change, NOISE_WINDOW)
        seen = slice(NOISE_WINDOW + window, None)
        noise[seen] = np.percentile(view, NOISE_PERCENTILE, axis=-1)[: n - NOISE_WINDOW - window]
    quarters = (np.nan, np.nan)
    if quarter:
        quarters = (
            float(np.median(loss[quarter : 2 * quarter])),
            float(np.median(loss[-quarter:])),
        )
    smooth = _running_median(loss, window)
    return Smoothed(np.arange(n), step, loss, smooth, noise, window, quarters)


@ENORMOUS
def find_rises(curve: Smoothed) -> tuple[Rise, ...]:
    """Every period of rising loss, in order; the rule is that of :func:`diagnose`."""
    record, step, loss, smooth = curve.record, curve.step, curve.loss, curve.smooth
    initial = abs(loss[0])
    least = RISE * initial
    early_until = step[0] + EARLY_SHARE * (step[-1] - step[0])

    def rise(onset: int, peak: int, recovered: int | None, early: bool) -> Rise:
        back = None if recovered is None else float(step[recovered])
        return Rise(
            float(step[onset]), float(smooth[onset]), float(step[peak]), float(loss[peak]),
            back, early,
        )  # fmt: skip

    rises: list[Rise] = []
    start, goal = 0, np.inf
    while start < loss.size:
        low = np.minimum.accumulate(smooth[start:])
        climbing = smooth[start:] - low > _margin(curve, start, initial)
        if not climbing.any():
            break
        seen = start + int(climbing.argmax())
        onset = start + int(smooth[start : seen + 1].argmin())
        early = bool(step[onset] <= early_until or smooth[onset] > LEARNED * initial)
        goal = LEARNED * loss[0] if early else smooth[onset] + least
        back = smooth[seen:] < goal
        recovered = seen + int(back.argmax()) if back.any() else None
        peak = seen + int(smooth[seen:recovered].argmax()) if recovered != seen else seen
        reach = record[peak] + np.array([-(curve.window // 2), curve.window // 2 + 1])
        first, last = np.searchsorted(record, reach)
        first = max(int(first), onset)
        peak = first + int(loss[first:last].argmax())
        rises.append(rise(onset, peak, recovered, early))
        if recovered is None:
            break
        start = max(recovered, seen + 1)
    if rises and smooth[-1] >= goal:  # it came back, and left again
        rises[-1] = rises[-1]._replace(recovered_at=None)
    if not rises and _stopped_by_a_spike(curve):
        peak = int(loss.argmax())
        rises.append(rise(int(smooth[: peak + 1].argmin()), peak, None, early=True))
    return tuple(rises)


def _stopped_by_a_spike(curve: Smoothed) -> bool:
    """Whether a few records too short to be a rise ended all learning, as dead units do."""
    loss, (second, last) = curve.loss, curve.quarters
    if loss.max() <= SPIKE * abs(loss[0]) or curve.smooth[-1] <= LEARNED * loss[0]:
        return False
    return last > 0.99 * second


NOISE_WINDOW = 50
"""The noise is that of so many changes from record to record, ..."""

NOISE_PERCENTILE = 90.0
"""... at this percentile of their sizes: minibatch losses are heavy-tailed."""


def _margin(curve: Smoothed, start: int, initial: float) -> np.ndarray:
    """How far the smoothed loss must climb at each record from ``start`` on for a rise.

    The noise is taken up to a window before each record: the lag keeps a rise from hiding
    behind its own changes.
    """
    known = curve.record[start:] >= curve.record[start] + NOISE_WINDOW + curve.window
    margin = np.full(known.size, RISE_UNSEEN * initial)
    margin[known] = np.maximum(RISE * initial, NOISE * curve.noise[start:][known])
    return margin
