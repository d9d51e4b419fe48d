"""A strip of seeds as SVG: a dot for each that holds, a cross for each that fails, the bound."""

import math
from collections.abc import Callable, Iterable
from itertools import compress

import numpy as np

from claims.outcome import Outcome, written
from claims.strips import Strip
from stabsim._words import number

LEFT, RIGHT, WIDTH = 6, 234, 240
FAR = 218
"""Where the numbers end if one is infinite; that stands at RIGHT."""

TOP, SPREAD, FOOT, HEIGHT = 3, 20, 26, 36
WIDE = 10
"""From this ratio of the largest to the smallest on, the axis is logarithmic."""

LETTER, GAP = 6.4, 3
"""Pixels of a label's letter, and between two labels of the axis."""


def drawn(strip: Strip, outcome: Outcome, language: str) -> str:
    """The strip of a claim: a seed stands at the same height in all strips of the claim."""
    values = np.asarray(strip.of(outcome.values), float)
    values = np.where(np.isnan(values), np.inf, values)  # of a run that diverged
    holds = inside(strip, outcome)
    finite = [*values[np.isfinite(values)], *strip.bounds]
    low, high = min(finite), max(finite)
    logarithmic = low > 0 and high / low > WIDE
    end = RIGHT if np.isfinite(values).all() else FAR

    def x(value: float) -> float:
        if not math.isfinite(value):
            return RIGHT if value > 0 else LEFT
        if low == high:
            return (LEFT + end) / 2
        scale = math.log if logarithmic else float
        return LEFT + (end - LEFT) * (scale(value) - scale(low)) / (scale(high) - scale(low))

    at = [(round(x(v)), TOP + i * SPREAD // len(values)) for i, v in enumerate(values)]
    # Bounds first: where two labels meet, theirs is written.
    labels = [(x(v), number(v, language)) for v in [*strip.bounds, low, high]]
    labels += [(RIGHT, "∞")] * (end == FAR)
    title = strip.says.in_(language)
    return (
        f"<figure><figcaption>{title}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{written(values, language)}">{_region(strip, x)}'
        f"{_marks('ok', compress(at, holds), 'h0')}"
        f"{_marks('no', compress(at, ~holds), 'm-2-2l4 4m0-4l-4 4m2-2')}"
        f"{_labels(labels)}</svg></figure>"
    )


def inside(strip: Strip, outcome: Outcome) -> np.ndarray:
    """For each seed, whether it is drawn as one that holds.

    That is where the part of the claim does, or where this number is not why it does not.
    """
    values = np.asarray(strip.of(outcome.values), float)
    within = (values > strip.low) & (values < strip.high)
    return np.asarray(outcome.parts[strip.part].holds) | (within if strip.bounds else False)


def _marks(kind: str, at: Iterable[tuple[int, int]], mark: str) -> str:
    """A mark at each place, which ends where it began: told from the one before, it packs well."""
    line, x, y = "", 0, 0
    for a, b in at:
        line += f"m{a - x} {b - y}{mark}"
        x, y = a, b
    return f'<path class="{kind}" d="{line}"/>' if line else ""


def _region(strip: Strip, x: Callable[[float], float]) -> str:
    """Where a seed holds, with its edges."""
    if not strip.bounds:
        return ""
    left = 0 if math.isinf(strip.low) else x(strip.low)
    right = WIDTH if math.isinf(strip.high) else x(strip.high)
    edges = "".join(f"M{x(bound):.0f} 0V{FOOT - 1}" for bound in strip.bounds)
    return (
        f'<rect x="{left:.0f}" width="{right - left:.0f}" height="{FOOT - 1}"/>'
        f'<path class="edge" d="{edges}"/>'
    )


def _labels(labels: list[tuple[float, str]]) -> str:
    placed: list[tuple[float, float]] = []
    found = ""
    for x, text in labels:
        half = len(text) * LETTER / 2
        middle = min(max(x, half), WIDTH - half)
        if all(abs(middle - other) >= half + its + GAP for other, its in placed):
            placed.append((middle, half))
            found += f'<text x="{middle:.0f}" y="{HEIGHT - 1}">{text}</text>'
    return found
