"""PyTorch: hooks that log the loss and the unclipped gradient norm of every step."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from stabsim.logs.hooks import StepFile


class Gradients:
    """The norm of all gradients as ``backward`` leaves them, so before any clipping.

    Where gradients are accumulated over several calls, it is that of their sum. In a run of
    several processes it is that of this process, before the gradients are averaged.
    """

    def __init__(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        measured = [p for p in parameters if p.requires_grad]
        self._squares: dict[torch.nn.Parameter, torch.Tensor] = {}
        self._hooks = [p.register_post_accumulate_grad_hook(self._measure) for p in measured]

    def _measure(self, parameter: torch.nn.Parameter) -> None:
        assert parameter.grad is not None
        self._squares[parameter] = parameter.grad.detach().double().square().sum()

    def take(self) -> float | None:
        """The norm since it was last taken; None if no gradient was computed."""
        squares, self._squares = self._squares, {}
        return float(torch.stack([*squares.values()]).sum().sqrt()) if squares else None

    def close(self) -> None:
        for hook in self._hooks:
            hook.remove()


class StepLog(StepFile):
    """Logs every step of an optimizer to a file of JSON lines. Pass the loss through :meth:`loss`.

    Args:
        path: the file, which is written anew.
        optimizer: its parameters and the rate of its first group are what is logged.
        scaler: the loss scaler, if there is one: norms are then those of the unscaled gradient,
            and a step that the scaler skips, since a gradient is not finite, is logged as such.
        stop_when: when ``log.stop`` comes true, for the loop to end; see
            :class:`stabsim.logs.hooks.StepFile`.
    """

    def __init__(
        self, path: str | Path, optimizer: torch.optim.Optimizer,
        scaler: torch.amp.GradScaler | None = None, stop_when: str = "never",
    ) -> None:  # fmt: skip
        super().__init__(path, stop_when)
        self._step, self._loss, self._scaler = 0, None, scaler
        self._gradients = Gradients(p for group in optimizer.param_groups for p in group["params"])
        if scaler is None:
            self._hook = optimizer.register_step_pre_hook(self._on_step)
        else:  # which calls the optimizer's step only where it does not skip it
            self._scaled_step, scaler.step = scaler.step, self._on_scaled_step

    def loss(self, value: torch.Tensor) -> torch.Tensor:
        """Remembers the loss, and returns it: ``log.loss(criterion(...)).backward()``."""
        self._loss = value.detach()
        return value

    def _on_scaled_step(self, optimizer: torch.optim.Optimizer, *args: Any, **options: Any) -> Any:
        self._on_step(optimizer)
        return self._scaled_step(optimizer, *args, **options)

    def _on_step(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        norm, skipped = self._gradients.take(), None
        if self._scaler is not None and norm is not None:
            norm /= self._scaler.get_scale()
            skipped = not torch.isfinite(torch.tensor(norm)).item()
        self.write(self._step, self._loss, norm, optimizer.param_groups[0]["lr"], skipped)
        self._step, self._loss = self._step + 1, None

    def close(self) -> None:
        """Takes the hooks away and closes the file."""
        self._gradients.close()
        if self._scaler is None:
            self._hook.remove()
        else:
            self._scaler.step = self._scaled_step
        super().close()
