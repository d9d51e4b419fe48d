"""A log of any kind that is known, read into series."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from stabsim import _check
from stabsim._settings import LANGUAGES
from stabsim.logs import document as documents
from stabsim.logs import events, folders, jsonl, scattered, sqlite, table, text, wandb
from stabsim.logs.columns import Columns, choose, listed
from stabsim.logs.log import Log
from stabsim.logs.source import (
    BYTE_ORDER_MARKS,
    KINDS,
    LogError,
    Source,
    decoded,
    split,
    unreadable,
)
from stabsim.logs.verdict import LEAST

OTHERS = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip, xlsx",
    b"PAR1": "Parquet",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x89HDF": "HDF5",
}
"""How files begin that some take for logs."""


def read(
    path: str | Path,
    columns: Columns = Columns(),  # noqa: B008, a constant
    *,
    kind: str | None = None,
    number_rows: bool = False,
    advance: Callable[[int], object] = lambda _: None,
    run: str | None = None,
) -> Log:
    """The one run of a log: see :func:`runs`.

    Args:
        path, columns, kind, number_rows, advance: see :func:`runs`.
        run: which one, if the log has several.
    Raises:
        LogError: if it cannot be read, or has several runs and none is named, or not that one.
    """
    found = runs(path, columns, kind=kind, number_rows=number_rows, advance=advance)
    return pick(found, run)


def pick(found: Sequence[Log], run: str | None) -> Log:
    """One of the runs.

    Raises:
        LogError: if there are several and none is named, or none has that name.
    """
    if run is None and len(found) == 1:
        return found[0]
    names = [log.run for log in found]
    for log in found:
        if run is not None and log.run == run:
            return log
    if run is not None:
        raise LogError(
            f"There is no run {run!r} (--run). The runs are {listed(names)}.",
            f"Tidak ada run {run!r} (--run). Run yang ada: {listed(names)}.",
        )
    raise unreadable("several runs", names=listed(names), example=repr(names[0]))


def newest(found: Sequence[Log], run: str | None) -> Log:
    """One of the runs as of :func:`pick`; of runs that were appended to one another the last, if
    none is named."""
    if run is None and all(log.choice is found[0].choice for log in found):
        return found[-1]
    return pick(found, run)


def runs(
    path: str | Path,
    columns: Columns = Columns(),  # noqa: B008, a constant
    *,
    kind: str | None = None,
    number_rows: bool = False,
    advance: Callable[[int], object] = lambda _: None,
    growing: bool = False,
) -> list[Log]:
    """The runs of a log of any kind that is known, judged by its content, in constant memory.

    A log has several runs if it is a folder of them, if a column a run is named so ("run - loss"),
    if its steps start anew, or if it has several losses and none of them is a total: then each
    loss is one. Rows that are no records are skipped; ``log.notes`` says what was.

    Args:
        path: the file; a folder; "-" for standard input.
        columns: the names of the columns, for those that should not be guessed.
        kind: one of :data:`stabsim.logs.source.KINDS`; judged by the content if not given.
        number_rows: whether to number the records rather than to read their steps.
        advance: called with the number of bytes after each that were read.
        growing: whether more may be written to it: half a line at its end is left for later.
    Raises:
        LogError: if it cannot be read, in words for the reader.
        ValueError: if the kind is unknown.
    """
    if kind is not None:
        _check.choice("kind", kind, KINDS)
    folder = Path(path) if str(path) != "-" and Path(path).is_dir() else None
    several = folders.runs(folder) if folder is not None else {"": [Path(path)]}
    found, failed = [], None
    for name, files in several.items():
        try:
            logs = _read(
                [str(file) for file in files], columns, kind, number_rows, advance, growing
            )
        except LogError as error:
            failed = failed or error
            continue
        for log in logs:
            log.run = ": ".join(one for one in (name, log.run) if one)
        found += logs
    for i, log in enumerate(found):  # no two of the same name
        same = sum(other.run == log.run for other in found[:i])
        log.run += f" ({same + 1})" if same else ""
    if not found:
        assert failed is not None
        raise failed
    if len(found) == 1:
        found[0].run = ""
    return found


def _read(
    files: list[str],
    columns: Columns,
    kind: str | None,
    number_rows: bool,
    advance: Callable[[int], object],
    growing: bool,
) -> list[Log]:
    if files != ["-"] and Path(files[0]).is_dir():
        kind = "folder"

    def start(cells: Mapping[str, Sequence[Any]], *, stepped: bool = False) -> list[Log]:
        numbered = number_rows and not stepped
        chosen = choose(cells, columns, stepped=stepped, numbered=numbered)
        if kind != "csv":  # records of other things lie between those of the loss
            chosen = [one._replace(dense=False) for one in chosen]
        return [Log(files[0], str(kind), one) for one in chosen]

    with contextlib.ExitStack() as stack:
        if kind == "folder":
            return _whole(scattered.read(Path(files[0]), start))
        sources = _sources(files, stack, advance, growing)
        first = next(sources)
        document = None
        if kind is None:
            kind, document = _kind(first)
        elif kind == "document":
            document = documents.parsed(first)

        if kind == "tensorboard":
            logs = events.read(_also(first, sources), start)
        elif kind == "sqlite":
            if first.name == "-":
                raise unreadable("database from a pipe")
            logs = sqlite.read(Path(first.name), start)
        elif kind == "document":
            logs = documents.read(first, document, start)
        else:
            readers = {"csv": table, "jsonl": jsonl, "text": text, "wandb": wandb}
            logs = readers[kind].read(first, start)
    return _whole(logs)


def _whole(logs: list[Log]) -> list[Log]:
    """The runs that are long enough.

    Raises:
        LogError: if none is.
    """
    whole = [log for log in _told_apart(logs) if log.loss.size >= LEAST]
    if not whole:
        raise _too_short(logs[0])
    return whole


def _told_apart(logs: list[Log]) -> Iterator[Log]:
    """Each run, and after it those that were appended to it, by their numbers."""
    for log in logs:
        parts = [log, *log.appended]
        long = [part for part in parts if part.loss.size >= LEAST]
        for i, part in enumerate(long if len(long) > 1 else parts, 1):
            if len(long) > 1:
                part.run = ": ".join(one for one in (log.choice.run, str(i)) if one)
            yield part


def _too_short(log: Log) -> LogError:
    said = unreadable(
        "too short", name=listed([log.columns.loss or ""]), count=log.loss.size, least=LEAST
    )
    return LogError(*(
        " ".join([said.text.in_(language), *(note.sentence(language) for note in log.notes)])
        for language in LANGUAGES
    ))  # fmt: skip


def _also(first: Source, others: Iterator[Source]) -> Iterator[Source]:
    yield first
    yield from others


def _sources(
    files: list[str],
    stack: contextlib.ExitStack,
    advance: Callable[[int], object],
    growing: bool,
) -> Iterator[Source]:
    if files == ["-"]:
        yield Source(sys.stdin.buffer, "-", advance, growing=growing)
        return
    for file in files:
        yield Source(stack.enter_context(_opened(Path(file))), file, advance, growing=growing)


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LogError(
            f"Cannot open {str(file)!r}: {reason}.", f"Tidak dapat membuka {str(file)!r}: {reason}."
        ) from None
    except ValueError:  # a null byte in the name
        raise LogError("This is no name of a file.", "Ini bukan nama berkas.") from None


NULLS = bytes(16)
"""What begins so was emptied while its writer went on."""

HEAD = 1 << 18
"""So many bytes are looked at to tell what kind of text a log is."""


def _kind(source: Source) -> tuple[str, Any]:
    """The kind of a log, and the document that it is, if it is one."""
    head = source.peek(4096)
    if events.is_events(head):
        return "tensorboard", None
    if head.startswith(NULLS):
        source.skip_nulls()
        head = source.peek(4096)
    for kind, marks in (("sqlite", sqlite.MARK), ("wandb", (wandb.MARK, wandb.SWANLAB))):
        if head.startswith(marks):
            return kind, None
    for mark, name in OTHERS.items():
        if head.startswith(mark):
            raise unreadable("other kind", kind=name)
    if b"\0" in head and not head.startswith(tuple(BYTE_ORDER_MARKS)):
        raise unreadable("binary")
    head = decoded(source.peek(HEAD)).lstrip()
    if len(source.peek(HEAD + 1)) <= HEAD and (losses := documents.numbers(head)):
        return "document", losses
    is_object = head[:1] == "{" and head[1:2] != "'"  # a Python dict is a line of a console
    if is_object or (head[:1] == "[" and head[1:].lstrip()[:1] in OPEN):
        lines = [line for line in split(head) if line.strip()]
        if not (_is_record(lines[0]) and len(lines) > 1):
            document = documents.parsed(source)
            if document is not None and documents.records(document):
                return "document", document
        return "jsonl", None
    # the line of a console may hold as many commas as the next
    lines = split(text.uncoloured(head))
    tabular = head[:1] != "[" and table.is_table(lines)
    if not tabular and text.is_console(head):
        return "text", None
    marked = head[:1] in ("{", "[") and table.aligned(lines) is None
    return ("jsonl" if marked else "csv"), None


OPEN = ("{", "[", "]", "")


def _is_record(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
