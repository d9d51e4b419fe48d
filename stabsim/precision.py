r"""Numbers of few digits, and loss scaling, by which half precision keeps its gradients.

Half floats end at 65,504 and have no number between 0 and 6e-8. A loss that is multiplied by S
before it is differentiated has gradients S times as large, which float16 then can hold; they are
divided by S before the rule sees them. Which S is right changes in training, so it is controlled:
it rises until gradients overflow, and falls when they do.
"""

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from stabsim import _check
from stabsim._pytree import pytree, static
from stabsim._transformation import Scalar, Tree
from stabsim.optimizers import Optimizer
from stabsim.optimizers.optimizer import Wrapped, check_rule, first_step, given
from stabsim.workloads import Workload

__all__ = [
    "FORMATS",
    "LossScale",
    "all_finite",
    "computed_in",
    "next_loss_scale",
    "rounded",
    "rounded_at_random",
    "stored_in",
    "through",
    "with_loss_scale",
]


class Format(NamedTuple):
    """A floating-point format.

    Attributes:
        exponent: bits of the exponent.
        mantissa: bits of the mantissa, without the leading one.
        most: the largest finite number.
        infinite: whether it has an infinity; NaN stands for all that is larger where it has none.
    """

    exponent: int
    mantissa: int
    most: float
    infinite: bool = True


FORMATS = {
    "float16": Format(5, 10, 65504.0),
    "bfloat16": Format(8, 7, 3.3895313892515355e38),
    "float8_e5m2": Format(5, 2, 57344.0),
    "float8_e4m3fn": Format(4, 3, 448.0, infinite=False),
}
"""The formats, by the names that ``ml_dtypes`` and PyTorch have for them."""


def rounded(x: Float[Array, "..."], name: str) -> Float[Array, "..."]:
    """Float32 numbers rounded to the nearest of a format's, ties to the even one.

    ``jax.lax.reduce_precision`` alone would not do: it has no subnormal numbers, and so turns to 0
    what float16 still holds.

    Args:
        x: float32, of any shape.
        name: one of ``FORMATS``.
    Raises:
        ValueError: if there is no such format.
    Examples:
        >>> [float(rounded(jnp.float32(x), "bfloat16")) for x in (1.003, 1.005)]
        [1.0, 1.0078125]
    """
    _check.choice("format", name, FORMATS)
    exponent, mantissa, most, infinite = FORMATS[name]
    near = jax.lax.reduce_precision(x, 8, mantissa)
    if exponent < 8:  # bfloat16 has float32's range
        least = 2.0 ** (2 - 2 ** (exponent - 1))
        unit = least * 2.0**-mantissa
        near = jnp.where(jnp.abs(x) < least, jnp.round(x / unit) * unit, near)
    beyond = jnp.sign(x) * jnp.inf if infinite else jnp.nan
    return jnp.where(jnp.abs(near) > most, beyond, near)


def rounded_at_random(
    x: Float[Array, "..."], name: str, uniform: Float[Array, "..."]
) -> Float[Array, "..."]:
    r"""Float32 numbers rounded at random to a neighbour in a format, on average to themselves.

    .. math:: \text{up with the probability } \frac{|x| - a}{b - a}, \quad a \le |x| < b

    A number of the format stays what it is. Gaps below 2^-126, float32's own least normal number,
    are taken for that.

    Args:
        x: float32, of any shape.
        name: one of ``FORMATS``.
        uniform: drawn evenly from [0, 1), of the same shape.
    Raises:
        ValueError: if there is no such format.
    References:
        Gupta et al., Deep Learning with Limited Numerical Precision (2015), section 3.2.
    Examples:
        >>> x, uniform = jnp.full(2, 1.002), jnp.array([0.2, 0.3])
        >>> rounded_at_random(x, "bfloat16", uniform).tolist()
        [1.0078125, 1.0]
    """
    _check.choice("format", name, FORMATS)
    exponent, mantissa, most, infinite = FORMATS[name]
    bits = jax.lax.bitcast_convert_type(x, jnp.int32)
    power = jax.lax.bitcast_convert_type(bits & 0x7F800000, jnp.float32)
    least = 2.0 ** (2 - 2 ** (exponent - 1))
    gap = jnp.maximum(jnp.maximum(power, least) * 2.0**-mantissa, 2.0**-126)
    inside = jnp.where(jnp.isfinite(x), jnp.abs(x) / gap, 0.0)
    below = jnp.floor(inside)
    size = jnp.where(uniform < inside - below, below + 1, below) * gap
    beyond = jnp.inf if infinite else jnp.nan
    near = jnp.sign(x) * jnp.where(size > most, beyond, size)
    return jnp.where(jnp.isfinite(x), near, x)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def through(x: Array, forward: str, backward: str) -> Array:
    """x rounded to one of ``FORMATS`` on its way, and its cotangent to another on the way back."""
    return rounded(x, forward)


def _forward(x: Array, forward: str, backward: str) -> tuple[Array, None]:
    return rounded(x, forward), None


def _backward(forward: str, backward: str, _: None, cotangent: Array) -> tuple[Array]:
    return (rounded(cotangent, backward),)


through.defvjp(_forward, _backward)


@pytree
class Rounded:
    """A network whose weights, inputs and outputs, and their gradients, are rounded."""

    network: Any
    format: str = static()
    gradients: str = static()

    def init(self, key: Key[Array, ""]) -> Tree:
        return self.network.init(key)

    def apply(self, params: Tree, inputs: Array) -> Array:
        def passed(x: Array) -> Array:
            return through(x, self.format, self.gradients)

        return passed(self.network.apply(jax.tree.map(passed, params), passed(inputs)))


def computed_in(workload: Workload, name: str, gradients: str | None = None) -> Workload:
    """The workload with weights, inputs and outputs in a format, over master weights in float32.

    On the way back the gradients by outputs, weights and inputs are rounded too; within the network
    all is float32. A rule :func:`with_loss_scale` scales what is rounded.

    Args:
        workload: one with data.
        name: one of ``FORMATS``.
        gradients: the format of the gradients; the same if not given.
    Raises:
        ValueError: if there is no such format, or the workload has no data.
    """
    gradients = name if gradients is None else gradients
    _check.choice("format", name, FORMATS)
    _check.choice("gradients", gradients, FORMATS)
    if workload.train is None:
        raise ValueError(f"workload must have training data; {workload.name} has none.")
    network = Rounded(workload.network, name, gradients)
    return replace(workload, network=network, name=f"{workload.name} in {name}")


@pytree
class StoredIn(Wrapped):
    rule: Any
    format: str = static()

    def update(self, grads: Tree, state: Any, params: Tree | None = None) -> tuple[Tree, Any]:
        theta = given(params, "a rule that rounds weights")
        updates, state = self.rule.update(grads, state, theta)
        return jax.tree.map(lambda u, w: rounded(w + u, self.format) - w, updates, theta), state


class RandomState(NamedTuple):
    rule: Any
    step: Int[Array, ""]


@pytree
class StoredAtRandom(Wrapped):
    rule: Any
    seed: Scalar
    format: str = static()

    def init(self, params: Tree) -> RandomState:
        return RandomState(self.rule.init(params), first_step())

    def update(
        self, grads: Tree, state: RandomState, params: Tree | None = None
    ) -> tuple[Tree, RandomState]:
        theta = given(params, "a rule that rounds weights")
        updates, moved = self.rule.update(grads, state.rule, theta)
        key = jax.random.fold_in(jax.random.key(self.seed), state.step)
        leaves, kind = jax.tree.flatten(theta)
        keys = jax.tree.unflatten(kind, list(jax.random.split(key, len(leaves))))

        def stored(u: Array, w: Array, k: Array) -> Array:
            uniform = jax.random.uniform(k, w.shape, jnp.float32)
            return rounded_at_random(w + u, self.format, uniform) - w

        return jax.tree.map(stored, updates, theta, keys), RandomState(moved, state.step + 1)

    def rate(self, state: RandomState) -> Scalar:
        return self.rule.rate(state.rule)

    def preconditioner(self, state: RandomState) -> Tree | None:
        return self.rule.preconditioner(state.rule)

    def kept(self, params: Tree, state: RandomState) -> Tree:
        return self.rule.kept(params, state.rule)

    def loss_scale(self, state: RandomState) -> Scalar | None:
        return self.rule.loss_scale(state.rule)


def stored_in(
    rule: Optimizer | Any, name: str, stochastic: bool = False, seed: Scalar = 0
) -> StoredIn | StoredAtRandom:
    r"""The rule without master weights: after each step the weights are rounded to a format.

    Rounded to the nearest, a weight w stays where it is unless the step is longer than half the gap
    to its neighbour: in bfloat16 :math:`2^{\lfloor \log_2 |w| \rfloor - 8}`, about 0.2 to 0.4 per
    cent of w. Rounded at random, it goes the whole gap or nowhere, and on average as far as it was
    told.

    Args:
        rule: one of :mod:`stabsim.optimizers`.
        name: one of ``FORMATS``.
        stochastic: whether to round as :func:`rounded_at_random` does, and not to the nearest.
        seed: of what is drawn for that.
    Raises:
        TypeError: if the rule is no Optimizer, or ``update`` gets no parameters.
        ValueError: if there is no such format.
    """
    check_rule(rule)
    _check.choice("format", name, FORMATS)
    return StoredAtRandom(rule, seed, name) if stochastic else StoredIn(rule, name)


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
