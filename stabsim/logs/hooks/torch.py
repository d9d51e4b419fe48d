"""PyTorch: hooks that log the loss and the unclipped gradient norm of every step."""

from pathlib import Path
from typing import Any

import torch

from stabsim.logs.hooks import write_record


class StepLog:
    """Logs every step of an optimizer to a file of JSON lines.

    Hooks on the parameters measure each gradient as ``backward`` leaves it, so before any
    clipping; a hook on ``step`` writes the record. Pass the loss through :meth:`loss`.

    Args:
        path: the file, which is written anew.
        optimizer: its parameters and the rate of its first group are what is logged.
    """

    def __init__(self, path: str | Path, optimizer: torch.optim.Optimizer) -> None:
        self._file, self._step, self._loss, self._squares = open(path, "w"), 0, None, {}  # noqa: SIM115
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        measured = [p for p in parameters if p.requires_grad]
        self._hooks = [p.register_post_accumulate_grad_hook(self._measure) for p in measured]
        self._hooks.append(optimizer.register_step_pre_hook(self._write))

    def loss(self, value: torch.Tensor) -> torch.Tensor:
        """Remembers the loss, and returns it: ``log.loss(criterion(...)).backward()``."""
        self._loss = value.detach()
        return value

    def _measure(self, parameter: torch.Tensor) -> None:
        assert parameter.grad is not None
        self._squares[parameter] = parameter.grad.detach().double().square().sum()

    def _write(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        norm = torch.stack([*self._squares.values()]).sum().sqrt() if self._squares else None
        write_record(self._file, self._step, self._loss, norm, optimizer.param_groups[0]["lr"])
        self._step, self._loss, self._squares = self._step + 1, None, {}

    def close(self) -> None:
        """Takes the hooks away and closes the file."""
        for hook in self._hooks:
            hook.remove()
        self._file.close()
