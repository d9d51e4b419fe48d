"""What a sweep is going to run: its axes, and for each place of the looped ones a plan."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from stabsim.sweeps.program import Block, BlockInputs, Program
from stabsim.workloads.workload import Workload


class Axis(NamedTuple):
    """An axis of a sweep.

    Attributes:
        name: the argument of the experiment.
        values: what the experiment is given.
        labels: what the values are called in the dataset, one each.
        looped: whether the experiment is traced anew for each value.
    """

    name: str
    values: list[Any]
    labels: list[Any]
    looped: bool


def parse_axis(name: str, values: Any, looped: bool) -> Axis:
    """An axis as a sweep is given it: a list of values, or a dict from label to value.

    Raises:
        TypeError: if it is no list.
        ValueError: if it is empty or repeats a label, or a number is none.
    """
    if isinstance(values, Mapping):
        axis = Axis(name, list(values.values()), list(values), True)
    elif isinstance(values, str) or not isinstance(values, Iterable) or _is_scalar(values):
        raise TypeError(f"axis {name} must be a list of values, such as {name}=[{values!r}].")
    else:
        listed = list(values)
        numeric = all(isinstance(v, int | float | np.number | jax.Array) for v in listed)
        numeric &= not any(isinstance(v, bool) for v in listed)
        if numeric and any(np.ndim(v) for v in listed):
            raise ValueError(f"axis {name} must hold single numbers.")
        labels = np.asarray(listed).tolist() if numeric else [_label(v) for v in listed]
        axis = Axis(name, listed, labels, looped or not numeric)
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


def _label(value: Any) -> str | int | float:
    if isinstance(value, Workload):
        return value.name
    if isinstance(value, str | int | float):
        return value
    return getattr(value, "__name__", None) or repr(value)


class Plan(NamedTuple):
    """The traced axes at one place of the looped ones: points by seeds.

    Attributes:
        index: the place, an index for each looped axis.
        labels: the labels of the looped axes there.
        axes: the traced axes, those of the points first and that of the seeds last.
        points: the values of every axis but the seeds, each ``(points,)``.
        seeds: the values of the axis of seeds, ``(seeds,)``; empty if there is none.
        program: the experiment, traced for these axes.
    """

    index: tuple[int, ...]
    labels: dict[str, Any]
    axes: list[Axis]
    points: dict[str, np.ndarray]
    seeds: dict[str, np.ndarray]
    program: Program

    @property
    def shape(self) -> tuple[int, int]:
        """The number of points and of seeds; 1 where there is no axis."""
        seeds = math.prod(column.size for column in self.seeds.values())
        return math.prod(len(axis.values) for axis in self.axes) // seeds, seeds

    def inputs(self, block: Block, block_shape: tuple[int, int]) -> BlockInputs:
        """What it takes to run a block."""
        points = {name: column[block[0]] for name, column in self.points.items()}
        seeds = {name: column[block[1]] for name, column in self.seeds.items()}
        rows, columns = (len(range(n)[s]) for n, s in zip(self.shape, block, strict=True))
        return BlockInputs(points, seeds, (rows, columns), block_shape)

    def describe(self, block: Block) -> str:
        """A block's settings, in words."""
        points = {name: column[block[0]] for name, column in self.points.items()}
        seeds = {name: column[block[1]] for name, column in self.seeds.items()}
        values = {name: np.unique(column).tolist() for name, column in (points | seeds).items()}
        return ", ".join(f"{name}={value}" for name, value in {**self.labels, **values}.items())


def make_plan(experiment: Callable[..., Any], axes: list[Axis], index: tuple[int, ...]) -> Plan:
    """The plan at one place of the looped axes; the experiment is traced for it.

    Raises:
        TypeError: if the experiment needs a fixed number where it gets a traced one, or
            returns something else than a sweep takes.
    """
    looped = list(zip((a for a in axes if a.looped), index, strict=True))
    traced = [axis for axis in axes if not axis.looped]
    of_points = [axis for axis in traced if axis.name != "seed"]
    of_seeds = [axis for axis in traced if axis.name == "seed"]
    # The minibatches depend on the seed alone: with the points vectorized outside the
    # seeds, all points of a seed share them, and their first layers' products fuse.
    columns = zip(*itertools.product(*(axis.values for axis in of_points)), strict=True)
    points = {
        axis.name: np.asarray(jnp.asarray(column))
        for axis, column in zip(of_points, columns, strict=True)
    }
    seeds = {axis.name: np.asarray(jnp.asarray(axis.values)) for axis in of_seeds}
    fixed = {axis.name: axis.values[i] for axis, i in looped}
    first = ({name: column[0] for name, column in d.items()} for d in (points, seeds))
    return Plan(
        index,
        {axis.name: axis.labels[i] for axis, i in looped},
        of_points + of_seeds,
        points,
        seeds,
        Program(experiment, fixed, *first),
    )


def block_shape(shape: tuple[int, int], runs: int) -> tuple[int, int]:
    """The points and seeds of a block of at most so many runs, of a plan of that shape."""
    points = math.ceil(shape[0] / math.ceil(shape[0] / runs))
    return points, min(shape[1], max(1, runs // points))


def blocks(shape: tuple[int, int], each: tuple[int, int]) -> list[Block]:
    """All blocks of at most that many points and seeds."""

    def cuts(length: int, step: int) -> Iterator[slice]:
        return (slice(i, min(i + step, length)) for i in range(0, length, step))

    rows, columns = map(cuts, shape, each)
    return list(itertools.product(rows, columns))
