r"""Loss scaling: how half precision is kept from losing small gradients and from infinite ones.

Half floats end at 65,504 and have no number between 0 and 6e-8. A loss that is multiplied by S
before it is differentiated has gradients S times as large, which float16 then can hold; they are
divided by S before the rule sees them. Which S is right changes in training, so it is controlled:
it rises until gradients overflow, and falls when they do.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from stabsim import _check
from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Tree
from stabsim.optimizers import Optimizer
from stabsim.optimizers.optimizer import Wrapped, check_rule

__all__ = [
    "LossScale",
    "all_finite",
    "next_loss_scale",
    "with_loss_scale",
]


class LossScale(NamedTuple):
    """How gradients are scaled.

    Attributes:
        scale: S.
        good: how many steps in a row were finite since S last changed.
    """

    scale: Float[Array, ""]
    good: Int[Array, ""]


def all_finite(tree: Tree) -> Bool[Array, ""]:
    """Whether every number of a tree is finite."""
    return jnp.stack([jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(tree)]).all()


def next_loss_scale(
    now: LossScale,
    finite: Bool[Array, ""],
    growth: Scalar = 2.0,
    backoff: Scalar = 0.5,
    interval: Scalar = 2000,
) -> LossScale:
    r"""The loss scale of the next step.

    .. math::
        S_{t+1} = \begin{cases} b\, S_t & \text{if a gradient was not finite} \\
            f\, S_t & \text{at the n-th finite step in a row} \\ S_t & \text{else} \end{cases}

    Args:
        now: the scale of this step.
        finite: whether all its gradients were finite.
        growth: f, above 1.
        backoff: b, in (0, 1).
        interval: n, at least 1.
    References:
        Micikevicius et al., Mixed Precision Training (2018), section 3.2; the numbers are those
        of ``torch.amp.GradScaler``.
    Examples:
        >>> at = LossScale(jnp.float32(1024.0), jnp.int32(1))
        >>> [float(next_loss_scale(at, jnp.array(ok), interval=2).scale) for ok in (True, False)]
        [2048.0, 512.0]
    """
    full = now.good + 1 >= interval
    scale = now.scale * jnp.where(finite, jnp.where(full, growth, 1.0), backoff)
    return LossScale(scale.astype(now.scale.dtype), jnp.where(finite & ~full, now.good + 1, 0))


class ScaledState(NamedTuple):
    rule: Any
    loss_scale: LossScale
    skipped: Int[Array, ""]


@pytree
class WithLossScale(Wrapped):
    rule: Any
    start: Scalar
    growth: Scalar
    backoff: Scalar
    interval: Scalar

    def init(self, params: Tree) -> ScaledState:
        scale = jnp.asarray(self.start, jnp.result_type(float))
        zero = jnp.zeros((), jnp.int32)
        return ScaledState(self.rule.init(params), LossScale(scale, zero), zero)

    def loss_scale(self, state: ScaledState) -> Scalar:
        return state.loss_scale.scale

    def update(
        self, grads: Tree, state: ScaledState, params: Tree | None = None
    ) -> tuple[Tree, ScaledState]:
        finite = all_finite(grads)
        updates, moved = self.rule.update(grads, state.rule, params)
        updates = jax.tree.map(lambda u: jnp.where(finite, u, 0), updates)
        rule = jax.tree.map(lambda new, old: jnp.where(finite, new, old), moved, state.rule)
        scale = next_loss_scale(state.loss_scale, finite, self.growth, self.backoff, self.interval)
        skipped = state.skipped + jnp.where(finite, 0, 1)
        return updates, ScaledState(rule, scale, skipped)

    def rate(self, state: ScaledState) -> Scalar:
        return self.rule.rate(state.rule)

    def preconditioner(self, state: ScaledState) -> Tree | None:
        return self.rule.preconditioner(state.rule)

    def kept(self, params: Tree, state: ScaledState) -> Tree:
        return self.rule.kept(params, state.rule)


def with_loss_scale(
    rule: Optimizer | Any,
    start: Scalar = 2.0**16,
    growth: Scalar = 2.0,
    backoff: Scalar = 0.5,
    interval: Scalar = 2000,
) -> WithLossScale:
    """The rule with dynamic loss scaling: it skips each step whose gradients are not finite.

    ``simulate`` multiplies the loss by the scale before it differentiates, and divides loss and
    gradients by it after. A skipped step leaves the parameters and all that the rule remembers,
    its count of steps included, as they were, and lowers the scale; the trace holds its gradient
    norm, which is not finite.

    Args:
        rule: one of :mod:`stabsim.optimizers`.
        start: the first scale, above 0.
        growth: what multiplies it after ``interval`` finite steps in a row, at least 1; 1 and a
            ``backoff`` of 1 hold it where it is.
        backoff: what multiplies it after a step that is skipped, in (0, 1].
        interval: how many finite steps in a row, at least 1.
    Raises:
        TypeError: if the rule is no Optimizer, or another argument no number.
        ValueError: if a number is out of its range.
    References:
        As :func:`next_loss_scale`.
    """
    check_rule(rule)
    _check.positive("start", start)
    _check.at_least_one("growth", growth)
    _check.positive("backoff", backoff)
    _check.probability("backoff", backoff)
    _check.at_least_one("interval", interval)
    return WithLossScale(rule, start, growth, backoff, interval)
