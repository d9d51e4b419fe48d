"""The values at a lab's cursor."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from stabsim._words import number, whole
from stabsim.labs.frame.lab import Lab, Panel, Tables
from stabsim.labs.frame.picture import OWN, is_own, specifications


def followers(lab: Lab) -> list[Panel]:
    """The panels of lines that the cursor goes along."""
    return [p for p in lab.panels if p.over == lab.cursor and "y" not in p.names]


def steps(lab: Lab, tables: Tables) -> np.ndarray:
    """Where the cursor can stand: the entries of the longest panel."""
    return max((_ascending(np.asarray(tables[p.table][p.over])) for p in followers(lab)), key=len)


def opening(lab: Lab, along: np.ndarray) -> int:
    """Where among its steps the cursor stands as a lab opens."""
    return int(np.searchsorted(along, min(lab.opens, along[-1])))


def _ascending(values: np.ndarray) -> np.ndarray:
    """The first entries, as far as they ascend: what comes after is no line's."""
    ends = np.flatnonzero(~(np.diff(values) > 0))
    return values[: ends[0] + 1] if ends.size else values


def at_cursor(lab: Lab, runs: Sequence[Tables], place: int, language: str) -> list[str]:
    """The step and every panel's values there, of the run that is shown and of the kept ones."""
    along = steps(lab, runs[0])
    step = float(along[min(place, len(along) - 1)])
    lines = [f"{followers(lab)[0].along.in_(language)} {whole(step, language)}"]
    for panel in lab.panels:
        if panel in followers(lab):
            near = [int(np.abs(np.asarray(run[panel.table][panel.over]) - step).argmin())
                    for run in runs]  # fmt: skip
        elif panel.over == lab.cursor:
            near = _standing(runs[0][panel.table], step)
            if near.size != 1:  # where one path stands is said; where six do is for the eye
                continue
        else:
            continue
        for column, label in panel.columns:
            values = [
                number(float(run[panel.table][column][i]), language)
                for run, i in zip(runs, near, strict=False)
            ]
            lines.append(f"{label.in_(language)} {' / '.join(values)}")
    for panel, spec in zip(lab.panels, specifications(lab, language), strict=True):
        if is_own(spec):
            run, *kept = (run[panel.table] for run in runs)
            lines.append(OWN[spec["picture"]].said(spec, run, int(step), language, kept))
    return lines


def _standing(table: dict[str, Any], step: float) -> np.ndarray:
    """The rows of the paths in the plane that are at a step."""
    columns = {name: np.asarray(x) for name, x in table.items()}
    return np.flatnonzero((columns["step"] == step) & (columns["line"] >= 0)
                          & np.isfinite(columns["x"]))  # fmt: skip
