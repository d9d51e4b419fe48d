"""Figures of runs and sweeps: Altair charts, and Matplotlib where contours are wanted.

Charts have a transparent background and mid-grey axes, so that they read on light and dark
pages; their colours are told apart by colour-blind readers (Okabe and Ito, 2008), and no
meaning rests on colour alone. Their words are in the ``language`` that is asked for, "en" or "id",
or in that of the environment variable ``STABSIM_LANGUAGE``.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import altair as alt
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr

from stabsim import _check
from stabsim._extras import extra
from stabsim._plot_words import LOCALES, PLOTS
from stabsim._settings import checked, using
from stabsim._style import GREY as GREY
from stabsim._style import PALETTE as PALETTE
from stabsim._style import TOP as TOP
from stabsim._words import Text, default_language, number
from stabsim.clipping import norm_percentile
from stabsim.schedules import Schedule
from stabsim.statistics import interval
from stabsim.sweeps.diagnosis import diagnose_sweep
from stabsim.trace import Trace, final_loss
from stabsim.workloads.synthetic import SURFACES, heights

__all__ = [
    "axis_plot",
    "gradient_norms",
    "intervals",
    "loss_curves",
    "norm_histogram",
    "outcome_map",
    "schedule",
    "sharpness",
    "trajectories",
    "use_svg",
]

WIDTH, HEIGHT = 360, 220

PADDING = {"left": 14, "right": 14, "top": 5, "bottom": 5}
"""Room at the sides, for a browser's letters may be wider than those that were laid out."""

UNREADABLE_LOSS = 10.0
"""A final loss above this is no number worth reading: the run failed."""

PERCENTILE = Text("{}th percentile: {}", "persentil ke-{}: {}")


P = ParamSpec("P")
Chart = TypeVar("Chart")


def _spoken(draw: Callable[P, Chart]) -> Callable[P, Chart]:
    """Draw in the ``language`` that the function was given, or in that of the settings."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Chart:
        language = kwargs.get("language")
        with using(language=default_language() if language is None else checked(str(language))):
            return draw(*args, **kwargs)

    return drawn


def _say(words: str) -> str:
    """Words of ours in the language of the chart; other words stay as they are."""
    return PLOTS[words].in_(default_language()) if words in PLOTS else words


def _style(chart: Any, title: str) -> Any:
    return (
        chart.properties(title=_say(title), background="transparent", padding=PADDING)
        .configure(locale=alt.Locale(number=LOCALES[default_language()]))
        .configure_view(stroke=None)
        .configure_title(color=GREY, fontSize=13)
        .configure_axis(
            labelColor=GREY, titleColor=GREY, domainColor=GREY, tickColor=GREY,
            gridColor=GREY, gridOpacity=0.2,
        )
        .configure_legend(labelColor=GREY, titleColor=GREY)
        .configure_range(category=PALETTE)
    )  # fmt: skip


ONE_TWO_FIVE = "indexof('125', format(datum.value, '.0e')[0]) < 0 ? '' : datum.label"
"""On a log axis of two decades Vega also labels the threes, which touch the twos."""


def _axis(log: bool, **options: Any) -> dict[str, Any]:
    """A scale and its axis; on a log scale, short numbers and no thicket of grid lines."""
    if not log:
        return {"scale": alt.Scale(**options)}
    return {
        "scale": alt.Scale(type="log", **options),
        "axis": alt.Axis(format="~g", tickCount=6, gridOpacity=0.15, labelExpr=ONE_TWO_FIVE),
    }


def _y(name: str, title: str, log: bool, **options: Any) -> alt.Y:
    return alt.Y(name, type="quantitative", title=_say(title), **_axis(log, **options))


def _runs(traces: Trace | dict[str, Trace]) -> dict[str, Trace]:
    if isinstance(traces, Trace):
        return {"run": traces}
    if not isinstance(traces, dict) or not traces:
        raise TypeError("traces must be a Trace or a dict from label to Trace.")
    return traces


def _series(traces: Trace | dict[str, Trace], name: str) -> pd.DataFrame:
    """One row a step and run; values that are not finite are told apart, not dropped."""
    rows = []
    for label, trace in _runs(traces).items():
        values = np.asarray(getattr(trace, name), float)
        rows.append(pd.DataFrame({"run": label, "step": np.arange(values.size), name: values}))
    return pd.concat(rows)


def _lines(traces: Any, name: str, title: str, log: bool) -> Any:
    data = _series(traces, name)
    finite = np.isfinite(data[name]) & ((data[name] > 0) | (not log))
    legend = None if isinstance(traces, Trace) else alt.Legend()
    color = alt.Color("run:N", title=None, legend=legend, sort=None)
    dash = alt.StrokeDash("run:N", title=None, legend=legend, sort=None)
    x = alt.X("step:Q", title=_say("step"))
    # A run that goes to 1e30 would flatten all others: what is above the top is drawn there.
    shown = data[finite]
    top = min(shown[name].max(), TOP * shown[name][shown.step == 0].max())
    y = _y(name, title, log, domainMax=top, clamp=True)
    base = alt.Chart(shown, width=WIDTH, height=HEIGHT)
    lines = base.mark_line(strokeWidth=1.5).encode(x, y, color, dash)
    ends = [
        {"run": label, "step": trace.diverged_at, name: _last_finite(getattr(trace, name))}
        for label, trace in _runs(traces).items()
        if trace.diverged_at is not None
    ]
    if not ends:
        return alt.layer(lines)
    crosses = (
        alt.Chart(pd.DataFrame(ends))
        .mark_point(shape="cross", angle=45, size=120, filled=True, color=GREY, opacity=1)
        .encode(x, y, tooltip=["run", "step"])
    )
    return alt.layer(lines, crosses)


def _last_finite(values: Any) -> float:
    values = np.asarray(values, float)
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if finite.size else np.nan


@_spoken
def loss_curves(
    traces: Trace | dict[str, Trace],
    *,
    log: bool = True,
    title: str = "Training loss",
    language: str | None = None,
) -> alt.LayerChart:
    """Training loss against step. A cross marks where a run stops being finite.

    Args:
        traces: a trace, or one a label.
        log: whether the loss's axis is logarithmic.
        title: the chart's title.
        language: of its words and numbers; that of the settings if not given.
    Raises:
        TypeError: if ``traces`` is something else.
    """
    return _style(_lines(traces, "loss", "loss", log), title)


@_spoken
def gradient_norms(
    traces: Trace | dict[str, Trace],
    *,
    threshold: float | Sequence[float] = (),
    title: str = "Unclipped gradient norm",
    language: str | None = None,
) -> alt.LayerChart:
    """Gradient norm against step, with clipping thresholds if any are given.

    Args:
        traces: a trace, or one a label.
        threshold: where to put a line, or several.
        title: the chart's title.
        language: of its words and numbers; that of the settings if not given.
    Raises:
        TypeError: if ``traces`` is something else.
        ValueError: if a threshold is not a finite number above 0.
    """
    chart = _lines(traces, "gradient_norm", "gradient norm", log=True)
    for one in np.atleast_1d(np.asarray(threshold, float)):
        _check.positive("threshold", one)
        chart += _rule("y", one, f"{_say('threshold')} {number(one)}")
    return _style(chart, title)


def _rule(axis: str, value: float, label: str) -> Any:
    """A dashed line across the chart at a value of the x or y axis, with its label."""
    chart = alt.Chart(pd.DataFrame({"value": [value], "label": [label]}))
    rule, text = chart.mark_rule(strokeDash=[6, 3], color=GREY), chart.encode(text="label")
    if axis == "x":
        text = text.mark_text(color=GREY, align="left", dx=4, dy=-6).encode(y=alt.value(8))
        return alt.layer(rule.encode(x="value:Q"), text.encode(x="value:Q"))
    # Beside the chart, where no curve runs through it.
    text = text.mark_text(color=GREY, align="left", dx=4).encode(x=alt.value(WIDTH))
    return alt.layer(rule.encode(y="value:Q"), text.encode(y="value:Q"))


@_spoken
def norm_histogram(
    gradient_norm: Any,
    *,
    percentile: float = 90.0,
    title: str = "Gradient norms of all steps",
    language: str | None = None,
) -> alt.LayerChart:
    """A histogram of gradient norms on a log scale, with a line at a percentile.

    Args:
        gradient_norm: unclipped norms, any shape; those not finite or 0 are left out.
        percentile: where to put the line, from 0 to 100.
        title: the chart's title.
        language: of its words and numbers; that of the settings if not given.
    Raises:
        ValueError: if no norm is finite, or the percentile is out of range.
    """
    at = norm_percentile(gradient_norm, percentile)
    norms = np.asarray(gradient_norm, float).ravel()
    norms = norms[np.isfinite(norms) & (norms > 0)]
    if norms.size == 0:
        raise ValueError("gradient_norm must hold a positive norm; it holds none.")
    counts, edges = np.histogram(np.log10(norms), bins=40)
    data = pd.DataFrame({"low": 10 ** edges[:-1], "high": 10 ** edges[1:], "count": counts})
    bars = (
        alt.Chart(data, width=WIDTH, height=HEIGHT)
        .mark_rect(color=PALETTE[0])
        .encode(
            alt.X("low:Q", title=_say("gradient norm"), **_axis(log=True, nice=False)),
            alt.X2("high:Q"),
            alt.Y("count:Q", title=_say("steps")),
            alt.Y2(datum=0),
        )
    )
    words = PERCENTILE.in_(default_language())
    line = _rule("x", at, words.format(f"{percentile:g}", number(at)))
    return _style(alt.layer(bars, line), title)


@_spoken
def axis_plot(
    runs: xr.Dataset,
    *,
    axis: str = "learning_rate",
    by: str | None = None,
    objective: str = "final_loss",
    title: str = "Learning-rate sweep",
    language: str | None = None,
) -> alt.LayerChart:
    """The playbook's axis plot: a point a rate, a star on the best, crosses where it fails.

    Each point is the median over the seeds. Infeasible rates stand as crosses in a row above
    all points.

    Args:
        runs: the dataset of a sweep.
        axis: the axis of the learning rates.
        by: another axis, one coloured line a value.
        objective: as for :func:`stabsim.diagnose_sweep`.
        title: the chart's title.
        language: of its words and numbers; that of the settings if not given.
    Raises:
        TypeError: if ``runs`` is no dataset.
        ValueError: if an axis is missing or left over, or no rate is feasible.
    """
    groups = {"": runs} if by is None else {str(v): runs.sel({by: v}) for v in runs[by].values}
    rows = []
    for label, group in groups.items():
        read = diagnose_sweep(group, axis=axis, objective=objective)
        for rate, value, feasible in zip(
            read.learning_rate, read.objective, read.feasible, strict=True
        ):
            kind = "best" if rate == read.best_learning_rate else "feasible"
            kind = kind if feasible else "infeasible"
            rows.append(
                {
                    "group": label,
                    axis: rate,
                    "value": value,
                    "kind": _say(kind),
                }
            )
    data = pd.DataFrame(rows)
    kinds = [_say(kind) for kind in ("feasible", "best", "infeasible")]
    failed = data.kind == kinds[-1]
    data.loc[failed, "value"] = 2 * data.value[~failed].max()
    x = alt.X(axis, type="quantitative", title=_say(axis.replace("_", " ")), **_axis(log=True))
    y = _y("value", objective.replace("_", " "), log=True)
    color = alt.Color("group:N", title=by and _say(by), legend=None if by is None else alt.Legend())
    shape = alt.Shape(
        "kind:N",
        title=None,
        scale=alt.Scale(domain=kinds, range=["circle", STAR, CROSS]),
    )
    size = alt.Size(
        "kind:N",
        legend=None,
        scale=alt.Scale(domain=kinds, range=[50, 260, 90]),
    )
    base = alt.Chart(data, width=WIDTH, height=HEIGHT)
    lines = alt.Chart(data[~failed]).mark_line(strokeWidth=1, opacity=0.5).encode(x, y, color)
    points = base.mark_point(filled=True, opacity=1).encode(
        x, y, color, shape, size, tooltip=[axis, "value", "kind"]
    )
    return _style(alt.layer(lines, points), title)


@_spoken
def intervals(
    runs: xr.Dataset,
    objective: str,
    *,
    axis: str = "batch_size",
    by: str | None = None,
    reference: Mapping[Any, float] | None = None,
    label: str = "theory",
    title: str = "Means with 95% intervals",
    language: str | None = None,
) -> alt.LayerChart:
    """Means over the seeds with their 95 per cent intervals, on logarithmic axes.

    Args:
        runs: the dataset of a sweep with the axes ``axis``, "seed" and perhaps ``by``.
        objective: a variable of it, one positive number a run.
        axis: the axis to lie across.
        by: another axis, one coloured line a value.
        reference: a dashed line, from value of ``axis`` to number.
        label: what that line is called in the legend.
        title: the chart's title.
        language: of its words and numbers; that of the settings if not given.
    Raises:
        ValueError: if an axis is missing or left over.
    """
    kept = [axis, "seed"] if by is None else [by, axis, "seed"]
    if set(runs[objective].dims) != set(kept):
        raise ValueError(f"runs must have the axes {kept}; it has {list(runs[objective].dims)}.")
    groups = {_say(objective): runs} if by is None else {
        f"{_say(by.replace('_', ' '))} {number(v)}": runs.sel({by: v}) for v in runs[by].values
    }  # fmt: skip
    rows = []
    for group, chosen in groups.items():
        found = interval(chosen[objective].transpose(axis, "seed").to_numpy())
        for value, mean, low, high in zip(runs[axis].values, *found, strict=True):
            rows.append({"group": group, axis: value, "mean": mean, "low": low, "high": high})
    names = list(groups) + ([_say(label)] if reference else [])
    dashes = [[1, 0]] * len(groups) + ([[5, 4]] if reference else [])
    ticks = alt.Axis(values=list(map(float, runs[axis].values)), format="~g")
    x = alt.X(axis, type="quantitative", title=_say(axis.replace("_", " ")), axis=ticks,
              scale=alt.Scale(type="log", padding=12))  # fmt: skip
    y = _y("mean", objective, log=True)
    color = alt.Color("group:N", title=None, sort=names,
                      legend=alt.Legend() if len(names) > 1 else None)  # fmt: skip
    shape = alt.Shape("group:N", title=None, sort=names, legend=None)
    dash = alt.StrokeDash("group:N", sort=names, legend=None,
                          scale=alt.Scale(domain=names, range=dashes))  # fmt: skip
    chart = alt.Chart(pd.DataFrame(rows), width=WIDTH, height=HEIGHT)
    layers = [
        chart.mark_line(strokeWidth=1, opacity=0.7).encode(x, y, color, dash),
        chart.mark_rule(strokeWidth=1.5).encode(x, alt.Y("low:Q"), alt.Y2("high:Q"), color),
        chart.mark_point(filled=True, opacity=1, size=50).encode(x, y, color, shape),
    ]
    if reference:
        line = [{"group": names[-1], axis: v, "mean": m} for v, m in reference.items()]
        drawn = alt.Chart(pd.DataFrame(line)).mark_line(strokeWidth=1.5)
        layers.append(drawn.encode(x, y, color, dash))
    return _style(alt.layer(*layers), title)


@_spoken
def outcome_map(
    runs: xr.Dataset,
    *,
    by: str,
    axis: str = "learning_rate",
    title: str = "Final loss by block and rate",
    language: str | None = None,
) -> alt.LayerChart:
    """The final loss of a sweep as a table: a row a value of ``by``, a column a rate.

    Each cell holds the median over the seeds, and a cross where most runs were not finite in the
    end. Its colour says no more than its number.

    Args:
        runs: the dataset of a sweep with the axes ``by``, ``axis`` and perhaps "seed".
        by: the axis of the rows.
        axis: the axis of the learning rates.
        title: the chart's title.
        language: of its words and numbers; that of the settings if not given.
    Raises:
        ValueError: if an axis is missing or left over.
    """
    losses = runs.loss.transpose(by, axis, ..., "step")
    if set(losses.dims) - {"seed"} != {by, axis, "step"}:
        raise ValueError(f"runs must have the axes {by}, {axis} and seed; it has {losses.dims}.")
    finals = np.nan_to_num(final_loss(losses.to_numpy()), nan=np.inf)
    median = np.median(finals.reshape(*finals.shape[:2], -1), -1)
    data = pd.DataFrame(
        {
            "row": str(row),
            "rate": number(rate),
            "value": value if np.isfinite(value) else None,
            "said": number(float(f"{value:.2g}")) if value < UNREADABLE_LOSS else "✕",
        }
        for row, values in zip(runs[by].values, median, strict=True)
        for rate, value in zip(runs[axis].values, values, strict=True)
    )
    data.loc[data.said == "✕", "value"] = None
    columns, rows = (list(data[name].unique()) for name in ("rate", "row"))
    base = alt.Chart(data, width=WIDTH, height=28 * len(rows)).encode(
        alt.X("rate:N", sort=columns, title=_say(axis.replace("_", " ")),
              axis=alt.Axis(labelAngle=0)),
        alt.Y("row:N", sort=rows, title=None, axis=alt.Axis(labelLimit=0)),
    )  # fmt: skip
    scale = alt.Scale(type="log", domain=[0.05, 3], clamp=True, scheme="viridis")
    cells = (
        base.transform_filter("isValid(datum.value)")
        .mark_rect()
        .encode(alt.Color("value:Q", scale=scale, legend=None))
    )
    dark = alt.value("black")
    words = base.mark_text(fontSize=11).encode(
        text="said",
        color=alt.when("!isValid(datum.value)").then(alt.value(GREY))
        .when("datum.value < 0.6").then(alt.value("white")).otherwise(dark),
    )  # fmt: skip
    return _style(alt.layer(cells, words), title)


STAR = "M0,-1L0.235,-0.324L0.951,-0.309L0.380,0.124L0.588,0.809L0,0.4L-0.588,0.809L-0.380,0.124L-0.951,-0.309L-0.235,-0.324Z"  # noqa: E501
CROSS = "M-0.8,-1L0,-0.2L0.8,-1L1,-0.8L0.2,0L1,0.8L0.8,1L0,0.2L-0.8,1L-1,0.8L-0.2,0L-1,-0.8Z"


@_spoken
def schedule(
    schedules: Schedule | dict[str, Schedule],
    steps: int | None = None,
    *,
    log: bool = False,
    title: str = "Learning-rate schedule",
    language: str | None = None,
) -> alt.Chart:
    """Learning rate against step.

    Args:
        schedules: a schedule, or one a label.
        steps: how many steps to show; a schedule's own length if not given.
        log: whether both axes are logarithmic; then step 0 is left out.
        title: the chart's title.
        language: of its words and numbers; that of the settings if not given.
    Raises:
        ValueError: if a schedule has no length and none is given.
    """
    named = {"schedule": schedules} if isinstance(schedules, Schedule) else schedules
    rows = []
    for label, one in named.items():
        length = one.steps if steps is None else steps
        if length is None:
            raise ValueError(f"steps must be given: the schedule {label!r} has no length.")
        t = np.arange(int(log), int(length))
        rows.append(
            pd.DataFrame({"run": label, "step": t, "rate": np.asarray(one(jnp.asarray(t)))})
        )
    data = pd.concat(rows)
    legend = alt.Legend() if len(named) > 1 else None
    chart = (
        alt.Chart(data[data.rate > 0] if log else data, width=WIDTH, height=HEIGHT)
        .mark_line()
        .encode(
            alt.X("step:Q", title=_say("step"), **_axis(log)),
            alt.Y("rate:Q", title=_say("learning rate"), **_axis(log)),
            alt.Color("run:N", title=None, legend=legend, sort=None),
            alt.StrokeDash("run:N", title=None, legend=legend, sort=None),
        )
    )
    return _style(chart, title)


@_spoken
def sharpness(
    trace: Trace,
    *,
    log: bool = True,
    title: str = "Sharpness against its threshold",
    language: str | None = None,
) -> alt.Chart:
    """Measured sharpness, with the threshold above which the optimizer is unstable.

    Args:
        trace: a run that measured its sharpness.
        log: whether the axis is logarithmic.
        title: the chart's title.
        language: of its words and numbers; that of the settings if not given.
    Raises:
        ValueError: if the run measured none.
    """
    if trace.sharpness_step.shape[-1] == 0:
        raise ValueError("the trace holds no sharpness; run with measure_sharpness_at=range(...).")
    series = {
        _say("sharpness"): trace.sharpness,
        _say("stability threshold"): trace.threshold,
    }
    step = np.asarray(trace.sharpness_step)
    data = pd.concat(
        pd.DataFrame({"what": what, "step": step, "value": np.asarray(values)})
        for what, values in series.items()
    )
    data = data[np.isfinite(data.value) & ((data.value > 0) | (not log))]
    names = list(series)
    chart = (
        alt.Chart(data, width=WIDTH, height=HEIGHT)
        .mark_line()
        .encode(
            alt.X("step:Q", title=_say("step")),
            _y("value", "curvature", log),
            alt.Color("what:N", title=None, scale=alt.Scale(domain=names, range=PALETTE[:2])),
            alt.StrokeDash(
                "what:N", title=None, scale=alt.Scale(domain=names, range=[[1, 0], [6, 3]])
            ),
        )
    )
    return _style(chart, title)


@_spoken
def trajectories(
    traces: dict[str, Trace],
    surface: str,
    *,
    title: str = "Trajectories",
    language: str | None = None,
) -> Any:
    """Paths of runs over the contours of a 2-D surface, in Matplotlib, whose contours are better.

    Args:
        traces: runs on that surface with ``record_parameters=True``, one a label.
        surface: its name.
        title: the figure's title.
        language: of its words and numbers; that of the settings if not given.
    Returns:
        A ``matplotlib.figure.Figure``.
    Raises:
        ValueError: if the surface is unknown or a run did not record its parameters.
    """
    with extra("plots"):
        from matplotlib.figure import Figure

    _check.choice("surface", surface, SURFACES)
    left, right, bottom, top = SURFACES[surface].box
    x, y, height = heights(surface, 200)
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    levels = np.geomspace(max(height.min(), 1e-3) + 1e-3, height.max(), 20)
    axes.contour(x, y, height, levels=levels, colors=GREY, linewidths=0.5, alpha=0.6)
    for (label, trace), color, marker in zip(
        traces.items(), _cycle(PALETTE), _cycle("os^Dv*"), strict=False
    ):
        path = np.asarray(trace.parameters)
        if path.shape[0] == 0:
            raise ValueError(f"run {label!r} holds no path; run with record_parameters=True.")
        axes.plot(
            path[:, 0], path[:, 1], color=color, marker=marker, markersize=3, lw=1, label=label
        )
    axes.set(xlim=(left, right), ylim=(bottom, top), title=_say(title), xlabel="x", ylabel="y")
    axes.legend(labelcolor=GREY, facecolor="none", edgecolor=GREY)
    axes.tick_params(colors=GREY)
    for item in (axes.title, axes.xaxis.label, axes.yaxis.label, *axes.spines.values()):
        item.set_color(GREY)
    axes.patch.set_alpha(0)
    figure.patch.set_alpha(0)
    return figure


def _cycle(items: Sequence[str]) -> list[str]:
    return [items[i % len(items)] for i in range(64)]


def use_svg() -> None:
    """Show charts as SVG from here on: no script, no network, the same on every page."""
    alt.renderers.enable("svg")
