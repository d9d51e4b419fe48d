"""Logs as tables: CSV with any usual delimiter, also as downloaded from a chart of W&B; and
columns set under each other with blanks."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np

from stabsim.logs.cells import numbers
from stabsim.logs.log import Log
from stabsim.logs.objects import HEAD, Start
from stabsim.logs.source import Lines, Source, lines, unreadable

DELIMITERS = ",;\t|"

LOOKED = 200
"""The names of columns that blanks set apart stand within so many first lines."""

RULE = r"[-=+| ]*"
"""A line that is drawn under the names."""


_rule, _blank, _blanks = map(re.compile, (RULE, r"[ \t]+", r"[ \t]{2,}"))


class Aligned(NamedTuple):
    """Where the rows begin of a table whose columns are set apart by blanks, and its names."""

    first: int
    names: list[str]


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
    found = None if is_table(_known(head.lines[:20])) else aligned(head.lines)
    if found is not None:
        delimiter, names, rows = " ", found.names, head.lines[found.first :]
        batches = (batch._replace(lines=_single(batch.lines)) for batch in batches)
        rows = _single(rows)
    else:
        delimiter, names, rows = _header(head.lines)
    first = Lines(head.first + len(head.lines) - len(rows), rows)
    known = [line for line in rows[: 2 * HEAD] if line]
    whole = [row for row in _split(known, delimiter) if len(row) == len(names)][:HEAD]
    logs = start({name: [row[i] for row in whole] for i, name in enumerate(names)})
    places = [{role: names.index(name) for role, name in log.read.items()} for log in logs]
    for batch in chain([first], batches):
        _add(logs, batch, delimiter, len(names), places)
    return logs


def _header(lines: list[str | None]) -> tuple[str, list[str], list[str | None]]:
    """The delimiter, the names, and the rows below them."""
    header = lines[0]
    if header is None:
        raise unreadable("long header")
    delimiter = max(DELIMITERS, key=header.count)
    names = [name.strip() for name in _split([header.lstrip("# ")], delimiter)[0]]
    if not numbers(names).bad.any() and len(names) > 1:
        return delimiter, [str(i) for i in range(1, len(names) + 1)], lines
    return delimiter, names, lines[1:]


def aligned(lines: Sequence[str | None]) -> Aligned | None:
    """Where a table begins whose columns are set apart by blanks; None if there is none.

    Its first row holds more numbers than words, and the line above it, but for a drawn one, as many
    names; names of several words are two blanks apart. Without any line above it, and with
    nothing but numbers, its columns are counted.
    """
    above = ""
    for i, line in enumerate(lines[:LOOKED]):
        cells = _blank.split(line.strip(" \t")) if line is not None else []
        found = numbers(cells)
        count = (found.present & ~found.bad).sum()
        if len(cells) > 1 and 2 * count > len(cells):
            if not above and count == len(cells):
                return Aligned(i, [str(place) for place in range(1, len(cells) + 1)])
            for names in _names(above):
                if len(names) == len(cells) and numbers(names).bad.all():
                    return Aligned(i, names)
        if line and not _rule.fullmatch(line):
            above = line
    return None


def _names(line: str) -> Iterator[list[str]]:
    """The names that a line may hold: a mark of a comment may be one of them."""
    for text in (line.strip(" \t").lstrip("# "), line.strip(" \t")):
        for apart in (_blanks, _blank):
            yield [name.strip(DELIMITERS) for name in apart.split(text)]


def _single(lines: Sequence[str | None]) -> list[str | None]:
    """Lines with one blank where there are some, and without what is drawn."""
    return [
        line and ("" if _rule.fullmatch(line) else _blank.sub(" ", line.strip(" \t")))
        for line in lines
    ]


def _known(lines: Sequence[str | None]) -> list[str]:
    return [line for line in lines if line is not None]


def is_table(lines: Sequence[str]) -> bool:
    """Whether lines are those of a table: a row of names, and rows as wide with a number."""
    rows = [line for line in lines[:20] if line.strip()]
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
