"""The commands ``stabsim classroom``: what they take and say."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from stabsim._extras import MissingExtra
from stabsim._settings import LANGUAGES


@click.group()
def classroom() -> None:
    """Make assignments of the book's exercises, and grade them."""
    logging.basicConfig(format="%(message)s")  # where nbgrader says what went wrong


@contextmanager
def _said() -> Iterator[None]:
    """What cannot be done is said, without a traceback."""
    try:
        yield
    except (MissingExtra, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


def _known(asked: tuple[str, ...], known: list[str], what: str) -> list[str]:
    """Those asked for; all if none is."""
    if unknown := [name for name in asked if name not in known]:
        raise ValueError(f"There is no {what} {', '.join(unknown)}; there are {', '.join(known)}.")
    return [name for name in known if not asked or name in asked]


@classroom.command()
@click.argument("course", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--language", type=click.Choice((*LANGUAGES, "both")), default="both", show_default=True,
    help="Of the assignments.",
)  # fmt: skip
@click.option("--chapter", "chapters", multiple=True, help="May be repeated; all if not given.")
@click.option("--exercise", "exercises", multiple=True, help="May be repeated; all if not given.")
def build(
    course: Path, language: str, chapters: tuple[str, ...], exercises: tuple[str, ...]
) -> None:
    """Write an assignment for each chapter and language into the folder COURSE.

    COURSE/source holds the notebooks with solutions, COURSE/release those for students, made by
    nbgrader.
    """
    with _said():
        from stabsim.classroom import course as courses
        from stabsim.classroom.tasks import pages as known

        pages = _known(chapters, list(known("en")), "chapter with exercises")
        if exercises:
            names = {page: [task.name for task in known("en")[page].tasks] for page in pages}
            _known(exercises, [name for some in names.values() for name in some], "exercise")
            pages = [page for page in pages if set(names[page]) & set(exercises)]
        languages = LANGUAGES if language == "both" else (language,)
        made = courses.build(course, languages, pages, exercises or None)
    for name in made:
        click.echo(f"{name}: {course / 'release' / name}")


@classroom.command()
@click.argument("course", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("assignment")
@click.option(
    "--timeout", type=click.IntRange(1), default=60, show_default=True,
    help="Seconds that a cell may take; a submission may take ten times that.",
)  # fmt: skip
@click.option(
    "--unconfined", is_flag=True, help="Run the submissions' code with all of your own rights."
)
def grade(course: Path, assignment: str, timeout: int, unconfined: bool) -> None:
    """Grade the submissions in COURSE/submitted/STUDENT/ASSIGNMENT, and write their feedback.

    Each runs confined, by Linux's Landlock: it can write to a temporary folder alone, read nothing
    of the course, and reach no network. Marks go into nbgrader's gradebook, feedback into
    COURSE/feedback.
    """
    from stabsim.classroom import grading

    with _said():
        for mark in grading.grade(course, assignment, timeout, unconfined):
            note = mark.remark or ("partly to be marked by hand" if mark.open else "")
            click.echo(f"{mark.student:24} {mark.score:5g} / {mark.most:g}  {note}".rstrip())
