"""An exercise in a built page: a form that the page's script wakes."""

import html
import json
from typing import Any

from stabsim.exercises.frame.exercise import CLOSE, SAID, Exercise, Number


def markup(exercise: Exercise, language: str) -> str:
    """The exercise's HTML, with what its script must know."""
    say = {name: text.in_(language) for name, text in SAID.items()}
    known = html.escape(json.dumps(describe(exercise, language), ensure_ascii=False))
    own = f"exercise-{exercise.name}"
    return (
        f'<form class="exercise" id="{own}" data-exercise="{known}">{_fields(exercise, language)}'
        f'<button type="submit" disabled>{say["check"]}</button>'
        f'<p class="exercise-said" role="status" aria-live="polite">'
        f"<noscript>{say['noscript']}</noscript></p></form>"
    )


def describe(exercise: Exercise, language: str) -> dict[str, Any]:
    """What the script must know, as JSON."""
    if isinstance(exercise, Number):
        return {
            "answer": exercise.solution,
            "tolerance": exercise.tolerance,
            "units": exercise.units,
            "language": language,
            "near": CLOSE if exercise.tolerance else 0,
            "hints": [
                [hint.low, hint.high, _said("wrong", hint.text.in_(language), language)]
                for hint in exercise.hints
            ],
            "right": _said("right", exercise.right.in_(language), language),
            **{name: SAID[name].in_(language) for name in ("wrong", "close", "unread", "reads")},
        }
    remarks = [remark.in_(language) for _, remark in exercise.options]
    return {
        "place": exercise.right,
        "remarks": [
            _said("right" if i == exercise.right else "wrong", remark, language)
            for i, remark in enumerate(remarks)
        ],
        "empty": SAID["empty"].in_(language),
    }


def _said(word: str, remark: str, language: str) -> str:
    return f"{SAID[word].in_(language)} {remark}".strip()


def _fields(exercise: Exercise, language: str) -> str:
    own = f"exercise-{exercise.name}"
    answer = SAID["answer"].in_(language)
    if isinstance(exercise, Number):
        unit = html.escape(exercise.unit.in_(language))
        return (
            f'<label for="{own}-answer">{answer}</label><input id="{own}-answer" name="answer" '
            f'inputmode="text" autocomplete="off" size="12" disabled><span>{unit}</span>'
            f'<output class="exercise-reads" for="{own}-answer"></output>'
        )
    options = "".join(
        f'<label><input type="radio" name="answer" value="{i}" disabled> '
        f"{html.escape(text.in_(language))}</label>"
        for i, (text, _) in enumerate(exercise.options)
    )
    return f"<fieldset><legend>{answer}</legend>{options}</fieldset>"
