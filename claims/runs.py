"""What claims read off their sweeps."""

from typing import Any

import numpy as np

from stabsim.trace import final_loss


def final(runs: Any) -> np.ndarray:
    """Final training losses with inf for runs that are not finite, ``(..., seeds)``."""
    loss = runs.loss.transpose(..., "seed", "step").to_numpy()
    return np.nan_to_num(final_loss(loss), nan=np.inf, posinf=np.inf)
