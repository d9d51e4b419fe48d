"""Exercises: the checks of the book's questions, on a kernel and in the published page.

``stabsim.exercises.ask("instability-edge")`` shows a form, and
``stabsim.exercises.check("instability-edge", 0.3)`` judges a number that a cell computed.
"""

from typing import Any

from stabsim._words import default_language
from stabsim.exercises import (
    batch_size,
    clipping,
    fixes,
    half_precision,
    index,
    instability,
    metaparameter,
    optimizers,
    playbook,
    simulator,
    transformers,
    warmup,
)
from stabsim.exercises.frame.ask import Asked, Checked, Predicted
from stabsim.exercises.frame.exercise import Exercise
from stabsim.exercises.frame.exercise import Number as Number
from stabsim.exercises.frame.exercise import Select as Select
from stabsim.exercises.frame.exercise import Variant as Variant

__all__ = [
    "BUILDS",
    "EXERCISES",
    "PREDICTIONS",
    "Number",
    "Select",
    "Variant",
    "ask",
    "check",
    "predict",
]

CHAPTERS = (
    index,
    instability,
    simulator,
    optimizers,
    transformers,
    warmup,
    clipping,
    fixes,
    metaparameter,
    batch_size,
    half_precision,
    playbook,
)
EXERCISES = {exercise.name: exercise for chapter in CHAPTERS for exercise in chapter.EXERCISES}
BUILDS = {one.name: one for chapter in CHAPTERS for one in chapter.BUILDS}
PREDICTIONS = {one.name: one for chapter in CHAPTERS for one in chapter.PREDICTIONS}


def ask(name: str, language: str | None = None) -> Asked:
    """The form of an exercise.

    Args:
        name: one of ``stabsim.exercises.EXERCISES``.
        language: "en" or "id"; that of ``STABSIM_LANGUAGE`` if not given.
    Raises:
        ValueError: if there is no such exercise or language.
    """
    return Asked(_named(name), default_language() if language is None else language)


def check(name: str, answer: Any, language: str | None = None) -> Checked:
    """Hold an answer that a cell has computed against an exercise's solution.

    Args:
        name: one of ``stabsim.exercises.EXERCISES``.
        answer: a number, also as readers write it, or the place of an answer, from 0.
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
    spoken = default_language() if language is None else language
    return Checked(_named(name).judge(given, spoken), spoken)


def predict(name: str, language: str | None = None) -> Predicted:
    """What to guess a prediction with, and the guess beside what comes out.

    Args:
        name: one of ``stabsim.exercises.PREDICTIONS``.
        language: as for ``ask``.
    Raises:
        ValueError: if there is no such prediction or language.
    """
    if name not in PREDICTIONS:
        raise ValueError(f"name must be one of {', '.join(PREDICTIONS)}; it is {name!r}.")
    return Predicted(PREDICTIONS[name], default_language() if language is None else language)


def _named(name: str) -> Exercise:
    if name not in EXERCISES:
        raise ValueError(f"name must be one of {', '.join(EXERCISES)}; it is {name!r}.")
    return EXERCISES[name]
