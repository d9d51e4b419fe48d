"""The pictures of a typed rule: its loss, its path, and its edge beside those of the book."""

from functools import cache
from typing import Any

import altair as alt

from stabsim.labs.frame.charts import WIDTH, finished, grey_axis, over_steps
from stabsim.labs.frame.picture import compiled, rows, svg
from stabsim.plots import CROSS, GREY, PALETTE
from stabsim.rules.experiment import KNOWN, STEPS, WORDS

LOSS = over_steps("loss", {"loss": WORDS["loss"]}, WORDS["loss"], (1e-3, 1e2), STEPS,
                  WORDS["alt loss"], height=180)  # fmt: skip


def _data(name: str) -> alt.Chart:
    return alt.Chart(alt.NamedData(name))


def path(language: str) -> Any:
    """The path over contour lines: rows of ``line``, below 0 for a contour, ``step``, x and y."""
    scale = alt.Scale(zero=False, nice=False)
    x = alt.X("x:Q", scale=scale, axis=grey_axis("θ₁", grid=False, tickCount=5))
    y = alt.Y("y:Q", scale=scale, axis=grey_axis("θ₂", grid=False, tickCount=5))
    contours = (
        _data("run").transform_filter("datum.line < 0")
        .mark_line(color=GREY, strokeWidth=0.7, opacity=0.6)
        .encode(x, y, detail="line:N", order="step:Q")
    )  # fmt: skip
    walked = _data("run").transform_filter("datum.line >= 0 && isValid(datum.x)")
    return finished(
        alt.layer(
            contours,
            walked.mark_line(strokeWidth=1.6, color=PALETTE[0]).encode(x, y, order="step:Q"),
            walked.mark_point(filled=True, size=14, color=PALETTE[0], opacity=1).encode(x, y),
        ),
        300,
    )


def edges(language: str) -> Any:
    """The edges on one axis: rows of ``rule``, a place in the list of names, and ``value``."""
    names = [*KNOWN, WORDS["yours"].in_(language)]
    x = alt.X("value:Q", scale=alt.Scale(type="log", domain=[0.1, 1000], clamp=True, nice=False),
              axis=grey_axis(WORDS["edges"].in_(language), tickCount=4, format="~g"))  # fmt: skip
    y = alt.Y("name:N", sort=None, axis=grey_axis(None, grid=False))
    named = _data("run").transform_calculate(name=f"{names}[datum.rule]")
    there = named.transform_filter("isValid(datum.value)")
    known = there.transform_filter(f"datum.rule < {len(KNOWN)}").mark_point(
        filled=True, color=GREY, opacity=1
    )
    typed = there.transform_filter(f"datum.rule == {len(KNOWN)}")
    own = typed.mark_point(
        shape=CROSS, color=PALETTE[1], size=120, filled=False, strokeWidth=2.5, opacity=1
    )
    line = typed.mark_rule(color=PALETTE[1], strokeDash=[4, 3])
    axis = named.mark_point(opacity=0).encode(y=y)
    return finished(
        alt.layer(axis, line.encode(x), known.encode(x, y, size=alt.value(60)), own.encode(x, y)),
        150,
    )


PICTURES = {"loss": LOSS.chart, "path": path, "edges": edges}


@cache
def specification(name: str, language: str) -> dict[str, Any]:
    """One of the pictures, compiled."""
    return compiled(PICTURES[name](language))


def drawn(name: str, table: dict[str, Any], language: str, width: int = WIDTH) -> str:
    """One of the pictures as SVG."""
    data = {"run": rows(table), "ghost": [], "marks": []}
    return svg(specification(name, language), data, width, language)
