"""Logs as JSON lines: an object a line, also as W&B's history is exported."""

import json
from collections.abc import Iterator
from typing import Any

from stabsim.logs import objects
from stabsim.logs.log import Log
from stabsim.logs.objects import Objects, Skipped, Start, flat
from stabsim.logs.source import Lines, Source, lines, unreadable


def read(source: Source, start: Start) -> list[Log]:
    """The logs from JSON lines.

    Raises:
        LogError: if no line is an object.
    """
    skipped = Skipped()
    logs = objects.read(_objects(source, skipped), start)
    if logs is None:
        raise unreadable("no objects")
    skipped.tell(logs[0])
    return logs


def _objects(source: Source, skipped: Skipped) -> Iterator[Objects]:
    for batch in lines(source):
        rows = _at_once(batch.lines)
        if rows is not None:
            yield list(range(batch.first, batch.first + len(rows))), rows
        else:
            yield _one_by_one(batch, skipped)


def _at_once(texts: list[str | None]) -> list[dict[str, Any]] | None:
    """The objects of lines that hold one each, parsed together; None if any line does not."""
    known = [text for text in texts if text]
    if known != texts[: len(known)]:
        return None
    text = ",".join(known)
    try:
        rows = json.loads(f"[{text}]")
    except (ValueError, RecursionError):
        return None
    if len(rows) != len(known) or not all(isinstance(row, dict) for row in rows):
        return None
    return rows if text.count("{") == len(rows) else [flat(row) for row in rows]


def _one_by_one(batch: Lines, skipped: Skipped) -> Objects:
    places, rows = [], []
    for i, line in enumerate(batch.lines, batch.first):
        if line is None:
            skipped.add("too long", i)
        elif line and not line.isspace():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if isinstance(row, dict):
                places.append(i)
                rows.append(flat(row))
            else:
                skipped.add("no object", i)
    return places, rows
