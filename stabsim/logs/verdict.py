"""The verdict on a log of any length, in constant memory.

:func:`stabsim.diagnosis.find_rises` reads the smoothed loss and its noise at each record. Here
both are computed over every record, block by block. Of a long log only some records are then
kept: of each of 4,096 stretches the first, the last, those with the lowest and the highest
smoothed loss, and those with the highest loss and the highest quick median. No excursion of
the smoothed loss is lost, for its extremes are kept. The stretches in which a rise begins, peaks
or ends are then read again in full, so that the steps of the evidence are exact; and so the same
rule decides.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from stabsim.diagnosis import (
    HUGE,
    LONG,
    NOISE_PERCENTILE,
    NOISE_WINDOW,
    Context,
    Diagnosis,
    Finite,
    Smoothed,
    beginning_of,
    conclude,
    ending,
    find_rises,
    level_edges,
    quick_window_for,
    typical_noise,
    window_for,
)
from stabsim.logs.log import Log, Series
from stabsim.logs.spool import BLOCK, Spool

LEAST = 2
"""Losses that a diagnosis needs at least."""

STRETCHES = 4096
"""A longer log is thinned to some records of each of so many stretches."""

KEPT = 6 * STRETCHES
"""A log of up to so many records is not thinned."""

FULL = 64
"""So many stretches at most are read again in full; of more if they are short."""


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
    context = _context(log)
    found = Finite.of(_pairs(log.loss))
    end = ending(found, Finite.of(_pairs(log.gradient_norm)), context)
    whole = found is not None and found.bad is None and end.reason in (None, "stops")
    loss = log.loss if whole else _finite(log.loss, None if end.reason == "stops" else end.at)
    curve = _read(loss, context) if loss.size else None
    initial = float(log.loss.value.read(0, 1)[0])
    final, largest = _final(log.loss.value), _largest(log.gradient_norm)
    return Reading(conclude(curve, end, context, initial, final, largest), curve)


def _pairs(series: Series) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    return zip(series.step.blocks(), series.value.blocks(), strict=True)


def _context(log: Log) -> Context:
    """What the log says beside its losses and norms; of many rates, the extremes of stretches."""
    parts = []
    stretch = -(-log.learning_rate.size // KEPT)
    for step, rate in _pairs(log.learning_rate):
        real = np.isfinite(rate)
        step, rate = step[real], rate[real]
        if stretch > 1 and rate.size:
            step, rate = (x[_extremes(rate, stretch)] for x in (step, rate))
        parts.append((step, rate))
    rate = None
    if any(step.size for step, _ in parts):
        step, value = (np.concatenate(part) for part in zip(*parts, strict=True))
        rate = (step, value)
    last = log.last_step if np.isfinite(log.last_step) else None
    return Context(
        rate, tuple(log.resumed), tuple(log.changes), log.objective, log.axis == "epoch", last
    )


def _extremes(values: np.ndarray, stretch: int) -> np.ndarray:
    """The places of the lowest and the highest value of each stretch, in order."""
    begin = np.arange(0, values.size, stretch)
    picks = []
    for sign in (1, -1):
        padded = np.pad(sign * values, (0, -values.size % stretch), constant_values=-np.inf)
        picks.append(begin + padded.reshape(-1, stretch).argmax(-1))
    return np.unique(np.concatenate(picks))


def _finite(series: Series, until: float | None) -> Series:
    """A series without what is not finite, and up to a step."""
    kept = Series()
    for step, value in _pairs(series):
        real = np.isfinite(value) & (np.abs(value) < HUGE)
        real &= True if until is None else step < until
        kept.append(step[real], value[real])
    return kept


def _final(loss: Spool) -> float:
    """As :func:`stabsim.trace.final_loss`."""
    start = loss.size - max(1, round(0.1 * loss.size))
    if not all((np.abs(block) < HUGE).all() for block in loss.blocks(start)):
        return float("nan")
    return loss.median(start)


def _largest(norms: Series) -> tuple[float, float] | None:
    best = None
    for step, value in _pairs(norms):
        value = np.where(np.isfinite(value), value, -np.inf)
        place = int(value.argmax())
        if np.isfinite(value[place]) and (best is None or value[place] > best[1]):
            best = (float(step[place]), float(value[place]))
    return best


def _median(values: Spool, start: int, stop: int) -> float:
    """As of numpy, at once where so many numbers are read at once."""
    if stop - start <= BLOCK:
        return float(np.median(values.read(start, stop)))
    return values.median(start, stop)


def _read(loss: Series, context: Context) -> Smoothed:
    """The smoothed loss of all records, which are finite."""
    n, means = loss.size, context.means
    quarter, window = n // 4, window_for(n)
    quarters = (float("nan"), float("nan"))
    if quarter:
        quarters = (
            _median(loss.value, quarter, 2 * quarter),
            _median(loss.value, n - quarter, n),
        )
    edges = [*level_edges(n).tolist(), n]
    levels = np.array([_median(loss.value, a, b) for a, b in pairwise(edges)])
    stretch = 1 if n <= KEPT else -(-n // STRETCHES)
    span = max(1, BLOCK // stretch) * stretch
    blocks = [
        _kept(loss, at, min(at + span, n), window, stretch, means) for at in range(0, n, span)
    ]
    typical = min(least for _, least in blocks)
    beginning = _noise(loss.value, 0, beginning_of(n), window)
    beginning = float(np.min(beginning, where=~np.isnan(beginning), initial=np.inf))
    if n <= LONG:
        typical = min(typical, typical_noise(loss.value.read(0, n)))
    if np.isinf(beginning):
        beginning = typical
    final = _final(loss.value)

    def joined(parts: list[np.ndarray]) -> Smoothed:
        rows = np.concatenate(parts)
        _, first = np.unique(rows[:, 0], return_index=True)
        record, step, value, smooth, quick, noise = rows[first].T
        return Smoothed(record.astype(int), step, value, smooth, quick, noise, n, window, levels,
                        typical, beginning, quarters, final, means)  # fmt: skip

    kept = [rows for rows, _ in blocks]
    curve = joined(kept)
    if stretch == 1 or not (rises := find_rises(curve, context)):
        return curve
    steps = [s for r in rises for s in (r.onset, r.peak_step, r.recovered_at) if s is not None]
    touched = curve.record[np.searchsorted(curve.step, steps)] // stretch
    reach = -(-window // (2 * stretch))  # a window's half
    again = np.unique(touched[:, None] + np.arange(-reach, reach + 1))
    again = [int(i) * stretch for i in again if 0 <= i * stretch < n][: FULL * reach]
    full = [_kept(loss, at, min(at + stretch, n), window, 1, means)[0] for at in again]
    return joined([*kept, *full])


def _kept(
    loss: Series, start: int, stop: int, window: int, stretch: int, means: bool
) -> tuple[np.ndarray, float]:
    """Some of the records from ``start`` up to ``stop``, and the least noise of all of them.

    A row each of :class:`Smoothed`.
    """
    smooth = _smooth(loss.value, start, stop, window)
    noise = _noise(loss.value, start, stop, window)
    step, value = loss.step.read(start, stop), loss.value.read(start, stop)
    quick = value if means else _smooth(loss.value, start, stop, quick_window_for(loss.size))
    n = stop - start
    chosen = np.arange(n)
    if stretch > 1:
        begin = np.arange(0, n, stretch)
        picks = [begin, np.minimum(begin + stretch, n) - 1]
        for series, sign in ((smooth, 1), (smooth, -1), (value, 1), (quick, 1)):
            padded = np.pad(sign * series, (0, -n % stretch), constant_values=-np.inf)
            picks.append(begin + padded.reshape(-1, stretch).argmax(-1))
        chosen = np.unique(np.concatenate(picks))
    rows = np.column_stack([start + chosen, *(x[chosen] for x in (step, value, smooth, quick,
                                                                  noise))])  # fmt: skip
    return rows, float(np.min(noise, where=~np.isnan(noise), initial=np.inf))


def _smooth(loss: Spool, start: int, stop: int, window: int) -> np.ndarray:
    """The running median around the records from ``start`` up to ``stop``.

    Towards both ends of the log it is over as many records as there are on the shorter side.
    """
    from scipy.ndimage import median_filter  # here, for whoever only reads a log waits for it

    end = loss.size
    half = min(window // 2, (end - 1) // 2)
    low, high = max(start - half, 0), min(stop + half, end)
    near = loss.read(low, high)
    middle = median_filter(near, 2 * half + 1)
    smooth = middle[start - low : stop - low].copy()
    for i in range(start, min(half, stop)):
        smooth[i - start] = np.median(near[: 2 * i + 1])
    for i in range(max(end - half, start), stop):
        smooth[i - start] = np.median(near[near.size - 2 * (end - 1 - i) - 1 :])
    return smooth


def _noise(loss: Spool, start: int, stop: int, window: int) -> np.ndarray:
    """The noise before the records from ``start`` up to ``stop``; NaN where it is not known."""
    from scipy.ndimage import rank_filter

    lag = NOISE_WINDOW + window
    noise = np.full(stop - start, np.nan)
    first = max(start, lag)
    if first < stop:
        values = loss.read(first - lag, stop - window)
        with np.errstate(over="ignore"):
            change = np.minimum(np.abs(np.diff(values)), np.finfo(float).max)
        place = NOISE_PERCENTILE / 100 * (NOISE_WINDOW - 1)
        low, high = (rank_filter(change, int(place) + i, NOISE_WINDOW) for i in (0, 1))
        quantile = low + (high - low) * (place - int(place))
        noise[first - start :] = quantile[NOISE_WINDOW // 2 :][: stop - first]
    return noise
