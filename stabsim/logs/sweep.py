"""The playbook's sweep on a reader's own runs: logs that differ in learning rate."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from stabsim._advice import warmup_candidates
from stabsim._diagnosis_words import SWEEP
from stabsim._sweep_reading import SweepDiagnosis, conclude_sweep
from stabsim._words import default_language, number
from stabsim.diagnosis import LEARNED, Diagnosis
from stabsim.logs.log import Log
from stabsim.logs.verdict import Reading
from stabsim.logs.words import SWEEPS

LEAST = 3
"""So many different rates make a sweep."""


class Run(NamedTuple):
    """One run of a sweep.

    Attributes:
        name: what it is called.
        learning_rate: the rate that it was given.
        records: how many losses it has.
        steps: from its first step to its last.
        diagnosis: the verdict on it.
    """

    name: str
    learning_rate: float
    records: int
    steps: float
    diagnosis: Diagnosis


class LogSweep(NamedTuple):
    """What several runs say together.

    Attributes:
        runs: the runs by increasing rate; those of one rate are its seeds.
        left_out: how many runs have no rate that is known.
        diagnosis: the reading of the sweep; None where no rate is feasible.
    """

    runs: tuple[Run, ...]
    left_out: int
    diagnosis: SweepDiagnosis | None

    def sentences(self, language: str | None = None) -> list[str]:
        """The reading and what comes next, one sentence each, in "en" or "id"."""
        language = default_language() if language is None else language

        def say(name: str, **values: object) -> str:
            return SWEEPS[name].in_(language).format(**values)

        read = self.diagnosis
        said = [SWEEP["none"].in_(language)] if read is None else read.sentences(language)
        lengths = [run.records for run in self.runs]
        if min(lengths) != max(lengths):
            said.append(say("lengths", least=min(lengths), most=max(lengths)))
        if self.left_out:
            said.append(say("unknown", count=self.left_out))
        if read is None:
            return said
        best, unstable = read.best_learning_rate, read.unstable_base_learning_rate
        if read.best_at_boundary:
            return [*said, say("extend", best=number(best, language))]
        if unstable is None:
            return [*said, say("check", twice=number(2 * best, language))]
        if not read.limited_by_instability:
            return [*said, say("settled", best=number(best, language))]
        warmups = warmup_candidates(max(10, int(max(run.steps for run in self.runs))))
        ten = number(10 * unstable, language)
        return [*said, say("stabilize", ten=ten, lengths=", ".join(map(str, warmups)))]

    def table(self, language: str) -> list[list[str]]:
        """A row of names, then one a run: its rate, final loss, verdict, mark and name."""
        heads = [SWEEPS[key].in_(language) for key in ("rate", "final", "verdict", "run")]
        rows = [
            [
                number(run.learning_rate, language) + self.mark(run),
                number(run.diagnosis.final_loss, language),
                run.diagnosis.kind(language),
                run.name,
            ]
            for run in self.runs
        ]
        return [heads, *rows]

    def mark(self, run: Run) -> str:
        """What stands behind its rate: a star if it is the best, a cross if it is not feasible."""
        read = self.diagnosis
        if read is None:
            return " ×"
        place = int(np.flatnonzero(read.learning_rate == run.learning_rate)[0])
        if read.learning_rate[place] == read.best_learning_rate:
            return " ★"
        return "" if read.feasible[place] else " ×"

    def text(self, language: str) -> str:
        """The table and the sentences as plain text."""
        table = self.table(language)
        widths = [max(len(row[i]) for row in table) for i in range(3)]
        lines = [
            "  ".join(
                [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]
            )
            for row in table
        ]
        heading = SWEEPS["heading"].in_(language)
        return "\n".join([heading, *(f"  {line}" for line in [*lines, *self.sentences(language)])])

    def facts(self) -> dict[str, Any]:
        """The same as numbers and names that JSON can hold, once what is not finite is null."""
        read = self.diagnosis
        return {
            "runs": [
                {"run": run.name, "learning_rate": run.learning_rate, "records": run.records,
                 "verdict": str(run.diagnosis.verdict), "final_loss": run.diagnosis.final_loss}
                for run in self.runs
            ],
            "left_out": self.left_out,
            "best_learning_rate": read and read.best_learning_rate,
            "edge": read and read.edge,
            "unstable_base_learning_rate": read and read.unstable_base_learning_rate,
            "limited_by_instability": read and read.limited_by_instability,
            "best_at_boundary": read and read.best_at_boundary,
        }  # fmt: skip


def read_sweep(
    logs: Sequence[Log], readings: Sequence[Reading], rates: Sequence[float | None]
) -> LogSweep | None:
    """The playbook's reading of runs that differ in learning rate, as of ``diagnose_sweep``.

    Args:
        logs: the runs.
        readings: the verdict on each.
        rates: the rate of each; None where it is not known.
    Returns:
        None if there are fewer than three rates: then it is no sweep.
    """
    known = [
        Run(
            getattr(log, "run", "") or log.name,
            rate,
            log.loss.size,
            _length(log),
            reading.diagnosis,
        )
        for log, reading, rate in zip(logs, readings, rates, strict=True)
        if rate is not None
    ]
    by_rate: dict[float, list[Run]] = {}
    for run in sorted(known, key=lambda run: run.learning_rate):
        by_rate.setdefault(run.learning_rate, []).append(run)
    if len(by_rate) < LEAST:
        return None
    runs = tuple(run for seeds in by_rate.values() for run in seeds)
    return LogSweep(runs, len(logs) - len(known), _conclude(by_rate))


def _conclude(by_rate: dict[float, list[Run]]) -> SweepDiagnosis | None:
    shape = len(by_rate), max(map(len, by_rate.values()))
    final, feasible, unstable, learned = np.full((4, *shape), np.nan)
    for i, seeds in enumerate(by_rate.values()):
        for j, (*_, one) in enumerate(seeds):
            final[i, j] = one.final_loss
            feasible[i, j], unstable[i, j] = one.feasible, one.unstable
            learned[i, j] = one.final_loss < LEARNED * one.initial_loss
    try:
        return conclude_sweep(np.array(list(by_rate)), final, feasible, unstable, learned)
    except ValueError:  # no rate is feasible
        return None


def _length(log: Log) -> float:
    step = log.loss.step
    return float(step.read(step.size - 1, step.size)[0] - step.read(0, 1)[0])
