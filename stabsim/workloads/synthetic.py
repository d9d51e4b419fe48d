"""Synthetic surfaces, of which theory knows everything. None of them is real data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from stabsim import _check
from stabsim._pytree import pytree, static
from stabsim._transformation import Scalar
from stabsim.workloads.workload import Workload


@pytree
class Quadratic:
    r""":math:`\ell(\theta) = \frac12 \sum_i h_i \theta_i^2`."""

    spectrum: Float[Array, " n"]
    start: Float[Array, " n"]

    def init(self, key: Key[Array, ""]) -> Array:
        return self.start

    def apply(self, params: Array, inputs: Array) -> Array:
        return jnp.sum(self.spectrum * params**2) / 2


def quadratic(spectrum: Any, start: Any = 1.0) -> Workload:
    r"""A quadratic with the Hessian's eigenvalues given. Synthetic.

    .. math:: \ell(\theta) = \frac12 \sum_i h_i \theta_i^2

    Its sharpness is :math:`\max_i h_i` everywhere.

    Args:
        spectrum: the eigenvalues :math:`h_i`, one or more; shape ``(n,)``.
        start: where training starts; a number or shape ``(n,)``.
    Raises:
        ValueError: if the spectrum is empty or not finite, or the shapes do not fit.
    """
    spectrum = jnp.atleast_1d(jnp.asarray(spectrum, jnp.result_type(float)))
    if spectrum.ndim != 1 or spectrum.size == 0:
        raise ValueError(f"spectrum must be a list of eigenvalues; its shape is {spectrum.shape}.")
    _check.finite("spectrum", spectrum)
    start = jnp.asarray(start, spectrum.dtype)
    if start.shape not in ((), spectrum.shape):
        raise ValueError(f"start must be a number or {spectrum.size} of them; it is {start}.")
    network = Quadratic(spectrum, jnp.broadcast_to(start, spectrum.shape))
    return Workload(network, name="quadratic", synthetic=True)


def _uv(p: Float[Array, "2"]) -> Float[Array, ""]:
    return (p[0] * p[1]) ** 2 / 2


def _rosenbrock(p: Float[Array, "2"]) -> Float[Array, ""]:
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


def _beale(p: Float[Array, "2"]) -> Float[Array, ""]:
    x, y = p
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _saddle(p: Float[Array, "2"]) -> Float[Array, ""]:
    return p[0] ** 2 - p[1] ** 2 + p[1] ** 4 / 4


def _valley(p: Float[Array, "2"]) -> Float[Array, ""]:
    return (p[0] ** 2 + 20 * p[1] ** 2) / 2


@dataclass(frozen=True)
class Named:
    """A surface: its function, usual start and the box in which to draw it."""

    function: Callable[[Float[Array, "2"]], Float[Array, ""]]
    start: tuple[float, float]
    box: tuple[float, float, float, float]


SURFACES = {
    "valley": Named(_valley, (-4.0, 1.5), (-5.0, 5.0, -2.0, 2.0)),
    "rosenbrock": Named(_rosenbrock, (-1.2, 1.0), (-2.0, 2.0, -1.0, 3.0)),
    "beale": Named(_beale, (1.0, 1.5), (-1.0, 4.0, -1.5, 2.0)),
    "saddle": Named(_saddle, (2.0, 0.01), (-2.5, 2.5, -2.5, 2.5)),
    "uv": Named(_uv, (2.0, 0.5), (-3.0, 3.0, -3.0, 3.0)),
}


def heights(name: str, points: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A surface over its box: x, y and its values on a grid, each ``(points, points)``."""
    left, right, bottom, top = SURFACES[name].box
    x, y = np.meshgrid(np.linspace(left, right, points), np.linspace(bottom, top, points))
    with jax.ensure_compile_time_eval():
        grid = jnp.asarray(np.stack([x, y], -1), jnp.result_type(float))
        return x, y, np.asarray(jax.vmap(jax.vmap(SURFACES[name].function))(grid))


@pytree
class Surface:
    """A named function of two parameters."""

    start: Float[Array, "2"]
    surface: str = static()

    def init(self, key: Key[Array, ""]) -> Array:
        return self.start

    def apply(self, params: Array, inputs: Array) -> Array:
        return SURFACES[self.surface].function(params)


def surface(name: str, start: tuple[Scalar, Scalar] | None = None) -> Workload:
    r"""A surface over two parameters, to watch trajectories on. Synthetic.

    ===========  =======================================================================
    valley       :math:`(x^2 + 20 y^2)/2`, a quadratic of condition number 20
    rosenbrock   :math:`(1 - x)^2 + 100 (y - x^2)^2`, a curved valley (Rosenbrock, 1960)
    beale        plateaus and a steep corner, least at (3, 0.5) (Beale, 1958)
    saddle       :math:`x^2 - y^2 + y^4/4`, a saddle between two minima
    uv           :math:`(u v)^2 / 2`, the smallest net with a catapult
                 (Lewkowycz et al., 2020); its sharpness at a minimum is
                 :math:`u^2 + v^2`
    ===========  =======================================================================

    Args:
        name: one of the names above.
        start: where training starts; each surface has a usual place.
    Raises:
        ValueError: if the name is unknown or the start is not two finite numbers.
    """
    _check.choice("name", name, SURFACES)
    point = jnp.asarray(SURFACES[name].start if start is None else start, jnp.result_type(float))
    if point.shape != (2,):
        raise ValueError(f"start must be two numbers; its shape is {point.shape}.")
    _check.finite("start", point)
    return Workload(Surface(point, name), name=name, synthetic=True)
