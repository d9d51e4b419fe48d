"""Weight decay that no preconditioner divides: AdamW."""

from stabsim import _check
from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Tree, tree_map
from stabsim.optimizers.adaptive import Adam, AdamState, check_adam
from stabsim.optimizers.optimizer import LearningRate, Optimizer, given
from stabsim.schedules import Rate, as_schedule


@pytree
class AdamW(Optimizer):
    learning_rate: Rate
    beta1: Scalar
    beta2: Scalar
    eps: Scalar
    weight_decay: Scalar

    init = Adam.init
    bias_correction = Adam.bias_correction
    preconditioner = Adam.preconditioner

    def update(
        self, grads: Tree, state: AdamState, params: Tree | None = None
    ) -> tuple[Tree, AdamState]:
        eta, decay = self.rate(state), self.weight_decay
        adam = Adam(eta, self.beta1, self.beta2, self.eps)
        steps, state = adam.update(grads, state)
        theta = given(params, "AdamW")
        return tree_map(lambda u, w: u - eta * decay * w, steps, theta), state

    def threshold(self, learning_rate: Scalar) -> Scalar:
        r""":math:`\frac{2 + 2\beta_1}{(1 - \beta_1)\eta} \left(1 - \frac{\eta\lambda}{2}\right)`.

        With P fixed and :math:`h` an eigenvalue of the preconditioned Hessian,
        :math:`\theta_{t+1} = (1 - \eta\lambda)\theta_t - \eta m_{t+1}` gives
        :math:`\eta m_t = (1 - \eta\lambda)\theta_{t-1} - \theta_t`, by which m is eliminated:

        .. math:: \theta_{t+1} = (1 + \beta_1 - \eta\lambda - \eta (1 - \beta_1) h) \theta_t
            - \beta_1 (1 - \eta\lambda) \theta_{t-1}

        so :math:`-a < 1 + b` reads
        :math:`\eta (1 - \beta_1) h < (1 + \beta_1)(2 - \eta\lambda)`. Decay lowers Adam's edge by
        the share :math:`\eta\lambda/2`, which is next to nothing at the usual numbers.
        """
        eta, beta1 = learning_rate, self.beta1
        return (1 + beta1) * (2 - eta * self.weight_decay) / ((1 - beta1) * eta)


def adamw(
    learning_rate: LearningRate,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.999,
    eps: Scalar = 1e-8,
    weight_decay: Scalar = 0.01,
) -> AdamW:
    r"""AdamW: Adam, and weights that shrink at the learning rate whatever their gradients are.

    .. math::
        \theta_{t+1} = \theta_t - \alpha_t \left(\frac{m_{t+1}}{\sqrt{v_{t+1}} + \epsilon} b_{t+1}
            + \lambda \theta_t\right)

    with the m, v and b of :func:`adam`. In an L2 penalty
    (:func:`stabsim.regularization.with_l2`) the decay would be divided by
    :math:`\sqrt v + \epsilon` too. The paper multiplies :math:`\lambda` by the schedule alone;
    here, as in optax, PyTorch and Keras, the peak rate multiplies it as well.

    Args:
        learning_rate: :math:`\alpha_t`, a number, a traced array or a schedule.
        beta1: :math:`\beta_1`, in [0, 1).
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
        Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), algorithm 2.
    Examples:
        >>> round(adamw(0.001, weight_decay=0.1).threshold(0.001), 1)
        37998.1
    """
    check_adam(learning_rate, beta1, beta2, eps)
    _check.nonnegative("weight_decay", weight_decay)
    return AdamW(as_schedule(learning_rate), beta1, beta2, eps, weight_decay)
