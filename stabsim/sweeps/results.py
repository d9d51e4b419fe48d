"""What came of a plan: the arrays of all its runs, filled block by block."""

import hashlib
import os
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, NamedTuple

import jax
import numpy as np
import xarray as xr

from stabsim import _kept
from stabsim._settings import settings
from stabsim.sweeps.plan import Plan, block_shape, blocks
from stabsim.sweeps.program import Block, BlockInputs
from stabsim.sweeps.store import Store
from stabsim.trace import COORDINATES

BOOLEAN = {"done", "clipped"}

Fields = dict[str, tuple[tuple[str, ...], np.ndarray]]
"""Each array by name, with the names of its own axes behind those of points and seeds."""


class PendingBlock(NamedTuple):
    """A block that is still to run, and where its results go."""

    results: "Results"
    block: Block

    @property
    def inputs(self) -> BlockInputs:
        """What it takes to run it."""
        return self.results.plan.inputs(self.block, self.results.block_shape)

    @property
    def runs(self) -> int:
        """How many runs it holds."""
        return self.results.done[self.block].size

    def describe(self) -> str:
        """Its settings, in words."""
        return self.results.plan.describe(self.block)


class Results:
    """The runs of a plan, as far as they are done.

    Attributes:
        plan: what is run.
        done: which runs are done, ``(points, seeds)``.
        block_shape: the points and seeds of a block; that of the store if it has begun.
    """

    def __init__(self, plan: Plan, runs_at_once: int, store: Store | None) -> None:
        self.plan = plan
        self.done = np.zeros(plan.shape, bool)
        self.block_shape = block_shape(plan.shape, runs_at_once)
        leaves = jax.tree.leaves(plan.program.structure)
        empty = [np.full((*plan.shape, *x.shape), _nothing(x.dtype), x.dtype) for x in leaves]
        self._fields = self._named(empty)
        self._shelf = None
        # Only where runs are kept, for the fingerprint of a large program takes a while.
        self._kept_as = self._name() if settings().kept and store is None else ""
        if store is not None:
            coordinates = {
                **{name: ("setting", column) for name, column in plan.points.items()},
                **{name: ("seed", column) for name, column in plan.seeds.items()},
            }
            self._shelf = store.shelf(
                plan.index, plan.labels, plan.program.fingerprint(), self.block_shape,
                self._fields, coordinates,
            )  # fmt: skip
            self.block_shape = self._shelf.block_shape
            for block in self._blocks():
                if (stored := self._shelf.read(block)) is not None:
                    self._put(block, stored)
        elif (kept := _kept.read(self._kept_as)) is not None:
            self._put((slice(None), slice(None)), kept)

    def pending(self) -> list[PendingBlock]:
        """The blocks that are still to run."""
        return [PendingBlock(self, block) for block in self._blocks() if not self.done[block].all()]

    def keep(self, block: Block, leaves: list[np.ndarray]) -> None:
        """Take in a block that has run."""
        arrays = {name: array for name, (_, array) in self._named(leaves).items()}
        self._put(block, arrays)
        if self._shelf is not None:
            self._shelf.write(block, arrays)
        elif self.done.all():
            _kept.write(self._kept_as, {name: x for name, (_, x) in self._fields.items()})

    def dataset(self) -> xr.Dataset:
        """The runs as labelled arrays."""
        axes = self.plan.axes
        names, lengths = [axis.name for axis in axes], [len(axis.values) for axis in axes]
        variables = {"done": (names, self.done.reshape(lengths))}
        coords: dict[str, Any] = {axis.name: axis.labels for axis in axes}
        for name, (dims, values) in self._fields.items():
            if name in COORDINATES:
                coords[name] = values[self.done][0]  # the same in every run
            else:
                variables[name] = ([*names, *dims], values.reshape(*lengths, *values.shape[2:]))
        for dim in ("step", "point"):
            sizes = [v[1].shape[v[0].index(dim)] for v in variables.values() if dim in v[0]]
            if sizes:
                coords[dim] = np.arange(sizes[0])
        return xr.Dataset(variables, coords)

    def _name(self) -> str:
        """Changes with the runs, and with what decides their last bits on one machine."""
        plan = self.plan
        quick = jax.config.read("jax_disable_most_optimizations")
        compiled = f"{version('jaxlib')} {os.environ.get('XLA_FLAGS')} {quick} {self.block_shape}"
        digest = hashlib.sha256(f"{plan.program.fingerprint()} {compiled}".encode())
        for column in (*plan.points.values(), *plan.seeds.values()):
            digest.update(np.asarray(column).tobytes())
        return f"sweep-{digest.hexdigest()[:32]}"

    def _blocks(self) -> list[Block]:
        return blocks(self.plan.shape, self.block_shape)

    def _put(self, block: Block, arrays: dict[str, np.ndarray]) -> None:
        for name, (_, of_all_runs) in self._fields.items():
            of_all_runs[block] = arrays[name]
        self.done[block] = True

    def _named(self, leaves: list[np.ndarray]) -> Fields:
        return named(jax.tree.unflatten(jax.tree.structure(self.plan.program.structure), leaves))


def _nothing(dtype: Any) -> Any:
    return np.nan if np.issubdtype(dtype, np.floating) else 0


_DIMS: dict[str, tuple[str, ...]] = {
    name: (axis,) for axis, names in COORDINATES.items() for name in names
}
_DIMS |= {axis: (axis,) for axis in COORDINATES if axis != "step"}
_DIMS["parameters"] = ("point", "parameter")


def named(outcome: Any) -> Fields:
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
