"""What came of a rule as the tables that pictures are drawn of; the page makes the same."""

from typing import Any

import numpy as np

from stabsim.labs.frame.surfaces import contours
from stabsim.rules.experiment import STEPS, Tried, boxes, known_edges
from stabsim.workloads.any_surface import NAMES

Table = dict[str, Any]


def surface_lines(surface: str) -> Table:
    """The contour lines of a surface, and its frame: ``line`` below 0, ``step``, ``x``, ``y``."""
    lines = contours()[NAMES.index(surface)]
    count, points, _ = lines.shape
    return {
        "line": np.repeat(np.arange(-count, 0), points),
        "step": np.tile(np.arange(points), count),
        "x": lines[..., 0].ravel(),
        "y": lines[..., 1].ravel(),
    }


def tables(tried: Tried, surface: str) -> dict[str, Table]:
    """The tables "loss", "path" and "edges"."""
    under, (left, right, bottom, top) = surface_lines(surface), boxes()[surface]
    x, y = tried.path.T
    own = {
        "line": np.zeros(x.size, int), "step": np.arange(x.size),
        "x": np.clip(x, left, right), "y": np.clip(y, bottom, top),
    }  # fmt: skip
    known = known_edges()
    value = np.nan if tried.edge.value is None else tried.edge.value
    return {
        "loss": {"step": np.arange(STEPS), "loss": tried.loss},
        "path": {name: np.concatenate([under[name], own[name]]) for name in own},
        "edges": {"rule": np.arange(len(known) + 1), "value": [*known, value]},
    }
