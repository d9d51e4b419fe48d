"""The (init, update) pair that optimizers and clipping share with optax."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Scalar = int | float | Array
"""A metaparameter: a number, or a traced array, so that a sweep over it compiles once."""

Tree = Any
"""A pytree of arrays: parameters, gradients or updates."""


class Transformation:
    """An ``(init, update)`` pair with optax's calling convention.

    ``init(params) -> state`` and ``update(grads, state, params=None) -> (updates, state)``.
    ``init, update = pair`` unpacks it. Subclasses are frozen dataclasses registered as
    pytrees: their metaparameters are leaves, so two pairs that differ only in numbers
    run in one compiled program.
    """

    init: Callable[..., Any]
    update: Callable[..., Any]

    def __iter__(self) -> Iterator[Callable[..., Any]]:
        yield self.init
        yield self.update


def tree_map(f: Callable[..., Array], tree: Tree, *rest: Tree) -> Tree:
    """``f`` on each leaf, with the result in that leaf's dtype."""
    return jax.tree.map(lambda x, *xs: f(x, *xs).astype(x.dtype), tree, *rest)


def zeros_like(tree: Tree) -> Tree:
    return jax.tree.map(jnp.zeros_like, tree)


def global_norm(tree: Tree) -> Float[Array, ""]:
    """The L2 norm of all the leaves of ``tree`` taken as one vector."""
    return jnp.sqrt(sum(jnp.sum(x * x) for x in jax.tree.leaves(tree)))


def apply_updates(params: Tree, updates: Tree) -> Tree:
    """``params + updates``, leaf by leaf."""
    return tree_map(jnp.add, params, updates)
