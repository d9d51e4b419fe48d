"""Hugging Face transformers: a callback of ``Trainer`` that logs every optimizer step."""

import math
from pathlib import Path
from typing import Any

import torch

# From their modules: of the package's own a type checker would read hundreds of models.
from transformers.trainer import Trainer
from transformers.trainer_callback import TrainerCallback

from stabsim.logs.hooks import StepFile
from stabsim.logs.hooks.torch import Gradients


class StepLog(TrainerCallback):
    """Logs every step to JSON lines: ``trainer.add_callback(StepLog("run.jsonl", trainer))``.

    What Trainer logs itself is the mean of a window, which ``logging_nan_inf_filter`` frees of
    NaN. This is the loss of each step, NaN included, summed over its accumulated minibatches as
    Trainer weighs them, the norm before clipping and without the loss scale, and the rate of the
    step. For one process.

    Args:
        path: the file, which is written anew.
        trainer: the trainer, whose ``training_step`` is read while it trains.
        stop_when: when to end the training; see :class:`stabsim.logs.hooks.StepFile`.
    """

    def __init__(self, path: str | Path, trainer: Trainer, stop_when: str = "never") -> None:
        self._trainer, self._given = trainer, (path, stop_when)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._log, self._losses, self._rate = StepFile(*self._given), [], None
        self._gradients = Gradients(kwargs["model"].parameters())
        self._training_step = step = self._trainer.training_step

        def training_step(*args: Any, **options: Any) -> torch.Tensor:
            loss = step(*args, **options)
            self._losses.append(float(loss))
            return loss

        self._trainer.training_step = training_step

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._rate = kwargs["optimizer"].param_groups[0]["lr"]

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        scaler, norm, skipped = self._trainer.accelerator.scaler, self._gradients.take(), None
        if scaler is not None and norm is not None:
            norm /= scaler.get_scale()
            skipped = not math.isfinite(norm)
        self._log.write(state.global_step, sum(self._losses), norm, self._rate, skipped)
        self._losses.clear()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        control.should_training_stop = control.should_training_stop or self._log.stop

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._trainer.training_step = self._training_step
        self._gradients.close()
        self._log.close()
