"""What a run records."""

from __future__ import annotations  # so that a diagnosis, which asks what a Trace is, needs no JAX

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Array, Bool, Float, Int

__all__ = [
    "Trace",
    "diverged_at",
    "final_loss",
]

COORDINATES = {
    "step": ("loss", "gradient_norm", "update_norm", "learning_rate", "clipped"),
    "evaluation_step": ("validation_loss", "validation_error"),
    "sharpness_step": ("sharpness", "threshold"),
}
"""The step axis on which each series of a trace lies."""


class Trace(NamedTuple):
    r"""One run, as arrays. NaN and inf are kept: a diverging run is data.

    Step t records what led from :math:`\theta_t` to :math:`\theta_{t+1}`. In a sweep every
    array has the sweep's axes in front.

    Attributes:
        loss: the loss of each step's minibatch before its update, ``(steps,)``.
        gradient_norm: the global L2 norm of each gradient before clipping, ``(steps,)``.
        update_norm: the global L2 norm of what was added to the parameters, ``(steps,)``.
        learning_rate: the rate of each step, ``(steps,)``; NaN where the optimizer hides it.
        clipped: whether each gradient was clipped, ``(steps,)``.
        evaluation_step: the steps t at which :math:`\theta_t` was validated, ``(evaluations,)``.
        validation_loss: over the whole validation split, ``(evaluations,)``.
        validation_error: the share put in the wrong class, ``(evaluations,)``.
        sharpness_step: the steps t at which :math:`\theta_t` was measured, ``(measurements,)``.
        sharpness: the largest eigenvalue of the training loss's Hessian, preconditioned
            for the rules that precondition, ``(measurements,)``.
        threshold: the largest sharpness at which the rule is stable at that step's rate,
            ``(measurements,)``; NaN where no theory is known.
        parameters: :math:`\theta_t` for every t from 0 to steps, ``(steps + 1, n)``, where
            it was asked for; else ``(0, n)``.
        final_parameters: the last parameters, in the workload's own structure.
        observed: what ``observe`` made of each step, its arrays ``(steps, ...)``; None where
            nothing was asked for. Sweeps do not hold it.
    """

    loss: Float[Array, "*runs steps"]
    gradient_norm: Float[Array, "*runs steps"]
    update_norm: Float[Array, "*runs steps"]
    learning_rate: Float[Array, "*runs steps"]
    clipped: Bool[Array, "*runs steps"]
    evaluation_step: Int[Array, "*runs evaluations"]
    validation_loss: Float[Array, "*runs evaluations"]
    validation_error: Float[Array, "*runs evaluations"]
    sharpness_step: Int[Array, "*runs measurements"]
    sharpness: Float[Array, "*runs measurements"]
    threshold: Float[Array, "*runs measurements"]
    parameters: Float[Array, "*runs points n"]
    final_parameters: Any
    observed: Any = None

    @property
    def steps(self) -> int:
        """The number of updates."""
        return self.loss.shape[-1]

    @property
    def diverged_at(self) -> int | None:
        """The first step whose loss or gradient norm is not finite; None if there is none."""
        return diverged_at(self.loss, self.gradient_norm)


def diverged_at(loss: Any, gradient_norm: Any = None) -> int | None:
    """The first index at which a series is not finite; None if there is none."""
    bad = ~np.isfinite(np.asarray(loss))
    if gradient_norm is not None:
        bad |= ~np.isfinite(np.asarray(gradient_norm))
    return int(bad.argmax()) if bad.any() else None


def final_loss(loss: Any, share: float = 0.1) -> np.ndarray:
    """The median of the last tenth of the losses along the last axis; NaN if one is not finite.

    Args:
        loss: shape ``(..., steps)``.
        share: the share of the steps to take, at least one step.
    """
    loss = np.asarray(loss, float)
    last = loss[..., -tail(loss.shape[-1], share) :]
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(last).all(-1), np.median(last, -1), np.nan)


def tail(steps: int, share: float = 0.1) -> int:
    """How many of the steps are the last of a run: a tenth, at least one."""
    return max(1, round(share * steps))
