"""Rules whose every step has one size in every coordinate: Lion."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Int

from stabsim import _check
from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Tree, tree_map, zeros_like
from stabsim.optimizers.optimizer import LearningRate, Optimizer, first_step, given
from stabsim.schedules import Rate, as_schedule


class LionState(NamedTuple):
    step: Int[Array, ""]
    m: Tree


@pytree
class Lion(Optimizer):
    learning_rate: Rate
    beta1: Scalar
    beta2: Scalar
    weight_decay: Scalar

    def init(self, params: Tree) -> LionState:
        return LionState(first_step(), m=zeros_like(params))

    def update(
        self, grads: Tree, state: LionState, params: Tree | None = None
    ) -> tuple[Tree, LionState]:
        eta, beta1, beta2, decay = self.rate(state), self.beta1, self.beta2, self.weight_decay
        u = tree_map(lambda g, m: jnp.sign(beta1 * m + (1 - beta1) * g), grads, state.m)
        m = tree_map(lambda g, m: beta2 * m + (1 - beta2) * g, grads, state.m)
        updates = tree_map(lambda u, w: -eta * (u + decay * w), u, given(params, "Lion"))
        return updates, LionState(state.step + 1, m)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        r""":math:`\infty`: no curvature makes it diverge, and at none does it converge.

        A sign does not change when the loss is multiplied by a number, so on a parabola the run
        is the same at every curvature, and twice the rate makes the same run of twice the
        size. It ends in swings about the minimum as wide as a step or two: the rate is an
        amplitude, and a loss that is to go on falling needs a rate that does.
        """
        return jnp.inf * jnp.ones_like(learning_rate)


def lion(
    learning_rate: LearningRate,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.99,
    weight_decay: Scalar = 0.0,
) -> Lion:
    r"""Lion: the sign of an average, which forgets faster than the average that is kept.

    .. math::
        u_t &= \operatorname{sign}(\beta_1 m_t + (1 - \beta_1) g_t), \quad m_0 = 0 \\
        \theta_{t+1} &= \theta_t - \eta_t (u_t + \lambda \theta_t) \\
        m_{t+1} &= \beta_2 m_t + (1 - \beta_2) g_t

    Args:
        learning_rate: :math:`\eta_t`, a number, a traced array or a schedule; the paper's are 3
            to 10 times below AdamW's.
        beta1: :math:`\beta_1`, in [0, 1).
        beta2: :math:`\beta_2`, in [0, 1).
        weight_decay: :math:`\lambda`, at least 0.
    Returns:
        An ``(init, update)`` pair, whose ``update`` needs the parameters.
    Raises:
        ValueError: if the learning rate or the decay is negative or not finite, or a beta is not
            in [0, 1).
        TypeError: if one of them is no number, or ``update`` gets no parameters.
    References:
        Chen et al., Symbolic Discovery of Optimization Algorithms (2023), algorithm 2.
    Examples:
        >>> init, update = lion(0.5)
        >>> theta = jnp.float32(2.0)
        >>> float(update(jnp.float32(3.0), init(theta), theta)[0])
        -0.5
    """
    _check.rate("learning_rate", learning_rate)
    _check.decay("beta1", beta1)
    _check.decay("beta2", beta2)
    _check.nonnegative("weight_decay", weight_decay)
    return Lion(as_schedule(learning_rate), beta1, beta2, weight_decay)
