"""Where the blocks of a sweep run: on threads here, or on the workers of an executor."""

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
)
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import numpy as np

from stabsim import _check
from stabsim._extras import extra
from stabsim.sweeps.program import BlockInputs, Program
from stabsim.sweeps.results import PendingBlock

PATIENCE = 3
"""Rounds in a row in which workers die and no block is done, before a sweep gives up."""

_IMPORTED_IN = os.getpid()


def processes(count: int) -> Callable[[], ProcessPoolExecutor]:
    """New processes of this machine for a sweep: ``sweep(..., executor=stabsim.processes(2))``.

    The sweep starts them, ends them, and starts others if one dies. They begin afresh
    instead of as copies of this process, since a copy of a process in which JAX runs may
    hang; so a script that asks for them must guard its main part by
    ``if __name__ == "__main__":``.

    Args:
        count: how many.
    Raises:
        TypeError: if ``count`` is no whole number.
        ValueError: if it is below 1.
    """
    return partial(
        ProcessPoolExecutor,
        _check.count("count", count),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=signal.signal,  # Ctrl-C is for the process that runs the sweep
        initargs=(signal.SIGINT, signal.SIG_IGN),
    )


def blocks_at_once() -> int:
    """How many blocks run at once here: one a core of a CPU, one in all on other devices."""
    devices = jax.devices()
    return _cores() if devices[0].platform == "cpu" and len(devices) == 1 else 1


def run(
    pending: Sequence[PendingBlock],
    executor: Any,
    keep: Callable[[PendingBlock, list[np.ndarray]], None],
) -> None:
    """Run every block, and hand each to ``keep`` when it is done.

    A block whose worker died is run again. What the experiment raises, or the last thing that a
    worker died of, is raised here, with the block's settings; what was done by then is kept.

    Args:
        pending: what to run.
        executor: as :func:`stabsim.sweep` takes it; None for threads here.
        keep: called in this thread with a block and its arrays.
    Raises:
        TypeError: if ``executor`` is none.
    """
    pool = _Threads() if executor is None else _Workers(executor)
    futures: dict[Future[Any], PendingBlock] = {}
    fruitless = 0
    try:
        while pending:
            for block in pending:
                futures[pool.submit(block)] = block
            lost, death = [], None
            for future in as_completed(futures):
                block = futures.pop(future)
                try:
                    outcome = future.result()
                except Exception as error:
                    if not is_death(error):
                        raise
                    death = error
                    lost.append(block)
                    continue
                if isinstance(outcome, Failure):
                    raise outcome.exception(block.describe())
                keep(block, outcome)
            if death is not None:
                fruitless = fruitless + 1 if len(lost) == len(pending) else 0
                if fruitless == PATIENCE:
                    death.add_note(_LOST.format(lost[0].describe()))
                    raise death
                pool.mend(death)
            pending = lost
    finally:
        for future in futures:
            future.cancel()
        pool.close()
        for future, block in futures.items():
            if future.done() and not future.cancelled() and not future.exception():
                outcome = future.result()
                if not isinstance(outcome, Failure):
                    keep(block, outcome)


_LOST = (
    "A sweep's workers died again and again, and no block was done; one of those left has {}. "
    "Workers are often killed for want of memory: try a smaller runs_at_once."
)


def is_death(error: Exception) -> bool:
    """Whether an error of an executor says that a worker died, and not what its task raised."""
    # What the experiment raises comes as a Failure, so that an OSError here is a connection's.
    # Dask's own error has its name compared, so that Dask need not be there.
    lost = isinstance(error, BrokenExecutor | CancelledError | OSError)
    return lost or type(error).__name__ == "KilledWorker"


class _Threads:
    """Threads of this process, which share its compiled programs."""

    def __init__(self) -> None:
        self.executor = ThreadPoolExecutor(blocks_at_once())

    def submit(self, block: PendingBlock) -> Future[Any]:
        return self.executor.submit(attempt, block.results.plan.program, block.inputs)

    def mend(self, death: Exception) -> None:
        raise death

    def close(self) -> None:
        self.executor.shutdown(wait=True, cancel_futures=True)


class Pool:
    """An executor, a function that makes one, or a Dask client.

    Raises:
        TypeError: if it is none of these.
    """

    def __init__(self, given: Any):
        self.client = given if hasattr(given, "get_executor") else None
        self.make: Callable[[], Any] | None = None
        if self.client is not None:
            # A task's key is then its own: Dask must not think two equal tasks one.
            self.executor: Any = self.client.get_executor(pure=False)
        elif isinstance(given, Executor) or hasattr(given, "submit"):
            self.executor = given
        elif callable(given):
            self.make = given
            self.executor = given()
        else:
            raise TypeError(
                "executor must be a Dask client, an executor as of concurrent.futures, or a "
                f"function that makes one, such as stabsim.processes(2); not {given!r}."
            )

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """A call on a worker; where the pool is broken, a future that says so."""
        try:
            return self.executor.submit(function, *arguments)
        except BrokenExecutor as error:
            broken: Future[Any] = Future()
            broken.set_exception(error)
            return broken

    def mend(self, death: Exception) -> None:
        """After some workers died: Dask has others; a broken pool must be made anew."""
        if not isinstance(death, BrokenExecutor):
            return
        if self.make is None:
            death.add_note(
                "A pool whose worker died cannot be used again. Give a function that makes one, "
                "such as executor=stabsim.processes(2), and another is made; with store= it also "
                "goes on from what was done."
            )
            raise death
        self.executor.shutdown(wait=True, cancel_futures=True)
        self.executor = self.make()

    def close(self) -> None:
        if self.make is not None:
            self.executor.shutdown(wait=True, cancel_futures=True)


class _Workers:
    """The workers of a pool, to which each program is sent once."""

    def __init__(self, given: Any):
        self.pool = Pool(given)
        self.mend, self.close = self.pool.mend, self.pool.close
        self.pickled: dict[Program, Any] = {}

    def submit(self, block: PendingBlock) -> Future[Any]:
        program = self._send(block.results.plan.program)
        return self.pool.submit(attempt_there, program, block.inputs)

    def _send(self, program: Program) -> Any:
        if program not in self.pickled:
            data = _pickle(program)
            if self.pool.client is not None:
                # As a task of its own it goes to each worker once, and if all that hold it
                # die, Dask knows how to get it again.
                data = self.pool.client.submit(bytes, data, pure=False)
            self.pickled[program] = data
        return self.pickled[program]


class Failure(NamedTuple):
    """What the experiment raised, there or here.

    Attributes:
        error: the exception, or as it comes from another process, pickled.
    """

    error: Exception | bytes

    def exception(self, settings: str) -> Exception:
        """The exception, with a note of the settings under which it was raised."""
        error = self.error
        if isinstance(error, bytes):
            import cloudpickle

            error = cloudpickle.loads(error)
        error.add_note(f"The experiment raised this in a block with {settings}.")
        return error


def attempt(program: Program, inputs: BlockInputs) -> list[np.ndarray] | Failure:
    """A block's arrays, or what the experiment raised."""
    try:
        return program(inputs)
    except Exception as error:
        return Failure(error)


def attempt_there(pickled: bytes, inputs: BlockInputs) -> list[np.ndarray] | Failure:
    """The same on a worker, from a pickled program."""
    try:
        if os.getpid() != _IMPORTED_IN:
            raise RuntimeError(
                "this worker is a copy (a fork) of a process in which JAX runs, and may hang. "
                "Give the sweep executor=stabsim.processes(2), or a pool of your own with "
                "mp_context=multiprocessing.get_context('spawn')."
            )
        return _unpickle(pickled)(inputs)
    except Exception as error:
        error.add_note("On the worker:\n" + traceback.format_exc())
        return Failure(_pickle_error(error))


@lru_cache(maxsize=64)
def _unpickle(pickled: bytes) -> Program:
    import cloudpickle

    return cloudpickle.loads(pickled)


def _pickle(program: Program) -> bytes:
    with extra("cluster"):
        import cloudpickle
    return cloudpickle.dumps(program)


def _pickle_error(error: Exception) -> bytes:
    """The exception if it survives the journey, or else its words."""
    import cloudpickle

    try:
        data = cloudpickle.dumps(error)
        cloudpickle.loads(data)
    except Exception:
        words = RuntimeError(f"{type(error).__name__}: {error}")
        words.__notes__ = error.__notes__
        data = cloudpickle.dumps(words)
    return data


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
