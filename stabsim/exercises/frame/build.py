"""Exercises in which something is written, and where: in the page, or in a notebook.

A page has no Python. What a typed update rule or a list of numbers can say is written there; the
rest needs the chapter's notebook.
"""

from collections.abc import Callable
from typing import NamedTuple

from stabsim._words import Text

RATE = 0.1
"""The ``lr`` of every rule that is typed in an exercise."""

SAID = {
    "rule": Text("Your lines", "Aturan Anda"),
    "list": Text("Your numbers", "Bilangan Anda"),
    "runs": Text(
        "You can write this one here, in the notation of {link}. The lines run {steps} times, one "
        "step after the other, from theta = 1 with lr = 0.1 and g = theta. The last theta is "
        "checked.",
        "Latihan ini dapat ditulis di sini, dengan notasi {link}. Baris-baris itu dijalankan "
        "{steps} kali berturut-turut, mulai dari theta = 1 dengan lr = 0.1 dan g = theta. Nilai "
        "theta terakhir yang diperiksa.",
    ),
    "once": Text(
        "You can write this one here: {what}. Put a space, a semicolon or a line between two "
        "numbers.",
        "Latihan ini dapat ditulis di sini: {what}. Pisahkan dua bilangan dengan spasi, titik "
        "koma, atau baris baru.",
    ),
    "came": Text(
        "theta = {value} after {steps} steps.", "theta = {value} setelah {steps} langkah."
    ),
    "lost": Text(
        "After {steps} steps theta is not a finite number.",
        "Setelah {steps} langkah, theta bukan bilangan berhingga.",
    ),
    "unread": Text("{found} is not a number.", "{found} bukan bilangan."),
    "count": Text(
        "{count} numbers are needed; you have {found}.",
        "Yang diperlukan {count} bilangan; Anda menulis {found}.",
    ),
    "entry": Text(
        "Look again at number {place}, {found}.",
        "Periksa lagi bilangan ke-{place}, yaitu {found}.",
    ),
    "few": Text("Write at least three numbers.", "Tulis sedikitnya tiga bilangan."),
    "flat": Text(
        "No entry is above the first any more: leave one entry of the rise.",
        "Tidak ada lagi bilangan di atas bilangan pertama: sisakan satu bilangan dari kenaikannya.",
    ),
    "remains": Text(
        "One entry of a rise is left, and the verdict is that of a run without one.",
        "Tinggal satu bilangan dari kenaikannya, dan kesimpulannya sama seperti run tanpa "
        "kenaikan.",
    ),
    "notebook": Text("This exercise needs Python.", "Latihan ini memerlukan Python."),
    "open": Text("Open it in {name}", "Buka di {name}"),
    "download": Text("Download the notebook (.ipynb)", "Unduh notebook (.ipynb)"),
}


class Lines(NamedTuple):
    """Lines of an update rule, whose last ``theta`` is held against the exercise of that name.

    Attributes:
        name: of the exercise in ``stabsim.exercises.EXERCISES``.
        text: what stands there first: what the chapter's cell does, in the typed rules' notation.
        steps: how often the lines run.
    """

    name: str
    text: str
    steps: int


class Numbers(NamedTuple):
    """Numbers, each of which is held against its own.

    Attributes:
        name: by which the answer is kept.
        what: they are.
        start: the numbers that stand there first.
        right: computes the right numbers.
    """

    name: str
    what: Text
    start: tuple[float, ...]
    right: Callable[[], tuple[float, ...]]


class Curve(NamedTuple):
    """A loss curve, which is diagnosed; right with the least rise that is not seen.

    Attributes:
        name: by which the answer is kept.
        what: it is.
        start: the curve that stands there first.
    """

    name: str
    what: Text
    start: tuple[float, ...]


class Notebook(NamedTuple):
    """What needs Python, and is done in the chapter's notebook.

    Attributes:
        name: of the exercise's cell in the notebook.
    """

    name: str


Build = Lines | Numbers | Curve | Notebook
