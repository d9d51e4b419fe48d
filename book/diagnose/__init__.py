"""Puts the form that diagnoses a log into its page, and beside it what the form fetches.

```{drop}   the form
"""

import json
import shutil
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book.labs import kept

PLACE = "<div data-drop-place></div>"
FOLDER = "lab/drop"
"""Where the form's files lie in _static."""


class Drop(SphinxDirective):
    """The place of the form, which the template fills, so that no cached page holds an old one."""

    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", PLACE, format="html")]


def fill(page: str, language: str, static: str) -> str:
    """Put the form in its place. ``static`` is the address of _static."""
    if PLACE not in page:
        return page
    source = f"{static}/{FOLDER}"

    def make() -> str:
        from book.diagnose.page import markup

        return markup(language, source)

    return page.replace(
        PLACE, kept(f"drop.{language}.html", make, "book.diagnose.page", given=source)
    )


def publish(folder: Path, language: str) -> None:
    """Write what the form fetches: its description, and the logs of the examples."""

    def description() -> str:
        from book.diagnose.page import description

        return json.dumps(description(language), ensure_ascii=False)

    def logs() -> str:
        from book.diagnose.examples import EXAMPLES, csv

        return json.dumps({example.name: csv(example.run()) for example in EXAMPLES})

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    described = kept(f"drop.{language}.json", description, "book.diagnose.page")
    (folder / f"drop.{language}.json").write_text(described, encoding="utf8")
    for name, log in json.loads(kept("drop.logs.json", logs, "book.diagnose.examples")).items():
        (folder / f"{name}.csv").write_text(log, encoding="utf8")


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("drop", Drop)
