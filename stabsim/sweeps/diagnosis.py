"""From a sweep over learning rates to the best rate and the edge of instability."""

import numpy as np
import xarray as xr

from stabsim import _check
from stabsim._sweep_reading import SweepDiagnosis as SweepDiagnosis
from stabsim._sweep_reading import conclude_sweep
from stabsim.diagnosis import LEARNED, diagnose
from stabsim.trace import final_loss


def diagnose_sweep(
    runs: xr.Dataset, axis: str = "learning_rate", objective: str = "final_loss"
) -> SweepDiagnosis:
    """The playbook's reading of a learning-rate sweep.

    Args:
        runs: what :func:`stabsim.sweep` returned, with a ``loss`` over ``axis``, ``step``
            and perhaps ``seed``; select one value of every other axis first.
        axis: the axis of the learning rates.
        objective: "final_loss", the median of the last tenth of the training losses, or
            "validation_loss" or "validation_error", the least over the checkpoints.
    Raises:
        TypeError: if ``runs`` is no dataset.
        ValueError: if an axis is missing or left over, or no run is feasible.
    """
    if not isinstance(runs, xr.Dataset):
        raise TypeError(f"runs must be the dataset of a sweep, not {type(runs).__name__}.")
    _check.choice("objective", objective, ("final_loss", "validation_loss", "validation_error"))
    for name in ("loss", axis):
        if name not in runs:
            raise ValueError(f"runs must hold {name!r}; it holds {sorted(map(str, runs))}.")
    left = set(runs.loss.dims) - {axis, "seed", "step"}
    if left:
        raise ValueError(f"select one value of each other axis first: {sorted(map(str, left))}.")
    runs = runs.sortby(axis)
    if "seed" not in runs.dims:
        runs = runs.expand_dims("seed")
    loss = runs.loss.transpose(axis, "seed", "step").to_numpy()
    verdicts = [[diagnose(run) for run in seeds] for seeds in loss]
    feasible = np.array([[v.feasible for v in seeds] for seeds in verdicts])
    unstable = np.array([[v.unstable for v in seeds] for seeds in verdicts])
    if objective == "final_loss":
        compared = final_loss(loss)
    else:
        best = runs[objective].min("evaluation_step")
        compared = best.transpose(axis, "seed").to_numpy()
    rates = runs[axis].to_numpy().astype(float)
    learned = final_loss(loss) < LEARNED * loss[..., 0]
    return conclude_sweep(rates, compared, feasible, unstable, learned)
