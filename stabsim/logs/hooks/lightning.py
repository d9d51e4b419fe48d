"""Lightning: a callback of ``Trainer`` that logs every optimizer step."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from stabsim.logs.hooks import StepFile


class StepLog(pl.Callback):
    """Logs every step to a file of JSON lines: ``Trainer(callbacks=[StepLog("run.jsonl")])``.

    What ``self.log`` writes by default is the loss of one minibatch in fifty. This is the loss
    of each step, the mean over its accumulated minibatches; the norm of the gradient, which
    Lightning hands over unscaled and before it is clipped; and the rate. For one
    optimizer, in one process.

    Args:
        path: the file, which is written anew.
        stop_when: when to end the training; see :class:`stabsim.logs.hooks.StepFile`.
    """

    def __init__(self, path: str | Path, stop_when: str = "never") -> None:
        self._given = path, stop_when

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._log, self._losses, self._measured = StepFile(*self._given), [], None

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Any
    ) -> None:
        grads = [p.grad for group in optimizer.param_groups for p in group["params"]]
        squares = [g.detach().double().square().sum() for g in grads if g is not None]
        norm = torch.stack(squares).sum().sqrt() if squares else None
        scaled = getattr(trainer.precision_plugin, "scaler", None) is not None
        skipped = not norm.isfinite().item() if scaled and norm is not None else None
        self._measured = norm, optimizer.param_groups[0]["lr"], skipped

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *_: Any
    ) -> None:
        if isinstance(outputs, dict) and "loss" in outputs:
            self._losses.append(float(outputs["loss"]))  # divided by the number of minibatches
        if self._measured is not None:  # the minibatch that completed a step
            loss = sum(self._losses) if self._losses else None
            self._log.write(trainer.global_step - 1, loss, *self._measured)
            self._losses, self._measured = [], None
            trainer.should_stop = trainer.should_stop or self._log.stop

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._log.close()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        self._log.close()
