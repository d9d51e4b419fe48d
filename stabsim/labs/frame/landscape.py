"""A path over contour lines of the loss under it, in a view that widens as the path leaves."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

ACROSS, UP = 30, 20
"""Cells of the grid on which heights are taken."""

LEVELS = 8
ROOM = 1000
"""Lines of equal height, and segments that are kept of all of them together."""

PATH, LINE, CORNER = 0, -1, -2
"""What a row holds, in its column ``line``: only a path's rows are at a step."""


def segments(
    height: Callable[[Float[Array, "2"]], Float[Array, ""]], box: Float[Array, "4"], lowest: Any
) -> Float[Array, "room 4"]:
    r"""Contour lines over a box, as segments from (x, y) to (x2, y2); NaN where no more are.

    The heights are those of :math:`r = \sqrt{\ell - \ell_0}`, evenly spaced from 0 to the highest
    of the box, for r is straight up the walls of a parabola. Each cell of a grid is two triangles,
    on which r is taken to be flat, so that a line crosses each of them once or not at all.

    Args:
        height: :math:`\ell`, from a place (x, y).
        box: left, right, bottom, top.
        lowest: :math:`\ell_0`, at most the least height in the box.
    """
    left, right, bottom, top = box
    x = left + (right - left) * jnp.linspace(0.0, 1.0, ACROSS + 1)
    y = bottom + (top - bottom) * jnp.linspace(0.0, 1.0, UP + 1)
    places = jnp.stack(jnp.broadcast_arrays(x[:, None], y[None, :]), -1)
    flat = places.reshape(-1, 2)
    r = jnp.sqrt(jnp.maximum(jax.vmap(height)(flat) - lowest, 0.0)).reshape(places.shape[:2])
    corners = jnp.concatenate([places, r[..., None]], -1)
    here, east = corners[:-1, :-1], corners[1:, :-1]
    north, far = corners[:-1, 1:], corners[1:, 1:]
    triangles = jnp.stack([jnp.stack([here, east, far]), jnp.stack([here, north, far])], 1)
    a, b, c = triangles.reshape(3, 1, -1, 3)
    highest = jnp.max(jnp.where(jnp.isfinite(r), r, 0.0))
    levels = highest * np.linspace(0, 1, LEVELS + 2, dtype=np.float32)[1:-1, None]

    def crossing(p: Array, q: Array) -> tuple[Array, Array]:
        low, high = p[..., 2], q[..., 2]
        share = (levels - low) / jnp.where(low == high, 1.0, high - low)
        return (low < levels) != (high < levels), p[..., :2] + share[..., None] * (q - p)[..., :2]

    (ab, on_ab), (bc, on_bc), (ca, on_ca) = crossing(a, b), crossing(b, c), crossing(c, a)
    begin = jnp.where(ab[..., None], on_ab, on_bc)
    end = jnp.where((ab & bc)[..., None], on_bc, on_ca)
    crossed = (ab | bc | ca).ravel()
    found = jnp.concatenate([begin, end], -1).reshape(-1, 4)
    place = jnp.where(crossed, jnp.cumsum(crossed) - 1, ROOM)
    return jnp.full((ROOM, 4), jnp.nan).at[place].set(found, mode="drop")


def widening(
    path: Float[Array, "points 2"], box: Sequence[float] | Float[Array, "4"], zooms: int
) -> tuple[Float[Array, "points 2"], Float[Array, "zooms 4"], Array, Array]:
    """Views of a path, each twice as wide as the one before: see :func:`rows`.

    Returns:
        The path as far as the widest view holds it; the views; and the first and the last point of
        the path at which each is the least that holds the path up to there, NaN if none.
    """
    left, right, bottom, top = box
    middle = jnp.asarray([(left + right) / 2, (bottom + top) / 2])
    half = jnp.asarray([(right - left) / 2, (top - bottom) / 2])
    far = jnp.max(jnp.abs(path - middle) / half, -1)
    far = jax.lax.cummax(jnp.where(jnp.isfinite(far), far, jnp.inf))
    scales = 2.0 ** np.arange(zooms, dtype=np.float32)
    within = jnp.sum(far[None] <= scales[:, None], -1, dtype=jnp.float32)
    until = within.at[-1].set(far.size)
    since = jnp.concatenate([jnp.zeros(1), until[:-1]])
    first = jnp.where(since < far.size, since, jnp.nan)
    last = jnp.where(until < far.size, until - 1, jnp.inf)
    views = jnp.stack([middle[0] - scales * half[0], middle[0] + scales * half[0],
                       middle[1] - scales * half[1], middle[1] + scales * half[1]], -1)  # fmt: skip
    seen = jnp.where((far <= scales[-1])[:, None], path, jnp.nan)
    return seen, views, first, last


def rows(
    path: Float[Array, "points 2"],
    height: Callable[[Float[Array, "2"]], Float[Array, ""]],
    box: Sequence[float] | Float[Array, "4"],
    lowest: Any = 0.0,
    zooms: int = 1,
) -> dict[str, Any]:
    """The table of a path over its landscape, for :func:`charts.landscape`.

    The path is drawn up to the cursor, in the box or, where it has left the box, in the first of
    the views that holds it, each twice as wide as the one before. Beyond the widest none is drawn.

    Args:
        path: a place for each step, from 0.
        height: the loss at a place.
        box: the first view: left, right, bottom, top.
        lowest: as in :func:`segments`.
        zooms: how many views there are.
    """
    seen, views, since, until = widening(path, box, zooms)
    lines = jax.vmap(lambda view: segments(height, view, lowest))(views).reshape(-1, 4)
    corners = views[:, [0, 2, 1, 3]].reshape(-1, 2)
    points = len(path)
    none = jnp.full(points, jnp.nan)
    step = jnp.arange(points, dtype=jnp.float32)

    def joined(*parts: Any) -> Array:
        return jnp.concatenate([jnp.asarray(part, jnp.float32).ravel() for part in parts])

    blank = jnp.full(len(lines) + len(corners), jnp.nan)
    return {
        "line": np.repeat([PATH, LINE, CORNER], [points, len(lines), len(corners)]).astype("f4"),
        "step": joined(step, blank),
        "x": joined(seen[:, 0], lines[:, 0], corners[:, 0]),
        "y": joined(seen[:, 1], lines[:, 1], corners[:, 1]),
        "x2": joined(none, lines[:, 2], jnp.full(len(corners), jnp.nan)),
        "y2": joined(none, lines[:, 3], jnp.full(len(corners), jnp.nan)),
        "since": joined(step, jnp.repeat(since, ROOM), jnp.repeat(since, 2)),
        "until": joined(jnp.full(points, math.inf), jnp.repeat(until, ROOM), jnp.repeat(until, 2)),
    }


NOTHING = {
    name: np.full(1, np.nan, np.float32)
    for name in ("line", "step", "x", "y", "x2", "y2", "since", "until")
}
"""The table of a run without a path."""
