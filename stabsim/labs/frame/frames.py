"""What of a table is there at a step: a picture that grows shows its rows one by one."""

import math
from typing import Any

import numpy as np


def as_of(table: dict[str, Any], step: float | int) -> dict[str, Any]:
    """The rows of a table that are seen while the cursor stands at a step: see ``Panel.table``."""
    if "since" not in table:
        return table
    columns = {name: np.asarray(x) for name, x in table.items()}
    seen = (columns["since"] <= step) & (step <= columns["until"])
    return {name: x[seen] for name, x in columns.items()}


def within(ghost: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
    """The rows of a kept run that lie where a run is seen, so that they widen no view.

    Of a landscape its path alone, and none of the path on another ``surface``. A valley that was
    cut is as deep as it is: only how far it goes across is bounded.
    """
    columns = {name: np.asarray(x) for name, x in ghost.items()}
    inside = columns["line"] >= 0 if "line" in ghost else np.full(columns["x"].shape, True)
    if "surface" in ghost:
        inside &= columns["surface"] == np.asarray(run["surface"])[0]
    for name in ("x", "y") if "line" in ghost else ("x",):
        known = [x for x in np.asarray(run[name]).tolist() if math.isfinite(x)]
        low, high = (min(known), max(known)) if known else (math.inf, -math.inf)
        inside &= (low <= columns[name]) & (columns[name] <= high)
    return {name: x[inside] for name, x in columns.items()}
