"""One training run: a jitted scan from a workload and an optimizer to a Trace."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int, PyTree

from stabsim import _check
from stabsim._transformation import Scalar, Transformation, Tree, apply_updates, global_norm
from stabsim.clipping import Clipping, no_clipping
from stabsim.curvature import sharpness
from stabsim.optimizers import Optimizer, as_optimizer
from stabsim.schedules import Schedule
from stabsim.trace import Trace
from stabsim.workloads import Batch, Workload

__all__ = [
    "Moment",
    "simulate",
]


class Moment(NamedTuple):
    r"""A step as it is taken, for those who want to look closer than a Trace does.

    Attributes:
        step: t.
        params: :math:`\theta_t`.
        batch: the minibatch; None for a synthetic surface.
        scale: what its inputs were multiplied by; None for 1.
        gradient: of the minibatch's loss, before clipping.
        update: what is added to the parameters.
        preconditioner: the diagonal by which the rule divides this update; None for 1.
    """

    step: Int[Array, ""]
    params: Tree
    batch: Batch | None
    scale: Float[Array, ""] | None
    gradient: Tree
    update: Tree
    preconditioner: Tree | None


Observer = Callable[[Moment], PyTree]
"""What is recorded of a step besides what a Trace holds."""


class Draws(NamedTuple):
    """Everything random about a run, drawn before it starts.

    Attributes:
        params: the initial parameters.
        rows: the training rows of each minibatch, ``(steps, batch_size)``; None for all.
        scale: what each minibatch's inputs are multiplied by, ``(steps,)``; None for 1.
    """

    params: Tree
    rows: Int[Array, "steps batch"] | None
    scale: Float[Array, " steps"] | None


class RunPlan(NamedTuple):
    """The fixed numbers of a run, which decide the shape of its program."""

    steps: int
    batch_size: int | None
    evaluate_at: tuple[int, ...]
    record_parameters: bool
    observe: Observer | None = None


def simulate(
    workload: Workload,
    optimizer: Optimizer | Any,
    *,
    steps: int | None = None,
    batch_size: int | None = None,
    seed: Scalar = 0,
    clipping: Clipping | None = None,
    evaluate_at: Iterable[int] | None = None,
    measure_sharpness_at: Iterable[int] | Int[Array, " k"] = (),
    record_parameters: bool = False,
    observe: Observer | Any = None,
) -> Trace:
    r"""Train, and record everything that stability is about.

    .. math::
        g_t &= \nabla \ell(\theta_t; \text{minibatch } t) \\
        \theta_{t+1} &= \theta_t + \text{optimizer}(\text{clipping}(g_t))

    One compiled program runs all steps. It is compiled once for a workload's shape, a kind
    of optimizer and clipping, and the fixed numbers below; other rates, other metaparameters
    and other seeds run in the same program.

    Args:
        workload: what to train.
        optimizer: any ``(init, update)`` pair, such as ``momentum(0.1)``; its learning rate
            may be a schedule. Pairs of other libraries work too, and compile anew each.
        steps: the number of updates; the length of the optimizer's schedule if not given.
        batch_size: rows in a minibatch, drawn in shuffled epochs without replacement; all
            the training rows if not given.
        seed: decides the initial parameters, the minibatches and their outliers.
        clipping: an ``(init, update)`` pair of :mod:`stabsim.clipping`.
        evaluate_at: the steps t, from 0 to ``steps``, at which :math:`\theta_t` is
            validated; the last one if not given.
        measure_sharpness_at: the steps t, below ``steps``, at which the sharpness of the
            loss over all training rows is measured at :math:`\theta_t`. Which they are may
            itself be traced: an array of so many steps.
        record_parameters: whether to keep :math:`\theta_t` for every t (for surfaces).
        observe: what else to record of each step: a function from a ``Moment`` to arrays,
            which the Trace holds as ``observed``. It is compiled into the run, anew for each
            function.
    Returns:
        A Trace of arrays. A run that diverges is returned whole, NaN and inf included.
    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if a number is out of its range, or no length is given.
    Examples:
        >>> from stabsim import momentum, workloads
        >>> trace = simulate(workloads.quadratic([1.0, 4.0]), momentum(0.1), steps=100)
        >>> trace.loss.shape, trace.diverged_at
        ((100,), None)
    """
    if not isinstance(workload, Workload):
        raise TypeError(f"workload must be a Workload, such as mlp(), not {workload!r}.")
    optimizer = as_optimizer(optimizer)
    clipping = no_clipping() if clipping is None else clipping
    if not isinstance(clipping, Transformation) or isinstance(clipping, Optimizer):
        raise TypeError(
            f"clipping must be one of stabsim.clipping, such as clip_by_global_norm(1.0), "
            f"not {clipping!r}."
        )
    plan = _plan(workload, optimizer, steps, batch_size, evaluate_at, record_parameters, observe)
    measured = _measured(measure_sharpness_at, plan.steps)
    _check_seed(seed)
    return run(workload, optimizer, clipping, draw(workload, seed, plan), measured, plan)


def _check_seed(seed: Any) -> None:
    if isinstance(seed, Tracer):
        return
    if not jnp.issubdtype(jnp.asarray(seed).dtype, jnp.integer) or jnp.ndim(seed):
        raise TypeError(f"seed must be a whole number, not {seed!r}.")
    if not 0 <= int(seed) < 2**31:
        raise ValueError(f"seed must be from 0 to 2**31 - 1; it is {seed}.")


def _plan(
    workload: Workload,
    optimizer: Optimizer,
    steps: Any,
    batch_size: Any,
    evaluate_at: Any,
    record_parameters: bool,
    observe: Any,
) -> RunPlan:
    if observe is not None and not callable(observe):
        raise TypeError(f"observe must be a function from a Moment to arrays, not {observe!r}.")
    if steps is None:
        steps = _schedule_steps(optimizer)
    steps = _check.count("steps", steps)
    if batch_size is not None:
        batch_size = _check.count("batch_size", batch_size)
        if workload.rows == 0:
            raise ValueError(f"batch_size must be None: {workload.name} has no training rows.")
        if batch_size > workload.rows:
            raise ValueError(
                f"batch_size must be at most the {workload.rows} training rows; it is {batch_size}."
            )
    if workload.validation is None:
        if evaluate_at is not None:
            raise ValueError(f"evaluate_at must be None: {workload.name} has no validation data.")
        evaluate_at = ()
    elif evaluate_at is None:
        evaluate_at = (steps,)
    return RunPlan(
        steps,
        batch_size,
        _check.steps_within("evaluate_at", evaluate_at, steps),
        bool(record_parameters),
        observe,
    )


def _measured(given: Any, steps: int) -> Int[Array, " k"]:
    if isinstance(given, Tracer):
        return given
    name = "measure_sharpness_at"
    return jnp.array(_check.steps_within(name, given, steps - 1), jnp.int32)


def _schedule_steps(optimizer: Optimizer) -> int:
    schedule = getattr(optimizer, "learning_rate", None)
    steps = schedule.steps if isinstance(schedule, Schedule) else None
    if steps is None:
        raise ValueError("steps must be given: the optimizer's learning rate has no length.")
    if isinstance(steps, Tracer):
        raise TypeError("steps must be given: the schedule's length is traced by the sweep.")
    return int(steps)


@partial(jax.jit, static_argnames="plan")
def draw(workload: Workload, seed: Scalar, plan: RunPlan) -> Draws:
    """The initial parameters, minibatches and outliers of a run, from its seed alone."""
    init_key, batch_key, outlier_key = jax.random.split(jax.random.key(seed), 3)
    rows = scale = None
    if plan.batch_size is not None:
        needed = plan.steps * plan.batch_size
        epochs = -(-needed // workload.rows)
        # Sorting random bits shuffles each epoch, and compiles faster than permutation().
        bits = jax.random.bits(batch_key, (epochs * workload.rows,))
        order = jnp.argsort(bits.reshape(epochs, workload.rows), axis=1)
        rows = order.ravel()[:needed].reshape(plan.steps, plan.batch_size)
    if workload.outlier_probability is not None and workload.outlier_scale is not None:
        hit = jax.random.uniform(outlier_key, (plan.steps,)) < workload.outlier_probability
        scale = jnp.where(hit, workload.outlier_scale, 1.0)
    return Draws(workload.init(init_key), rows, scale)


class _Now(NamedTuple):
    """What the scan reads at each step."""

    step: Int[Array, ""]
    rows: Int[Array, " batch"] | None
    scale: Float[Array, ""] | None
    evaluate: Bool[Array, ""]
    measure: Bool[Array, ""]


@partial(jax.jit, static_argnames="plan")
def run(
    workload: Workload,
    optimizer: Optimizer,
    clipping: Clipping,
    draws: Draws,
    measured: Int[Array, " k"],
    plan: RunPlan,
) -> Trace:
    """The deterministic part of :func:`simulate`, which draws nothing."""
    validation = workload.validation
    evaluated = jnp.array(plan.evaluate_at, jnp.int32)
    nan = jnp.full((), jnp.nan, jax.tree.leaves(draws.params)[0].dtype)

    def validate(params: Tree) -> tuple[Array, Array]:
        assert validation is not None
        return workload.loss(params, validation), workload.error(params, validation)

    def measure(params: Tree, state: PyTree) -> Array:
        return sharpness(workload.loss, params, optimizer.preconditioner(state))

    def step(carry: PyTree, now: _Now) -> tuple[PyTree, dict[str, PyTree]]:
        params, optimizer_state, clipping_state = carry
        kept = optimizer.kept(params, optimizer_state)
        batch = _minibatch(workload.train, now)
        scale = optimizer.loss_scale(optimizer_state)
        loss, grads = _scaled_gradient(workload.loss, scale)(params, batch)
        clipped, clipping_state = clipping.update(grads, clipping_state, params)
        rate = optimizer.rate(optimizer_state)
        updates, optimizer_state = optimizer.update(clipped, optimizer_state, params)
        record = {
            "loss": loss,
            "gradient_norm": clipping_state.norm,
            "update_norm": global_norm(updates),
            "learning_rate": jnp.asarray(rate, loss.dtype),
            "clipped": clipping_state.clipped,
        }
        if plan.evaluate_at:
            record["validation"] = jax.lax.cond(now.evaluate, validate, lambda _: (nan, nan), kept)
        if measured.size:
            record["sharpness"] = jax.lax.cond(
                now.measure, measure, lambda *_: nan, params, optimizer_state
            )
        if plan.record_parameters:
            record["parameters"] = ravel_pytree(params)[0]
        if plan.observe is not None:
            preconditioner = optimizer.preconditioner(optimizer_state)
            moment = Moment(now.step, params, batch, now.scale, grads, updates, preconditioner)
            record["observed"] = plan.observe(moment)
        return (apply_updates(params, updates), optimizer_state, clipping_state), record

    start = (draws.params, optimizer.init(draws.params), clipping.init(draws.params))
    table = _Now(
        jnp.arange(plan.steps),
        draws.rows,
        draws.scale,
        _flags(evaluated, plan.steps),
        _flags(measured, plan.steps),
    )
    (params, optimizer_state, _), record = jax.lax.scan(step, start, table)
    kept = optimizer.kept(params, optimizer_state)

    validation_loss, validation_error = record.pop("validation", (nan[None], nan[None]))
    if plan.steps in plan.evaluate_at:
        last_loss, last_error = validate(kept)
        validation_loss = jnp.append(validation_loss, last_loss)
        validation_error = jnp.append(validation_error, last_error)
    flat = ravel_pytree(params)[0]
    parameters = jnp.zeros((0, flat.size), flat.dtype)
    if plan.record_parameters:
        parameters = jnp.concatenate([record.pop("parameters"), flat[None]])
    return Trace(
        evaluation_step=evaluated,
        validation_loss=validation_loss[evaluated],
        validation_error=validation_error[evaluated],
        sharpness_step=measured,
        sharpness=record.pop("sharpness", nan[None])[measured],
        threshold=jnp.asarray(optimizer.threshold(record["learning_rate"]))[measured],
        parameters=parameters,
        final_parameters=kept,
        observed=record.pop("observed", None),
        **record,
    )


def _scaled_gradient(loss: Callable[..., Array], scale: Scalar | None) -> Callable[..., Any]:
    """The loss and its gradient, differentiated at ``scale`` times its size."""
    if scale is None:
        return jax.value_and_grad(loss)

    def gradient(params: Tree, batch: Batch | None) -> tuple[Array, Tree]:
        scaled, grads = jax.value_and_grad(lambda p: scale * loss(p, batch))(params)
        return scaled / scale, jax.tree.map(lambda g: g / scale, grads)

    return gradient


def _minibatch(train: Batch | None, now: _Now) -> Batch | None:
    if train is None:
        return None
    inputs, targets = train if now.rows is None else (x[now.rows] for x in train)
    return Batch(inputs if now.scale is None else now.scale * inputs, targets)


def _flags(at: Int[Array, " k"], steps: int) -> Bool[Array, " steps"]:
    return jnp.zeros(steps, bool).at[at].set(True, mode="drop")
