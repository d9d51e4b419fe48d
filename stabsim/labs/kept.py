"""Grids of runs that labs explore: computed once, and kept where a build says."""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, wraps
from pathlib import Path

import numpy as np

Arrays = dict[str, np.ndarray]


def kept(compute: Callable[[], Arrays]) -> Callable[[], Arrays]:
    """What ``compute`` returns, computed once a process, even while a program is traced.

    Where the environment variable ``STABSIM_KEPT`` names a folder, it is computed once for
    a state of the package, and read from there by every other process.
    """

    @cache
    @wraps(compute)
    def computed() -> Arrays:
        folder = os.environ.get("STABSIM_KEPT")
        if folder is None:
            return _computed_now(compute)
        file = Path(folder) / f"{_digest()}-{compute.__module__}.{compute.__qualname__}.npz"
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


@cache
def _digest() -> str:
    """Names a state of the package."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
