"""The files of offline runs of Weights & Biases (``.wandb``) and of SwanLab (``.swanlab``).

A reader of our own, since it needs four fields of the format, and the package that reads it
otherwise, ``wandb``, brings a server of its own and has no function for it that is documented.

A file is a header of 7 bytes and blocks of 32 KiB of records, as LevelDB's logs are: a CRC-32, a
length, whether this is all of a record or its first, a middle or its last part, and the data. Put
together these are protocol buffers: a Record {history = 2}, whose HistoryRecord holds items
{key = 1, nested_key = 2, value_json = 16}. SwanLab's have a Record {scalar = 13}, a scalar being
{key = 1, step = 2, value = 5 {number = 1}}.

References:
    wandb 0.31, wandb/proto/wandb_internal.proto and wandb/sdk/internal/datastore.py. SwanLab 0.10,
    swanlab/proto. LevelDB, doc/log_format.md.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from stabsim.logs import objects
from stabsim.logs.log import Log
from stabsim.logs.objects import Objects, Skipped, Start, flat
from stabsim.logs.protobuf import fields
from stabsim.logs.source import Source, unreadable

MARK, SWANLAB = b":W&B", b":SWL"
"""How a file begins."""

HEADER = 7
"""Bytes before the first record, and before the data of each."""

BLOCK = 1 << 15
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4

LARGEST = 1 << 24
"""A record of more bytes is passed over."""

BATCH = 1000


def read(source: Source, start: Start) -> list[Log]:
    """The log from a file of one run.

    Raises:
        LogError: if it holds no history.
    """
    skipped = Skipped()
    logs = objects.read(_rows(source, skipped), start)
    if logs is None:
        raise unreadable("no history")
    skipped.tell(logs[0])
    return logs


def _rows(source: Source, skipped: Skipped) -> Iterator[Objects]:
    places: list[int] = []
    rows: list[dict[str, Any]] = []
    row_of = _scalar if source.peek(4) == SWANLAB else _history
    for place, data in _records(source, skipped):
        try:
            row = row_of(data)
        except (ValueError, RecursionError):
            skipped.add("no event", place)
            continue
        if row:
            places.append(place)
            rows.append(flat(row))
        if len(rows) == BATCH:
            yield places, rows
            places, rows = [], []
    yield places, rows


def _history(record: bytes) -> dict[str, Any]:
    """The names and values of a record of the history; nothing for any other record."""
    row: dict[str, Any] = {}
    for field, history in fields(record):
        if field != 2 or not isinstance(history, bytes):
            continue
        for inner, item in fields(history):
            if inner == 1 and isinstance(item, bytes):
                found = [(n, v.decode("utf-8", "replace")) for n, v in fields(item)
                         if isinstance(v, bytes)]  # fmt: skip
                names = [text for number, text in found if number in (1, 2) and text]
                values = [text for number, text in found if number == 16]
                if names and values:
                    row["/".join(names)] = json.loads(values[-1])
    return row


def _scalar(record: bytes) -> dict[str, Any]:
    """The name, the value and the step of a scalar of SwanLab; nothing for any other record."""
    for field, scalar in fields(record):
        if field == 13 and isinstance(scalar, bytes):
            found = dict(fields(scalar))
            name, value = found.get(1), found.get(5)
            number = dict(fields(value)).get(1) if isinstance(value, bytes) else None
            if isinstance(name, bytes) and isinstance(number, bytes) and len(number) == 8:
                return {"step": found.get(2, 0), name.decode("utf-8", "replace"):
                        struct.unpack("<d", number)[0]}  # fmt: skip
    return {}


def _records(source: Source, skipped: Skipped) -> Iterator[tuple[int, bytes]]:
    """The place and the data of each record, put together from its parts."""
    _filled(source, HEADER)
    at, begin, parts, size = HEADER, 0, list[bytes](), 0
    while True:
        left = BLOCK - at % BLOCK
        if left < HEADER:
            _filled(source, left)
            at, left = at + left, BLOCK
        head = _filled(source, HEADER)
        if len(head) < HEADER:
            if head or parts:
                skipped.add("truncated", at)
            return
        checksum, length, kind = struct.unpack("<IHB", head)
        if length > left - HEADER or not FULL <= kind <= LAST:
            skipped.add("damaged", at)
            return
        data = _filled(source, length)
        if len(data) < length:
            skipped.add("truncated", at)
            return
        if kind in (FULL, FIRST):
            begin, parts, size = at, [], 0
        if zlib.crc32(data, zlib.crc32(bytes([kind]))) != checksum:
            skipped.add("checksum", at)
            size = LARGEST
        size += length
        if size <= LARGEST:
            parts.append(data)
        at += HEADER + length
        if kind in (FULL, LAST):
            if size <= LARGEST:
                yield begin, b"".join(parts)
            parts = []


def _filled(source: Source, size: int) -> bytes:
    """So many bytes, or what is left."""
    data = b""
    while len(data) < size and (more := source.read(size - len(data))):
        data += more
    return data
