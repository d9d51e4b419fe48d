"""What logs a run for ``stabsim diagnose`` from the loops of other libraries.

One module a library, imported by name, for none of the libraries is needed here:
:mod:`stabsim.logs.hooks.optax`, :mod:`stabsim.logs.hooks.torch` and
:mod:`stabsim.logs.hooks.keras`.
Each writes JSON lines: the step, the loss, the norm of the unclipped gradient, and the rate.
"""

import json
from typing import IO, Any


def write_record(
    file: IO[str], step: Any, loss: Any, gradient_norm: Any, learning_rate: Any = None
) -> None:
    """One line of a log, numbers in full; what is None is left out."""
    values = {"loss": loss, "gradient_norm": gradient_norm, "learning_rate": learning_rate}
    numbers = {name: float(value) for name, value in values.items() if value is not None}
    file.write(json.dumps({"step": int(step), **numbers}) + "\n")
