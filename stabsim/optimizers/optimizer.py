"""What every update rule is: an ``(init, update)`` pair that knows its stability threshold."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax.tree_util import Partial
from jaxtyping import Array, Float, Int, Real

from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Transformation, Tree
from stabsim.schedules import Rate, Schedule, rate_at

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

    def kept(self, params: Tree, state: Any) -> Tree:
        """The parameters to validate and to keep: those trained, unless the rule averages them."""
        return params

    def loss_scale(self, state: Any) -> Scalar | None:
        """What the loss is multiplied by before it is differentiated; None for 1."""
        return None


class Wrapped(Optimizer):
    """Another rule, changed in one thing; what is not overridden is the rule's own."""

    rule: Any

    @property
    def learning_rate(self) -> Rate:
        return self.rule.learning_rate

    def init(self, params: Tree) -> Any:
        return self.rule.init(params)

    def rate(self, state: Any) -> Scalar:
        return self.rule.rate(state)

    def preconditioner(self, state: Any) -> Tree | None:
        return self.rule.preconditioner(state)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        return self.rule.threshold(learning_rate)

    def kept(self, params: Tree, state: Any) -> Tree:
        return self.rule.kept(params, state)

    def loss_scale(self, state: Any) -> Scalar | None:
        return self.rule.loss_scale(state)


def check_rule(rule: Any) -> None:
    """Raise a TypeError for what is no Optimizer."""
    if not isinstance(rule, Optimizer):
        raise TypeError(f"rule must be an Optimizer, such as sgd(0.1), not {rule!r}.")


def first_step() -> Int[Array, ""]:
    """The number of the first step."""
    return jnp.zeros((), jnp.int32)


def one_minus_power(beta: Scalar, step: Real[Array, ""]) -> Float[Array, ""]:
    """``1 - beta**step`` without the cancellation that costs float32 half its digits."""
    dtype = jnp.result_type(float)
    return -jnp.expm1(step.astype(dtype) * jnp.log1p(-jnp.asarray(1 - beta, dtype)))


def given(params: Tree | None, rule: str) -> Tree:
    """The parameters, which some rules read.

    Raises:
        TypeError: if there are none.
    """
    if params is None:
        raise TypeError(f"params must be given: {rule} reads them. update(grads, state, params).")
    return params


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
