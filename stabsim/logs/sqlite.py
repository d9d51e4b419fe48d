"""Logs in SQLite databases: MLflow's, Trackio's, and others of the same shape.

Two shapes are known by their columns, whatever the tables are called: a row for each number, with
its name ("key", "value", "step", as MLflow has it), and a row for each record, with its numbers as
a JSON object ("metrics", "step", as Trackio has it). A database is opened to be read only.

References:
    MLflow 3.17, mlflow/store/tracking/dbmodels/models.py (SqlMetric: NaN is stored as 0 with
    is_nan, infinity as 1.797e308). Trackio, trackio/sqlite_storage.py.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stabsim.logs import objects
from stabsim.logs.cells import numbers
from stabsim.logs.log import Log
from stabsim.logs.objects import HEAD, Start, flat
from stabsim.logs.source import LogError, unreadable

MARK = b"SQLite format 3"
"""How a database begins."""

NAME, VALUE, STEP = ("key", "name", "metric", "tag"), ("value",), ("step",)
OBJECT = ("metrics",)
RUN = ("run_uuid", "run_id", "run_name", "run")
TIME = ("timestamp", "time", "id")
IS_NAN = ("is_nan",)
"""The names of the columns that are known by these."""

MOST = 200
"""So many runs of a database are read."""

MOST_NAMES = 2000
"""So many names of numbers of a run are looked at."""

BATCH = 4096


class Table(NamedTuple):
    """A table of one of the two shapes: its columns' names, quoted; None where there is none."""

    table: str
    name: str | None
    value: str
    step: str
    run: str | None
    time: str
    nan: str | None


def read(path: Path, start: Start) -> list[Log]:
    """The logs of all runs in a database.

    Raises:
        LogError: if it is damaged, or holds no table of the two shapes, or no run with a loss.
    """
    try:
        with contextlib.closing(_opened(path)) as base:
            return _read(base, start)
    except (sqlite3.Error, OverflowError) as error:
        raise unreadable("bad database", error=str(error)) from None


def _opened(path: Path) -> sqlite3.Connection:
    """The database, to be read. SQLite may write files beside it only where a log of what was
    written last lies there, without which that would be missed."""
    written = path.with_name(f"{path.name}-wal")
    how = "mode=ro" if written.exists() and written.stat().st_size else "immutable=1"
    base = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True)
    base.text_factory = lambda data: data.decode("utf-8", "replace")
    return base


def _read(base: sqlite3.Connection, start: Start) -> list[Log]:
    tables = [table for name in _tables(base) if (table := _known(base, name)) is not None]
    if not tables:
        raise unreadable("no metrics")
    logs: list[Log] = []
    failed: LogError | None = None
    for table in tables:
        for run in _runs(base, table):
            try:
                found = (_objects if table.name is None else _numbers)(base, table, run, start)
            except LogError as error:
                failed = failed or error
                continue
            for log in found:
                name = _named(base, table, run) if run is not None else ""
                log.choice = log.choice._replace(run=_joined(name, log.choice.run))
                log.run = log.choice.run
            logs += found
    if not logs:
        raise failed or unreadable("no metrics")
    return logs


def _joined(*names: str) -> str:
    return ": ".join(name for name in names if name)


def _tables(base: sqlite3.Connection) -> list[str]:
    found = base.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [str(name) for (name,) in found]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _known(base: sqlite3.Connection, name: str) -> Table | None:
    columns = {str(row[1]) for row in base.execute(f"PRAGMA table_info({_quoted(name)})")}

    def of(names: tuple[str, ...]) -> str | None:
        return next((_quoted(one) for one in names if one in columns), None)

    key, value, step = of(NAME), of(VALUE), of(STEP)
    if not (key and value):
        key, value = None, of(OBJECT)
    if not (value and step) or name.startswith(("latest_", "system_")):
        return None
    return Table(_quoted(name), key, value, step, of(RUN), of(TIME) or "rowid", of(IS_NAN))


def _runs(base: sqlite3.Connection, table: Table) -> list[Any]:
    if table.run is None:
        return [None]
    found = base.execute(f"SELECT DISTINCT {table.run} FROM {table.table} LIMIT {MOST}")
    return [run for (run,) in found]


def _named(base: sqlite3.Connection, table: Table, run: Any) -> str:
    """The name of a run: Trackio keeps it beside the numbers, MLflow in a table of its own."""
    with contextlib.suppress(sqlite3.Error):
        named = f"SELECT run_name FROM {table.table} WHERE {table.run} IS ? LIMIT 1"
        return str(base.execute(named, (run,)).fetchone()[0])
    with contextlib.suppress(sqlite3.Error):
        found = base.execute("SELECT name FROM runs WHERE run_uuid = ?", (run,)).fetchone()
        if found and found[0]:
            return str(found[0])
    return str(run)


def _where(table: Table, run: Any) -> tuple[str, tuple[Any, ...]]:
    return (f"WHERE {table.run} IS ?", (run,)) if table.run else ("WHERE 1", ())


def _batches(rows: sqlite3.Cursor) -> Iterator[list[tuple[Any, ...]]]:
    while batch := rows.fetchmany(BATCH):
        yield batch


def _objects(base: sqlite3.Connection, table: Table, run: Any, start: Start) -> list[Log]:
    where, given = _where(table, run)
    rows = base.execute(
        f"SELECT {table.step}, {table.value} FROM {table.table} {where} ORDER BY {table.time}",
        given,
    )

    def records() -> Iterator[objects.Objects]:
        place = 0
        for batch in _batches(rows):
            found = []
            for step, value in batch:
                with contextlib.suppress(ValueError, TypeError, RecursionError):
                    row = json.loads(value)
                    found.append({"step": step} | flat(row) if isinstance(row, dict) else {})
            yield list(range(place + 1, place + len(found) + 1)), found
            place += len(found)

    logs = objects.read(records(), start)
    if logs is None:
        raise unreadable("no metrics")
    return logs


def _numbers(base: sqlite3.Connection, table: Table, run: Any, start: Start) -> list[Log]:
    where, given = _where(table, run)
    value = table.value if table.nan is None else f"iif({table.nan}, 'nan', {table.value})"
    source = f"FROM {table.table} {where}"
    named = base.execute(f"SELECT DISTINCT {table.name} {source} LIMIT {MOST_NAMES}", given)
    keys = [str(key) for (key,) in named]
    head = {
        key: [cell for (cell,) in base.execute(
            f"SELECT {value} {source} AND {table.name} = ? ORDER BY {table.time} LIMIT {HEAD}",
            (*given, key),
        )]
        for key in keys
    }  # fmt: skip
    most = max(map(len, head.values()), default=0)
    logs = start(
        {key: [*cells, *[None] * (most - len(cells))] for key, cells in head.items()}, stepped=True
    )
    rows = base.execute(
        f"SELECT {table.name}, {table.step}, {value} {source} ORDER BY {table.time}, {table.step}, "
        "rowid", given,
    )  # fmt: skip
    place = 0
    for batch in _batches(rows):
        key = np.array([str(row[0]) for row in batch], object)
        step = numbers([row[1] for row in batch])
        cell = numbers([row[2] for row in batch])
        at = np.arange(place + 1, place + len(batch) + 1)
        known = step.present & np.isfinite(step.value) & cell.present
        for log in logs:
            cells = {role: (cell.value, (key == name) & known) for role, name in log.read.items()}
            log.add(at, np.where(known, step.value, np.nan), cells)
        place += len(batch)
    return logs
