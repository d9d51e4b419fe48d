"""Multilayer perceptrons on digits."""

import jax
from jaxtyping import Array, Key

from stabsim import _check
from stabsim._pytree import pytree, static
from stabsim._transformation import Scalar, Tree
from stabsim.workloads.digits import CLASSES, TRAIN_ROWS, digits
from stabsim.workloads.layers import ACTIVATIONS, dense, dense_init, normalize
from stabsim.workloads.workload import Workload, cross_entropy, squared_error

OBJECTIVES = {"cross_entropy": cross_entropy, "squared_error": squared_error}


@pytree
class MLP:
    """Dense layers of the given widths, an activation after each but the last."""

    gain: Scalar
    widths: tuple[int, ...] = static()
    activation: str = static(default="relu")
    normalize: bool = static(default=False)

    def init(self, key: Key[Array, ""]) -> Tree:
        pairs = list(zip(self.widths, self.widths[1:], strict=False))
        keys = jax.random.split(key, len(pairs))
        return [dense_init(k, a, b, self.gain) for k, (a, b) in zip(keys, pairs, strict=True)]

    def apply(self, params: Tree, inputs: Array) -> Array:
        x = inputs
        for layer in params[:-1]:
            x = dense(layer, x)
            if self.normalize:
                x = normalize(x)
            x = ACTIVATIONS[self.activation](x)
        return dense(params[-1], x)


def mlp(
    depth: int = 3,
    width: int = 64,
    activation: str = "relu",
    gain: Scalar = 1.0,
    normalize: bool = False,
    objective: str = "cross_entropy",
    rows: int | None = None,
) -> Workload:
    r"""A multilayer perceptron on digits.

    Args:
        depth: the number of dense layers, at least 1.
        width: the number of units in each hidden layer.
        activation: "relu", "tanh", "gelu" or "linear".
        gain: weights start with standard deviation :math:`\text{gain}/\sqrt{\text{inputs}}`.
        normalize: whether layer normalization stands before each activation.
        objective: "cross_entropy" in nats, or "squared_error" against unit vectors.
        rows: how many of the training rows to use; all if not given.
    Raises:
        ValueError: if a count is below 1, a name is unknown or the gain is not positive.
    """
    _check.count("depth", depth)
    _check.count("width", width)
    _check.choice("activation", activation, ACTIVATIONS)
    _check.choice("objective", objective, OBJECTIVES)
    _check.positive("gain", gain)
    train, validation = digits()
    if rows is not None:
        if _check.count("rows", rows) > TRAIN_ROWS:
            raise ValueError(f"rows must be at most {TRAIN_ROWS}; it is {rows}.")
        train = type(train)(train.inputs[:rows], train.targets[:rows])
    network = MLP(gain, (64, *[width] * (depth - 1), CLASSES), activation, normalize)
    return Workload(network, train, validation, name="mlp", objective=OBJECTIVES[objective])
