"""The picture in which a curve is guessed, as SVG: axes, the guess, and what came out."""

import html
from collections.abc import Sequence

from stabsim._words import number
from stabsim.exercises.frame.prediction import Draw

WIDTH, HEIGHT = 560, 280
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 46


def place(x: float, y: float) -> tuple[float, float]:
    """Where a point lies in the picture, given as shares of the axes."""
    return LEFT + x * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y * (HEIGHT - TOP - BOTTOM)


def picture(
    draw: Draw, language: str, guess: Sequence[float] = (), came: Sequence[Sequence[float]] = ()
) -> str:
    """The SVG: ``guess`` holds the heights at ``draw.at``, ``came`` what came out, as shares."""
    (left, bottom), (right, top) = place(0.0, 0.0), place(1.0, 1.0)
    x, y = (html.escape(axis.label.in_(language)) for axis in (draw.x, draw.y))
    parts = [f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" '
             'fill="none" stroke="currentColor" stroke-opacity="0.5"/>']  # fmt: skip
    for tick in draw.x.ticks:
        at, _ = place(draw.x.share(tick), 0.0)
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{bottom}" y2="{bottom + 5}" '
                     'stroke="currentColor"/>'
                     f'<text x="{at:.1f}" y="{bottom + 19}" text-anchor="middle">'
                     f"{number(tick, language)}</text>")  # fmt: skip
    for tick in draw.y.ticks:
        _, at = place(0.0, draw.y.share(tick))
        parts.append(f'<line x1="{left}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}" '
                     'stroke="currentColor" stroke-opacity="0.2"/>'
                     f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">'
                     f"{number(tick, language)}</text>")  # fmt: skip
    middle = (left + right) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{x}</text>'
                 f'<text transform="translate(12 {(top + bottom) / 2}) rotate(-90)" '
                 f'text-anchor="middle">{y}</text>')  # fmt: skip
    columns = [draw.x.share(at) for at in draw.at]
    guessed = _line([place(*point) for point in zip(columns, guess, strict=False)])
    parts.append(f'<path class="prediction-guess" d="{guessed}" fill="none" stroke="currentColor" '
                 'stroke-width="2" stroke-dasharray="6 4"/>')  # fmt: skip
    alive = _line([place(px, py) for px, py, lost in came if not lost])
    parts.append(f'<path class="prediction-came" d="{alive}" fill="none" stroke="#0072b2" '
                 'stroke-width="2.5"/>')  # fmt: skip
    marks = "".join(_mark(*place(px, py), bool(lost)) for px, py, lost in came)
    parts.append(f'<path class="prediction-marks" d="{marks}" fill="none" stroke="#0072b2" '
                 'stroke-width="2.5"/>')  # fmt: skip
    return (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{y}, {x}" '
            f'font-size="13" fill="currentColor">{"".join(parts)}</svg>')  # fmt: skip


def _line(points: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))


def _mark(x: float, y: float, lost: bool) -> str:
    """A dot, or the cross of a run that came to nothing."""
    if lost:
        return f"M{x - 5:.1f} {y - 5:.1f}l10 10m0-10l-10 10"
    return f"M{x - 3:.1f} {y:.1f}l3 -3l3 3l-3 3z"
