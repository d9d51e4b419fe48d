"""A log of any kind that is known, read into series."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from stabsim import _check
from stabsim._settings import LANGUAGES
from stabsim.logs import events, jsonl, table
from stabsim.logs.columns import Columns, choose, listed
from stabsim.logs.log import Log
from stabsim.logs.source import BYTE_ORDER_MARKS, KINDS, LogError, Source, unreadable
from stabsim.logs.verdict import LEAST

EVENTS = "*tfevents*"
"""How TensorBoard's event files are named."""

OTHERS = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip, xlsx",
    b"PAR1": "Parquet",
    b"SQLite format 3": "SQLite",
    b":W&B": ".wandb",
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
) -> Log:
    """A training log: CSV, JSON lines, or TensorBoard's event files, in constant memory.

    Records whose step is not above all before it are skipped, as are rows that are no records;
    ``log.notes`` says what was.

    Args:
        path: the file; a folder that holds one run's event files; "-" for standard input.
        columns: the names of the columns, for those that should not be guessed.
        kind: one of "csv", "jsonl" and "tensorboard"; judged by the content if not given.
        number_rows: whether to number the records rather than to read their steps.
        advance: called with the number of bytes after each that were read.
    Raises:
        LogError: if it cannot be read, in words for the reader.
        ValueError: if the kind is unknown.
    """
    if kind is not None:
        _check.choice("kind", kind, KINDS)
    with contextlib.ExitStack() as stack:
        sources = _sources(str(path), stack, advance)
        first = next(sources)
        kind = kind or _kind(first)

        def start(names: list[str]) -> Log:
            chosen, unclear = choose(names, columns)
            log = Log(first.name, kind, chosen._replace(step=None) if number_rows else chosen)
            for role in unclear:
                log.note(f"several: {role}", 0)
            return log

        if kind == "tensorboard":
            log = events.read(_also(first, sources), start)
        else:
            log = (table if kind == "csv" else jsonl).read(first, start)
    if log.loss.size < LEAST:
        raise _too_short(log)
    return log


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
    path: str, stack: contextlib.ExitStack, advance: Callable[[int], object]
) -> Iterator[Source]:
    if path == "-":
        yield Source(sys.stdin.buffer, "-", advance)
        return
    for file in event_files(Path(path)) if Path(path).is_dir() else [Path(path)]:
        yield Source(stack.enter_context(_opened(file)), str(file), advance)


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


def event_files(folder: Path) -> list[Path]:
    """The event files of the one run in a folder, in the order in which they were begun.

    Raises:
        LogError: if there is none, or more than one run.
    """
    files = sorted(file for file in folder.rglob(EVENTS) if file.is_file())
    runs = sorted({str(file.parent) for file in files})
    if not files:
        raise LogError(
            f"The folder {str(folder)!r} holds no event file of TensorBoard.",
            f"Folder {str(folder)!r} tidak memuat berkas event TensorBoard.",
        )
    if len(runs) > 1:
        raise LogError(
            f"The folder {str(folder)!r} holds several runs: {listed(runs)}. Name one of them.",
            f"Folder {str(folder)!r} memuat beberapa run: {listed(runs)}. Sebutkan salah satu.",
        )
    return files


def _kind(source: Source) -> str:
    head = source.peek(4096)
    if events.is_events(head):
        return "tensorboard"
    for mark, name in OTHERS.items():
        if head.startswith(mark):
            raise unreadable("other kind", kind=name)
    if b"\0" in head and not head.startswith(tuple(BYTE_ORDER_MARKS)):
        raise unreadable("binary")
    return "jsonl" if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else "csv"
