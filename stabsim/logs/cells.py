"""Cells of a log as numbers."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np


class Numbers(NamedTuple):
    """Cells as numbers: which were there, and which were no number. Shapes ``(n,)``."""

    value: np.ndarray
    present: np.ndarray
    bad: np.ndarray


EMPTY = {"", "na", "n/a", "null", "none", "-"}
"""What a cell without a number may hold. "nan" is a number that is not finite."""

LARGEST = 1.797e308
"""MLflow writes infinity as the largest number that there is."""

COUNTED = re.compile(r"(\d+)\s*/\s*\d+")
"""A step of so many, as in "5/60"."""


ODD = re.compile(r"([-+]?)(?:nan\(.*\)|[0-9]+\.#(?:(inf)|qnan|snan|ind)0*)")
"""NaN and infinity as C's libraries write them: "-nan(ind)", "1.#QNAN", "1.#INF"."""


def numbers(cells: Sequence[Any] | np.ndarray, *, counted: bool = False) -> Numbers:
    """Cells as numbers. Whatever ``float`` takes is one, and a decimal comma if it is alone.

    Args:
        cells: the cells; or float64, which are numbers already.
        counted: whether "5/60" is 5.
    """
    n = len(cells)
    try:
        known = isinstance(cells, np.ndarray)
        value = cells if known else np.fromiter(map(float, cells), float, n)
        present, bad = np.ones(n, bool), np.zeros(n, bool)
    except (TypeError, ValueError, OverflowError):
        value, present, bad = _one_by_one(cells, counted)
    huge = np.abs(value) >= LARGEST
    if huge.any():
        value[huge] = np.copysign(np.inf, value[huge])
    return Numbers(value, present, bad)


def _one_by_one(cells: Sequence[Any] | np.ndarray, counted: bool) -> Numbers:
    n = len(cells)
    value, present, bad = np.full(n, np.nan), np.zeros(n, bool), np.zeros(n, bool)
    for i, cell in enumerate(cells):
        if cell is None or (isinstance(cell, str) and cell.strip().lower() in EMPTY):
            continue
        try:
            if isinstance(cell, str):
                cell = cell.strip()
                if counted and (match := COUNTED.fullmatch(cell)):
                    cell = match[1]
                elif cell.count(",") == 1:
                    cell = cell.replace(",", ".")
                elif odd := ODD.fullmatch(cell.lower()):
                    cell = odd[1] + (odd[2] or "nan")
            value[i], present[i] = float(cell), True
        except (TypeError, ValueError, OverflowError):
            bad[i] = True
    return Numbers(value, present, bad)
