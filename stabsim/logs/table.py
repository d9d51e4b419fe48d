"""Logs as tables: CSV with any usual delimiter, also as downloaded from a chart of W&B."""

import csv
from collections.abc import Iterator, Sequence
from itertools import chain, repeat

import numpy as np

from stabsim.logs.cells import numbers
from stabsim.logs.log import Log
from stabsim.logs.objects import HEAD, Start
from stabsim.logs.source import Lines, Source, lines, split, unreadable

DELIMITERS = ",;\t|"


def read(source: Source, start: Start) -> list[Log]:
    """The logs from a table with a row of names.

    Each line is one row. A quoted cell that goes on over a line's end is not taken: with it,
    one stray quotation mark would swallow the rest of the file.

    Raises:
        LogError: if there is no row of names.
    """
    batches = _without_blanks(lines(source))
    head = next(batches, None)
    if head is None:
        raise unreadable("empty")
    header = head.lines[0]
    if header is None:
        raise unreadable("long header")
    delimiter = max(DELIMITERS, key=header.count)
    names = [name.strip() for name in _split([header.lstrip("# ")], delimiter)[0]]
    rows = head.lines[1:]
    if not numbers(names).bad.any() and len(names) > 1:  # no names: count the columns
        names = [str(i) for i in range(1, len(names) + 1)]
        rows = head.lines
    first = Lines(head.first + len(head.lines) - len(rows), rows)
    known = [line for line in rows[: 2 * HEAD] if line is not None]
    whole = [row for row in _split(known, delimiter) if len(row) == len(names)][:HEAD]
    logs = start({name: [row[i] for row in whole] for i, name in enumerate(names)})
    places = [{role: names.index(name) for role, name in log.read.items()} for log in logs]
    for batch in chain([first], batches):
        _add(logs, batch, delimiter, len(names), places)
    return logs


def is_table(head: str) -> bool:
    """Whether a text that begins so is a table: a row of names, and rows as wide with a number."""
    rows = [line for line in split(head)[:20] if line.strip()]
    if not rows:
        return False
    delimiter = max(DELIMITERS, key=rows[0].count)
    width = len(_split(rows[:1], delimiter)[0])
    below = [row for row in _split(rows[1:], delimiter) if len(row) == width]
    return any((found := numbers(row)).present.any() and not found.bad.all() for row in below)


def _without_blanks(batches: Iterator[Lines]) -> Iterator[Lines]:
    """The batches from the first line on that is not blank."""
    for batch in batches:
        for i, line in enumerate(batch.lines):
            if line is None or line.strip():
                yield Lines(batch.first + i, batch.lines[i:])
                yield from batches
                return


def _split(texts: Sequence[str], delimiter: str) -> list[list[str]]:
    if not any('"' in text for text in texts):
        return [text.split(delimiter) for text in texts]
    try:
        rows = list(csv.reader(texts, delimiter=delimiter))
    except csv.Error:
        rows = []
    if len(rows) != len(texts):  # a quotation mark was left open
        rows = [_row(text, delimiter) for text in texts]
    return rows


def _row(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []


def _add(
    logs: list[Log], batch: Lines, delimiter: str, width: int, columns: list[dict[str, int]]
) -> None:
    texts = [line for line in batch.lines if line]
    places = np.arange(batch.first, batch.first + len(batch.lines))
    if len(texts) < len(batch.lines):
        places = places[[bool(line) for line in batch.lines]]
        logs[0].note("too long", batch.first, sum(line is None for line in batch.lines))
    at_once = [_at_once(texts, delimiter, width, roles) for roles in columns]
    read = [one for one in at_once if one is not None]
    if len(read) == len(logs):
        for log, cells in zip(logs, read, strict=True):
            log.add_rows(places, cells)
        return
    rows = _split(texts, delimiter)
    if any(len(row) != width for row in rows):
        whole = [len(row) == width for row in rows]
        logs[0].note("other width", int(places[whole.index(False)]), whole.count(False))
        rows = [row for row, ok in zip(rows, whole, strict=True) if ok]
        places = places[whole]
    cells = [cell for row in rows for cell in row]
    for log, place in zip(logs, columns, strict=True):
        log.add_rows(places, {role: cells[i::width] for role, i in place.items()})


def _at_once(
    texts: Sequence[str], delimiter: str, width: int, roles: dict[str, int]
) -> dict[str, np.ndarray] | None:
    """The columns of some roles, read by numpy; None if a row is of another width or holds what
    is no plain number."""
    if set(map(str.count, texts, repeat(delimiter))) != {width - 1}:
        return None
    used = sorted(set(roles.values()))
    try:
        read = np.loadtxt(texts, delimiter=delimiter, comments=None, usecols=used, ndmin=2)
    except ValueError:
        return None
    if len(read) != len(texts):
        return None
    return {role: np.ascontiguousarray(read[:, used.index(i)]) for role, i in roles.items()}
