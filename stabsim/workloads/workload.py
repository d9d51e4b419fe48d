"""A workload: a network, a loss and the data to train it on."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int, Key, Shaped

from stabsim import _check
from stabsim._pytree import pytree, static
from stabsim._transformation import Scalar, Tree


class Batch(NamedTuple):
    """Rows of data.

    Attributes:
        inputs: one row each, of any shape.
        targets: one row each: class numbers for a classifier, one a token for a language model.
    """

    inputs: Shaped[Array, "rows ..."]
    targets: Array


@runtime_checkable
class Network(Protocol):
    """A parametrized function. A frozen dataclass registered as a pytree."""

    def init(self, key: Key[Array, ""]) -> Tree:
        """Initial parameters drawn with ``key``."""
        ...

    def apply(self, params: Tree, inputs: Array) -> Array:
        """The outputs for a batch of inputs."""
        ...


@runtime_checkable
class Loss(Protocol):
    """A function from a batch's outputs and targets to a scalar."""

    def __call__(self, outputs: Array, targets: Array, /) -> Float[Array, ""]: ...


def _outputs(outputs: Array, targets: Array, /) -> Array:
    return outputs


@pytree
class Workload:
    """What is trained: a network on data, or a function of its parameters alone.

    Attributes:
        name: a short name for tables and legends.
        network: its ``init`` and ``apply``.
        objective: from a batch's outputs and targets to the loss, a mean over rows.
        train: the training data; None for a synthetic surface.
        validation: the validation data, disjoint from it; None for a synthetic surface.
        synthetic: whether the problem is made up rather than measured.
        outlier_probability: how often a minibatch's inputs are multiplied by
            ``outlier_scale``; None for never.
        outlier_scale: the factor.
    """

    network: Network
    train: Batch | None = None
    validation: Batch | None = None
    outlier_probability: Scalar | None = None
    outlier_scale: Scalar | None = None
    name: str = static(default="workload")
    objective: Loss = static(default=_outputs)
    synthetic: bool = static(default=False)

    @property
    def rows(self) -> int:
        """The number of training rows; 0 for a synthetic surface."""
        return 0 if self.train is None else self.train.inputs.shape[0]

    def init(self, key: Key[Array, ""]) -> Tree:
        """Initial parameters."""
        return self.network.init(key)

    def loss(self, params: Tree, batch: Batch | None = None) -> Float[Array, ""]:
        """The mean loss over ``batch``, or over all the training data."""
        batch = self.train if batch is None else batch
        if batch is None:
            return self.network.apply(params, jnp.zeros(()))
        return self.objective(self.network.apply(params, batch.inputs), batch.targets)

    def error(self, params: Tree, batch: Batch) -> Float[Array, ""]:
        """The share of ``batch`` that is put in the wrong class."""
        outputs = self.network.apply(params, batch.inputs)
        guesses = outputs.argmax(-1).astype(batch.targets.dtype)
        return jnp.mean(guesses != batch.targets, dtype=outputs.dtype)


def cross_entropy(
    logits: Float[Array, "*rows classes"], labels: Int[Array, "*rows"]
) -> Float[Array, ""]:
    """The mean negative log-likelihood of the labels, in nats."""
    chosen = jnp.sum(logits * jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype), -1)
    return jnp.mean(jax.nn.logsumexp(logits, -1) - chosen)


@dataclass(frozen=True)
class SmoothedCrossEntropy:
    """As :func:`smoothed_cross_entropy` says; two with the same numbers are one program."""

    z_loss: float
    label_smoothing: float

    def __call__(self, outputs: Array, targets: Array, /) -> Float[Array, ""]:
        classes, s = outputs.shape[-1], self.label_smoothing
        log_z = jax.nn.logsumexp(outputs, -1)
        p = (1 - s) * jax.nn.one_hot(targets, classes, dtype=outputs.dtype) + s / classes
        return jnp.mean(log_z - jnp.sum(outputs * p, -1) + self.z_loss * log_z**2)


def smoothed_cross_entropy(z_loss: float = 0.0, label_smoothing: float = 0.0) -> Loss:
    r"""Cross-entropy with smoothed labels and a penalty on the size of the logits.

    .. math:: \ell = \log Z - \sum_c p_c\, y_c + \zeta \log^2 Z, \quad
        p_c = (1 - s)\, [c = \text{label}] + s/C, \quad Z = \sum_c e^{y_c}

    for logits y of C classes, the mean over rows. Cross-entropy alone does not change when all
    logits are shifted together; the penalty keeps :math:`\log Z` near 0.

    Args:
        z_loss: :math:`\zeta`, at least 0; a usual one is 1e-4.
        label_smoothing: s, from 0 to 1.
    Returns:
        A function of logits and labels; :func:`cross_entropy` itself where both are 0. The numbers
        are part of the program and not swept in one.
    Raises:
        TypeError: if either is no number, or traced.
        ValueError: if either is out of its range.
    References:
        Szegedy et al., Rethinking the Inception Architecture (2016), section 7; Chowdhery et al.,
        PaLM (2022), section 5, for the penalty.
    """
    for name, value in (("z_loss", z_loss), ("label_smoothing", label_smoothing)):
        if isinstance(value, Tracer):
            raise TypeError(
                f"{name} must be a fixed number: it is part of the program. "
                f"In a sweep, name its axis in loop=[...]."
            )
    _check.nonnegative("z_loss", z_loss)
    _check.probability("label_smoothing", label_smoothing)
    if z_loss == 0 and label_smoothing == 0:
        return cross_entropy
    return SmoothedCrossEntropy(float(z_loss), float(label_smoothing))


def squared_error(
    outputs: Float[Array, "rows classes"], labels: Int[Array, " rows"]
) -> Float[Array, ""]:
    """Half the mean over rows of the squared distance to the label's unit vector."""
    targets = jax.nn.one_hot(labels, outputs.shape[-1], dtype=outputs.dtype)
    return jnp.mean(jnp.sum((outputs - targets) ** 2, -1)) / 2


def with_outliers(workload: Workload, probability: Scalar, scale: Scalar) -> Workload:
    """The workload with rare corrupted minibatches, which spike in mid-training.

    With the given probability, all inputs of a minibatch are multiplied by ``scale``. The
    corruption is ours; the data are as they were.

    Args:
        workload: one with training data.
        probability: per minibatch, from 0 to 1.
        scale: the factor, above 0.
    Raises:
        ValueError: if the workload has no data or reads tokens, the probability is outside 0 to 1
            or the scale not positive.
    """
    if workload.train is None:
        raise ValueError(f"workload must have training data to corrupt; {workload.name} has none.")
    if not jnp.issubdtype(workload.train.inputs.dtype, jnp.floating):
        raise ValueError(
            f"workload's inputs must be numbers to scale; {workload.name} reads tokens."
        )
    _check.probability("probability", probability)
    _check.positive("scale", scale)
    return replace(
        workload,
        outlier_probability=probability,
        outlier_scale=scale,
        name=f"{workload.name} with outliers",
    )


def with_label_noise(workload: Workload, share: float) -> Workload:
    """The workload with wrong labels among its training rows, which can only be memorized.

    A fixed choice of ``share`` of the training rows gets another class each, drawn evenly. The
    wrong labels are ours; the validation labels are as they were.

    Args:
        workload: a classifier with training data.
        share: of the training rows, from 0 to 1, rounded to whole rows.
    Raises:
        ValueError: if the workload has no data or a label for each token, or the share is outside
            0 to 1.
    """
    if workload.train is None:
        raise ValueError(f"workload must have training data to mislabel; {workload.name} has none.")
    if workload.train.targets.ndim != 1:
        raise ValueError(f"workload must have one label a row; {workload.name} has one a token.")
    _check.probability("share", share)
    labels = workload.train.targets
    rng = np.random.default_rng(0)
    wrong = np.zeros(labels.size, np.int32)
    wrong[rng.choice(labels.size, round(share * labels.size), replace=False)] = 1
    classes = labels.max() + 1
    drawn = jnp.asarray(rng.uniform(size=labels.size), jnp.float32)
    away = 1 + jnp.floor(drawn * (classes - 1).astype(jnp.float32)).astype(labels.dtype)
    return replace(
        workload,
        train=workload.train._replace(targets=(labels + wrong * away) % classes),
        name=f"{workload.name} with label noise",
    )
