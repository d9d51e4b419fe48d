r"""Gradient clipping: ``(init, update)`` pairs to put before any optimizer; and of updates.

Every ``update(grads, state, params=None) -> (clipped grads, state)`` reports in its state
the unclipped norm and whether it clipped. With :math:`|g|` the global L2 norm, clipping at
:math:`\lambda` is

.. math:: g' = \lambda g / |g| \text{ where } |g| > \lambda, \quad g' = g \text{ elsewhere}

A gradient that is not finite stays so: divergence is data.
"""

from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from stabsim import _check
from stabsim._pytree import pytree, static
from stabsim._transformation import Scalar, Transformation, Tree, global_norm, tree_map
from stabsim.optimizers import Optimizer
from stabsim.optimizers.optimizer import Wrapped, check_rule

__all__ = [
    "Clipping",
    "ClippingState",
    "adaptive_clip",
    "autoclip",
    "clip_by_global_norm",
    "clip_by_percentile",
    "clip_updates",
    "no_clipping",
    "norm_percentile",
    "zclip",
]


class ClippingState(Protocol):
    """What every clipping's state holds."""

    @property
    def norm(self) -> Float[Array, ""]:
        """The unclipped global norm of the last gradient."""
        ...

    @property
    def clipped(self) -> Bool[Array, ""]:
        """Whether the last gradient was clipped."""
        ...


class Clipping(Transformation):
    """An ``(init, update)`` pair whose state is a :class:`ClippingState`."""


def _scale_to(grads: Tree, norm: Float[Array, ""], target: Scalar) -> Tree:
    """``grads``, of global norm ``norm``, with the norm ``target`` where it exceeds that."""
    return tree_map(lambda g: jnp.where(norm > target, target * (g / norm), g), grads)


def _zero() -> Float[Array, ""]:
    return jnp.zeros((), jnp.result_type(float))


class GlobalNormState(NamedTuple):
    norm: Float[Array, ""]
    clipped: Bool[Array, ""]


@pytree
class GlobalNorm(Clipping):
    threshold: Scalar

    def init(self, params: Tree) -> GlobalNormState:
        return GlobalNormState(_zero(), jnp.array(False))

    def update(
        self, grads: Tree, state: GlobalNormState, params: Tree | None = None
    ) -> tuple[Tree, GlobalNormState]:
        norm = global_norm(grads)
        clipped = _scale_to(grads, norm, self.threshold)
        return clipped, GlobalNormState(norm, norm > self.threshold)


def clip_by_global_norm(threshold: Scalar) -> GlobalNorm:
    r"""Clip at a fixed threshold :math:`\lambda`, as the playbook writes it.

    Args:
        threshold: :math:`\lambda`, above 0, in units of the gradient's norm.
    Raises:
        ValueError: if the threshold is not a finite number above 0.
    References:
        Pascanu et al., On the Difficulty of Training Recurrent Neural Networks (2013),
        algorithm 1; Godbole et al., Deep Learning Tuning Playbook (2023).
    Examples:
        >>> init, update = clip_by_global_norm(1.0)
        >>> g = jnp.array([3.0, 4.0])
        >>> clipped, state = update(g, init(g))
        >>> [round(float(x), 6) for x in clipped], float(state.norm), bool(state.clipped)
        ([0.6, 0.8], 5.0, True)
    """
    _check.positive("threshold", threshold)
    return GlobalNorm(threshold)


def no_clipping() -> GlobalNorm:
    """Leave gradients as they are, and report their norms."""
    return GlobalNorm(jnp.inf)


def clip_by_percentile(norms: Any, percentile: float = 90.0) -> GlobalNorm:
    """Clip by global norm at a percentile of the norms that an earlier run recorded.

    The playbook's recipe: log the unclipped norms, then clip just above the typical one.

    Args:
        norms: unclipped gradient norms, any shape; those not finite are left out.
        percentile: from 0 to 100.
    Raises:
        ValueError: if no norm is finite, or the percentile is outside 0 to 100.
    References:
        Godbole et al., Deep Learning Tuning Playbook (2023), "Gradient clipping".
    Examples:
        >>> float(clip_by_percentile(range(101)).threshold)
        90.0
    """
    return clip_by_global_norm(norm_percentile(norms, percentile))


def norm_percentile(norms: Any, percentile: float = 90.0) -> float:
    """The percentile of the finite values among recorded gradient norms.

    Args:
        norms: unclipped gradient norms, any shape.
        percentile: from 0 to 100.
    Raises:
        ValueError: if no norm is finite, or the percentile is outside 0 to 100.
    """
    _check.percentile("percentile", percentile)
    norms = np.asarray(norms, float)
    finite = norms[np.isfinite(norms)]
    if finite.size == 0:
        raise ValueError("norms must hold at least one finite gradient norm; it holds none.")
    return float(np.percentile(finite, percentile))


class AutoClipState(NamedTuple):
    norm: Float[Array, ""]
    clipped: Bool[Array, ""]
    step: Int[Array, ""]
    history: Float[Array, " history"]


@pytree
class AutoClip(Clipping):
    percentile: Scalar
    empty: Float[Array, " history"]

    def init(self, params: Tree) -> AutoClipState:
        return AutoClipState(_zero(), jnp.array(False), jnp.zeros((), jnp.int32), self.empty)

    def update(
        self, grads: Tree, state: AutoClipState, params: Tree | None = None
    ) -> tuple[Tree, AutoClipState]:
        norm = global_norm(grads)
        slot = state.step % state.history.size
        history = state.history.at[slot].set(norm.astype(state.history.dtype))
        threshold = sorted_percentile(history, state.step + 1, self.percentile)
        clipped = _scale_to(grads, norm, threshold)
        return clipped, AutoClipState(norm, norm > threshold, state.step + 1, history)


def sorted_percentile(
    history: Float[Array, " history"], count: Int[Array, ""], percentile: Scalar
) -> Float[Array, ""]:
    """The percentile of the first ``count`` values, linear between neighbours."""
    ordered = jnp.sort(history)  # the empty slots are inf and sort to the end
    last = (jnp.minimum(count, history.size) - 1).astype(history.dtype)
    place = jnp.asarray(percentile, history.dtype) / 100 * last
    low, high = jnp.floor(place).astype(jnp.int32), jnp.ceil(place).astype(jnp.int32)
    share = place - jnp.floor(place)
    return jnp.where(low == high, ordered[low], (1 - share) * ordered[low] + share * ordered[high])


def autoclip(percentile: Scalar = 10.0, history: int = 1000) -> AutoClip:
    r"""AutoClip: :math:`\lambda_t` is a percentile of the norms :math:`|g_0|, \dots, |g_t|`.

    The threshold follows training without being told; the paper's choice of the 10th
    percentile clips most updates.

    Args:
        percentile: from 0 to 100.
        history: how many of the latest norms are kept (the paper keeps all; beyond this
            many the oldest is forgotten, so that memory stays fixed).
    Raises:
        ValueError: if the percentile is outside 0 to 100 or history below 1.
    References:
        Seetharaman et al., AutoClip: Adaptive Gradient Clipping for Source Separation
        Networks (2020), algorithm 1.
    Examples:
        >>> init, update = autoclip(percentile=50.0)
        >>> state = init(jnp.zeros(1))
        >>> for norm in (1.0, 3.0):
        ...     clipped, state = update(jnp.array([norm]), state)
        >>> float(clipped[0])
        2.0
    """
    _check.percentile("percentile", percentile)
    size = _check.count("history", history)
    return AutoClip(percentile, jnp.full(size, jnp.inf))


class ZClipState(NamedTuple):
    norm: Float[Array, ""]
    clipped: Bool[Array, ""]
    step: Int[Array, ""]
    mean: Float[Array, ""]
    variance: Float[Array, ""]


@pytree
class ZClip(Clipping):
    alpha: Scalar
    z_threshold: Scalar
    warmup_steps: Scalar

    def init(self, params: Tree) -> ZClipState:
        return ZClipState(
            _zero(), jnp.array(False), jnp.zeros((), jnp.int32), mean=_zero(), variance=_zero()
        )

    def update(
        self, grads: Tree, state: ZClipState, params: Tree | None = None
    ) -> tuple[Tree, ZClipState]:
        norm = global_norm(grads).astype(state.mean.dtype)
        warming = state.step < self.warmup_steps
        deviation = jnp.sqrt(state.variance)
        z = (norm - state.mean) / (deviation + 1e-6)
        exceeds = ~warming & (z > self.z_threshold)
        target = jnp.where(exceeds, state.mean + self.z_threshold**2 / z * deviation, norm)
        # In the warmup, alpha = t / (t + 1) makes the averages plain means of what was seen.
        seen = state.step.astype(norm.dtype)
        alpha = jnp.where(warming, seen / (seen + 1), self.alpha)
        change = target - state.mean
        mean = state.mean + (1 - alpha) * change
        spread = jnp.where(warming, change * (target - mean), change**2)
        variance = alpha * state.variance + (1 - alpha) * spread
        clipped = tree_map(lambda g: jnp.where(exceeds, target * (g / norm), g), grads)
        return clipped, ZClipState(norm, exceeds, state.step + 1, mean, variance)


def zclip(alpha: Scalar = 0.97, z_threshold: Scalar = 2.5, warmup_steps: Scalar = 25) -> ZClip:
    r"""ZClip: clip norms that stand out from their moving average.

    .. math::
        z_t = \frac{|g_t| - \mu_t}{\sigma_t}, \quad
        |g'_t| = \mu_t + \frac{z^2}{z_t} \sigma_t \text{ where } z_t > z

    :math:`\mu` and :math:`\sigma^2` are exponential moving averages of the clipped norms
    and of their squared deviations. The further a norm stands out, the closer to the mean
    it is put. The first steps, which set the averages, are not clipped.

    Args:
        alpha: the decay of both averages, in [0, 1).
        z_threshold: :math:`z`, above 0, in standard deviations.
        warmup_steps: the number of steps that only set the averages, at least 1.
    Raises:
        ValueError: if alpha is not in [0, 1), or another number is not positive.
    References:
        Kumar et al., ZClip: Adaptive Spike Mitigation for LLM Pre-Training (2025).
    """
    _check.decay("alpha", alpha)
    _check.positive("z_threshold", z_threshold)
    _check.positive("warmup_steps", warmup_steps)
    return ZClip(alpha, z_threshold, warmup_steps)


@pytree
class Unitwise(Clipping):
    threshold: Scalar
    eps: Scalar

    def init(self, params: Tree) -> GlobalNormState:
        return GlobalNormState(_zero(), jnp.array(False))

    def update(
        self, grads: Tree, state: GlobalNormState, params: Tree | None = None
    ) -> tuple[Tree, GlobalNormState]:
        if params is None:
            raise ValueError("adaptive clipping needs params: update(grads, state, params).")
        limit = tree_map(lambda w: self.threshold * jnp.maximum(_unit_norm(w), self.eps), params)
        norm = tree_map(_unit_norm, grads)
        clipped = tree_map(lambda g, n, m: jnp.where(n > m, m * (g / n), g), grads, norm, limit)
        any_clipped = jnp.stack(
            [
                jnp.any(n > m)
                for n, m in zip(jax.tree.leaves(norm), jax.tree.leaves(limit), strict=True)
            ]
        ).any()
        return clipped, GlobalNormState(global_norm(grads), any_clipped)


def _unit_norm(w: Array) -> Array:
    """The norm of each output unit's incoming weights: all axes but the last.

    A vector (a bias, say) or a scalar is one unit.
    """
    axes = tuple(range(w.ndim - 1)) if w.ndim > 1 else None
    return jnp.sqrt(jnp.sum(w * w, axis=axes, keepdims=True))


def adaptive_clip(threshold: Scalar = 0.01, eps: Scalar = 1e-3) -> Unitwise:
    r"""Adaptive gradient clipping: each unit's gradient is limited by its weights' norm.

    .. math::
        G'_i = \lambda \frac{\max(|W_i|, \epsilon)}{|G_i|} G_i
        \text{ where } |G_i| > \lambda \max(|W_i|, \epsilon)

    for each output unit i of each layer (weights are stored as inputs by outputs).

    Args:
        threshold: :math:`\lambda`, above 0: the largest relative change per unit rate.
        eps: :math:`\epsilon`, above 0, the least norm that weights are taken to have.
    Raises:
        ValueError: if either is not a finite number above 0, or update gets no params.
    References:
        Brock et al., High-Performance Large-Scale Image Recognition Without Normalization
        (2021), equation 3.
    """
    _check.positive("threshold", threshold)
    _check.positive("eps", eps)
    return Unitwise(threshold, eps)


def rms(x: Array) -> Float[Array, ""]:
    """The root of the mean square of an array's entries."""
    return jnp.sqrt(jnp.mean(x * x))


@pytree
class ClippedUpdates(Wrapped):
    rule: Any
    most: Scalar
    measure: str = static(default="update")

    def update(self, grads: Tree, state: Any, params: Tree | None = None) -> tuple[Tree, Any]:
        eta = self.rate(state)
        updates, state = self.rule.update(grads, state, params)
        measured = updates
        if self.measure == "gradient":
            measured = tree_map(lambda g, p: eta * (g / p), grads, self.preconditioner(state))

        def limited(u: Array, x: Array) -> Array:
            most = self.most * eta
            return jnp.where(rms(x) > most, most * (u / rms(x)), u)

        return tree_map(limited, updates, measured), state


def clip_updates(
    rule: Optimizer | Any, most: Scalar = 1.0, measure: str = "update"
) -> ClippedUpdates:
    r"""The rule with the steps of each parameter array limited in their root mean square.

    .. math:: u' = d \eta_t \frac{u}{\mathrm{RMS}(u)} \text{ where } \mathrm{RMS}(u) > d \eta_t

    For rules whose entries move by about the rate or less, such as Adam: a step beyond that says
    that v has not kept up with the gradients. Adafactor limits its steps so by itself. StableAdamW
    (Wortsman et al.) measures the gradient over the root of v in place of Adam's average over it,
    and so steps in earlier: with ``measure="gradient"``, u is divided by
    :math:`\mathrm{RMS}(g/P)/d` where that exceeds 1, P being the rule's preconditioner.

    Args:
        rule: one of :mod:`stabsim.optimizers`.
        most: :math:`d`, above 0, in learning rates.
        measure: "update" or "gradient", whose root mean square is limited.
    Returns:
        The rule so limited; its threshold is that of steps that are not clipped.
    Raises:
        TypeError: if the rule is no Optimizer, or most no number.
        ValueError: if most is not a finite number above 0, or the measure is unknown.
    References:
        Shazeer and Stern, Adafactor (2018), section 6; Wortsman et al., Stable and Low-Precision
        Training for Large-Scale Vision-Language Models (2023), section 3.
    Examples:
        >>> from stabsim import adam
        >>> init, update = clip_updates(adam(0.5), most=0.1)
        >>> g = jnp.array([3.0, -4.0])
        >>> [round(float(u), 6) for u in update(g, init(g))[0]]
        [-0.05, 0.05]
    """
    check_rule(rule)
    _check.positive("most", most)
    _check.choice("measure", measure, ("update", "gradient"))
    return ClippedUpdates(rule, most, measure)
