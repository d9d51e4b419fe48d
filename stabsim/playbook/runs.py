"""One run of a training function: the settings it was given, its log, and how it ended."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from stabsim.diagnosis import LEARNED, Diagnosis, Verdict
from stabsim.logs.columns import Columns
from stabsim.logs.log import Log
from stabsim.logs.reader import read
from stabsim.logs.source import LogError
from stabsim.logs.verdict import Reading, diagnose_log

OUTCOMES = ("done", "diverged", "crashed", "hung", "killed", "unread")
"""How a run ends: it trained to the end; its loss stopped being finite; its program failed, or
took longer than it may, or was killed from outside; or it ended well and left no log to read."""

GONE = 3
"""Losses in a row that are not finite: from then on, says the rule of the diagnosis, nothing that
follows changes the verdict."""

KEPT = ("loss", "gradient_norm", "learning_rate", "validation_loss")
"""What is kept of a log."""

TAIL = 1 << 16
"""So many characters of what a run printed are kept, the last ones."""


class Settings(NamedTuple):
    """What a run is given.

    Attributes:
        learning_rate: the rate, or where a warmup leads.
        steps: how long to train.
        seed: the seed.
        warmup_steps: the length of a linear warmup from 0.
        clip: where to clip the gradient's norm; None for what the training does by itself.
        optimizer: the name of another optimizer; None likewise.
    """

    learning_rate: float
    steps: int
    seed: int = 0
    warmup_steps: int = 0
    clip: float | None = None
    optimizer: str | None = None

    @property
    def name(self) -> str:
        """A name that no other settings have, and that a folder may have."""
        parts = [f"rate{self.learning_rate!r}", f"steps{self.steps}", f"warmup{self.warmup_steps}"]
        if self.clip is not None:
            parts.append(f"clip{self.clip!r}")
        if self.optimizer is not None:
            parts.append(quote(self.optimizer, safe=""))
        return "-".join([*parts, f"seed{self.seed}"])


Series = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""The steps and the values of each of :data:`KEPT` that there is, each of shape ``(n,)``."""


class Ended(NamedTuple):
    """What a run leaves, before it is kept.

    Attributes:
        outcome: one of :data:`OUTCOMES`.
        series: what it logged; empty if nothing.
        axis: what its steps count: see :class:`stabsim.logs.Log`.
        output: what it printed, or why it failed.
    """

    outcome: str
    series: Series = MappingProxyType({})
    axis: str = "step"
    output: str = ""


class Run(NamedTuple):
    """A run that has ended.

    Attributes:
        settings: what it was given.
        outcome: one of :data:`OUTCOMES`.
        trained: the steps that it trained for.
        output: the end of what it printed, or why it failed.
        log: its log; None if it left none.
        reading: the verdict on the log; None likewise.
    """

    settings: Settings
    outcome: str
    trained: int
    output: str
    log: Log | None
    reading: Reading | None

    @property
    def diagnosis(self) -> Diagnosis | None:
        return self.reading and self.reading.diagnosis

    @property
    def feasible(self) -> float:
        """Whether something was learned, 0 or 1; NaN if nothing is known, as of a killed run."""
        if self.outcome in ("hung", "killed"):
            return float("nan")
        return float(self.outcome == "done" and self.reading is not None
                     and self.reading.diagnosis.feasible)  # fmt: skip

    @property
    def unstable(self) -> float:
        """Whether it was unstable, 0 or 1; NaN as of :attr:`feasible`.

        A program that fails once it has begun to log counts as unstable: many raise an error
        at the first loss that is not finite.
        """
        if np.isnan(self.feasible):
            return float("nan")
        if self.reading is None:
            return 0.0
        return float(self.outcome == "crashed" or self.reading.diagnosis.unstable)

    @property
    def learned(self) -> float:
        """Whether it ended a fifth below its start, 0 or 1; NaN as of :attr:`feasible`."""
        if np.isnan(self.feasible) or self.reading is None:
            return self.feasible
        found = self.reading.diagnosis
        return float(found.final_loss < LEARNED * found.initial_loss)

    def objective(self, name: str) -> float:
        """What is compared, "final_loss" or "validation_loss"; infinite where a run failed."""
        found = self.diagnosis
        if self.outcome != "done" or self.log is None or found is None:
            return float("inf")
        value = found.final_loss if found.verdict is not Verdict.DIVERGED else float("inf")
        if not np.isfinite(value):
            return float("inf")
        if name == "validation_loss":
            blocks = [b[np.isfinite(b)] for b in self.log.validation_loss.value.blocks()]
            value = min((float(b.min()) for b in blocks if b.size), default=float("inf"))
        return value


def gone(loss: np.ndarray) -> int | None:
    """The record at which a run is plainly lost: the third in a row that is not finite."""
    bad = ~np.isfinite(loss)
    runs = np.convolve(bad, np.ones(GONE, int))[: bad.size] == GONE
    return int(runs.argmax()) if runs.any() else None


def series_of(result: Any) -> tuple[Series, str]:
    """What a training function returned, as series, and what the steps count.

    Args:
        result: a Trace, a :class:`stabsim.logs.Log`, the path of a log, losses of shape ``(n,)``,
            or a dict with "loss" and perhaps "step", "gradient_norm", "learning_rate" and
            "validation_loss", each of shape ``(n,)`` (one that is measured now and then holds
            NaN elsewhere).
    Raises:
        TypeError: if it is none of these.
        LogError: if the path is of no log that can be read.
        ValueError: if the arrays' lengths differ.
    """
    if isinstance(result, str | Path):
        result = read(result)
    if isinstance(result, Log):
        series = {
            name: (np.concatenate([*one.step.blocks()]), np.concatenate([*one.value.blocks()]))
            for name in KEPT if (one := getattr(result, name)).size
        }  # fmt: skip
        return series, result.axis
    if hasattr(result, "evaluation_step"):  # a Trace: asked so, for JAX need not be there
        count = np.arange(float(np.size(result.loss)))
        series = {name: (count, np.asarray(getattr(result, name), float)) for name in KEPT[:3]}
        if np.size(result.evaluation_step):
            at, value = np.asarray(result.evaluation_step), np.asarray(result.validation_loss)
            series["validation_loss"] = (at.astype(float), value.astype(float))
        return series, "step"
    if isinstance(result, Mapping) and "loss" in result:
        arrays = {name: np.asarray(result[name], float) for name in KEPT if name in result}
        step = np.asarray(result.get("step", np.arange(arrays["loss"].size)), float)
    elif isinstance(result, Mapping | str) or result is None:
        raise _no_run(result)
    else:
        try:
            arrays = {"loss": np.asarray(result, float)}
        except (TypeError, ValueError):
            raise _no_run(result) from None
        step = np.arange(float(arrays["loss"].size))
    if any(array.shape != step.shape or array.ndim != 1 for array in arrays.values()):
        shapes = {name: array.shape for name, array in {"step": step, **arrays}.items()}
        raise ValueError(f"a training function must return arrays of one length; got {shapes}.")
    now_and_then = ~np.isnan(arrays.get("validation_loss", step))
    return {
        name: (step[now_and_then], array[now_and_then])
        if name == "validation_loss" else (step, array)
        for name, array in arrays.items()
    }, "step"  # fmt: skip


def _no_run(result: Any) -> TypeError:
    said = f"a dict with {sorted(result)}" if isinstance(result, Mapping) else repr(result)
    return TypeError(
        "a training function must return a Trace, a Log, the path of a log, losses, or a dict "
        f"with 'loss'; not {said}."
    )


def write_log(path: Path, series: Series, axis: str) -> None:
    """Series as JSON lines that ``stabsim diagnose`` reads, a line a step."""
    key = axis if axis in ("epoch", "tokens") else "step"
    rows: dict[float, dict[str, float]] = {}
    for name, (step, value) in series.items():
        for at, one in zip(step.tolist(), value.tolist(), strict=True):
            rows.setdefault(at, {key: at})[name] = one
    with path.open("w", encoding="utf8") as file:
        for at in sorted(rows):
            file.write(json.dumps(rows[at]) + "\n")


def keep(folder: Path, settings: Settings, ended: Ended) -> None:
    """Writes what a run left into a folder that is there: ``run.json``, ``log.jsonl``, the output.

    Of a run whose loss stopped being finite, what follows the third such record in a row is left
    out: so it leaves the same whether or not it was stopped.
    """
    series, outcome, loss = ended.series, ended.outcome, ended.series.get("loss")
    trained = settings.steps
    if loss is not None and loss[0].size:
        last = gone(loss[1])
        if ended.axis == "step" and (outcome != "done" or last is not None):
            trained = min(trained, int(loss[0][-1]) + 1)
        if last is not None:
            end = loss[0][last]
            series = {name: (s[s <= end], v[s <= end]) for name, (s, v) in series.items()}
            outcome = "diverged"
    if series:
        write_log(folder / "log.jsonl", series, ended.axis)
    (folder / "output.txt").write_text(ended.output[-TAIL:], encoding="utf8")
    said = {
        "settings": settings._asdict(), "outcome": outcome, "trained": trained,
        "axis": ended.axis, "columns": [name for name, (step, _) in series.items() if step.size],
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf8")


def kept(folder: Path) -> Run:
    """The run that a folder holds."""
    said = json.loads((folder / "run.json").read_text(encoding="utf8"))
    columns = {name: name if name in said["columns"] else None for name in KEPT}
    axis = said["axis"] if said["axis"] in ("epoch", "tokens") else "step"
    log, outcome = None, said["outcome"]
    if said["columns"]:
        try:
            log = read(folder / "log.jsonl", Columns(step=axis, **columns), kind="jsonl")
        except LogError:  # a single loss, as of a run that crashed at its second step
            outcome = "unread" if outcome == "done" else outcome
    elif outcome == "done":
        outcome = "unread"
    output = (folder / "output.txt").read_text(encoding="utf8")
    reading = diagnose_log(log) if log is not None else None
    return Run(Settings(**said["settings"]), outcome, said["trained"], output, log, reading)
