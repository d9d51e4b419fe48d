"""An assignment's source notebook: a chapter's exercises in nbgrader's form, solutions included.

Cells that students answer in are nbgrader's solutions, and each is followed by a locked cell that
checks the answer, for points. What no check can judge is marked by a person.
"""

import textwrap
from collections.abc import Container
from typing import Any

import nbformat

from stabsim._words import Text
from stabsim.classroom.goals import GOALS
from stabsim.classroom.tasks import Task, addresses, pages
from stabsim.exercises import EXERCISES
from stabsim.exercises.frame.exercise import Number, Select

INTRODUCTION = Text(
    "# Exercises: {title}\n\n"
    "What they ask about is explained in the chapter {chapter}, whose labs run in your "
    "browser.\n\n"
    "1. Write your student ID into the next cell and run it: your numbers depend on it.\n"
    "2. Run the cells from top to bottom. Put your answers where `None` stands, change code as "
    "its exercise asks, and run the check below each.\n"
    "3. Change no cell that checks an answer: they are restored before your work is graded.\n\n"
    "While it is graded, your notebook has no network, and may write to temporary files alone.",
    "# Latihan: {title}\n\n"
    "Bahannya dijelaskan dalam bab {chapter}; lab di bab itu berjalan di peramban "
    "Anda.\n\n"
    "1. Tulis NIM Anda di sel berikut, lalu jalankan: bilangan dalam soal bergantung pada NIM.\n"
    "2. Jalankan semua sel dari atas ke bawah. Ganti `None` dengan jawaban Anda, ubah kode "
    "sesuai permintaan soalnya, lalu jalankan pemeriksaan di bawahnya.\n"
    "3. Jangan ubah sel yang memeriksa jawaban: isinya dipulihkan sebelum pekerjaan Anda "
    "dinilai.\n\n"
    "Ketika dinilai, notebook Anda tidak terhubung ke jaringan dan hanya dapat menulis berkas "
    "sementara.",
)
IDENTITY = Text("your student ID", "NIM Anda")
WRITE = Text("*Write your answer here.*", "*Tulis jawaban Anda di sini.*")
HOW = {
    "number": Text("a number, or an expression", "sebuah bilangan atau ekspresi"),
    "letter": Text("a letter in quotation marks", "sebuah huruf di antara tanda kutip"),
    "link": Text('the link in quotation marks: "..."', 'tautan di antara tanda kutip: "..."'),
}

SETUP = """\
import importlib.util
import os

os.environ["STABSIM_LANGUAGE"] = "{language}"
if importlib.util.find_spec("stabsim") is None:
    %pip install --quiet "stabsim[labs] @ git+{repository}"
import stabsim as ss\
"""

POINTS = {"letter": 1, "number": 2, "link": 3, "code": 3, "person": 2}

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def source(language: str, page: str, only: Container[str] | None = None) -> Any:
    """A page's exercises as a notebook.

    Args:
        language: "en" or "id".
        page: a chapter.
        only: the names of the exercises to take; all if not given.
    Raises:
        ValueError: if none is taken.
    """
    title, definitions, tasks = pages(language)[page]
    tasks = [task for task in tasks if only is None or task.name in only]
    if not tasks:
        raise ValueError(f"{page} has none of these exercises.")
    published = addresses()
    link = f"[{title}]({published['Homepage']}/{language}/{page}.html)"
    setup = SETUP.format(language=language, repository=published["Repository"])
    cells = [
        _locked(
            _text(INTRODUCTION.in_(language).format(title=title, chapter=link)), "introduction"
        ),
        _code(f'STUDENT = ""  # {IDENTITY.in_(language)}'),
        _locked(_code(setup), "setup"),
    ]
    if needed := sorted({place for task in tasks for place in task.needs}):
        code = "\n".join(definitions[place] for place in needed)
        cells.append(_locked(_code(code), "definitions"))
    for task in tasks:
        cells += _cells(task, language)
    book = nbformat.v4.new_notebook(cells=cells)
    for place, cell in enumerate(cells):
        cell["id"] = f"{page}-{place}"  # the same at every build
    book.metadata["kernelspec"] = {
        "display_name": "Python 3", "language": "python", "name": "python3",
    }  # fmt: skip
    book.metadata["language_info"] = {"name": "python"}
    return book


def _cells(task: Task, language: str) -> list[Any]:
    """An exercise: its task, the student's own part of it, the answer and its check."""
    exercise = EXERCISES.get(task.name)
    varied = isinstance(exercise, Number) and exercise.variant is not None
    cells = [_locked(_text(task.heading if varied else task.text), f"{task.name}-task")]
    if task.checked:
        solved = task.solved or _given(task.checked, task.name)
        code = "\n".join([task.code[-1], BEGIN, *_comment(task.solution), solved, END])
        cells += [_code(code) for code in task.code[:-1]]
        return [*cells, *_answered(task.name, code, task.checked, "code")]
    cells += [_code(code) for code in task.code]
    if exercise is None and task.name not in GOALS:
        return [*cells, _marked_by_a_person(task, language)]
    if varied or isinstance(exercise, Select) or task.name in GOALS:
        ask = f'ss.classroom.ask("{task.name}", STUDENT)'
        cells.append(_locked(_code(ask), f"{task.name}-question"))
    kind = "number" if isinstance(exercise, Number) else "letter" if exercise else "link"
    answer = f"answer_{task.number}"
    code = "\n".join([
        f"{answer} = None  # {HOW[kind].in_(language)}",
        BEGIN, *_comment(task.solution),
        _given(answer, task.name),
        END,
    ])  # fmt: skip
    return [*cells, *_answered(task.name, code, answer, kind)]


def _answered(name: str, code: str, answer: str, kind: str) -> list[Any]:
    check = f'said = ss.classroom.check("{name}", STUDENT, {answer})\nprint(said)\nassert said'
    return [
        _graded(_code(code), f"{name}-answer", solution=True),
        _graded(_code(check), name, points=POINTS[kind]),
    ]


def _marked_by_a_person(task: Task, language: str) -> Any:
    text = "\n\n".join([WRITE.in_(language), BEGIN, task.solution, END])
    return _graded(_text(text), task.name, solution=True, points=POINTS["person"])


def _given(answer: str, name: str) -> str:
    """What computes the right answer, for the teacher."""
    called = f'right_answer("{name}", STUDENT)'
    return f"from stabsim.classroom.student import right_answer\n\n{answer} = {called}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 90, initial_indent="# ", subsequent_indent="# ")


# --- nbgrader's cells ---


def _text(source: str) -> Any:
    return nbformat.v4.new_markdown_cell(source)


def _code(source: str) -> Any:
    return nbformat.v4.new_code_cell(source)


def _locked(cell: Any, name: str) -> Any:
    return _graded(cell, name, locked=True)


def _graded(
    cell: Any, name: str, *, solution: bool = False, locked: bool = False, points: int | None = None
) -> Any:
    grade = points is not None
    cell.metadata["nbgrader"] = {
        "schema_version": 3, "grade_id": name, "grade": grade, "solution": solution, "task": False,
        "locked": locked or (grade and not solution), "cell_type": cell.cell_type,
    } | ({"points": points} if grade else {})  # fmt: skip
    return cell
