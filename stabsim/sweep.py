"""Many runs at once: an experiment over a grid of metaparameters and seeds."""

import itertools
import math
import os
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jax.extend.core import jaxpr_as_fun
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from tqdm.auto import tqdm

from stabsim import _check
from stabsim.trace import COORDINATES, Trace
from stabsim.workloads import Workload

RUNS_AT_ONCE = 16
"""Runs in one program: on a CPU core, batched products gain nothing from more."""


class SweepInterrupted(UserWarning):
    """A sweep was stopped from the keyboard; its dataset holds the runs that were done."""


def sweep(
    experiment: Callable[..., Trace | Mapping[str, Any]],
    /,
    *,
    loop: Iterable[str] = (),
    runs_at_once: int | None = None,
    progress: bool = True,
    resume: xr.Dataset | None = None,
    **axes: Any,
) -> xr.Dataset:
    """Run an experiment at every point of a grid.

    The experiment is a function of the axes' names. Numbers and seeds are traced: the
    experiment is called once, and its program runs the grid block by block, each block
    vectorized, one block on each core of a CPU, or sharded over the devices where there
    are several. Other values (optimizers, workloads, strings) are looped over, and so are
    the numbers that decide a shape, if named in ``loop``.

    Args:
        experiment: from one value per axis to a Trace, or to a dict of scalars.
        loop: numeric axes to loop over, such as a depth or a batch size.
        runs_at_once: runs in one block; chosen for the machine if not given.
        progress: whether a bar appears once a sweep has taken two seconds.
        resume: what an interrupted sweep over the same axes returned; the runs that it
            holds are not run again.
        **axes: for each name a list of values, or a dict from label to value.
    Returns:
        A dataset labelled by axis, with the trace's own step axes behind. Its ``done`` says
        which runs it holds: all, unless the sweep was interrupted from the keyboard, which
        warns and keeps what was done. ``.to_dataframe()`` gives a table.
    Raises:
        TypeError: if an axis is no list, if a traced number is used where a fixed one is
            needed, or if the experiment returns something else.
        ValueError: if an axis is empty or repeats a label, or there is none.
    Examples:
        >>> from stabsim import momentum, simulate, workloads
        >>> def experiment(learning_rate, gamma):
        ...     bowl = workloads.quadratic([1.0, 4.0])
        ...     return simulate(bowl, momentum(learning_rate, gamma), steps=50)
        >>> runs = sweep(experiment, learning_rate=[0.1, 0.2, 2.0], gamma=[0.0, 0.9])
        >>> dict(runs.loss.sizes)
        {'learning_rate': 3, 'gamma': 2, 'step': 50}
    """
    loop = [loop] if isinstance(loop, str) else list(loop)
    if not axes:
        raise ValueError("sweep needs at least one axis, such as learning_rate=[0.1, 0.2].")
    if unknown := sorted(set(loop) - set(axes)):
        raise ValueError(f"loop must name axes of the sweep; {unknown} are not among them.")
    if runs_at_once is not None:
        _check.count("runs_at_once", runs_at_once)
    parsed = [_axis(name, values, name in loop) for name, values in axes.items()]
    looped = [axis for axis in parsed if axis.looped]
    traced = [axis for axis in parsed if not axis.looped]

    total = math.prod(len(axis.values) for axis in parsed)
    before = 0 if resume is None else int(resume.done.sum())
    grids: list[_Grid] = []
    interrupted = False
    with tqdm(total=total, initial=before, unit="run", delay=2, disable=not progress) as bar:
        try:
            for place in itertools.product(*(range(len(axis.values)) for axis in looped)):
                grids.append(_Grid(experiment, looped, place, traced, resume))
                grids[-1].run(runs_at_once, bar)
        except KeyboardInterrupt:
            interrupted = True
    grids = [grid for grid in grids if grid.ran.any() or grid.before is not None]
    if not grids:
        raise KeyboardInterrupt
    result = _dataset(grids, parsed, looped)
    if interrupted:
        warnings.warn(
            f"Interrupted: {int(result.done.sum())} of {total} runs are done. "
            "To go on, call sweep again with resume= this result.",
            SweepInterrupted,
            stacklevel=2,
        )
    return result


class _Axis(NamedTuple):
    name: str
    values: list[Any]
    labels: list[Any]
    looped: bool


def _axis(name: str, values: Any, looped: bool) -> _Axis:
    if isinstance(values, Mapping):
        axis = _Axis(name, list(values.values()), list(values), True)
    elif isinstance(values, str) or not isinstance(values, Iterable) or _is_scalar(values):
        raise TypeError(f"axis {name} must be a list of values, such as {name}=[{values!r}].")
    else:
        listed = list(values)
        numeric = all(isinstance(v, int | float | np.number | jax.Array) for v in listed)
        numeric &= not any(isinstance(v, bool) for v in listed)
        if numeric and any(np.ndim(v) for v in listed):
            raise ValueError(f"axis {name} must hold single numbers.")
        labels = np.asarray(listed).tolist() if numeric else [_name(v) for v in listed]
        axis = _Axis(name, listed, labels, looped or not numeric)
    if not axis.values:
        raise ValueError(f"axis {name} must hold at least one value; it is empty.")
    if len(set(axis.labels)) < len(axis.labels):
        raise ValueError(
            f"axis {name} must hold values of different names; they are {axis.labels}. "
            "Name them yourself with a dict from label to value."
        )
    return axis


def _is_scalar(values: Any) -> bool:
    return getattr(values, "ndim", 1) == 0


def _name(value: Any) -> str | int | float:
    if isinstance(value, Workload):
        return value.name
    if isinstance(value, str | int | float):
        return value
    return getattr(value, "__name__", None) or repr(value)


class _Grid:
    """The traced axes at one place of the looped ones: points by seeds."""

    def __init__(
        self,
        experiment: Callable[..., Any],
        looped: list[_Axis],
        place: tuple[int, ...],
        traced: list[_Axis],
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
        across = 0 if sizes[0] >= sizes[1] else 1  # shard the longer axis
        sizes_ = [size + -size % len(devices) if i == across else size
                  for i, size in enumerate(sizes)]  # fmt: skip
        arguments = []
        for i, values in enumerate((self.points, self.seed_values)):
            place = np.minimum(block[i].start + np.arange(sizes_[i]), block[i].stop - 1)
            spec = PartitionSpec("runs") if i == across else PartitionSpec()
            taken = jax.tree.map(lambda x, place=place: x[place], values)
            if len(devices) > 1:
                sharding = NamedSharding(Mesh(np.array(devices), ("runs",)), spec)
                taken = jax.device_put(taken, sharding)
            arguments.append(taken)
        return _vectorize(self.program, *sizes_)(*arguments)

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


def _dataset(grids: list[_Grid], parsed: list[_Axis], looped: list[_Axis]) -> xr.Dataset:
    """All grids side by side, in the order of the axes; what was never begun is not done."""
    pieces = {grid.place: grid.dataset() for grid in grids}
    names = {str(name) for piece in pieces.values() for name in piece}
    filling = {name: name not in BOOLEAN and np.nan for name in names}
    for axis in reversed(looped):
        rows: dict[tuple[int, ...], list[tuple[int, xr.Dataset]]] = {}
        for place, piece in pieces.items():
            rows.setdefault(place[:-1], []).append((place[-1], piece))
        pieces = {
            place: xr.concat(
                [piece for _, piece in row],
                pd.Index([axis.labels[i] for i, _ in row], name=axis.name),
                data_vars="all",
                coords="minimal",
                compat="override",
                join="outer",
                fill_value=filling,
            ).reindex({axis.name: axis.labels}, fill_value=filling)
            for place, row in rows.items()
        }
    data = pieces[()]
    for name in BOOLEAN & names:
        data[name] = data[name].astype(bool)
    return data.transpose(*(a.name for a in parsed), ...)
