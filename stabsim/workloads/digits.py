"""scikit-learn's digits: 1797 real images of 8 by 8 pixels, in ten classes."""

from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from stabsim.workloads.workload import Batch

TRAIN_ROWS = 1437
CLASSES = 10


@cache
def _arrays() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits  # here, for it takes longer to import than to use

    images, labels = (np.asarray(part) for part in load_digits(return_X_y=True))
    order = np.random.default_rng(0).permutation(len(labels))
    images, labels = images[order], labels[order]
    train = images[:TRAIN_ROWS]
    return (images - train.mean()) / train.std(), labels


def digits() -> tuple[Batch, Batch]:
    """The training and the validation split: 1437 and 360 rows, fixed and disjoint.

    Inputs are ``(rows, 64)`` in standard units: one mean and one standard deviation, the
    training split's, over all pixels. Targets are class numbers from 0 to 9.

    References:
        Alpaydin and Kaynak, Optical Recognition of Handwritten Digits (1998), UCI
        Machine Learning Repository; the copy that scikit-learn carries.
    """
    images, labels = _arrays()
    x = jnp.asarray(images, jnp.result_type(float))
    y = jnp.asarray(labels, jnp.int32)
    return Batch(x[:TRAIN_ROWS], y[:TRAIN_ROWS]), Batch(x[TRAIN_ROWS:], y[TRAIN_ROWS:])


def grey(inputs: Float[Array, "..."]) -> Float[Array, "..."]:
    """Pixels in standard units as shares of full ink: from 0 to 1, if they are the digits' own."""
    pixels = _arrays()[0]
    low, high = float(pixels.min()), float(pixels.max())
    return (inputs - low) / (high - low)
