r"""Learning-rate schedules: functions from a step :math:`t = 0, 1, \dots` to a learning rate.

A :class:`Schedule` is a pytree whose leaves are its numbers, so schedules that differ only
in numbers share one compiled program, and a sweep may trace any of them. ``steps`` is the
length of training that a schedule is meant for, or None where it has no end; beyond it
the last value holds.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import jax.numpy as jnp
from jax.tree_util import Partial
from jaxtyping import Array, Float

from stabsim import _check
from stabsim._pytree import pytree
from stabsim._transformation import Scalar

__all__ = [
    "Schedule",
    "as_schedule",
    "constant",
    "cosine_decay",
    "cosine_restarts",
    "exponential_decay",
    "inverse_square_root_decay",
    "linear_decay",
    "linear_warmup",
    "piecewise_constant",
    "power_decay",
    "prepend_warmup",
    "rate_at",
    "warmup_stable_decay",
    "warmup_then_constant",
]


@pytree
class Schedule:
    """A learning rate for every step.

    Attributes:
        value: the function from step to learning rate.
        steps: the length of training in steps, or None.
    """

    value: Partial
    steps: Scalar | None = None

    def __call__(self, step: Scalar) -> Float[Array, "*steps"]:
        """The learning rate at ``step``, a number or an array of them."""
        return jnp.asarray(self.value(_as_float(step)))


Rate = Scalar | Schedule
"""A learning rate as the optimizers take it."""


def _as_float(step: Scalar) -> Array:
    return jnp.asarray(step, jnp.result_type(float))


def as_schedule(learning_rate: Scalar | Schedule | Callable[[Any], Any]) -> Scalar | Schedule:
    """A number as it is; any other function of the step (optax's, say) as a Schedule."""
    if callable(learning_rate) and not isinstance(learning_rate, Schedule):
        return Schedule(Partial(learning_rate))
    return learning_rate


def rate_at(learning_rate: Rate, step: Scalar) -> Scalar:
    """The learning rate at ``step``, whether it is a number or a schedule."""
    return learning_rate(step) if isinstance(learning_rate, Schedule) else learning_rate


def _constant(peak, step):
    return peak + 0 * step


def constant(learning_rate: Scalar, steps: int | None = None) -> Schedule:
    r""":math:`\eta_t = \eta`.

    Args:
        learning_rate: :math:`\eta`.
        steps: the length of training, if it has one.
    Raises:
        ValueError: if the learning rate is negative or not finite, or steps is below 1.
    Examples:
        >>> float(constant(0.5)(7))
        0.5
    """
    _check.rate("learning_rate", learning_rate)
    _check_steps("steps", steps)
    return Schedule(Partial(_constant, learning_rate), steps)


def linear_warmup(peak: Scalar, warmup_steps: Scalar) -> Schedule:
    r"""A ramp from 0: :math:`\eta_t = \eta \min(t / W, 1)`; constant where :math:`W = 0`.

    Args:
        peak: :math:`\eta`, the rate that the ramp reaches.
        warmup_steps: :math:`W`, at least 0.
    Raises:
        ValueError: if either is negative or not finite.
    Examples:
        >>> float(linear_warmup(0.5, 10)(5))
        0.25
    """
    return prepend_warmup(constant(peak), warmup_steps)


def warmup_then_constant(
    peak: Scalar, warmup_steps: Scalar, post_warmup_steps: Scalar | None = None
) -> Schedule:
    """The playbook's test schedule: a ramp from 0, then ``post_warmup_steps`` at the peak.

    Args:
        peak: the rate to reach, the playbook's ``base_learning_rate``.
        warmup_steps: the length of the ramp in steps.
        post_warmup_steps: how long to train at the peak; twice the warmup if not given.
    Raises:
        ValueError: if a number is negative or not finite.
    References:
        Godbole et al., Deep Learning Tuning Playbook (2023), "How to apply learning rate
        warmup".
    Examples:
        >>> int(warmup_then_constant(0.5, 100).steps)
        300
    """
    if post_warmup_steps is None:
        post_warmup_steps = 2 * warmup_steps
    _check.nonnegative("post_warmup_steps", post_warmup_steps)
    _check.rate("peak", peak)
    return prepend_warmup(Schedule(Partial(_constant, peak), post_warmup_steps), warmup_steps)


def _prepended(value, warmup_steps, step):
    warmup = _as_float(warmup_steps)
    ramp = value(0.0 * step) * step / jnp.maximum(warmup, 1.0)
    return jnp.where(step < warmup, ramp, value(jnp.maximum(step - warmup, 0.0)))


def prepend_warmup(schedule: Schedule, warmup_steps: Scalar) -> Schedule:
    r"""Put a ramp before a whole schedule, which starts when the ramp ends.

    .. math:: \eta'_t = \eta_0 \, t / W \text{ for } t < W, \quad \eta_{t - W} \text{ after}

    Training becomes longer by the warmup: 10,000 steps and 1,000 of warmup make 11,000.

    Args:
        schedule: :math:`\eta_t`, kept as it is.
        warmup_steps: :math:`W`, at least 0.
    Raises:
        TypeError: if the schedule is a bare number.
        ValueError: if warmup_steps is negative or not finite.
    Examples:
        >>> prepend_warmup(cosine_decay(0.1, 10_000), 1_000).steps
        11000
    """
    if not callable(schedule):
        raise TypeError(
            f"schedule must be a schedule, such as constant({schedule!r}), not a number."
        )
    _check.nonnegative("warmup_steps", warmup_steps)
    value = schedule.value if isinstance(schedule, Schedule) else Partial(schedule)
    steps = getattr(schedule, "steps", None)
    total = None if steps is None else steps + warmup_steps
    return Schedule(Partial(_prepended, value, warmup_steps), total)


def _done(steps, step):
    return jnp.clip(step / steps, 0.0, 1.0)


def _cosine(peak, steps, final_fraction, step):
    fall = (1 + jnp.cos(jnp.pi * _done(steps, step))) / 2
    return peak * (final_fraction + (1 - final_fraction) * fall)


def cosine_decay(peak: Scalar, steps: Scalar, final_fraction: Scalar = 0.0) -> Schedule:
    r"""Half a cosine from the peak to :math:`\alpha` times the peak.

    .. math:: \eta_t = \eta \left(\alpha + (1 - \alpha) \tfrac12 (1 + \cos(\pi t / T))\right)

    Args:
        peak: :math:`\eta`.
        steps: :math:`T`.
        final_fraction: :math:`\alpha`.
    Raises:
        ValueError: if steps is not positive, or another number is negative.
    References:
        Loshchilov and Hutter, SGDR (2017), equation 5.
    Examples:
        >>> round(float(cosine_decay(0.5, 100)(50)), 6)
        0.25
    """
    _check_decay(peak, steps, final_fraction)
    return Schedule(Partial(_cosine, peak, steps, final_fraction), steps)


def _cosine_restarts(peak, period, factor, final_fraction, step):
    def begun(i):
        return jnp.where(factor == 1, period * i, period * (factor**i - 1) / (factor - 1))

    grown = jnp.log1p((factor - 1) * step / period) / jnp.log(factor)
    near = jnp.round(jnp.where(factor == 1, step / period, grown))
    restarts = jnp.where(step < begun(near), near - 1, near)
    length = period * factor**restarts
    return _cosine(peak, length, final_fraction, step - begun(restarts))


def cosine_restarts(
    peak: Scalar, period: Scalar, factor: Scalar = 1.0, final_fraction: Scalar = 0.0
) -> Schedule:
    r"""Half a cosine, and again from the peak, each :math:`f` times as long as the one before.

    .. math:: \eta_t = \eta \left(\alpha + (1 - \alpha) \tfrac12 (1 + \cos(\pi u / T_i))\right),
        \quad T_i = f^i T_0

    u steps after the latest restart, the i-th.

    Args:
        peak: :math:`\eta`.
        period: :math:`T_0`, the length of the first period in steps.
        factor: :math:`f`, at least 1.
        final_fraction: :math:`\alpha`.
    Raises:
        ValueError: if period is not positive, factor below 1, or another number negative.
    References:
        Loshchilov and Hutter, SGDR (2017), section 3.
    Examples:
        >>> [round(float(cosine_restarts(0.5, 100, 2.0)(t)), 6) for t in (0, 50, 100, 200, 300)]
        [0.5, 0.25, 0.5, 0.25, 0.5]
    """
    _check_decay(peak, period, final_fraction)
    _check.at_least_one("factor", factor)
    factor = _as_float(factor)
    return Schedule(Partial(_cosine_restarts, peak, period, factor, final_fraction))


def _linear(peak, steps, final_fraction, step):
    return peak * (1 + (final_fraction - 1) * _done(steps, step))


def linear_decay(peak: Scalar, steps: Scalar, final_fraction: Scalar = 0.0) -> Schedule:
    r"""A straight line from the peak to :math:`\alpha` times the peak.

    .. math:: \eta_t = \eta \left(1 + (\alpha - 1) t / T\right)

    Args:
        peak: :math:`\eta`.
        steps: :math:`T`.
        final_fraction: :math:`\alpha`.
    Raises:
        ValueError: if steps is not positive, or another number is negative.
    Examples:
        >>> float(linear_decay(0.5, 100)(50))
        0.25
    """
    _check_decay(peak, steps, final_fraction)
    return Schedule(Partial(_linear, peak, steps, final_fraction), steps)


def _exponential(peak, steps, final_fraction, step):
    return peak * final_fraction ** _done(steps, step)


def exponential_decay(peak: Scalar, steps: Scalar, final_fraction: Scalar = 0.01) -> Schedule:
    r"""A constant factor per step, from the peak to :math:`\alpha` times the peak.

    .. math:: \eta_t = \eta \, \alpha^{t / T}

    Args:
        peak: :math:`\eta`.
        steps: :math:`T`.
        final_fraction: :math:`\alpha`, above 0.
    Raises:
        ValueError: if steps or final_fraction is not positive, or the peak is negative.
    Examples:
        >>> round(float(exponential_decay(0.5, 100, 0.01)(50)), 6)
        0.05
    """
    _check_decay(peak, steps, final_fraction)
    _check.positive("final_fraction", final_fraction)
    return Schedule(Partial(_exponential, peak, steps, final_fraction), steps)


def _inverse_square_root(peak, timescale, step):
    return peak * jnp.sqrt(timescale / (timescale + step))


def inverse_square_root_decay(
    peak: Scalar, timescale: Scalar = 1.0, steps: int | None = None
) -> Schedule:
    r"""The transformer's decay, which never ends.

    .. math:: \eta_t = \eta \sqrt{s / (s + t)}

    Args:
        peak: :math:`\eta`.
        timescale: :math:`s` in steps: after :math:`3 s` steps the rate is half the peak.
        steps: the length of training, if it has one.
    Raises:
        ValueError: if timescale is not positive, the peak negative, or steps below 1.
    References:
        Vaswani et al., Attention Is All You Need (2017), section 5.3.
    Examples:
        >>> float(inverse_square_root_decay(0.5, 100)(300))
        0.25
    """
    _check.rate("peak", peak)
    _check.positive("timescale", timescale)
    _check_steps("steps", steps)
    return Schedule(Partial(_inverse_square_root, peak, timescale), steps)


def _power(peak, timescale, exponent, step):
    return peak * (1 + step / timescale) ** -exponent


def power_decay(
    peak: Scalar, exponent: Scalar = 0.51, timescale: Scalar = 1.0, steps: int | None = None
) -> Schedule:
    r"""A power of the step, which never ends: no length of training is decided beforehand.

    .. math:: \eta_t = \eta \, (1 + t/s)^{-p}

    With :math:`p = 1/2` it is :func:`inverse_square_root_decay`.

    Args:
        peak: :math:`\eta`.
        exponent: :math:`p`, at least 0.
        timescale: :math:`s` in steps, above 0.
        steps: the length of training, if it has one.
    Raises:
        ValueError: if timescale is not positive, another number negative, or steps below 1.
    References:
        Shen et al., Power Scheduler: A Batch Size and Token Number Agnostic Learning Rate
        Scheduler (2024), whose exponent is the default here.
    Examples:
        >>> float(power_decay(0.5, 2.0, 100)(100))
        0.125
    """
    _check.rate("peak", peak)
    _check.nonnegative("exponent", exponent)
    _check.positive("timescale", timescale)
    _check_steps("steps", steps)
    return Schedule(Partial(_power, peak, timescale, exponent), steps)


def _stable_decay(peak, stable_steps, decay_steps, final_fraction, step):
    return _linear(peak, decay_steps, final_fraction, step - stable_steps)


def warmup_stable_decay(
    peak: Scalar,
    warmup_steps: Scalar,
    stable_steps: Scalar,
    decay_steps: Scalar,
    final_fraction: Scalar = 0.0,
) -> Schedule:
    r"""A ramp from 0, a plateau, and a straight line down: the trapezoid.

    .. math::
        \eta_t = \eta\, t/W \text{ for } t < W, \quad \eta \text{ for } t < W + S, \quad
        \eta \left(1 + (\alpha - 1) (t - W - S)/D\right) \text{ after}

    The plateau may be of any length, and the line down begun from any step of it: only the decay
    has to know when training ends.

    Args:
        peak: :math:`\eta`.
        warmup_steps: :math:`W`, at least 0.
        stable_steps: :math:`S`, at least 0.
        decay_steps: :math:`D`, above 0.
        final_fraction: :math:`\alpha`.
    Raises:
        ValueError: if decay_steps is not positive, or another number is negative.
    References:
        Hu et al., MiniCPM (2024), section 4.2; Hägele et al., Scaling Laws and Compute-Optimal
        Training Beyond Fixed Training Durations (2024), for the straight line.
    Examples:
        >>> schedule = warmup_stable_decay(0.5, 10, 70, 20)
        >>> [float(schedule(t)) for t in (5, 40, 90, 100)], schedule.steps
        ([0.25, 0.5, 0.25, 0.0], 100)
    """
    _check_decay(peak, decay_steps, final_fraction)
    _check.nonnegative("stable_steps", stable_steps)
    value = Partial(_stable_decay, peak, stable_steps, decay_steps, final_fraction)
    return prepend_warmup(Schedule(value, stable_steps + decay_steps), warmup_steps)


def _piecewise(values, boundaries, step):
    return values[jnp.searchsorted(boundaries, step, side="right")]


def piecewise_constant(
    values: Sequence[float], boundaries: Sequence[int], steps: int | None = None
) -> Schedule:
    """``values[0]`` before ``boundaries[0]``, then ``values[1]`` from that step on, and so on.

    Args:
        values: the learning rates, one more than the boundaries.
        boundaries: the steps, increasing, at which the next value begins.
        steps: the length of training, if it has one.
    Raises:
        ValueError: if the lengths do not fit, a value is negative or not finite, or the
            boundaries do not increase.
    Examples:
        >>> [round(float(piecewise_constant([1.0, 0.1], [10])(t)), 6) for t in (9, 10)]
        [1.0, 0.1]
    """
    _check.rate("values", values)
    if len(values) != len(boundaries) + 1:
        raise ValueError(
            f"values must be one more than boundaries; there are {len(values)} values "
            f"and {len(boundaries)} boundaries."
        )
    if any(a >= b for a, b in pairwise(boundaries)):
        raise ValueError(f"boundaries must increase; they are {list(boundaries)}.")
    _check_steps("steps", steps)
    dtype = jnp.result_type(float)
    return Schedule(
        Partial(_piecewise, jnp.asarray(values, dtype), jnp.asarray(boundaries, dtype)), steps
    )


def _check_steps(name: str, steps: Any) -> None:
    if steps is not None:
        _check.positive(name, steps)


def _check_decay(peak: Any, steps: Any, final_fraction: Any) -> None:
    _check.rate("peak", peak)
    _check.positive("steps", steps)
    _check.nonnegative("final_fraction", final_fraction)
