"""The synthetic surfaces in one program, with starts that the seed scatters."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from stabsim._pytree import pytree
from stabsim.workloads.layers import normal
from stabsim.workloads.synthetic import SURFACES
from stabsim.workloads.workload import Workload

NAMES = ("valley", "saddle", "rosenbrock", "beale")
LOWEST = {"saddle": -1.0}
"""The surfaces' least values, where they are not 0."""

SCATTER = 0.05
"""How far a seed moves the start, as a standard deviation in each direction."""


@pytree
class AnySurface:
    """The surface at position ``which`` of ``NAMES``, measured from its least value."""

    which: Int[Array, ""]

    def init(self, key: Key[Array, ""]) -> Float[Array, "2"]:
        starts = jnp.asarray([SURFACES[name].start for name in NAMES], jnp.float32)
        return starts[self.which] + SCATTER * normal(key, (2,))

    def apply(self, params: Float[Array, "2"], inputs: Array) -> Float[Array, ""]:
        heights = [SURFACES[name].function(params) - LOWEST.get(name, 0.0) for name in NAMES]
        return jnp.stack(heights)[self.which]


def any_surface(which: Any) -> Workload:
    """The surface of a name, or at a position of ``NAMES``, with its start moved by the seed."""
    place = NAMES.index(which) if isinstance(which, str) else which
    return Workload(AnySurface(jnp.asarray(place)), name="any surface", synthetic=True)
