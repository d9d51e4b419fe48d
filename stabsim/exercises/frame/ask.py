"""Ask an exercise: a widget on a kernel, and in a book's build a place that the page fills."""

from typing import Any

from stabsim._extras import extra
from stabsim._settings import settings
from stabsim.exercises.frame.exercise import Exercise, Verdict
from stabsim.exercises.frame.prediction import Prediction


class Asked:
    """What a cell displays."""

    def __init__(self, exercise: Exercise, language: str) -> None:
        self.exercise, self.language = exercise, language

    def _repr_mimebundle_(self, **_: Any) -> Any:
        if settings().book:
            place = f'<div data-exercise-place="{self.exercise.name}"></div>'
            return {"text/html": place, "text/plain": self.exercise.name}
        return self.widget()._repr_mimebundle_()

    def widget(self) -> Any:
        """The ipywidgets widget."""
        with extra("labs"):
            from stabsim.exercises.frame.widget import ExerciseWidget

        return ExerciseWidget(self.exercise, self.language)


class Predicted:
    """What a cell displays on a kernel; a page has the prediction's form in the text."""

    def __init__(self, prediction: Prediction, language: str) -> None:
        self.prediction, self.language = prediction, language

    def _repr_mimebundle_(self, **_: Any) -> Any:
        return self.widget()._repr_mimebundle_()

    def widget(self) -> Any:
        """The ipywidgets widget."""
        with extra("labs"):
            from stabsim.exercises.frame.guess import PredictionWidget

        return PredictionWidget(self.prediction, self.language)


class Checked:
    """What a check displays: the verdict in words, and whether the answer is right as a truth."""

    def __init__(self, verdict: Verdict, language: str) -> None:
        self.verdict, self.language = verdict, language

    def __bool__(self) -> bool:
        return self.verdict.right

    def __repr__(self) -> str:
        return f"{'✓' if self else '✗'} {self.verdict.said.in_(self.language)}"
