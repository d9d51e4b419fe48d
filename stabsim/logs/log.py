"""A log as it is read: its series, and notes of what was skipped."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from stabsim.logs.columns import Columns
from stabsim.logs.spool import Spool
from stabsim.logs.words import LOGS, PLACES


class Note(NamedTuple):
    """What was skipped for one reason.

    Attributes:
        reason: a key of :data:`stabsim.logs.words.LOGS`.
        count: how often.
        first: the line or byte at which it first happened.
        unit: "line" or "byte".
    """

    reason: str
    count: int
    first: int
    unit: str

    def sentence(self, language: str) -> str:
        first = PLACES[self.unit].in_(language).format(self.first)
        return LOGS[self.reason].in_(language).format(count=self.count, first=first)


class Series:
    """One quantity against the step, whose steps increase."""

    def __init__(self) -> None:
        self.step, self.value = Spool(), Spool()
        self._last = -np.inf

    @property
    def size(self) -> int:
        return self.value.size

    def append(self, step: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Keeps what is later than all before it; returns where it was not."""
        if step.size == 0:
            return np.zeros(0, bool)
        before = np.maximum.accumulate(np.concatenate([[self._last], step[:-1]]))
        kept = step > before
        self._last = max(self._last, float(step.max()))
        self.step.append(step[kept])
        self.value.append(value[kept])
        return ~kept


class Log:
    """The series that a diagnosis reads, in constant memory.

    Attributes:
        name: what the log is called.
        kind: its format.
        columns: the names of the columns that were read.
        loss: the losses, NaN and inf included.
        gradient_norm: the norms, on their own steps.
        learning_rate: the rates, on their own steps.
        validation_loss: the losses on held-out data, on their own steps.
        scale: the loss scale of half-precision training, if a column holds it.
        last_step: the last step with any record, with or without a loss.
        resumed: steps from which the run was resumed.
        axis: what the steps count: "step", "epoch", "tokens" or "row".
        objective: whether the loss ought to fall ("falls"), or is one of reinforcement learning
            ("rl"), of two networks against each other ("gan"), or a sum since the last record
            ("sum").
        changes: where a batch size, a sequence length or a stage of the data changes: the column's
            name and the step.
    """

    def __init__(self, name: str, kind: str, columns: Columns) -> None:
        self.name, self.kind, self.columns = name, kind, columns
        self.loss, self.gradient_norm, self.learning_rate = Series(), Series(), Series()
        self.validation_loss, self.scale = Series(), Series()
        self.last_step = float("-inf")
        self.resumed: list[float] = []
        self.axis, self.objective = "step" if columns.step is not None else "row", "falls"
        self.changes: list[tuple[str, float]] = []
        self.rows = 0
        self._notes: dict[str, Note] = {}

    @property
    def notes(self) -> list[Note]:
        """What was skipped, one note a reason, in the order in which they first happened."""
        return sorted(self._notes.values(), key=lambda note: note.first)

    def note(self, reason: str, first: int, count: int = 1) -> None:
        if count:
            unit = "byte" if self.kind == "tensorboard" else "line"
            old = self._notes.get(reason, Note(reason, 0, first, unit))
            self._notes[reason] = old._replace(count=old.count + count, first=min(old.first, first))

    def _note_where(self, reason: str, where: np.ndarray, places: np.ndarray) -> None:
        if where.any():
            self.note(reason, int(places[where.argmax()]), int(where.sum()))

    def _see(self, step: np.ndarray) -> None:
        """Keeps the last finite step of all."""
        real = step[np.isfinite(step)]
        if real.size:
            self.last_step = max(self.last_step, float(real.max()))

    def add_rows(self, places: Sequence[int], cells: dict[str, Sequence[Any]]) -> None:
        """Rows of a table: for each of the columns, a cell a row; None or "" if it is empty."""
        place = np.asarray(places)
        read = {role: numbers(column) for role, column in cells.items()}
        for value in read.values():
            self._note_where("no number", value.bad, place)
        if "step" in read:
            step, stepped = read["step"].value, read["step"].present
        else:  # the rows are numbered, and those without a loss are not counted
            has_loss = read["loss"].present
            stepped = np.ones(place.size, bool)
            step = self.rows + np.cumsum(has_loss) - has_loss
            self.rows += int(has_loss.sum())
        self._see(step[stepped])
        for role in ("loss", "gradient_norm", "learning_rate"):
            if role in read:
                there = read[role].present
                if role == "loss":
                    self._note_where("no step", there & ~stepped, place)
                there &= stepped
                self.add(role, step[there], read[role].value[there], place[there])

    def add(self, role: str, step: np.ndarray, value: np.ndarray, place: np.ndarray) -> None:
        """Numbers of one series: equal shapes ``(n,)``."""
        real = np.isfinite(step)
        self._see(step)
        skipped = getattr(self, role).append(step[real], value[real])
        if role == "loss":
            self._note_where("no step", ~real, place)
            self._note_where("step back", skipped, place[real])


class Numbers(NamedTuple):
    """Cells as numbers: which were there, and which were no number. Shapes ``(n,)``."""

    value: np.ndarray
    present: np.ndarray
    bad: np.ndarray


EMPTY = {"", "na", "n/a", "null", "none", "-"}
"""What a cell without a number may hold. "nan" is a number that is not finite."""


def numbers(cells: Sequence[Any]) -> Numbers:
    """Cells as numbers. Whatever ``float`` takes is one, and a decimal comma if it is alone."""
    n = len(cells)
    try:
        value = np.fromiter(map(float, cells), float, n)
        return Numbers(value, np.ones(n, bool), np.zeros(n, bool))
    except (TypeError, ValueError, OverflowError):
        value, present, bad = np.full(n, np.nan), np.zeros(n, bool), np.zeros(n, bool)
    for i, cell in enumerate(cells):
        if cell is None or (isinstance(cell, str) and cell.strip().lower() in EMPTY):
            continue
        try:
            if isinstance(cell, str) and cell.count(",") == 1:
                cell = cell.replace(",", ".")
            value[i], present[i] = float(cell), True
        except (TypeError, ValueError, OverflowError):
            bad[i] = True
    return Numbers(value, present, bad)
