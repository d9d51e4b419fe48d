"""A second moment kept as a row and a column: Adafactor."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from stabsim import _check
from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Tree, tree_map
from stabsim.optimizers.optimizer import LearningRate, Optimizer, first_step, given
from stabsim.schedules import Rate, as_schedule


class AdafactorState(NamedTuple):
    """What is remembered.

    Attributes:
        step: t.
        row: R of each matrix, ``(..., m, 1)``, and all of V of each vector.
        column: C of each matrix, ``(..., 1, n)``, and 1 for each vector.
        scale: what divides a parameter's whole update besides the root of V.
    """

    step: Int[Array, ""]
    row: Tree
    column: Tree
    scale: Tree


def _row(square: Array) -> Array:
    return jnp.mean(square, axis=-1, keepdims=True) if square.ndim > 1 else square


def _column(square: Array) -> Array:
    return (
        jnp.mean(square, axis=-2, keepdims=True) if square.ndim > 1 else jnp.ones((), square.dtype)
    )


def _whole(row: Array, column: Array) -> Array:
    """V from its row and its column."""
    return row * column / jnp.mean(row, axis=-2, keepdims=True) if column.ndim else row


def _rms(x: Array) -> Float[Array, ""]:
    return jnp.sqrt(jnp.mean(x * x))


@pytree
class Adafactor(Optimizer):
    learning_rate: Rate
    decay: Scalar
    clip: Scalar
    eps1: Scalar
    eps2: Scalar

    def init(self, params: Tree) -> AdafactorState:
        return AdafactorState(
            first_step(),
            row=jax.tree.map(lambda w: jnp.zeros_like(_row(w)), params),
            column=jax.tree.map(lambda w: jnp.zeros_like(_column(w)), params),
            scale=jax.tree.map(lambda w: jnp.ones((), w.dtype), params),
        )

    def rate(self, state: AdafactorState) -> Scalar:
        r""":math:`\rho_t = \min(\eta_t, 1/\sqrt t)`."""
        t = (state.step + 1).astype(jnp.result_type(float))
        return jnp.minimum(super().rate(state), 1 / jnp.sqrt(t))

    def update(
        self, grads: Tree, state: AdafactorState, params: Tree | None = None
    ) -> tuple[Tree, AdafactorState]:
        rho = self.rate(state)
        new = (state.step + 1).astype(jnp.result_type(float)) ** -self.decay
        square = tree_map(lambda g: g**2 + self.eps1, grads)
        row = tree_map(lambda s, r: (1 - new) * r + new * _row(s), square, state.row)
        column = tree_map(lambda s, c: (1 - new) * c + new * _column(s), square, state.column)
        u = tree_map(lambda g, r, c: g / jnp.sqrt(_whole(r, c)), grads, row, column)
        scale = tree_map(
            lambda u, w: jnp.maximum(1, _rms(u) / self.clip) / jnp.maximum(self.eps2, _rms(w)),
            u, given(params, "Adafactor"),
        )  # fmt: skip
        updates = tree_map(lambda u, s: -rho * u / s, u, scale)
        return updates, AdafactorState(state.step + 1, row, column, scale)

    def preconditioner(self, state: AdafactorState) -> Tree:
        r""":math:`P = \sqrt{\hat V} \max(1, \mathrm{RMS}(U)/d) / \max(\epsilon_2,
        \mathrm{RMS}(\theta))`: the update is :math:`\rho_t P^{-1} g`."""
        return tree_map(
            lambda s, r, c: s * jnp.sqrt(_whole(r, c)), state.scale, state.row, state.column
        )

    def threshold(self, learning_rate: Scalar) -> Scalar:
        r""":math:`2/\rho`, preconditioned: with P fixed it is gradient descent."""
        return 2 / learning_rate


def adafactor(
    learning_rate: LearningRate = 0.01,
    decay: Scalar = 0.8,
    clip: Scalar = 1.0,
    eps1: Scalar = 1e-30,
    eps2: Scalar = 1e-3,
) -> Adafactor:
    r"""Adafactor: a factored v, a clipped update, and steps in shares of the parameters.

    .. math::
        R_{t+1} &= (1 - n_t) R_t + n_t \operatorname{mean}_{\text{columns}}(g_t^2 + \epsilon_1),
            \quad n_t = (t + 1)^{-\kappa} \\
        C_{t+1} &= (1 - n_t) C_t + n_t \operatorname{mean}_{\text{rows}}(g_t^2 + \epsilon_1) \\
        \hat V &= R_{t+1} C_{t+1} / \operatorname{mean}(R_{t+1}), \quad U = g_t / \sqrt{\hat V} \\
        \rho_t &= \min(\eta_t, 1/\sqrt{t + 1}) \\
        \theta_{t+1} &= \theta_t - \rho_t \max(\epsilon_2, \mathrm{RMS}(\theta_t))
            \frac{U}{\max(1, \mathrm{RMS}(U)/d)}

    for each matrix, with the RMS over all of it; of an array of more axes, the last two. A vector
    keeps :math:`V_{t+1} = (1 - n_t) V_t + n_t (g_t^2 + \epsilon_1)` whole. A matrix of m by n
    costs m + n numbers of state instead of Adam's 2 m n.

    Args:
        learning_rate: :math:`\eta_t`, a number, a traced array or a schedule: the step in shares
            of a parameter array's own size.
        decay: :math:`\kappa`, above 0; 1 averages all squares alike.
        clip: :math:`d`, above 0: the largest RMS of U that is let through.
        eps1: :math:`\epsilon_1`, at least 0, in units of a squared gradient.
        eps2: :math:`\epsilon_2`, at least 0: the least size that an array is taken to have.
    Returns:
        An ``(init, update)`` pair, whose ``update`` needs the parameters. Its rate is
        :math:`\rho_t`.
    Raises:
        ValueError: if the learning rate or an eps is negative or not finite, or decay or clip
            not above 0.
        TypeError: if one of them is no number, or ``update`` gets no parameters.
    References:
        Shazeer and Stern, Adafactor: Adaptive Learning Rates with Sublinear Memory Cost (2018),
        algorithms 4 and 5, without momentum.
    Examples:
        >>> adafactor(0.5).threshold(0.5)
        4.0
    """
    _check.rate("learning_rate", learning_rate)
    _check.positive("decay", decay)
    _check.positive("clip", clip)
    _check.nonnegative("eps1", eps1)
    _check.nonnegative("eps2", eps2)
    return Adafactor(as_schedule(learning_rate), decay, clip, eps1, eps2)
