"""What a probe measures, and when the number means nothing."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from stabsim import _check
from stabsim._words import Text, default_language, number
from stabsim.logs.hooks import StepFile
from stabsim.probe.lanczos import Space, largest

TOLERANCE = 1e-3
"""An eigenvalue may be off by so much of itself."""

MOST = 100
"""So many products at most."""

NOISY = 0.25
"""From this difference of a half from the whole on, the number is one of the sample."""

DOUBTS = {
    "noise": Text(
        "On half of the data the sharpness is another by {noise}: it is that of a sample. Measure "
        "on more data.",
        "Pada separuh data ketajamannya berbeda {noise}: jadi ini ketajaman suatu sampel saja. "
        "Ukur dengan lebih banyak data.",
    ),
    "kinks": Text(
        "The network has kinks (ReLU, max pooling), whose curvature no Hessian holds: a step that "
        "crosses many may be unstable below the threshold.",
        "Jaringan ini mempunyai patahan (ReLU, max pooling) yang kelengkungannya tidak terkandung "
        "dalam Hessian: langkah yang melewati banyak patahan dapat tidak stabil di bawah ambang.",
    ),
    "precision": Text(
        "Some of it is computed in half precision, of which second derivatives keep two or three "
        "digits: measure in float32.",
        "Sebagian dihitung dengan presisi setengah; turunan keduanya hanya benar sampai dua atau "
        "tiga digit: ukur dalam float32.",
    ),
    "random": Text(
        "The loss is not the same when computed twice (dropout): this is the sharpness for one "
        "draw of it. Measure without dropout.",
        "Loss tidak sama jika dihitung dua kali (dropout): ini ketajaman untuk satu pengundian "
        "saja. Ukur tanpa dropout.",
    ),
    "running means": Text(
        "Batch normalization is in evaluation mode. If it trains otherwise, this is another "
        "function, which depends on biases that training cannot move: its sharpness may be huge. "
        "Measure with batch normalization in training mode; its running means are put back.",
        "Normalisasi batch berada dalam mode evaluasi. Jika pelatihannya tidak demikian, ini "
        "fungsi lain, yang bergantung pada bias yang tidak dapat digerakkan oleh pelatihan: "
        "ketajamannya bisa sangat besar. Ukur dengan normalisasi batch dalam mode pelatihan; "
        "rata-rata berjalannya dikembalikan.",
    ),
    "not converged": Text(
        "The eigenvalue has not converged: it may be off by {error}.",
        "Nilai eigen belum konvergen: dapat meleset {error}.",
    ),
    "not finite": Text(
        "The loss has no finite second derivative here.",
        "Turunan kedua loss di sini tidak berhingga.",
    ),
    "negative": Text(
        "No direction curves upwards: the threshold says nothing here.",
        "Tidak ada arah yang melengkung ke atas: ambang kestabilan tidak berarti di sini.",
    ),
}  # fmt: skip
"""Why a measured sharpness may mean little."""

WORDS = {
    "above": Text(
        "The sharpness {sharpness} is above the threshold {threshold} of the optimizer at its "
        "present rate: it is unstable here.",
        "Ketajaman {sharpness} berada di atas ambang kestabilan {threshold} optimizer pada lajunya "
        "saat ini: optimizer tidak stabil di sini.",
    ),
    "below": Text(
        "The sharpness {sharpness} is {share} of the threshold {threshold} of the optimizer at its "
        "present rate.",
        "Ketajaman {sharpness} adalah {share} dari ambang kestabilan {threshold} optimizer pada "
        "lajunya saat ini.",
    ),
    "unknown": Text("The sharpness could not be measured.", "Ketajaman tidak dapat diukur."),
}


class Measurement(NamedTuple):
    """Eigenvalues, and what they are to be held against.

    Attributes:
        eigenvalues: the largest, from the largest down.
        threshold: the largest eigenvalue at which the optimizer is stable, at its present rate.
        error: by how much the largest may be off, as a share of itself: what the solver says of
            itself, without the noise of the data.
        products: how many products with the Hessian were taken, those on halves not counted.
        halves: the sharpness on each half of the data; NaN where it was not measured.
        doubts: keys of :data:`DOUBTS`: why the number may mean little.
    """

    eigenvalues: tuple[float, ...]
    threshold: float
    error: float
    products: int
    halves: tuple[float, float]
    doubts: tuple[str, ...]

    @property
    def sharpness(self) -> float:
        """The largest eigenvalue."""
        return self.eigenvalues[0]

    @property
    def noise(self) -> float:
        """By how much a half differs from the whole at most, as a share of the whole."""
        return max(abs(half - self.sharpness) for half in self.halves) / abs(
            self.sharpness or 1e-300
        )

    @property
    def unstable(self) -> bool:
        """Whether the sharpness is above the threshold."""
        return self.sharpness > self.threshold

    def sentences(self, language: str | None = None) -> list[str]:
        """The measurement and its doubts in "en" or "id"."""
        language = default_language() if language is None else language
        said = "above" if self.unstable else "below"
        values = {
            "sharpness": number(self.sharpness, language),
            "threshold": number(self.threshold, language),
            "share": f"{self.sharpness / self.threshold:.0%}",
            "noise": f"{self.noise:.0%}",
            "error": f"{self.error:.1%}",
        }
        said = said if math.isfinite(self.sharpness) else "unknown"
        texts = [WORDS[said], *(DOUBTS[doubt] for doubt in self.doubts)]
        return [text.in_(language).format(**values) for text in texts]

    def __str__(self) -> str:
        return "\n".join(self.sentences())


def measure(
    on: Callable[[Any], Space],
    whole: Any,
    halves: tuple[Any, Any] | None,
    threshold: float,
    doubts: Sequence[str],
    count: int = 1,
    tolerance: float = TOLERANCE,
    most: int = MOST,
) -> Measurement:
    """The largest eigenvalues on the whole data, and the largest on each half.

    Args:
        on: the vectors and the operator for some data.
        whole, halves: the data; None for no halves.
        threshold: that of the optimizer.
        doubts: those that are known already.
        count, tolerance, most: as in :func:`stabsim.probe.lanczos.largest`.
    """
    found = largest(on(whole), count, tolerance, most)
    top = float(found.eigenvalues[0])
    error = float(found.errors[0]) / abs(top) if top else 0.0
    parts = (math.nan, math.nan)
    if halves is not None and math.isfinite(top):
        # The noise is to be known to its first digit.
        first, second = (largest(on(half), 1, NOISY / 20, most).eigenvalues[0] for half in halves)
        parts = float(first), float(second)
    made = Measurement(
        tuple(map(float, found.eigenvalues)), threshold, error, found.products, parts, ()
    )
    new = {
        "not finite": not math.isfinite(top),
        "negative": top <= 0,
        "not converged": error > tolerance,
        "noise": made.noise > NOISY,
    }
    return made._replace(doubts=(*(name for name, true in new.items() if true), *doubts))


def halved(batches: Sequence[Any]) -> tuple[Any, Any] | None:
    """Two halves of the data: of the batches, or of the only one; None if it cannot be halved."""
    middle = len(batches) // 2
    if middle:
        return batches[:middle], batches[middle : 2 * middle]
    lengths = {part.shape[0] for part in _arrays(batches[0]) if part.shape}
    if len(lengths) != 1 or (middle := lengths.pop() // 2) == 0:
        return None
    first = _cut(batches[0], slice(0, middle))
    return [first], [_cut(batches[0], slice(middle, 2 * middle))]


def _arrays(batch: Any) -> list[Any]:
    if isinstance(batch, Mapping):
        batch = list(batch.values())
    if isinstance(batch, list | tuple):
        return [array for part in batch for array in _arrays(part)]
    return [batch] if hasattr(batch, "shape") else []


def _cut(batch: Any, rows: slice) -> Any:
    if isinstance(batch, Mapping):
        return {name: _cut(part, rows) for name, part in batch.items()}
    if isinstance(batch, list | tuple):
        parts = [_cut(part, rows) for part in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)
    return batch[rows] if getattr(batch, "shape", ()) else batch


class Share:
    """Lets something happen every so many steps, and in no more than a share of the time.

    Args:
        every: at so many steps.
        share: of the time since this was made; the first time is free.
        clock: the seconds.
    """

    def __init__(
        self, every: int, share: float, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        _check.count("every", every)
        _check.positive("share", share)
        self._every, self._share, self._clock = every, share, clock
        self._start, self._spent, self._last = clock(), 0.0, 0.0

    def due(self, step: int) -> bool:
        """Whether it is time, and there is time for another as long as the last."""
        time_since = self._clock() - self._start
        return step % self._every == 0 and (
            self._last == 0.0 or self._spent + self._last <= self._share * time_since
        )

    def spend(self, work: Callable[[], Any]) -> Any:
        """What the work returns, whose time is counted."""
        begin = self._clock()
        done = work()
        self._last = max(self._clock() - begin, 1e-9)
        self._spent += self._last
        return done


def log_measurement(log: StepFile | None, step: int, found: Measurement) -> None:
    """A record of its own in the log of a hook, if there is one."""
    if log is not None:
        log.measured(step, found.sharpness, found.threshold, found.noise)
