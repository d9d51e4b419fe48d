"""Rules that evaluate an average of their iterates: Schedule-Free AdamW."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from stabsim import _check
from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Tree, tree_map, zeros_like
from stabsim.optimizers.adaptive import check_adam
from stabsim.optimizers.optimizer import (
    LearningRate,
    Optimizer,
    first_step,
    given,
    one_minus_power,
)
from stabsim.schedules import Rate, as_schedule


class ScheduleFreeState(NamedTuple):
    """What is remembered.

    Attributes:
        step: t.
        v: the average of squared gradients.
        z: the point that the steps move.
        x: the average of the z, which is validated and kept.
        greatest: the largest rate so far, its bias correction included.
        total: the sum of the weights of the average.
    """

    step: Int[Array, ""]
    v: Tree
    z: Tree
    x: Tree
    greatest: Float[Array, ""]
    total: Float[Array, ""]


@pytree
class ScheduleFreeAdamW(Optimizer):
    learning_rate: Rate
    beta1: Scalar
    beta2: Scalar
    eps: Scalar
    weight_decay: Scalar

    def init(self, params: Tree) -> ScheduleFreeState:
        zero = jnp.zeros((), jnp.result_type(float))
        return ScheduleFreeState(first_step(), zeros_like(params), params, params, zero, zero)

    def kept(self, params: Tree, state: ScheduleFreeState) -> Tree:
        """The average x."""
        return state.x

    def update(
        self, grads: Tree, state: ScheduleFreeState, params: Tree | None = None
    ) -> tuple[Tree, ScheduleFreeState]:
        beta1, beta2, eps, decay = self.beta1, self.beta2, self.eps, self.weight_decay
        y = given(params, "Schedule-Free AdamW")
        v = tree_map(lambda g, v: beta2 * v + (1 - beta2) * g**2, grads, state.v)
        eta = self.rate(state) * jnp.sqrt(one_minus_power(beta2, state.step + 1))
        greatest = jnp.maximum(state.greatest, eta)
        total = state.total + greatest**2
        c = jnp.where(total > 0, greatest**2 / total, 1.0)  # rates of 0 have moved nothing
        z = tree_map(
            lambda z, g, v, y: z - eta * (g / (jnp.sqrt(v) + eps) + decay * y),
            state.z, grads, v, y,
        )  # fmt: skip
        x = tree_map(lambda x, z: (1 - c) * x + c * z, state.x, z)
        updates = tree_map(lambda y, x, z: beta1 * x + (1 - beta1) * z - y, y, x, z)
        return updates, ScheduleFreeState(state.step + 1, v, z, x, greatest, total)

    def preconditioner(self, state: ScheduleFreeState) -> Tree:
        r""":math:`P = (\sqrt v + \epsilon)/\sqrt{1 - \beta_2^t}`."""
        b = jnp.sqrt(one_minus_power(self.beta2, state.step))
        return tree_map(lambda v: (jnp.sqrt(v) + self.eps) / b, state.v)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        r""":math:`\frac{2}{(1 - \beta_1)\eta} - \lambda`, in the long run.

        With P fixed, late in training x hardly moves, and z follows
        :math:`z_{t+1} = z_t - \eta (h + \lambda)(\beta_1 x + (1 - \beta_1) z_t)`, gradient descent
        at the rate :math:`(1 - \beta_1)\eta`. Early on x moves with z, and the edge is lower: at
        :math:`\beta_1 = 0` it is :math:`2/\eta` throughout, and at 0.9 a run just below
        :math:`20/\eta` first grows by orders of magnitude.
        """
        return 2 / ((1 - self.beta1) * learning_rate) - self.weight_decay


def schedule_free_adamw(
    learning_rate: LearningRate,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.999,
    eps: Scalar = 1e-8,
    weight_decay: Scalar = 0.0,
) -> ScheduleFreeAdamW:
    r"""Schedule-Free AdamW: gradients at y, steps of z, and their average x, which is evaluated.

    .. math::
        v_{t+1} &= \beta_2 v_t + (1 - \beta_2) g_t^2, \quad v_0 = 0, \quad g_t = \nabla\ell(y_t) \\
        \gamma_t &= \alpha_t \sqrt{1 - \beta_2^{t+1}}, \quad
            c_t = w_t / \textstyle\sum_{i \le t} w_i, \quad w_t = \max_{i \le t} \gamma_i^2 \\
        z_{t+1} &= z_t - \gamma_t \left(\frac{g_t}{\sqrt{v_{t+1}} + \epsilon}
            + \lambda y_t\right) \\
        x_{t+1} &= (1 - c_t) x_t + c_t z_{t+1} \\
        y_{t+1} &= \beta_1 x_{t+1} + (1 - \beta_1) z_{t+1}

    The parameters in training are y; ``kept`` gives x, which ``simulate`` validates. The average
    takes the place of a decaying learning rate: the rate stays, after a warmup if there is one,
    which the weights w take into account.

    Args:
        learning_rate: :math:`\alpha_t`, a number, a traced array or a schedule.
        beta1: :math:`\beta_1`, in [0, 1); it mixes x and z, and averages no gradients.
        beta2: :math:`\beta_2`, in [0, 1).
        eps: :math:`\epsilon`, at least 0, in units of a gradient.
        weight_decay: :math:`\lambda`, at least 0.
    Returns:
        An ``(init, update)`` pair, whose ``update`` needs the parameters.
    Raises:
        ValueError: if the learning rate, eps or the decay is negative or not finite, or a beta
            is not in [0, 1).
        TypeError: if one of them is no number, or ``update`` gets no parameters.
    References:
        Defazio et al., The Road Less Scheduled (2024), algorithm 1, with the weights of the
        authors' code, which are those of the algorithm as long as the rate does not fall.
    Examples:
        >>> round(schedule_free_adamw(0.5).threshold(0.5), 6)
        40.0
    """
    check_adam(learning_rate, beta1, beta2, eps)
    _check.nonnegative("weight_decay", weight_decay)
    return ScheduleFreeAdamW(as_schedule(learning_rate), beta1, beta2, eps, weight_decay)
