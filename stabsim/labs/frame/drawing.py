"""Pictures made of pieces: points and lines of some kind, and as of which steps they are seen."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

SIDES = 32
"""Of half a circle."""


def piece(
    kind: int, begin: Any, end: Any = jnp.nan, *, value: Any = 0.0, step: Any = jnp.nan,
    since: Any = 0.0, until: Any = jnp.inf,
) -> dict[str, Array]:  # fmt: skip
    """Rows of one kind: points, or lines from ``begin`` to ``end``, both ``(rows, 2)``.

    Args:
        kind: by which a chart knows what they are.
        begin, end: places; ``end`` is NaN for points.
        value, step: a number and a step of each.
        since, until: as of which steps they are seen: see ``Panel.table``.
    """
    begin = jnp.asarray(begin, jnp.float32)
    end = jnp.broadcast_to(jnp.asarray(end, jnp.float32), begin.shape)
    numbers = {"kind": kind, "value": value, "step": step, "since": since, "until": until}
    places = {"x": begin[:, 0], "y": begin[:, 1], "x2": end[:, 0], "y2": end[:, 1]}
    return places | {
        name: jnp.broadcast_to(jnp.asarray(x, jnp.float32), begin.shape[:1])
        for name, x in numbers.items()
    }


def together(*pieces: dict[str, Array]) -> dict[str, Array]:
    """The table of a picture."""
    return {name: jnp.concatenate([one[name] for one in pieces]) for name in pieces[0]}


def arc(radius: Any, half_turns: int = 1) -> tuple[Float[Array, "s 2"], Float[Array, "s 2"]]:
    """Where the lines begin and end that make the upper half of a circle around 0, or all of it."""
    angle = np.linspace(0, half_turns * np.pi, half_turns * SIDES + 1, dtype=np.float32)
    points = jnp.asarray(np.stack([np.cos(angle), np.sin(angle)], -1)) * radius
    return points[:-1], points[1:]
