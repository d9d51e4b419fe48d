"""Many runs at once: an experiment over a grid of metaparameters and seeds."""

import itertools
import math
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jax
import numpy as np
import pandas as pd
import xarray as xr
from tqdm import tqdm

from stabsim import _check
from stabsim.sweeps import workers
from stabsim.sweeps.plan import Axis, Plan, make_plan, parse_axis
from stabsim.sweeps.results import BOOLEAN, PendingBlock, Results
from stabsim.sweeps.store import Store
from stabsim.trace import Trace

RUNS_AT_ONCE = 8
"""Runs in one block: on a CPU core more gain nothing, and their arrays outgrow its caches."""


class SweepInterrupted(UserWarning):
    """A sweep was stopped from the keyboard; its dataset holds the runs that were done."""


def sweep(
    experiment: Callable[..., Trace | Mapping[str, Any]],
    /,
    *,
    loop: Iterable[str] = (),
    runs_at_once: int | None = None,
    progress: bool = True,
    executor: Any = None,
    store: str | os.PathLike[str] | None = None,
    **axes: Any,
) -> xr.Dataset:
    """Run an experiment at every point of a grid.

    The experiment is a function of the axes' names. Numbers and seeds are traced: the
    experiment is called once, and its program runs the grid block by block, each block
    vectorized, one block on each core of a CPU, or sharded over the devices where there
    are several. Other values (optimizers, workloads, strings) are looped over, and so are
    the numbers that decide a shape, if named in ``loop``.

    A sweep that outgrows this process takes an ``executor``: each block is a task of its own,
    which gives the same numbers wherever it runs, and runs again if its worker dies. The
    experiment travels by value (a lambda or a function of a notebook may be one), but the
    modules that it imports must be there. With a ``store`` each block is written when it is
    done, and the same call goes on from there.

    Args:
        experiment: from one value per axis to a Trace, or to a dict of scalars.
        loop: numeric axes to loop over, such as a depth or a batch size.
        runs_at_once: runs in one block. If not given, it is 8, and without an executor half
            of a sweep of fewer than 16 runs: the size of a block decides the last bits, so it
            follows no number of cores. On a GPU of this process it is all. Give more for
            workers with GPUs, and fewer if there are more workers than blocks.
        progress: whether a bar appears once a sweep has taken two seconds.
        executor: where to run the blocks if not on this process's devices: a Dask client,
            an executor as of ``concurrent.futures``, or a function that makes one, such as
            :func:`stabsim.processes` returns. After a worker's death Dask goes on by
            itself, and what the function makes is made anew; an executor that was given and
            broke cannot be used again.
        store: a folder for the results, a Zarr hierarchy with a group for each combination
            of the looped axes: ``xarray.open_zarr(store, group="runs", consolidated=False)``
            reads it at any time. It holds a hash of the axes and of every operation and
            constant of the traced experiment. What a hash cannot see: what Python does in
            callbacks, and the processor and compiler, which decide the last bits. A store
            keeps the size of block that it was begun with.
        **axes: for each name a list of values, or a dict from label to value.
    Returns:
        A dataset labelled by axis, with the trace's own step axes behind. Its ``done`` says
        which runs it holds: all, unless the sweep was interrupted from the keyboard, which
        warns and keeps what was done. ``.to_dataframe()`` gives a table.
    Raises:
        TypeError: if an axis is no list, if a traced number is used where a fixed one is
            needed, if the experiment returns something else, or if the executor is none.
        ValueError: if an axis is empty or repeats a label, or there is none; if the store
            belongs to another sweep.
        Exception: what the experiment raises on a worker, with a note of its settings;
            what workers die of, if they do so three times in a row with nothing done.
    Examples:
        >>> from stabsim import momentum, simulate, workloads
        >>> def experiment(learning_rate, gamma):
        ...     bowl = workloads.quadratic([1.0, 4.0])
        ...     return simulate(bowl, momentum(learning_rate, gamma), steps=50)
        >>> runs = sweep(experiment, learning_rate=[0.1, 0.2, 2.0], gamma=[0.0, 0.9])
        >>> dict(runs.loss.sizes)
        {'learning_rate': 3, 'gamma': 2, 'step': 50}
    """
    parsed = _parse(axes, [loop] if isinstance(loop, str) else list(loop))
    if runs_at_once is not None:
        _check.count("runs_at_once", runs_at_once)
    folder = None if store is None else Store(store, {axis.name: axis.labels for axis in parsed})
    total = math.prod(len(axis.values) for axis in parsed)
    begun: list[Results] = []
    with tqdm(total=total, unit="run", delay=2, disable=not progress) as bar:
        try:
            for plan in _plans(experiment, parsed):
                size = runs_at_once or _runs_at_once(math.prod(plan.shape), executor)
                begun.append(Results(plan, size, folder))
                if stored := int(begun[-1].done.sum()):
                    bar.update(stored)
            _run(begun, executor, bar)
            interrupted = False
        except KeyboardInterrupt:
            interrupted = True
    result = _dataset([results for results in begun if results.done.any()], parsed)
    if interrupted:
        _warn(result, total, store)
    return result


def _parse(axes: dict[str, Any], loop: list[str]) -> list[Axis]:
    """The axes as they were given."""
    if not axes:
        raise ValueError("sweep needs at least one axis, such as learning_rate=[0.1, 0.2].")
    if unknown := sorted(set(loop) - set(axes)):
        raise ValueError(f"loop must name axes of the sweep; {unknown} are not among them.")
    return [parse_axis(name, values, name in loop) for name, values in axes.items()]


def _plans(experiment: Callable[..., Any], axes: list[Axis]) -> Iterator[Plan]:
    """A plan for each place of the looped axes."""
    looped = [range(len(axis.values)) for axis in axes if axis.looped]
    return (make_plan(experiment, axes, index) for index in itertools.product(*looped))


def _runs_at_once(runs: int, executor: Any) -> int:
    """The runs of a block, where none was asked for."""
    if executor is not None:
        return RUNS_AT_ONCE
    if jax.default_backend() != "cpu":
        return runs
    return min(RUNS_AT_ONCE * jax.device_count(), math.ceil(runs / 2))


def _run(begun: list[Results], executor: Any, bar: Any) -> None:
    """Run what is not done, and keep each block when it is."""

    def keep(block: PendingBlock, leaves: list[np.ndarray]) -> None:
        block.results.keep(block.block, leaves)
        bar.update(block.runs)

    workers.run([block for results in begun for block in results.pending()], executor, keep)


def _warn(result: xr.Dataset, total: int, store: Any) -> None:
    """Say how to go on after an interruption."""
    how = (
        "a store= would have kept them for another call"
        if store is None
        else ("to go on, call sweep again with the same store=")
    )
    warnings.warn(
        f"Interrupted: {int(result.done.sum())} of {total} runs are done; {how}.",
        SweepInterrupted,
        stacklevel=3,
    )


def _dataset(found: list[Results], axes: list[Axis]) -> xr.Dataset:
    """All results side by side, in the order of the axes; what was never begun is not done.

    Raises:
        KeyboardInterrupt: if there are none.
    """
    if not found:
        raise KeyboardInterrupt
    pieces = {results.plan.index: results.dataset() for results in found}
    names = {str(name) for piece in pieces.values() for name in piece}
    filling = {name: name not in BOOLEAN and np.nan for name in names}
    for axis in reversed([axis for axis in axes if axis.looped]):
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
    return data.transpose(*(axis.name for axis in axes), ...)
