"""The labs' charts: a single view each, over the named data "run" and "ghost"."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt

from stabsim._words import Text
from stabsim.labs.frame.lab import Panel
from stabsim.plots import CROSS, GREY, PALETTE, STAR

WIDTH, HEIGHT = 620, 200
STEP, LOSS = Text("step", "langkah"), Text("loss", "loss")
STEPS = Text("steps", "banyaknya langkah")
RATE = Text("learning rate", "laju pembelajaran")
SCHEDULE = Text("learning rate at each step", "laju pembelajaran pada setiap langkah")
PLACE = (("x", Text("θ₁", "θ₁")), ("y", Text("θ₂", "θ₂")))
"""The columns of a place in the plane."""

PLACE_NAMES = tuple(name for _, name in PLACE)

KEPT_COLORS = [GREY, "#009E73", "#CC79A7", "#E69F00"]
"""Of the kept runs, of which there are as many."""

LINE = 500
"""The size of a line in a legend: long enough for its dashes to be seen."""

DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [1, 3], [12, 4], [5, 2, 1, 2, 1, 2]]

RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

POWERS = {
    f"1e{sign}{n}": f"10{raised}{str(n).translate(RAISED)}"
    for n in range(5, 31)
    for sign, raised in (("+", ""), ("-", "⁻"))
}
"""Powers of ten, as d3 writes them and as a reader does: those with many noughts."""


def two_lines(text: str) -> list[str]:
    """A text on two lines of about the same length; on one if it is one word."""
    words = text.split()
    ways = [[" ".join(words[:i]), " ".join(words[i:])] for i in range(1, len(words))]
    return min(ways, key=lambda way: max(map(len, way)), default=[text])


def grey_axis(title: str | None, **options: Any) -> alt.Axis:
    """An axis that reads on light and on dark."""
    if options.get("format") == "~g":
        options["labelExpr"] = f"({POWERS})[format(datum.value, '.0e')] || datum.label"
    return alt.Axis(
        title=title, labelColor=GREY, titleColor=GREY, domainColor=GREY, tickColor=GREY,
        gridColor=GREY, gridOpacity=0.15, titlePadding=6, labelSeparation=6, **options,
    )  # fmt: skip


def _log(domain: Sequence[float | int]) -> alt.Scale:
    return alt.Scale(type="log", domain=list(domain), clamp=True, nice=False)


def _open(domain: Sequence[float | int] | None) -> alt.Scale:
    """A logarithmic axis whose lines go on outside it."""
    if domain is None:  # as far as the data go
        return alt.Scale(type="log", nice=False)
    return alt.Scale(type="log", domain=list(domain), nice=False)


def _plain(domain: Sequence[float | int] | None) -> alt.Scale:
    """An axis that is not logarithmic."""
    if domain is None:
        return alt.Scale(zero=False)
    return alt.Scale(domain=list(domain), nice=False)


def finished(chart: Any, height: int = HEIGHT) -> Any:
    # The panel around a chart says in words what it shows; its marks have no names of their own.
    return (
        chart.properties(
            width=WIDTH, height=height, background="transparent",
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        )
        .configure(aria=False)
        .configure_mark(aria=False)
        .configure_view(stroke=None)
    )  # fmt: skip


def over_steps(
    table: str,
    columns: dict[str, Text],
    title: Text,
    domain: Sequence[float | int] | None,
    last: int | None,
    shows: Text,
    height: int = HEIGHT,
    points: bool = False,
    over: tuple[str, Text] = ("step", STEP),
    log: bool = True,
    level: str = "",
    ends: str = "",
) -> Panel:
    """A panel of lines over steps, or ``over`` another column, named at the top.

    Kept runs are thin, each in its colour. What leaves the picture at the top goes on outside;
    what is below it runs along its edge.

    Args:
        table: the table that holds the columns.
        columns: what is drawn, and what it is called.
        title: of the vertical axis.
        domain: its ends; as far as the data go if None.
        last: where the horizontal axis ends; where the data end if None.
        shows: what the panel shows.
        height: of the plot.
        points: whether each entry is marked.
        over: the column along the horizontal axis, and what it is called.
        log: whether the vertical axis is logarithmic.
        level, ends: as in :class:`Panel`.
    """

    def chart(language: str) -> Any:
        scale = _open(domain) if log else _plain(domain)
        least = domain[0] if domain and log else None
        across = alt.Scale(nice=False) if last is None else alt.Scale(domain=[0, last], nice=False)
        whole = grey_axis(over[1].in_(language), grid=False, tickCount=6, tickMinStep=1)
        up = grey_axis(title.in_(language), tickCount=5, format="~g" if log else "~r")
        axes = {"axis": whole, "scale": across}, {"axis": up, "scale": scale}
        return finished(_lines(language, columns, over[0], axes, least, points), height)

    name, along = over
    return Panel(table, chart, shows, (), name, along, tuple(columns.items()), level, ends)


def schedule(last: int | None) -> Panel:
    """The learning rate over the steps, small, under the slider of the warmup that shapes it.

    The table "run" holds it as ``learning_rate``. Its axis begins at 0 and ends where it ends, so
    that a ramp of any height is seen to be straight, and how long it is.

    Args:
        last: where the horizontal axis ends; where the data end if None.
    """
    columns = {"learning_rate": RATE}

    def chart(language: str) -> Any:
        across = alt.Scale(nice=False) if last is None else alt.Scale(domain=[0, last], nice=False)
        whole = grey_axis(None, grid=False, tickCount=4, tickMinStep=1)
        # The title lies above the plot: beside it there is no room.
        up = grey_axis(SCHEDULE.in_(language), tickCount=2, format="~g", titleAngle=0,
                       titleAlign="left", titleBaseline="bottom", titleX=2, titleY=-4,
                       titleFontWeight="normal")  # fmt: skip
        axes = {"axis": whole, "scale": across}, {"axis": up, "scale": alt.Scale(nice=2, zero=True)}
        return finished(_lines(language, columns, "step", axes, None, False), 48)

    shows = Text(
        "The learning rate at every step: it climbs along a straight line over the warmup, and "
        "stays at its peak from then on.",
        "Laju pembelajaran pada setiap langkah: naik lurus selama warmup, lalu tetap pada "
        "puncaknya.",
    )
    return Panel("run", chart, shows, (), "step", STEP, tuple(columns.items()), under="warmup")


def _lines(
    language: str,
    columns: dict[str, Text],
    over: str,
    axes: tuple[dict[str, Any], dict[str, Any]],
    least: float | int | None,
    points: bool,
) -> Any:
    across, up = axes
    x = alt.X(f"{over}:Q", **across)
    names = [label.in_(language) for label in columns.values()]
    colors = alt.Scale(domain=names, range=PALETTE[: len(names)])
    wide: Any = 1 if len(names) <= 3 else _expression("width < 400 ? 2 : 3")
    legend = alt.Legend(title=None, orient="top", columns=wide, columnPadding=5, labelColor=GREY,
                        labelLimit=0, symbolSize=LINE, symbolType="stroke")  # fmt: skip
    dashes = alt.Scale(domain=names, range=DASHES[: len(names)])
    # The axis is as long as the run, also where the run's numbers end early.
    end = _data("run").transform_aggregate(last=f"max({over})").mark_rule(opacity=0)
    layers = [end.encode(alt.X("last:Q", **across))]
    for data in ("ghost", "run"):
        for (column, label), dash in zip(columns.items(), DASHES, strict=False):
            line = _data(data).transform_filter(f"isValid(datum.{column})")
            if least is not None:
                line = line.transform_calculate(drawn=f"max(datum.{column}, {least})")
            y = alt.Y("drawn:Q" if least is not None else f"{column}:Q", **up)
            if data == "ghost":
                thin = _kept(line).mark_line(strokeWidth=1, strokeDash=dash, clip=True)
                layers.append(thin.encode(x, y, **KEPT))
                continue
            mark = line.mark_line(strokeWidth=1.8, clip=True, point=points)
            if len(names) == 1:
                layers.append(mark.encode(x, y, color=alt.value(PALETTE[0])))
                continue
            name = label.in_(language)
            hue = alt.ColorDatum(name, scale=colors, legend=legend)
            dashed = alt.StrokeDashDatum(name, scale=dashes, legend=legend)
            layers.append(mark.encode(x, y, hue, dashed))
    return alt.layer(*layers, *_marks(alt.X("x:Q", **across), alt.Y("y:Q", **up)))


GOAL = "#009E73"


def _marks(x: alt.X, y: alt.Y) -> list[Any]:
    """What is marked in a chart over steps: the goal, a level, final losses, divergences."""

    def kind(name: str) -> Any:
        return _data("marks").transform_filter(f"datum.kind == '{name}'")

    def label(rule: Any, color: str) -> Any:
        dy = _expression("scale('y', datum.y) < 14 ? 10 : -6")
        return rule.mark_text(color=color, align="left", x=4, dy=dy, clip=True)

    goal, level, final = kind("goal"), kind("level"), kind("final")
    own = final.transform_calculate(hue=f"{PALETTE}[datum.series]")
    gone = kind("diverged").transform_calculate(hue=f"{PALETTE}[datum.series]")
    hue = alt.Stroke("hue:N", scale=None)
    return [
        goal.mark_rule(color=GOAL, strokeDash=[6, 3], strokeWidth=1.5, clip=True).encode(y=y),
        label(goal, GOAL).encode(y=y, text="text:N"),
        level.mark_rule(color=PALETTE[1], strokeDash=[6, 3], strokeWidth=1.8, clip=True)
        .encode(y=y),
        label(level, PALETTE[1]).encode(y=y, text="text:N"),
        own.mark_rule(strokeWidth=7, opacity=0.4, clip=True).encode(x, y, alt.X2("x2"), stroke=hue),
        gone.mark_point(shape=CROSS, size=110, filled=False, opacity=1, strokeWidth=2.5)
        .encode(x=x, y=alt.value(8), stroke=hue),
    ]  # fmt: skip


def _expression(text: str) -> Any:
    return alt.ExprRef(expr=text)


def _within(text: str, x: str, y: str, dy: int, left: bool = False) -> dict[str, Any]:
    """How a text is moved from a place so that all of it lies in the plot.

    Args:
        text: the text, whose middle is where it stands.
        x, y: expressions of the place.
        dy: how far down it stands, or up where there is no room below.
        left: whether it ends before the place, or lies on both sides of it.
    """
    half = len(text) * LETTER / 2
    across = f"{x} - {half + 8}" if left else x
    down = f"inrange({y} + {2 * dy}, [0, height]) ? {y} + {dy} : {y} - {dy}"
    return {
        "dx": _expression(f"clamp({across}, {half}, width - {half}) - {x}"),
        "dy": _expression(f"clamp({down}, 8, height - 8) - {y}"),
    }


LETTER = 6.6
"""Pixels of a letter in a chart, at most on average."""


def _data(name: str) -> Any:
    return alt.Chart(alt.NamedData(name))


def _kept(chart: Any) -> Any:
    """Kept runs, each in its colour."""
    return chart.transform_calculate(hue=f"{KEPT_COLORS}[datum.kept]")


TARGET: dict[str, Any] = {"size": 320, "filled": True, "opacity": 0.001, "color": GREY}
"""What a finger hits around a mark; nobody sees it."""

KEPT: dict[str, Any] = {"stroke": alt.Stroke("hue:N", scale=None), "detail": "kept:N"}
"""How kept runs are encoded."""


def axis(language: str, domain: Sequence[float | int]) -> Any:
    """Final loss against learning rate: circles, a star at the best, crosses where infeasible.

    A ring stands around the one that is ``chosen``.
    """
    x = alt.X(
        "learning_rate:Q",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=grey_axis(RATE.in_(language), format="~g", grid=False, tickCount=6),
    )  # fmt: skip
    title = Text("final loss", "loss akhir").in_(language)
    y = alt.Y("final_loss:Q", scale=_log(domain), axis=grey_axis(title, tickCount=5, format="~g"))
    kinds = [
        (0, "circle", 60, PALETTE[0]),
        (1, CROSS, 110, PALETTE[1]),
        (2, STAR, 260, PALETTE[2]),
    ]
    layers = [
        _kept(_data("ghost"))
        .transform_filter("datum.kind != 1")
        .mark_line(strokeWidth=1, point=False)
        .encode(x, y, **KEPT),
        _data("run")
        .transform_filter("datum.kind != 1")
        .mark_line(color=PALETTE[0], strokeWidth=1.5)
        .encode(x, y),
    ]
    for kind, shape, size, color in kinds:
        top = alt.value(8) if kind == 1 else y
        own = _data("run").transform_filter(f"datum.kind == {kind}")
        layers.append(
            own.mark_point(shape=shape, size=size, color=color, filled=kind != 1, opacity=1,
                           strokeWidth=2)
            .encode(x=x, y=top)
        )  # fmt: skip
        ring = own.transform_filter("datum.chosen > 0").mark_point(
            size=420, filled=False, color=GREY, strokeWidth=2.5, opacity=1
        )
        layers += [ring.encode(x=x, y=top), own.mark_point(**TARGET).encode(x=x, y=top)]
    return finished(alt.layer(*layers))


def _plane(across: alt.Scale, up: alt.Scale) -> tuple[alt.X, alt.Y]:
    """Both parameters of a surface."""
    return (
        alt.X("x:Q", scale=across, axis=grey_axis("θ₁", grid=False, tickCount=6)),
        alt.Y("y:Q", scale=up, axis=grey_axis("θ₂", grid=False, tickCount=6)),
    )


def landscape(language: str, names: Sequence[Text] = PLACE_NAMES) -> Any:
    """A path over the lines of equal height of the loss: rows of :func:`landscape.rows`."""
    free = alt.Scale(zero=False, nice=False)
    x_axis, y_axis = (grey_axis(title.in_(language), grid=False, tickCount=6) for title in names)
    x, y = alt.X("x:Q", scale=free, axis=x_axis), alt.Y("y:Q", scale=free, axis=y_axis)
    known = "isValid(datum.x) && isValid(datum.y)"
    run = _data("run").transform_filter(known)
    path = run.transform_filter("datum.line >= 0")
    newest = path.transform_window(
        behind="row_number()", sort=[alt.SortField("step", "descending")]
    ).transform_filter("datum.behind == 1")
    return finished(
        alt.layer(
            run.transform_filter("datum.line == -1")
            .mark_rule(color=GREY, strokeWidth=0.8, opacity=0.6)
            .encode(x, y, alt.X2("x2"), alt.Y2("y2")),
            run.transform_filter("datum.line == -2").mark_point(opacity=0).encode(x, y),
            _kept(_data("ghost").transform_filter(known))
            .mark_line(strokeWidth=1.2, clip=True)
            .encode(x, y, order="step:Q", **KEPT),
            path.mark_line(color=PALETTE[0], strokeWidth=1.8).encode(x, y, order="step:Q"),
            path.mark_point(color=PALETTE[0], filled=True, size=18, opacity=1).encode(x, y),
            newest.mark_point(color=PALETTE[1], filled=True, size=90, opacity=1).encode(x, y),
        ),
        290,
    )  # fmt: skip


class Round(NamedTuple):
    """Encodings of a round picture: as many pixels to a unit upwards as across."""

    data: Any
    x: alt.X
    y: alt.Y
    x2: alt.X2
    y2: alt.Y2


def _round(scale: str, low: str, data: Any) -> Round:
    """From places in a disc around (0, 0), by ``scale`` pixels a unit, 0 at the height ``low``."""
    places = {name: f"width / 2 + datum.{name} * {scale}" for name in ("x", "x2")}
    places |= {name: f"{low} - datum.{name} * {scale}" for name in ("y", "y2")}
    known = data.transform_filter("isValid(datum.x) && isValid(datum.y)")
    own = known.transform_calculate(**{f"at_{name}": place for name, place in places.items()})
    plain: dict[str, Any] = {"scale": None, "axis": None}
    return Round(own, alt.X("at_x:Q", **plain), alt.Y("at_y:Q", **plain), alt.X2("at_x2"),
                 alt.Y2("at_y2"))  # fmt: skip


RING, CIRCLE, DOT, ARROW, LEFT, SHARE, LABEL, CENTRE = range(8)
"""What a row of a round picture is."""


def clipped_arrow(language: str, words: dict[str, Text]) -> Any:
    """A gradient as an arrow, and the circle of the clipping threshold: rows of ``clip.arrow``.

    Args:
        language: "en" or "id".
        words: what is written in it: ``back`` on the left, ``along`` on the right, and ``share``
            after the share of the steps that were clipped.
    """
    say = {name: text.in_(language) for name, text in words.items()}
    room = "min(width / 2 - 12, height - 46)", "height - 16"
    disc, kept = (_round(*room, data) for data in (_data("run"), _kept(_data("ghost"))))
    x, y, x2, y2 = disc[1:]

    def kind(number: int, data: Any = disc.data) -> Any:
        return data.transform_filter(f"datum.kind == {number}")

    def ghost(number: int, width: float | int) -> Any:
        rule = kind(number, kept.data).mark_rule(strokeWidth=width)
        return rule.encode(x, y, x2, y2, KEPT["stroke"])

    hue = alt.condition("datum.value > 0", alt.value(PALETTE[1]), alt.value(PALETTE[0]))
    now = f"'{STEP.in_(language)} ' + datum.step + ': '"
    share = kind(SHARE).transform_calculate(
        text=f"{now} + format(datum.value, '.2~r') + '{say['share']}'"
    )
    top, next_line = alt.value(8), alt.value(22)
    return finished(
        alt.layer(
            kind(RING).mark_rule(color=GREY, strokeWidth=0.6, opacity=0.5).encode(x, y, x2, y2),
            kind(DOT).mark_point(filled=True, size=16, opacity=0.6).encode(x, y, color=hue),
            *(ghost(number, width) for number, width in ((CIRCLE, 1), (ARROW, 1), (LEFT, 2.5))),
            kind(CIRCLE).mark_rule(color=PALETTE[1], strokeWidth=2).encode(x, y, x2, y2),
            kind(ARROW).mark_rule(color=PALETTE[0], strokeWidth=1.5, opacity=0.8)
            .encode(x, y, x2, y2),
            kind(LEFT).mark_rule(color=PALETTE[0], strokeWidth=4).encode(x, y, x2, y2),
            kind(LABEL).transform_calculate(text="format(datum.value, '~g')")
            .mark_text(color=GREY, dy=10).encode(x, y, text="text:N"),
            kind(CENTRE).mark_text(color=GREY, align="left", text=say["back"])
            .encode(x=alt.value(2), y=top),
            kind(CENTRE).mark_text(color=GREY, align="right", text=say["along"])
            .encode(x=alt.value("width"), y=top),
            share.mark_text(color=PALETTE[1], align="center")
            .encode(x=x, y=next_line, text="text:N"),
        ),
        200,
    )  # fmt: skip


def roots() -> Any:
    """Roots in the complex plane, their ways there and the unit circle: rows of ``labs.roots``."""
    room = "min(width / 4.4, height / 2.5)", "height / 2"
    disc, kept = (_round(*room, data) for data in (_data("run"), _kept(_data("ghost"))))
    x, y, x2, y2 = disc[1:]

    def lines(number: int, **given: Any) -> Any:
        return kind(number).mark_rule(clip=True, **given).encode(x, y, x2, y2)

    def kind(number: int, data: Any = disc.data) -> Any:
        return data.transform_filter(f"datum.kind == {number}")

    hue = alt.condition("datum.value > 0", alt.value(PALETTE[1]), alt.value(PALETTE[0]))
    return finished(
        alt.layer(
            lines(CENTRE, color=GREY, strokeWidth=0.5, opacity=0.5),
            lines(RING, color=GREY, strokeWidth=1.5),
            lines(LEFT, color=PALETTE[0], strokeWidth=0.9, opacity=0.7),
            kind(ARROW, kept.data).mark_rule(strokeWidth=1, clip=True)
            .encode(x, y, x2, y2, KEPT["stroke"]),
            kind(DOT, kept.data).mark_point(filled=False, size=110, opacity=1, strokeWidth=2.5,
                                            clip=True)
            .encode(x, y, KEPT["stroke"]),
            lines(ARROW, color=GREY, strokeWidth=1.2),
            kind(DOT).mark_point(filled=True, size=130, opacity=1, clip=True)
            .encode(x, y, color=hue),
            kind(LABEL).transform_calculate(text="format(datum.value, 'd')")
            .mark_text(color=GREY, dy=12, dx=8).encode(x, y, text="text:N"),
        ),
        260,
    )  # fmt: skip


def attention(language: str, words: dict[str, Text]) -> Any:
    """A map of attention: a square for each pair of tokens, the darker the larger its share.

    Rows hold ``reads`` and ``read``, tokens counted from 0, and the ``share``.

    Args:
        language: "en" or "id".
        words: what the two are, by column.
    """
    free = alt.Scale(nice=False, zero=False)
    axes = {
        name: grey_axis(text.in_(language), grid=False, tickCount=4, tickMinStep=1)
        for name, text in words.items()
    }
    ends = {f"{name}_{end}": f"datum.{name} + {by}"
            for name in words for end, by in (("from", 0.5), ("to", 1.5))}  # fmt: skip
    tiles = _data("run").transform_calculate(**ends)
    down = alt.Scale(nice=False, zero=False, reverse=True)
    shade = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.03, 1]), legend=None)
    tile = tiles.mark_rect(color=PALETTE[0]).encode(
        alt.X("read_from:Q", scale=free, axis=axes["read"]), alt.X2("read_to"),
        alt.Y("reads_from:Q", scale=down, axis=axes["reads"]), alt.Y2("reads_to"), shade,
    )  # fmt: skip
    return finished(tile, 180)


SHAPES = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right"]


def race(names: Sequence[str]) -> Any:
    """Paths in the plane, one a name, over contour lines: rows whose ``line`` is negative.

    Kept runs' paths have their run's colour, and the dashes of their rule in a chart over steps.
    """
    scale = alt.Scale(zero=False, nice=False)
    x, y = _plane(scale, scale)
    data = _data("run")
    paths = data.transform_filter("datum.line >= 0 && isValid(datum.x)").transform_calculate(
        name=f"{list(names)}[datum.line]"
    )
    legend = alt.Legend(title=None, orient="top", labelColor=GREY, columns=3, columnPadding=5)
    color = alt.Color("name:N", scale=alt.Scale(domain=names, range=PALETTE), legend=legend)
    shape = alt.Shape("name:N", scale=alt.Scale(domain=names, range=SHAPES), legend=legend)
    contours = (
        data.transform_filter("datum.line < 0")
        .mark_line(color=GREY, strokeWidth=0.7, opacity=0.6)
        .encode(x, y, detail="line:N", order="step:Q")
    )
    dashes = alt.StrokeDash("line:N", legend=None, scale=alt.Scale(
        domain=list(range(len(names))), range=DASHES[: len(names)]))  # fmt: skip
    kept = _kept(_data("ghost").transform_filter("isValid(datum.x) && isValid(datum.y)"))
    marks = paths.transform_filter("datum.step % 10 == 0").mark_point(filled=True, opacity=1)
    return finished(
        alt.layer(
            contours,
            kept.mark_line(strokeWidth=1).encode(
                x, y, dashes, KEPT["stroke"], alt.Detail(["kept:N", "line:N"]), alt.Order("step:Q")
            ),
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
                        columns=_expression("width < 400 ? 2 : 3"),
                        labelExpr=f"({words})[datum.label]")  # fmt: skip
    hues, marks = [PALETTE[0], PALETTE[4], PALETTE[1]], ["circle", "triangle-up", CROSS]
    color = alt.Color("outcome:N", legend=legend, scale=alt.Scale(domain=kinds, range=hues))
    shape = alt.Shape("outcome:N", legend=legend, scale=alt.Scale(domain=kinds, range=marks))
    data = _data("run")
    known = data.transform_filter(f"datum.outcome <= {kinds[-1]}")
    here = data.transform_filter(f"datum.outcome > {kinds[-1]} && !isValid(datum.edge)")
    edge = data.transform_filter("isValid(datum.edge)")
    text = edge.mark_text(text=reference.in_(language), color=GREY, align="right", dy=9)
    return finished(
        alt.layer(
            known.mark_point(size=45, filled=True, opacity=0.9).encode(across, up, color, shape),
            known.mark_point(**TARGET).encode(across, up),
            edge.mark_rule(color=GREY, strokeDash=[6, 3]).encode(up),
            text.encode(y=up, x=alt.value("width")),
            here.mark_point(size=260, filled=False, color=GREY, strokeWidth=3, opacity=1)
            .encode(across, up),
        ),
        300,
    )  # fmt: skip


def histogram(
    language: str,
    columns: dict[str, Text],
    title: Text,
    domain: Sequence[float | int],
    counted: Text = STEPS,
) -> Any:
    """Steps, say, by the size of a number: bars from ``low`` to ``high``, a ``count`` high.

    Args:
        language: "en" or "id".
        columns: columns that hold one number throughout, each a line across the bars.
        title: what the number is.
        domain: the ends of its axis, which is logarithmic.
        counted: what a bar is a number of.
    """
    scale = _log(domain)
    x_axis = grey_axis(title.in_(language), grid=False, tickCount=6, format="~g")
    y = alt.Y("count:Q", axis=grey_axis(counted.in_(language), tickCount=4, format="d"))
    names = [label.in_(language) for label in columns.values()]
    colors = alt.Scale(domain=names, range=PALETTE[1 : len(names) + 1])
    dashes = alt.Scale(domain=names, range=DASHES[1 : len(names) + 1])
    legend = alt.Legend(title=None, orient="top", columns=1, labelColor=GREY, labelLimit=0,
                        symbolSize=LINE)  # fmt: skip
    data = _data("run")
    bars = data.transform_filter("datum.count > 0").mark_rect(color=PALETTE[0], opacity=0.8)
    layers = [
        bars.encode(alt.X("low:Q", scale=scale, axis=x_axis), y, x2="high:Q", y2=alt.datum(0))
    ]
    for column, name in zip(columns, names, strict=True):
        rule = data.transform_filter(f"isValid(datum.{column})").mark_rule(strokeWidth=1.8)
        hue = alt.ColorDatum(name, scale=colors, legend=legend)
        dash = alt.StrokeDashDatum(name, scale=dashes, legend=legend)
        layers.append(rule.encode(alt.X(f"{column}:Q", scale=scale, axis=x_axis), hue, dash))
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
    legend = alt.Legend(title=None, orient="top", columns=1, labelColor=GREY, labelLimit=0,
                        symbolSize=LINE // 4)  # fmt: skip
    scale = alt.Scale(domain=list(hues), range=list(hues.values()))
    dashes = alt.Scale(domain=list(hues), range=[[1, 0], [2, 3], [1, 0], [6, 3]])
    kinds = alt.Scale(domain=list(hues), range=["stroke", "stroke", "circle", "stroke"])
    x = _rate(language)
    y_scale = _log((0.08, 8))
    axis = grey_axis(loss.in_(language), values=[0.1, 0.2, 0.5, 1, 2, 5], format="~g")

    def up(column: str) -> alt.Y:
        return alt.Y(column, type="quantitative", scale=y_scale, axis=axis)

    def hue(column: str) -> alt.ColorDatum:
        return alt.ColorDatum(words[column], scale=scale, legend=legend)

    def dash(column: str) -> alt.StrokeDashDatum:
        return alt.StrokeDashDatum(words[column], scale=dashes, legend=legend)

    def rows(column: str, data: str = "run") -> Any:
        return _data(data).transform_filter(f"isValid(datum.{column})")

    return finished(
        alt.layer(
            rows("mean").mark_area(color=PALETTE[0], opacity=0.2, clip=True)
            .encode(x, up("low"), alt.Y2("high")),
            _kept(rows("mean", "ghost")).mark_line(strokeWidth=1, clip=True)
            .encode(x, up("mean"), **KEPT),
            rows("typical").mark_line(strokeWidth=1.5, clip=True)
            .encode(x, up("typical"), hue("typical"), dash("typical")),
            rows("mean").mark_line(strokeWidth=1.8, clip=True)
            .encode(x, up("mean"), hue("mean"), dash("mean")),
            rows("next").mark_rule(strokeWidth=2).encode(x, hue("next"), dash("next")),
            rows("observed").mark_point(size=60, filled=True, opacity=1)
            .encode(x, up("observed"), hue("observed"),
                    shape=alt.ShapeDatum(words["observed"], scale=kinds, legend=legend)),
        ),
        260,
    )  # fmt: skip


def _rate(language: str) -> alt.X:
    title = Text("learning rate (the metaparameter)", "laju pembelajaran (metaparameter)")
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
        return _data(data).transform_filter(f"isValid(datum.{column})")

    return finished(
        alt.layer(
            _kept(rows("improvement", "ghost")).mark_line(strokeWidth=1).encode(x, y, **KEPT),
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

    legend = alt.Legend(title=title.in_(language), orient="top", labelColor=GREY,
                        titleColor=GREY, gradientLength=130, titleLimit=0)  # fmt: skip
    scale = alt.Scale(scheme="viridis", reverse=True, domain=[0, 10], clamp=True)
    color = alt.Color("below:Q", legend=legend, scale=scale)
    data = _data("run")
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
                                  titleColor=GREY, labelLimit=0, columnPadding=5,
                                  labelExpr=f"({words})[datum.label]")  # fmt: skip
    place = list(names)
    color = alt.Color("group:N", legend=legend,
                      scale=alt.Scale(domain=place, range=PALETTE[: len(place)]))  # fmt: skip
    shape = alt.Shape("group:N", legend=legend,
                      scale=alt.Scale(domain=place, range=SHAPES[: len(place)]))  # fmt: skip
    data = _data("run").transform_filter(f"isValid(datum.{y.column})")
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
        groups.mark_point(**TARGET).encode(across, up),
        groups.transform_filter("datum.chosen > 0")
        .mark_point(size=300, filled=False, color=GREY, strokeWidth=2.5, opacity=1)
        .encode(across, up),
    ]
    if reference is not None:
        known = data.transform_filter("datum.group < 0")
        last = known.transform_filter("datum.chosen > 0")
        text = reference.in_(language)
        here = f"scale('x', datum.{x.column})", f"scale('y', datum.{y.column})"
        layers += [
            known.mark_line(color=GREY, strokeDash=[6, 3], clip=True).encode(across, up),
            last.mark_text(text=text, color=GREY, **_within(text, *here, 4, left=True)).encode(
                across, up
            ),
        ]
    return finished(alt.layer(*layers), height)


NOW, NEXT = Text("before the step", "sebelum langkah"), Text("after it", "sesudahnya")
CUT = (Text("the network's loss", "loss jaringan"), Text("parabola", "parabola"))
ACROSS = Text(
    "distance x along the sharpest direction", "jarak x sepanjang arah yang paling melengkung"
)


def cut(language: str, names: Sequence[Text] = CUT, across: Text = ACROSS) -> Any:
    """A valley, and a step across it.

    Rows of ``kind`` 0 hold the curve: ``x``, the loss ``y`` and, where it is named too,
    ``parabola``. The two of kind 1 are where a step begins and where it lands. Of a kept run its
    curve and its step are drawn.
    """
    words = [name.in_(language) for name in names]
    x = alt.X("x:Q", axis=grey_axis(across.in_(language), grid=False, tickCount=6),
              scale=alt.Scale(nice=False))  # fmt: skip
    y = alt.Y("y:Q", axis=grey_axis(LOSS.in_(language), tickCount=5),
              scale=alt.Scale(zero=False))  # fmt: skip
    legend = alt.Legend(title=None, orient="top", labelColor=GREY, labelLimit=0, symbolSize=LINE)
    colors = alt.Scale(domain=words, range=PALETTE[: len(words)])
    dashes = alt.Scale(domain=words, range=DASHES[: len(words)])
    curve, spots = (
        _data("run").transform_filter(f"datum.kind == {kind} && isValid(datum.y)")
        for kind in (0, 1)
    )
    kept_curve, kept_spots = (
        _kept(_data("ghost").transform_filter(f"datum.kind == {kind} && isValid(datum.y)"))
        for kind in (0, 1)
    )
    numbered = spots.transform_window(place="row_number()")
    own, *bowl = (
        (
            alt.ColorDatum(word, scale=colors, legend=legend),
            alt.StrokeDashDatum(word, scale=dashes, legend=legend),
        )
        for word in words
    )
    parabola = curve.mark_line(strokeWidth=1.2)
    begin = numbered.transform_filter("datum.place == 1")
    land = numbered.transform_filter("datum.place == 2")
    now, after = NOW.in_(language), NEXT.in_(language)
    here = "scale('x', datum.x)", "scale('y', datum.y)"
    return finished(
        alt.layer(
            kept_curve.mark_line(strokeWidth=1).encode(x, y, **KEPT),
            kept_spots.mark_line(strokeWidth=1, point=False).encode(x, y, **KEPT),
            kept_spots.mark_point(size=50, filled=False, opacity=1).encode(x, y, **KEPT),
            *(parabola.encode(x, alt.Y("parabola:Q"), *look) for look in bowl),
            curve.mark_line(strokeWidth=2).encode(x, y, *own),
            spots.mark_line(strokeWidth=1.5, color=GREY).encode(x, y),
            begin.mark_point(filled=True, size=90, color=GREY, opacity=1).encode(x, y),
            land.mark_point(shape="diamond", size=120, filled=True, color=PALETTE[4], opacity=1)
            .encode(x, y),
            begin.mark_text(text=now, color=GREY, **_within(now, *here, -14)).encode(x, y),
            land.mark_text(text=after, color=PALETTE[4], **_within(after, *here, 14)).encode(x, y),
        ),
        240,
    )  # fmt: skip
