"""The numeric part of a sweep: points by seeds, cut into blocks, and what came of each."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from stabsim.sweeps.program import Block, Program, Task
from stabsim.sweeps.store import Shelf, Store
from stabsim.trace import COORDINATES


class Axis(NamedTuple):
    """A name, its values, their labels, and whether it is looped over."""

    name: str
    values: list[Any]
    labels: list[Any]
    looped: bool


class Job(NamedTuple):
    """A block of a grid that is still to run."""

    grid: "Grid"
    block: Block


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
        self.labels = {a.name: a.labels[i] for a, i in zip(looped, place, strict=True)}
        self.axes = [a for a in traced if a.name != "seed"]
        self.seeds = [a for a in traced if a.name == "seed"]
        # The minibatches depend on the seed alone: with the points vectorized outside the
        # seeds, all points of a seed share them, and their first layers' products fuse.
        columns = zip(*itertools.product(*(a.values for a in self.axes)), strict=True)
        self.points = {
            a.name: np.asarray(jnp.asarray(column))
            for a, column in zip(self.axes, columns, strict=True)
        }
        self.seed_values = {a.name: np.asarray(jnp.asarray(a.values)) for a in self.seeds}
        self.shape = (
            math.prod(len(a.values) for a in self.axes),
            math.prod(len(a.values) for a in self.seeds),
        )
        self.ran = np.zeros(self.shape, bool)
        self.before: xr.Dataset | None = None
        self.wanted = np.ones(self.shape, bool)
        if resume is not None:
            names = [a.name for a in self.axes + self.seeds]
            here = resume.sel(self.labels).drop_vars(list(self.labels))
            self.before = here.transpose(*names, ...)
            self.wanted = ~self.before.done.to_numpy().reshape(self.shape)
        fixed = {a.name: a.values[i] for a, i in zip(looped, place, strict=True)}
        first = ({k: v[0] for k, v in d.items()} for d in (self.points, self.seed_values))
        self.program = Program(experiment, fixed, *first)
        leaves = jax.tree.leaves(self.program.structure)
        empty = [np.full((*self.shape, *x.shape), _nothing(x.dtype), x.dtype) for x in leaves]
        self.fields = self._fields(empty)
        self.shelf: Shelf | None = None

    def cut(self, runs_at_once: int, store: Store | None) -> list[Job]:
        """The blocks that are still to run; what a store holds is read."""
        self.filled = _filled(self.shape, runs_at_once)
        if store is not None:
            coordinates = {
                **{name: ("setting", column) for name, column in self.points.items()},
                **{name: ("seed", column) for name, column in self.seed_values.items()},
            }
            self.shelf = store.shelf(
                self.place, self.labels, self.program.fingerprint(), self.filled,
                self.fields, coordinates,
            )  # fmt: skip
            self.filled = self.shelf.filled
        blocks = _blocks(self.shape, self.filled)
        if self.shelf is not None:
            for block in blocks:
                if (stored := self.shelf.read(block)) is not None:
                    self._put(block, stored)
        return [Job(self, b) for b in blocks if (self.wanted & ~self.ran)[b].any()]

    def task(self, block: Block) -> Task:
        """What it takes to run a block."""
        points = {name: column[block[0]] for name, column in self.points.items()}
        seeds = {name: column[block[1]] for name, column in self.seed_values.items()}
        return Task(points, seeds, self.ran[block].shape, self.filled)

    def settings(self, block: Block) -> str:
        """A block's settings, in words."""
        task = self.task(block)
        values = {k: np.unique(v).tolist() for k, v in (task.points | task.seeds).items()}
        return ", ".join(f"{name}={value}" for name, value in {**self.labels, **values}.items())

    def keep(self, block: Block, leaves: list[np.ndarray]) -> None:
        """Take in a block that has run."""
        arrays = {name: array for name, (_, array) in self._fields(leaves).items()}
        if self.shelf is not None:
            self.shelf.write(block, arrays)
        self._put(block, arrays)

    def _put(self, block: Block, arrays: dict[str, np.ndarray]) -> None:
        for name, (_, all_runs) in self.fields.items():
            all_runs[block] = arrays[name]
        self.ran[block] = True

    def _fields(self, leaves: list[np.ndarray]) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
        return _fields(jax.tree.unflatten(jax.tree.structure(self.program.structure), leaves))

    def dataset(self) -> xr.Dataset:
        """The runs as labelled arrays."""
        if self.before is not None and not self.ran.any():
            return self.before
        traced = self.axes + self.seeds
        names, lengths = [a.name for a in traced], [len(a.values) for a in traced]
        variables = {"done": (names, self.ran.reshape(lengths))}
        coords: dict[str, Any] = {a.name: a.labels for a in traced}
        for name, (dims, values) in self.fields.items():
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


def _filled(shape: tuple[int, int], size: int) -> tuple[int, int]:
    """The points and seeds of a block of at most ``size`` runs."""
    points = math.ceil(shape[0] / math.ceil(shape[0] / size))
    return points, min(shape[1], max(1, size // points))


def _blocks(shape: tuple[int, int], filled: tuple[int, int]) -> list[Block]:
    """All blocks of at most that many points and seeds."""

    def cuts(length: int, step: int) -> Iterator[slice]:
        return (slice(i, min(i + step, length)) for i in range(0, length, step))

    rows, columns = map(cuts, shape, filled)
    return list(itertools.product(rows, columns))


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
