"""Records the sweeps that pages and labs show: ``python -m book record``."""

import io
import json
import os
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from book import LANGUAGES, labs, outputs
from book.recorded import LABS, LIST, RECORDED, SWEEPS, pages
from claims.processors import processor

NEVER = 0
"""When a record that no cell has asked for was last read."""

TRACED = """\
import jax
from stabsim.labs import LABS

for lab in LABS.values():
    for static in lab.variants().values():
        jax.eval_shape(lab.program(static), lab.arguments(lab.defaults | static))
"""
"""Asks for the grids that labs explore: they are constants of the labs' programs."""


def cells(page: str) -> NotebookNode:
    """The cells of a page in the first language, or what asks for the grids of the labs."""
    if page == LABS:
        return new_notebook(cells=[new_code_cell(TRACED)])
    return outputs.notebook(next(iter(LANGUAGES)), page)


def asked(page: str, known: Path | None = RECORDED) -> dict[str, bytes]:
    """Run a page's cells, and see which sweeps they ask for.

    Args:
        page: its name, or that of the labs.
        known: the folder of the sweeps that need not run, if any.
    Returns:
        By name, the arrays of each as NumPy saves them.
    Raises:
        RuntimeError: if a cell fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        for file in known.glob(SWEEPS) if known else ():
            os.utime(shutil.copy(file, folder), (NEVER, NEVER))
        os.environ["STABSIM_KEPT"] = folder
        error = outputs.execute(cells(page), next(iter(LANGUAGES)), page).err
        if error is not None:
            raise RuntimeError(f"A cell of {page} fails: {error}")
        found = [file for file in Path(folder).glob(SWEEPS) if file.stat().st_mtime != NEVER]
        return {file.name: file.read_bytes() for file in found}


def record() -> None:
    """Record what pages ask for and is not recorded, and drop what none asks for any more.

    Raises:
        RuntimeError: if a cell fails.
        ValueError: if XLA is told to compute otherwise than it would.
    """
    if os.environ.get("XLA_FLAGS"):
        raise ValueError("Records are of runs without XLA_FLAGS: unset them.")
    names = [LABS, *outputs.pages()]
    with ProcessPoolExecutor(
        os.cpu_count(), get_context("spawn"), initializer=labs.share_programs
    ) as pool:
        found = dict(zip(names, pool.map(asked, names), strict=True))
    print(f"{keep(found, RECORDED)} sweeps are new in {RECORDED}")


def keep(found: dict[str, dict[str, bytes]], folder: Path) -> int:
    """Make a folder hold what pages asked for, and the list of it; what is there stays as it is.

    Args:
        found: by page, what :func:`asked` returns.
        folder: is made if it is not there.
    Returns:
        How many sweeps were not there.
    """
    folder.mkdir(exist_ok=True)
    sweeps = {name: saved for page in found.values() for name, saved in page.items()}
    there = {file.name for file in folder.glob(SWEEPS)}
    known = {name: on for names in pages(folder).values() for name, on in names.items()}
    new = sweeps.keys() - (there & known.keys())  # one that is not listed may be half a file
    for name in new:
        with np.load(io.BytesIO(sweeps[name])) as arrays:
            np.savez_compressed(folder / name, **arrays)
    for name in there - sweeps.keys():
        (folder / name).unlink()
    on = {name: processor() if name in new else known[name] for name in sorted(sweeps)}
    made = {page: {name: on[name] for name in sorted(found[page])} for page in sorted(found)}
    listed = {"jaxlib": version("jaxlib"), "pages": made}
    (folder / LIST).write_text(json.dumps(listed, indent=1) + "\n", encoding="utf8")
    return len(new)
