"""The pictures of a typed rule: its loss, its path, and its edge beside those of the book."""

from typing import Any

import altair as alt

from stabsim.labs.frame.charts import STEP, finished, grey_axis
from stabsim.plots import CROSS, GREY, PALETTE
from stabsim.rules.experiment import STEPS, WORDS

TOP, BOTTOM = 1e2, 1e-3
"""What the picture of the loss shows."""


def _data(name: str) -> alt.Chart:
    return alt.Chart(alt.NamedData(name))


def loss(language: str) -> Any:
    """The loss over steps: rows of ``step`` and ``loss``, of the run and of the one before."""
    x = alt.X("step:Q", scale=alt.Scale(domain=[0, STEPS], nice=False),
              axis=grey_axis(STEP.in_(language), grid=False, tickCount=6))  # fmt: skip
    y = alt.Y("loss:Q", scale=alt.Scale(type="log", domain=[BOTTOM, TOP], clamp=True, nice=False),
              axis=grey_axis(WORDS["loss"].in_(language), tickCount=5, format="~g"))  # fmt: skip
    layers = [
        _data(name).transform_filter("isValid(datum.loss)")
        .mark_line(strokeWidth=width, color=color, clip=True).encode(x, y)
        for name, width, color in (("ghost", 1, GREY), ("run", 1.8, PALETTE[0]))
    ]  # fmt: skip
    return finished(alt.layer(*layers), 180)


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
    """The edges on one axis: rows of ``name``, ``value`` and ``own``, 1 for the typed rule."""
    x = alt.X("value:Q", scale=alt.Scale(type="log", domain=[0.1, 100], clamp=True, nice=False),
              axis=grey_axis(WORDS["edges"].in_(language), tickCount=4, format="~g"))  # fmt: skip
    y = alt.Y("name:N", sort=None, axis=grey_axis(None, grid=False))
    rows = _data("run").transform_filter("isValid(datum.value)")
    known = rows.transform_filter("datum.own == 0").mark_point(filled=True, color=GREY, opacity=1)
    own = rows.transform_filter("datum.own == 1").mark_point(
        shape=CROSS, color=PALETTE[1], size=120, filled=False, strokeWidth=2.5, opacity=1
    )
    line = rows.transform_filter("datum.own == 1").mark_rule(color=PALETTE[1], strokeDash=[4, 3])
    names = _data("run").mark_point(opacity=0).encode(y=y)
    return finished(
        alt.layer(names, line.encode(x), known.encode(x, y, size=alt.value(60)), own.encode(x, y)),
        150,
    )
