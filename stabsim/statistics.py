"""How sure a mean over seeds is."""

from typing import NamedTuple

import numpy as np

__all__ = [
    "Interval",
    "interval",
]


class Interval(NamedTuple):
    """A mean with the ends of its confidence interval."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def interval(values: np.ndarray, share: float = 0.95) -> Interval:
    r"""Student's interval of the mean over the last axis, the one of the seeds.

    .. math:: \bar x \pm t_{n-1} \frac{s}{\sqrt{n}}

    Args:
        values: shape ``(..., n)``, n at least 2.
        share: how often such an interval holds the mean of all seeds, if the values of
            single seeds are normally distributed.
    Raises:
        ValueError: if there are fewer than two values.
    Examples:
        >>> [round(float(end), 2) for end in interval(np.array([1.0, 2.0, 3.0]))]
        [2.0, -0.48, 4.48]
    """
    from scipy.stats import t  # SciPy comes with jax; its statistics are slow to import

    values = np.asarray(values, float)
    n = values.shape[-1]
    if n < 2:
        raise ValueError(f"An interval needs at least two values; there are {n}.")
    mean = values.mean(-1)
    half = t.ppf((1 + share) / 2, n - 1) * values.std(-1, ddof=1) / np.sqrt(n)
    return Interval(mean, mean - half, mean + half)
