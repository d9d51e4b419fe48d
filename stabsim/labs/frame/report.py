"""What a lab says about a run: facts for the goal, and sentences for the reader.

``web/report.mjs`` says the same in the page; a test holds the two together.
"""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from stabsim._diagnosis_words import EVIDENCE, SWEEP, VERDICTS
from stabsim._words import Text, number
from stabsim.diagnosis import Diagnosis, Verdict, diagnose
from stabsim.labs.frame.lab import Curve, Lab, Panel, Tables, Values
from stabsim.labs.frame.words import FRAME
from stabsim.sweeps.diagnosis import diagnose_sweep
from stabsim.trace import tail

FEASIBLE, INFEASIBLE, BEST = 0, 1, 2

CATAPULT = 1.1
"""A loss that was above this many times its start leapt, also in a run that is stable."""


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
        loss = np.asarray(tables[curve.table][curve.column])
        diagnosis = diagnose(loss)
        label = curve.label.in_(language)
        said = diagnosis.sentences(language)
        top = int(loss.argmax())
        if not diagnosis.unstable and loss[top] > CATAPULT * diagnosis.initial_loss:
            peak = number(loss[top], language)
            said.insert(2, EVIDENCE["leap"].in_(language).format(peak=peak, step=top))
        if label:
            said[0] = f"{label}: {said[0][0].lower()}{said[0][1:]}"
        sentences.append(" ".join(said))
        suffix = "" if place == 1 else f"_{place}"
        facts |= {name + suffix: fact for name, fact in _facts(diagnosis).items()}
    for fact in lab.facts:
        facts[fact.column] = float(np.asarray(tables[fact.table][fact.column])[0])
    asked = lab.asked
    known = [fact for fact in lab.facts if not np.isnan(float(facts[fact.column]))]
    told = [
        f.text.in_(language).format(value=number(float(facts[f.column]), language)) for f in known
    ]
    if "changes" in asked:
        told.append(EVIDENCE["changes"].in_(language).format(changes=facts["changes"]))
    if told:
        # What the goal rests on comes first, for a long report is seen from its beginning.
        first = "changes" in asked or any(f.column in asked for f in known)
        sentences.insert(0 if first else len(sentences), " ".join(told))
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
        "diverged_at": np.nan if diagnosis.diverged_at is None else diagnosis.diverged_at,
    }


def verdicts(lab: Lab, said: Report, language: str) -> str:
    """The verdicts of a run's curves; what its facts say, if it has none."""
    if not lab.curves:
        return said.sentences[-1]
    parts = []
    for place, curve in enumerate(lab.curves, 1):
        verdict = VERDICTS[said.facts["verdict" if place == 1 else f"verdict_{place}"]]  # type: ignore[arg-type]
        label = curve.label.in_(language)
        parts.append(f"{label}: {verdict.in_(language)}" if label else verdict.in_(language))
    if len(parts) == 1 and np.isfinite(final := float(said.facts["final_loss"])):
        parts.append(number(final, language))
    return "; ".join(parts)


def setting(lab: Lab, values: Values, first: Values, language: str) -> str:
    """A setting by what is not as it began."""
    said = [
        f"{c.label.in_(language)} {c.written(values[c.name], language)}"  # type: ignore[arg-type]
        for c in lab.controls
        if values[c.name] != first[c.name]
    ]
    return ", ".join(said) or FRAME["first"].in_(language)


def marks(
    lab: Lab,
    panel: Panel,
    tables: Tables,
    values: Values,
    facts: dict[str, Any],
    language: str,
) -> list[dict[str, Any]]:
    """What is marked in a chart over steps, one row each, by its ``kind``.

    The goal's height; a slider's; where each curve's final loss is taken; where its run diverged,
    also in charts of what else was recorded of it; with the place of its column in ``series``.
    """
    if not panel.columns:
        return []
    along = np.asarray(tables[panel.table][panel.over], float)
    found = [
        _mark("goal", y=y, text=goal_text(of, language))
        for y, of, where in lab.goal_lines(panel)
        if where.items() <= values.items()
    ]
    if panel.level and panel.level not in lab.idle(values):
        label = lab.control(panel.level).label.in_(language)
        found.append(_mark("level", y=values[panel.level], text=label))
    for place, curve in enumerate(lab.curves, 1):
        line = series(lab, panel, place - 1, curve)
        suffix = "" if place == 1 else f"_{place}"
        if facts[f"verdict{suffix}"] == Verdict.DIVERGED:
            end = facts[f"diverged_at{suffix}"]
            when = tables[curve.table].get(panel.over)
            if when is not None and line is not None:
                x = np.asarray(when)[-1 if np.isnan(end) else int(end)]
                found.append(_mark("diverged", x=float(x), series=line))
            continue
        if curve.table != panel.table or curve.column not in panel.names:
            continue
        begin, end = float(along[-tail(along.size)]), float(along[-1])
        y = facts[f"final_loss{suffix}"]
        found.append(_mark("final", x=begin, x2=end, y=y, series=line))
    return found


def goal_text(of: Text, language: str) -> str:
    """What stands at the goal's height, and of which curve it is asked, where there are several."""
    goal, curve = FRAME["goal"].in_(language).lower(), of.in_(language)
    return f"{goal}: {curve}" if curve else goal


def series(lab: Lab, panel: Panel, place: int, curve: Curve) -> int | None:
    """Which line of a chart over steps is of a curve's run; None if no one line is."""
    if panel.under or "y" in panel.names:
        return None
    if curve.column in panel.names:
        return panel.names.index(curve.column)
    if len(lab.curves) == 1:
        return 0
    return place if len(panel.names) == len(lab.curves) else None


def _mark(kind: str, **given: Any) -> dict[str, Any]:
    return {"kind": kind, **dict.fromkeys(("x", "x2", "y", "series", "text")), **given}


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


def reached(lab: Lab, facts: dict[str, float | int | str], place: int = 0) -> bool:
    """Whether a run reaches a lab's goal, the first unless told; never where there is none."""
    relations = {
        "<": lambda a, b: a < b,
        ">": lambda a, b: a > b,
        "==": lambda a, b: a == b,
    }
    goals = lab.goals[place : place + 1]
    return bool(goals) and all(
        relations[how](facts[name], value) for name, how, value in goals[0].conditions
    )
