"""Gradient descent and its momentum: SGD, Momentum and Nesterov."""

from typing import NamedTuple

from jaxtyping import Array, Int

from stabsim import _check
from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Tree, tree_map, zeros_like
from stabsim.optimizers.optimizer import LearningRate, Optimizer, first_step
from stabsim.schedules import Rate, as_schedule


class SGDState(NamedTuple):
    step: Int[Array, ""]


@pytree
class SGD(Optimizer):
    learning_rate: Rate

    def init(self, params: Tree) -> SGDState:
        return SGDState(first_step())

    def update(
        self, grads: Tree, state: SGDState, params: Tree | None = None
    ) -> tuple[Tree, SGDState]:
        eta = self.rate(state)
        return tree_map(lambda g: -eta * g, grads), SGDState(state.step + 1)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        r""":math:`2/\eta`: the recurrence is :math:`\theta_{t+1} = (1 - \eta h) \theta_t`."""
        return 2 / learning_rate


def sgd(learning_rate: LearningRate) -> SGD:
    r"""Stochastic gradient descent.

    .. math:: \theta_{t+1} = \theta_t - \eta_t g_t

    Args:
        learning_rate: :math:`\eta_t`, a number, a traced array or a schedule.
    Returns:
        An ``(init, update)`` pair; its updates have the shapes and dtypes of the gradients.
    Raises:
        ValueError: if the learning rate is negative or not finite.
        TypeError: if it is no number.
    Examples:
        >>> import jax.numpy as jnp
        >>> init, update = sgd(0.1)
        >>> float(update(jnp.float32(2.0), init(jnp.float32(1.0)))[0])
        -0.20000000298023224
    """
    _check.rate("learning_rate", learning_rate)
    return SGD(as_schedule(learning_rate))


class MomentumState(NamedTuple):
    step: Int[Array, ""]
    v: Tree


@pytree
class Momentum(Optimizer):
    learning_rate: Rate
    gamma: Scalar

    def init(self, params: Tree) -> MomentumState:
        return MomentumState(first_step(), v=zeros_like(params))

    def update(
        self, grads: Tree, state: MomentumState, params: Tree | None = None
    ) -> tuple[Tree, MomentumState]:
        eta, gamma = self.rate(state), self.gamma
        v = tree_map(lambda g, v: gamma * v + g, grads, state.v)
        return tree_map(lambda v: -eta * v, v), MomentumState(state.step + 1, v)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        r""":math:`(2 + 2\gamma)/\eta`.

        Eliminating v gives :math:`\theta_{t+1} = (1 + \gamma - \eta h) \theta_t - \gamma
        \theta_{t-1}`, so :math:`-a < 1 + b` reads :math:`\eta h < 2 + 2\gamma`.
        Goh, Why Momentum Really Works (2017); Cohen et al., Gradient Descent on Neural
        Networks Typically Occurs at the Edge of Stability (2021), appendix B.
        """
        return (2 + 2 * self.gamma) / learning_rate


def momentum(learning_rate: LearningRate, gamma: Scalar = 0.9) -> Momentum:
    r"""Momentum, also called heavy ball.

    .. math::
        v_{t+1} &= \gamma v_t + g_t, \quad v_0 = 0 \\
        \theta_{t+1} &= \theta_t - \eta_t v_{t+1}

    Args:
        learning_rate: :math:`\eta_t`, a number, a traced array or a schedule.
        gamma: :math:`\gamma`, in [0, 1).
    Returns:
        An ``(init, update)`` pair; its updates have the shapes and dtypes of the gradients.
    Raises:
        ValueError: if the learning rate is negative or not finite, or gamma is not in [0, 1).
        TypeError: if either is no number.
    Examples:
        >>> momentum(0.5, gamma=0.9).threshold(0.5)
        7.6
    """
    _check.rate("learning_rate", learning_rate)
    _check.decay("gamma", gamma)
    return Momentum(as_schedule(learning_rate), gamma)


@pytree
class Nesterov(Optimizer):
    learning_rate: Rate
    gamma: Scalar

    def init(self, params: Tree) -> MomentumState:
        return MomentumState(first_step(), v=zeros_like(params))

    def update(
        self, grads: Tree, state: MomentumState, params: Tree | None = None
    ) -> tuple[Tree, MomentumState]:
        eta, gamma = self.rate(state), self.gamma
        v = tree_map(lambda g, v: gamma * v + g, grads, state.v)
        updates = tree_map(lambda g, v: -eta * (gamma * v + g), grads, v)
        return updates, MomentumState(state.step + 1, v)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        r""":math:`(2 + 2\gamma)/((1 + 2\gamma)\eta)`.

        Eliminating v gives :math:`\theta_{t+1} = (1 + \gamma)(1 - \eta h) \theta_t -
        \gamma (1 - \eta h) \theta_{t-1}`, so :math:`-a < 1 + b` reads
        :math:`\eta h (1 + 2\gamma) < 2 + 2\gamma`.
        Cohen et al., Gradient Descent on Neural Networks Typically Occurs at the Edge of
        Stability (2021), appendix B.
        """
        return (2 + 2 * self.gamma) / ((1 + 2 * self.gamma) * learning_rate)


def nesterov(learning_rate: LearningRate, gamma: Scalar = 0.9) -> Nesterov:
    r"""Nesterov's accelerated gradient, in the form with one gradient evaluation.

    .. math::
        v_{t+1} &= \gamma v_t + g_t, \quad v_0 = 0 \\
        \theta_{t+1} &= \theta_t - \eta_t (\gamma v_{t+1} + g_t)

    Args:
        learning_rate: :math:`\eta_t`, a number, a traced array or a schedule.
        gamma: :math:`\gamma`, in [0, 1).
    Returns:
        An ``(init, update)`` pair; its updates have the shapes and dtypes of the gradients.
    Raises:
        ValueError: if the learning rate is negative or not finite, or gamma is not in [0, 1).
        TypeError: if either is no number.
    Examples:
        >>> round(nesterov(0.5, gamma=0.9).threshold(0.5), 4)
        2.7143
    """
    _check.rate("learning_rate", learning_rate)
    _check.decay("gamma", gamma)
    return Nesterov(as_schedule(learning_rate), gamma)
