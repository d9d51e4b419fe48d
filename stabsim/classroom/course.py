"""A course: nbgrader's folder of sources, releases, submissions, marks and feedback."""

import os
import sys
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stabsim._extras import extra

CONFIGURATION = '''\
"""nbgrader's settings for this course; `stabsim classroom grade` keeps to them too."""

from stabsim.classroom.course import configure

configure(get_config())  # noqa: F821, which nbgrader defines
# To grade, use `stabsim classroom grade`: `nbgrader autograde` runs submissions unconfined.
'''


def configure(config: Any) -> None:
    """What students find in place of a solution: nothing, for the cell says what to write."""
    config.ClearSolutions.code_stub = {"python": ""}
    config.ClearSolutions.text_stub = ""


def path() -> str:
    """Where programs are looked for: first beside this Python, whose alembic nbgrader runs."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


@contextmanager
def _programs_found() -> Iterator[None]:
    """The :func:`path` in the environment, where nbgrader itself looks programs up."""
    before = os.environ.get("PATH")
    os.environ["PATH"] = path()
    try:
        yield
    finally:
        if before is None:
            del os.environ["PATH"]
        else:
            os.environ["PATH"] = before


def build(
    course: Path,
    languages: Iterable[str],
    pages: Iterable[str],
    only: Container[str] | None = None,
) -> list[str]:
    """Write assignments, as sources and as nbgrader releases them.

    Args:
        course: the folder; made if it is not there.
        languages: of the assignments, from "en" and "id".
        pages: the chapters.
        only: the names of the exercises to take; all if not given.
    Returns:
        The assignments' names, such as "warmup-id".
    Raises:
        ValueError: if a chapter has none of the exercises.
    """
    with extra("classroom"):
        import nbformat
        from nbgrader.converters import GenerateAssignment
        from nbgrader.coursedir import CourseDirectory
        from traitlets.config import Config

        from stabsim.classroom import assignment

    course = course.absolute()
    course.mkdir(parents=True, exist_ok=True)
    settings = course / "nbgrader_config.py"
    if not settings.exists():
        settings.write_text(CONFIGURATION, encoding="utf8")
    config = Config()
    configure(config)
    made = []
    for language in languages:
        for page in pages:
            name = f"{page}-{language}"
            folder = course / "source" / name
            folder.mkdir(parents=True, exist_ok=True)
            nbformat.write(assignment.source(language, page, only), folder / f"{page}.ipynb")
            directory = CourseDirectory(root=str(course), assignment_id=name, config=config)
            with _programs_found():
                GenerateAssignment(coursedir=directory, config=config, force=True).start()
            made.append(name)
    return made
