"""What a lab says about a run: facts for the goal, and sentences for the reader.

``web/report.mjs`` says the same in the page; a test holds the two together.
"""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from stabsim._diagnosis_words import EVIDENCE, SWEEP
from stabsim._words import number
from stabsim.diagnosis import Diagnosis, diagnose
from stabsim.labs.frame.lab import Lab, Tables, Values
from stabsim.sweeps.diagnosis import diagnose_sweep

FEASIBLE, INFEASIBLE, BEST = 0, 1, 2


class Report(NamedTuple):
    """Facts by name, and sentences by curve."""

    facts: dict[str, float | int | str]
    sentences: list[str]


def report(lab: Lab, tables: Tables, values: Values, language: str) -> Report:
    """Diagnose a run's curves. A lab's sweep is read too, and its table "axis" completed."""
    facts: dict[str, float | int | str] = dict(values)
    facts["changes"] = changes(lab, values)
    sentences = []
    if lab.sweep:
        sentences += _read_sweep(tables, facts, language)
    for place, curve in enumerate(lab.curves, 1):
        diagnosis = diagnose(tables[curve.table][curve.column])
        label = curve.label.in_(language)
        said = diagnosis.sentences(language)
        if label:
            said[0] = f"{label}: {said[0][0].lower()}{said[0][1:]}"
        sentences.append(" ".join(said))
        suffix = "" if place == 1 else f"_{place}"
        facts |= {name + suffix: fact for name, fact in _facts(diagnosis).items()}
    for fact in lab.facts:
        facts[fact.column] = float(np.asarray(tables[fact.table][fact.column])[0])
    if lab.facts:
        sentences.append(" ".join(
            f.text.in_(language).format(value=number(float(facts[f.column]), language))
            for f in lab.facts
        ))  # fmt: skip
    if lab.goal is not None and any(name == "changes" for name, *_ in lab.goal.conditions):
        sentences.append(EVIDENCE["changes"].in_(language).format(changes=facts["changes"]))
    return Report(facts, sentences)


def changes(lab: Lab, values: Values) -> int:
    """How many controls are not as the lab begins; another seed is no change."""
    return sum(values[c.name] != c.default for c in lab.controls if c.name != "seed")


def _facts(diagnosis: Diagnosis) -> dict[str, float | int | str]:
    peaks = [rise.peak for rise in diagnosis.rises]
    if diagnosis.diverged_at is not None:
        peaks.append(np.inf)
    return {
        "verdict": str(diagnosis.verdict),
        "initial_loss": diagnosis.initial_loss,
        "final_loss": diagnosis.final_loss,
        "peak_loss": max([diagnosis.initial_loss, *peaks]),
    }


def _read_sweep(tables: Tables, facts: dict[str, Any], language: str) -> list[str]:
    rates = np.asarray(tables["sweep"]["learning_rate"], float)
    losses = np.asarray(tables["sweep"]["loss"])
    finals = np.asarray(tables["axis"]["final_loss"], float)
    runs = xr.Dataset({"loss": (("learning_rate", "step"), losses)}, {"learning_rate": rates})
    kind = np.full(rates.size, INFEASIBLE)
    tables["axis"]["kind"] = kind
    try:
        reading = diagnose_sweep(runs)
    except ValueError:
        facts["best_learning_rate"] = np.nan
        return [SWEEP["none"].in_(language)]
    star = int(np.flatnonzero(rates == reading.best_learning_rate)[0])
    kind[reading.feasible] = FEASIBLE
    kind[star] = BEST
    facts["best_learning_rate"] = reading.best_learning_rate
    facts["best_loss"] = float(finals[star])
    return [" ".join(reading.sentences(language))]


def reached(lab: Lab, facts: dict[str, float | int | str]) -> bool:
    """Whether a run reaches the lab's goal."""
    if lab.goal is None:
        return False
    relations = {
        "<": lambda a, b: a < b,
        ">": lambda a, b: a > b,
        "==": lambda a, b: a == b,
    }
    return all(relations[how](facts[name], value) for name, how, value in lab.goal.conditions)
