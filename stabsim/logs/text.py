r"""Logs as lines of a console: numbers with their names, as trainers print them.

One reader for all. A line holds pairs of a name and a number: "name: 1", "name=1", "name 1",
"name | 1", or with the name in quotation marks, as Python and JSON write it. Which of the names are
the columns is chosen as for a table, by what comes often. What some trainers do differently stands
in TERSE and UNNAMED, and in the two patterns of progress bars.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from stabsim.logs import objects
from stabsim.logs.columns import is_loss, is_step
from stabsim.logs.log import Log
from stabsim.logs.objects import Objects, Skipped, Start
from stabsim.logs.source import Source, lines, split, unreadable

NUMBER = (
    r"[-+]?(?:[0-9]+\.#(?:INF|QNAN|SNAN|IND)0*"
    r"|(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?"
    r"|(?:[nN][aA][nN](?:\([a-z]{1,9}\))?|[iI][nN][fF](?:inity|INITY)?)(?![A-Za-z0-9_]))"
)
WORD = r"[A-Za-z0-9_/.()%-]"

PAIR = (
    rf"(?<!{WORD})([A-Za-z_]{WORD}{{0,60}}(?:'s)?"
    rf"(?: (?:[A-Za-z_(]{WORD}{{0,60}}|[0-9]+\))){{0,4}}?)"
    rf"(?: *[:=] *| +(?:\| *)?)(?:(?:tensor|Array|np\.float[0-9]+)\()?({NUMBER})"
    r"(?![0-9.]*[0-9]|[A-Za-z]*[:/-][A-Za-z]|\) *[:=])"
)
"""A name of up to five words, and its number: "LR (group 0)=1" is one pair."""

QUOTED = rf"""['"]([^'"]{{1,80}})['"] *: *['"]?(?:[a-z][a-z0-9.]*\()?({NUMBER})"""
"""A name in quotation marks and its number, which may be in quotation marks too."""

UNNAMED = [
    [rf"^ *([0-9]+)(?:, [0-9.]+)?: ({NUMBER}), {NUMBER} avg(?: loss)?, ({NUMBER}) rate,",
     ["step", "loss", "rate"]],
    [rf"^ *([0-9]+):\s+learn: ({NUMBER})(?:\s+test: ({NUMBER}))?",
     ["step", "train error", "test error"]],
    [r"^\s*(?:\[([0-9]+)\]|([0-9]+):)\s+(?=[A-Za-z])", ["step", "step"]],
]  # fmt: skip
"""How lines begin whose first numbers have no names, or have them behind, and what these are:
darknet's, CatBoost's, and those that begin with the step, as XGBoost's and LightGBM's."""

AGAIN = r"[Bb]est iteration(?: is)?:\s*$"
"""What ends a line after which one is printed again."""

PARTIAL = r"^ *v[0-9]+ \("
"""How lines of darknet begin that are of a part of a step."""

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
         "trn": "train_loss", "tel": "val_loss", "norm": "grad_norm", "up.": "updates",
         "l.r.": "lr"}  # fmt: skip
"""What llm.c, nanoGPT, Marian and others call by a shorter or another name."""

LEVEL = r"^(?:DEBUG|INFO|WARNING|ERROR) +"
"""How loud a line is, which is no part of a name."""

LONGEST = 20_000
"""A line of more characters is no line of a console."""

AT_ONCE = 1 << 12
"""So many lines are read at once: the numbers of more would be many objects."""

_PAIR, _QUOTED, _COLOURS, _KERAS, _BAR, _LEVEL, _ITER, _WHOLE, _HELD, _AGAIN, _PARTIAL = map(
    re.compile,
    (PAIR, QUOTED, COLOURS, KERAS, BAR, LEVEL, ITER, WHOLE, HELD, AGAIN, PARTIAL),
)
_UNNAMED = [(re.compile(begin), names) for begin, names in UNNAMED]
_NUMBER = re.compile(NUMBER)
_DIGIT, _DIVIDED = re.compile(r"[0-9]"), re.compile(r"[0-9],[0-9]")
_DIGITS = re.compile(r"((?<=[0-9],)[0-9]+|[0-9]+(?=,[0-9]))|[0-9]+")

Span = tuple[int, int]
"""Where a number begins and ends in its line."""


class Console:
    """Lines of a console in their order, and the records in them."""

    def __init__(self) -> None:
        self._epoch, self._done, self._offset = 0, 0, 0
        self._row: dict[str, Any] | None = None
        self._place, self._again = 0, False
        self._forms = Forms()

    def take(self, place: int, line: str) -> tuple[int, dict[str, Any]] | None:
        """The record that a line ends, with its place; None if none ends there.

        OLMo writes a line with the step and then a line, which is indented, for each number;
        Stable-Baselines3 a box with a number a line.
        """
        line = uncoloured(line).rsplit("\b", 1)[-1]
        row, bar = self._forms.read(line)
        if not row:
            self._again = bool(_AGAIN.search(line))
            return None
        if self._again:
            self._again = False
            return None
        joins = line[:2] in ("  ", "| ") and len(row) == 1
        if joins and self._row and self._row.keys().isdisjoint(row):
            self._row |= row
            return None
        if len(bar) == 2:
            if bar[0] != bar[1]:
                return None
            row["epoch"] = str(self._epoch)
            self._epoch += 1
        elif bar:
            row["step"] = str(self._position(*bar))
        ended = self.end()
        self._row, self._place = row, place
        return ended

    def end(self) -> tuple[int, dict[str, Any]] | None:
        """The record that no line follows."""
        row, self._row = self._row, None
        return None if row is None else (self._place, row)

    def _position(self, epoch: str | None, done: str, of: str) -> int:
        """The step that a bar shows: each bar begins where that before it ended."""
        at = int(done[:15])
        if epoch is not None:
            return int(epoch[:15]) * int(of[:15]) + at
        if at < self._done:
            self._offset += self._done
        self._done = at
        return self._offset + at


class Said(NamedTuple):
    """What a line says.

    Attributes:
        row: its numbers by their names.
        bar: done and of how many, of a bar of Keras; before them the epoch, of a bar of tqdm.
    """

    row: dict[str, Any]
    bar: tuple[Any, ...]


class Places(NamedTuple):
    """Where a line says it: of each number of :class:`Said` the span; and those of all names."""

    row: dict[str, Span]
    bar: tuple[Span | None, ...]
    names: list[Span]


class Form(NamedTuple):
    """What lines have in common that differ in digits alone.

    Attributes:
        pattern: what they match, with a group for each number that is read.
        row, bar: the group of each number of :class:`Said`; None for an epoch that is not there.
    """

    pattern: re.Pattern[str]
    row: dict[str, int]
    bar: tuple[int | None, ...]

    @classmethod
    def of(cls, line: str, places: Places) -> "Form | None":
        """The form of a line; None if two of its names and numbers overlap."""
        numbers = sorted({span for span in (*places.row.values(), *places.bar) if span})
        spans = sorted([*numbers, *places.names])
        if any(one[1] > two[0] for one, two in pairwise(spans)):
            return None
        parts, at = [], 0
        for span in spans:
            own = line[slice(*span)]
            name_or_number = f"({_form(line, *span)})" if span in numbers else re.escape(own)
            parts += [_form(line, at, span[0]), name_or_number]
            at = span[1]
        pattern = re.compile("".join([*parts, _form(line, at, len(line))]))
        group = {span: i for i, span in enumerate(numbers)}
        row = {name: group[span] for name, span in places.row.items()}
        return cls(pattern, row, tuple(span and group[span] for span in places.bar))

    def read(self, line: str) -> Said | None:
        """What a line says; None if it is not of this form."""
        match = self.pattern.fullmatch(line)
        if match is None:
            return None
        groups = match.groups()
        row = {name: groups[i].replace(",", "") for name, i in self.row.items()}
        return Said(row, tuple(i if i is None else groups[i] for i in self.bar))


def _form(line: str, start: int, stop: int) -> str:
    """A pattern for a part of a line: any digits where it has some, but as many beside a comma that
    may divide thousands."""
    parts = []
    for run in _DIGITS.finditer(line, start):  # it may look beyond the part
        if run.start() >= stop:
            break
        parts += [re.escape(line[start : run.start()]), "[0-9]"]
        parts.append(f"{{{len(run[0])}}}" if run[1] else "+")
        start = run.end()
    return "".join([*parts, re.escape(line[start:stop])])


class Forms:
    """The forms of the lines before, by which others are read sooner than number by number."""

    def __init__(self) -> None:
        self._last: Form | None = None
        self._known: dict[str, Form] = {}
        self._seen: set[int] = set()

    def read(self, line: str) -> Said:
        if self._last is not None and (said := self._last.read(line)) is not None:
            return said
        key = (_DIGIT if _DIVIDED.search(line) else _DIGITS).sub("0", line)
        form = self._known.get(key)
        if form is not None and (said := form.read(line)) is not None:
            self._last = form
            return said
        places = _places(line)
        self._keep(key, line, places)
        row = {name: line[a:b].replace(",", "") for name, (a, b) in places.row.items()}
        return Said(row, tuple(span and line[slice(*span)] for span in places.bar))

    def _keep(self, key: str, line: str, places: Places) -> None:
        """Keeps a form that comes for the second time."""
        if hash(key) not in self._seen:
            self._seen = self._seen if len(self._seen) < MOST_FORMS else set()
            self._seen.add(hash(key))
        elif key in self._known or len(line) > LONGEST_FORM:
            return
        elif (form := Form.of(line, places)) is not None:
            self._known = self._known if len(self._known) < MOST_FORMS else {}
            self._known[key] = self._last = form


MOST_FORMS = 256
"""So many forms are known at once."""

LONGEST_FORM = 1000
"""A line of more characters is read number by number."""


def _places(line: str) -> Places:
    """Where a line says what, number by number."""
    if not _NUMBER.search(line) or _PARTIAL.search(line):
        return Places({}, (), [])
    held = _HELD.search(line)
    end = held.start() if held else len(line)
    own, at = {}, 0
    names: list[Span] = []
    for begin, called in _UNNAMED:
        if first := begin.match(line, 0, end):
            own = {name: first.span(i) for i, name in enumerate(called, 1) if first[i] is not None}
            at = first.end()
            break
    pairs = _pairs(line, at, end, "epoch " if _WHOLE.search(line, 0, end) else "", names)
    if any(map(is_step, pairs)):
        own.pop("step", None)
    row = own | pairs
    if held:
        row = _pairs(line, held.end(), len(line), "valid ", names) | row
    if not row:
        return Places({}, (), [])
    bar: tuple[Span | None, ...] = ()
    if found := _KERAS.search(line):
        bar = (found.span(1), found.span(2))
    elif found := _BAR.search(line):
        bar = (found.span(1) if found[1] is not None else None, found.span(2), found.span(3))
    elif found := _ITER.search(line):
        row["step"] = found.span(1)
    return Places(row, bar, names)


def _pairs(line: str, start: int, stop: int, of: str, names: list[Span]) -> dict[str, Span]:
    """Where the numbers of a part of a line are, by their names, whose places are added to
    ``names``; before those of losses stands what they are ``of``."""
    row: dict[str, Span] = {}
    part = line[start:stop]
    for pair in [*_QUOTED.finditer(part)] or _PAIR.finditer(part):
        names.append((start + pair.start(1), start + pair.end(1)))
        name = _LEVEL.sub("", pair[1])
        name = TERSE.get(name.lower(), name)
        value = (start + pair.start(2), start + pair.end(2))
        row.setdefault(of + name if is_loss(name) else name, value)
    return row


def uncoloured(text: str) -> str:
    """A text without what colours a terminal, which holds semicolons."""
    return _COLOURS.sub("", text) if "\x1b" in text else text


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
        for start in range(0, len(batch.lines), AT_ONCE):
            places, rows = [], []
            for i, line in enumerate(batch.lines[start : start + AT_ONCE], batch.first + start):
                if line is None or len(line) > LONGEST:
                    skipped.add("too long", i)
                elif line and (ended := console.take(i, line)) is not None:
                    places.append(ended[0])
                    rows.append(ended[1])
            yield places, rows
    if (last := console.end()) is not None:
        yield [last[0]], [last[1]]
