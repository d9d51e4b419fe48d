"""Figures: valid Vega-Lite that draws, keeps divergence, and suits light and dark."""

import inspect
import json
import re

import altair as alt
import numpy as np
import pytest
import vl_convert
import xarray as xr

import stabsim as ss
from stabsim import plots
from stabsim._settings import settings, using
from stabsim.schedules import constant, cosine_decay, prepend_warmup
from stabsim.workloads import mlp, quadratic, surface


def luminance(colour):
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(a, b):
    high, low = sorted([luminance(a), luminance(b)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("background", ["#ffffff", "#121212"])
def test_colours_read_on_light_and_dark(background):
    assert contrast(plots.GREY, background) >= 4
    for colour in plots.PALETTE[:2]:
        assert contrast(colour, background) >= 3


def drawn(chart):
    spec = chart.to_dict()
    assert spec["background"] == "transparent"
    return vl_convert.vegalite_to_svg(json.dumps(spec))


@pytest.fixture(scope="module")
def runs():
    def experiment(optimizer, learning_rate, seed):
        return ss.simulate(
            mlp(width=8), optimizer(learning_rate), steps=60, batch_size=32, seed=seed
        )

    return ss.sweep(
        experiment, optimizer=[ss.sgd, ss.momentum], learning_rate=[0.01, 0.1, 0.3, 30.0, 100.0],
        seed=range(3),
    )  # fmt: skip


def test_axis_plot_has_a_star_and_crosses(runs):
    chart = plots.axis_plot(runs, by="optimizer")
    drawn(chart)
    data = max(chart.to_dict()["datasets"].values(), key=len)
    kinds = [row["kind"] for row in data]
    assert kinds.count("best") == 2
    assert "infeasible" in kinds
    assert {row["group"] for row in data} == {"sgd", "momentum"}
    drawn(plots.axis_plot(runs.sel(optimizer="sgd"), objective="validation_error"))


def test_outcome_map_has_a_number_or_a_cross_in_every_cell():
    def experiment(rule, learning_rate, seed):
        bowl = quadratic([1.0], start=2.0)
        return ss.simulate(bowl, {"SGD": ss.sgd, "Adam": ss.adam}[rule](learning_rate), steps=60)

    runs = ss.sweep(experiment, rule=["SGD", "Adam"], learning_rate=[0.5, 30.0], seed=range(2))
    chart = plots.outcome_map(runs, by="rule")
    drawn(chart)
    (data,) = chart.to_dict()["datasets"].values()
    said = {(row["row"], row["rate"]): row["said"] for row in data}
    assert len(data) == len(said) == 4
    assert said["SGD", "30"] == "✕"
    assert float(said["SGD", "0.5"].split("·")[0]) >= 0
    with pytest.raises(ValueError, match="must have the axes seed"):
        plots.outcome_map(runs, by="seed", axis="rule")


@pytest.fixture(scope="module")
def traces():
    return {
        "calm": ss.simulate(quadratic([1.0]), ss.sgd(0.1), steps=200),
        "wild": ss.simulate(quadratic([1.0]), ss.sgd(4.0), steps=200),
    }


def test_divergence_is_marked_where_it_happens(traces):
    chart = plots.loss_curves(traces)
    assert drawn(chart).count("<svg") == 1
    spec = chart.to_dict()
    crosses = spec["datasets"][spec["layer"][1]["data"]["name"]]
    assert crosses == [
        {"run": "wild", "step": traces["wild"].diverged_at, "loss": crosses[0]["loss"]}
    ]
    assert np.isfinite(crosses[0]["loss"])


def test_gradient_norms_histogram_and_schedules_draw(traces):
    assert "threshold 0.5" in drawn(plots.gradient_norms(traces, threshold=0.5))
    svg = drawn(plots.norm_histogram(traces["calm"].gradient_norm))
    assert "90th percentile" in svg
    drawn(plots.gradient_norms(traces["calm"]))
    two = drawn(plots.gradient_norms(traces["calm"], threshold=[0.5, 2.0]))
    assert "threshold 0.5" in two
    assert "threshold 2" in two
    with pytest.raises(ValueError, match="threshold"):
        plots.gradient_norms(traces["calm"], threshold=[0.5, -1.0])
    drawn(plots.schedule({"a": cosine_decay(0.1, 50), "b": constant(0.1, 80)}))
    drawn(plots.schedule(prepend_warmup(constant(0.1, 80), 10), log=True))


def test_sharpness_is_drawn_with_its_threshold():
    trace = ss.simulate(
        mlp(width=4, rows=50), ss.adam(0.01), steps=20, measure_sharpness_at=range(0, 20, 5)
    )
    chart = plots.sharpness(trace)
    data = next(iter(chart.to_dict()["datasets"].values()))
    assert {row["what"] for row in data} == {"sharpness", "stability threshold"}
    drawn(chart)


@pytest.fixture
def language(request):
    with using(language=request.param):
        yield request.param


@pytest.mark.parametrize("language", ["id"], indirect=True)
def test_figures_follow_the_language(traces, runs, language):
    svg = drawn(plots.norm_histogram(traces["calm"].gradient_norm))
    assert "persentil ke-90: 0," in svg
    assert "norma gradien" in svg
    svg = drawn(plots.axis_plot(runs, by="optimizer"))
    for words in ("laju pembelajaran", "loss akhir", "tidak layak", "Sweep"):
        assert words in svg
    assert "best" not in svg


@pytest.mark.parametrize(("language", "written"), [("en", "0.0"), ("id", "0,0")])
def test_a_figure_speaks_the_language_it_is_asked_for(language, written, traces, runs):
    with alt.renderers.enable("default"), alt.renderers.set_embed_options():
        plots.use_svg()
        shown = str(plots.axis_plot(runs, by="optimizer", language=language)._repr_mimebundle_())
    assert f">{written}" in shown
    assert ("laju pembelajaran" in shown) == (language == "id")
    figure = plots.trajectories(
        {"SGD": ss.simulate(surface("valley"), ss.sgd(0.05), steps=2, record_parameters=True)},
        "valley", language=language,
    )  # fmt: skip
    assert figure.axes[0].get_title() == {"en": "Trajectories", "id": "Lintasan"}[language]
    assert settings().language == "en"  # and so does nothing else
    with pytest.raises(ValueError, match="language must be one of en, id, not 'fr'"):
        plots.loss_curves(traces["calm"], language="fr")


def test_every_figure_takes_a_language():
    drawing = [getattr(plots, name) for name in plots.__all__ if name != "use_svg"]
    assert all("language" in inspect.signature(one).parameters for one in drawing)


def test_trajectories_are_drawn_over_their_surface(tmp_path):
    runs = {
        "SGD": ss.simulate(surface("valley"), ss.sgd(0.05), steps=20, record_parameters=True),
        "Adam": ss.simulate(surface("valley"), ss.adam(0.3), steps=20, record_parameters=True),
    }
    figure = plots.trajectories(runs, "valley")
    lines = figure.axes[0].lines
    assert [line.get_label() for line in lines] == ["SGD", "Adam"]
    np.testing.assert_allclose(lines[0].get_xydata(), runs["SGD"].parameters)
    figure.savefig(tmp_path / "path.png")


def test_bad_figures(traces, unchecked):
    with pytest.raises(TypeError, match="traces must be a Trace or a dict"):
        plots.loss_curves([1.0, 2.0])
    with pytest.raises(ValueError, match="has no length"):
        plots.schedule(constant(0.1))
    with pytest.raises(ValueError, match="measure_sharpness_at"):
        plots.sharpness(traces["calm"])
    with pytest.raises(ValueError, match="record_parameters=True"):
        plots.trajectories(traces, "valley")
    with pytest.raises(ValueError, match="surface must be one of"):
        plots.trajectories(traces, "bowl")
    with pytest.raises(ValueError, match="at least one finite gradient norm"):
        plots.norm_histogram([np.nan])
    with pytest.raises(ValueError, match="positive norm"):
        plots.norm_histogram([0.0, 0.0])


def test_intervals_hold_means_and_ends():
    rows = np.arange(1.0, 13.0).reshape(2, 2, 3)
    data = xr.Dataset(
        {"error": (("rate", "batch_size", "seed"), rows)},
        {"rate": [0.1, 0.2], "batch_size": [8, 32], "seed": [0, 1, 2]},
    )
    chart = plots.intervals(data, "error", by="rate")
    drawn(chart)
    (found,) = [d for d in chart.to_dict()["datasets"].values() if "low" in d[0]]
    assert [row["mean"] for row in found] == [2.0, 5.0, 8.0, 11.0]
    assert {round(row["high"] - row["mean"], 3) for row in found} == {2.484}
    one = plots.intervals(data.sel(rate=0.1), "error", reference={8: 2.0, 32: 4.0})
    assert "theory" in drawn(one)
    with pytest.raises(ValueError, match="must have the axes"):
        plots.intervals(data, "error")


def test_labels_of_two_decades_do_not_touch():
    svg = drawn(plots.norm_histogram(np.geomspace(1.2e-4, 8e-3, 200)))
    labels = re.findall(r"translate\(([\d.]+),15\)[^>]*>(0\.[\d]+)</text>", svg)
    places = [float(place) for place, _ in labels]
    assert len(places) > 2
    assert np.diff(places).min() > 7 * max(len(label) for _, label in labels)  # pixels a letter
