"""Keras 3 on the jax backend: a callback that logs every step's loss and gradient norm."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import keras

from stabsim.logs.hooks import StepFile


class StepLog(keras.callbacks.Callback):
    """Logs every step of ``fit`` to a file of JSON lines: ``fit(..., callbacks=[StepLog(path)])``.

    The ``logs`` of Keras hold the mean loss of the epoch so far, and no gradient. So this reads
    the loss of the minibatch where it is computed, and the gradient where the optimizer gets it,
    which is before the optimizer's own clipping.

    Args:
        path: the file, which is written anew.
        stop_when: when to end the training; see :class:`stabsim.logs.hooks.StepFile`.
    """

    def __init__(self, path: str | Path, stop_when: str = "never") -> None:
        super().__init__()
        self._given, self._step, self._loss = (path, stop_when), 0, None

    def on_train_begin(self, logs: Any = None) -> None:
        self._log = StepFile(*self._given)
        model: Any = self.model
        self._wrapped = compute, apply = model.compute_loss, model.optimizer.apply

        def compute_loss(*args: Any, training: bool = True, **options: Any) -> Any:
            loss = compute(*args, training=training, **options)
            if training:
                jax.debug.callback(lambda x: setattr(self, "_loss", x), loss, ordered=True)
            return loss

        def apply_gradients(grads: Any, *args: Any) -> Any:
            norm = jnp.sqrt(sum(jnp.sum(jnp.square(g)) for g in grads if g is not None))
            rate = keras.ops.convert_to_tensor(model.optimizer.learning_rate)
            jax.debug.callback(self._write, norm, rate, ordered=True)
            return apply(grads, *args)

        self._wrap(compute_loss, apply_gradients)

    def _wrap(self, compute_loss: Any, apply: Any) -> None:
        model: Any = self.model
        model.compute_loss, model.optimizer.apply = compute_loss, apply
        model.make_train_function(force=True)

    def _write(self, norm: Any, rate: Any) -> None:
        self._log.write(self._step, self._loss, norm, rate)
        self._step += 1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        model: Any = self.model
        model.stop_training = model.stop_training or self._log.stop

    def on_train_end(self, logs: Any = None) -> None:
        jax.effects_barrier()
        self._wrap(*self._wrapped)
        self._log.close()
