"""Regularization: an L2 penalty on the parameters, added to any update rule."""

from typing import Any

from stabsim import _check
from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Tree, tree_map
from stabsim.optimizers import Optimizer
from stabsim.optimizers.optimizer import Wrapped, check_rule

__all__ = [
    "with_l2",
]


@pytree
class Penalized(Wrapped):
    rule: Any
    strength: Scalar

    def update(self, grads: Tree, state: Any, params: Tree | None = None) -> tuple[Tree, Any]:
        whole = tree_map(lambda g, p: g + self.strength * p, grads, params)
        return self.rule.update(whole, state, params)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        """The rule's own, less the strength, by which the penalty raises every curvature.

        Exact for the rules that do not precondition.
        """
        return self.rule.threshold(learning_rate) - self.strength


def with_l2(rule: Optimizer | Any, strength: Scalar) -> Penalized:
    r"""The rule on a loss with an L2 penalty; the losses reported stay without it.

    .. math:: g_t = \nabla \ell(\theta_t) + \lambda \theta_t, \quad \text{the gradient of }
        \ell(\theta) + \tfrac{\lambda}{2} \lVert \theta \rVert^2

    For plain gradient descent this is also weight decay. For adaptive rules it is not: they
    divide the penalty by their preconditioner too (Loshchilov and Hutter, 2019).

    Args:
        rule: one of :mod:`stabsim.optimizers`.
        strength: :math:`\lambda`, at least 0.
    Raises:
        TypeError: if the rule is no Optimizer, or the strength no number.
        ValueError: if the strength is negative or not finite.
    Examples:
        >>> from stabsim import sgd
        >>> init, update = with_l2(sgd(0.5), 0.1)
        >>> import jax.numpy as jnp
        >>> float(update(jnp.float32(0.0), init(jnp.float32(2.0)), jnp.float32(2.0))[0])
        -0.10000000149011612
    """
    check_rule(rule)
    _check.nonnegative("strength", strength)
    return Penalized(rule, strength)
