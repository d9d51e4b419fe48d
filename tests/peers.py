"""Keras's own optimizers, run on given gradients in double precision."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np


def keras_path(
    make: Callable[..., Any], gradients: np.ndarray, rates: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """The parameters after each step, ``(steps, ...)``.

    Args:
        make: from a ``learning_rate`` to an optimizer.
        gradients: ``(steps, ...)``.
        rates: ``(steps,)``.
        start: the first parameters, in the shape of a gradient.
    """
    precision = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        weights, path = keras.Variable(start), []
        rule = make(learning_rate=float(rates[0]))
        for gradient, rate in zip(gradients, rates, strict=True):
            rule.learning_rate = float(rate)
            rule.apply([keras.ops.convert_to_tensor(gradient)], [weights])
            path.append(np.array(weights.value))
        return np.array(path)
    finally:
        keras.config.set_floatx(precision)
