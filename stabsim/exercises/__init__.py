"""Exercises: the checks of the book's questions, on a kernel and in the published page.

``stabsim.exercises.ask("instability-edge")`` shows a form, and
``stabsim.exercises.check("instability-edge", 0.3)`` judges a number that a cell computed.
"""

from stabsim.exercises import (
    batch_size,
    clipping,
    fixes,
    index,
    instability,
    metaparameter,
    optimizers,
    simulator,
    warmup,
)
from stabsim.exercises.ask import ask as ask
from stabsim.exercises.ask import check as check
from stabsim.exercises.exercise import Number as Number
from stabsim.exercises.exercise import Select as Select
from stabsim.exercises.exercise import Variant as Variant

CHAPTERS = (
    index,
    instability,
    simulator,
    optimizers,
    warmup,
    clipping,
    fixes,
    metaparameter,
    batch_size,
)
EXERCISES = {exercise.name: exercise for chapter in CHAPTERS for exercise in chapter.EXERCISES}
