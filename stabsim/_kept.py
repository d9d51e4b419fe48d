"""Arrays that were computed before, in the folder that the settings name, if they name one."""

import os
from pathlib import Path

import numpy as np

from stabsim._settings import settings

Arrays = dict[str, np.ndarray]


def read(name: str) -> Arrays | None:
    """What is kept under a name; None if nothing is."""
    file = _file(name)
    if file is None or not file.exists():
        return None
    os.utime(file)  # what nothing asks for any more shows by its age
    with np.load(file) as arrays:
        return dict(arrays)


def write(name: str, arrays: Arrays) -> None:
    """Keep arrays, where anything is kept."""
    file = _file(name)
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own until it is whole, for another process may be at it too.
    part = file.with_suffix(f".{os.getpid()}.npz")
    np.savez(part, **arrays)  # type: ignore[arg-type]
    part.replace(file)


def _file(name: str) -> Path | None:
    kept = settings().kept
    return None if kept is None else kept / f"{name}.npz"
