"""Logs as JSON lines: an object a line, also as W&B's history is exported."""

import json
from collections.abc import Iterator

from stabsim.logs import objects
from stabsim.logs.log import Log
from stabsim.logs.objects import Objects, Skipped, Start, flat
from stabsim.logs.source import Source, lines, unreadable


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
        yield places, rows
