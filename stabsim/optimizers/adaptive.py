"""Rules with a rate for every coordinate: RMSProp, Adam, NAdam and RAdam."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Real

from stabsim import _check
from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Tree, tree_map, zeros_like
from stabsim.optimizers.optimizer import LearningRate, Optimizer, first_step, one_minus_power
from stabsim.schedules import Rate, as_schedule


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
            first_step(), v=jax.tree.map(jnp.ones_like, params), m=zeros_like(params)
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
        return AdamState(first_step(), m=zeros_like(params), v=zeros_like(params))

    def bias_correction(self, step: Real[Array, ""]) -> Float[Array, ""]:
        r""":math:`b_t = \sqrt{1 - \beta_2^t} / (1 - \beta_1^t)` for :math:`t \ge 1`."""
        return jnp.sqrt(one_minus_power(self.beta2, step)) / one_minus_power(self.beta1, step)

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
    check_adam(learning_rate, beta1, beta2, eps)
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
    check_adam(learning_rate, beta1, beta2, eps)
    return NAdam(as_schedule(learning_rate), beta1, beta2, eps)


class RAdamState(NamedTuple):
    step: Int[Array, ""]
    m: Tree
    v: Tree
    age: Float[Array, ""]


@pytree
class RAdam(Optimizer):
    learning_rate: Rate
    beta1: Scalar
    beta2: Scalar
    eps: Scalar

    threshold = Adam.threshold

    def init(self, params: Tree) -> RAdamState:
        age = jnp.zeros((), jnp.result_type(float))
        return RAdamState(first_step(), zeros_like(params), zeros_like(params), age)

    def rectification(self, state: RAdamState) -> tuple[Bool[Array, ""], Float[Array, ""]]:
        r"""Whether :math:`\rho_t > 5`, and :math:`r_t`, which is NaN or 0 where it is not."""
        infinite = 2 / (1 - self.beta2) - 1
        weights = one_minus_power(self.beta2, state.step) / (1 - self.beta2)
        rho = 2 * state.age / weights - 1
        square = (rho - 4) * (rho - 2) * infinite / ((infinite - 4) * (infinite - 2) * rho)
        return rho > 5, jnp.sqrt(square)

    def preconditioner(self, state: RAdamState) -> Tree:
        r""":math:`P = (\sqrt v + \epsilon)/(b_t r_t)`, or :math:`1 - \beta_1^t` early on."""
        rectified, r = self.rectification(state)
        first, second = (one_minus_power(beta, state.step) for beta in (self.beta1, self.beta2))
        scale = first / (jnp.sqrt(second) * r)
        return tree_map(
            lambda v: jnp.where(rectified, (jnp.sqrt(v) + self.eps) * scale, first), state.v
        )

    def update(
        self, grads: Tree, state: RAdamState, params: Tree | None = None
    ) -> tuple[Tree, RAdamState]:
        eta, beta1, beta2, t = self.rate(state), self.beta1, self.beta2, state.step
        m = tree_map(lambda g, m: beta1 * m + (1 - beta1) * g, grads, state.m)
        v = tree_map(lambda g, v: beta2 * v + (1 - beta2) * g**2, grads, state.v)
        count = t.astype(state.age.dtype)
        age = state.age + (count + 1) * beta2**count
        new = RAdamState(t + 1, m, v, age)
        return tree_map(lambda m, p: -eta * m / p, m, self.preconditioner(new)), new


def radam(
    learning_rate: LearningRate,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.999,
    eps: Scalar = 1e-8,
) -> RAdam:
    r"""Rectified Adam: Momentum as long as v has seen too little, then Adam, shortened.

    .. math::
        \rho_\infty &= \frac{2}{1 - \beta_2} - 1, \quad
        \rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t}, \quad
        r_t = \sqrt{\frac{(\rho_t - 4)(\rho_t - 2) \rho_\infty}
            {(\rho_\infty - 4)(\rho_\infty - 2) \rho_t}} \\
        \theta_t &= \theta_{t-1} - \alpha_t \frac{m_t}{\sqrt{v_t} + \epsilon} b_t r_t
            \text{ where } \rho_t > 5, \quad
        \theta_{t-1} - \alpha_t \frac{m_t}{1 - \beta_1^t} \text{ before}

    with the m, v and b of :func:`adam` after :math:`t \ge 1` steps. :math:`\rho_t` is the number
    of gradients that v rests on, and :math:`r_t` grows from 0 to 1 as v's variance shrinks: a
    warmup that needs no length. At :math:`\beta_2 = 0.999` the first 5 steps are Momentum's, whose
    rate has another unit. The paper asks for :math:`\rho_t > 4`, its authors' code for 5.

    :math:`\rho_t` is computed as :math:`2 \sum_k (k + 1) \beta_2^k / \sum_k \beta_2^k - 1` over
    :math:`k < t`, the same number without its cancellation.

    Args:
        learning_rate: :math:`\alpha_t`, a number, a traced array or a schedule.
        beta1: :math:`\beta_1`, in [0, 1).
        beta2: :math:`\beta_2`, in [0, 1); up to 2/3 nothing is ever rectified.
        eps: :math:`\epsilon`, at least 0, in units of a gradient.
    Returns:
        An ``(init, update)`` pair; its updates have the shapes and dtypes of the gradients. Its
        threshold is Adam's.
    Raises:
        ValueError: if the learning rate or eps is negative or not finite, or a beta is not
            in [0, 1).
        TypeError: if one of them is no number.
    References:
        Liu et al., On the Variance of the Adaptive Learning Rate and Beyond (2020), algorithm 2.
    Examples:
        >>> init, update = radam(0.1)
        >>> round(float(update(jnp.float32(3.0), init(jnp.float32(0.0)))[0]), 5)
        -0.3
    """
    check_adam(learning_rate, beta1, beta2, eps)
    return RAdam(as_schedule(learning_rate), beta1, beta2, eps)


def check_adam(learning_rate: Any, beta1: Any, beta2: Any, eps: Any) -> None:
    """Raise what Adam and its kin raise for bad numbers."""
    _check.rate("learning_rate", learning_rate)
    _check.decay("beta1", beta1)
    _check.decay("beta2", beta2)
    _check.nonnegative("eps", eps)
