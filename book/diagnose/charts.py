"""The page's charts of a log, each a single view over the named data "run".

A row of the loss or the norm holds a ``step`` and, of the following, what it is for; the rest is
null: ``low`` and ``high`` bound the band; ``smooth`` is the running median; ``held`` the
validation loss; ``mark`` is a loss to be marked and ``kind`` how (see MARKS); ``bad`` is 1 where
something is not finite; ``threshold`` is where to clip.
"""

from functools import cache
from typing import Any

import altair as alt

from stabsim._plot_words import PLOTS
from stabsim.labs.frame.charts import finished, grey_axis
from stabsim.plots import CROSS, PALETTE

MARKS = (("triangle-up", 110), (CROSS, 90), ("circle", 110))
"""Where a rise begins, peaks and has recovered, by number: shape and size."""


def _rows(column: str) -> Any:
    return alt.Chart(alt.NamedData("run")).transform_filter(f"isValid(datum.{column})")


def _across(language: str) -> alt.X:
    axis = grey_axis(PLOTS["step"].in_(language), grid=False, tickCount=5, tickMinStep=1)
    return alt.X("step:Q", axis=axis, scale=alt.Scale(nice=False, zero=False))


def _up(column: str, title: str, language: str, log: bool) -> alt.Y:
    scale = alt.Scale(type="log", nice=False) if log else alt.Scale(nice=False, zero=False)
    axis = grey_axis(PLOTS[title].in_(language), tickCount=5, format="~g" if log else "~r")
    return alt.Y(column, type="quantitative", axis=axis, scale=scale)


def _band(title: str, color: str, language: str, log: bool) -> Any:
    band = _rows("low").mark_area(color=color, opacity=0.6, line=False, stroke=color, strokeWidth=1)
    return band.encode(_across(language), _up("low", title, language, log), alt.Y2("high:Q"))


def _threshold() -> Any:
    return _rows("threshold").mark_rule(color=PALETTE[1], strokeDash=[6, 3], strokeWidth=2)


def loss(language: str, log: bool) -> Any:
    """The loss: its band, the running median, the rises, and where it is not finite."""
    x = _across(language)
    smooth = _rows("smooth").mark_line(color=PALETTE[1], strokeWidth=1.5)
    held = _rows("held").mark_line(color=PALETTE[2], strokeWidth=1.5, strokeDash=[2, 3])
    layers = [
        _band("loss", PALETTE[0], language, log),
        smooth.encode(x, _up("smooth", "loss", language, log)),
        held.encode(x, _up("held", "loss", language, log)),
        _rows("bad").mark_point(shape=CROSS, size=40, color=PALETTE[1], filled=True, opacity=1)
        .encode(x, y=alt.value(6)),
    ]  # fmt: skip
    for kind, (shape, size) in enumerate(MARKS):
        marks = _rows("mark").transform_filter(f"datum.kind == {kind}")
        drawn = marks.mark_point(shape=shape, size=size, color=PALETTE[3], filled=shape == CROSS,
                                 strokeWidth=2.5, opacity=1)  # fmt: skip
        layers.append(drawn.encode(x, _up("mark", "loss", language, log)))
    return finished(alt.layer(*layers), 220)


def norm(language: str, log: bool) -> Any:
    """The gradient norm's band, and the threshold."""
    up = _up("threshold", "gradient norm", language, log)
    return finished(
        alt.layer(_band("gradient norm", PALETTE[2], language, log), _threshold().encode(up)), 180
    )


def histogram(language: str) -> Any:
    """Steps by their norm: bars from ``low`` to ``high``, a ``count`` high; and the threshold."""
    scale = alt.Scale(type="log", nice=False)
    axis = grey_axis(PLOTS["gradient norm"].in_(language), grid=False, tickCount=6, format="~g")
    counted = grey_axis(PLOTS["steps"].in_(language), tickCount=4, format=",d", tickMinStep=1)
    bars = _rows("count").mark_rect(color=PALETTE[2], opacity=0.8)
    return finished(
        alt.layer(
            bars.encode(
                alt.X("low:Q", scale=scale, axis=axis), alt.Y("count:Q", axis=counted),
                x2="high:Q", y2=alt.datum(0),
            ),
            _threshold().encode(alt.X("threshold:Q", scale=scale, axis=axis)),
        ),
        140,
    )  # fmt: skip


@cache
def specifications(language: str) -> dict[str, dict[str, Any]]:
    """The charts by name, on logarithmic and on linear axes, compiled to Vega."""
    import vl_convert  # a tool of builds and widgets, not of training

    charts = {
        "loss log": loss(language, log=True),
        "loss linear": loss(language, log=False),
        "norm log": norm(language, log=True),
        "norm linear": norm(language, log=False),
        "histogram": histogram(language),
    }
    return {
        name: vl_convert.vegalite_to_vega(chart.to_dict(validate=False))
        for name, chart in charts.items()
    }
