r"""The playbook's six update rules, each with the theory of when it becomes unstable.

With :math:`g_t = \nabla \ell(\theta_t)` and a learning rate :math:`\eta_t`, every rule is an
``(init, update)`` pair: ``update`` returns the amount to *add* to the parameters, as in
optax. A rule also knows two facts of theory:

``preconditioner(state)``
    :math:`P`, the positive diagonal by which the rule divides its step: it moves by
    :math:`\eta P^{-1}` times a gradient or an average of gradients. None stands for 1.
``threshold(learning_rate)``
    the largest eigenvalue of :math:`P^{-1/2} H P^{-1/2}` at which the rule still converges
    on a quadratic with Hessian :math:`H`, with the rate and :math:`P` held fixed. Along an
    eigenvector with eigenvalue :math:`h` each rule is a linear recurrence
    :math:`\theta_{t+1} = a \theta_t - b \theta_{t-1}`, stable where both roots of
    :math:`z^2 - a z + b` lie in the unit circle: :math:`|b| < 1` and :math:`|a| < 1 + b`
    (the Jury conditions). What first fails as :math:`\eta h` grows is
    :math:`-a < 1 + b`, a root at -1: the iterate flips sign and grows.

Source of the rules: Godbole et al., Deep Learning Tuning Playbook (2023), FAQ.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from jaxtyping import Array, Float, Int, Real

from stabsim import _check
from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Transformation, Tree, tree_map, zeros_like
from stabsim.schedules import Rate, Schedule, as_schedule, rate_at

__all__ = [
    "Optimizer",
    "adam",
    "as_optimizer",
    "momentum",
    "nadam",
    "nesterov",
    "rmsprop",
    "sgd",
]

LearningRate = Scalar | Schedule | Callable[[Any], Any]
"""What the rules accept: a number, a traced array, or a function of the step."""


class Optimizer(Transformation):
    """An ``(init, update)`` pair that knows its preconditioner and stability threshold."""

    learning_rate: Rate

    def rate(self, state: Any) -> Scalar:
        """The learning rate of the next update from ``state``."""
        return rate_at(self.learning_rate, state.step)

    def preconditioner(self, state: Any) -> Tree | None:
        """:math:`P` after the update that led to ``state``; None where it is 1."""
        return None

    def threshold(self, learning_rate: Scalar) -> Scalar:
        """The largest stable eigenvalue of the (preconditioned) Hessian."""
        raise NotImplementedError


def _first_step() -> Int[Array, ""]:
    return jnp.zeros((), jnp.int32)


class SGDState(NamedTuple):
    step: Int[Array, ""]


@pytree
class SGD(Optimizer):
    learning_rate: Rate

    def init(self, params: Tree) -> SGDState:
        return SGDState(_first_step())

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
        return MomentumState(_first_step(), v=zeros_like(params))

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
        return MomentumState(_first_step(), v=zeros_like(params))

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


class RMSPropState(NamedTuple):
    step: Int[Array, ""]
    v: Tree
    m: Tree


@pytree
class RMSProp(Optimizer):
    learning_rate: Rate
    rho: Scalar
    gamma: Scalar
    eps: Scalar

    def init(self, params: Tree) -> RMSPropState:
        return RMSPropState(
            _first_step(), v=jax.tree.map(jnp.ones_like, params), m=zeros_like(params)
        )

    def update(
        self, grads: Tree, state: RMSPropState, params: Tree | None = None
    ) -> tuple[Tree, RMSPropState]:
        eta, rho, gamma, eps = self.rate(state), self.rho, self.gamma, self.eps
        v = tree_map(lambda g, v: rho * v + (1 - rho) * g**2, grads, state.v)
        m = tree_map(lambda g, v, m: gamma * m + eta / jnp.sqrt(v + eps) * g, grads, v, state.m)
        return tree_map(jnp.negative, m), RMSPropState(state.step + 1, v, m)

    def preconditioner(self, state: RMSPropState) -> Tree:
        r""":math:`P = \sqrt{v + \epsilon}`."""
        return tree_map(lambda v: jnp.sqrt(v + self.eps), state.v)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        r""":math:`(2 + 2\gamma)/\eta`.

        With P and the rate fixed, :math:`m_{t+1}/\eta` is the v of ``momentum`` for the
        gradient :math:`P^{-1} g`; in the coordinates :math:`P^{1/2} \theta` that is
        ``momentum`` on the Hessian :math:`P^{-1/2} H P^{-1/2}`.
        """
        return (2 + 2 * self.gamma) / learning_rate


def rmsprop(
    learning_rate: LearningRate, rho: Scalar = 0.9, gamma: Scalar = 0.0, eps: Scalar = 1e-8
) -> RMSProp:
    r"""RMSProp with momentum.

    .. math::
        v_{t+1} &= \rho v_t + (1 - \rho) g_t^2, \quad v_0 = 1 \\
        m_{t+1} &= \gamma m_t + \frac{\eta_t}{\sqrt{v_{t+1} + \epsilon}} g_t, \quad m_0 = 0 \\
        \theta_{t+1} &= \theta_t - m_{t+1}

    v starts at 1, :math:`\epsilon` stands inside the root, and the learning rate inside
    the momentum: a change of rate reaches the parameters slowly.

    Args:
        learning_rate: :math:`\eta_t`, a number, a traced array or a schedule.
        rho: :math:`\rho`, in [0, 1).
        gamma: :math:`\gamma`, in [0, 1).
        eps: :math:`\epsilon`, at least 0, in units of a squared gradient.
    Returns:
        An ``(init, update)`` pair; its updates have the shapes and dtypes of the gradients.
    Raises:
        ValueError: if the learning rate or eps is negative or not finite, or rho or gamma
            is not in [0, 1).
        TypeError: if one of them is no number.
    Examples:
        >>> init, update = rmsprop(0.1, rho=0.9)
        >>> round(float(update(jnp.float32(3.0), init(jnp.float32(0.0)))[0]), 5)
        -0.22361
    """
    _check.rate("learning_rate", learning_rate)
    _check.decay("rho", rho)
    _check.decay("gamma", gamma)
    _check.nonnegative("eps", eps)
    return RMSProp(as_schedule(learning_rate), rho, gamma, eps)


class AdamState(NamedTuple):
    step: Int[Array, ""]
    m: Tree
    v: Tree


@pytree
class Adam(Optimizer):
    learning_rate: Rate
    beta1: Scalar
    beta2: Scalar
    eps: Scalar

    def init(self, params: Tree) -> AdamState:
        return AdamState(_first_step(), m=zeros_like(params), v=zeros_like(params))

    def bias_correction(self, step: Real[Array, ""]) -> Float[Array, ""]:
        r""":math:`b_t = \sqrt{1 - \beta_2^t} / (1 - \beta_1^t)` for :math:`t \ge 1`."""
        return jnp.sqrt(_one_minus_power(self.beta2, step)) / _one_minus_power(self.beta1, step)

    def update(
        self, grads: Tree, state: AdamState, params: Tree | None = None
    ) -> tuple[Tree, AdamState]:
        eta, beta1, beta2, eps = self.rate(state), self.beta1, self.beta2, self.eps
        m = tree_map(lambda g, m: beta1 * m + (1 - beta1) * g, grads, state.m)
        v = tree_map(lambda g, v: beta2 * v + (1 - beta2) * g**2, grads, state.v)
        b = self.bias_correction(state.step + 1)
        updates = tree_map(lambda m, v: -eta * m / (jnp.sqrt(v) + eps) * b, m, v)
        return updates, AdamState(state.step + 1, m, v)

    def preconditioner(self, state: AdamState) -> Tree:
        r""":math:`P = (\sqrt v + \epsilon) / b_t`, the bias correction included."""
        b = self.bias_correction(state.step)
        return tree_map(lambda v: (jnp.sqrt(v) + self.eps) / b, state.v)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        r""":math:`(2 + 2\beta_1)/((1 - \beta_1)\eta)`.

        With P fixed, :math:`m / (1 - \beta_1)` is the v of ``momentum`` with
        :math:`\gamma = \beta_1` and the rate :math:`(1 - \beta_1) \eta`.
        Cohen et al., Adaptive Gradient Methods at the Edge of Stability (2022), section 2.
        """
        return (2 + 2 * self.beta1) / ((1 - self.beta1) * learning_rate)


def adam(
    learning_rate: LearningRate,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.999,
    eps: Scalar = 1e-8,
) -> Adam:
    r"""Adam.

    .. math::
        m_{t+1} &= \beta_1 m_t + (1 - \beta_1) g_t, \quad m_0 = 0 \\
        v_{t+1} &= \beta_2 v_t + (1 - \beta_2) g_t^2, \quad v_0 = 0 \\
        b_{t+1} &= \frac{\sqrt{1 - \beta_2^{t+1}}}{1 - \beta_1^{t+1}} \\
        \theta_{t+1} &= \theta_t - \alpha_t \frac{m_{t+1}}{\sqrt{v_{t+1}} + \epsilon} b_{t+1}

    The bias correction b multiplies after the division, so :math:`\epsilon` is compared
    with an uncorrected root: at early steps it weighs more than in optax or PyTorch.

    Args:
        learning_rate: :math:`\alpha_t`, a number, a traced array or a schedule.
        beta1: :math:`\beta_1`, in [0, 1).
        beta2: :math:`\beta_2`, in [0, 1).
        eps: :math:`\epsilon`, at least 0, in units of a gradient.
    Returns:
        An ``(init, update)`` pair; its updates have the shapes and dtypes of the gradients.
    Raises:
        ValueError: if the learning rate or eps is negative or not finite, or a beta is not
            in [0, 1).
        TypeError: if one of them is no number.
    Examples:
        >>> round(adam(0.001).threshold(0.001))
        38000
    """
    _check_adam(learning_rate, beta1, beta2, eps)
    return Adam(as_schedule(learning_rate), beta1, beta2, eps)


@pytree
class NAdam(Optimizer):
    learning_rate: Rate
    beta1: Scalar
    beta2: Scalar
    eps: Scalar

    init = Adam.init
    bias_correction = Adam.bias_correction
    preconditioner = Adam.preconditioner

    def update(
        self, grads: Tree, state: AdamState, params: Tree | None = None
    ) -> tuple[Tree, AdamState]:
        eta, beta1, beta2, eps = self.rate(state), self.beta1, self.beta2, self.eps
        m = tree_map(lambda g, m: beta1 * m + (1 - beta1) * g, grads, state.m)
        v = tree_map(lambda g, v: beta2 * v + (1 - beta2) * g**2, grads, state.v)
        b = self.bias_correction(state.step + 1)
        updates = tree_map(
            lambda g, m, v: -eta * (beta1 * m + (1 - beta1) * g) / (jnp.sqrt(v) + eps) * b,
            grads, m, v,
        )  # fmt: skip
        return updates, AdamState(state.step + 1, m, v)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        r""":math:`(2 + 2\beta_1)/((1 + 2\beta_1)(1 - \beta_1)\eta)`.

        With P fixed, this is ``nesterov`` with :math:`\gamma = \beta_1` and the rate
        :math:`(1 - \beta_1) \eta`, since :math:`\beta_1 m + (1 - \beta_1) g` is
        :math:`(1 - \beta_1)(\gamma v + g)`.
        """
        beta1 = self.beta1
        return (2 + 2 * beta1) / ((1 + 2 * beta1) * (1 - beta1) * learning_rate)


def nadam(
    learning_rate: LearningRate,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.999,
    eps: Scalar = 1e-8,
) -> NAdam:
    r"""NAdam: Adam with Nesterov's look-ahead, in the playbook's form.

    .. math::
        m_{t+1} &= \beta_1 m_t + (1 - \beta_1) g_t, \quad m_0 = 0 \\
        v_{t+1} &= \beta_2 v_t + (1 - \beta_2) g_t^2, \quad v_0 = 0 \\
        b_{t+1} &= \frac{\sqrt{1 - \beta_2^{t+1}}}{1 - \beta_1^{t+1}} \\
        \theta_{t+1} &= \theta_t - \alpha_t \frac{\beta_1 m_{t+1} + (1 - \beta_1) g_t}
            {\sqrt{v_{t+1}} + \epsilon} b_{t+1}

    One bias correction serves both terms; Dozat's paper, optax and PyTorch correct the
    gradient's term and the momentum's term each by its own power of :math:`\beta_1`.

    Args:
        learning_rate: :math:`\alpha_t`, a number, a traced array or a schedule.
        beta1: :math:`\beta_1`, in [0, 1).
        beta2: :math:`\beta_2`, in [0, 1).
        eps: :math:`\epsilon`, at least 0, in units of a gradient.
    Returns:
        An ``(init, update)`` pair; its updates have the shapes and dtypes of the gradients.
    Raises:
        ValueError: if the learning rate or eps is negative or not finite, or a beta is not
            in [0, 1).
        TypeError: if one of them is no number.
    Examples:
        >>> round(nadam(0.001).threshold(0.001), 1)
        13571.4
    """
    _check_adam(learning_rate, beta1, beta2, eps)
    return NAdam(as_schedule(learning_rate), beta1, beta2, eps)


def _check_adam(learning_rate: Any, beta1: Any, beta2: Any, eps: Any) -> None:
    _check.rate("learning_rate", learning_rate)
    _check.decay("beta1", beta1)
    _check.decay("beta2", beta2)
    _check.nonnegative("eps", eps)


def _one_minus_power(beta: Scalar, step: Real[Array, ""]) -> Float[Array, ""]:
    """``1 - beta**step`` without the cancellation that costs float32 half its digits."""
    dtype = jnp.result_type(float)
    return -jnp.expm1(step.astype(dtype) * jnp.log1p(-jnp.asarray(1 - beta, dtype)))


@pytree
class Foreign(Optimizer):
    """Another library's ``(init, update)`` pair, of which no theory is known."""

    init: Partial
    update: Partial

    def rate(self, state: Any) -> Scalar:
        """The rate that ``optax.inject_hyperparams`` keeps in its state, else NaN."""
        return getattr(state, "hyperparams", {}).get("learning_rate", jnp.nan)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        return jnp.nan * jnp.asarray(learning_rate)


def as_optimizer(pair: Any) -> Optimizer:
    """Any ``(init, update)`` pair as an Optimizer; the project's own are returned as they are.

    Raises:
        TypeError: if ``pair`` is no such pair.
    """
    if isinstance(pair, Optimizer):
        return pair
    if callable(getattr(pair, "init", None)) and callable(getattr(pair, "update", None)):
        return Foreign(Partial(pair.init), Partial(pair.update))
    hint = " Call it first, as in momentum(0.1)." if callable(pair) else ""
    raise TypeError(f"optimizer must be an (init, update) pair, not {pair!r}.{hint}")
