"""What logs a run for ``stabsim diagnose`` from the loops of other libraries.

One module a library, imported by name, for none of the libraries is needed here:
:mod:`stabsim.logs.hooks.torch`, :mod:`stabsim.logs.hooks.transformers`,
:mod:`stabsim.logs.hooks.lightning`, :mod:`stabsim.logs.hooks.keras` and
:mod:`stabsim.logs.hooks.optax`.
Each writes JSON lines: the step, the loss of that step, the norm of its gradient before clipping
and without a loss scale, the rate of that step, and whether a loss scaler skipped the step.
"""

import json
import math
from array import array
from pathlib import Path
from typing import IO, Any

import numpy as np

from stabsim import _check
from stabsim.diagnosis import diagnose
from stabsim.logs.watch import failing
from stabsim.logs.words import STOPS

EVERY = 1.02
"""The run so far is judged again once it has grown by this factor: each record costs the same."""


def write_record(
    file: IO[str],
    step: Any,
    loss: Any,
    gradient_norm: Any,
    learning_rate: Any = None,
    skipped: bool | None = None,
) -> None:
    """One line of a log, numbers in full; what is None is left out."""
    values = {"loss": loss, "gradient_norm": gradient_norm, "learning_rate": learning_rate}
    record = {name: float(value) for name, value in values.items() if value is not None}
    said = {} if skipped is None else {"skipped": skipped}
    file.write(json.dumps({"step": int(step), **record, **said}) + "\n")


class StepFile:
    """A log that is written record by record, and says when training should stop.

    Attributes:
        stop: whether it should: ``stop_when`` has come true.

    Args:
        path: the file, which is written anew.
        stop_when: "never"; "diverged", as soon as a loss is not finite; or "unstable", then
            too, and once the loss has risen and has not recovered within 100 records.
    Raises:
        ValueError: if ``stop_when`` is none of these.
    """

    def __init__(self, path: str | Path, stop_when: str = "never") -> None:
        _check.choice("stop_when", stop_when, STOPS)
        self.stop, self._when = False, stop_when
        # Line by line, so that who watches the file sees whole records at once.
        self._file = open(path, "w", buffering=1)  # noqa: SIM115
        self._losses, self._next = array("d"), 0

    def write(
        self, step: Any, loss: Any, gradient_norm: Any, learning_rate: Any,
        skipped: bool | None = None,
    ) -> None:  # fmt: skip
        """Writes a record, and judges the run so far where it may have to stop.

        A step that was skipped changed nothing, so its loss is not judged.
        """
        write_record(self._file, step, loss, gradient_norm, learning_rate, skipped)
        if self._when == "never" or loss is None or skipped:
            return
        self._losses.append(float(loss))
        if not math.isfinite(self._losses[-1]):
            self.stop = True
        elif self._when == "unstable" and len(self._losses) >= max(2, self._next):
            self._next = int(EVERY * len(self._losses)) + 1
            losses = np.array(self._losses)
            self.stop = self.stop or failing(diagnose(losses), [np.arange(losses.size)], self._when)

    def measured(self, step: Any, sharpness: float, threshold: float, noise: float) -> None:
        """A record of a measured sharpness and the optimizer's threshold: ``stabsim.probe``."""
        record = {"step": int(step), "sharpness": sharpness, "threshold": threshold}
        said = {} if math.isnan(noise) else {"sharpness_noise": noise}
        self._file.write(json.dumps(record | said) + "\n")

    def close(self) -> None:
        self._file.close()
