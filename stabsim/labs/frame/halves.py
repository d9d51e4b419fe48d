"""A run whose sharpness takes longer than its training, in two parts that are computed at once.

Each part trains alike and measures the sharpness at half of the steps. The page gives them to two
workers.
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Int

from stabsim.labs.frame.lab import Tables

PARTS = 2


def half(steps: tuple[int, ...], part: Any) -> Int[Array, " half"]:
    """The first half of the steps, of which there is an even number, or the second."""
    return jnp.asarray(steps).reshape(PARTS, -1)[part]


def once(part: Any, tables: Tables) -> Tables:
    """The tables in the first part, and 0 in the second: the parts' columns are added up."""
    return {
        name: {k: jnp.where(part == 0, x, jnp.zeros_like(x)) for k, x in columns.items()}
        for name, columns in tables.items()
    }
