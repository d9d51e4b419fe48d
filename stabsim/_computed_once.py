"""Grids of runs that labs explore: computed once, and kept where a build says."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, wraps

import numpy as np

from stabsim._settings import settings
from stabsim._source import digest

Arrays = dict[str, np.ndarray]


def computed_once(compute: Callable[[], Arrays]) -> Callable[[], Arrays]:
    """What ``compute`` returns, computed once a process, even while a program is traced.

    Where the settings name a folder for grids, it is computed once for
    a state of the code that it rests on, and read from there by every other process.
    """

    @cache
    @wraps(compute)
    def computed() -> Arrays:
        folder = settings().grids
        if folder is None:
            return _computed_now(compute)
        file = (
            folder / f"{digest(compute.__module__)}-{compute.__module__}.{compute.__qualname__}.npz"
        )
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            # A name of its own until it is whole, for another process may be at it too.
            part = file.with_suffix(f".{os.getpid()}.npz")
            np.savez(part, **_computed_now(compute))  # type: ignore[arg-type]
            part.replace(file)
        with np.load(file) as arrays:
            return dict(arrays)

    return computed


def _computed_now(compute: Callable[[], Arrays]) -> Arrays:
    # In a thread of its own, for what is being traced is a thread's. (With
    # jax.ensure_compile_time_eval jax 0.7 cannot lower a scan.)
    with ThreadPoolExecutor(1) as alone:
        return alone.submit(compute).result()
