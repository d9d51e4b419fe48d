"""A log as it is read: its series, and notes of what was skipped."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from stabsim.logs.cells import Numbers, numbers
from stabsim.logs.columns import Choice
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
        self.first, self.last = np.inf, -np.inf

    @property
    def size(self) -> int:
        return self.value.size

    def append(self, step: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Keeps what is later than all before it; returns where it was not."""
        if step.size == 0:
            return np.zeros(0, bool)
        before = np.maximum.accumulate(np.concatenate([[self.last], step[:-1]]))
        kept = step > before
        self.last = max(self.last, float(step.max()))
        if not self.size:
            self.first = float(step[0])
        self.step.append(step[kept])
        self.value.append(value[kept])
        return ~kept

    def rewind(self, step: float) -> int:
        """Drops what lies at or after a step; returns how much."""
        kept = sum(int(np.searchsorted(block, step)) for block in self.step.blocks())
        dropped = self.size - kept
        self.step.truncate(kept)
        self.value.truncate(kept)
        self.last = float(self.step.read(kept - 1, kept)[0]) if kept else -np.inf
        return dropped


SERIES = ("loss", "gradient_norm", "learning_rate", "validation_loss", "scale", "sharpness",
          "threshold", "reward", "kl")  # fmt: skip
"""The roles of columns whose values are kept."""

MOST_RUNS = 100
"""So many runs that were appended to one log are told apart."""


class Log:
    """The series that a diagnosis reads, in constant memory.

    Attributes:
        name: what the log is called.
        kind: its format.
        run: which of its runs or losses this is; "" if the log has but one.
        columns: the names of the columns that were read.
        read: the name of each column that is read, by its role, those beside ``columns`` too.
        loss: the losses, NaN and inf included.
        gradient_norm: the norms, on their own steps.
        learning_rate: the rates, on their own steps.
        validation_loss: the losses on held-out data, on their own steps.
        scale: the loss scale of half-precision training, if a column holds it.
        sharpness, threshold: what ``stabsim.probe`` measured, and the edge of the optimizer then.
        reward, kl: what reinforcement learning ought to raise, and the distance from the reference.
        last_step: the last step with any record, with or without a loss.
        resumed: steps from which the run was resumed.
        axis: what the steps count: "step", "epoch", "tokens" or "row".
        objective: whether the loss ought to fall ("falls"), or is one of reinforcement learning
            ("rl"), of two networks against each other ("gan"), a sum since the last record
            ("sum"), or of boosted trees on data that is not trained on ("held out").
        changes: where a batch size, a sequence length or a stage of the data changes: the column's
            name and the step.
        appended: the runs after this one in the same file: each begins where steps start anew.
    """

    def __init__(self, name: str, kind: str, choice: Choice) -> None:
        self.name, self.kind, self.run = name, kind, choice.run
        self.choice, self.columns, self.read = choice, choice.columns, choice.read
        self.loss, self.gradient_norm, self.learning_rate = Series(), Series(), Series()
        self.validation_loss, self.scale = Series(), Series()
        self.sharpness, self.threshold = Series(), Series()
        self.reward, self.kl = Series(), Series()
        self.last_step = float("-inf")
        self.resumed: list[float] = []
        self.axis, self.objective = choice.axis, choice.objective
        self.changes: list[tuple[str, float]] = []
        self.appended: list[Log] = []
        self.rows = 0
        self._notes: dict[str, Note] = {}
        self._held: dict[str, float] = {}
        self._first_time, self._time = np.inf, -np.inf
        for reason in choice.notes:
            self.note(reason, 0)

    @property
    def notes(self) -> list[Note]:
        """What was skipped, one note a reason, in the order in which they first happened."""
        return sorted(self._notes.values(), key=lambda note: note.first)

    def note(self, reason: str, first: int, count: int = 1) -> None:
        if count:
            unit = UNITS.get(self.kind, "line")
            old = self._notes.get(reason, Note(reason, 0, first, unit))
            self._notes[reason] = old._replace(count=old.count + count, first=min(old.first, first))

    def _note_where(self, reason: str, where: np.ndarray, places: np.ndarray) -> None:
        if where.any():
            self.note(reason, int(places[where.argmax()]), int(where.sum()))

    def add_rows(
        self,
        places: Sequence[int] | np.ndarray,
        cells: Mapping[str, Sequence[Any] | np.ndarray],
    ) -> None:
        """Rows of a table: for each role of ``read`` a cell a row; None or "" if it is empty."""
        place = np.asarray(places)
        read = {role: numbers(column, counted=role == "step") for role, column in cells.items()}
        for value in read.values():
            self._note_where("no number", value.bad, place)
        has_loss = read["loss"].present
        if "step" in read:
            step, stepped = read["step"].value, read["step"].present
        else:  # the rows are numbered; most often those without a loss are not counted
            counted = np.ones(place.size, bool) if self.choice.dense else has_loss
            step = np.maximum(self._numbered(counted, read.get("clock")), 0)
            stepped = np.ones(place.size, bool)
        stepped = stepped & np.isfinite(step)
        self._note_where("no step", has_loss & ~stepped, place)
        present = {role: (value.value, value.present & stepped) for role, value in read.items()}
        self.add(place, np.where(stepped, step, np.nan).astype(float), present)

    def _numbered(self, counted: np.ndarray, clock: Numbers | None) -> np.ndarray:
        """The numbers of rows, from 0 again where the epoch starts anew."""
        number = self.rows + np.cumsum(counted) - 1
        if clock is not None:
            at = np.flatnonzero(counted & clock.present)
            time = clock.value[at]
            if self._first_time == np.inf and time.size:
                self._first_time = float(time[0])
            before = np.concatenate([[self._time], time[:-1]])
            for place, now in zip(at[time < before], time[time < before], strict=True):
                if now <= self._first_time:
                    number[place:] -= number[place]
                    self._first_time = float(now)
            if time.size:
                self._time = float(time[-1])
        if number.size:
            self.rows = int(number[-1]) + 1
        return number

    def add(
        self, place: np.ndarray, step: np.ndarray, cells: dict[str, tuple[np.ndarray, np.ndarray]]
    ) -> None:
        """Rows with their steps, NaN for one without: of each role the values and which are there.

        Where the steps of the losses start anew, a run was appended; where they go back to another
        one, it was resumed there, and what lies at or after that step was given up.
        """
        log = self.appended[-1] if self.appended else self
        losses = np.flatnonzero(cells["loss"][1])
        before = np.concatenate([[log.loss.last], step[losses][:-1]])
        turns = losses[step[losses] < before]
        start = 0
        for turn in [*turns.tolist(), place.size]:
            part = slice(start, turn)
            some = {role: (value[part], there[part]) for role, (value, there) in cells.items()}
            log._append(place[part], step[part], some)
            if turn == place.size:
                break
            if step[turn] <= log.loss.first and len(self.appended) < MOST_RUNS:
                log = Log(self.name, self.kind, self.choice)
                self.appended.append(log)
            else:
                log.resume(float(step[turn]), int(place[turn]))
            start = turn

    def resume(self, step: float, place: int) -> None:
        """Drops what lies at or after a step from which the run was resumed."""
        if self.loss.size:
            self.resumed.append(step)
            self.note("resumed", place, self.loss.rewind(step))
        for role in SERIES[1:]:
            getattr(self, role).rewind(step)

    def _append(
        self, place: np.ndarray, step: np.ndarray, cells: dict[str, tuple[np.ndarray, np.ndarray]]
    ) -> None:
        real = step[~np.isnan(step)]
        if real.size:
            self.last_step = max(self.last_step, float(real.max()))
        for role, (value, there) in cells.items():
            if role in SERIES:
                skipped = getattr(self, role).append(step[there], value[there])
                if role == "loss":
                    self._note_where("step back", skipped, place[there])
            elif role.startswith("changes: "):
                self._watch(self.read[role], step[there], value[there])

    def _watch(self, name: str, step: np.ndarray, value: np.ndarray) -> None:
        """Keeps where the value of a column changes."""
        if value.size == 0:
            return
        before = np.concatenate([[self._held.get(name, float(value[0]))], value[:-1]])
        changed = step[value != before].tolist()
        self.changes += [(name, at) for at in changed[: MOST_CHANGES - len(self.changes)]]
        self._held[name] = float(value[-1])


UNITS = {"tensorboard": "byte", "wandb": "byte", "document": "record", "sqlite": "record"}
"""What the places of a format count; lines if it is not here."""

MOST_CHANGES = 100
"""So many changes of other columns are kept at most."""
