"""Logs as JSON lines: an object a line, also as W&B's history is exported."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from stabsim.logs.log import Log
from stabsim.logs.source import Source, lines, unreadable

Start = Callable[[list[str]], Log]

HEAD = 1000
"""The names are those of so many first objects."""

Objects = tuple[list[int], list[dict[str, Any]]]


def read(source: Source, start: Start) -> Log:
    """A log from JSON lines. Objects in objects are named with a slash, as "train/loss".

    Raises:
        LogError: if no line is an object.
    """
    skipped: dict[str, list[int]] = {}
    batches = _objects(source, skipped)
    places: list[int] = []
    rows: list[dict[str, Any]] = []
    while len(rows) < HEAD and (more := next(batches, None)) is not None:
        places += more[0]
        rows += more[1]
    if not rows:
        raise unreadable("no objects")
    log = start(list(dict.fromkeys(name for row in rows for name in row)))
    names = {role: name for role, name in log.columns._asdict().items() if name is not None}
    batch: Objects | None = (places, rows)
    while batch is not None:
        log.add_rows(
            batch[0], {r: [row.get(name) for row in batch[1]] for r, name in names.items()}
        )
        batch = next(batches, None)
    for reason, (first, count) in skipped.items():
        log.note(reason, first, count)
    return log


def _objects(source: Source, skipped: dict[str, list[int]]) -> Iterator[Objects]:
    for batch in lines(source):
        places, rows = [], []
        for i, line in enumerate(batch.lines, batch.first):
            if line is None:
                skipped.setdefault("too long", [i, 0])[1] += 1
            elif line and not line.isspace():
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError):
                    row = None
                if isinstance(row, dict):
                    places.append(i)
                    rows.append(_flat(row))
                else:
                    skipped.setdefault("no object", [i, 0])[1] += 1
        yield places, rows


DEEPEST = 4


def _flat(row: dict[str, Any], depth: int = 1) -> dict[str, Any]:
    if not any(isinstance(value, dict) for value in row.values()):
        return row
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict) and depth < DEEPEST:
            flat |= {f"{name}/{inner}": v for inner, v in _flat(value, depth + 1).items()}
        else:
            flat[name] = value
    return flat
