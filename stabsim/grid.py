"""The numeric part of a sweep: one traced experiment over points and seeds, block by block."""

import itertools
import math
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax.extend.core import jaxpr_as_fun
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from stabsim.trace import COORDINATES, Trace

RUNS_AT_ONCE = 16
"""Runs in one program: on a CPU core, batched products gain nothing from more."""


class Axis(NamedTuple):
    """A name, its values, their labels, and whether it is looped over."""

    name: str
    values: list[Any]
    labels: list[Any]
    looped: bool


class Grid:
    """The traced axes at one place of the looped ones: points by seeds."""

    def __init__(
        self,
        experiment: Callable[..., Any],
        looped: list[Axis],
        place: tuple[int, ...],
        traced: list[Axis],
        resume: xr.Dataset | None,
    ):
        self.place = place
        labels = {a.name: a.labels[i] for a, i in zip(looped, place, strict=True)}
        self.axes = [a for a in traced if a.name != "seed"]
        self.seeds = [a for a in traced if a.name == "seed"]
        # The minibatches depend on the seed alone: with the points vectorized outside the
        # seeds, all points of a seed share them, and their first layers' products fuse.
        columns = zip(*itertools.product(*(a.values for a in self.axes)), strict=True)
        self.points = {
            a.name: jnp.asarray(column) for a, column in zip(self.axes, columns, strict=True)
        }
        self.seed_values = {a.name: jnp.asarray(a.values) for a in self.seeds}
        self.shape = (
            math.prod(len(a.values) for a in self.axes),
            math.prod(len(a.values) for a in self.seeds),
        )
        self.ran = np.zeros(self.shape, bool)
        self.before: xr.Dataset | None = None
        self.wanted = np.ones(self.shape, bool)
        if resume is not None:
            names = [a.name for a in self.axes + self.seeds]
            self.before = resume.sel(labels).drop_vars(list(labels)).transpose(*names, ...)
            self.wanted = ~self.before.done.to_numpy().reshape(self.shape)
        fixed = {a.name: a.values[i] for a, i in zip(looped, place, strict=True)}
        self.program, self.structure = _trace_once(experiment, fixed, self.points, self.seed_values)
        self.leaves = [
            np.full((*self.shape, *leaf.shape), _nothing(leaf.dtype), leaf.dtype)
            for leaf in jax.tree.leaves(self.structure)
        ]

    def run(self, runs_at_once: int | None, bar: Any) -> None:
        """Run every block that is not done; what is finished stays if this is interrupted."""
        devices = jax.devices()
        workers = _cores() if devices[0].platform == "cpu" and len(devices) == 1 else 1
        size = runs_at_once or _block_size(int(self.wanted.sum()), workers, len(devices))
        compiling = threading.Lock()
        executor = ThreadPoolExecutor(workers)

        def run_block(block: tuple[slice, slice]) -> int:
            with compiling:  # one thread compiles; the others find the program ready
                leaves = self._start(block, devices, sizes)
            rows, columns = (s.stop - s.start for s in block)
            for all_runs, some_runs in zip(self.leaves, leaves, strict=True):
                all_runs[block] = np.asarray(some_runs)[:rows, :columns]
            self.ran[block] = True
            return rows * columns

        sizes, blocks = _blocks(self.shape, size)
        try:
            waiting = [executor.submit(run_block, b) for b in blocks if self.wanted[b].any()]
            for future in as_completed(waiting):
                bar.update(future.result())
        finally:
            executor.shutdown(wait=True, cancel_futures=True)

    def _start(self, block: tuple[slice, slice], devices: list[Any], sizes: tuple[int, int]) -> Any:
        """Dispatch a block, filled up to ``sizes`` by repeating its last run."""
        longer = 0 if sizes[0] >= sizes[1] else 1  # the axis to shard
        mesh = Mesh(np.array(devices), ("runs",))
        filled, arguments = [], []
        for i, values in enumerate((self.points, self.seed_values)):
            size = sizes[i] + (-sizes[i] % len(devices) if i == longer else 0)
            place = np.minimum(block[i].start + np.arange(size), block[i].stop - 1)
            taken = {name: column[place] for name, column in values.items()}
            if len(devices) > 1:
                spec = PartitionSpec("runs") if i == longer else PartitionSpec()
                taken = jax.device_put(taken, NamedSharding(mesh, spec))
            filled.append(size)
            arguments.append(taken)
        return _vectorize(self.program, *filled)(*arguments)

    def dataset(self) -> xr.Dataset:
        """The runs as labelled arrays."""
        if self.before is not None and not self.ran.any():
            return self.before
        traced = self.axes + self.seeds
        names, lengths = [a.name for a in traced], [len(a.values) for a in traced]
        fields = _fields(jax.tree.unflatten(jax.tree.structure(self.structure), self.leaves))
        variables = {"done": (names, self.ran.reshape(lengths))}
        coords: dict[str, Any] = {a.name: a.labels for a in traced}
        for name, (dims, values) in fields.items():
            if name in COORDINATES:
                coords[name] = values[self.ran][0]  # the same in every run
            else:
                variables[name] = ([*names, *dims], values.reshape(*lengths, *values.shape[2:]))
        for dim in ("step", "point"):
            sizes = [v[1].shape[v[0].index(dim)] for v in variables.values() if dim in v[0]]
            if sizes:
                coords[dim] = np.arange(sizes[0])
        data = xr.Dataset(variables, coords)
        if self.before is not None:
            data = data.where(data.done, self.before.reindex_like(data))
        return data


def _trace_once(
    experiment: Callable[..., Any], fixed: dict[str, Any], points: Any, seeds: Any
) -> tuple[Callable[..., list[Any]], Any]:
    """The experiment as a function from (point, seed) to arrays, and what they stand for."""

    def call(point: dict[str, Any], seed: dict[str, Any]) -> Any:
        outcome = experiment(**fixed, **point, **seed)
        if isinstance(outcome, Trace):
            return outcome._replace(final_parameters=())
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

    first = jax.tree.map(lambda x: x[0], (points, seeds))
    try:
        program, structure = jax.make_jaxpr(call, return_shape=True)(*first)
    except (jax.errors.ConcretizationTypeError, jax.errors.TracerIntegerConversionError) as error:
        raise TypeError(
            f"the experiment needs a fixed number where it got a traced one; name its axis "
            f"in loop=[...]. The axes traced are {[*points, *seeds]}."
        ) from error
    return jaxpr_as_fun(program), structure


def _vectorize(program: Callable[..., list[Any]], points: int, seeds: int) -> Callable[..., Any]:
    def one(point: Any, seed: Any) -> list[Any]:
        return program(*jax.tree.leaves((point, seed)))

    # Not jitted here: the jitted simulate inside keeps its compiled programs from sweep to
    # sweep, whatever function it is called by.
    over_seeds = jax.vmap(one, (None, 0), axis_size=seeds)
    return jax.vmap(over_seeds, (0, None), axis_size=points)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _block_size(runs: int, workers: int, devices: int) -> int:
    if jax.devices()[0].platform != "cpu":
        return max(runs, 1)
    return max(1, min(RUNS_AT_ONCE * devices, math.ceil(runs / workers)))


def _blocks(shape: tuple[int, int], size: int) -> tuple[tuple[int, int], list[tuple[slice, slice]]]:
    """A block's size in points and seeds, and all blocks of at most that size."""
    points = math.ceil(shape[0] / math.ceil(shape[0] / size))
    seeds = min(shape[1], max(1, size // points))

    def cuts(length: int, step: int) -> Iterator[slice]:
        return (slice(i, min(i + step, length)) for i in range(0, length, step))

    return (points, seeds), list(itertools.product(cuts(shape[0], points), cuts(shape[1], seeds)))


def _nothing(dtype: Any) -> Any:
    return np.nan if np.issubdtype(dtype, np.floating) else 0


BOOLEAN = {"done", "clipped"}

_DIMS: dict[str, tuple[str, ...]] = {
    name: (axis,) for axis, names in COORDINATES.items() for name in names
}
_DIMS |= {axis: (axis,) for axis in COORDINATES if axis != "step"}
_DIMS["parameters"] = ("point", "parameter")


def _fields(outcome: Any) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Each array of an outcome with the names of its own axes."""
    if isinstance(outcome, Mapping):
        return {name: ((), value) for name, value in outcome.items()}
    fields = {
        name: (dims, getattr(outcome, name))
        for name, dims in _DIMS.items()
        if getattr(outcome, name).shape[2] > 0
    }
    # "learning_rate" is the usual name of an axis.
    fields["learning_rate_at_step"] = fields.pop("learning_rate")
    return fields
