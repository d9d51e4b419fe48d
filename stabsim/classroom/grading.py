"""Grades submissions, each by itself and confined, so that none can harm more than its own mark.

A submission runs in a kernel that may write to its own scratch folder alone (``confined``), under
a time-out for each cell and a deadline for all, in a process of its own. What it leaves running is
ended. One that cannot be graded gets no points, and its feedback says why.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from stabsim._words import Text
from stabsim.classroom import confined
from stabsim.classroom.course import path

SUBREAPER = 36
"""prctl's option by which what a descendant leaves behind becomes this process's child."""

KERNEL = "stabsim"
LOG = "grading.log"
"""What nbgrader said of the last submission that it could not grade, for the teacher."""

CELLS = 10
"""How many times the time-out of a cell a submission may take in all."""

KEPT = ("PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV")
"""What a submission sees of the environment, which may hold secrets."""

LATE = Text(
    "It was not done after {seconds} seconds.",
    "Pengerjaannya belum selesai setelah {seconds} detik.",
)
FAILED = Text("nbgrader could not grade it.", "nbgrader tidak dapat menilainya.")
LINKS = Text("It holds a symbolic link: {name}.", "Di dalamnya ada tautan simbolis: {name}.")


class Mark(NamedTuple):
    """What came of a submission.

    Attributes:
        student: whose it is.
        score: the points so far.
        most: the points there are.
        open: whether a person has yet to mark a part of it.
        remark: why it could not be graded, if it could not.
    """

    student: str
    score: float
    most: float
    open: bool
    remark: str = ""


def students(course: Path, assignment: str) -> list[str]:
    """Those who have submitted.

    Raises:
        FileNotFoundError: if there is no such assignment.
    """
    if not (course / "source" / assignment).is_dir():
        raise FileNotFoundError(f"There is no assignment {assignment} in {course / 'source'}.")
    return sorted(path.parent.name for path in (course / "submitted").glob(f"*/{assignment}"))


def grade(
    course: Path, assignment: str, timeout: int = 60, unconfined: bool = False
) -> Iterator[Mark]:
    """Grade every submission of an assignment.

    Args:
        course: the course's folder.
        assignment: such as "warmup-id".
        timeout: seconds that a cell may take.
        unconfined: run the submissions' code with all the rights of this process.
    Raises:
        FileNotFoundError: if there is no such assignment.
        OSError: if submissions cannot be confined here, and are not to run unconfined.
    """
    course = course.absolute()
    if not unconfined and confined.version() < confined.NEEDED:
        raise OSError(
            "Submissions cannot be confined here: that needs Linux 6.2 or newer, with Landlock. "
            "Unconfined (--unconfined), a submission's code may do whatever you may: read and "
            "change your files, the marks among them, and use your network."
        )
    for student in students(course, assignment):
        remark = ""
        try:
            _check(course / "submitted" / student / assignment)
            _autograde(course, assignment, student, timeout, unconfined)
        except Refused as refused:
            language = assignment.rsplit("-", 1)[-1]
            remark = refused.text.in_(language if language in ("en", "id") else "en")
            _give_none(course, assignment, student, remark)
        yield _mark(course, assignment, student)._replace(remark=remark)


class Refused(Exception):
    """A submission that cannot be graded."""

    def __init__(self, text: Text) -> None:
        self.text = text


def _check(folder: Path) -> None:
    """nbgrader copies what lies beside the notebook into the feedback: nothing from elsewhere."""
    for file in folder.rglob("*"):
        if file.is_symlink():
            raise Refused(Text(*(text.format(name=file.name) for text in LINKS)))


def _autograde(course: Path, assignment: str, student: str, timeout: int, unconfined: bool) -> None:
    script = str(Path(__file__).with_name("autograde.py"))
    seconds = CELLS * timeout
    with tempfile.TemporaryDirectory(prefix="stabsim-") as folder, _nothing_left():
        environment = _environment(Path(folder), unconfined)
        command = [
            sys.executable,
            "-P",
            script,
            str(course),
            assignment,
            student,
            str(timeout),
            KERNEL,
        ]
        try:
            done = subprocess.run(command, env=environment, capture_output=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Refused(Text(*(text.format(seconds=seconds) for text in LATE))) from None
    if done.returncode:
        (course / LOG).write_bytes(done.stderr)
        raise Refused(FAILED)


def _environment(folder: Path, unconfined: bool) -> dict[str, str]:
    """Where nbgrader finds the kernel, and the kernel a place to write."""
    scratch = folder / "scratch"
    kernel = folder / "kernels" / KERNEL
    for place in (scratch, kernel, folder / "runtime"):
        place.mkdir(parents=True)
    module = "ipykernel_launcher" if unconfined else "stabsim.classroom.confined"
    places = ("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME", confined.SCRATCH)
    specification = {
        "argv": [sys.executable, "-m", module, "-f", "{connection_file}"],
        "display_name": KERNEL,
        "language": "python",
        "env": {"JAX_PLATFORMS": "cpu"} | dict.fromkeys(places, str(scratch)),
    }
    (kernel / "kernel.json").write_text(json.dumps(specification), encoding="utf8")
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {
        "PATH": path(),
        "HOME": str(scratch),
        "JUPYTER_PATH": str(folder),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "0",
    }


@contextmanager
def _nothing_left() -> Iterator[None]:
    """End whatever the processes that are started within leave running."""
    if sys.platform != "linux":
        yield
        return
    before = set(_children())
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        # What a process that ends leaves behind comes here in its turn.
        while left := set(_children()) - before:
            for process in left:
                with suppress(ProcessLookupError, ChildProcessError):
                    os.kill(process, signal.SIGKILL)
                    os.waitpid(process, 0)
        ctypes.CDLL(None).prctl(SUBREAPER, 0, 0, 0, 0)


def _children() -> Iterator[int]:
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name, in brackets, may hold anything.
            if int(status.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                yield int(status.parent.name)


# --- the gradebook ---


def _give_none(course: Path, assignment: str, student: str, remark: str) -> None:
    """No points for a submission, and a feedback that says why."""
    with _gradebook(course) as book:
        book.update_or_create_student(student)
        submission = book.update_or_create_submission(assignment, student)
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                grade.auto_score, grade.manual_score, grade.needs_manual_grade = 0, 0, False
        book.db.commit()
    folder = course / "feedback" / student / assignment
    folder.mkdir(parents=True, exist_ok=True)
    for page in folder.glob("*.html"):
        page.unlink()  # of an earlier submission
    (folder / "feedback.txt").write_text(f"{remark}\n", encoding="utf8")


def _mark(course: Path, assignment: str, student: str) -> Mark:
    with _gradebook(course) as book:
        found = book.find_submission(assignment, student)
        return Mark(student, found.score, found.max_score, found.needs_manual_grade)


def _gradebook(course: Path) -> Any:
    from nbgrader.api import Gradebook

    return Gradebook(f"sqlite:///{course / 'gradebook.db'}")
