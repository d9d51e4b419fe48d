"""From a run to a verdict: is it unstable, which kind, and what shows it?"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from stabsim._diagnosis_words import EVIDENCE, VERDICTS
from stabsim._words import default_language, number, whole
from stabsim.trace import Trace, final_loss, tail

__all__ = [
    "Context",
    "Diagnosis",
    "Rise",
    "Verdict",
    "diagnose",
]

WINDOW = 5
"""Losses are smoothed by a running median of at least this many records: an outlying
minibatch is no instability. Longer logs, in which chance has more tries, take more."""

EARLY_SHARE = 0.05
"""What happens within this share of the training is early, ..."""

UNLEARNED_SHARE = 0.1
"""... and within this share if nothing was learned before."""

RISE = 0.125
"""A rise counts from this share of the scale on: the loss, or half of what was learned, ..."""

NOISE = 3.0
"""... and above this many times the noise, the size of the changes from record to record."""

NOISE_WINDOW = 50
"""The noise is that of so many changes before, ..."""

NOISE_PERCENTILE = 90.0
"""... at this percentile of their sizes: minibatch losses are heavy-tailed."""

BEGINNING = 3
"""Where too few were seen, it is the least of the beginning, of so many times their number."""

APART = 1.5
"""In a log too short for that it is this many times the median distance of a record from its
neighbours."""

LEVELS = 32
"""At most so many stretches of a log are compared, each at least two windows long."""

LEARNED = 0.8
"""Something was learned once the loss is below this share of its start."""

SURE = 2.0
"""A rise is beyond doubt from this many times what counts as one."""

FEW = 20
"""With fewer records nothing is beyond doubt."""

NEARLY = 0.8
"""What takes long to rise by this share of its height is a climb, no shift."""

SPIKE = 2.0
"""A single record above this many times the initial loss counts if learning then stopped."""

RESTART = 1.2
"""A rate that falls and then grows by this factor restarts."""

RUNAWAY = 10.0
"""A run that ends above this many times its initial loss has diverged."""

HUGE = 1e300
"""What is as large stands for infinity, as in logs whose format has none."""

GUESS = 0.01
"""Exact zeros after a loss above this share of its start stand for NaN."""

MISSED = 2.5
"""A log that goes on for so many times its widest gap without a loss has lost it."""

LONG = 20_000
"""A log of more records has some quiet stretch, whose noise is typical of it."""

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
        onset: the step from which the smoothed loss rose.
        lowest: the smoothed loss there.
        low_step: the step of the lowest loss near the onset, before the peak.
        low: that loss, of a single record.
        peak_step: the step of the highest loss before recovery.
        peak: that loss.
        recovered_at: the step after the peak at which the loss was back; None if it never was.
        early: whether it began early in training, or before anything was learned.
        shape: "spike" if it came back, "shift" if it rose at once and stayed, "climb" if slowly.
        sure: whether it is far above the noise.
        cause: what explains it: "restart" of the rate, "resumed", or the name of the column that
            changed; None where it is an instability.
    """

    onset: float
    lowest: float
    low_step: float
    low: float
    peak_step: float
    peak: float
    recovered_at: float | None
    early: bool
    shape: str = "spike"
    sure: bool = True
    cause: str | None = None

    @property
    def duration(self) -> float | None:
        """How many steps it took from the onset until the loss was back; None if it never was."""
        return None if self.recovered_at is None else self.recovered_at - self.onset


class Survived(NamedTuple):
    """Values that are not finite in a run that went on.

    Attributes:
        first: the step of the first.
        count: how many there are.
    """

    first: float
    count: int


class Context(NamedTuple):
    """What else a log says about its run.

    Attributes:
        rate: the steps and the learning rates, shapes ``(n,)``; None where it holds none.
        resumed: steps from which the run was resumed.
        changes: what changed, and at which step: a batch size, a stage of the data.
        objective: "falls", or "rl", "gan", "sum" or "held out", where the loss need not fall.
        means: whether a record is the mean of many steps, as of an epoch.
        last_step: the last step of the log, with or without a loss; None if it is the last loss.
    """

    rate: tuple[np.ndarray, np.ndarray] | None = None
    resumed: tuple[float, ...] = ()
    changes: tuple[tuple[str, float], ...] = ()
    objective: str = "falls"
    means: bool = False
    last_step: float | None = None

    def warm_until(self, last: float) -> float:
        """The step at which the rate had warmed up; -inf if it did not."""
        if self.rate is None or self.rate[0].size < 2:
            return -np.inf
        step, rate = self.rate
        falls = np.flatnonzero(np.diff(rate) < 0)
        top = int(rate[: (falls[0] if falls.size else rate.size - 1) + 1].argmax())
        soon = rate[int(EARLY_SHARE * rate.size) + 1 if rate.size > 2 else 1]
        warms = rate[0] < rate[top] / 2 and soon > 1.01 * rate[0]
        return (
            float(step[top]) if warms and step[top] - step[0] <= (last - step[0]) / 2 else -np.inf
        )

    def cause(self, start: float, end: float) -> str | None:
        """What explains a rise between two steps."""
        if any(start <= step <= end for step in self.resumed):
            return "resumed"
        for name, step in self.changes:
            if start <= step <= end:
                return name
        if self.rate is None:
            return None
        step, rate = self.rate
        first, last = np.searchsorted(step, [start, end], side="right")
        first = max(int(first) - 1, 0)
        if first >= last:
            return None
        least = first + int(rate[first:last].argmin())
        fell = rate[: least + 1].max() > RESTART * rate[least]
        grew = rate[least:last].max() > RESTART * rate[least]
        return "restart" if fell and grew else None


STEPS = ("low_step", "peak_step", "step", "first")
"""The values in sentences that are steps."""


class Diagnosis(NamedTuple):
    """A verdict on one run, with its evidence.

    Attributes:
        verdict: the kind of run.
        rises: every period of rising loss, in order.
        initial_loss: the first recorded loss.
        final_loss: the median of the last tenth of the losses; NaN if one is not finite.
        diverged_at: the first step from which it is not finite; None if it is to the end.
        largest_gradient: the step and the size of the largest finite gradient norm; None
            where no norms were given.
        reason: how divergence shows: "loss" or "norm" not finite, "zero" for exact zeros in place
            of NaN, "stops" for losses that stop while the log goes on, "runaway"; else None.
        explained: rises that are no instabilities, with their causes.
        lost: losses that are not finite in a run that went on; None if there are none.
        skipped: norms that are not finite in a run that went on, as in the steps that loss
            scaling skips; None if there are none.
        plateau: "start" if the run ends where it began, "constant" if its last losses are all the
            same number; else None.
        objective: whether the loss ought to fall, as of a :class:`Context`.
        confidence: "sure", "likely", or "open" where the log is too short to say.
        far_at: the step from which a runaway loss is more than ten times its start; else None.
    """

    verdict: Verdict
    rises: tuple[Rise, ...]
    initial_loss: float
    final_loss: float
    diverged_at: float | None
    largest_gradient: tuple[float, float] | None
    reason: str | None = None
    explained: tuple[Rise, ...] = ()
    lost: Survived | None = None
    skipped: Survived | None = None
    plateau: str | None = None
    objective: str = "falls"
    confidence: str = "sure"
    far_at: float | None = None

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

    def kind(self, language: str) -> str:
        """The kind of run in words; a stable one that learned nothing is said to be so."""
        still = self.verdict is Verdict.STABLE and self.plateau == "start"
        return VERDICTS["still" if still else self.verdict].in_(language)

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

        def rose(name: str, rise: Rise, **more: str) -> str:
            back = say("lost")
            if rise.recovered_at is not None:
                # What never was above its start has nothing to come back to.
                small = rise.early and rise.peak < self.initial_loss
                back = say("small" if small else "recovered", step=rise.recovered_at)
            values = {k: getattr(rise, k) for k in ("low_step", "low", "peak_step", "peak")}
            return say(name, **values, back=back, **more)

        verdict = VERDICTS[self.verdict].in_(language)
        lines = [
            f"{verdict[0].upper()}{verdict[1:]}.",
            say("span", initial=self.initial_loss, final=self.final_loss),
        ]
        if self.objective != "falls":
            lines.append(say(self.objective))
        for rise in self.rises:
            if self.far_at is not None and rise.low_step >= self.far_at:
                continue  # how it went on after it had blown up
            kind = "climb" if rise.shape == "climb" else "early" if rise.early else "mid"
            # A run that blew up has no early or late, and no slow: it ended there.
            lines.append(rose(kind if self.reason is None else "up", rise))
        for rise in self.explained:
            cause = rise.cause or ""
            known = cause if cause in ("restart", "resumed") else "change"
            lines.append(rose("explained", rise, cause=say(known, what=cause)))
        if self.reason is not None:
            (at,) = (x for x in (self.diverged_at, self.far_at) if x is not None)
            lines.append(say(self.reason, step=at))
        if self.plateau is not None:
            lines.append(say(self.plateau))
        for name, some in (("missing", self.lost), ("skipped", self.skipped)):
            if some is not None:
                lines.append(say(name, first=some.first, count=str(some.count)))
        if self.confidence != "sure":
            lines.append(say(self.confidence))
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
    context: Context = Context(),  # noqa: B008 - it never changes
) -> Diagnosis:
    """The verdict on one run, from a trace or from plain arrays of a log.

    The losses are smoothed by a running median. A rise is a climb of the smoothed loss above
    its lowest value so far, by more than three times the noise and by more than an eighth of the
    scale, which is the loss there or half of what had been learned by then, whichever is more.
    Besides, the median of a few records shows rises too short for the running median, and the
    medians of whole stretches of the log those too slow for it. A rise is early if it begins
    within the first twentieth of training, while the rate warms up, or within the first tenth if
    the loss has not fallen by a fifth; it has recovered once the loss is a fifth below its start;
    in mid-training it has recovered once half of what makes it a rise is undone. What a restart of
    the rate or another change of the run explains is no instability. A run whose losses stop
    being finite, or that ends far above its start, has diverged.

    Args:
        run: a Trace, or the losses, shape ``(n,)``, NaN and inf included.
        steps: the step of each loss, increasing; 0, 1, 2, ... if not given.
        gradient_norm: the unclipped gradient norm of each record, if it was logged.
        context: what else is known of the run.
    Raises:
        TypeError: if the arrays are not numbers.
        ValueError: if there are fewer than two records, or the lengths differ, or the steps
            do not increase.
    Examples:
        >>> diagnose([2.3, *(40.0 / k for k in range(1, 40))]).verdict.value
        'early instability with recovery'
    """
    if isinstance(run, Trace):
        rate = np.asarray(run.learning_rate, float)
        if context.rate is None and rate.ndim == 1 and np.isfinite(rate).all():
            context = context._replace(rate=(np.arange(float(rate.size)), rate))
        return diagnose(np.asarray(run.loss), steps, np.asarray(run.gradient_norm), context)
    loss = _series("losses", run)
    if loss.size < 2:
        raise ValueError(f"losses must hold at least two records; there are {loss.size}.")
    step = np.arange(float(loss.size)) if steps is None else _series("steps", steps, loss.size)
    if not (np.isfinite(step).all() and (np.diff(step) > 0).all()):
        raise ValueError("steps must be finite and increase from record to record.")
    norm = None if gradient_norm is None else _series("gradient_norm", gradient_norm, loss.size)

    end = ending(Finite.of([(step, loss)]), None if norm is None else Finite.of([(step, norm)]),
                 context)  # fmt: skip
    kept = np.isfinite(loss) & (np.abs(loss) < HUGE)
    if end.at is not None:
        kept &= step < end.at if end.reason != "stops" else True
    curve = smoothed(step[kept], loss[kept], context.means) if kept.any() else None
    final = float(final_loss(np.where(np.abs(loss) < HUGE, loss, np.nan)))
    largest = None
    if norm is not None and np.isfinite(norm).any():
        place = int(np.nanargmax(np.where(np.isfinite(norm), norm, np.nan)))
        largest = (float(step[place]), float(norm[place]))
    return conclude(curve, end, context, float(loss[0]), final, largest)


class Finite(NamedTuple):
    """Where a series is finite, from one pass over it.

    Attributes:
        first, last: its first and last steps.
        gap: the widest gap between two steps.
        bad: the first step that is not finite, and how many are not; None if all are.
        long: the first step of more than two in a row, or of those after which fewer than five
            are finite; None if there are none.
        to_end: the first step of those at the end, if they are more than any before; else None.
        zeros: the first of at least three exact zeros at the end, if there are none before; else
            None.
        before: the median size of the five values before these zeros, and the largest of the
            first five.
    """

    first: float
    last: float
    gap: float
    bad: Survived | None
    long: float | None
    to_end: float | None
    zeros: float | None
    before: tuple[float, float]

    @staticmethod
    def of(blocks: Iterable[tuple[np.ndarray, np.ndarray]]) -> "Finite | None":
        """From pairs of steps and values, one after the other; None if there are none."""
        steps, gap, count, began, long = None, 0.0, 0, None, None
        row, row_step, longest = 0, 0.0, 0  # of the last stretch that is not finite
        since = 0  # records since then
        zeros, zero_step, near, all_zeros = 0, 0.0, np.zeros(0), 0
        head = np.zeros(0)
        for step, value in blocks:
            if not step.size:
                continue
            last = step[:1] if steps is None else np.array([steps[1]])
            gap = max(gap, float(np.diff(np.concatenate([last, step])).max()))
            steps = (float(step[0]) if steps is None else steps[0], float(step[-1]))
            bad = ~np.isfinite(value) | (np.abs(value) >= HUGE)
            edges = np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8))
            begin, stop = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
            length, onset, since = stop - begin, step[begin], since + step.size
            if begin.size and begin[0] == 0 and row:
                length[0] += row
                onset[0] = row_step
            else:
                longest = max(longest, row)
            row = 0
            if begin.size:
                began, count = onset[0] if began is None else began, count + int(bad.sum())
                rows = length > WINDOW // 2
                long = float(onset[rows.argmax()]) if long is None and rows.any() else long
                row_step, since = float(onset[-1]), step.size - int(stop[-1])
                if not since:
                    row, length = int(length[-1]), length[:-1]
                longest = max(longest, int(length.max(initial=0)))
            good = value[~bad]
            head = np.concatenate([head, good[: WINDOW - head.size]])
            other = np.flatnonzero(value != 0)
            all_zeros += step.size - other.size
            if other.size:
                until = int(other[-1]) + 1
                near = np.concatenate([near, value[max(until - WINDOW, 0) : until]])[-WINDOW:]
                zeros = step.size - until
                zero_step = float(step[until]) if zeros else 0.0
            else:
                zero_step = zero_step if zeros else float(step[0])
                zeros += step.size
        if steps is None:
            return None
        near = np.abs(near[np.isfinite(near)])
        before = float(np.median(near)) if near.size else 0.0
        return Finite(
            *steps, gap, None if began is None else Survived(float(began), count),
            row_step if began is not None and long is None and since < WINDOW else long,
            row_step if row > longest else None,
            zero_step if all_zeros == zeros > WINDOW // 2 else None,
            (before, float(np.abs(head).max(initial=0.0))),
        )  # fmt: skip


class Ending(NamedTuple):
    """How a run ends.

    Attributes:
        at: the step from which it is not finite; None if it is to the end.
        reason: as of a :class:`Diagnosis`.
        lost, skipped: as of a :class:`Diagnosis`.
    """

    at: float | None
    reason: str | None
    lost: Survived | None
    skipped: Survived | None


def ending(loss: Finite | None, norm: Finite | None, context: Context) -> Ending:
    """Whether and how a run stopped being finite.

    A loss that is not finite for more than two records in a row, or at the end, has
    diverged; so has a run whose norms are not finite to the end for longer than ever before.
    Exact zeros from one record to the end, after a loss well above 0, stand for NaN; and losses
    that stop while the log goes on have been left out because they were.
    """
    assert loss is not None
    found = []
    if loss.long is not None:
        found.append((loss.long, "loss"))
    if norm is not None and norm.to_end is not None:
        found.append((norm.to_end, "norm"))
    if loss.zeros is not None and loss.before[0] > GUESS * loss.before[1]:
        found.append((loss.zeros, "zero"))
    if found:
        at, reason = min(found)
        return Ending(at, reason, None, None)
    skipped = None if norm is None else norm.bad
    last = context.last_step
    if last is not None and loss.gap > 0 and last - loss.last > MISSED * loss.gap:
        return Ending(loss.last, "stops", loss.bad, skipped)
    return Ending(None, None, loss.bad, skipped)


def conclude(
    curve: "Smoothed | None",
    end: Ending,
    context: Context,
    initial: float,
    final: float,
    largest: tuple[float, float] | None,
) -> Diagnosis:
    """The diagnosis that follows from the smoothed loss and from how the run ends."""
    rises: tuple[Rise, ...] = ()
    if curve is not None and context.objective == "falls":
        rises = find_rises(curve, context)
    explained = tuple(rise for rise in rises if rise.cause is not None)
    rises = tuple(rise for rise in rises if rise.cause is None)
    reason = end.reason
    far_at = None
    if reason is None and curve is not None and context.objective == "falls":
        # A log may begin when much was learned, or with a minibatch that happens to be easy.
        power = 3 if not rises else 1 if rises[-1].early else 2
        late = curve.starts < curve.step[0]  # and its first loss then says nothing
        if not late and curve.final > RUNAWAY**power * abs(initial):
            reason, far_at = "runaway", _far_at(curve, initial)
    verdict = _verdict(rises, reason)
    plateau = None
    if curve is not None and reason is None and context.objective == "falls":
        plateau = _plateau(curve)
    confidence = "sure"
    if curve is not None and end.at is None and curve.size < FEW:
        confidence = "open"
    elif reason in ("zero", "stops", "norm") or (rises and not any(rise.sure for rise in rises)):
        confidence = "likely"
    return Diagnosis(
        verdict, rises, initial, final, end.at, largest, reason, explained, end.lost,
        end.skipped, plateau, context.objective, confidence, far_at,
    )  # fmt: skip


def _far_at(curve: "Smoothed", initial: float) -> float:
    """The step from which the smoothed loss is far above its start, up to the last tenth."""
    before = curve.record < curve.size - tail(curve.size)
    near = np.flatnonzero(before & (curve.smooth <= RUNAWAY * abs(initial)))
    return float(curve.step[near[-1] + 1 if near.size else 0])


def _verdict(rises: tuple[Rise, ...], reason: str | None) -> Verdict:
    if reason is not None:
        return Verdict.DIVERGED
    if not rises:
        return Verdict.STABLE
    if any(not rise.early for rise in rises):
        return Verdict.MID_TRAINING
    if rises[-1].recovered_at is None:
        return Verdict.EARLY
    return Verdict.EARLY_RECOVERED


def _plateau(curve: "Smoothed") -> str | None:
    """Whether the run ends at one number, or where it began."""
    if curve.size < FEW:
        return None
    tail = curve.loss[curve.record >= curve.size - max(WINDOW, round(0.1 * curve.size))]
    if tail.min() == tail.max() and curve.loss.min() != curve.loss.max():
        return "constant"
    top = abs(curve.smooth[0])
    return "start" if curve.stuck and abs(curve.final - curve.smooth[0]) < 0.05 * top else None


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
        quick: the median of a few records around each; the loss itself where it is a mean.
        noise: the noise before each; NaN where too few records have been seen.
        size: how many records the whole log holds.
        window: how many records a running median takes.
        levels: the medians of equal stretches of the log, at most 32.
        typical: the least noise of the log, or that of :func:`typical_noise` if it is less.
        beginning: the least noise of its beginning; the typical if it is too short.
        quarters: the medians of the log's second and last quarters; NaN if it is too short.
        final: the median of its last tenth.
        means: whether a record is a mean of many.
    """

    record: np.ndarray
    step: np.ndarray
    loss: np.ndarray
    smooth: np.ndarray
    quick: np.ndarray
    noise: np.ndarray
    size: int
    window: int
    levels: np.ndarray
    typical: float
    beginning: float
    quarters: tuple[float, float]
    final: float
    means: bool

    @property
    def stuck(self) -> bool:
        """Whether nothing more was learned from the second quarter to the last."""
        second, last = self.quarters
        return not last <= second - 0.01 * abs(second)

    @property
    def starts(self) -> float:
        """The step at which training began: 0 if the log's first step is many records from it."""
        apart = (self.step[-1] - self.step[0]) / max(self.size - 1, 1)
        return 0.0 if self.step[0] > WINDOW * apart else float(self.step[0])

    @property
    def stretch(self) -> np.ndarray:
        """The number of the stretch of each record."""
        return np.searchsorted(level_edges(self.size), self.record, side="right") - 1


def window_for(records: int) -> int:
    """How many records a running median takes in a log of that many."""
    return max(WINDOW, round(1.4 * records ** (1 / 3)))


def typical_noise(loss: np.ndarray) -> float:
    """What the median distance of a record from the median of its four neighbours shows.

    Neither a trend nor a few rises pass for noise here. Of two records it is their distance.
    """
    if loss.size <= WINDOW // 2:
        return float(np.ptp(loss))
    near = np.lib.stride_tricks.sliding_window_view(np.pad(loss, WINDOW // 2, "reflect"), WINDOW)
    others = np.delete(near, WINDOW // 2, axis=-1)
    return APART * float(np.median(np.abs(loss - np.median(others, axis=-1))))


def beginning_of(records: int) -> int:
    """How many records the beginning of a log of that many is."""
    return min(BEGINNING * (NOISE_WINDOW + window_for(records)), records)


def quick_window_for(records: int) -> int:
    """How many records the quick median takes: so many that chance outliers seldom fill it."""
    return WINDOW + 2 * max(0, round(np.log10(records / 1000)))


def level_edges(records: int) -> np.ndarray:
    """Where the stretches of a log begin, shape ``(stretches,)``."""
    size = max(2 * window_for(records), -(-records // LEVELS))
    count = max(records // size, 1)
    return np.arange(count) * records // count


@ENORMOUS
def smoothed(step: np.ndarray, loss: np.ndarray, means: bool = False) -> Smoothed:
    """All records of a finite loss, smoothed: shapes ``(n,)``, n at least 1."""
    n = loss.size
    window, quarter = window_for(n), n // 4
    noise = np.full(n, np.nan)
    change = np.minimum(np.abs(np.diff(loss)), np.finfo(float).max)
    typical = beginning = typical_noise(loss)
    if n > NOISE_WINDOW + window:
        view = np.lib.stride_tricks.sliding_window_view(change, NOISE_WINDOW)
        seen = slice(NOISE_WINDOW + window, None)
        noise[seen] = np.percentile(view, NOISE_PERCENTILE, axis=-1)[: n - NOISE_WINDOW - window]
        quiet = float(np.nanmin(noise))
        typical = quiet if n > LONG else min(typical, quiet)
        beginning = float(np.nanmin(noise[: beginning_of(n)]))
    quarters = (np.nan, np.nan)
    if quarter:
        quarters = (
            float(np.median(loss[quarter : 2 * quarter])),
            float(np.median(loss[-quarter:])),
        )
    edges = [*level_edges(n).tolist(), n]
    levels = [np.median(loss[a:b]) for a, b in pairwise(edges)]
    quick = loss if means else _running_median(loss, quick_window_for(n))
    return Smoothed(
        np.arange(n), step, loss, _running_median(loss, window), quick, noise, n, window,
        np.array(levels), typical, beginning, quarters, float(final_loss(loss)), means,
    )  # fmt: skip


@ENORMOUS
def find_rises(curve: Smoothed, context: Context = Context()) -> tuple[Rise, ...]:  # noqa: B008
    """Every period of rising loss, in order; the rule is that of :func:`diagnose`."""
    record, step, loss, smooth, quick = curve[:5]
    level = curve.levels[curve.stretch]
    begun, duration = curve.starts, step[-1] - curve.starts
    early_until = max(begun + EARLY_SHARE * duration, context.warm_until(step[-1]))
    unlearned_until = begun + UNLEARNED_SHARE * duration
    rises: list[Rise] = []
    start, top, goal = 0, None, np.inf
    told = ended = -1  # the peak and the end of the rises so far
    while start < loss.size:
        seen = _seen(curve, level, start, top)
        if seen is None:
            break
        at, least, onset, margin, slow = seen
        top = float(smooth[: onset + 1].max()) if top is None else top
        lowest = float(smooth[onset])
        learned = top - lowest >= (1 - LEARNED) * abs(top)
        early = step[onset] <= (early_until if learned else max(early_until, unlearned_until))
        goal = top - (1 - LEARNED) * abs(top) if early else lowest + margin / 2
        back = level[at:] < goal if slow else (smooth[at:] < goal) & (quick[at:] < goal)
        recovered = at + int(back.argmax()) if back.any() else None
        until = smooth.size if recovered is None else max(recovered, at + 1)
        # The median shows a rise before the records that make it one have all gone by.
        seen_by = max(until, int(np.searchsorted(record, record[at] + curve.window // 2 + 1)))
        low, peak = _extremes(curve, onset, seen_by, told)
        if slow and loss[low] >= loss[peak]:  # within the stretch it had fallen again
            low, peak = _extremes(curve, least, seen_by, told)
        end = loss.size
        if recovered is not None:
            later = at + np.flatnonzero(back)
            later = later[later > peak]
            end = int(later[0]) if later.size else min(max(recovered, peak + 1), loss.size - 1)
        near = int(np.searchsorted(record, record[least] - 2 * curve.window))
        cause = context.cause(float(step[near]), float(step[at]))
        risen = float(smooth[onset:until].max())
        nearly = onset + int((smooth[onset:until] >= lowest + NEARLY * (risen - lowest)).argmax())
        slowly = (
            step[nearly] - step[onset] > UNLEARNED_SHARE * duration
            and record[nearly] - record[onset] > curve.window
        )
        if cause == "restart" and risen > SPIKE * abs(top):
            cause = None  # more than a restart does
        shape = "spike" if recovered is not None else "climb" if slowly else "shift"
        climb = max(risen, float(level[at])) - lowest
        rise = Rise(
            float(step[onset]), lowest, float(step[low]), float(loss[low]),
            float(step[peak]), float(loss[peak]),
            None if recovered is None else float(step[end]),
            bool(early), shape, bool(climb > SURE * margin), cause,
        )  # fmt: skip
        again = onset < ended or low <= told or loss[low] >= loss[peak]
        if rises and again and rises[-1].cause == cause:
            rise = _joined(rises.pop(), rise)
        rises.append(rise)
        told, ended = max(told, peak), end
        if recovered is not None:
            start = max(recovered, at + 1)
        elif cause is not None:
            start = int(np.searchsorted(record, record[at] + curve.window))
        else:
            break
    if rises and rises[-1].recovered_at is not None and curve.final >= goal:
        rises[-1] = rises[-1]._replace(recovered_at=None, shape="shift")  # it came back, and left
    if not rises and _stopped_by_a_spike(curve):
        peak = int(loss.argmax())
        onset = int(smooth[:peak].argmin())
        low = _lowest(curve, onset, peak, told)
        rises.append(Rise(
            float(step[onset]), float(smooth[onset]), float(step[low]), float(loss[low]),
            float(step[peak]), float(loss[peak]), None, True,
        ))  # fmt: skip
    return tuple(rises)


def _extremes(curve: Smoothed, begin: int, until: int, after: int) -> tuple[int, int]:
    """The records of the lowest loss near the begin of a rise, and of the highest thereafter."""
    high = begin + 1 + int(curve.quick[begin + 1 : until].argmax())
    peak = _highest(curve, high, begin + 1, until)
    return _lowest(curve, begin, peak, after), peak


def _highest(curve: Smoothed, place: int, onset: int, until: int) -> int:
    """The record with the highest loss within a window of one, from ``onset`` up to ``until``."""
    reach = curve.record[place] + np.array([-curve.window, curve.window + 1])
    first, last = np.searchsorted(curve.record, reach)
    first, last = max(int(first), onset), min(int(last), until)
    return first + int(curve.loss[first:last].argmax())


def _lowest(curve: Smoothed, place: int, until: int, after: int) -> int:
    """The last record with the lowest loss within half a window of one, between two others."""
    half = curve.window // 2
    first, last = np.searchsorted(curve.record, curve.record[place] + np.array([-half, half + 1]))
    first, last = max(int(first), min(after + 1, until - 1)), min(int(last), until)
    last = max(last, first + 1)
    return last - 1 - int(curve.loss[first:last][::-1].argmin())


def _joined(one: Rise, other: Rise) -> Rise:
    """A rise that was seen twice: the smoothed loss was back before the loss itself was."""
    back = other.recovered_at
    return other._replace(
        **{name: getattr(one, name) for name in ("onset", "lowest", "low_step", "low")},
        **{name: getattr(max(one, other, key=lambda rise: rise.peak), name)
           for name in ("peak_step", "peak")},
        recovered_at=None if back is None else max(back, one.recovered_at or back),
        early=one.early and other.early,
        sure=one.sure or other.sure,
    )  # fmt: skip


def _stopped_by_a_spike(curve: Smoothed) -> bool:
    """Whether a few records too short to be a rise ended all learning, as dead units do."""
    if curve.starts < curve.step[0]:
        return False  # how it began is not in the log
    start, top = abs(curve.smooth[0]), curve.loss.max()
    if curve.size < FEW or top <= SPIKE * start or top - start <= 10 * curve.typical:
        return False
    return bool(curve.smooth[-1] > LEARNED * curve.smooth[0] and curve.stuck)


def _seen(
    curve: Smoothed, level: np.ndarray, start: int, top: float | None
) -> tuple[int, int, int, float, bool] | None:
    """The next rise from ``start`` on: where it is seen, the lowest record before, the last one
    within the noise of that, where it began, and how far it had to climb.

    Three medians are compared with the lowest before them: that of a window, that of a few
    records, and that of a whole stretch, whose noise falls with the root of its records. The last
    value is whether only stretches show the rise. The noise is taken up to a window before each
    record: the lag keeps a rise from hiding behind its own changes.
    """
    record, smooth, quick = curve.record[start:], curve.smooth[start:], curve.quick[start:]
    level, stretch, noise_before = level[start:], curve.stretch[start:], curve.noise[start:]
    low = np.minimum.accumulate(smooth)
    lowest_at = np.maximum.accumulate(np.where(smooth == low, np.arange(low.size), 0))
    tops = np.maximum.accumulate(curve.smooth)[start + lowest_at] if top is None else top
    least = RISE * np.maximum(np.abs(low), (tops - low) / 2)
    known = record >= record[0] + NOISE_WINDOW + curve.window
    noise = np.where(known, noise_before, curve.beginning)
    margin = np.maximum(least, NOISE * noise)
    inside = (record < curve.size - 1) | (curve.size < WINDOW)  # the last median is of one record
    loud = np.where(curve.means & np.isnan(noise_before), noise, noise_before)
    climbs = inside & (smooth - low > margin)
    climbs |= (inside | curve.means) & (quick - low > np.maximum(least, NOISE * loud))

    around = np.where(known, np.maximum(noise_before, curve.typical), curve.typical)
    apart = np.maximum(least, NOISE * around / np.sqrt(curve.size / curve.levels.size))
    lows = np.minimum.accumulate(level)
    whole = np.append(np.diff(stretch) > 0, True)  # a stretch is judged at its end
    slow = whole & (level - lows > apart) & (stretch > stretch[0])
    if not (climbs | slow).any():
        return None
    at = int((climbs | slow).argmax())
    onset, allowed, height = int(smooth[: at + 1].argmin()), noise[at], margin[at]
    if not climbs[at]:
        first = np.flatnonzero(stretch == stretch[: at + 1][level[: at + 1].argmin()])
        onset, allowed = int(first[0] + smooth[first].argmin()), around[at]
    near = np.flatnonzero(smooth[onset:at] <= smooth[onset] + allowed / 2)
    begun = onset + (int(near[-1]) if near.size else 0)
    if not climbs[at]:
        height = max(apart[at] + lows[at] - smooth[begun], least[at])
    return start + at, start + onset, start + begun, float(height), not bool(climbs[at])
