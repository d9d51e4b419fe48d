"""An exercise on a kernel."""

import html
from typing import Any

import ipywidgets as widgets

from stabsim.exercises.frame.exercise import SAID, Exercise, Number


class ExerciseWidget(widgets.VBox):
    """An exercise's answer, a button that checks it, and what there is to say of it."""

    def __init__(self, exercise: Exercise, language: str) -> None:
        self.exercise, self.language = exercise, language
        if isinstance(exercise, Number):
            self.field = widgets.Text(
                description=SAID["answer"].in_(language), layout={"width": "16em"}
            )
            self.reads = widgets.Label()
            self.field.observe(self._say_reads, "value")
            row = [self.field, widgets.Label(exercise.unit.in_(language)), self.reads]
        else:
            options = [(text.in_(language), i) for i, (text, _) in enumerate(exercise.options)]
            self.field = widgets.RadioButtons(
                options=options, value=None, layout={"width": "max-content"}
            )
            row = [self.field]
        self.button = widgets.Button(description=SAID["check"].in_(language))
        self.button.on_click(lambda _: self.judge())
        self.said = widgets.HTML()
        super().__init__([widgets.HBox(row), self.button, self.said])

    def _say_reads(self, change: Any) -> None:
        assert isinstance(self.exercise, Number)
        self.reads.value = self.exercise.reads(change["new"], self.language)

    def judge(self) -> None:
        """Say what there is to say of the present answer."""
        if self.field.value is None:
            self.said.value = SAID["empty"].in_(self.language)
            return
        verdict = self.exercise.judge(self.field.value, self.language)
        mark = "✓" if verdict.right else "✗"
        self.said.value = f"{mark} {html.escape(verdict.said.in_(self.language))}"
