"""An exercise's check, declared once, that works on a kernel and in a static page alike.

The question and its worked solution stand in the chapter; here is what an answer is held against.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from stabsim._numerals import plain, read
from stabsim._words import Text

CLOSE = 0.1
"""Relative distance within which a wrong number is a near miss."""

SAID = {
    "answer": Text("Answer", "Jawaban"),
    "check": Text("Check", "Periksa"),
    "right": Text("Right.", "Benar."),
    "wrong": Text("Not yet.", "Belum tepat."),
    "close": Text(
        "Close, but not close enough. Give at least three digits.",
        "Hampir, tetapi belum cukup tepat. Tuliskan sedikitnya tiga digit.",
    ),
    "empty": Text("Choose an answer first.", "Pilih dahulu satu jawaban."),
    "unread": Text(
        "That is not a number. Write 0.05, 1/20, 5e-2 or 2^-4, for instance.",
        "Itu bukan bilangan. Tulis misalnya 0,05, 1/20, 5e-2, atau 2^-4.",
    ),
    "reads": Text("read as {value}", "terbaca {value}"),
    "noscript": Text(
        "The check needs JavaScript; the solution is below.",
        "Pemeriksaan memerlukan JavaScript; penyelesaian ada di bawah.",
    ),
}


class Verdict(NamedTuple):
    """Whether an answer is right, and what to say of it."""

    right: bool
    said: Text


class Hint(NamedTuple):
    """What to say of a wrong answer from ``low`` to ``high``."""

    low: float
    high: float
    text: Text


class Variant(NamedTuple):
    """The same question with other numbers, so that an answer cannot be copied.

    Attributes:
        question: the question by itself; ``{name}`` stands for a number, within a formula.
        numbers: the values that each may take, by name; a word may be one of them.
        solve: from one value of each, by name, to the right answer.
    """

    question: Text
    numbers: Mapping[str, tuple[Any, ...]]
    solve: Callable[..., float]


@dataclass(frozen=True)
class Number:
    """An exercise whose answer is a number.

    Attributes:
        name: as in ``stabsim.exercises.ask(name)``.
        answer: computes the right answer, which is nowhere typed in.
        tolerance: how far from it an answer may be, relative to it (0.01 is one per cent).
        unit: what it counts.
        hints: for the mistakes that we expect.
        right: what to say of a right answer, after saying that it is.
        variant: the question with other numbers, for assignments: see ``stabsim.classroom``.
    """

    name: str
    answer: Callable[[], float]
    tolerance: float = 0.01
    unit: Text = Text("", "")
    hints: tuple[Hint, ...] = ()
    right: Text = Text("", "")
    variant: Variant | None = None

    @cached_property
    def solution(self) -> float:
        return float(self.answer())

    def of(self, numbers: Mapping[str, Any]) -> "Number":
        """The variant's exercise with these numbers; the hints, made for others, fall away."""
        variant = self.variant
        if variant is None:
            raise ValueError(f"{self.name} has no variant.")
        return replace(self, answer=lambda: variant.solve(**numbers), hints=(), variant=None)

    def read(self, given: str, language: str) -> float:
        """The number that a reader typed, with its unit in either language or without."""
        return read(given, language, self.units)

    @property
    def units(self) -> list[str]:
        """What may follow a number, the longest first."""
        several = {*self.unit, self.unit.en.removesuffix("s")} - {""}
        return sorted(several, key=lambda unit: (-len(unit), unit))

    def reads(self, given: str, language: str) -> str:
        """How an answer is read, where that is not as it was written; else nothing."""
        value = self.read(given, language)
        if math.isnan(value) or plain(value, language) == given.strip():
            return ""
        return SAID["reads"].in_(language).format(value=plain(value, language))

    def judge(self, given: float | int | str, language: str) -> Verdict:
        """Hold an answer, a number or one as readers of a language write it, to the solution."""
        value = self.read(given, language) if isinstance(given, str) else float(given)
        if math.isnan(value):
            return Verdict(False, SAID["unread"])
        distance = abs(value - self.solution)
        # A little more, so that an answer on the border is not lost to rounding.
        if distance <= (self.tolerance + 1e-9) * abs(self.solution):
            return Verdict(True, _joined(SAID["right"], self.right))
        for hint in self.hints:
            if hint.low <= value <= hint.high:
                return Verdict(False, _joined(SAID["wrong"], hint.text))
        near = self.tolerance and distance <= CLOSE * abs(self.solution)
        return Verdict(False, SAID["close" if near else "wrong"])


@dataclass(frozen=True)
class Select:
    """An exercise whose answer is one of several.

    Attributes:
        name: as in ``stabsim.exercises.ask(name)``.
        right: the place of the right answer, from 0.
        options: pairs of an answer and what to say of it.
    """

    name: str
    right: int
    options: tuple[tuple[Text, Text], ...]

    def judge(self, given: float | int | str, language: str) -> Verdict:
        """Hold the place of an answer, from 0, against the right one, whatever the language.

        Raises:
            ValueError: if there is no such place.
        """
        place = float(given)
        if place not in range(len(self.options)):
            raise ValueError(
                f"{self.name} takes the place of an answer, from 0 to "
                f"{len(self.options) - 1}; it was given {given!r}."
            )
        is_right = place == self.right
        remark = self.options[int(place)][1]
        return Verdict(is_right, _joined(SAID["right" if is_right else "wrong"], remark))


Exercise = Number | Select


def _joined(first: Text, second: Text) -> Text:
    return Text(*(f"{a} {b}".strip() for a, b in zip(first, second, strict=True)))
