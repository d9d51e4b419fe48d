"""Bytes of a log from wherever they come, and lines of text from bytes, of bounded length."""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from stabsim._words import Text
from stabsim.logs.words import UNREADABLE

KINDS = ("csv", "jsonl", "document", "text", "tensorboard", "sqlite", "wandb")
"""The formats that are read."""

BLOCK = 1 << 20
"""Bytes read at once."""

LONGEST_LINE = 1 << 20
"""A line with more characters is no record of a log, and is skipped unread."""


class LogError(Exception):
    """A log that cannot be read, in words for its reader.

    Attributes:
        text: what is wrong and what to do, in both languages.
    """

    def __init__(self, en: str, id: str) -> None:
        super().__init__(en)
        self.text = Text(en, id)


def unreadable(reason: str, **values: str | int | Text) -> LogError:
    """The error for a reason of :data:`stabsim.logs.words.UNREADABLE`, its words filled in."""

    def said(language: str) -> str:
        plain = {
            name: value.in_(language) if isinstance(value, Text) else value
            for name, value in values.items()
        }
        return UNREADABLE[reason].in_(language).format(**plain)

    return LogError(said("en"), said("id"))


class Source:
    """A stream of bytes that can be looked into before it is read.

    Attributes:
        name: what to call it.
        growing: whether more may be written to it, so that its last line may be half a line.
        position: how many bytes have been read.
    """

    def __init__(
        self,
        stream: IO[bytes],
        name: str,
        advance: Callable[[int], object] = lambda _: None,
        *,
        growing: bool = False,
    ) -> None:
        self.name, self.growing, self.position = name, growing, 0
        self._stream, self._advance, self._ahead = stream, advance, b""

    def peek(self, size: int) -> bytes:
        """The next bytes, up to ``size`` of them, which stay to be read."""
        while len(self._ahead) < size and (more := self._stream.read(size - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size]

    def skip_nulls(self) -> None:
        """Passes over null bytes: a log that is emptied while its writer goes on where it was
        begins with as many as it had."""
        while (head := self.peek(BLOCK)) and not head.strip(b"\0"):
            self.read(len(head))
        self.read(len(head) - len(head.lstrip(b"\0")))

    def read(self, size: int) -> bytes:
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        if not data:
            data = self._stream.read(size)
        self.position += len(data)
        self._advance(len(data))
        return data


class Lines(NamedTuple):
    """Some lines of a text.

    Attributes:
        first: the number of the first, from 1.
        lines: the lines without their ends; None for one too long.
    """

    first: int
    lines: list[str | None]


BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def decoded(head: bytes) -> str:
    """A text that begins so, as far as it is known."""
    marks = (name for mark, name in BYTE_ORDER_MARKS.items() if head.startswith(mark))
    return head.decode(next(marks, "utf-8"), "replace")


def split(head: str) -> list[str]:
    """The lines of a text."""
    return re.split(r"\r\n?|\n", head)


def lines(source: Source) -> Iterator[Lines]:
    """The lines of a text in UTF-8, or UTF-16 with its mark, some at a time.

    Bytes that are no characters become U+FFFD, and any end of line is one. Of a source that grows
    the last line is read once it has ended.
    """
    head = source.peek(3)
    marks = (name for mark, name in BYTE_ORDER_MARKS.items() if head.startswith(mark))
    decoder = codecs.getincrementaldecoder(next(marks, "utf-8"))("replace")
    ends = io.IncrementalNewlineDecoder(decoder, translate=True)
    first, rest, too_long = 1, "", False
    while True:
        data = source.read(BLOCK)
        parts = (rest + ends.decode(data, final=not data)).split("\n")
        rest = parts.pop() if data or source.growing else ""
        found: list[str | None] = [*parts]
        if parts and len(parts[0]) > LONGEST_LINE:  # the others are of one block
            found[0] = None
        if too_long and found:
            found[0], too_long = None, False
        if found:
            yield Lines(first, found)
            first += len(found)
        if not data:
            return
        if too_long or len(rest) > LONGEST_LINE:
            rest, too_long = "", True
