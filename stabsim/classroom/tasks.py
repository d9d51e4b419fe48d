"""The exercises that assignments are made of, as the book's chapters hold them.

The file beside this module is written by the book, with ``python -m book tasks``.
"""

import json
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("tasks.json")


class Task(NamedTuple):
    """One exercise.

    Attributes:
        number: its place among the chapter's exercises.
        heading: its number and kind, as "**2. Calculate.**".
        text: Markdown, the heading included.
        code: cells to run first, or to change.
        name: that of its check; its chapter and number if a person has to mark it.
        checked: what is held against the check, as Python, if the code computes it.
        solved: the code with its line changed as it should be, if the solution quotes that line.
        solution: the worked solution, as Markdown.
        needs: the places of the chapter's definitions that the code rests on.
    """

    number: int
    heading: str
    text: str
    code: list[str]
    name: str
    checked: str
    solved: str
    solution: str
    needs: list[int]


class Page(NamedTuple):
    """A chapter's exercises.

    Attributes:
        title: what the chapter is called.
        definitions: statements of the chapter that its exercises' code rests on, in order.
        tasks: the exercises.
    """

    title: str
    definitions: list[str]
    tasks: list[Task]


@cache
def pages(language: str) -> dict[str, Page]:
    """The chapters that have exercises, by name, in the order of the book.

    Args:
        language: "en" or "id".
    """
    return {
        name: Page(page["title"], page["definitions"], [Task(**task) for task in page["tasks"]])
        for name, page in json.loads(FILE.read_text(encoding="utf8"))[language].items()
    }


@cache
def addresses() -> dict[str, str]:
    """Where the package says that its "Repository" and its "Homepage", the live book, are."""
    lines = metadata.metadata("stabsim").get_all("Project-URL") or []
    return {name: url for name, _, url in (line.partition(", ") for line in lines)}
