"""The synthetic surfaces as pictures: what they are called, and their lines of equal height."""

from functools import cache

import numpy as np

from stabsim._extras import extra
from stabsim._words import Text
from stabsim.workloads.any_surface import LOWEST, NAMES
from stabsim.workloads.synthetic import SURFACES, heights

LEVELS = 12
POINTS = 100
"""Contour lines a surface, and points a line."""

LABELS = {
    "valley": Text("valley, condition number 20", "lembah, bilangan kondisi 20"),
    "saddle": Text("saddle between two minima", "pelana di antara dua minimum"),
    "rosenbrock": Text("Rosenbrock's curved valley", "lembah lengkung Rosenbrock"),
    "beale": Text("Beale's plateau and corner", "dataran dan sudut Beale"),
}


@cache
def contours() -> np.ndarray:
    """Lines of equal height, ``(surfaces, lines, points, 2)``; the last of them holds the box."""
    with extra("labs"):
        import contourpy  # Matplotlib's own, for the heights of no run

    lines = np.full((len(NAMES), LEVELS + 1, POINTS, 2), np.nan)
    for surface, name in enumerate(NAMES):
        left, right, bottom, top = SURFACES[name].box
        x, y, height = heights(name, 120)
        height = height - LOWEST.get(name, 0.0)
        drawn = contourpy.contour_generator(x, y, height)
        for place, level in enumerate(
            np.geomspace(height.max() / 4000, height.max() / 1.5, LEVELS)
        ):
            # A level's lines one after the other, parted by a NaN, thinned to what fits.
            pieces = [np.asarray(piece) for piece in drawn.lines(level) if len(piece) > 3]
            room = POINTS - len(pieces)
            whole = sum(map(len, pieces))
            kept = [
                piece[np.unique(np.linspace(0, len(piece) - 1, max(2, room * len(piece) // whole))
                                .round().astype(int))]
                for piece in pieces
            ]  # fmt: skip
            parted = [row for piece in kept for row in (*piece, (np.nan, np.nan))][:POINTS]
            lines[surface, place, : len(parted)] = parted
        lines[surface, LEVELS, [0, 2]] = [(left, bottom), (right, top)]
    return lines
