"""Keras 3 on the jax and torch backends: the sharpness of a compiled model, and a callback.

The loss is the model's own, with its regularization, in evaluation mode: without dropout. A model
with batch normalization is measured in training mode, for with the running means in their place the
loss is another function. It depends on biases that training cannot move, so that Adam divides by
next to nothing there, and the sharpness would be huge.
"""

from collections.abc import Sequence
from typing import Any

import keras

from stabsim.logs.hooks import StepFile
from stabsim.probe import rules
from stabsim.probe.measurement import (
    MOST,
    TOLERANCE,
    Measurement,
    Share,
    halved,
    log_measurement,
    measure,
)
from stabsim.probe.rules import Known, Numbers, Rule


class Probe(keras.callbacks.Callback):
    """Measures the sharpness of a model, also during ``fit(..., callbacks=[probe])``.

    Args:
        batch: inputs and targets, ``(x, y)``, on which the callback measures.
        log: a :class:`stabsim.logs.hooks.StepFile`, in which it writes what it measures.
        every, share: it measures every so many steps, in at most this share of the time.
    """

    def __init__(
        self, batch: Any = None, log: StepFile | None = None, every: int = 10, share: float = 0.05
    ) -> None:
        super().__init__()
        self._batch, self._log, self._given = batch, log, (every, share)
        self._of: Any = None
        self._compiled: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        self._share = Share(*self._given)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        model: Any = self.model
        step = int(model.optimizer.iterations) - 1
        if self._batch is not None and self._share.due(step):
            if keras.backend.backend() == "jax":
                model.jax_state_sync()  # what is trained is not in the variables until then
            found = self._share.spend(lambda: self.measure(model, [self._batch]))
            log_measurement(self._log, step, found)

    def measure(
        self, model: Any, batches: Sequence[Any], count: int = 1, *, halves: bool = True,
        tolerance: float = TOLERANCE, most: int = MOST,
    ) -> Measurement:  # fmt: skip
        """The largest eigenvalues on these batches, weighted equally.

        Args:
            model: compiled, with a loss and an optimizer.
            batches: a list of inputs and targets, ``(x, y)`` each.
            count: how many eigenvalues.
            halves: whether to measure on two halves of the data too, which costs as much again.
            tolerance: the error at which to stop, as a share of the eigenvalue.
            most: so many products with the Hessian at most.
        Raises:
            ValueError: if the optimizer's threshold is not known, it has made no step, or the
                backend is TensorFlow.
        """
        if not batches:
            raise ValueError("batches must hold at least one batch.")
        batches = [tuple(map(keras.ops.convert_to_tensor, batch)) for batch in batches]
        parts = halved(batches) if halves else None
        rule = of_optimizer(model.optimizer, model.trainable_variables)
        if keras.backend.backend() == "jax":
            return self._in_jax(model, rule, batches, parts, count, tolerance, most)
        if keras.backend.backend() == "torch":
            return _in_torch(model, rule, batches, parts, count, tolerance, most)
        raise ValueError("the backend must be jax or torch.")

    def _in_jax(self, model: Any, rule: Rule, batches: Any, parts: Any, *options: Any) -> Any:
        from stabsim.probe.jax import Compiled

        # What is not trained travels beside the data, so that it is not measured.
        fixed = [variable.value for variable in model.non_trainable_variables]

        def loss(trained: Any, batch: Any) -> Any:
            data, fixed = batch
            values = [*zip(model.trainable_variables, trained, strict=True)]
            values += zip(model.non_trainable_variables, fixed, strict=True)
            with keras.StatelessScope(state_mapping=values):
                return _loss(model, data)

        def beside(some: Any) -> Any:
            return [(batch, fixed) for batch in some]

        if self._of is not model:  # the programs are compiled once
            self._of, self._compiled = model, Compiled(loss)
        trained = [variable.value for variable in model.trainable_variables]
        parts = parts and (beside(parts[0]), beside(parts[1]))
        return self._compiled.measure(trained, rule, beside(batches), parts, *options)


def _loss(model: Any, batch: Any) -> Any:
    (x, y), training = batch, normalizes(model)
    return model.compute_loss(x=x, y=y, y_pred=model(x, training=training), training=training)


def normalizes(model: Any) -> bool:
    """Whether a model has batch normalization that is not frozen."""
    kind = keras.layers.BatchNormalization
    return any(isinstance(one, kind) and one.trainable for one in model._flatten_layers())


def _in_torch(
    model: Any, rule: Rule, batches: Any, parts: Any, count: int, tolerance: float, most: int
) -> Measurement:
    from stabsim.probe import torch as for_torch

    params = [variable.value for variable in model.trainable_variables]
    # What is not trained, such as the seeds of dropout, is the same whenever the loss is computed.
    fixed = [(one, one.value.detach().clone()) for one in model.non_trainable_variables]

    def loss(batch: Any) -> Any:
        with keras.StatelessScope(state_mapping=fixed):
            return _loss(model, batch)

    with for_torch.undisturbed(model, params):
        doubts = for_torch.doubts(loss, batches[0], params)
        if normalizes(model) and any(
            isinstance(one, keras.layers.Dropout) and one.rate > 0
            for one in model._flatten_layers()
        ):
            doubts.append("random")
        return measure(
            lambda data: for_torch.Hessian(loss, params, rule, data), batches, parts,
            rule.threshold, doubts, count, tolerance, most,
        )  # fmt: skip


def of_optimizer(optimizer: Any, variables: Sequence[Any]) -> Rule:
    """The rule of an optimizer at its present step.

    Raises:
        ValueError: if the rule is not known, or it has made no step.
    """

    def number(tensor: Any) -> float:
        value: Any = keras.ops.stop_gradient(keras.ops.convert_to_tensor(tensor))
        return float(value)

    of, t, rate = keras.optimizers, int(optimizer.iterations), number(optimizer.learning_rate)
    order = [optimizer._get_variable_index(variable) for variable in variables]

    def arrays(name: str) -> list[Any]:
        return [getattr(optimizer, name)[i].value for i in order]

    columns: list[list[Any]] = []
    numbers = Numbers()
    if isinstance(optimizer, of.SGD):
        known = Known("nesterov" if optimizer.nesterov else "momentum", float(optimizer.momentum))
    elif isinstance(optimizer, of.RMSprop):
        known = Known("momentum", float(optimizer.momentum))
        columns = [arrays("_velocities")]
        columns += [arrays("_average_gradients")] if optimizer.centered else []
        numbers = Numbers(inside=float(optimizer.epsilon))
    elif isinstance(optimizer, of.Adam | of.Nadam):
        beta1, beta2 = float(optimizer.beta_1), float(optimizer.beta_2)
        known, root = Known("adam", beta1), 1 - beta2 ** max(t, 1)
        columns = [arrays("_velocities")]
        # Adam corrects the bias after eps is added, Nadam before.
        factor = (1 - beta1 ** max(t, 1)) / root**0.5
        numbers = Numbers(outside=float(optimizer.epsilon), factor=factor)
        if isinstance(optimizer, of.Nadam):
            mu, following = (beta1 * (1 - 0.5 * 0.96**i) for i in (t, t + 1))
            product = number(optimizer._u_product)
            a, b = following / (1 - product * following), (1 - mu) / max(1 - product, 1e-30)
            known, factor = Known("nadam", beta1), rules.nadam_factor(beta1, a, b)
            numbers = Numbers(1 / root, 0.0, float(optimizer.epsilon), factor)
        elif optimizer.amsgrad:
            columns = [arrays("_velocity_hats")]
    else:
        raise ValueError(
            f"the threshold of {type(optimizer).__name__} is not known; those of Keras's "
            f"{rules.PEERS} are."
        )
    if columns and t == 0:
        raise ValueError("the optimizer has made no step yet: measure after a step.")
    decay = float(optimizer.weight_decay or 0.0)
    n = len(variables)
    states = list(zip(*columns, strict=True)) if columns else [()] * n
    return Rule(known.threshold(rate, decay), states, [numbers] * n, [0.0] * n)
