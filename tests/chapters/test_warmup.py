"""What the chapter on warmup says of its experiments, over seeds."""

import re
from pathlib import Path

import numpy as np
import pytest

from stabsim.exercises import EXERCISES
from stabsim.labs import LABS
from stabsim.labs.frame.report import reached, report
from tests.chapters.runs import MOST, SEEDS, claim, tables

ROOT = Path(__file__).parents[2]


def reports(name, **changes):
    """Each seed's facts, whether it reaches the goal, and its tables."""
    lab, found = LABS[name], []
    for seed in SEEDS:
        values = lab.setting(changes | {"seed": seed})
        one = tables(name, values)
        facts = report(lab, one, values, "en").facts
        found.append((facts, reached(lab, facts), one))
    return found


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_tables_repeat_the_recorded_claims(language):
    page = (ROOT / "chapters" / language / "warmup.md").read_text().replace(",", ".")
    rows = [
        line for line in page.splitlines() if line.startswith("| ") and re.search(r"\d \|$", line)
    ]
    assert len(rows) == 9
    for place, line in enumerate(rows):
        name = "figure_6" if place < 5 else "figure_8"
        recorded = claim(name).published.effect.in_(language)
        middle, span = [cell.strip() for cell in line.split("|")[-3:-1]]
        low, high = re.findall(r"[\d.]+", span)
        assert re.search(rf"{middle} \({low} \w+ {high}\)", recorded.replace(",", ".")), line


def test_what_is_said_of_figure_6():
    ramps = claim("figure_6").published
    assert (ramps.held, ramps.verdict) == (18, "reproduced")
    assert ramps.parts[1].held == len(ramps.holds)  # the longest trains with every seed
    assert ramps.values["rose"] == 9


def test_what_is_said_of_figure_8():
    edges = claim("figure_8").published
    assert [part.held for part in edges.parts] == [16, 18]
    assert (edges.held, edges.verdict) == (14, "partly reproduced")
    medians = [np.median(edges.values[name]) for name in ("post", "post_warm", "pre", "pre_warm")]
    assert medians[0] < medians[1] < medians[2] <= medians[3]


def test_the_maps_goal():
    assert sum(goal for _, goal, _ in reports("warmup_map")) == 0
    assert sum(goal for _, goal, _ in reports("warmup_map", learning_rate=0.45, warmup=8)) >= 5
    for warmup in (16, 23):
        assert all(goal for _, goal, _ in reports("warmup_map", learning_rate=0.45, warmup=warmup))
    lab = LABS["warmup_map"]
    values = [lab.setting({"learning_rate": 0.45, "warmup": warmup}) for warmup in range(8, 17)]
    goals = [reached(lab, report(lab, tables("warmup_map", v), v, "en").facts) for v in values]
    assert goals == sorted(goals)
    assert 12 <= 8 + goals.index(True) <= 16


def test_on_the_ramp_sharpness_gives_way_to_its_threshold():
    for facts, goal, seen in reports("ramp"):
        assert facts["verdict"] == "stable"
        assert not goal
        table = {name: np.asarray(x) for name, x in seen["sharpness"].items()}
        start, end = table["sharpness"][0], table["sharpness"][-1]
        assert table["sharpness"][6] < start / 2
        assert end < start / 8
        times = (table["sharpness"] / table["threshold"])[table["step"] > 20]
        assert 1 < np.median(times) < 2.5
        assert 1 < times[-1] < 2
    first = tables("ramp", LABS["ramp"].defaults)["sharpness"]
    assert 2 / first["sharpness"][0] == pytest.approx(0.014, rel=0.02)
    crossed = first["step"][(first["sharpness"] > first["threshold"]) & (first["step"] > 3)][0]
    assert crossed == 9


@pytest.mark.long
def test_a_catapult_without_warmup():
    for facts, _, seen in reports("ramp", warmup=0, learning_rate=0.03):
        assert facts["verdict"] == "stable"
        times = seen["sharpness"]["sharpness"] / seen["sharpness"]["threshold"]
        assert 2 < times[0] < 8.5
        assert times[3:].min() < 1
        assert times[10:].max() < 1
    plain = reports("ramp", warmup=0, learning_rate=0.03)
    assert sum(facts["leap"] == 1 for facts, *_ in plain) >= MOST
    leaps = reports("ramp", warmup=0, learning_rate=0.055)
    assert all(leaps[seed][1] for seed in (2, 3, 8))
    table = leaps[3][2]["sharpness"]
    assert table["sharpness"][1] > table["sharpness"][0] > 8 * table["threshold"][1]
    assert table["sharpness"][3] < table["threshold"][3]
    shown = tables("ramp", LABS["ramp"].setting({"warmup": 0, "learning_rate": 0.045, "seed": 3}))
    sharpness, threshold = shown["sharpness"]["sharpness"], shown["sharpness"]["threshold"]
    assert shown["facts"]["leap"][0] > 2
    assert sharpness[0] == pytest.approx(7.5 * threshold[1], rel=0.03)
    assert sharpness[1] > 400
    assert sharpness[2] < sharpness[1] / 10
    assert (sharpness[2:] < threshold[1]).all()
    lost = [
        facts["verdict"] == "diverged"
        for facts, _, _ in reports("ramp", warmup=0, learning_rate=0.2)
    ]
    assert sum(lost) >= 6


def test_the_formulas_of_the_uv_model():
    u, v, eta = 1.7, -0.6, 0.3
    f, kappa = u * v, u**2 + v**2
    new = (u - eta * f * v, v - eta * f * u)
    assert new[0] * new[1] == pytest.approx(f * (1 - eta * kappa + eta**2 * f**2))
    assert new[0] ** 2 + new[1] ** 2 == pytest.approx(kappa - eta * f**2 * (4 - eta * kappa))


def test_the_answers():
    assert EXERCISES["warmup-lengthened"].judge(31_500, "en").right
    assert EXERCISES["warmup-meets"].judge(1.6, "en").right
    u, v = 2.0, 0.4
    eta = 3 / (u**2 + v**2)
    for _ in range(60):
        f = u * v
        u, v = u - eta * f * v, v - eta * f * u
    assert EXERCISES["warmup-uv"].judge(u**2 + v**2, "en").right
    assert u**2 + v**2 < 2 / eta / 2
