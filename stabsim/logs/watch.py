"""A log that still grows: what begins in it, told as it begins."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stabsim import _check
from stabsim._words import default_language, whole
from stabsim.diagnosis import Diagnosis
from stabsim.logs.columns import Columns
from stabsim.logs.log import Log
from stabsim.logs.reader import newest, runs
from stabsim.logs.source import LogError
from stabsim.logs.verdict import Reading, diagnose_log
from stabsim.logs.words import STOPS, WATCH

PATIENCE = 100
"""A rise that has not recovered within so many records is one that will not."""

SHARE = 0.05
"""Reading takes at most this share of the time: a long log is looked at more seldom."""


class Look(NamedTuple):
    """What a log says at one moment.

    Attributes:
        log: the log as far as it was written; None if it could not be read yet.
        reading: its verdict; None likewise.
        error: why it could not be read; None if it could.
        news: whether something began, or ended, since the look before.
    """

    log: Log | None
    reading: Reading | None
    error: LogError | None
    news: bool

    def sentence(self, language: str | None = None) -> str:
        """What is new, on one line, in "en" or "id"."""
        language = default_language() if language is None else language
        if self.error is not None:
            return WATCH["waiting"].in_(language).format(why=self.error.text.in_(language))
        assert self.log is not None
        assert self.reading is not None
        steps, diagnosis = self.log.loss.step, self.reading.diagnosis
        last = float(steps.read(steps.size - 1, steps.size)[0])
        told = diagnosis._replace(rises=diagnosis.rises[-1:], largest_gradient=None)
        at = WATCH["at"].in_(language).format(step=whole(last, language))
        return " ".join([at, *told.sentences(language)])


def failing(diagnosis: Diagnosis, steps: Iterable[np.ndarray], when: str) -> bool:
    """Whether a run should end.

    Args:
        diagnosis: the verdict so far.
        steps: the steps of its losses, in blocks of shape ``(n,)``.
        when: "never"; "diverged", once a loss or a norm is not finite; or "unstable", then
            too, and once the loss has risen and has not recovered within 100 records.
    Raises:
        ValueError: if ``when`` is none of these.
    """
    _check.choice("when", when, STOPS)
    if when == "never" or diagnosis.feasible:
        return False
    if diagnosis.diverged_at is not None or when == "diverged":
        return diagnosis.diverged_at is not None
    if not diagnosis.rises:  # the rule may yet see one
        return False
    onset = diagnosis.rises[-1].onset
    return sum(int((block > onset).sum()) for block in steps) > PATIENCE


def follow(
    path: str | Path,
    columns: Columns = Columns(),  # noqa: B008, a constant
    *,
    run: str | None = None,
    interval: float = 5.0,
    idle: float = np.inf,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    **options: bool | str | None,
) -> Iterator[Look]:
    """Looks at a log whenever it has changed, until it has not for long.

    A log that could be read before, and cannot at one look, may be half written: that is no news
    before the next look.

    Args:
        path: as for :func:`stabsim.logs.read`; it need not exist yet.
        columns: likewise.
        run: which one, if the log has several; of runs that were appended to one another it is the
            last if none is named.
        interval: seconds between looks, at least; more where reading takes long.
        idle: ends after so many seconds without a change.
        sleep, clock: how to wait, and what time it is, in seconds.
        options: ``kind`` and ``number_rows`` of :func:`stabsim.logs.read`.
    Raises:
        ValueError: if a number is out of its range.
    """
    _check.positive("interval", interval)
    state: object = ""  # that no log has
    told: object = None
    grown, failed, had_read = clock(), None, False
    while True:
        began, now = clock(), _state(Path(path))
        if now != state or failed is not None:
            grown = began if now != state else grown
            state = now
            look = _look(path, columns, run, options)
            key = _key(look)
            news = key != told and (look.error is None or not had_read or key == failed)
            yield look._replace(news=news)
            had_read |= look.error is None
            failed = key if look.error is not None and not news and key != told else None
            told = key if news else told
        elif began - grown >= idle:
            return
        sleep(max(interval, (clock() - began) / SHARE))


def _look(path: str | Path, columns: Columns, run: str | None, options: dict) -> Look:
    try:
        log = newest(runs(path, columns, growing=True, **options), run)
        return Look(log, diagnose_log(log), None, False)
    except LogError as error:
        return Look(None, None, error, False)


def _key(look: Look) -> object:
    """What changes when something begins or ends; numbers that drift are not in it."""
    if look.log is None or look.reading is None:
        return str(look.error)
    diagnosis = look.reading.diagnosis
    back = [rise.recovered_at is not None for rise in diagnosis.rises]
    return look.log.run, diagnosis.verdict, back, diagnosis.diverged_at is not None


def _state(path: Path) -> tuple[tuple[int, int, int], ...] | None:
    """What changes with a file, or with those in a folder; None if there is none.

    A file that another has replaced may be as long as that.
    """
    try:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        stats = [file.stat() for file in files]
    except OSError:
        return None
    return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in stats)
