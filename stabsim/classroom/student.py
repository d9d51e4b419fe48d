"""What an assignment's notebook calls: a student's own question, and the check of an answer.

Numbers, the order of options and seeds follow from the student's name and the exercise's alone,
so that the question at home, the check at home and the mark rest on the same ones.
"""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from stabsim._words import Text, default_language, number
from stabsim.classroom.goals import GOALS, Reach
from stabsim.exercises import EXERCISES
from stabsim.exercises.frame.ask import Checked
from stabsim.exercises.frame.exercise import Exercise, Number, Select, Verdict

UNNAMED = Text(
    "Your numbers depend on your student ID: write it into the cell at the top, run that cell, and "
    "then run this one again.",
    "Bilangan Anda bergantung pada NIM Anda: tulis NIM itu di sel paling atas, jalankan sel "
    "tersebut, lalu jalankan lagi sel ini.",
)
UNANSWERED = Text("There is no answer yet.", "Belum ada jawaban.")
NO_LETTER = Text(
    "The answer is one of the letters {letters}, in quotation marks.",
    "Jawabannya salah satu huruf {letters}, di antara tanda kutip.",
)
SOMEONE_ELSE = Text(
    "STUDENT is {given!r} here, but the submission is that of {owner!r}.",
    "STUDENT di sini {given!r}, tetapi yang mengumpulkan {owner!r}.",
)
IN_UNIT = Text("Answer in {unit}.", "Jawab dalam {unit}.")


class Asked:
    """What a cell displays."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_markdown_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def ask(name: str, student: str, language: str | None = None) -> Asked:
    """A student's own form of a question.

    Args:
        name: one of ``stabsim.exercises.EXERCISES``, or of ``stabsim.classroom.goals.GOALS``.
        student: the student's ID, as in the folder of submissions.
        language: "en" or "id"; that of ``STABSIM_LANGUAGE`` if not given.
    Raises:
        ValueError: if there is no such exercise or language.
    """
    language = default_language() if language is None else language
    parts = [_question(_named(name), student.strip(), language)]
    if not student.strip():
        parts.insert(0, f"**{UNNAMED.in_(language)}**")
    return Asked("\n\n".join(part for part in parts if part))


def check(name: str, student: str, answer: Any, language: str | None = None) -> Checked:
    """Hold a student's answer against what is right for that student.

    While nbgrader grades, in the folder ``STUDENT/ASSIGNMENT``, the student must be its owner.

    Args:
        name, student, language: as for ``ask``.
        answer: a number or how it is written, a letter in quotation marks, or a lab's link.
    Returns:
        An object that is true if the answer is right, and prints as what to say of it.
    Raises:
        ValueError: if there is no such exercise or language.
        TypeError: if the answer should be a number and is none.
    """
    language = default_language() if language is None else language
    owner = Path.cwd().parent.name
    if os.environ.get("NBGRADER_EXECUTION") == "autograde" and student.strip() != owner:
        said = Text(*(text.format(given=student, owner=owner) for text in SOMEONE_ELSE))
        return Checked(Verdict(False, said), language)
    if answer is None or answer == "":
        return Checked(Verdict(False, UNANSWERED), language)
    return Checked(_judge(_named(name), student.strip(), answer, language), language)


def _named(name: str) -> Exercise | Reach:
    known = {**EXERCISES, **GOALS}
    if name not in known:
        raise ValueError(f"name must be one of {', '.join(known)}; it is {name!r}.")
    return known[name]


def _question(exercise: Exercise | Reach, student: str, language: str) -> str:
    """What is not said in the notebook already, since it differs from student to student."""
    if isinstance(exercise, Reach):
        return exercise.task(seed(exercise, student)).in_(language)
    if isinstance(exercise, Select):
        texts = [exercise.options[place][0].in_(language) for place in order(exercise, student)]
        return "\n".join(
            f"- **{letter}.** {text}" for letter, text in zip("abcdefgh", texts, strict=False)
        )
    if exercise.variant is None:
        return ""
    drawn = {name: _written(x, language) for name, x in numbers(exercise, student).items()}
    question = exercise.variant.question.in_(language).format(**drawn)
    unit = exercise.unit.in_(language)
    return f"{question} {IN_UNIT.in_(language).format(unit=unit)}" if unit else question


def _written(value: Any, language: str) -> str:
    """A word, or a number within a formula, where a comma alone would be followed by a space."""
    return value if isinstance(value, str) else number(value, language).replace(",", "{,}")


def _judge(exercise: Exercise | Reach, student: str, answer: Any, language: str) -> Verdict:
    if isinstance(exercise, Reach):
        return exercise.judge(answer, seed(exercise, student))
    if isinstance(exercise, Select):
        letters = "abcdefgh"[: len(exercise.options)]
        letter = str(answer).strip().lower()
        if len(letter) != 1 or letter not in letters:
            said = (text.format(letters=", ".join(letters)) for text in NO_LETTER)
            return Verdict(False, Text(*said))
        return exercise.judge(order(exercise, student)[letters.index(letter)], language)
    given = answer if isinstance(answer, str) else float(answer)
    return own(exercise, student).judge(given, language)


# --- what is a student's own ---


def own(exercise: Number, student: str) -> Number:
    """The exercise with the student's numbers, if it has other numbers at all."""
    return exercise.of(numbers(exercise, student)) if exercise.variant else exercise


def numbers(exercise: Number, student: str) -> dict[str, Any]:
    """One value of each number of the exercise's variant."""
    assert exercise.variant is not None
    return {
        name: _pick(values, student, exercise.name, name)
        for name, values in exercise.variant.numbers.items()
    }


def order(exercise: Select, student: str) -> list[int]:
    """The places of the options, in the student's order."""
    places = range(len(exercise.options))
    return sorted(places, key=lambda place: _hash(student, exercise.name, str(place)))


def seed(goal: Reach, student: str) -> int:
    """The seed with which the student has to reach a goal."""
    return _pick(goal.seeds, student, goal.name)


def right_answer(name: str, student: str) -> float | str:
    """What a solution holds."""
    exercise = _named(name)
    if isinstance(exercise, Reach):
        return exercise.link(seed(exercise, student))
    if isinstance(exercise, Select):
        return "abcdefgh"[order(exercise, student).index(exercise.right)]
    return own(exercise, student).solution


def _pick(values: Sequence[Any], *words: str) -> Any:
    return values[_hash(*words) % len(values)]


def _hash(*words: str) -> int:
    return int.from_bytes(sha256("\n".join(words).encode()).digest()[:8])
