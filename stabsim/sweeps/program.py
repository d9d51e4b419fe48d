"""A traced experiment: one program, which runs any block of runs on the devices there are."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import experimental
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, jaxpr_as_fun
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from stabsim.trace import Trace

NUMERICS = (
    "default_matmul_precision",
    "default_prng_impl",
    "enable_x64",
    "numpy_dtype_promotion",
    "threefry_partitionable",
)
"""JAX's settings that change an experiment's numbers: they travel with it."""


Block = tuple[slice, slice]
"""Which points and which seeds of a plan."""


class BlockInputs(NamedTuple):
    """What a program needs to run a block, on this machine or another.

    Attributes:
        points: the values of every axis but the seeds, each ``(points,)``.
        seeds: the values of the axis of seeds, ``(seeds,)``; empty if there is none.
        shape: the number of points and of seeds; 1 where there is no axis.
        block_shape: that of the program that runs it, at least ``shape``: all blocks share one.
    """

    points: dict[str, np.ndarray]
    seeds: dict[str, np.ndarray]
    shape: tuple[int, int]
    block_shape: tuple[int, int]


class Program:
    """An experiment with its fixed arguments, traced once for the others.

    What is pickled is the experiment: unpickled elsewhere, it is traced there, under the
    settings of JAX that held here.
    """

    def __init__(
        self,
        experiment: Callable[..., Any],
        fixed: dict[str, Any],
        point: dict[str, Any],
        seed: dict[str, Any],
        numerics: dict[str, Any] | None = None,
    ):
        self.numerics = numerics or {name: getattr(jax.config, f"jax_{name}") for name in NUMERICS}
        self.parts = (experiment, fixed, point, seed, self.numerics)
        self.compiling = threading.Lock()
        with _under(self.numerics):
            self.traced, self.structure = _trace(experiment, fixed, point, seed)

    def __reduce__(self) -> tuple[Any, ...]:
        return Program, self.parts

    def __call__(self, inputs: BlockInputs) -> list[np.ndarray]:
        """Run a block: arrays of shape ``(points, seeds, ...)``, the leaves of ``structure``."""
        with _under(self.numerics):
            with self.compiling:  # one thread compiles; the others find the program ready
                leaves = self._start(inputs, jax.devices())
            rows, columns = inputs.shape
            return [np.asarray(leaf)[:rows, :columns] for leaf in leaves]

    def _start(self, inputs: BlockInputs, devices: list[Any]) -> Any:
        """Dispatch a block, filled up by repeating its last run."""
        longer = 0 if inputs.block_shape[0] >= inputs.block_shape[1] else 1  # the axis to shard
        mesh = Mesh(np.array(devices), ("runs",))
        sizes, arguments = [], []
        for i, values in enumerate((inputs.points, inputs.seeds)):
            size = inputs.block_shape[i]
            size += -size % len(devices) if i == longer else 0
            place = np.minimum(np.arange(size), inputs.shape[i] - 1)
            taken = {name: jnp.asarray(column[place]) for name, column in values.items()}
            if len(devices) > 1:
                spec = PartitionSpec("runs") if i == longer else PartitionSpec()
                taken = jax.device_put(taken, NamedSharding(mesh, spec))
            sizes.append(size)
            arguments.append(taken)
        return _vectorize(jaxpr_as_fun(self.traced), *sizes)(*arguments)

    def fingerprint(self) -> str:
        """A hash of all that is computed, and of what results of your own are named.

        That is every operation and every constant, data included.
        """
        # No colours, which it has in a notebook and in a terminal alone.
        listing = self.traced.pretty_print(use_color=False)
        text = re.sub(r"0x[0-9a-f]+", "", listing)  # no addresses of functions
        if isinstance(self.structure, Mapping):
            text += f"{sorted(self.structure)}"
        digest = hashlib.sha256(text.encode())
        for constant in _constants(self.traced):
            digest.update(np.asarray(constant).tobytes())
        return digest.hexdigest()[:32]


def _under(numerics: dict[str, Any]) -> ExitStack:
    stack = ExitStack()
    for name, value in numerics.items():
        where = jax if hasattr(jax, name) else experimental  # where older versions have some
        stack.enter_context(getattr(where, name)(value))
    return stack


def _trace(
    experiment: Callable[..., Any], fixed: dict[str, Any], point: Any, seed: Any
) -> tuple[ClosedJaxpr, Any]:
    """The experiment as a function from (point, seed) to arrays, and what they stand for."""

    def call(point: dict[str, Any], seed: dict[str, Any]) -> Any:
        outcome = experiment(**fixed, **point, **seed)
        if isinstance(outcome, Trace):
            return outcome._replace(final_parameters=(), observed=None)
        if isinstance(outcome, Mapping) and all(np.ndim(value) == 0 for value in outcome.values()):
            if clash := sorted({*outcome} & {*fixed, *point, *seed, "done"}):
                raise ValueError(
                    f"the experiment's results must not be named as axes are: {clash}."
                )
            return {name: jnp.asarray(value) for name, value in outcome.items()}
        raise TypeError(
            f"the experiment must return a Trace or a dict of single numbers, not "
            f"{type(outcome).__name__}."
        )

    try:
        return jax.make_jaxpr(call, return_shape=True)(point, seed)
    except (jax.errors.ConcretizationTypeError, jax.errors.TracerIntegerConversionError) as error:
        raise TypeError(
            f"the experiment needs a fixed number where it got a traced one; name its axis "
            f"in loop=[...]. The axes traced are {[*point, *seed]}."
        ) from error


def _vectorize(program: Callable[..., list[Any]], points: int, seeds: int) -> Callable[..., Any]:
    def one(point: Any, seed: Any) -> list[Any]:
        return program(*jax.tree.leaves((point, seed)))

    # Not jitted here: the jitted simulate inside keeps its compiled programs from sweep to
    # sweep, whatever function it is called by.
    over_seeds = jax.vmap(one, (None, 0), axis_size=seeds)
    return jax.vmap(over_seeds, (0, None), axis_size=points)


def _constants(traced: Any) -> Iterator[Any]:
    """Every array that a program holds, in its inner programs too."""
    if isinstance(traced, ClosedJaxpr):
        yield from traced.consts
        yield from _constants(traced.jaxpr)
    elif isinstance(traced, Jaxpr):
        for equation in traced.eqns:
            yield from (x.val for x in equation.invars if isinstance(x, Literal))
            yield from _constants(list(equation.params.values()))
    elif isinstance(traced, list | tuple):
        for part in traced:
            yield from _constants(part)
