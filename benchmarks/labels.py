"""What an expert says of the runs of :mod:`benchmarks.runs`, and how logs show them.

The label rests on the cause and on the noise-free loss, which no log holds. Each run is then
logged as people log: every step, every tenth or fiftieth, as epoch means, from the middle on, or
with NaN as trainers write it. A log in which the failure leaves fewer than three records above
the noise gets no label, as does a run whose noise-free loss leaves the verdict open.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.runs import CAUSES, FILE, LEARNING, NEW
from stabsim.diagnosis import Verdict

S, E, R, M, D = Verdict

ALL = CAUSES | NEW

SURE, NONE = 0.2, 0.08
"""A rise of the noise-free loss is one from this share of what was learned (or of twice the
level) on, and none below the other; what lies between is open."""


class Labelled(NamedTuple):
    """A log with the verdict that it should get.

    Attributes:
        name: the cause's name.
        view: how it was logged.
        seed: of the run.
        label: what an expert says; None where the noise-free loss leaves it open.
        step, loss: shape ``(n,)``.
        norm, rate: the norm and the rate of the same records, NaN where there was none.
        last_step: the last step of the log, with or without a loss.
        objective: as of a log.
        noise: the standard deviation of the loss about the noise-free one, from its median.
        height: how far the noise-free loss rose, as the log shows it.
    """

    name: str
    view: str
    seed: int
    label: Verdict | None
    step: np.ndarray
    loss: np.ndarray
    norm: np.ndarray
    rate: np.ndarray
    last_step: float
    objective: str
    noise: float
    height: float


class Rising(NamedTuple):
    onset: int
    height: float
    records: int


def rises(truth: np.ndarray) -> tuple[list[Rising], float]:
    """The sure rises of a noise-free loss, and the largest rise as a share of its scale."""
    found, start, largest = [], 0, 0.0
    top = truth[0]
    while start < truth.size:
        h = truth[start:]
        low = np.minimum.accumulate(h)
        scale = np.maximum(np.abs(low), (top - low) / 2)
        ratio = (h - low) / np.maximum(scale, 1e-30)
        largest = max(largest, float(ratio.max()))
        if not (ratio > SURE).any():
            break
        seen = int((ratio > SURE).argmax())
        onset = int(h[: seen + 1].argmin())
        height = SURE * scale[seen] / 2
        back = h[seen:] < h[onset] + height
        end = seen + int(back.argmax()) if back.any() else h.size
        above = h[seen:end].max() - h[onset]
        found.append(Rising(start + onset, float(above), end - seen))
        start += end
    return found, largest


def label(
    name: str, truth: np.ndarray, noise: float, least: int, begun: bool, late: bool = False
) -> tuple[Verdict | None, float]:
    """The verdict and how high the loss rose.

    ``begun`` if training began before the log, ``late`` if the log's steps show it. Nothing is
    early in a log that starts late. Two cases are arguable and get no label: rises in the first
    quarter that follow an early one may be its end or of their own, and a run that ends within a
    twentieth of what counts as learned has recovered or not.
    """
    expected = ALL[name].expected if name in ALL else (S,)
    if not np.isfinite(truth).all():
        return D, np.inf
    found, largest = rises(truth)
    final = np.median(truth[-max(1, round(0.1 * truth.size)) :])
    height = max((r.height for r in found), default=0.0)
    if expected == (S,):
        return (S if largest < 1.0 or "restarts" in name else None), height
    if not found:
        return (S if largest < NONE else None), height
    if final > 10 * truth[0] and not begun:
        return D, height
    found = [r for r in found if r.records >= least and r.height >= 3 * noise]
    if not found:
        return None, height
    height = max(r.height for r in found)
    if late:
        return M, height
    n, learned = truth.size, truth[0] - (0.05 if begun else 0.2) * abs(truth[0])
    early = [
        r.onset <= 0.05 * n or (truth[r.onset] > learned and not begun and r.onset <= 0.1 * n)
        for r in found
    ]
    if not all(early):
        after = all(e or r.onset < n / 4 for e, r in zip(early, found, strict=True))
        return (None if early[0] and after else M), height
    if abs(final - learned) < 0.05 * abs(truth[0]):
        return None, height
    return (R if final < learned else E), height


HEALTHY = [name for name, cause in ALL.items() if cause.expected == (S,)]
MIDDLE = [
    "bad batch", "bad batch small", "bad labels", "bad batches", "char labels", "words pulse",
    "words pulses", "words jump", "jump", "char jump", "climb", "transformer pulse",
    "fine-tune pulse", "recurrent batch", "lost labels", "drift",
]  # fmt: skip


def logs(file: Path = FILE) -> Iterator[Labelled]:
    """Every log of every run of a file."""
    data = np.load(file)
    for name in dict.fromkeys(key.split("/")[0] for key in data):
        loss, norm, truth = (data[f"{name}/{f}"].astype(float) for f in ("loss", "norm", "truth"))
        rate = ALL[name].rates if name in ALL else np.full(loss.shape[1], LEARNING[name][0])
        for seed in range(loss.shape[0]):
            yield from _views(name, seed, loss[seed], norm[seed], truth[seed], rate)


def _views(
    name: str, seed: int, loss: np.ndarray, norm: np.ndarray, truth: np.ndarray, rate: np.ndarray
) -> Iterator[Labelled]:
    n = loss.size
    step = np.arange(float(n))
    objective = "rl" if name in LEARNING else "falls"
    begun = name in ALL and ALL[name].start > 0
    if objective == "rl":
        yield Labelled(name, "every step", seed, S, step, loss, norm, rate, n - 1.0, "rl", 0.0, 0.0)
        return
    with np.errstate(invalid="ignore"):
        off = loss - truth

    def noise_of(off: np.ndarray) -> float:
        off = off[np.isfinite(off)]
        return float(1.48 * np.median(np.abs(off - np.median(off)))) if off.size else 0.0

    def seen(view: str, at: np.ndarray, least: int = 3, late: bool = False) -> Labelled:
        noise = noise_of(off[at])
        said, height = label(name, truth[at], noise, least, begun or late, late)
        return Labelled(name, view, seed, said, step[at], loss[at], norm[at], rate[at],
                        step[at][-1], "falls", noise, height)  # fmt: skip

    yield seen("every step", np.arange(n), 4)
    yield seen("every 10th step", np.arange(0, n, 10))
    if name in HEALTHY:
        yield seen("every 50th step", np.arange(49, n, 50))
    if name in HEALTHY or name in MIDDLE:
        yield seen("from the middle on", np.arange(round(0.3 * n), n), 4, True)
    if np.isfinite(loss).all():
        k = 20
        rows = n // k * k

        def mean(x: np.ndarray) -> np.ndarray:
            return x[:rows].reshape(-1, k).mean(-1)

        said, height = label(name, mean(truth), noise_of(mean(off)), 1, begun)
        yield Labelled(name, "epoch means", seed, said, np.arange(n // k), mean(loss), mean(norm),
                       mean(rate), n // k - 1.0, "falls", noise_of(mean(off)), height)  # fmt: skip
        return
    if not np.isfinite(truth[-1]) and np.isfinite(truth[: n // 8]).all():
        bad = ~np.isfinite(loss)
        kept = ~bad
        yield Labelled(name, "NaN as 0", seed, D, step, np.where(bad, 0.0, loss), norm, rate,
                       n - 1.0, "falls", 0.0, np.inf)  # fmt: skip
        yield Labelled(name, "NaN left out", seed, D, step[kept], loss[kept], norm[kept],
                       rate[kept], n - 1.0, "falls", 0.0, np.inf)  # fmt: skip
