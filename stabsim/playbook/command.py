"""A command that trains once: what it is given, how long it may take, and what it leaves."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stabsim.logs.columns import Columns
from stabsim.logs.reader import read
from stabsim.logs.source import LogError
from stabsim.logs.verdict import diagnose_log
from stabsim.logs.watch import SHARE, failing
from stabsim.playbook.runs import GONE, TAIL, Ended, Settings, series_of

PLACEHOLDER = re.compile(r"\{(learning_rate|warmup_steps|steps|seed|clip|optimizer|out)\}")
"""What a command's words may hold."""

LOOK = 0.02
"""Seconds between looks at a command that runs, at first; more later, up to one second."""

GRACE = 3.0
"""Seconds that a command has to end once it was asked to."""

UNBUFFERED = {"PYTHONUNBUFFERED": "1"}
"""So that what a Python program prints is there to be followed, and not lost if it is killed."""

_running: set[subprocess.Popen[bytes]] = set()


class Reading(NamedTuple):
    """How a command's log is read: see :func:`stabsim.logs.read`.

    Attributes:
        columns: the names of its columns, for those that should not be guessed.
        kind: its format; judged by its content if None.
    """

    columns: Columns = Columns()
    kind: str | None = None


def words(template: Sequence[str], settings: Settings, out: Path) -> list[str]:
    """The command for a run: each placeholder of ``template`` replaced by its value.

    Where the run does not clip, or keeps its optimizer, the word that would hold it is left out,
    and with it an option before it that would have it as its value, as in ``--clip {clip}``.
    """
    values = {**settings._asdict(), "out": out}
    said: list[str] = []
    for word in template:
        names = PLACEHOLDER.findall(word)
        if any(values[name] is None for name in names):
            if said and said[-1].startswith("-") and PLACEHOLDER.fullmatch(word):
                said.pop()
            continue
        said.append(PLACEHOLDER.sub(lambda match: str(values[match[1]]), word))
    return said


def attempt(
    template: Sequence[str], settings: Settings, reading: Reading, time_limit: float | None
) -> Ended:
    """Runs a command once, and reads what it logged into ``{out}``, or else what it printed.

    Its working folder is this process's. It is ended once its loss has stopped being finite for
    good, by the rule of the diagnosis, and after ``time_limit`` seconds.
    """
    with tempfile.TemporaryDirectory(prefix="stabsim-") as scratch:
        folder, printed = Path(scratch), Path(scratch) / "printed"
        command = words(template, settings, folder / "out")
        asked = any("{out}" in word for word in template)

        def log() -> Path | None:
            return next(iter(sorted(folder.glob("out*"))), None) if asked else printed

        with printed.open("wb") as output:
            try:
                process = subprocess.Popen(
                    command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                    start_new_session=True,  # so that it ends with all that it started
                    env=os.environ | UNBUFFERED,
                )  # fmt: skip
            except OSError as error:
                return Ended("crashed", output=f"Cannot run {command[0]!r}: {error.strerror}.")
            with _in_charge(process):
                outcome = _follow(process, log, reading, time_limit)
        text = _tail(printed)
        try:
            path = log()
            series, axis = series_of(read(path, reading.columns, kind=reading.kind)) if path else (
                {}, "step")  # fmt: skip
        except LogError as error:
            why = str(error) if outcome == "done" else ""  # else it is the error that it printed
            if not asked and not text.strip():
                why = "It printed nothing, and no {out} says where it writes its log."
            return Ended(outcome, output=f"{text}\n{why}".strip())
        missing = "" if path else "It wrote nothing where {out} is."
        return Ended(outcome, series, axis, f"{text}\n{missing}".strip())


def end_all() -> None:
    """Ends every command that this process runs."""
    for process in list(_running):
        end(process)


def _follow(
    process: subprocess.Popen[bytes],
    log: Callable[[], Path | None],
    reading: Reading,
    time_limit: float | None,
) -> str:
    """Waits until the command has ended; returns how it did."""
    began, pause, due = time.monotonic(), LOOK, 0.0
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = process.wait(pause)
            return "done" if status == 0 else "killed" if status < 0 else "crashed"
        now = time.monotonic()
        if time_limit is not None and now - began > time_limit:
            end(process)
            return "hung"
        if now >= due:
            if _plainly_diverged(log(), reading):
                end(process)
                return "diverged"
            due = time.monotonic() + (time.monotonic() - now) / SHARE
        pause = min(1.3 * pause, 1.0)


def _plainly_diverged(path: Path | None, reading: Reading) -> bool:
    """Whether what a log says so far is a verdict that nothing can change any more."""
    try:
        log = read(path, reading.columns, kind=reading.kind) if path else None
    except LogError:
        return False
    if log is None or log.loss.size < GONE:
        return False
    last = log.loss.value.read(log.loss.size - GONE, log.loss.size)
    if np.isfinite(last).any():
        return False
    return failing(diagnose_log(log).diagnosis, log.loss.step.blocks(), "diverged")


@contextlib.contextmanager
def _in_charge(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ends a command, with all that it started, if we are interrupted."""
    _running.add(process)
    try:
        yield
    finally:
        _running.discard(process)
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a command's whole group of processes: asks first, and kills what does not end."""
    if os.name != "posix":
        process.kill()
        process.wait()
        return
    for how, seconds in ((signal.SIGTERM, GRACE), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        return file.read().decode("utf8", "replace")
