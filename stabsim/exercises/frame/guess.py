"""A prediction on a kernel."""

import html
import math
from typing import Any

import ipywidgets as widgets

from stabsim._numerals import read
from stabsim.exercises.frame.drawing import picture
from stabsim.exercises.frame.prediction import (
    HEIGHTS,
    SAID,
    Draw,
    Estimate,
    Order,
    Prediction,
    compare,
    description,
)


class PredictionWidget(widgets.VBox):
    """What to guess with, a button, and the guess beside what comes out."""

    def __init__(self, prediction: Prediction, language: str) -> None:
        self.prediction, self.language = prediction, language
        self.said, self.picture = widgets.HTML(), widgets.HTML()
        self.fields = self._fields()
        self.button = widgets.Button(description=SAID["show"].in_(language),
                                     layout={"width": "auto"})  # fmt: skip
        self.button.on_click(lambda _: self.compare())
        asked = widgets.HTML(f"<b>{html.escape(prediction.ask.in_(language))}</b>")
        inputs = (widgets.HBox if isinstance(prediction, Draw) else widgets.VBox)(self.fields)
        super().__init__([asked, self.picture, inputs, self.button, self.said])
        self._draw()

    def _fields(self) -> list[Any]:
        match self.prediction:
            case Estimate():
                return [widgets.Text(layout={"width": "12em"})]
            case Draw():
                fields = [
                    widgets.IntSlider(HEIGHTS // 2, 0, HEIGHTS, orientation="vertical",
                                      readout=False, layout={"width": "2em", "height": "10em"})
                    for _ in self.prediction.at
                ]  # fmt: skip
                for field in fields:
                    field.observe(lambda _: self._draw(), "value")
                return fields
        options = [(text.in_(self.language), i) for i, text in enumerate(self.prediction.options)]
        if not isinstance(self.prediction, Order):
            return [widgets.RadioButtons(options=options, value=None,
                                         layout={"width": "max-content"})]  # fmt: skip
        places = range(1, len(options) + 1)
        place = SAID["place"].in_(self.language)
        return [
            widgets.Dropdown(options=options, value=None, description=place.format(n=n))
            for n in places
        ]

    def _guess(self) -> Any:
        """The guess; None if there is none yet."""
        values = [field.value for field in self.fields]
        if isinstance(self.prediction, Estimate):
            value = read(values[0], self.language, [*self.prediction.unit])
            return None if math.isnan(value) else value
        if isinstance(self.prediction, Draw):
            return [value / HEIGHTS for value in values]
        return values if None not in values and len(set(values)) == len(values) else None

    def _draw(self, came: Any = ()) -> None:
        if isinstance(self.prediction, Draw):
            self.picture.value = picture(self.prediction, self.language, self._guess(), came)

    def compare(self) -> None:
        """Show the guess beside what comes out."""
        guess = self._guess()
        if guess is None:
            missing = "unread" if isinstance(self.prediction, Estimate) else "empty"
            self.said.value = html.escape(SAID[missing].in_(self.language))
            return
        known = description(self.prediction, self.language)
        self._draw(known["right"])
        self.said.value = html.escape(compare(known, guess))
