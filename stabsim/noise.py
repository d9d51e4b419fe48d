"""Gradient noise: how far the gradients of single examples, and of minibatches, lie apart."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from stabsim._transformation import Tree
from stabsim.workloads.workload import Batch, Workload

__all__ = [
    "GradientNoise",
    "gradient_noise",
]


class GradientNoise(NamedTuple):
    r"""Signal and noise of the gradient at one point.

    Attributes:
        signal: :math:`|G|^2`, the squared length of the gradient over all training rows.
        noise: :math:`\operatorname{tr} S`, the variance of one example's gradient, summed over
            the parameters.
        rows: the number N of training rows.
    """

    signal: Float[Array, ""]
    noise: Float[Array, ""]
    rows: int

    @property
    def scale(self) -> Float[Array, ""]:
        r"""The simple noise scale :math:`\operatorname{tr} S / |G|^2`, in examples.

        McCandlish et al., An Empirical Model of Large-Batch Training (2018), eq. 2.9.
        """
        return self.noise / self.signal

    def variance(self, batch_size: int) -> Float[Array, ""]:
        r"""The variance of the gradient of a minibatch drawn without replacement.

        .. math:: \mathbb{E} |g_B - G|^2
            = \frac{\operatorname{tr} S}{B} \left(1 - \frac{B}{N}\right)

        Cochran, Sampling Techniques (1977), theorem 2.2.
        """
        return self.noise / batch_size * (1 - batch_size / self.rows)


@jax.jit
def _moments(workload: Workload, params: Tree) -> tuple[Array, Array]:
    def gradient(inputs: Array, target: Array) -> Tree:
        return jax.grad(workload.loss)(params, Batch(inputs[None], target[None]))

    assert workload.train is not None
    each = jax.vmap(gradient)(*workload.train)
    signal = noise = jnp.zeros(())
    for g in jax.tree.leaves(each):
        mean = jnp.mean(g, 0)
        signal += jnp.sum(mean**2)
        noise += jnp.sum((g - mean) ** 2) / (workload.rows - 1)
    return signal, noise


def gradient_noise(workload: Workload, params: Tree) -> GradientNoise:
    """Measure signal and noise at ``params``, from the gradient of every training row.

    Args:
        workload: one with at least two training rows, whose loss is a mean over rows.
        params: where to measure, such as ``trace.final_parameters``.
    Raises:
        ValueError: if there are fewer than two training rows.
    """
    if workload.rows < 2:
        raise ValueError(
            f"workload must have at least two training rows; {workload.name} has {workload.rows}."
        )
    signal, noise = _moments(workload, params)
    return GradientNoise(signal, noise, workload.rows)
