r"""Logs as lines of a console: numbers with their names, as trainers print them.

One reader for all. A line holds pairs of a name and a number: "name: 1", "name=1", "name 1", or
with the name in quotation marks, as Python and JSON write it. Which of the names are the columns
is chosen as for a table, by what comes often. What some trainers do differently stands in TERSE
and in the two patterns of progress bars.
"""

import re
from collections.abc import Iterator
from typing import Any

from stabsim.logs import objects
from stabsim.logs.columns import is_loss
from stabsim.logs.log import Log
from stabsim.logs.objects import Objects, Skipped, Start
from stabsim.logs.source import Source, lines, split, unreadable

NUMBER = (
    r"[-+]?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?"
    r"|nan|NaN|inf|Infinity)"
)
WORD = r"[A-Za-z0-9_/.()%-]"

PAIR = (
    rf"(?<!{WORD})([A-Za-z_]{WORD}{{0,60}}(?: (?:[A-Za-z_(]{WORD}{{0,60}}|[0-9]+\)))"
    rf"{{0,4}}?)(?: *[:=] *| +)({NUMBER})(?![0-9.]*[0-9]|[A-Za-z]*[:/-][A-Za-z]|\) *[:=])"
)
"""A name of up to five words, and its number: "LR (group 0)=1" is one pair."""

QUOTED = rf"""['"]([^'"]{{1,80}})['"] *: *['"]?(?:[a-z][a-z0-9.]*\()?({NUMBER})"""
"""A name in quotation marks and its number, which may be in quotation marks too."""

COLOURS = "\x1b\\[[0-9;?]*[A-Za-z]"
"""What colours a terminal."""

KERAS = r"^ *([0-9]+)/([0-9]+) +(?:━|\[[=>.]|- )"
"""A progress bar of Keras, which shows means over the epoch so far: the last of each counts."""

BAR = r"(?:Epoch +([0-9]+))?[^|]{0,200}\|[^|]{0,200}\| *([0-9]+)/([0-9]+) +\["
"""A progress bar of tqdm, as Lightning has it too: the epoch, and how much of it is done."""

ITER = r"\bIter\(train\) +\[ *([0-9]+)/[0-9]+\]"
"""Where MMEngine writes the step if it does not train by epochs."""

WHOLE = r"\| train \| epoch [0-9]+ \||epoch results: \["
"""What begins the means over an epoch, among the lines of fairseq and ESPnet."""

HELD = r"\| valid \|(?! *\{)|\[valid\]|\b(?:Epoch|Iter)\(val\)"
"""What begins the numbers on held-out data, which have the names of those of training; not in
fairseq's JSON, whose names tell them apart."""

TERSE = {"s": "step", "iter": "step", "it": "step", "iteration": "step", "trl": "train_loss",
         "trn": "train_loss", "tel": "val_loss", "norm": "grad_norm"}  # fmt: skip
"""What llm.c, nanoGPT and others call by a shorter or another name."""

LEVEL = r"^(?:DEBUG|INFO|WARNING|ERROR) +"
"""How loud a line is, which is no part of a name."""

LONGEST = 20_000
"""A line of more characters is no line of a console."""

_PAIR, _QUOTED, _COLOURS, _KERAS, _BAR, _LEVEL, _ITER, _WHOLE, _HELD = map(
    re.compile, (PAIR, QUOTED, COLOURS, KERAS, BAR, LEVEL, ITER, WHOLE, HELD)
)


class Console:
    """Lines of a console in their order, and the records in them."""

    def __init__(self) -> None:
        self._epoch, self._done, self._offset = 0, 0, 0
        self._row: dict[str, Any] | None = None
        self._place = 0

    def take(self, place: int, line: str) -> tuple[int, dict[str, Any]] | None:
        """The record that a line ends, with its place; None if none ends there.

        OLMo writes a line with the step and then a line, which is indented, for each number.
        """
        line = uncoloured(line).rsplit("\b", 1)[-1]
        held = _HELD.search(line)
        own = line[: held.start()] if held else line
        row = _pairs(own, "epoch " if _WHOLE.search(own) else "")
        if held:
            row = _pairs(line[held.end() :], "valid ") | row
        if line[:2] == "  " and len(row) == 1 and self._row and self._row.keys().isdisjoint(row):
            self._row |= row
            return None
        if row and (bar := _KERAS.search(line)):
            if bar[1] != bar[2]:
                return None
            row["epoch"] = str(self._epoch)
            self._epoch += 1
        elif row and (bar := _BAR.search(line)):
            row["step"] = str(self._position(bar[1], int(bar[2][:15]), int(bar[3][:15])))
        elif row and (at := _ITER.search(line)):
            row["step"] = at[1]
        if not row:
            return None
        ended = self.end()
        self._row, self._place = row, place
        return ended

    def end(self) -> tuple[int, dict[str, Any]] | None:
        """The record that no line follows."""
        row, self._row = self._row, None
        return None if row is None else (self._place, row)

    def _position(self, epoch: str | None, done: int, of: int) -> int:
        """The step that a bar shows: each bar begins where that before it ended."""
        if epoch is not None:
            return int(epoch[:15]) * of + done
        if done < self._done:
            self._offset += self._done
        self._done = done
        return self._offset + done


def uncoloured(text: str) -> str:
    """A text without what colours a terminal, which holds semicolons."""
    return _COLOURS.sub("", text)


def _pairs(line: str, of: str) -> dict[str, Any]:
    """The numbers of a line by their names; before those of losses stands what they are ``of``."""
    row: dict[str, Any] = {}
    for name, value in _QUOTED.findall(line) or _PAIR.findall(line):
        name = _LEVEL.sub("", name)
        name = TERSE.get(name.lower(), name)
        row.setdefault(of + name if is_loss(name) else name, value.replace(",", ""))
    return row


def is_console(head: str) -> bool:
    """Whether lines with a loss come at least twice."""
    console, found = Console(), 0
    for line in split(head):
        ended = console.take(0, line) if len(line) <= LONGEST else None
        found += ended is not None and any(map(is_loss, ended[1]))
    last = console.end()
    return found + (last is not None and any(map(is_loss, last[1]))) > 1


def read(source: Source, start: Start) -> list[Log]:
    """The logs from lines of a console.

    Raises:
        LogError: if no line has a number with its name.
    """
    skipped = Skipped()
    logs = objects.read(_records(source, skipped), start)
    if logs is None:
        raise unreadable("no pairs")
    skipped.tell(logs[0])
    return logs


def _records(source: Source, skipped: Skipped) -> Iterator[Objects]:
    console = Console()
    for batch in lines(source):
        places, rows = [], []
        for i, line in enumerate(batch.lines, batch.first):
            if line is None or len(line) > LONGEST:
                skipped.add("too long", i)
            elif line and (ended := console.take(i, line)) is not None:
                places.append(ended[0])
                rows.append(ended[1])
        yield places, rows
    if (last := console.end()) is not None:
        yield [last[0]], [last[1]]
