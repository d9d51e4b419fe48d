"""A lab's pictures as SVG, drawn by the same specifications as in the page."""

import math
import re
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np

from stabsim._extras import extra
from stabsim._plot_words import LOCALES
from stabsim.labs.frame import digits, layers
from stabsim.labs.frame.charts import two_lines
from stabsim.labs.frame.frames import as_of, within
from stabsim.labs.frame.lab import Lab, Tables, Values
from stabsim.labs.frame.report import marks

Row = dict[str, Any]

_LINE = (
    r'<line aria-hidden="true" transform="translate\(([-\d.e]+),([-\d.e]+)\)" '
    r'x2="([-\d.e]+)" y2="([-\d.e]+)"([^>]*)/>'
)
LINE, LINES = re.compile(_LINE), re.compile(f"(?:{_LINE}){{2,}}")
"""A straight line as Vega writes it, and several side by side."""

STEPS = ("step", "since", "until")
"""Columns that say when, and not what."""

OWN: dict[str, Any] = {"digits": digits, "layers": layers}
"""What we draw ourselves, by the name of the picture: as SVG, and said in words."""


@cache
def specifications(lab: Lab, language: str) -> list[dict[str, Any]]:
    """Each panel's chart, compiled."""
    charts = (panel.chart(language) for panel in lab.panels)
    return [chart if is_own(chart) else compiled(chart) for chart in charts]


def is_own(chart: Any) -> bool:
    """Whether a chart is no Altair chart but one that we draw ourselves, named ``picture``."""
    return isinstance(chart, dict) and "picture" in chart


def compiled(chart: Any) -> dict[str, Any]:
    """A chart, from Vega-Lite to Vega, with its axes' titles on two lines where one is too long."""
    with extra("labs"):
        import vl_convert

    spec = vl_convert.vegalite_to_vega(chart.to_dict(validate=False))
    for axis in spec.get("axes", []):
        room = spec["height"] if axis["orient"] == "left" else NARROWEST
        if "titleAngle" not in axis and len(axis.get("title", "")) * LETTER > room:
            axis["title"] = two_lines(axis["title"])
    return spec


LETTER = 7.5
"""Pixels of a letter of an axis's title, at most on average."""

NARROWEST = 235
"""Pixels of an axis that goes across, on a telephone."""


def rows(table: dict[str, Any]) -> list[Row]:
    """One row an entry, as charts take them: None where a number is not finite."""
    columns = {name: np.asarray(x, float).tolist() for name, x in table.items()}
    return [
        {name: x if math.isfinite(x) else None for name, x in zip(columns, entries, strict=True)}
        for entries in zip(*columns.values(), strict=True)
    ]


def is_empty(table: dict[str, Any]) -> bool:
    """Whether there is nothing to see: no number but the steps is finite."""
    return not any(np.isfinite(x).any() for name, x in table.items() if name not in STEPS)


def svg(spec: dict[str, Any], data: dict[str, list[Row]], width: int, language: str) -> str:
    """One panel with its data."""
    with extra("labs"):
        import vl_convert

    filled = [{**d, "values": data[d["name"]]} if d["name"] in data else d for d in spec["data"]]
    drawn = vl_convert.vega_to_svg(
        {**spec, "data": filled, "width": width}, format_locale=LOCALES[language]
    )
    return LINES.sub(_joined, drawn)


def _joined(lines: re.Match[str]) -> str:
    """Straight lines of one style as one path, since hundreds of elements weigh on a page."""

    def path(style: str, group: list[tuple[str, ...]]) -> str:
        ways = (
            "M{:.1f},{:.1f}l{:.1f},{:.1f}".format(*map(float, numbers)) for *numbers, _ in group
        )
        return f'<path aria-hidden="true" fill="none" d="{"".join(ways)}"{style}/>'

    found = groupby(LINE.findall(lines[0]), key=lambda line: line[4])
    return "".join(path(style, list(group)) for style, group in found)


def pictures(
    lab: Lab,
    tables: Tables,
    values: Values,
    facts: dict[str, Any],
    language: str,
    width: int,
    kept: Sequence[Tables] = (),
    at: float | int | None = None,
) -> list[str | None]:
    """Every panel's SVG; None for one with nothing to show.

    The pictures that change with the cursor are drawn as of step ``at``, or as the lab opens.
    """
    step = lab.opens if at is None else at
    drawn: list[str | None] = []
    for panel, spec in zip(lab.panels, specifications(lab, language), strict=True):
        if is_empty(tables[panel.table]):
            drawn.append(None)
            continue
        if is_own(spec):
            own, table = OWN[spec["picture"]], tables[panel.table]
            place = int(min(step, np.max(table["step"])))
            ghosts = [ghost[panel.table] for ghost in kept]
            drawn.append(own.svg(spec, table, place, width, language, ghosts))
            continue
        run = as_of(tables[panel.table], step)
        ghosts = [as_of(ghost[panel.table], step) for ghost in kept]
        if "since" in run:
            ghosts = [within(ghost, run) for ghost in ghosts]
        data = {
            "run": rows(run),
            "ghost": [
                row | {"kept": place} for place, ghost in enumerate(ghosts) for row in rows(ghost)
            ],
            "marks": marks(lab, panel, tables, values, facts, language),
        }
        drawn.append(svg(spec, data, width, language))
    return drawn
