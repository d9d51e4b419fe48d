"""Grids of runs that labs explore: computed once, and kept where a build says."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, wraps

from stabsim import _kept
from stabsim._kept import Arrays
from stabsim._source import digest


def computed_once(compute: Callable[[], Arrays]) -> Callable[[], Arrays]:
    """What ``compute`` returns, computed once a process, even while a program is traced.

    Where the settings name a folder that keeps arrays, it is computed once for
    a state of the code that it rests on, and read from there by every other process.
    """

    @cache
    @wraps(compute)
    def computed() -> Arrays:
        name = f"{digest(compute.__module__)}-{compute.__module__}.{compute.__qualname__}"
        arrays = _kept.read(name)
        if arrays is None:
            arrays = _computed_now(compute)
            _kept.write(name, arrays)
        return arrays

    return computed


def _computed_now(compute: Callable[[], Arrays]) -> Arrays:
    # In a thread of its own, for what is being traced is a thread's. (With
    # jax.ensure_compile_time_eval jax 0.7 cannot lower a scan.)
    with ThreadPoolExecutor(1) as alone:
        return alone.submit(compute).result()
