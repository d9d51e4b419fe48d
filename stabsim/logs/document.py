"""Logs as one JSON document: Trainer's state, Keras's history, a list of records."""

import json
import re
from typing import Any

from stabsim.logs import objects
from stabsim.logs.columns import is_set
from stabsim.logs.log import Log
from stabsim.logs.objects import Start, flat
from stabsim.logs.source import Source, split, unreadable

LARGEST = 64 << 20
"""A document of more bytes is not read: it would have to be in memory as a whole."""


def parsed(source: Source) -> Any:
    """The document that the whole source is; None if it is none, or too large a one."""
    text = source.peek(LARGEST + 1)
    if len(text) > LARGEST:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def records(document: Any, depth: int = 0) -> list[dict[str, Any]]:
    """The longest list of records in a document: a list of objects, an object of lists of equal
    length, or an object of objects, whose names are then the steps, or those of sets of rows or of
    runs, with lists in each."""
    found: list[list[dict[str, Any]]] = [[]]
    if isinstance(document, list):
        rows = [row for row in document if isinstance(row, dict)]
        found.append([flat(row) for row in rows])
    elif isinstance(document, dict):
        found.append(_rows(document))
        inner = [(k, v) for k, v in document.items() if isinstance(v, dict)]
        if len(inner) > 1 and all(k.isdigit() for k, _ in inner):
            found.append([{"step": k} | flat(v) for k, v in inner])
        if (len(inner) > 1 or any(is_set(k) for k, _ in inner)) and all(
            _columns(v).keys() == v.keys() for _, v in inner
        ):
            found.append(_rows({f"{k}/{name}": x for k, v in inner for name, x in v.items()}))
        if depth < objects.DEEPEST:
            found += [records(v, depth + 1) for v in document.values()]
    return max(found, key=len)


NUMBER = r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|inf(?:inity)?)"
BETWEEN = r"[\s,;]+"
NUMBERS = re.compile(
    r"(?:[a-z_][a-z0-9_]{0,99}[ \t]{0,9}[=:][ \t]{0,9})?(?P<open>[\[(]?)\s*"
    rf"(?P<numbers>{NUMBER}(?:{BETWEEN}{NUMBER})*)[\s,;\])]*",
    re.IGNORECASE,
)


def numbers(text: str) -> list[dict[str, float]] | None:
    """Losses that stand alone: as Python prints a list, in one line, or one in each line.

    Returns:
        A record of each; None if there is anything else, or several numbers in several lines,
        which are the rows of a table.
    """
    found = NUMBERS.fullmatch(text)
    if not found:
        return None
    cells = re.split(BETWEEN, found["numbers"])
    rows = [line for line in split(found["numbers"]) if line.strip()]
    if len(cells) < 2 or not (found["open"] or len(rows) in (1, len(cells))):
        return None
    return [{"loss": float(cell)} for cell in cells]


def _columns(document: dict[str, Any]) -> dict[str, list[Any]]:
    """The lists of numbers or words in an object, by their names."""
    return {k: v for k, v in document.items() if isinstance(v, list) and v and _plain(v)}


def _rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The longest lists in an object, side by side; none if they hold but one value."""
    columns = _columns(document)
    longest = max(map(len, columns.values()), default=0)
    columns = {k: v for k, v in columns.items() if len(v) == longest}
    if longest < 2:
        return []
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(values: list[Any]) -> bool:
    return not any(isinstance(value, dict | list) for value in values)


def read(source: Source, document: Any, start: Start) -> list[Log]:
    """The logs from a document.

    Raises:
        LogError: if it holds no records.
    """
    while source.read(1 << 20):  # it was looked at; now it is read
        pass
    rows = records(document)
    logs = objects.read(iter([(list(range(1, len(rows) + 1)), rows)]), start)
    if logs is None:
        raise unreadable("no records")
    return logs
