"""Logs that keep each number in a file of its own: DVCLive's folders, and MLflow's of files.

DVCLive writes ``plots/metrics/train/loss.tsv``, a table of "step" and "loss"; MLflow's file store
writes ``metrics/train/loss``, lines of a time, a value and a step.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from stabsim.logs.cells import numbers
from stabsim.logs.log import Log
from stabsim.logs.objects import HEAD, Start
from stabsim.logs.source import Source, lines, unreadable

DVCLIVE, MLFLOW = "plots/metrics", "metrics"
"""Where their files lie in the folder of a run."""


def folders(folder: Path) -> list[Path]:
    """The folders in a folder, itself too, that are a run of one of the two."""
    dvclive = {path.parents[1] for path in folder.rglob(DVCLIVE) if path.is_dir()}
    mlflow = {
        path.parent for path in folder.rglob(MLFLOW)
        if path.is_dir() and (path.parent / "meta.yaml").is_file()
    }  # fmt: skip
    return sorted(dvclive | mlflow)


def read(folder: Path, start: Start) -> list[Log]:
    """The log of a run.

    Raises:
        LogError: if it holds no number.
    """
    tables = folder / DVCLIVE
    top = tables if tables.is_dir() else folder / MLFLOW
    files = {
        (path.with_suffix("") if top == tables else path).relative_to(top).as_posix(): path
        for path in sorted(top.rglob("*")) if path.is_file()
    }  # fmt: skip
    head = {name: next(_pairs(path, top == tables), None) for name, path in files.items()}
    cells = {name: pairs[1][:HEAD] for name, pairs in head.items() if pairs is not None}
    most = max(map(len, cells.values()), default=0)
    if not most:
        raise unreadable("empty")
    logs = start(
        {name: [*some, *[None] * (most - len(some))] for name, some in cells.items()}, stepped=True
    )
    for log in logs:
        for role, name in sorted(log.read.items(), key=lambda pair: pair[0] != "loss"):
            _add(log, role, files[name], top == tables)
    return logs


def _add(log: Log, role: str, path: Path, table: bool) -> None:
    for steps, values, places in _pairs(path, table):
        step, value = numbers(steps), numbers(values)
        there = step.present & np.isfinite(step.value) & value.present
        nothing = (np.zeros(len(places)), np.zeros(len(places), bool))
        cells = {"loss": nothing, role: (value.value, there)}
        log.add(np.array(places), np.where(there, step.value, np.nan), cells)


def _pairs(path: Path, table: bool) -> Iterator[tuple[list[str], list[str], list[int]]]:
    """Steps, values and the numbers of their lines, some at a time."""
    with path.open("rb") as stream:
        for batch in lines(Source(stream, str(path))):
            rows = [(i, line.split()) for i, line in enumerate(batch.lines, batch.first) if line]
            if table:  # the last two cells, below a row of names
                found = [(row[-2], row[-1], i) for i, row in rows if len(row) > 1 and i > 1]
            else:
                found = [(row[2], row[1], i) for i, row in rows if len(row) == 3]
            if found:
                steps, values, places = zip(*found, strict=True)
                yield list(steps), list(values), list(places)
