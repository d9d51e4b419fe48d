"""Logs as objects, each a record: from JSON lines, from a document, from lines of a console."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from stabsim.logs.log import Log


@runtime_checkable
class Start(Protocol):
    """Begins the logs of all runs, given the first cells of each column, equally many of each;
    ``stepped`` is whether each number has a step of its own, outside of the columns."""

    def __call__(
        self, cells: Mapping[str, Sequence[Any]], *, stepped: bool = False
    ) -> list[Log]: ...


HEAD = 1000
"""Columns are chosen by so many first records."""

Objects = tuple[list[int], list[dict[str, Any]]]
"""Some records and their places."""


class Skipped(dict[str, list[int]]):
    """For each reason the place of the first that was skipped, and how many were."""

    def add(self, reason: str, place: int) -> None:
        self.setdefault(reason, [place, 0])[1] += 1

    def tell(self, log: Log) -> None:
        for reason, (first, count) in self.items():
            log.note(reason, first, count)


def read(batches: Iterator[Objects], start: Start) -> list[Log] | None:
    """The logs of all runs; None if there is not one record. Objects in objects are named with a
    slash, as "train/loss"."""
    places: list[int] = []
    rows: list[dict[str, Any]] = []
    while len(rows) < HEAD and (more := next(batches, None)) is not None:
        places += more[0]
        rows += more[1]
    if not rows:
        return None
    names = dict.fromkeys(name for row in rows for name in row)
    logs = start({name: _column(rows, name) for name in names})
    batch: Objects | None = (places, rows)
    while batch is not None:
        for log in logs:
            cells = {role: _column(batch[1], name) for role, name in log.read.items()}
            log.add_rows(batch[0], cells)
        batch = next(batches, None)
    return logs


def _column(rows: list[dict[str, Any]], name: str) -> list[Any]:
    """The cells of a column. Ray writes NaN as the string "null"; a null is an empty cell."""
    cells = [row.get(name) for row in rows]
    return ["nan" if cell == "null" else cell for cell in cells] if "null" in cells else cells


DEEPEST = 4


def flat(row: dict[str, Any], depth: int = 1) -> dict[str, Any]:
    """An object without objects in it."""
    if not any(isinstance(value, dict) for value in row.values()):
        return row
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict) and depth < DEEPEST:
            found |= {f"{name}/{inner}": v for inner, v in flat(value, depth + 1).items()}
        else:
            found[name] = value
    return found
