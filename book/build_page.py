"""What is built in an exercise, in a built page: a form, or the ways to the notebook's cell."""

import html
import json
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from book import exercise_page
from book.repository import FOLDER, Place
from book.rule_page import words
from stabsim._numerals import plain
from stabsim.exercises import EXERCISES
from stabsim.exercises.frame import exercise
from stabsim.exercises.frame.build import RATE, SAID, Build, Curve, Lines, Notebook, Numbers
from stabsim.rules.experiment import WORDS


class BuildHere(Directive):
    """``:::{build} NAME``: the place of what is built, one of ``stabsim.exercises.BUILDS``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The place."""
        place = f'<div data-build-place="{self.arguments[0]}"></div>'
        return [nodes.raw("", place, format="html")]


def markup(build: Build, language: str, page: str, where: Place | None) -> str:
    """The form; of what needs Python, links to its cell in the chapter's notebook."""
    if isinstance(build, Notebook):
        return _links(build, language, page, where)
    known = html.escape(json.dumps(_description(build, language), ensure_ascii=False))
    own, text = f"exercise-{build.name}", start(build, language)
    said = exercise.SAID["noscript"].in_(language)
    mark = "rule" if isinstance(build, Lines) else "list"
    return (
        f'<form class="exercise build" id="{own}" data-exercise="{known}">'
        f"<p>{_introduction(build, language)}</p>"
        f'<label for="{own}-answer">{_say(mark, language)}</label>'
        f'<textarea id="{own}-answer" name="answer" rows="{max(3, text.count(chr(10)) + 2)}" '
        f'spellcheck="false" autocapitalize="off" autocomplete="off" '
        f'aria-describedby="{own}-said" disabled>{text}</textarea>'
        f'<button type="submit" disabled>{exercise.SAID["check"].in_(language)}</button>'
        f'<p class="exercise-said" id="{own}-said" role="status" aria-live="polite">'
        f"<noscript>{said}</noscript></p></form>"
    )


def _say(name: str, language: str, /, **values: Any) -> str:
    return SAID[name].in_(language).format(**values)


def _introduction(build: Lines | Numbers | Curve, language: str) -> str:
    if isinstance(build, Lines):
        title = html.escape(WORDS["title"].in_(language))
        link = f'<a href="optimizers.html#optimizers-own-rule">{title}</a>'
        return _say("runs", language, link=link, steps=build.steps)
    return html.escape(_say("once", language, what=build.what.in_(language)))


def start(build: Lines | Numbers | Curve, language: str) -> str:
    """What stands in the field first."""
    if isinstance(build, Lines):
        return build.text
    return "; ".join(plain(value, language) for value in build.start)


def _description(build: Lines | Numbers | Curve, language: str) -> dict[str, Any]:
    """What the script must know."""
    say = {name: text.in_(language) for name, text in SAID.items()}
    verdict = {name: exercise.SAID[name].in_(language) for name in ("right", "wrong")}
    known: dict[str, Any] = verdict | {"language": language}
    match build:
        case Lines():
            judged = exercise_page.describe(EXERCISES[build.name], language)
            own = {"kind": "lines", "steps": build.steps, "rate": RATE, "words": words(language)}
            return known | judged | {"build": own | {n: say[n] for n in ("came", "lost")}}
        case Numbers():
            names = ("unread", "count", "entry")
            own = {"kind": "numbers", "numbers": build.right()}
        case Curve():
            names = ("unread", "few", "flat", "remains")
            own = {"kind": "curve"}
    return known | {"build": own | {name: say[name] for name in names}}


def _links(build: Notebook, language: str, page: str, where: Place | None) -> str:
    launch = where.launch(language, page, build.name) if where else {}
    links = [
        f'<a href="{html.escape(address)}" rel="noopener external">'
        f"{_say('open', language, name=name)}</a>"
        for name, address in launch.items()
    ]
    file = f'<a href="{FOLDER}/{page}.ipynb" download>{_say("download", language)}</a>'
    return (
        f'<p class="build-notebook" data-build="{build.name}">{_say("notebook", language)} '
        f"{' · '.join([*links, file])}</p>"
    )


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("build", BuildHere)
