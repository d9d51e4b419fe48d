"""Any function of a pytree in JAX (plain, Flax, Equinox): its sharpness under optax's or our rule.

A product with the Hessian is one compiled program, forward over reverse. Of a parameter tree the
floating arrays are what is measured; all else in it, such as Equinox's functions, is held fixed.
"""

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stabsim._extras import extra
from stabsim.logs.hooks import StepFile
from stabsim.optimizers import Optimizer
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
from stabsim.probe.rules import Known, Numbers, Rule, diagonal

KINKED = {"relu", "relu6", "leaky_relu", "hard_tanh", "hard_swish", "hard_sigmoid"}
"""Functions of ``jax.nn`` that are not differentiable everywhere."""


class Probe:
    """Measures the sharpness of a loss, and the threshold of its optimizer.

    Args:
        loss: from parameters and a batch to the mean loss over it.
        rule: an optimizer of stabsim; or the function of optax that made the optimizer, such as
            ``optax.adamw``, since its state says neither eps nor beta.
        log: a :class:`stabsim.logs.hooks.StepFile`, in which :meth:`step` writes.
        every, share: :meth:`step` measures every so many steps, in at most this share of the time.
        options: what the function of optax was called with, by name; a learning rate that
            ``optax.inject_hyperparams`` holds need not be given.
    """

    def __init__(
        self, loss: Callable[[Any, Any], jax.Array], rule: Any, log: StepFile | None = None,
        every: int = 10, share: float = 0.05, **options: Any,
    ) -> None:  # fmt: skip
        self._rule, self._options, self._log = rule, options, log
        self._share, self._compiled = Share(every, share), Compiled(loss)

    def measure(
        self, params: Any, state: Any, batches: Sequence[Any], count: int = 1, *,
        halves: bool = True, tolerance: float = TOLERANCE, most: int = MOST,
    ) -> Measurement:  # fmt: skip
        """The largest eigenvalues on these batches, weighted equally.

        For one eigenvalue it holds four gradients beside the model and what the network keeps for
        the backward pass.

        Args:
            params: the parameters, any pytree.
            state: the optimizer's.
            batches: a list of what ``loss`` takes.
            count: how many eigenvalues.
            halves: whether to measure on two halves of the data too, which costs as much again.
            tolerance: the error at which to stop, as a share of the eigenvalue.
            most: so many products with the Hessian at most.
        Raises:
            ValueError: if the optimizer's threshold is not known, or it has made no step.
        """
        if not batches:
            raise ValueError("batches must hold at least one batch.")
        leaves = [leaf for leaf in jax.tree.leaves(params) if floating(leaf)]
        if isinstance(self._rule, Optimizer):
            rule = _of_ours(self._rule, state, leaves)
        else:
            rule = _of_optax(self._rule, self._options, state, leaves)
        return self._compiled.measure(
            params, rule, batches, halved(batches) if halves else None, count, tolerance, most
        )

    def step(self, step: int, params: Any, state: Any, batch: Any) -> Measurement | None:
        """Measures if it is time, after the optimizer's step, and logs it; None if it is not."""
        if not self._share.due(step):
            return None
        found = self._share.spend(lambda: self.measure(params, state, [batch]))
        log_measurement(self._log, step, found)
        return found


def floating(leaf: Any) -> bool:
    """Whether a leaf of a tree is an array of floating-point numbers."""
    return isinstance(leaf, jax.Array | np.ndarray) and jnp.issubdtype(leaf.dtype, jnp.floating)


def _of_ours(rule: Optimizer, state: Any, leaves: Sequence[Any]) -> Rule:
    """P as the rule itself computes it."""
    p = rule.preconditioner(state)
    if p is not None and int(state.step) == 0:
        raise ValueError("the optimizer has made no step yet: measure after a step.")
    # The square of P goes in, so that its root comes out.
    states = [()] * len(leaves) if p is None else [(one**2,) for one in jax.tree.leaves(p)]
    return Rule(
        float(rule.threshold(rule.rate(state))), states, [Numbers()] * len(leaves),
        [0.0] * len(leaves),
    )  # fmt: skip


def _of_optax(made_by: Any, options: dict[str, Any], state: Any, leaves: Sequence[Any]) -> Rule:
    """The rule of an optimizer that a function of optax made, at its present step."""
    with extra("optax"):
        import optax
    kinds = {"sgd": (optax.sgd,), "rmsprop": (optax.rmsprop,), "adam": (
        optax.adam, optax.adamw, optax.nadam, optax.nadamw)}  # fmt: skip
    kind = next((name for name, made in kinds.items() if made_by in made), None)
    if kind is None:
        raise ValueError(
            f"the threshold of {made_by!r} is not known; those of stabsim's optimizers and of "
            "optax.sgd, rmsprop, adam, adamw, nadam and nadamw are."
        )
    injected = _first(state, "hyperparams")
    held: dict[str, Any] = injected.hyperparams if injected is not None else {}
    known = inspect.signature(made_by).parameters
    given: dict[str, Any] = {name: value for name, value in held.items() if name in known} | options
    bound = inspect.signature(made_by).bind(**given)
    bound.apply_defaults()
    of: dict[str, Any] = bound.arguments
    counted = _first(state, "count")
    t = int(counted.count) if counted is not None else None
    rate: Any = of["learning_rate"]
    if callable(rate):
        if t is None:
            raise ValueError("the optimizer's state counts no steps: give the rate as a number.")
        rate = rate(t)
    numbers, arrays, decay = Numbers(), [], 0.0
    momentum = float(of.get("momentum") or 0.0)
    if kind == "sgd" or kind == "rmsprop":
        rule = Known("nesterov" if of["nesterov"] and momentum else "momentum", momentum)
    if kind == "rmsprop":
        moments = _first(state, "nu")
        arrays = [moments.nu, *([moments.mu] if of["centered"] else [])]
        inside = float(of["eps"]) if of["eps_in_sqrt"] else 0.0
        correction = 1 / (1 - float(of["decay"]) ** _made(t)) if of["bias_correction"] else 1.0
        numbers = Numbers(correction, inside, float(of["eps"]) - inside)
    elif kind == "adam":
        moments, t = _first(state, "nu"), _made(t)
        arrays, beta1 = [moments.nu], float(of["b1"])
        shrink: Any = of.get("weight_decay", 0.0)
        shrink = shrink(t) if callable(shrink) else shrink
        decay = float(shrink)
        factor, rule = 1 - beta1**t, Known("adam", beta1)
        if of["nesterov"]:
            a, b = beta1 / (1 - beta1 ** (t + 1)), (1 - beta1) / (1 - beta1**t)
            factor, rule = rules.nadam_factor(beta1, a, b), Known("nadam", beta1)
        correction = 1 / (1 - float(of["b2"]) ** t)
        numbers = Numbers(correction, float(of["eps_root"]), float(of["eps"]), factor)
    columns = [[leaf for leaf in jax.tree.leaves(tree) if floating(leaf)] for tree in arrays]
    states = list(zip(*columns, strict=True)) if columns else [()] * len(leaves)
    if [s[0].shape for s in states if s] != [leaf.shape for leaf in leaves if columns]:
        raise ValueError(
            "the optimizer's state has other shapes than the parameters: give those alone that it "
            "moves, as of Flax's nnx by nnx.split(model, nnx.Param, ...)."
        )
    n = len(leaves)
    return Rule(rule.threshold(float(rate), decay), states, [numbers] * n, [0.0] * n)


def _made(t: int | None) -> int:
    if not t:
        raise ValueError("the optimizer has made no step yet: measure after a step.")
    return t


def _first(state: Any, field: str) -> Any:
    """The first state in a chain of them that has a field."""
    if field in getattr(state, "_fields", ()):
        return state
    for inner in state if isinstance(state, tuple) else ():
        if (found := _first(inner, field)) is not None:
            return found
    return None


class Compiled:
    """The programs of one loss, compiled once for each shape of a batch."""

    def __init__(self, loss: Callable[[Any, Any], jax.Array]) -> None:
        def of_leaves(fixed: Any, held: Any, leaves: Any, batch: Any) -> jax.Array:
            structure, others = fixed
            left, held = iter(leaves), iter(held)
            tree = [
                next(left) if kind == "float" else next(held) if kind == "array" else value
                for kind, value in others
            ]
            return loss(jax.tree.unflatten(structure, tree), batch)

        @partial(jax.jit, static_argnums=0)
        def product(fixed: Any, held: Any, leaves: Any, x: Any, batch: Any) -> Any:
            gradient = jax.grad(lambda some: of_leaves(fixed, held, some, batch))
            return jax.jvp(gradient, (leaves,), (x,))[1]

        self.loss, self.product = of_leaves, product

    def measure(
        self, params: Any, rule: Rule, batches: Sequence[Any], halves: Any, count: int,
        tolerance: float, most: int,
    ) -> Measurement:  # fmt: skip
        """As :func:`stabsim.probe.measurement.measure`, at some parameters."""
        flat, structure = jax.tree.flatten(params)
        kinds = ["float" if floating(x) else "array" if hasattr(x, "dtype") else "" for x in flat]
        others = tuple((k, None if k else x) for k, x in zip(kinds, flat, strict=True))
        leaves = [jnp.asarray(x) for k, x in zip(kinds, flat, strict=True) if k == "float"]
        held = [x for k, x in zip(kinds, flat, strict=True) if k == "array"]
        product = partial(self.product, (structure, others), held, leaves)
        jaxpr = jax.make_jaxpr(partial(self.loss, (structure, others)))(held, leaves, batches[0])
        return measure(
            lambda data: Hessian(product, leaves, rule, data), batches, halves, rule.threshold,
            doubts(jaxpr.jaxpr), count, tolerance, most,
        )  # fmt: skip


def doubts(jaxpr: Any) -> list[str]:
    """What a program itself gives reason to doubt: keys of ``DOUBTS``."""
    found = set(_found_in(jaxpr))
    return [name for name in ("kinks", "precision", "random") if name in found]


def _found_in(jaxpr: Any) -> Any:
    for equation in jaxpr.eqns:
        name, params = equation.primitive.name, equation.params
        zero = any(np.ndim(v := getattr(x, "val", 1)) == 0 and v == 0 for x in equation.invars)
        if params.get("name") in KINKED or (name == "max" and zero) or name == "reduce_window_max":
            yield "kinks"
        if name == "random_bits" or name.startswith("threefry"):
            yield "random"
        for variable in equation.outvars:
            dtype = getattr(variable.aval, "dtype", None)
            if dtype is not None and dtype in (jnp.float16, jnp.bfloat16):
                yield "precision"
        for value in params.values():
            for inner in value if isinstance(value, tuple | list) else [value]:
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    yield from _found_in(inner)


class Hessian:
    """The preconditioned Hessian on some batches: a :class:`stabsim.probe.lanczos.Space`."""

    def __init__(
        self, product: Callable[[Any, Any], Any], leaves: Any, rule: Rule, batches: Sequence[Any]
    ) -> None:
        self._product, self._leaves, self._batches = product, leaves, batches
        self._rule = rule.numbers, rule.states, rule.ridge
        self.size = sum(leaf.size for leaf in leaves)

    def start(self) -> Any:
        draw = np.random.default_rng(0).standard_normal
        drawn = [jnp.asarray(draw(leaf.shape), leaf.dtype) for leaf in self._leaves]
        return _over_root(*self._rule[:2], drawn)

    def product(self, x: Any) -> Any:
        total = None
        for batch in self._batches:
            part = self._product(x, batch)
            total = part if total is None else self.combined(1.0, total, 1.0, part)
        return _preconditioned(float(len(self._batches)), *self._rule, total, x)

    def inner(self, x: Any, y: Any) -> float:
        return float(_inner(*self._rule[:2], x, y))

    def combined(self, a: float, x: Any, b: float, y: Any) -> Any:
        return _scaled(float(a), x) if b == 0 else _combined(float(a), x, float(b), y)


@jax.jit
def _over_root(numbers: Any, states: Any, x: Any) -> Any:
    some = zip(numbers, states, x, strict=True)
    return [one / jnp.sqrt(jnp.asarray(diagonal(n, *s), one.dtype)) for n, s, one in some]


@partial(jax.jit, donate_argnums=4)
def _preconditioned(count: Any, numbers: Any, states: Any, ridge: Any, w: Any, x: Any) -> Any:
    some = zip(numbers, states, ridge, w, x, strict=True)
    return [(one / count + r * v) / diagonal(n, *s) for n, s, r, one, v in some]


@jax.jit
def _inner(numbers: Any, states: Any, x: Any, y: Any) -> jax.Array:
    some = zip(numbers, states, x, y, strict=True)
    return sum((jnp.sum(a * diagonal(n, *s) * b) for n, s, a, b in some), jnp.float32(0))


@partial(jax.jit, donate_argnums=1)
def _combined(a: Any, x: Any, b: Any, y: Any) -> Any:
    return [a * left + b * right for left, right in zip(x, y, strict=True)]


@partial(jax.jit, donate_argnums=1)
def _scaled(a: Any, x: Any) -> Any:
    return [a * one for one in x]
