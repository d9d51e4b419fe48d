"""The layers that the networks share. Weights are stored as inputs by outputs."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from stabsim._transformation import Scalar

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "gelu": jax.nn.gelu,
    "linear": lambda x: x,
}


def normal(key: Key[Array, ""], shape: tuple[int, ...]) -> Array:
    """Standard normal numbers of ``shape``."""
    # Drawn as a list they are the same numbers, and compile three times faster.
    return jax.random.normal(key, (math.prod(shape),), jnp.result_type(float)).reshape(shape)


def dense_init(key: Key[Array, ""], inputs: int, outputs: int, gain: Scalar) -> dict[str, Array]:
    r"""Weights with standard deviation :math:`\text{gain} / \sqrt{\text{inputs}}`, biases 0."""
    w = normal(key, (inputs, outputs))
    return {"w": gain * w / jnp.sqrt(inputs), "b": jnp.zeros(outputs, w.dtype)}


def dense(params: dict[str, Array], x: Float[Array, "*rows in"]) -> Float[Array, "*rows out"]:
    return x @ params["w"] + params["b"]


def normalize(x: Array, axes: int | tuple[int, ...] = -1) -> Array:
    """Layer normalization over ``axes`` (Ba et al., 2016), without a scale and a shift.

    Without them no unit can be pushed out of reach for good, so a net that was thrown off
    can come back: what the playbook calls recovery stays visible.
    """
    mean = jnp.mean(x, axes, keepdims=True)
    variance = jnp.mean((x - mean) ** 2, axes, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5)
