"""How much a workload minds its learning rate, as one number of a sweep."""

import numpy as np
import xarray as xr

from stabsim.trace import final_loss


def learning_rate_sensitivity(runs: xr.Dataset, axis: str = "learning_rate") -> xr.DataArray:
    r"""The mean distance of a sweep's losses from its best, no loss counted above its start.

    .. math:: \operatorname{mean}_\eta \min(\ell_\eta, \ell_0) - \min_\eta \min(\ell_\eta, \ell_0)

    with the final loss :math:`\ell_\eta` at the rate :math:`\eta`, the median of the last tenth
    of the training losses, and the loss :math:`\ell_0` before the first step. It is 0 where every
    rate of the sweep does as well as the best, and depends on which rates are swept: compare
    workloads over the same ones, evenly spaced on a logarithmic axis.

    Args:
        runs: what :func:`stabsim.sweep` returned, with a ``loss`` over ``axis`` and ``step``.
        axis: the axis of the learning rates.
    Returns:
        One number, in nats where the loss is, for each seed and each value of the other axes.
    Raises:
        TypeError: if ``runs`` is no dataset.
        ValueError: if an axis is missing.
    References:
        Wortsman et al., Small-Scale Proxies for Large-Scale Transformer Training Instabilities
        (2023), section 2.2.
    """
    if not isinstance(runs, xr.Dataset):
        raise TypeError(f"runs must be the dataset of a sweep, not {type(runs).__name__}.")
    held = set(map(str, runs.dims)) | set(map(str, runs))
    if missing := sorted({"loss", "step", axis} - held):
        raise ValueError(f"runs must hold {missing[0]!r}; it holds {sorted(held)}.")
    loss = runs.loss.transpose(..., "step")
    start = loss.isel(step=0)
    end = start.copy(data=np.nan_to_num(final_loss(loss.to_numpy()), nan=np.inf))
    least = np.minimum(end, start)
    return (least - least.min(axis)).mean(axis)
