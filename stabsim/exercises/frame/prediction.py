"""A prediction: a question that is answered before its picture is seen, and then held beside it.

The question stands in the chapter; here is what a reader guesses with, and what comes out.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from stabsim._words import Text, number

SAID = {
    "show": Text("Show what happens", "Tampilkan hasilnya"),
    "skip": Text("Skip", "Lewati"),
    "held": Text(
        "The picture below appears once you have guessed.",
        "Gambar di bawah ini muncul setelah Anda menebak.",
    ),
    "open": Text("Show it without a guess", "Tampilkan tanpa menebak"),
    "empty": Text("Make a guess first, or skip it.", "Tebak dahulu, atau lewati."),
    "same": Text("As you guessed: {right}.", "Sesuai tebakan Anda: {right}."),
    "other": Text(
        "You guessed: {guess}. What happens: {right}.",
        "Tebakan Anda: {guess}. Yang terjadi: {right}.",
    ),
    "number": Text(
        "You guessed {guess}; it is {right}.", "Tebakan Anda {guess}; hasilnya {right}."
    ),
    "drawn": Text(
        "Dashed is your guess; solid, with dots, is what came out. A cross is a run that came to "
        "nothing.",
        "Garis putus-putus: tebakan Anda; garis penuh bertitik: hasilnya. Tanda silang: run yang "
        "gagal.",
    ),
    "draw": Text(
        "Draw with finger or mouse, or set one point at a time with the two sliders.",
        "Gambar dengan jari atau tetikus, atau atur titik demi titik dengan kedua slider.",
    ),
    "column": Text("Point", "Titik"),
    "height": Text("Height of the point", "Tinggi titik"),
    "place": Text("Place {n}", "Urutan {n}"),
    "reads": Text("read as {value}", "dibaca sebagai {value}"),
    "unread": Text(
        "That is not a number. Write 0.05, 1/20, 5e-2 or 2^-4, for instance.",
        "Itu bukan bilangan. Tulis misalnya 0,05, 1/20, 5e-2, atau 2^-4.",
    ),
}  # fmt: skip


class Axis(NamedTuple):
    """An axis to draw over, from ``low`` to ``high``, logarithmic if ``log``."""

    label: Text
    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = True

    def share(self, value: float) -> float:
        """Where a value lies, from 0 to 1; what is no number lies at the top."""
        if not math.isfinite(value):
            return 1.0
        low, high, x = (
            (math.log(max(v, 1e-300)) if self.log else v) for v in (self.low, self.high, value)
        )
        return min(max((x - low) / (high - low), 0.0), 1.0)

    def at(self, share: float) -> float:
        """The value at a share of the axis."""
        if self.log:
            return self.low * (self.high / self.low) ** share
        return self.low + share * (self.high - self.low)


@dataclass(frozen=True)
class Choose:
    """One of several answers; ``right`` is the place of the one that comes true."""

    name: str
    ask: Text
    options: tuple[Text, ...]
    right: int
    told: Text = Text("", "")


@dataclass(frozen=True)
class Order:
    """Items to put in order; ``answer`` computes the places of the items as they turn out."""

    name: str
    ask: Text
    options: tuple[Text, ...]
    answer: Callable[[], Sequence[int]]
    told: Text = Text("", "")


@dataclass(frozen=True)
class Estimate:
    """A number, which ``answer`` computes."""

    name: str
    ask: Text
    answer: Callable[[], float]
    unit: Text = Text("", "")
    told: Text = Text("", "")


@dataclass(frozen=True)
class Draw:
    """A curve over two axes, guessed at the places ``at`` of ``x``.

    ``answer`` computes the points ``(x, y)`` that come out; a y that is no number is a run that
    came to nothing.
    """

    name: str
    ask: Text
    x: Axis
    y: Axis
    at: tuple[float, ...]
    answer: Callable[[], Sequence[tuple[float, float]]]
    told: Text = Text("", "")

    @cached_property
    def points(self) -> list[list[float]]:
        """Where the points lie, as shares of the axes, and whether each is a run that failed."""
        return [
            [round(self.x.share(x), 4), round(self.y.share(y), 4), float(not math.isfinite(y))]
            for x, y in self.answer()
        ]


Prediction = Choose | Order | Estimate | Draw


def description(prediction: Prediction, language: str) -> dict[str, Any]:
    """What a page, or a widget, compares a guess with.

    A guess is a list of places in ``names``, a number, or a list of heights from 0 to 1.
    """
    known: dict[str, Any] = {
        "kind": type(prediction).__name__.lower(),
        "name": prediction.name,
        "language": language,
        "told": prediction.told.in_(language),
        "say": {name: text.in_(language) for name, text in SAID.items()},
    }
    match prediction:
        case Choose():
            return known | {"names": _in(prediction.options, language), "right": [prediction.right]}
        case Order():
            right = list(prediction.answer())
            return known | {"names": _in(prediction.options, language), "right": right}
        case Estimate():
            units = sorted({*prediction.unit} - {""})
            unit = prediction.unit.in_(language)
            return known | {"right": float(prediction.answer()), "units": units, "unit": unit}
    said = [number(x, language) for x in prediction.at]
    axis = prediction.y
    heights = [number(axis.at(i / HEIGHTS), language) for i in range(HEIGHTS + 1)]
    columns = [round(prediction.x.share(x), 4) for x in prediction.at]
    return known | {"right": prediction.points, "columns": columns, "at": said, "heights": heights}


HEIGHTS = 50
"""From the bottom to the top of a drawing, in steps of the keyboard."""


def compare(known: dict[str, Any], guess: Any) -> str:
    """What to say of a guess: ``book/web/parts/guess.mjs`` says the same."""
    say, language = known["say"], known["language"]
    if known["kind"] == "draw":
        said = say["drawn"]
    elif known["kind"] == "estimate":
        unit = f" {known['unit']}" if known["unit"] else ""
        right = number(known["right"], language) + unit
        said = say["number"].format(guess=number(guess, language), right=right)
    else:
        guessed, right = (_named(known["names"], x) for x in (guess, known["right"]))
        same = list(guess) == known["right"]
        said = say["same" if same else "other"].format(guess=guessed, right=right)
    return f"{said} {known['told']}".strip()


def _named(names: Sequence[str], places: Sequence[int]) -> str:
    """What was chosen, without full stops of its own: the sentence around it has one."""
    return ", ".join(names[i].removesuffix(".") for i in places)


def _in(texts: Sequence[Text], language: str) -> list[str]:
    return [text.in_(language) for text in texts]
