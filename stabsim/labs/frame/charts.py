"""The labs' charts: a single view each, over the named data "run" and "ghost"."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt

from stabsim._words import Text
from stabsim.plots import CROSS, GREY, PALETTE, STAR

WIDTH, HEIGHT = 620, 200
STEP = Text("step", "langkah")
DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [1, 3], [12, 4]]


def grey_axis(title: str | None, **options: Any) -> alt.Axis:
    """An axis that reads on light and on dark."""
    return alt.Axis(
        title=title, labelColor=GREY, titleColor=GREY, domainColor=GREY, tickColor=GREY,
        gridColor=GREY, gridOpacity=0.15, **options,
    )  # fmt: skip


def _log(domain: Sequence[float | int] | None) -> alt.Scale:
    if domain is None:  # as far as the data go
        return alt.Scale(type="log", nice=False)
    return alt.Scale(type="log", domain=list(domain), clamp=True, nice=False)


def finished(chart: Any, height: int = HEIGHT) -> Any:
    # The panel around a chart says in words what it shows; its marks have no names of their own.
    return (
        chart.properties(width=WIDTH, height=height, background="transparent")
        .configure(aria=False)
        .configure_mark(aria=False)
        .configure_view(stroke=None)
    )


def lines(
    language: str,
    columns: dict[str, Text],
    title: Text,
    domain: Sequence[float | int] | None,
    last: int | None,
    height: int = HEIGHT,
    points: bool = False,
    over: tuple[str, Text] = ("step", STEP),
    log: bool = True,
) -> Any:
    """Lines over steps, or ``over`` another column, named at the top; the kept run in grey."""
    scale = _log(domain) if log else alt.Scale(domain=list(domain or [0, 1]), nice=False)
    steps = alt.Scale(nice=False) if last is None else alt.Scale(domain=[0, last], nice=False)
    name, along = over
    whole = grey_axis(along.in_(language), grid=False, tickCount=6, tickMinStep=1)
    x_axis = alt.X(f"{name}:Q", axis=whole, scale=steps)
    y_axis = grey_axis(title.in_(language), tickCount=5, format="~g" if log else "~r")
    names = [label.in_(language) for label in columns.values()]
    colors = alt.Scale(domain=names, range=PALETTE[: len(names)])
    layers = []
    for data, color in (("ghost", GREY), ("run", None)):
        for place, (column, label) in enumerate(columns.items()):
            y = alt.Y(f"{column}:Q", scale=scale, axis=y_axis)
            line = alt.Chart(alt.NamedData(data)).transform_filter(f"isValid(datum.{column})")
            dash = DASHES[place]
            mark = line.mark_line(
                strokeWidth=1 if color else 1.8, strokeDash=dash, clip=True, point=points
            )
            if color or len(names) == 1:
                hue: Any = alt.value(color or PALETTE[0])
            else:
                wide = 1 if len(names) <= 3 else 3
                legend = alt.Legend(
                    title=None, orient="top", columns=wide, labelColor=GREY, labelLimit=0
                )
                hue = alt.ColorDatum(label.in_(language), scale=colors, legend=legend)
            layers.append(mark.encode(x=x_axis, y=y, color=hue))
    return finished(alt.layer(*layers), height)


def axis(language: str, domain: Sequence[float | int]) -> Any:
    """Final loss against learning rate: circles, a star at the best, crosses where infeasible."""
    x = alt.X(
        "learning_rate:Q",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=grey_axis(Text("learning rate", "laju pembelajaran").in_(language), format="~g",
                   grid=False, tickCount=6),
    )  # fmt: skip
    title = Text("final loss", "loss akhir").in_(language)
    y = alt.Y("final_loss:Q", scale=_log(domain), axis=grey_axis(title, tickCount=5, format="~g"))
    kinds = [
        (0, "circle", 60, PALETTE[0]),
        (1, CROSS, 110, PALETTE[1]),
        (2, STAR, 260, PALETTE[2]),
    ]
    layers = [
        alt.Chart(alt.NamedData("ghost"))
        .transform_filter("datum.kind != 1")
        .mark_line(color=GREY, strokeWidth=1, point=False)
        .encode(x, y),
        alt.Chart(alt.NamedData("run"))
        .transform_filter("datum.kind != 1")
        .mark_line(color=PALETTE[0], strokeWidth=1.5)
        .encode(x, y),
    ]
    for kind, shape, size, color in kinds:
        top = alt.value(8) if kind == 1 else y
        layers.append(
            alt.Chart(alt.NamedData("run"))
            .transform_filter(f"datum.kind == {kind}")
            .mark_point(shape=shape, size=size, color=color, filled=kind != 1, opacity=1,
                        strokeWidth=2)
            .encode(x=x, y=top)
        )  # fmt: skip
    return finished(alt.layer(*layers))


def _plane(across: alt.Scale, up: alt.Scale) -> tuple[alt.X, alt.Y]:
    """Both parameters of a surface."""
    return (
        alt.X("x:Q", scale=across, axis=grey_axis("θ₁", grid=False, tickCount=6)),
        alt.Y("y:Q", scale=up, axis=grey_axis("θ₂", grid=False, tickCount=6)),
    )


def path(language: str, box: Sequence[float]) -> Any:
    """A trajectory in the plane, within a box: left, right, bottom, top."""
    ends = (list(box[:2]), list(box[2:]))
    x, y = _plane(*(alt.Scale(domain=pair, clamp=True, nice=False) for pair in ends))
    layers = [
        alt.Chart(alt.NamedData(data))
        .transform_filter("isValid(datum.x) && isValid(datum.y)")
        .mark_line(color=color, strokeWidth=width, point=width > 1, clip=True)
        .encode(x, y, order="step:Q")
        for data, color, width in (("ghost", GREY, 1), ("run", PALETTE[0], 1.5))
    ]
    return finished(alt.layer(*layers), 320)


SHAPES = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross"]


def race(names: Sequence[str]) -> Any:
    """Paths in the plane, one a name, over contour lines: rows whose ``line`` is negative."""
    scale = alt.Scale(zero=False, nice=False)
    x, y = _plane(scale, scale)
    data = alt.Chart(alt.NamedData("run"))
    paths = data.transform_filter("datum.line >= 0 && isValid(datum.x)").transform_calculate(
        name=f"{list(names)}[datum.line]"
    )
    legend = alt.Legend(title=None, orient="top", labelColor=GREY, columns=3)
    color = alt.Color("name:N", scale=alt.Scale(domain=names, range=PALETTE), legend=legend)
    shape = alt.Shape("name:N", scale=alt.Scale(domain=names, range=SHAPES), legend=legend)
    contours = (
        data.transform_filter("datum.line < 0")
        .mark_line(color=GREY, strokeWidth=0.7, opacity=0.6)
        .encode(x, y, detail="line:N", order="step:Q")
    )
    marks = paths.transform_filter("datum.step % 10 == 0").mark_point(filled=True, opacity=1)
    return finished(
        alt.layer(
            contours,
            paths.mark_line(strokeWidth=1.6).encode(x, y, color=color, order="step:Q"),
            marks.encode(x, y, color=color, shape=shape, size=alt.value(35)),
        ),
        360,
    )


class Across(NamedTuple):
    """An axis of a map: the column, what it is called, its scale, and Vega's ticks."""

    column: str
    title: Text
    scale: alt.Scale
    ticks: dict[str, Any]


def outcomes(language: str, x: Across, y: Across, names: dict[int, Text], reference: Text) -> Any:
    """A map of what became of runs: one mark a run, a ring on the current one.

    Rows hold the columns of ``x`` and ``y``, an ``outcome`` by number, the last number of all
    for the current run, and an ``edge``, a number only in the row whose y is the ``reference``.

    Args:
        language: "en" or "id".
        x, y: the axes; their columns may be names of controls.
        names: three outcomes by number, from best to worst.
        reference: what the dashed line across the map is.
    """
    across = alt.X(
        x.column, type="quantitative", scale=x.scale,
        axis=grey_axis(x.title.in_(language), grid=False, **x.ticks),
    )  # fmt: skip
    up = alt.Y(
        y.column,
        type="quantitative",
        scale=y.scale,
        axis=grey_axis(y.title.in_(language), **y.ticks),
    )
    kinds = list(names)
    words = {str(kind): text.in_(language) for kind, text in names.items()}
    legend = alt.Legend(title=None, orient="top", labelColor=GREY, labelLimit=0,
                        labelExpr=f"({words})[datum.label]")  # fmt: skip
    hues, marks = [PALETTE[0], PALETTE[4], PALETTE[1]], ["circle", "triangle-up", CROSS]
    color = alt.Color("outcome:N", legend=legend, scale=alt.Scale(domain=kinds, range=hues))
    shape = alt.Shape("outcome:N", legend=legend, scale=alt.Scale(domain=kinds, range=marks))
    data = alt.Chart(alt.NamedData("run"))
    known = data.transform_filter(f"datum.outcome <= {kinds[-1]}")
    here = data.transform_filter(f"datum.outcome > {kinds[-1]} && !isValid(datum.edge)")
    edge = data.transform_filter("isValid(datum.edge)")
    text = edge.mark_text(text=reference.in_(language), color=GREY, align="right", dy=9)
    return finished(
        alt.layer(
            known.mark_point(size=45, filled=True, opacity=0.9).encode(across, up, color, shape),
            edge.mark_rule(color=GREY, strokeDash=[6, 3]).encode(up),
            text.encode(y=up, x=alt.value("width")),
            here.mark_point(size=260, filled=False, color=GREY, strokeWidth=3, opacity=1)
            .encode(across, up),
        ),
        300,
    )  # fmt: skip


def histogram(
    language: str, columns: dict[str, Text], title: Text, domain: Sequence[float | int]
) -> Any:
    """Steps by the size of a number: bars from ``low`` to ``high``, a ``count`` high.

    Args:
        language: "en" or "id".
        columns: columns that hold one number throughout, each a line across the bars.
        title: what the number is.
        domain: the ends of its axis, which is logarithmic.
    """
    scale = _log(domain)
    x_axis = grey_axis(title.in_(language), grid=False, tickCount=6, format="~g")
    counted = grey_axis(Text("steps", "banyaknya langkah").in_(language), tickCount=4, format="d")
    y = alt.Y("count:Q", axis=counted)
    names = [label.in_(language) for label in columns.values()]
    colors = alt.Scale(domain=names, range=PALETTE[1 : len(names) + 1])
    legend = alt.Legend(title=None, orient="top", labelColor=GREY, labelLimit=0)
    data = alt.Chart(alt.NamedData("run"))
    bars = data.transform_filter("datum.count > 0").mark_rect(color=PALETTE[0], opacity=0.8)
    layers = [
        bars.encode(alt.X("low:Q", scale=scale, axis=x_axis), y, x2="high:Q", y2=alt.datum(0))
    ]
    for place, (column, label) in enumerate(columns.items()):
        rule = data.transform_filter(f"isValid(datum.{column})").mark_rule(
            strokeWidth=1.8, strokeDash=DASHES[place + 1]
        )
        hue = alt.ColorDatum(label.in_(language), scale=colors, legend=legend)
        layers.append(rule.encode(alt.X(f"{column}:Q", scale=scale, axis=x_axis), color=hue))
    return finished(alt.layer(*layers), 120)


def surrogate(language: str, names: dict[str, Text], loss: Text) -> Any:
    """A Gaussian process over learning rates: its band and mean, runs, the next rate, the truth.

    Args:
        language: "en" or "id".
        names: what the columns ``mean``, ``typical``, ``observed`` and ``next`` are.
        loss: the axis's title; ``low`` and ``high`` bound the band.
    """
    words = {column: text.in_(language) for column, text in names.items()}
    hues = dict(zip(words.values(), [PALETTE[0], GREY, PALETTE[1], PALETTE[2]], strict=True))
    legend = alt.Legend(title=None, orient="top", columns=1, labelColor=GREY, labelLimit=0)
    scale = alt.Scale(domain=list(hues), range=list(hues.values()))
    x = _rate(language)
    y_scale = _log((0.08, 8))
    axis = grey_axis(loss.in_(language), values=[0.1, 0.2, 0.5, 1, 2, 5], format="~g")

    def up(column: str) -> alt.Y:
        return alt.Y(column, type="quantitative", scale=y_scale, axis=axis)

    def hue(column: str) -> alt.ColorDatum:
        return alt.ColorDatum(words[column], scale=scale, legend=legend)

    def rows(column: str, data: str = "run") -> Any:
        return alt.Chart(alt.NamedData(data)).transform_filter(f"isValid(datum.{column})")

    return finished(
        alt.layer(
            rows("mean").mark_area(color=PALETTE[0], opacity=0.2, clip=True)
            .encode(x, up("low"), alt.Y2("high")),
            rows("mean", "ghost").mark_line(color=GREY, strokeWidth=1, clip=True)
            .encode(x, up("mean")),
            rows("typical").mark_line(strokeDash=[2, 3], strokeWidth=1.5, clip=True)
            .encode(x, up("typical"), hue("typical")),
            rows("mean").mark_line(strokeWidth=1.8, clip=True)
            .encode(x, up("mean"), hue("mean")),
            rows("next").mark_rule(strokeWidth=2, strokeDash=[6, 3]).encode(x, color=hue("next")),
            rows("observed").mark_point(size=60, filled=True, opacity=1)
            .encode(x, up("observed"), hue("observed")),
        ),
        260,
    )  # fmt: skip


def _rate(language: str) -> alt.X:
    title = Text("learning rate (the metaparameter)", "laju pembelajaran (metaparameternya)")
    return alt.X(
        "learning_rate:Q",
        scale=alt.Scale(type="log", nice=False),
        axis=grey_axis(title.in_(language), format="~g", grid=False,
                   values=[1e-4, 1e-3, 0.01, 0.1, 1, 10]),
    )  # fmt: skip


def improvement(language: str, title: Text) -> Any:
    """The expected improvement at every rate, and where it is highest."""
    x = _rate(language)
    y = alt.Y("improvement:Q", scale=alt.Scale(nice=False, zero=True),
              axis=grey_axis(title.in_(language), tickCount=3, format="~g"))  # fmt: skip

    def rows(column: str, data: str = "run") -> Any:
        return alt.Chart(alt.NamedData(data)).transform_filter(f"isValid(datum.{column})")

    return finished(
        alt.layer(
            rows("improvement", "ghost").mark_line(color=GREY, strokeWidth=1).encode(x, y),
            rows("improvement").mark_area(color=PALETTE[2], opacity=0.4, line=True).encode(x, y),
            rows("next").mark_rule(color=PALETTE[2], strokeWidth=2, strokeDash=[6, 3]).encode(x),
        ),
        90,
    )


def plane(language: str, x: Across, y: Across, steps: tuple[float, float], title: Text) -> Any:
    """A map in colours: a tile for each pair of values, a ring on the current one.

    Rows hold the columns of ``x`` and ``y``, both on logarithmic axes, ``below``, which decides
    the colour, and ``here``, which is 1 for the current setting and 0 for a tile.

    Args:
        language: "en" or "id".
        x, y: the axes; their columns may be names of controls.
        steps: how many times the next tile's value is, in x and in y.
        title: what ``below`` is.
    """
    edges = {}
    for across, step in zip((x, y), steps, strict=True):
        edges |= {
            f"{across.column}_{end}": f"datum.{across.column} * {step**half}"
            for end, half in (("from", -0.5), ("to", 0.5))
        }

    def along(kind: Any, across: Across, column: str) -> Any:
        axis = grey_axis(across.title.in_(language), grid=False, **across.ticks)
        return kind(column, type="quantitative", scale=across.scale, axis=axis)

    legend = alt.Legend(title=title.in_(language), orient="right", labelColor=GREY,
                        titleColor=GREY, gradientLength=130, titleLimit=0)  # fmt: skip
    scale = alt.Scale(scheme="viridis", reverse=True, domain=[0, 10], clamp=True)
    color = alt.Color("below:Q", legend=legend, scale=scale)
    data = alt.Chart(alt.NamedData("run"))
    tiles = data.transform_filter("datum.here == 0").transform_calculate(**edges)
    return finished(
        alt.layer(
            tiles.mark_rect().encode(
                along(alt.X, x, f"{x.column}_from"), along(alt.Y, y, f"{y.column}_from"),
                alt.X2(f"{x.column}_to"), alt.Y2(f"{y.column}_to"), color,
            ),
            data.transform_filter("datum.here == 1")
            .mark_point(size=260, filled=False, color="white", strokeWidth=3, opacity=1)
            .encode(along(alt.X, x, x.column), along(alt.Y, y, y.column)),
        ),
        190,
    )  # fmt: skip


def intervals(
    language: str,
    x: Across,
    y: Across,
    names: dict[int, Text],
    title: Text | None = None,
    reference: Text | None = None,
    height: int = 260,
) -> Any:
    """Means with their intervals, one line a group, and rings on what is chosen.

    Rows hold the columns of ``x`` and ``y``, the interval's ends ``low`` and ``high``, a
    ``group`` by number, and ``chosen``, 1 or 0. Rows of group -1 are the ``reference``.

    Args:
        language: "en" or "id".
        x, y: the axes.
        names: the groups by number.
        title: what the groups are, over a legend; no legend if not given.
        reference: what the dashed line is, if there is one.
        height: in pixels.
    """
    across = alt.X(
        x.column, type="quantitative", scale=x.scale,
        axis=grey_axis(x.title.in_(language), grid=False, **x.ticks),
    )  # fmt: skip
    up_axis = grey_axis(y.title.in_(language), **y.ticks)
    up = alt.Y(y.column, type="quantitative", scale=y.scale, axis=up_axis)
    words = {str(group): text.in_(language) for group, text in names.items()}
    legend = title and alt.Legend(title=title.in_(language), orient="top", labelColor=GREY,
                                  titleColor=GREY, labelLimit=0,
                                  labelExpr=f"({words})[datum.label]")  # fmt: skip
    place = list(names)
    color = alt.Color("group:N", legend=legend,
                      scale=alt.Scale(domain=place, range=PALETTE[: len(place)]))  # fmt: skip
    shape = alt.Shape("group:N", legend=legend,
                      scale=alt.Scale(domain=place, range=SHAPES[: len(place)]))  # fmt: skip
    data = alt.Chart(alt.NamedData("run")).transform_filter(f"isValid(datum.{y.column})")
    groups = data.transform_filter("datum.group >= 0")
    low = alt.Y("low", type="quantitative", scale=y.scale, axis=up_axis)
    layers = [
        groups.mark_line(strokeWidth=1.5, clip=True).encode(across, up, color),
        groups.transform_filter("isValid(datum.high)")
        .mark_rule(strokeWidth=1.5, clip=True)
        .encode(across, low, y2="high", color=color),
        groups.mark_point(size=45, filled=True, opacity=1, clip=True).encode(
            across, up, color, shape
        ),
        groups.transform_filter("datum.chosen > 0")
        .mark_point(size=300, filled=False, color=GREY, strokeWidth=2.5, opacity=1)
        .encode(across, up),
    ]
    if reference is not None:
        known = data.transform_filter("datum.group < 0")
        last = known.transform_filter("datum.chosen > 0")
        layers += [
            known.mark_line(color=GREY, strokeDash=[6, 3], clip=True).encode(across, up),
            last.mark_text(text=reference.in_(language), color=GREY, align="left", dx=8).encode(
                across, up
            ),
        ]
    return finished(alt.layer(*layers), height)
