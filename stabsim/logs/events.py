"""TensorBoard's event files: TFRecord framing around protocol buffers.

A reader of our own, since it needs ten fields of the format, and the packages that read it
(tensorboard, and all that stand on it) bring a web server and gRPC. Every length is checked
against what is there before it is believed.

A record is a length (8 bytes, little-endian), the masked CRC-32C of the length, the data and
the masked CRC-32C of the data. The data is an Event {wall_time = 1, step = 2, summary = 5,
session_log = 7 {status = 1}};
a Summary holds values {tag = 1, simple_value = 2, tensor = 8}, and a TensorProto {dtype = 1,
tensor_content = 4, float_val = 5, double_val = 6}.

References:
    TensorFlow, core/lib/io/record_writer.h, core/util/event.proto, core/framework/summary.proto
    and core/framework/tensor.proto. Castagnoli, Bräuer and Herrmann (1993) for CRC-32C.
"""

import re
import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from stabsim.logs.log import Log
from stabsim.logs.objects import Skipped, Start
from stabsim.logs.protobuf import fields, varint
from stabsim.logs.source import BLOCK, LogError, Source

LARGEST = 4096
"""A record of more bytes holds an image or a graph, not a scalar, and is passed over."""

BATCH = 4096
"""Records whose checksums are computed at once."""

HEAD = 20_000
"""The tags are those of so many first scalars."""


class Scalars(NamedTuple):
    """Scalars in the order of the file, as lists of equal length; no tag where a session starts."""

    place: list[int]
    tag: list[str | None]
    step: list[int]
    value: list[float]

    @classmethod
    def none(cls) -> "Scalars":
        return cls([], [], [], [])

    def extend(self, other: "Scalars") -> None:
        self.place.extend(other.place)
        self.tag.extend(other.tag)
        self.step.extend(other.step)
        self.value.extend(other.value)


def is_events(head: bytes) -> bool:
    """Whether a file that begins so is one of records: the first length has its checksum."""
    return len(head) >= 12 and _length(head, 0) is not None


def read(sources: Iterator[Source], start: Start) -> list[Log]:
    """The logs from the event files of one run, in their order.

    Raises:
        LogError: if there is no scalar in them.
    """
    skipped = Skipped()
    batches = (batch for source in sources for batch in _scalars(source, skipped))
    head = Scalars.none()
    while len(head.tag) < HEAD and (more := next(batches, None)) is not None:
        head.extend(more)
    tags = [tag for tag in dict.fromkeys(head.tag) if tag is not None]
    if not tags:
        raise LogError(
            "The event file holds no scalar.", "Berkas event itu tidak memuat satu skalar pun."
        )
    seen: dict[str, list[float | None]] = {tag: [] for tag in tags}
    for tag, value in zip(head.tag, head.value, strict=True):
        if tag is not None and len(seen[tag]) < KEPT:
            seen[tag].append(value)
    most = max(map(len, seen.values()))
    logs = start(
        {tag: [*some, *[None] * (most - len(some))] for tag, some in seen.items()}, stepped=True
    )
    batch: Scalars | None = head
    while batch is not None:
        for log in logs:
            _add(log, batch)
        batch = next(batches, None)
    skipped.tell(logs[0])
    return logs


KEPT = 1000
"""Tags are chosen by so many first values of each."""


def _add(log: Log, batch: Scalars) -> None:
    tag = np.array(batch.tag, object)
    place, step = np.array(batch.place, int), np.array(batch.step, float)
    value = np.array(batch.value, float)
    starts = [i for i, one in enumerate(batch.tag) if one is None]
    at = 0
    for stop in [*starts, tag.size]:
        part = slice(at, stop)
        cells = {role: (value[part], tag[part] == name) for role, name in log.read.items()}
        log.add(place[part], step[part], cells)
        if stop < tag.size:  # what lies at or after the step of a new session was given up
            (log.appended[-1] if log.appended else log).resume(float(step[stop]), int(place[stop]))
        at = stop + 1


def _scalars(source: Source, skipped: Skipped) -> Iterator[Scalars]:
    """The scalars of a file, some at a time; what is skipped is counted."""
    skip = skipped.add
    batch: list[tuple[int, bytes, int]] = []
    for record in _records(source, skip):
        batch.append(record)
        if len(batch) == BATCH:
            yield _parse(batch, skip)
            batch = []
    yield _parse(batch, skip)


Skip = Callable[[str, int], None]


def _records(source: Source, skip: Skip) -> Iterator[tuple[int, bytes, int]]:
    """The place, the data and the checksum of each record that is small enough."""
    data, at, begin = b"", 0, 0
    while True:
        if len(data) - at < 12:
            data, at, begin = data[at:] + source.read(BLOCK), 0, begin + at
            while 0 < len(data) < 12 and (more := source.read(BLOCK)):
                data += more
            if len(data) < 12:
                if data:
                    skip("truncated", begin)
                return
        length = _length(data, at)
        if length is None:
            skip("damaged", begin + at)
            return
        end = at + 12 + length + 4
        if length > LARGEST:
            if end <= len(data):
                at = end
                continue
            left, begin = end - len(data), begin + len(data)
            data, at = b"", 0
            while left:
                more = source.read(min(left, BLOCK))
                if not more:
                    skip("truncated", begin)
                    return
                left, begin = left - len(more), begin + len(more)
            continue
        if end > len(data):
            data, end, begin, at = data[at:], end - at, begin + at, 0
            while len(data) < end and (more := source.read(BLOCK)):
                data += more
            if len(data) < end:
                skip("truncated", begin)
                return
        (checksum,) = struct.unpack_from("<I", data, end - 4)
        yield begin + at, data[at + 12 : end - 4], checksum
        at = end


def _parse(batch: list[tuple[int, bytes, int]], skip: Skip) -> Scalars:
    found = Scalars.none()
    if not batch:
        return found
    right = checksums([data for _, data, _ in batch]) == np.array([c for *_, c in batch])
    for (place, data, _), ok in zip(batch, right.tolist(), strict=True):
        if not ok:
            skip("checksum", place)
            continue
        try:
            _event(found, place, data)
        except ValueError:
            skip("no event", place)
    return found


SESSION_START = b"\x08\x01"
"""A SessionLog whose status is START."""

USUAL = re.compile(
    rb"\x09.{8}\x10([\x80-\xff]{0,9}[\x00-\x7f])\x2a([\x00-\x7f])\x0a([\x00-\x7f])"
    rb"\x0a([\x00-\x7f])(.*)\x15(.{4})",
    re.DOTALL,
)
"""An event of one simple value, as nearly all are, in one look."""


def _event(found: Scalars, place: int, data: bytes) -> None:
    usual = USUAL.fullmatch(data)
    if usual is not None:
        number, whole, part, size, tag, scalar = usual.groups()
        if size[0] == len(tag) and part[0] == len(tag) + 7 and whole[0] == len(tag) + 9:
            found.place.append(place)
            found.tag.append(tag.decode("utf-8", "replace"))
            found.step.append(_signed(varint(number, 0)[0]))
            found.value.append(struct.unpack("<f", scalar)[0])
            return
    step, summary, starts = 0, None, False
    for field, value in fields(data):
        if field == 2 and isinstance(value, int):
            step = _signed(value)
        elif field == 5 and isinstance(value, bytes):
            summary = value
        elif field == 7 and value == SESSION_START:
            starts = True
    if starts:
        found.extend(Scalars([place], [None], [step], [np.nan]))
    for field, value in fields(summary or b""):
        if field == 1 and isinstance(value, bytes):
            tag, scalar = _value(value)
            if scalar is not None:
                found.place.append(place)
                found.tag.append(tag)
                found.step.append(step)
                found.value.append(scalar)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _value(data: bytes) -> tuple[str, float | None]:
    tag, scalar = "", None
    for field, value in fields(data):
        if isinstance(value, int):
            continue
        if field == 1:
            tag = value.decode("utf-8", "replace")
        elif field == 2 and len(value) == 4:
            (scalar,) = struct.unpack("<f", value)
        elif field == 8:
            scalar = _tensor(value)
    return tag, scalar


def _tensor(data: bytes) -> float | None:
    """The number of a tensor of one float or double; None for any other."""
    kinds = {1: "<f", 2: "<d"}
    kind, content = None, []
    for field, value in fields(data):
        if field == 1 and isinstance(value, int):
            kind = kinds.get(value)
        elif field in (4, 5, 6) and isinstance(value, bytes):
            content.append(value)
    if kind is None or len(content) != 1 or len(content[0]) != struct.calcsize(kind):
        return None
    return struct.unpack(kind, content[0])[0]


def _table() -> np.ndarray:
    """The CRC-32C of each byte, by Castagnoli's polynomial, reflected."""
    crc = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        crc = np.where(crc & 1, (crc >> 1) ^ np.uint32(0x82F63B78), crc >> 1).astype(np.uint32)
    return crc


TABLE = _table()


def checksums(records: list[bytes]) -> np.ndarray:
    """The masked CRC-32C of each record, all at once, byte by byte: shape ``(records,)``."""
    sizes = np.array([len(record) for record in records])
    order = np.argsort(-sizes, kind="stable")
    width = int(sizes.max(initial=0))
    matrix = np.frombuffer(b"".join(records[i].ljust(width, b"\0") for i in order), np.uint8)
    matrix = matrix.reshape(len(records), width).T
    longer = len(records) - np.searchsorted(np.sort(sizes), np.arange(width), side="right")
    crc = np.full(len(records), 0xFFFFFFFF, np.uint32)
    for column, n in zip(matrix, longer, strict=True):
        crc[:n] = TABLE[(crc[:n] ^ column[:n]) & 0xFF] ^ (crc[:n] >> 8)
    crc = ~crc
    masked = np.empty_like(crc)
    masked[order] = ((crc >> 15) | (crc << 17)) + np.uint32(0xA282EAD8)
    return masked


def _length(data: bytes, at: int) -> int | None:
    """The length of the record there; None if its checksum is another."""
    return _checked_length(data[at : at + 12])


@lru_cache(LARGEST)
def _checked_length(head: bytes) -> int | None:
    length, checksum = struct.unpack("<QI", head)
    return length if int(checksums([head[:8]])[0]) == checksum else None
