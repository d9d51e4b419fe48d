"""The verdict on a log of any length, in constant memory.

:func:`stabsim.diagnosis.find_rises` reads the smoothed loss and its noise at each record. Here
both are computed over every record, block by block. Of a long log only some records are then
kept: of each of 4,096 stretches the first, the last, those with the lowest and the highest
smoothed loss, and that with the highest loss. No excursion of the smoothed loss is lost, for
its extremes are kept. The stretches in which a rise begins, peaks or ends are then read
again in full, so that the steps of the evidence are exact; and so the same rule decides.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from stabsim.diagnosis import (
    NOISE_PERCENTILE,
    NOISE_WINDOW,
    Diagnosis,
    Smoothed,
    conclude,
    find_rises,
    window_for,
)
from stabsim.logs.log import Log, Series
from stabsim.logs.spool import BLOCK, Spool

LEAST = 2
"""Losses that a diagnosis needs at least."""

STRETCHES = 4096
"""A longer log is thinned to some records of each of so many stretches."""

KEPT = 5 * STRETCHES
"""A log of up to so many records is not thinned."""

FULL = 64
"""So many stretches at most are read again in full."""


class Reading(NamedTuple):
    """A diagnosis and the curve that it rests on.

    Attributes:
        diagnosis: the verdict with its evidence.
        curve: the smoothed loss; None if not even the first loss is finite.
    """

    diagnosis: Diagnosis
    curve: Smoothed | None


def diagnose_log(log: Log) -> Reading:
    """The diagnosis of a log: what :func:`stabsim.diagnose` says of its losses and norms."""
    bad = [
        step
        for series in (log.loss, log.gradient_norm)
        if (step := _not_finite(series)) is not None
    ]
    diverged = min(bad, default=None)
    end = log.loss.size if diverged is None else _before(log.loss.step, diverged)
    curve, rises = None, ()
    if end:
        curve, rises = _read(log.loss, end)
    initial = float(log.loss.value.read(0, 1)[0])
    return Reading(
        conclude(rises, initial, _final(log.loss.value), diverged, _largest(log.gradient_norm)),
        curve,
    )


def _not_finite(series: Series) -> float | None:
    """The first step whose value is not finite."""
    for step, value in zip(series.step.blocks(), series.value.blocks(), strict=True):
        bad = ~np.isfinite(value)
        if bad.any():
            return float(step[bad.argmax()])
    return None


def _before(steps: Spool, step: float) -> int:
    """How many of the steps, which increase, lie before one."""
    return sum(int(np.searchsorted(block, step)) for block in steps.blocks())


def _final(loss: Spool) -> float:
    """As :func:`stabsim.trace.final_loss`."""
    start = loss.size - max(1, round(0.1 * loss.size))
    if not all(np.isfinite(block).all() for block in loss.blocks(start)):
        return float("nan")
    return loss.median(start)


def _largest(norms: Series) -> tuple[float, float] | None:
    best = None
    for step, value in zip(norms.step.blocks(), norms.value.blocks(), strict=True):
        value = np.where(np.isfinite(value), value, -np.inf)
        place = int(value.argmax())
        if np.isfinite(value[place]) and (best is None or value[place] > best[1]):
            best = (float(step[place]), float(value[place]))
    return best


def _read(loss: Series, end: int) -> tuple[Smoothed, tuple]:
    quarter, window = end // 4, window_for(end)
    quarters = (float("nan"), float("nan"))
    if quarter:
        quarters = (
            loss.value.median(quarter, 2 * quarter),
            loss.value.median(end - quarter, end),
        )
    stretch = 1 if end <= KEPT else -(-end // STRETCHES)
    span = max(1, BLOCK // stretch) * stretch
    blocks = range(0, end, span)
    kept = [_kept(loss, at, min(at + span, end), end, window, stretch) for at in blocks]
    curve = _joined(kept, window, quarters)
    rises = find_rises(curve)
    if stretch == 1 or not rises:
        return curve, rises
    steps = [s for r in rises for s in (r.onset, r.peak_step, r.recovered_at) if s is not None]
    touched = curve.record[np.searchsorted(curve.step, steps)] // stretch
    again = np.unique([place for t in touched for place in (t - 1, t, t + 1)])
    again = [int(i) * stretch for i in again if 0 <= i * stretch < end][:FULL]
    full = [_kept(loss, at, min(at + stretch, end), end, window, 1) for at in again]
    curve = _joined([*kept, *full], window, quarters)
    return curve, find_rises(curve)


def _joined(parts: Iterable[np.ndarray], window: int, quarters: tuple[float, float]) -> Smoothed:
    rows = np.concatenate(list(parts))
    _, first = np.unique(rows[:, 0], return_index=True)
    record, step, value, smooth, noise = rows[first].T
    return Smoothed(record.astype(int), step, value, smooth, noise, window, quarters)


def _kept(loss: Series, start: int, stop: int, end: int, window: int, stretch: int) -> np.ndarray:
    """Some of the records from ``start`` up to ``stop``, a row each of :class:`Smoothed`."""
    smooth = _smooth(loss.value, start, stop, end, window)
    noise = _noise(loss.value, start, stop, window)
    step, value = loss.step.read(start, stop), loss.value.read(start, stop)
    n = stop - start
    chosen = np.arange(n)
    if stretch > 1:
        begin = np.arange(0, n, stretch)
        picks = [begin, np.minimum(begin + stretch, n) - 1]
        for series, sign in ((smooth, 1), (smooth, -1), (value, 1)):
            padded = np.pad(sign * series, (0, -n % stretch), constant_values=-np.inf)
            picks.append(begin + padded.reshape(-1, stretch).argmax(-1))
        chosen = np.unique(np.concatenate(picks))
    return np.column_stack([start + chosen, step[chosen], value[chosen], smooth[chosen],
                            noise[chosen]])  # fmt: skip


def _smooth(loss: Spool, start: int, stop: int, end: int, window: int) -> np.ndarray:
    """The running median around the records from ``start`` up to ``stop``.

    Towards both ends of the log it is over as many records as there are on the shorter side.
    """
    import pandas as pd  # here, for whoever only reads a log waits for no import of it

    half = min(window // 2, (end - 1) // 2)
    low, high = max(start - half, 0), min(stop + half, end)
    near = loss.read(low, high)
    middle = pd.Series(near).rolling(2 * half + 1, center=True).median().to_numpy()
    smooth = middle[start - low : stop - low].copy()
    for i in range(start, min(half, stop)):
        smooth[i - start] = np.median(near[: 2 * i + 1])
    for i in range(max(end - half, start), stop):
        smooth[i - start] = np.median(near[near.size - 2 * (end - 1 - i) - 1 :])
    return smooth


def _noise(loss: Spool, start: int, stop: int, window: int) -> np.ndarray:
    """The noise before the records from ``start`` up to ``stop``; NaN where it is not known."""
    import pandas as pd

    lag = NOISE_WINDOW + window
    noise = np.full(stop - start, np.nan)
    first = max(start, lag)
    if first < stop:
        values = loss.read(first - lag, stop - window)
        with np.errstate(over="ignore"):
            change = np.minimum(np.abs(np.diff(values)), np.finfo(float).max)
        quantile = pd.Series(change).rolling(NOISE_WINDOW).quantile(NOISE_PERCENTILE / 100)
        noise[first - start :] = quantile.to_numpy()[NOISE_WINDOW - 1 :][: stop - first]
    return noise
