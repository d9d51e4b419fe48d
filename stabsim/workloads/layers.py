"""The layers that the networks share. Weights are stored as inputs by outputs."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from stabsim.transformation import Scalar

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "gelu": jax.nn.gelu,
    "linear": lambda x: x,
}


def dense_init(key: Key[Array, ""], inputs: int, outputs: int, gain: Scalar) -> dict[str, Array]:
    r"""Weights with standard deviation :math:`\text{gain} / \sqrt{\text{inputs}}`, biases 0."""
    w = jax.random.normal(key, (inputs, outputs), jnp.result_type(float))
    return {"w": gain * w / jnp.sqrt(inputs), "b": jnp.zeros(outputs, w.dtype)}


def dense(params: dict[str, Array], x: Float[Array, "*rows in"]) -> Float[Array, "*rows out"]:
    return x @ params["w"] + params["b"]


def norm_init(width: int) -> dict[str, Array]:
    dtype = jnp.result_type(float)
    return {"scale": jnp.ones(width, dtype), "shift": jnp.zeros(width, dtype)}


def layer_norm(params: dict[str, Array], x: Array, axes: int | tuple[int, ...] = -1) -> Array:
    """Layer normalization over ``axes`` (Ba et al., 2016), with a scale and a shift."""
    mean = jnp.mean(x, axes, keepdims=True)
    variance = jnp.mean((x - mean) ** 2, axes, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5) * params["scale"] + params["shift"]
