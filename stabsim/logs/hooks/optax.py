"""optax: a transformation that logs the loss and the unclipped gradient norm of every step."""

from collections.abc import Callable
from typing import IO, Any

import jax
import jax.numpy as jnp
import optax

from stabsim.logs.hooks import write_record


def log_steps(
    file: IO[str], learning_rate: float | Callable[[Any], Any] | None = None
) -> optax.GradientTransformationExtraArgs:
    """Changes no gradient; writes a JSON line a step, also from within ``jit`` and ``scan``.

    Stands first in a chain, before anything that clips, and takes the loss as ``value``:
    ``optax.chain(log_steps(file), optax.adam(1e-3)).update(grads, state, params, value=loss)``.

    Args:
        file: an open text file. Call ``jax.effects_barrier()`` before closing it.
        learning_rate: the rate, or its schedule, to be logged too.
    """

    def init(params: Any) -> Any:
        return jnp.zeros((), jnp.int32)

    def update(updates: Any, state: Any, params: Any = None, *, value: Any = None, **_: Any) -> Any:
        norm = jnp.sqrt(sum(jnp.sum(jnp.abs(g) ** 2) for g in jax.tree.leaves(updates)))
        rate = learning_rate(state) if callable(learning_rate) else learning_rate
        jax.debug.callback(
            lambda *record: write_record(file, *record), state, value, norm, rate, ordered=True
        )
        return updates, state + 1

    return optax.GradientTransformationExtraArgs(init, update)
