"""The labs: settings, reports, the widget, and the two halves that must say the same."""

import dataclasses
import json
import re

import jax
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from sklearn.datasets import load_digits

import jax2wasm
import stabsim as ss
from book import lab_page as page
from book import lab_programs as build
from book.parity import Parity
from stabsim import diagnosis, labs
from stabsim._numerals import plain
from stabsim._settings import LANGUAGES, using
from stabsim._words import Text, number
from stabsim.labs import LABS, clip, plane, roots, warmup_map
from stabsim.labs.frame import charts, landscape, picture
from stabsim.labs.frame.any_rule import RULES, AnyRule
from stabsim.labs.frame.frames import as_of, within
from stabsim.labs.frame.lab import Choice, Slider
from stabsim.labs.frame.picture import OWN, is_own, pictures, specifications
from stabsim.labs.frame.reading import at_cursor, steps
from stabsim.labs.frame.report import marks, reached, report
from tests.node import READ, in_node
from tests.tiers import in_short, in_turn

pytestmark = [
    pytest.mark.long_runs,
    pytest.mark.usefixtures("unchecked"),  # the tests of the parts are checked
]

ERROR = "validation_error"
RULES_JSON = {name: getattr(diagnosis, name) for name in page.RULES}


# --- settings ---


@pytest.mark.parametrize(
    ("name", "setting", "error", "said"),
    [
        ("nowhere", {}, ValueError, "name must be one of first, strides"),
        ("strides", {"rate": 1}, TypeError, "has no control rate: it has learning_rate"),
        ("strides", {"learning_rate": 7}, ValueError, "from 0.01 to 1; it is 7"),
        ("strides", {"learning_rate": float("nan")}, ValueError, "from 0.01 to 1"),
        ("strides", {"warmup": 1.5}, ValueError, "whole number"),
        ("strides", {"seed": "0"}, TypeError, "must be a number, not '0'"),
        ("kinds", {"net": "big"}, ValueError, "one of residual, strides, outliers"),
    ],
)
def test_bad_settings(name, setting, error, said):
    with pytest.raises(error, match=said):
        labs.show(name, **setting)


def test_bad_language():
    with pytest.raises(ValueError, match="one of en, id, not 'fr'"):
        labs.show("strides", language="fr").widget()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_typed_is_read_alike_in_page_and_widget(language):
    rate = Slider("x", Text("a", "a"), 1e-4, 10, 0.1, "log")
    count = Slider("x", Text("a", "a"), 0, 100, 0, "whole")
    given = ["0.0625", "0,0625", "2^-4", "2**-4", " 5e-2 ", "\u22121", "", "x", "11", "1e999", "7",
             "7.5", "0,00012345", "99.9999"]  # fmt: skip
    there = in_node(
        READ + 'import { typed } from "./settings.mjs";\nimport { plain } from "./numerals.mjs";\n'
        "console.log(JSON.stringify(given.sliders.map((c) => given.texts.map((text) => {\n"
        "  const value = typed(c, text, given.language);\n"
        "  return [value, value === null ? null : plain(value, given.language)];\n"
        "}))));",
        {
            "sliders": [page.described(c, language) for c in (rate, count)],
            "texts": given,
            "language": language,
        },
    )
    here = [
        [
            [v, None if v is None else plain(v, language)]
            for v in (c.typed(x, language) for x in given)
        ]
        for c in (rate, count)
    ]
    assert there == here
    assert here[0][:5] == [[x, number(x, language)] for x in [0.0625] * 4 + [0.05]]
    assert [v for v, _ in here[1]] == [*[None] * 8, 11, None, 7, *[None] * 3]


SLOW = {"attention", "simulator", "thresholds"}
"""Labs whose idle controls are tried in the long tier alone."""


def idle():
    """Every control that does nothing somewhere, and a setting in which it does not."""
    seen = set()
    for name, lab in LABS.items():
        for control in lab.controls:
            for value in control.idle.values if control.idle else ():
                yield pytest.param(name, control.name, {control.idle.control: value},
                                   id=f"{name}-{control.name}-{value}",
                                   marks=[pytest.mark.long] if name in SLOW | seen else [],
                                   )  # fmt: skip
                seen.add(name)


@pytest.mark.parametrize(("name", "control", "where"), list(idle()))
def test_an_idle_control_does_nothing_there_and_something_elsewhere(name, control, where):
    lab = LABS[name]
    it = lab.control(control)
    assert control in lab.idle(lab.setting(where))

    def runs(setting):
        ends = [it.at(place) for place in it.ends] if isinstance(it, Slider) else [
            option.value for option in it.options]  # fmt: skip
        tables = [lab.compute(lab.setting(setting | {control: end})) for end in ends]
        return [
            {k: x for t in one.values() for k, x in t.items() if k != control} for one in tables
        ]

    first, *others = runs(where)
    for other in others:
        for column, x in first.items():
            np.testing.assert_array_equal(x, other[column])
    elsewhere = next(o.value for o in lab.control(it.idle.control).options
                     if o.value not in it.idle.values)  # fmt: skip
    first, *others = runs({it.idle.control: elsewhere})
    assert any(
        not np.array_equal(x, o[k], equal_nan=True) for o in others for k, x in first.items()
    )


def test_the_cursor_reads_every_panel_and_every_kept_run():
    lab = LABS["batch_run"]
    one, other = (lab.compute(lab.setting({"seed": seed})) for seed in (0, 1))
    along = steps(lab, one)
    assert along.size == one["run"]["epoch"].size
    said = at_cursor(lab, [one, other], along.size // 2, "id")
    loss, error = (
        [number(float(run[table][column][i]), "id") for run in (one, other)]
        for table, column, i in (("run", "loss", along.size // 2), ("validation", ERROR, 10))
    )
    assert said == ["epoch 20", f"loss tiap minibatch {' / '.join(loss)}",
                    f"galat validasi dalam % {' / '.join(error)}"]  # fmt: skip
    # Maps over batch sizes and rates, whose marks are no run's steps.
    none = ["batch_rates", "batch_steps"]
    assert [name for name, lab in LABS.items() if not lab.cursor] == none


def test_the_cursor_says_where_one_path_stands_and_not_where_six_do():
    lab = LABS["valley"]
    run = lab.compute(lab.defaults)
    x, y = run["path"]["x"][7], run["path"]["y"][7]
    said = at_cursor(lab, [run], 7, "en")
    assert said[:3] == ["step 7", f"θ₁ {number(x, 'en')}", f"θ₂ {number(y, 'en')}"]
    assert len(said) == 6
    race = LABS["race"]
    assert not any("θ" in line for line in at_cursor(race, [race.compute(race.defaults)], 7, "en"))


@pytest.mark.parametrize("name", LABS)
def test_every_word_is_there_in_both_languages(name):
    lab = LABS[name]
    texts = [lab.title, *(c.label for c in lab.controls), *(p.alt for p in lab.panels)]
    for control in lab.controls:
        if isinstance(control, Choice):
            texts += [option.label for option in control.options]
        else:
            assert control.low <= control.default <= control.high
    assert all(text.en and text.id for text in texts)
    # The page finds a lab's panels in their order: those under a slider come last.
    under = [bool(panel.under) for panel in lab.panels]
    assert under == sorted(under)


# --- landscapes ---


def test_contour_lines_lie_where_the_height_is_theirs():
    def height(p):
        return (p[0] ** 2 + 20 * p[1] ** 2) / 2

    box = np.array([-5.0, 5.0, -2.0, 2.0], np.float32)
    lines = np.asarray(landscape.segments(height, jax.numpy.asarray(box), 0.0))
    drawn = lines[np.isfinite(lines).all(1)]
    assert 300 < len(drawn) < landscape.ROOM
    ends = drawn.reshape(-1, 2)
    assert (ends >= box[::2] - 1e-4).all()
    assert (ends <= box[1::2] + 1e-4).all()
    root = np.sqrt(np.asarray(jax.vmap(height)(ends)))
    highest = np.sqrt(height(box[1::2]))
    share = root / highest * (landscape.LEVELS + 1)
    # Each end lies on one of the lines, and both of a segment on the same.
    assert np.abs(share - share.round()).max() < 0.15
    whole = share.round().reshape(-1, 2)
    np.testing.assert_array_equal(whole[:, 0], whole[:, 1])
    assert set(whole.ravel()) == set(range(1, landscape.LEVELS + 1))


def test_lines_side_by_side_are_one_path_in_a_first_picture():
    line = '<line aria-hidden="true" transform="translate({},{})" x2="{}" y2="-1.5" stroke="{}"/>'
    drawn = [line.format(1, 2, 3, "red"), line.format(1e-3, 4.26, 5, "red"),
             line.format(6, 7, 8, "blue")]  # fmt: skip
    assert picture.LINES.sub(picture._joined, f"<g>{''.join(drawn)}</g>{drawn[0]}") == (
        '<g><path aria-hidden="true" fill="none" d="M1.0,2.0l3.0,-1.5M0.0,4.3l5.0,-1.5" '
        'stroke="red"/><path aria-hidden="true" fill="none" d="M6.0,7.0l8.0,-1.5" stroke="blue"/>'
        f"</g>{drawn[0]}"
    )


@pytest.mark.parametrize("rate", [0.08, 0.12, 0.5])
def test_the_view_widens_as_the_path_leaves_and_holds_it_at_every_step(rate):
    lab = LABS["valley"]
    table = lab.compute(lab.setting({"learning_rate": rate}))["path"]
    widths = []
    for step in (*range(61), np.inf):
        seen = as_of(table, step)
        path, corners = (
            np.stack([seen["x"], seen["y"]], -1)[seen["line"] == kind]
            for kind in (landscape.PATH, landscape.CORNER)
        )
        assert len(path) == min(step, 60) + 1
        assert len(corners) == 2
        known = path[np.isfinite(path).all(1)]
        assert (known >= corners[0]).all()
        assert (known <= corners[1]).all()
        widths.append(corners[1, 0] - corners[0, 0])
    assert widths[0] == 10
    assert widths == sorted(widths)
    assert widths[-1] == {0.08: 10, 0.12: 10240, 0.5: 10240}[rate]


@pytest.mark.parametrize(
    ("name", "table", "one", "other"),
    [
        ("valley", "path", {"learning_rate": 0.11}, {"learning_rate": 0.13}),
        ("race", "path", {}, {"learning_rate": 0.05}),
        ("overshoot", "cut", {"learning_rate": 0.05}, {"learning_rate": 0.08}),
        ("clip", "arrow", {"seed": 6}, {"seed": 5}),
    ],
)
def test_the_page_sees_the_rows_that_the_widget_sees(name, table, one, other):
    lab = LABS[name]
    one, other = (lab.compute(lab.setting(changes))[table] for changes in (one, other))
    steps_seen = [0, 7, 39]
    plain = [{k: [None if np.isnan(x) else min(float(x), 1e9) for x in v] for k, v in t.items()}
             for t in (one, other)]  # fmt: skip
    there = in_node(
        READ + 'import { asOf, within } from "./frames.mjs";\n'
        "for (const t of given.tables) for (const k in t)\n"
        "  t[k] = t[k].map((x) => (x === null ? NaN : x));\n"
        "console.log(JSON.stringify(given.steps.map((step) => {\n"
        "  const [run, ghost] = given.tables.map((table) => asOf(table, step));\n"
        "  return [run.x.length, within(ghost, run).x];\n"
        "})));",
        {"tables": plain, "steps": steps_seen},
    )
    for step, (count, xs) in zip(steps_seen, there, strict=True):
        run, ghost = as_of(one, step), as_of(other, step)
        inside = within(ghost, run)["x"]
        assert count == run["x"].size
        assert xs == pytest.approx(inside.tolist())
        assert inside.size > 0


@pytest.mark.parametrize(
    ("name", "place", "changes"),
    [
        ("overshoot", 0, {"learning_rate": 0.05}),
        pytest.param("bowl", 0, {"product": 0.6}, marks=pytest.mark.long),
        ("clip", 1, {"seed": 6, "threshold": 1.0}),
        pytest.param("roots", 0, {"product": 2.5}, marks=pytest.mark.long),
        ("race", 0, {"learning_rate": 0.05}),
        pytest.param("valley", 0, {"learning_rate": 0.05}, marks=pytest.mark.long),
    ],
)
def test_a_kept_run_is_drawn_in_its_colour(name, place, changes):
    lab = LABS[name]
    tables, kept = (lab.compute(lab.setting(given)) for given in ({}, changes))
    facts = report(lab, tables, lab.defaults, "en").facts
    lab = dataclasses.replace(lab, panels=(lab.panels[place],))
    alone, both, twice = (
        pictures(lab, tables, lab.defaults, facts, "en", 620, runs, 5)[0] or ""
        for runs in ((), (kept,), (tables, kept))
    )
    assert len(both) > len(alone)
    assert twice.count(charts.KEPT_COLORS[1]) > alone.count(charts.KEPT_COLORS[1])


def test_the_arrow_has_the_angle_between_gradient_and_velocity():
    net, eta, gamma, steps = clip.corrupted(), 0.05, clip.GAMMA, 12
    trace = ss.simulate(
        net, ss.momentum(eta, gamma), steps=steps, batch_size=32, seed=6, evaluate_at=(),
        clipping=ss.clipping.clip_by_global_norm(1.3), record_parameters=True,
    )  # fmt: skip
    assert 0 < trace.clipped.sum() < steps
    left = np.minimum(np.asarray(trace.gradient_norm), 1.3)
    found = clip.turned(trace.update_norm, jax.numpy.asarray(left), eta, gamma)
    velocity = -np.diff(np.asarray(trace.parameters, float), axis=0) / eta
    gradient = velocity[1:] - gamma * velocity[:-1]
    along = (gradient * velocity[:-1]).sum(1)
    cosine = along / np.linalg.norm(gradient, axis=1) / np.linalg.norm(velocity[:-1], axis=1)
    np.testing.assert_allclose(np.linalg.norm(gradient, axis=1), left[1:], rtol=1e-3)
    np.testing.assert_allclose(found[1:], cosine, atol=2e-3)
    assert found[0] == 1
    assert np.ptp(cosine) > 0.1


def test_what_clipping_leaves_of_the_arrow_ends_at_the_circle():
    lab = LABS["clip"]
    table = lab.compute(lab.setting({"seed": 6, "threshold": 3.0}))["arrow"]
    for step, inside in ((62, False), (61, True)):
        seen = as_of(table, step)
        places = np.stack([seen["x"], seen["y"], seen["x2"], seen["y2"]], -1)
        (circle,), (whole,), (left,) = (
            np.unique(np.hypot(*places[seen["kind"] == kind][:1, ends].T))
            for kind, ends in ((charts.CIRCLE, [0, 1]), (charts.ARROW, [2, 3]),
                               (charts.LEFT, [2, 3]))
        )  # fmt: skip
        assert left == pytest.approx(min(whole, circle), rel=1e-5)
        assert (whole < circle) is np.bool_(inside)
        assert (seen["kind"] == charts.DOT).sum() == step + 1
        share = seen["value"][seen["kind"] == charts.SHARE]
        assert share == pytest.approx(100 * seen["value"][seen["kind"] == charts.DOT].mean())


@pytest.mark.parametrize("rule", roots.RULES)
@pytest.mark.parametrize(("product", "gamma"), [(0.1, 0.0), (0.4, 0.9), (1.0, 0.5), (3.7, 0.99)])
def test_the_roots_are_those_of_the_paths_recurrence(rule, product, gamma):
    lab = LABS["roots"]
    tables = lab.compute(lab.setting({"rule": rule, "product": product, "gamma": gamma}))
    table = tables["roots"]
    mine = table["kind"] == charts.DOT
    found = table["x"][mine] + 1j * table["y"][mine]
    a, b = found.sum().real, found.prod().real
    path = tables["path"]["distance"].astype(float)
    np.testing.assert_allclose(path[2:12], a * path[1:11] - b * path[:10], rtol=2e-3, atol=1e-4)
    expected = np.roots([1, -a, b])
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=2e-3)
    largest = np.abs(found).max()
    assert tables["now"]["largest"][0] == pytest.approx(largest, rel=1e-5)
    assert (largest > 1) == (product > tables["now"]["edge"][0])


def test_the_roots_meet_where_they_are_said_to():
    for which, gamma in ((1, 0.8), (1, 0.3), (2, 0.6)):
        for product in roots.meeting(which, gamma):
            one, other = roots.roots(*roots.polynomial(which, product, gamma))
            np.testing.assert_allclose(one, other, atol=2e-3)


def test_one_root_passes_through_the_left_end_of_the_circle_at_the_edge():
    for which, gamma in ((0, 0.0), (1, 0.9), (2, 0.6)):
        edge = AnyRule(which, 1.0, gamma, 0.999).threshold(1.0)
        found = roots.roots(*roots.polynomial(which, jax.numpy.asarray(edge), gamma))
        np.testing.assert_allclose(found[1], [-1, 0], atol=1e-5)
        assert abs(found[0, 0]) < 1


def test_no_plane_holds_more_of_a_path_than_the_principal_one():
    rng = np.random.default_rng(0)
    path = np.cumsum(rng.normal(size=(30, 50)) * np.geomspace(1, 0.02, 50), 0).astype(np.float32)
    drawn = np.arange(30) < 25
    seen = plane.about(jax.numpy.asarray(path), jax.numpy.asarray(drawn))
    directions = plane.principal(seen)
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-5)
    known = path[drawn].astype(float)
    sizes = np.linalg.svd(known - known.mean(0), compute_uv=False) ** 2
    assert plane.held(seen, directions) == pytest.approx(sizes[:2].sum() / sizes.sum(), rel=1e-4)
    other = plane.upright(jax.numpy.asarray(path[3]), jax.numpy.asarray(path[20]))
    np.testing.assert_allclose(other @ other.T, np.eye(2), atol=1e-5)
    assert plane.held(seen, other) < plane.held(seen, directions)


def test_the_path_swings_across_the_plane_above_the_edge_and_not_far_below():
    lab = LABS["plane"]
    swings = {}
    for rate in (0.02, 0.075):
        table = lab.compute(lab.setting({"learning_rate": rate}))["plane"]
        y = table["y"][table["line"] == landscape.PATH]
        swings[rate] = (np.sign(y[1:8]) != np.sign(y[:7])).sum()
    assert swings[0.02] <= 1
    assert swings[0.075] == 7


# --- what a run is said to be ---


def curves(runs) -> list[list[float]]:
    """Real losses of all kinds, and made-up ones that no network would give."""
    rng = np.random.default_rng(0)
    real = runs.loss.transpose(..., "step").to_numpy().reshape(-1, 150)
    walks = [np.exp(np.cumsum(rng.normal(-0.01, s, n))) for s in (0.1, 0.3, 1.0)
             for n in (2, 3, 7, 20, 60, 200, 500)]  # fmt: skip
    flat = [np.ones(40), np.r_[np.ones(20), 50.0, np.ones(19)], np.full(5, np.nan),
            np.r_[2.0, np.nan, 1.0], -np.arange(30.0)]  # fmt: skip
    return [list(map(float, x)) for x in [*real, *walks, *flat]]


def test_the_page_diagnoses_as_python_does(real_runs):
    losses = curves(real_runs)
    theirs = in_node(
        READ + 'import { diagnose } from "./diagnosis.mjs";\n'
        "const read = (x) => (x === null ? NaN : x === 'inf' ? Infinity : x);\n"
        "console.log(JSON.stringify(given.losses.map((l) => diagnose(l.map(read), given.rules))));",
        {
            "losses": [
                [None if np.isnan(x) else "inf" if np.isinf(x) else x for x in loss]
                for loss in losses
            ],
            "rules": RULES_JSON,
        },
    )
    kinds = set()
    for loss, there in zip(losses, theirs, strict=True):
        here = ss.diagnose(loss)
        kinds.add(here.verdict)
        assert there["verdict"] == here.verdict
        assert there["end"] == (None if here.diverged_at is None else int(here.diverged_at))
        assert len(there["rises"]) == len(here.rises)
        for a, b in zip(there["rises"], here.rises, strict=True):
            assert (a["onset"], a["peakStep"], a["recovered"], a["early"]) == (
                b.onset, b.peak_step, b.recovered_at, b.early)  # fmt: skip
            assert (a["lowest"], a["peak"]) == pytest.approx((b.lowest, b.peak), rel=1e-12)
    assert kinds == set(diagnosis.Verdict)


def test_the_page_writes_numbers_as_python_does():
    rng = np.random.default_rng(0)
    values = [0.0, 1.0, -2.5, 1e-4, 9.996e-5, 99949.0, 99951.0, 123456.0, 1e30, 0.000488]
    values += list(rng.normal(size=200) * 10.0 ** rng.integers(-9, 12, 200))
    written = in_node(
        READ + 'import { number } from "./numbers.mjs";\n'
        "console.log(JSON.stringify(given.map((x) => [number(x, 'en'), number(x, 'id')])));",
        values,
    )
    assert written == [[number(x, "en"), number(x, "id")] for x in values]


@pytest.mark.parametrize(
    "case",
    in_turn(
        ("axis", "clip", "kinds", "mend", "race", "late_spikes", "plane"), "kinds", "mend", "race"
    ),
)
def test_the_page_reports_as_python_does(case):
    name, language = case.split("-")
    lab = LABS[name]
    settings = list(lab.variants().values())[:2]
    if name == "mend":  # reached, then one change too many; another seed is none
        two = {"rule": "sgd", "gain": 0.3}
        settings = [{}, two, two | {"seed": 4}, two | {"warmup": 1}]
    for static in settings:
        values = lab.defaults | static
        tables = lab.compute(values)
        plain = {
            n: {k: [None if not np.isfinite(x) else float(x) for x in np.ravel(v)]
                for k, v in table.items()}
            for n, table in tables.items()
        }  # fmt: skip
        there = in_node(
            READ + 'import { report, reached } from "./report.mjs";\n'
            'import { python } from "./python.mjs";\n'
            "const { lab, words, tables, values } = given;\n"
            "for (const t of Object.values(tables)) for (const k in t)\n"
            "  t[k] = t[k].map((x) => (x === null ? NaN : x));\n"
            "const said = report(lab, words, tables, values);\n"
            "const goals = lab.goals.map(([, conditions]) => reached(conditions, said.facts));\n"
            "console.log(JSON.stringify([said.sentences, goals,\n"
            "  tables.axis?.kind ?? null, python(lab, values)]));",
            {
                "lab": page.description(lab, language, {}),
                "words": page.frame(language),
                "tables": plain,
                "values": values,
            },
        )
        here = report(lab, tables, values, language)
        if name == "mend":
            assert here.facts["changes"] == len(static) - ("seed" in static)
            assert reached(lab, here.facts) is (here.facts["changes"] == 2)
        kind = tables["axis"]["kind"].tolist() if lab.sweep else None
        goals = [reached(lab, here.facts, i) for i in range(len(lab.goals))]
        assert there == [here.sentences, goals, kind, lab.python(values)]


RISE = re.compile(
    r"from (\S+) at step (\d+) to (\S+) at step (\d+)(?:, and is back by step (\d+))?"
)
SPAN = re.compile(r"stable\. The loss starts at (\S+) and ends at (\S+)\.(?: |$)")
WRONG = re.compile(
    r"\b1 (steps|runs|times|octaves|decades|nats|guesses)\b|per cent|persen|(?<!\w)-\d|NaN[%×]"
)
"""A plural of one, a sign that is none, and a number that is not there."""


def value(written):
    """A number as :func:`number` writes it in English."""
    plain = written.replace("−", "-").replace("∞", "inf").replace("·10", "e")
    return float(plain.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))


def corners(lab):
    """Settings of a lab: as it begins, each control at its ends, and some at random."""
    rng = np.random.default_rng(0)
    yield {}
    for control in lab.controls:
        if isinstance(control, Slider):
            yield from ({control.name: control.at(place)} for place in control.ends)
        else:
            yield {control.name: control.options[-1].value}
    for _ in range(4):
        yield {control.name: control.sample(rng) for control in lab.controls}


@pytest.mark.parametrize(
    "name",
    in_short(
        [name for name, lab in LABS.items() if lab.curves],
        "race",
        "mend",
        "twins",
    ),
)
def test_no_report_says_what_cannot_be(name):
    lab = LABS[name]
    for changes in corners(lab):
        values = lab.setting(changes)
        tables = lab.compute(values)
        for language in LANGUAGES:
            said = " ".join(report(lab, tables, values, language).sentences)
            assert not WRONG.search(said), (changes, said)
        said = report(lab, tables, values, "en").sentences
        for line in said:
            for low, begin, high, peak, back in RISE.findall(line):
                assert value(low) <= value(high), (changes, line)
                assert int(begin) < int(peak) < int(back or STEPS_AT_MOST), (changes, line)
            for start, end in SPAN.findall(line.replace("Stable", "stable")):
                assert value(end) <= 1000 * value(start), (changes, line)


STEPS_AT_MOST = 10**6


def test_a_map_of_catapults_and_its_reports_agree():
    lab = LABS["warmup_map"]
    known = warmup_map.the_map()
    kinds = known["outcome"].tolist()
    for kind in (warmup_map.STABLE, warmup_map.CATAPULTING, warmup_map.DIVERGED):
        for place in np.flatnonzero(np.asarray(kinds) == kind)[::9]:
            changes = {k: known[k][place].item() for k in ("warmup", "learning_rate")}
            rate = min(max(changes["learning_rate"], 0.00781), warmup_map.RATES[-1])
            values = lab.setting(changes | {"learning_rate": rate})
            told = report(lab, lab.compute(values), values, "en")
            said = " ".join(told.sentences)
            assert (kind == warmup_map.DIVERGED) == said.startswith(
                ("Diverged", "Early instability.")
            )
            leapt = "a leap too short" in said or "It rises" in said
            assert kind == warmup_map.DIVERGED or leapt == (kind == warmup_map.CATAPULTING), said


@pytest.mark.parametrize("name", in_short(["kinds", "strategies", "thresholds", "twins"], "twins"))
def test_a_cross_stands_in_every_chart_over_steps_of_a_run_that_blew_up(name):
    lab = LABS[name]
    values = lab.setting({"thresholds": {"learning_rate": 2.0}}.get(name, {}))
    tables = lab.compute(values)
    facts = report(lab, tables, values, "en").facts
    described = page.description(lab, "en", {})
    plain = {n: {k: [None if not np.isfinite(x) else float(x) for x in np.ravel(v)]
                 for k, v in t.items()} for n, t in tables.items()}  # fmt: skip
    there = in_node(
        READ + 'import { marks, report } from "./report.mjs";\n'
        "const { lab, words, tables, values } = given;\n"
        "for (const t of Object.values(tables)) for (const k in t)\n"
        "  t[k] = t[k].map((x) => (x === null ? NaN : x));\n"
        "const { facts } = report(lab, words, tables, values);\n"
        "console.log(JSON.stringify(lab.panels.map((p) => marks(lab, p, tables, values, facts))));",
        {"lab": described, "words": page.frame("en"), "tables": plain, "values": values},
    )
    here = [marks(lab, panel, tables, values, facts, "en") for panel in lab.panels]
    assert json.loads(json.dumps(here)) == there
    crosses = [[m["x"] for m in some if m["kind"] == "diverged"] for some in here]
    at = [] if name == "twins" else [facts["diverged_at"]]
    assert crosses == [[] if panel.under else at for panel in lab.panels]


def test_of_several_goals_those_of_the_menus_are_drawn():
    lab = LABS["simulator"]
    for net, heights in {"tanh": [], "relu": [0.1], "valley": [0.001]}.items():
        values = lab.setting({"net": net})
        tables = lab.compute(values)
        facts = report(lab, tables, values, "en").facts
        marked = marks(lab, lab.panels[0], tables, values, facts, "en")
        assert [mark["y"] for mark in marked if mark["kind"] == "goal"] == heights
        script = (
            READ + 'import { marks } from "./report.mjs";\n'
            "const { lab, values } = given;\n"
            "const tables = { run: { step: [0, 1] } };\n"
            "console.log(JSON.stringify(marks(lab, lab.panels[0], tables, values, {})));"
        )
        there = in_node(script, {"lab": page.description(lab, "en", {}), "values": values})
        assert [mark["y"] for mark in there if mark["kind"] == "goal"] == heights


def test_a_goal_is_told_whose_it_is_where_several_curves_are_drawn():
    lab = LABS["twins"]
    tables = lab.compute(lab.defaults)
    facts = report(lab, tables, lab.defaults, "id").facts
    marked = marks(lab, lab.panels[0], tables, lab.defaults, facts, "id")
    assert [m["text"] for m in marked if m["kind"] == "goal"] == [
        "sasaran: Dengan pemotongan", "sasaran: Tanpa pemotongan"]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "place"), [("strides", 0), ("clip", 2), ("overshoot", 0), ("surrogate", 0)]
)
def test_a_legend_shows_a_line_as_it_is_drawn(name, place):
    (legend,) = specifications(LABS[name], "en")[place]["legends"]
    assert {"stroke", "strokeDash"} <= set(legend)


def test_the_balls_chart_grows_with_its_swings():
    lab = LABS["bowl"]
    drawn = {}
    for product in (1.5, 2.5):
        values = lab.setting({"product": product})
        tables = lab.compute(values)
        facts = report(lab, tables, values, "en").facts
        drawn[product] = pictures(lab, tables, values, facts, "en", 620)[1] or ""
        assert facts["edge"] == 2
    assert ">1<" in drawn[1.5]
    assert ">2000<" in drawn[2.5]


def test_one_of_what_a_slider_counts_is_no_plural():
    warmup = LABS["first"].control("warmup")
    assert isinstance(warmup, Slider)
    assert [warmup.written(n, "en") for n in (0, 1, 2)] == ["0 steps", "1 step", "2 steps"]
    assert [warmup.typed(text, "en") for text in ("1 step", "3 steps", "3 runs")] == [1, 3, None]
    there = in_node(
        READ + 'import { written } from "./settings.mjs";\n'
        "console.log(JSON.stringify([0, 1, 2].map((n) => written(given, n, 'en'))));",
        page.described(warmup, "en"),
    )
    assert there == ["0 steps", "1 step", "2 steps"]


def test_sliders_have_the_same_values_in_page_and_widget():
    sliders = [c for lab in LABS.values() for c in lab.controls if isinstance(c, Slider)]
    described = [page.described(c, "en") for c in sliders]
    places = [range(c.ends[0], c.ends[1] + 1) for c in sliders]
    there = in_node(
        READ + 'import { valueAt, positionOf } from "./settings.mjs";\n'
        "console.log(JSON.stringify(given.map(([c, places]) =>\n"
        "  places.map((p) => [valueAt(c, p), positionOf(c, valueAt(c, p))]))));",
        [[c, list(p)] for c, p in zip(described, places, strict=True)],
    )
    for control, row, values in zip(sliders, places, there, strict=True):
        assert [v for v, _ in values] == [control.at(p) for p in row]
        assert [p for _, p in values] == [control.position(v) for v, _ in values] == list(row)


def test_goals_are_not_reached_at_first_but_can_be():
    lab = LABS["strides"]
    for warmup, expected in ((0, False), (10, True)):
        values = lab.setting({"warmup": warmup})
        facts = report(lab, lab.compute(values), values, "en").facts
        assert reached(lab, facts) is expected


@pytest.mark.parametrize("case", in_turn(("blocks", "clip", "first"), "clip"))
def test_the_page_draws_what_is_drawn_by_hand_as_python_does(case):
    name, language = case.split("-")
    lab = LABS[name]
    tables = lab.compute(lab.setting({"seed": 6}))
    place, spec = next(
        (panel, spec)
        for panel, spec in zip(lab.panels, specifications(lab, language), strict=True)
        if is_own(spec)
    )
    table, own = tables[place.table], OWN[spec["picture"]]
    kept = lab.compute(lab.setting({"seed": 5}))[place.table]
    cases = [(step, width) for step in (0, 3, 62, 10_000) for width in (300, 480, 620)]
    there = in_node(
        READ + 'import { said, svg } from "./PART.mjs";\n'.replace("PART", own.PART) +
        "const { spec, cases, language } = given;\n"
        "const kept = [{ slot: 0, table: given.kept }];\n"
        "console.log(JSON.stringify(cases.map(([step, width]) =>\n"
        "  [said, svg].flatMap((f) => [[], kept].map((k) => f === said ?\n"
        "    said(spec, given.table, step, language, k) :\n"
        "    svg(spec, given.table, step, width, language, k))))));",
        {
            "spec": spec, "cases": cases, "language": language,
            "table": {k: x.tolist() for k, x in table.items()},
            "kept": {k: x.tolist() for k, x in kept.items()},
        },
    )  # fmt: skip
    here = [
        [*(own.said(spec, table, step, language, k) for k in ((), (kept,))),
         *(own.svg(spec, table, step, width, language, k) for k in ((), (kept,)))]
        for step, width in cases
    ]  # fmt: skip
    assert there == here
    assert len({said for said, *_ in here}) > 2
    assert all(said != compared for said, compared, *_ in here)


def test_a_minibatch_is_shown_as_the_network_gets_it():
    lab = LABS["clip"]
    table = lab.compute(lab.setting({"seed": 6}))["batch"]
    wrong = table["guess"] != table["label"]
    hit = np.flatnonzero(table["scale"] != 1)
    assert set(table["scale"]) == {1.0, 30.0}
    # The corrupted minibatch is read as well as any; what comes after it is not.
    after = slice(hit[0] + 32, hit[0] + 64)
    assert wrong[after].mean() > 4 * wrong[hit[:32]].mean()
    # The first minibatch, line by line, is among scikit-learn's own images.
    pixels = [[int(digit) for i in range(8) for digit in f"{table[f'line_{i}'][row]:08o}"]
              for row in range(32)]  # fmt: skip
    images, labels = load_digits(return_X_y=True)
    known = np.round(images / 16 * 7).astype(int).tolist()
    assert [labels[known.index(one)] for one in pixels] == table["label"][:32].tolist()
    corrupted = {digit for i in range(8) for row in hit[:32] for digit in
                 f"{table[f'line_{i}'][row]:08o}"}  # fmt: skip
    assert {"0", "7"} <= corrupted


@pytest.mark.parametrize("name", in_short(["blocks", "clip", "first"], "clip"))
def test_what_is_drawn_by_hand_is_drawn_with_the_other_pictures(name):
    lab = LABS[name]
    values = lab.defaults
    tables = lab.compute(values)
    facts = report(lab, tables, values, "en").facts
    place = next(i for i, s in enumerate(specifications(lab, "en")) if is_own(s))
    still, *moved = (
        pictures(lab, tables, values, facts, "en", 300, at=at)[place] for at in (None, 3, 4.0)
    )
    assert len({still, *moved}) == 3
    assert all(svg is not None and svg.startswith("<svg") for svg in (still, *moved))


def test_layers_are_measured_as_by_hand():
    lab = LABS["blocks"]
    values = lab.setting({"block": "inside", "learning_rate": 0.01})
    tables = lab.compute(values)
    seen = {name: x.reshape(150, 16) for name, x in tables["layers"].items()}
    assert seen["step"][7].tolist() == [7] * 16
    assert seen["block"][7].tolist() == list(range(1, 17))
    # The first step by plain differentiation.
    net = ss.workloads.residual_mlp(depth=16, width=24, block="x + f(Norm(x))")
    trace = ss.simulate(net, ss.sgd(0.01), steps=1, batch_size=24, record_parameters=True)
    start = net.init(jax.random.split(jax.random.key(0), 3)[0])
    _, unravel = ravel_pytree(start)
    end = unravel(trace.parameters[1])["blocks"]["f"]
    for block in range(16):
        before, after = (
            np.concatenate([np.ravel(p[k][block]) for k in ("w", "b")])
            for p in (start["blocks"]["f"], end)
        )
        moved = np.linalg.norm(after - before)
        assert seen["gradient"][0, block] == pytest.approx(moved / 0.01, rel=1e-3)
        assert seen["update"][0, block] == pytest.approx(moved / np.linalg.norm(before), rel=1e-3)


def test_a_residual_net_blows_up_in_its_last_blocks_first():
    lab = LABS["blocks"]
    for seed in range(5):
        table = lab.compute(lab.setting({"block": "residual", "seed": seed}))["layers"]
        seen = {name: x.reshape(150, 16) for name, x in table.items()}
        for name in ("signal", "gradient", "update"):
            assert seen[name][0, -1] > seen[name][0, 0]
        gone = ~np.isfinite(seen["signal"])
        first = gone.any(1).argmax()
        assert 0 < first < 6
        assert gone[first, -1]


@pytest.mark.parametrize("times", [0.95, 1.0, 1.05])
def test_the_catapult_catapults(times):
    lab = LABS["ramp"]
    values = lab.setting({"warmup": 0, "learning_rate": 0.045 * times, "seed": 3})
    tables = lab.compute(values)
    facts = report(lab, tables, values, "en").facts
    assert facts["leap"] > 2
    assert facts["final_loss"] < facts["initial_loss"] / 10
    assert not reached(lab, facts)
    sharpness, threshold = tables["sharpness"]["sharpness"], tables["sharpness"]["threshold"]
    assert sharpness[0] > 6 * threshold[1]
    assert sharpness[2] < min(threshold[1], sharpness[0] / 8)


@pytest.mark.parametrize("rate", [0.055, 0.055 * 0.95, 0.055 * 1.05])
def test_the_catapults_goal_can_be_reached(rate):
    lab = LABS["ramp"]
    values = lab.setting({"warmup": 0, "learning_rate": rate, "seed": 3})
    assert reached(lab, report(lab, lab.compute(values), values, "en").facts)


# --- the programs ---


def test_parity_holds_and_notices_another_program():
    lab = LABS["kinds"]
    static = {"net": "outliers"}
    example = lab.arguments(lab.defaults | static)
    build.check(lab, static, jax2wasm.compile(lab.program(static), example), samples=1)

    def other(given):
        return lab.program(static)({**given, "times": 3 * given["times"]})

    with pytest.raises(ArithmeticError, match="kinds-outliers: the whole program is not"):
        build.check(lab, static, jax2wasm.compile(other, example), samples=1)


def test_record_names_every_program():
    listed = json.loads(build.RECORD.read_text(encoding="utf8"))["programs"]
    assert set(listed) == {v for lab in LABS.values() for v in lab.variants()}, (
        "The labs have changed: run `python -m book check`."
    )


def test_a_recorded_program_is_not_checked_again_and_any_other_is(tmp_path, monkeypatch):
    lab, asked = LABS["first"], []
    monkeypatch.setattr(build, "check", lambda *_: asked.append(lab) or Parity(0, 0.0))
    monkeypatch.setattr(build, "recorded", dict)
    compiled = build.compile_lab(lab, [lab.defaults], tmp_path / "new", tell=str)
    assert len(asked) == 1
    known = {variant: one["file"] for variant, one in compiled.programs.items()}
    monkeypatch.setattr(build, "recorded", lambda: known)
    again = build.compile_lab(lab, [lab.defaults], tmp_path / "again", tell=str)
    assert again.programs == compiled.programs
    assert len(asked) == 1


def test_a_record_of_another_compiler_counts_for_nothing(tmp_path, monkeypatch):
    file = tmp_path / "checked.json"
    file.write_text(json.dumps({"compiler": "ziglang 0.0", "programs": {"first": "first-1"}}))
    monkeypatch.setattr(build, "RECORD", file)
    assert build.recorded.__wrapped__() == {}


@pytest.mark.long
@pytest.mark.parametrize("name", LABS)
def test_every_program_computes_what_jax_does(name):
    assert set(build.checked(LABS[name], tell=str)) == set(LABS[name].variants())


@pytest.mark.parametrize("which", in_short(range(6), 0, 4), ids=RULES)
def test_any_rule_is_each_rule(which):
    own = {
        "sgd": ss.sgd(0.1), "momentum": ss.momentum(0.1, 0.8), "nesterov": ss.nesterov(0.1, 0.8),
        "rmsprop": ss.rmsprop(0.1, 0.95, 0.8), "adam": ss.adam(0.1, 0.8, 0.95),
        "nadam": ss.nadam(0.1, 0.8, 0.95),
    }[RULES[which]]  # fmt: skip
    any_rule = AnyRule(which, 0.1, 0.8, 0.95)
    params = {"a": jax.numpy.ones(3), "b": jax.numpy.ones(())}
    ours, theirs = any_rule.init(params), own.init(params)
    rng = np.random.default_rng(0)
    for _ in range(4):
        grads = jax.tree.map(lambda p: jax.numpy.asarray(rng.normal(size=p.shape), "f4"), params)
        a, ours = any_rule.update(grads, ours)
        b, theirs = own.update(grads, theirs)
        assert jax.tree.all(jax.tree.map(lambda x, y: np.allclose(x, y, rtol=1e-6), a, b))
    assert any_rule.threshold(0.1) == pytest.approx(own.threshold(0.1))
    expected = own.preconditioner(theirs)
    measured = any_rule.preconditioner(ours)
    if expected is None:
        expected = jax.tree.map(np.ones_like, params)
    assert jax.tree.all(jax.tree.map(lambda x, y: np.allclose(x, y), measured, expected))


# --- on a kernel ---


def test_widget_runs_the_latest_setting_and_no_stale_queue():
    widget = labs.show("kinds", net="outliers").widget()
    assert widget.wait()
    assert widget.runs == 1
    assert "instability" in widget._report.value
    slider = widget._fields["times"].children[0]
    for position in range(10, 60):
        slider.value = position
    assert widget.wait()
    assert widget.runs < 25
    values = widget.values
    said = report(widget.lab, widget.lab.compute(values), values, "en").sentences
    assert widget._report.value == "<br>".join(said)
    widget.reset()
    assert widget.wait()
    assert widget.values == widget.lab.setting({"net": "outliers"})


def test_widgets_cursor_moves_the_pictures_that_change_with_it_and_no_other():
    widget = labs.show("bowl", product=2.5).widget()
    assert widget.wait()
    first = [place.value for place in widget._pictures]
    assert widget._step.value == LABS["bowl"].opens
    widget._step.value = 4
    cut, swing = (place.value for place in widget._pictures)
    assert cut != first[0]
    assert swing == first[1]
    widget._step.value = 0
    assert widget._pictures[0].value == first[0]


def test_widget_shows_an_exception_in_words(monkeypatch):
    widget = labs.show("kinds", net="outliers", language="id").widget()
    assert widget.wait()

    def broken(self, values):
        raise RuntimeError("on purpose")

    monkeypatch.setattr(labs.Lab, "compute", broken)
    widget.ask()
    assert widget.wait()
    assert "Perhitungan gagal: on purpose" in widget._note.value


def test_cell_shows_a_place_in_the_book_and_a_widget_elsewhere():
    shown = labs.show("kinds", times=8)
    bundle = shown._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in data
    with using(book=True):
        assert 'data-lab-place="kinds"' in shown._repr_mimebundle_()["text/html"]


def test_words():
    assert Text("a", "b").in_("id") == "b"
    assert number(float("-inf"), "id") == "−∞"
