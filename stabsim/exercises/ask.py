"""Ask an exercise: a widget on a kernel, and in a book's build a place that the page fills."""

import os
from typing import Any

from stabsim.exercises.exercise import Exercise, Verdict
from stabsim.words import default_language


class Asked:
    """What a cell displays."""

    def __init__(self, exercise: Exercise, language: str) -> None:
        self.exercise, self.language = exercise, language

    def _repr_mimebundle_(self, **_: Any) -> Any:
        if os.environ.get("STABSIM_BOOK"):
            place = f'<div data-exercise-place="{self.exercise.name}"></div>'
            return {"text/html": place, "text/plain": self.exercise.name}
        return self.widget()._repr_mimebundle_()

    def widget(self) -> Any:
        """The ipywidgets widget."""
        from stabsim.exercises.widget import ExerciseWidget  # it needs ipywidgets

        return ExerciseWidget(self.exercise, self.language)


class Checked:
    """What a check displays: the verdict in words, and whether the answer is right as a truth."""

    def __init__(self, verdict: Verdict, language: str) -> None:
        self.verdict, self.language = verdict, language

    def __bool__(self) -> bool:
        return self.verdict.right

    def __repr__(self) -> str:
        return f"{'✓' if self else '✗'} {self.verdict.said.in_(self.language)}"


def ask(name: str, language: str | None = None) -> Asked:
    """The form of an exercise.

    Args:
        name: one of ``stabsim.exercises.EXERCISES``.
        language: "en" or "id"; that of the environment variable ``STABSIM_LANGUAGE`` if not
            given.
    Raises:
        ValueError: if there is no such exercise or language.
    """
    return Asked(_named(name), default_language() if language is None else language)


def check(name: str, answer: Any, language: str | None = None) -> Checked:
    """Hold an answer that a cell has computed against an exercise's solution.

    Args:
        name: one of ``stabsim.exercises.EXERCISES``.
        answer: a number, or the place of an answer, from 0.
        language: as for ``ask``.
    Returns:
        An object that is true if the answer is right, and prints as what to say of it.
    Raises:
        ValueError: if there is no such exercise, language or place.
        TypeError: if the answer is no number.
    """
    try:
        given = answer if isinstance(answer, str) else float(answer)
    except TypeError as error:
        raise TypeError(f"The answer must be a number; it is {answer!r}.") from error
    return Checked(_named(name).judge(given), default_language() if language is None else language)


def _named(name: str) -> Exercise:
    from stabsim.exercises import EXERCISES

    if name not in EXERCISES:
        raise ValueError(f"name must be one of {', '.join(EXERCISES)}; it is {name!r}.")
    return EXERCISES[name]
