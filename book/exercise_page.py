"""An exercise in a built page: a form that the page's script wakes."""

import html
import json
from typing import Any

from book import notebooks, repository, rule_page
from stabsim.exercises.frame.exercise import CLOSE, SAID, Exercise, Number


def markup(exercise: Exercise, language: str, page: str) -> str:
    """The exercise's HTML, with what its script must know; ``page`` is where it is asked."""
    say = {name: text.in_(language) for name, text in SAID.items()}
    known = html.escape(json.dumps(_description(exercise, language), ensure_ascii=False))
    own = f"exercise-{exercise.name}"
    return (
        f'<form class="exercise" id="{own}" data-exercise="{known}">'
        f"{_fields(exercise, language, page)}"
        f'<button type="submit" disabled>{say["check"]}</button>'
        f'<p class="exercise-said" role="status" aria-live="polite">'
        f"<noscript>{say['noscript']}</noscript></p></form>"
    )


def _description(exercise: Exercise, language: str) -> dict[str, Any]:
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
            **_computed(exercise, language),
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


def _computed(exercise: Number, language: str) -> dict[str, Any]:
    """What the page must know to compute an answer from lines."""
    if exercise.lines is None:
        return {}
    lines = exercise.lines
    return {
        "lines": {"after": lines.after, "steps": lines.steps, "given": lines.given},
        "words": rule_page.words(language),
        "comes": SAID["comes"].in_(language),
    }


def _said(word: str, remark: str, language: str) -> str:
    return f"{SAID[word].in_(language)} {remark}".strip()


def _links(language: str, page: str, name: str) -> str:
    """What opens the page's notebook, at the exercise's cell where that is possible."""
    where = repository.place()
    cell = notebooks.cell(language, page, name)
    links = {
        title: f"{address}#scrollTo={cell}" if title == "Colab" else address
        for title, address in (where.launch(language, page) if where else {}).items()
    } | {SAID["download"].in_(language): f"{repository.FOLDER}/{page}.ipynb"}
    return ", ".join(f'<a href="{html.escape(to)}">{title}</a>' for title, to in links.items())


def _fields(exercise: Exercise, language: str, page: str) -> str:
    own = f"exercise-{exercise.name}"
    answer = SAID["answer"].in_(language)
    if isinstance(exercise, Number) and exercise.lines:
        text = exercise.lines.text
        return (
            f'<label for="{own}-answer">{SAID["lines"].in_(language)}</label>'
            f'<textarea id="{own}-answer" name="answer" rows="{len(text.splitlines()) + 1}" '
            f'spellcheck="false" autocapitalize="off" disabled>{html.escape(text)}</textarea>'
        )
    if isinstance(exercise, Number):
        there = _links(language, page, exercise.name) if exercise.in_notebook else ""
        note = SAID["notebook"].in_(language).format(links=there) if there else ""
        unit = html.escape(exercise.unit.in_(language))
        return (
            (f'<p class="exercise-notebook">{note}</p>' if note else "")
            + f'<label for="{own}-answer">{answer}</label><input id="{own}-answer" name="answer" '
            f'inputmode="text" autocomplete="off" size="12" disabled><span>{unit}</span>'
            f'<output class="exercise-reads" for="{own}-answer"></output>'
        )
    options = "".join(
        f'<label><input type="radio" name="answer" value="{i}" disabled> '
        f"{html.escape(text.in_(language))}</label>"
        for i, (text, _) in enumerate(exercise.options)
    )
    return f"<fieldset><legend>{answer}</legend>{options}</fieldset>"
