"""From the verdict on a log to what to do: where to clip, and which experiment comes next."""

from collections.abc import Collection
from string import Formatter
from typing import NamedTuple

import numpy as np

from stabsim import _check
from stabsim._advice import ClipAdvice, advise_clipping, warmup_candidates
from stabsim._words import default_language, number, whole
from stabsim.diagnosis import LEARNED, Verdict
from stabsim.logs.experiments import (
    CHECKS,
    EARLY_FIXES,
    LANGUAGE,
    MID_FIXES,
    PRACTICES,
    SUDDEN_FIXES,
    TRIED,
)
from stabsim.logs.lines import LINES
from stabsim.logs.log import Log
from stabsim.logs.verdict import Reading
from stabsim.logs.words import ADVICE

ENOUGH = 50
"""So many norms say what is typical; from fewer no threshold is advised."""


class Advice(NamedTuple):
    """What follows from a log.

    Attributes:
        clip: where to clip; None where too few positive norms were logged.
        norms: how many finite norms were logged, up to ``before``.
        before: the step from which the run did not recover: the norms from there on are those of
            a run that has failed, and say nothing of what is typical. None if it is sound to the
            end, or no positive norm lies before it.
        experiment: what to try next, one of :data:`stabsim.logs.experiments.EXPERIMENTS`; None if
            all were tried.
        practices: what today's practice adds, of :data:`stabsim.logs.experiments.PRACTICES`, with
            the step at which it is needed.
        failed_at: the step of the first loss or norm that is not finite; None if all are.
        learning_rate: the largest rate of the log; None where none was logged.
        warmup_steps: over how many steps the rate rose from less than half; None if it did not.
        every: the steps from record to record; None where they differ.
        max_train_steps: the last step, from the first.
    """

    clip: ClipAdvice | None
    norms: int
    before: float | None
    experiment: str | None
    practices: tuple[tuple[str, float], ...]
    failed_at: float | None
    learning_rate: float | None
    warmup_steps: float | None
    every: float | None
    max_train_steps: float

    def sentences(self, language: str | None = None) -> list[str]:
        """On clipping, the next experiment and practices, one sentence each, in "en" or "id"."""
        language = default_language() if language is None else language
        return [
            *self.clip_sentences(language),
            *self.next_sentences(language),
            *self.also_sentences(language),
        ]

    def clip_sentences(self, language: str) -> list[str]:
        if self.clip is not None:
            return self.clip.sentences(language)
        key = "few norms" if self.norms else "no norms"
        key = key if self.before is None else "few before"
        step = whole(self.before or 0.0, language)
        return [ADVICE[key].in_(language).format(norms=self.norms, enough=ENOUGH, step=step)]

    def next_sentences(self, language: str) -> list[str]:
        said = []
        if self.warmup_steps is not None:
            steps = whole(self.warmup_steps, language)
            said.append(ADVICE["warmed"].in_(language).format(steps=steps))
        said.append(ADVICE[self.experiment or "nothing left"].in_(language).format(
            rate=_quantity("rate", self.learning_rate, language),
            twice=_quantity("twice", self.learning_rate, language, 2.0),
            lengths=", ".join(str(n) for n in self.warmups),
            threshold=_quantity("at", self.clip and self.clip.threshold, language),
            step=whole(self.failed_at or 0.0, language),
        ))  # fmt: skip
        if self.experiment in CHECKS and self.every != 1:
            key = "uneven" if self.every is None else "sparse"
            every = whole(self.every or 0.0, language)
            said.append(ADVICE[key].in_(language).format(every=every))
        return said

    def also_sentences(self, language: str) -> list[str]:
        """What today's practice adds, with its source."""
        return [
            ADVICE[name].in_(language).format(step=whole(step, language))
            for name, step in self.practices
        ]

    def pasted(self) -> list[str]:
        """The experiment, or else the first practice that has one, as a line for each library.

        Lines that need a number which is not known are left out.
        """
        written = {"steps": str(self.warmups[0]), "duration": str(int(self.max_train_steps) + 1)}
        if self.clip is not None:
            written["threshold"] = _in_code(self.clip.threshold, 3)
        if (rate := self.learning_rate) is not None:
            written |= {"rate": _in_code(rate, 6), "half": _in_code(rate / 2, 6)}
        names = [self.experiment or "", *(name for name, _ in self.practices)]
        lines = next((LINES[name] for name in names if name in LINES), {})
        return [
            f"{library}: {line.format(**written)}"
            for library, line in lines.items()
            if all(name in written for name in _names(line))
        ]

    @property
    def warmups(self) -> list[int]:
        """Warmup lengths to try: the playbook's, up to a tenth of the training."""
        return warmup_candidates(max(10, int(self.max_train_steps)))


def _in_code(value: float, digits: int) -> str:
    return repr(float(f"{value:.{digits}g}"))


def _names(line: str) -> list[str]:
    """The numbers that a line needs."""
    return [name for _, name, _, _ in Formatter().parse(line) if name]


def _quantity(name: str, value: float | None, language: str, factor: float = 1.0) -> str:
    """A number with the words around it, or the words for one that is not known."""
    if value is None:
        return ADVICE[f"{name} unknown"].in_(language)
    return ADVICE[name].in_(language).format(number(factor * value, language))


def advise(
    log: Log,
    reading: Reading,
    *,
    percentile: float = 90.0,
    threshold: float | None = None,
    tried: Collection[str] = (),
) -> Advice:
    """What to do about a log.

    Args:
        log: the log.
        reading: what :func:`stabsim.logs.diagnose_log` says of it.
        percentile: the percentile of the norms to clip at.
        threshold: a threshold to judge instead.
        tried: the experiments and practices that were tried already.
    Raises:
        ValueError: if a number is out of its range, or an experiment is unknown.
    """
    _check.percentile("percentile", percentile)
    if threshold is not None:
        _check.positive("threshold", threshold)
    for one in tried:
        _check.choice("tried", one, TRIED)
    steps = log.loss.step
    first, last = float(steps.read(0, 1)[0]), float(steps.read(steps.size - 1, steps.size)[0])
    rate, warmed = _rates(log, first, last)
    clip, norms, before = _clip(log, reading, percentile, threshold)
    done = {*tried, *(["warmup"] if warmed is not None else [])}
    order = _order(reading)
    if order != CHECKS and clip is not None and clip.aggressive:
        order = ("lower-rate",)
    experiment = next((one for one in order if one not in done), None)
    done.add(experiment or "")
    practices = tuple((name, step) for name, step in _practices(reading) if name not in done)
    return Advice(
        clip, norms, before, experiment, practices, reading.diagnosis.diverged_at, rate, warmed,
        _every(log), last - first,
    )  # fmt: skip


def _order(reading: Reading) -> tuple[str, ...]:
    diagnosis, curve = reading
    if not diagnosis.unstable:
        return CHECKS
    if diagnosis.verdict is Verdict.MID_TRAINING:
        return MID_FIXES
    if diagnosis.rises:
        return EARLY_FIXES if diagnosis.rises[-1].early else MID_FIXES
    # Not finite without a rise before: early if nothing had been learned.
    learned = curve is not None and curve.smooth.min() <= LEARNED * abs(curve.loss[0])
    return SUDDEN_FIXES if learned else EARLY_FIXES


def _practices(reading: Reading) -> list[tuple[str, float]]:
    """What today's practice adds, with the step at which it is needed."""
    diagnosis, found = reading.diagnosis, []

    def add(case: str, step: float) -> None:
        found.extend((name, step) for name in PRACTICES[case])

    if diagnosis.diverged_at is not None and not diagnosis.rises:
        add("sudden", diagnosis.diverged_at)
    if mid := [rise.onset for rise in diagnosis.rises if not rise.early]:
        add("spike", mid[0])
    if climbs := [rise.onset for rise in diagnosis.rises if rise.shape == "climb"]:
        add("climb", climbs[0])
    if diagnosis.unstable and LANGUAGE[0] < diagnosis.initial_loss < LANGUAGE[1]:
        add("language", 0.0)
    if restarts := [rise.peak_step for rise in diagnosis.explained if rise.cause == "restart"]:
        add("restart", restarts[0])
    if diagnosis.skipped is not None:
        add("skipped", diagnosis.skipped.first)
    return found


def _every(log: Log) -> float | None:
    """The steps from record to record; None where they differ."""
    first, found = True, None
    last = np.zeros(0)
    for block in log.loss.step.blocks():
        gaps = np.diff(np.concatenate([last, block]))
        last = block[-1:]
        if gaps.size and first:
            found, first = float(gaps[0]), False
        if gaps.size and (gaps != found).any():
            return None
    return found


def _rates(log: Log, first: float, last: float) -> tuple[float | None, float | None]:
    """The largest rate, and how long it took to reach it if that was a warmup."""
    series = log.learning_rate
    largest, at, start = -np.inf, first, None
    for step, value in zip(series.step.blocks(), series.value.blocks(), strict=True):
        value = np.where(np.isfinite(value), value, -np.inf)
        start = float(value[0]) if start is None else start
        if value.max() > largest:
            largest, at = float(value.max()), float(step[value.argmax()])
    if start is None or largest <= 0:
        return None, None
    warmed = start < largest / 2 and at - first <= (last - first) / 2
    return largest, at - first if warmed and at > first else None


def _clip(
    log: Log, reading: Reading, percentile: float, threshold: float | None
) -> tuple[ClipAdvice | None, int, float | None]:
    """Where to clip, how many finite norms say so, and the step before which they lie."""
    norms, before = log.gradient_norm, _sound_until(reading)
    count = norms.step.size
    if before is not None:
        count = sum(int(np.searchsorted(block, before)) for block in norms.step.blocks())
    finite = sum(int(np.isfinite(block).sum()) for block in norms.value.blocks(0, count))
    if not finite:
        return None, 0, None
    if finite < ENOUGH and threshold is None:
        return None, finite, before
    try:
        advice = advise_clipping(
            norms.value,
            percentile=percentile,
            threshold=threshold,
            before=None if before is None else (before, count),
        )
    except ValueError:  # the arguments are checked: nearly all norms are 0
        return None, 0, None
    return advice, finite, before


def _sound_until(reading: Reading) -> float | None:
    """The step from which the run never recovered; None if it did."""
    diagnosis = reading.diagnosis
    lost = [rise.onset for rise in diagnosis.rises if rise.recovered_at is None]
    if diagnosis.diverged_at is not None:
        lost.append(diagnosis.diverged_at)
    return min(lost, default=None)
