"""What pages say of numbers that their cells compute, each with the room it needs.

A cell computes where its notebook runs, and another processor rounds otherwise. (A build of the
book reads the sweeps that are recorded.) So a statement is a number with bounds that must hold on
every processor, and with initial weights that differ in the last digits. A page's statements are
functions from a :class:`Nudge` in ``claims/statements``; the tests assert them, and
``python -m claims.portable`` says how much room each has.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Key

from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Tree
from stabsim.workloads import Workload
from stabsim.workloads.workload import Network


class Statement(NamedTuple):
    """A number of which a page says something.

    Attributes:
        text: what it is.
        value: the number as measured.
        low, high: the ends between which it has to lie for the page's words to be true.
    """

    text: str
    value: float
    low: float = -np.inf
    high: float = np.inf

    @property
    def holds(self) -> bool:
        return bool(self.low <= self.value <= self.high)

    @property
    def margin(self) -> float:
        """How far the nearest end is, as a share of it; negative beyond it."""
        return min(
            (sign * (self.value - end) / (abs(end) or 1.0))
            for sign, end in ((1, self.low), (-1, self.high))
            if np.isfinite(end)
        )


@pytree
class Nudged:
    """A network whose initial weights are each moved by up to a share of themselves."""

    network: Network
    size: Scalar

    def init(self, key: Key[Array, ""]) -> Tree:
        weights, structure = jax.tree.flatten(self.network.init(key))
        keys = jax.random.split(jax.random.fold_in(key, 1), len(weights))
        moved = [
            w * (1 + self.size * jax.random.uniform(k, w.shape, w.dtype, -1, 1))
            for w, k in zip(weights, keys, strict=True)
        ]
        return jax.tree.unflatten(structure, moved)

    def apply(self, params: Tree, inputs: Array) -> Array:
        return self.network.apply(params, inputs)


class Nudge(NamedTuple):
    """Moves a workload's initial weights by up to ``size`` of themselves; by none if it is 0."""

    size: float = 0.0

    def __call__(self, workload: Workload) -> Workload:
        if self.size == 0:
            return workload
        return replace(workload, network=Nudged(workload.network, self.size))


AS_DRAWN = Nudge()

Said = Callable[[Nudge], Iterable[Statement]]
"""What a page says of some of its runs; the argument is ``_`` where no weights are nudged."""
