"""A prediction in a built page: a form in its admonition, which the page's script wakes.

Without scripts, and in print, the admonition's own text asks the reader to write down a guess.
"""

import html
import json
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from stabsim._words import Text
from stabsim.exercises.frame.drawing import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, picture
from stabsim.exercises.frame.prediction import (
    HEIGHTS,
    SAID,
    Draw,
    Estimate,
    Order,
    Prediction,
    description,
)

TITLE = Text("Predict", "Tebak dahulu")
"""Heads the question."""


class Predict(Directive):
    """``:::{predict} NAME`` and the question."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """The admonition, with the place of the form at its end."""
        language = self.state.document.settings.env.config.language
        box = nodes.admonition("", classes=["tip", "predict"])
        box += nodes.title("", TITLE.in_(language))
        self.state.nested_parse(self.content, self.content_offset, box)
        place = f'<div data-prediction-place="{self.arguments[0]}"></div>'
        box += nodes.raw("", place, format="html")
        return [box]


def markup(prediction: Prediction, language: str) -> str:
    """The form, with what its script must know."""
    known = description(prediction, language) | {"box": [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM]}
    given = html.escape(json.dumps(known, ensure_ascii=False))
    own = f"prediction-{prediction.name}"
    return (
        f'<form class="prediction" id="{own}" data-prediction="{given}" hidden>'
        f"{_fields(prediction, language, own)}"
        f'<p class="prediction-buttons"><button type="submit">{_say("show", language)}</button> '
        f'<button type="button" data-do="skip">{_say("skip", language)}</button></p>'
        f'<p class="prediction-said" role="status" aria-live="polite"></p></form>'
    )


def _say(name: str, language: str, **values: Any) -> str:
    return html.escape(SAID[name].in_(language).format(**values))


def _fields(prediction: Prediction, language: str, own: str) -> str:
    asked = html.escape(prediction.ask.in_(language))
    match prediction:
        case Estimate():
            unit = html.escape(prediction.unit.in_(language))
            return (
                f'<label for="{own}-guess">{asked}</label> <input id="{own}-guess" name="guess" '
                f'autocomplete="off" size="10"> <span>{unit}</span> '
                f'<output for="{own}-guess"></output>'
            )
        case Draw():
            last = len(prediction.at) - 1
            column, height = _say("column", language), _say("height", language)
            return (
                f"<p>{asked}</p><p>{_say('draw', language)}</p>"
                f'<div class="prediction-axes">{picture(prediction, language)}</div>'
                f'<p class="prediction-sliders"><label>{column} <input type="range" name="column" '
                f'min="0" max="{last}" value="0"></label> <label>{height} <input type="range" '
                f'name="height" min="0" max="{HEIGHTS}" value="{HEIGHTS // 2}"></label></p>'
            )
        case Order():
            options = "".join(
                f'<option value="{i}">{html.escape(text.in_(language))}</option>'
                for i, text in enumerate(prediction.options)
            )
            places = "".join(
                f'<label>{_say("place", language, n=n)} <select name="guess">'
                f'<option value=""></option>{options}</select></label> '
                for n in range(1, len(prediction.options) + 1)
            )
            return f"<fieldset><legend>{asked}</legend>{places}</fieldset>"
    options = "".join(
        f'<label class="prediction-option"><input type="radio" name="guess" value="{i}"> '
        f"{html.escape(text.in_(language))}</label>"
        for i, text in enumerate(prediction.options)
    )
    return f"<fieldset><legend>{asked}</legend>{options}</fieldset>"


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("predict", Predict)
