"""Rules whose step on a matrix has all its singular values near one: Muon."""

from collections.abc import Callable
from itertools import compress
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from stabsim import _check
from stabsim._pytree import pytree, static
from stabsim._transformation import Scalar, Tree, tree_map, zeros_like
from stabsim.optimizers.decoupled import adamw
from stabsim.optimizers.optimizer import LearningRate, Optimizer, first_step, given
from stabsim.schedules import Rate, as_schedule

ITERATIONS, COEFFICIENTS = 5, (3.4445, -4.7750, 2.0315)
"""The Newton-Schulz steps, and the numbers a, b and c of Jordan et al. (2024)."""

SCALES = ("original", "match_rms_adamw")


def newton_schulz(g: Float[Array, "*stack m n"], eps: Scalar = 1e-7) -> Float[Array, "*stack m n"]:
    r"""A matrix with the singular vectors of g and singular values near 1.

    .. math::
        X_0 = \frac{G}{\lVert G \rVert_F + \epsilon}, \quad
        X_{k+1} = a X_k + (b A + c A^2) X_k, \quad A = X_k X_k^\top

    Each of the 5 steps sends every singular value s to :math:`a s + b s^3 + c s^5`, which lifts
    the least ones by 3.4 and then never settles: what began above 0.002 ends between 0.68
    and 1.21, and what is far smaller stays small.

    Args:
        g: a matrix, or a stack of them.
        eps: :math:`\epsilon`, in units of g.
    References:
        Jordan et al., Muon: An Optimizer for Hidden Layers in Neural Networks (2024).
    """
    a, b, c = COEFFICIENTS
    tall = g.shape[-2] > g.shape[-1]
    x = g.mT if tall else g
    x = x / (jnp.sqrt(jnp.sum(x * x, axis=(-2, -1), keepdims=True)) + eps)

    def lift(_: Any, x: Array) -> Array:
        gram = x @ x.mT
        return a * x + (b * gram + c * gram @ gram) @ x

    x = jax.lax.fori_loop(0, ITERATIONS, lift, x)
    return x.mT if tall else x


def is_matrix(path: str, w: Array) -> bool:
    """Whether an array of parameters is a matrix, as Muon asks unless it is told otherwise."""
    return w.ndim == 2


class MuonState(NamedTuple):
    """What is remembered.

    Attributes:
        step: t.
        m: the average for each matrix, in a list.
        rest: the state of the rule for the rest.
    """

    step: Int[Array, ""]
    m: list[Array]
    rest: Any


@pytree
class Muon(Optimizer):
    learning_rate: Rate
    mu: Scalar
    weight_decay: Scalar
    eps: Scalar
    rest: Any
    nesterov: bool = static()
    scale: str = static()
    where: Callable[[str, Array], bool] = static()

    def _split(self, tree: Tree) -> tuple[list[Array], list[Array]]:
        """The matrices, and the rest."""
        leaves = jax.tree.leaves(tree)
        chosen = self._chosen(tree)
        return list(compress(leaves, chosen)), list(compress(leaves, [not c for c in chosen]))

    def _chosen(self, tree: Tree) -> list[bool]:
        named = jax.tree_util.tree_leaves_with_path(tree)
        return [bool(self.where(jax.tree_util.keystr(path), w)) for path, w in named]

    def _joined(self, tree: Tree, matrices: list[Array], rest: list[Array]) -> Tree:
        """Both lists in the structure of ``tree``."""
        one, other = iter(matrices), iter(rest)
        leaves = [next(one if chosen else other) for chosen in self._chosen(tree)]
        return jax.tree.unflatten(jax.tree.structure(tree), leaves)

    def _factor(self, w: Array) -> float:
        inputs, outputs = w.shape[-2:]
        if self.scale == "original":
            return max(1, outputs / inputs) ** 0.5
        return 0.2 * max(inputs, outputs) ** 0.5

    def init(self, params: Tree) -> MuonState:
        matrices, rest = self._split(params)
        return MuonState(first_step(), zeros_like(matrices), self.rest.init(rest))

    def update(
        self, grads: Tree, state: MuonState, params: Tree | None = None
    ) -> tuple[Tree, MuonState]:
        eta, mu, decay = self.rate(state), self.mu, self.weight_decay
        weights, others = self._split(given(params, "Muon"))
        g, other_grads = self._split(grads)
        m = tree_map(lambda g, m: mu * m + (1 - mu) * g, g, state.m)
        ahead = tree_map(lambda g, m: mu * m + (1 - mu) * g, g, m) if self.nesterov else m
        updates = tree_map(
            lambda x, w: -eta * (self._factor(w) * newton_schulz(x, self.eps) + decay * w),
            ahead, weights,
        )  # fmt: skip
        other_updates, rest = self.rest.update(other_grads, state.rest, others)
        joined = self._joined(grads, updates, other_updates)
        return joined, MuonState(state.step + 1, m, rest)

    def threshold(self, learning_rate: Scalar) -> Scalar:
        r"""NaN: two rules in one, of which the one for matrices has no edge.

        The length of its step does not depend on the gradient's, so that on a quadratic
        :math:`\lVert\cdot\rVert_F` of a step is at most :math:`1.21\sqrt{\operatorname{rank}}`
        times the rate and its factor, however large the curvature is. It swings about the minimum
        with an amplitude that the rate sets.
        """
        return jnp.nan * jnp.ones_like(learning_rate)


def muon(
    learning_rate: LearningRate,
    mu: Scalar = 0.95,
    weight_decay: Scalar = 0.0,
    eps: Scalar = 1e-7,
    *,
    rest: Optimizer | Any = None,
    nesterov: bool = True,
    scale: str = "original",
    where: Callable[[str, Array], bool] = is_matrix,
) -> Muon:
    r"""Muon: for each matrix, momentum that is orthogonalized by Newton-Schulz steps.

    .. math::
        m_{t+1} &= \mu m_t + (1 - \mu) g_t, \quad m_0 = 0 \\
        O_t &= \mathrm{NS}(\mu m_{t+1} + (1 - \mu) g_t) \\
        \theta_{t+1} &= \theta_t - \eta_t (s\, O_t + \lambda \theta_t)

    NS is :func:`stabsim.optimizers.newton_schulz`, and without ``nesterov`` it is of
    :math:`m_{t+1}`. For a matrix of m inputs by n outputs, as the workloads store them, the factor
    is :math:`s = \sqrt{\max(1, n/m)}` as Jordan et al. have it, or with "match_rms_adamw"
    :math:`s = 0.2 \sqrt{\max(m, n)}`, at which an entry moves about as far as under AdamW
    (Liu et al.). All that is no matrix follows another rule.

    Args:
        learning_rate: :math:`\eta_t`, a number, a traced array or a schedule.
        mu: :math:`\mu`, in [0, 1).
        weight_decay: :math:`\lambda` for the matrices, at least 0.
        eps: :math:`\epsilon` of NS, at least 0.
        rest: the rule for all else; ``adamw(learning_rate, weight_decay=weight_decay)`` if not
            given.
        nesterov: whether the newest gradient counts twice.
        scale: "original" or "match_rms_adamw".
        where: from an array's path, such as "[0]['w']", and the array to whether it is one of the
            matrices, or a stack of them along its last two axes; those with two axes if not given.
    Returns:
        An ``(init, update)`` pair, whose ``update`` needs the parameters.
    Raises:
        ValueError: if the learning rate, the decay or eps is negative or not finite, mu not in
            [0, 1), or there is no such scale.
        TypeError: if one of them is no number, rest is no Optimizer, or ``update`` gets no
            parameters.
    References:
        Jordan et al., Muon: An Optimizer for Hidden Layers in Neural Networks (2024); Liu et al.,
        Muon is Scalable for LLM Training (2025), equation 4.
    Examples:
        >>> init, update = muon(0.1)
        >>> w = jnp.eye(2)
        >>> abs(float(update(w, init(w), w)[0][0, 0])) < 0.121
        True
    """
    _check.rate("learning_rate", learning_rate)
    _check.decay("mu", mu)
    _check.nonnegative("weight_decay", weight_decay)
    _check.nonnegative("eps", eps)
    _check.choice("scale", scale, SCALES)
    rest = adamw(learning_rate, weight_decay=weight_decay) if rest is None else rest
    if not isinstance(rest, Optimizer):
        raise TypeError(f"rest must be an Optimizer, such as adamw(0.001), not {rest!r}.")
    return Muon(
        as_schedule(learning_rate), mu, weight_decay, eps, rest, bool(nesterov), scale, where
    )
