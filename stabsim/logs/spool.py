"""Numbers too many to hold: appended to a temporary file, and read back in blocks."""

import tempfile
import weakref
from collections.abc import Iterator

import numpy as np

IN_MEMORY = 1 << 17
"""So many bytes stay in memory; what is more lies on the disk."""

BLOCK = 1 << 16
"""Numbers read at once."""


FEW = 1 << 14
"""So many numbers are sorted to find the place of one."""


class Spool:
    """A growing series of float64 in constant memory.

    Attributes:
        size: how many numbers it holds.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self.size = 0

    def append(self, values: np.ndarray) -> None:
        self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(values, np.float64).tobytes())
        self.size += values.size

    def truncate(self, size: int) -> None:
        """Keeps the first ``size`` of the numbers."""
        self._file.truncate(8 * size)
        self.size = size

    def read(self, start: int, stop: int) -> np.ndarray:
        """The numbers from ``start`` up to ``stop``."""
        self._file.seek(8 * start)
        return np.frombuffer(self._file.read(8 * (max(stop, start) - start)), np.float64)

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
        """The numbers from ``start`` up to ``stop``, some at a time."""
        stop = self.size if stop is None else stop
        for at in range(start, stop, BLOCK):
            yield self.read(at, min(at + BLOCK, stop))

    def percentile(self, q: float, start: int = 0, stop: int | None = None) -> float:
        """The exact percentile of the finite numbers there, as ``numpy.percentile`` has it.

        The numbers are not sorted: the place of a number among them is found digit by digit, in
        passes that each count 65,536 kinds of 16 bits, until so few are left that they are.

        Raises:
            ValueError: if none is finite.
        """
        count = sum(int(np.isfinite(block).sum()) for block in self.blocks(start, stop))
        if count == 0:
            raise ValueError("there is no finite number to take a percentile of.")
        place = q / 100 * (count - 1)
        low, high = self._ranked(int(place), start, stop)
        if place == int(place):  # 0 times a difference that is infinite is no number
            return low
        return low + (high - low) * (place - int(place))

    def median(self, start: int = 0, stop: int | None = None) -> float:
        return self.percentile(50.0, start, stop)

    def _ranked(self, rank: int, start: int, stop: int | None) -> tuple[float, float]:
        """The finite number that ``rank`` others precede, and the next; twice the last."""
        prefix, shift, count = np.uint64(0), 64, 0
        while shift:
            shift -= 16
            counts = np.zeros(1 << 16, np.int64)
            for keys in self._keys(prefix, shift + 16, start, stop):
                digits = (keys >> np.uint64(shift)) & np.uint64(0xFFFF)
                counts += np.bincount(digits.astype(np.int64), minlength=1 << 16)
            before = np.cumsum(counts)
            digit = int(np.searchsorted(before, rank, side="right"))
            rank -= int(before[digit - 1]) if digit else 0
            prefix = (prefix << np.uint64(16)) | np.uint64(digit)
            count = int(counts[digit])
            if count <= FEW:
                break
        few = count <= FEW
        kept = np.sort(np.concatenate([*self._keys(prefix, shift, start, stop)])) if few else None
        low = prefix if kept is None else kept[rank]
        if rank + 1 < count:
            return _number(low), _number(low if kept is None else kept[rank + 1])
        above = (
            keys[keys > low].min(initial=np.uint64(2**64 - 1))
            for keys in self._keys(np.uint64(0), 64, start, stop)
        )
        high = min(above)
        return _number(low), _number(low if high == np.uint64(2**64 - 1) else high)

    def _keys(
        self, prefix: np.uint64, shift: int, start: int, stop: int | None
    ) -> Iterator[np.ndarray]:
        """The finite numbers as whole ones in their order, those whose digits above ``shift``
        are ``prefix``."""
        for block in self.blocks(start, stop):
            keys = _ordered(block[np.isfinite(block)])
            yield keys if shift == 64 else keys[keys >> np.uint64(shift) == prefix]


SIGN = np.uint64(1 << 63)


def _ordered(values: np.ndarray) -> np.ndarray:
    """Whole numbers in the order of the floats: the sign bit flipped, or all bits below 0."""
    bits = (values + 0.0).view(np.uint64)  # -0.0 + 0.0 is 0.0
    return np.where(bits & SIGN, ~bits, bits | SIGN)


def _number(key: np.uint64) -> float:
    bits = key & ~SIGN if key & SIGN else ~key
    return float(np.array([bits], np.uint64).view(np.float64)[0])
