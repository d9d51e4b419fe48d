"""What the chapter on instability types says of its runs and labs."""

import numpy as np
import pytest

import stabsim as ss
from stabsim.exercises import EXERCISES
from stabsim.labs import LABS
from stabsim.labs.frame.frames import as_of
from stabsim.labs.frame.report import reached, report
from tests.chapters.runs import MOST, SEEDS, goals, run, tables, verdicts


@pytest.mark.long
def test_the_changed_network_leaps_unseen_and_a_short_warmup_mends_it():
    assert set(verdicts("strides")) == {"early instability with recovery"}
    leaps = [facts["peak_loss"] / facts["initial_loss"] for facts, _ in run("strides")]
    assert sum(leap > 4 for leap in leaps) >= MOST
    assert {facts["verdict_2"] for facts, _ in run("strides")} == {"stable"}
    found = tables("strides", LABS["strides"].defaults)
    assert found["run"]["stride_1"].argmax() < 20
    for seen in (found["seen"]["stride_1"], found["seen"]["stride_2"]):
        first, second = seen[np.isfinite(seen)]
        assert second < first
    assert goals("strides") == 0
    assert goals("strides", warmup=9) >= MOST
    assert [run("strides", warmup=warmup)[0][1] for warmup in (5, 6)] == [False, True]


def swings(rate, seed=0):
    """The products and distances of the overshoot lab, and how its run is found to be."""
    lab = LABS["overshoot"]
    values = lab.setting({"learning_rate": rate, "seed": seed})
    found = tables("overshoot", values)
    return (
        found["product"]["product"],
        np.abs(found["swing"]["x"]),
        report(lab, found, values, "en"),
    )


def test_below_the_edge_each_step_crosses_and_comes_nearer():
    product, distance, _ = swings(0.035)
    assert ((product[:6] > 1.35) & (product[:6] < 1.45)).all()  # the page says 1.4
    assert (np.diff(distance[:6]) < 0).all()


def test_above_the_edge_swings_grow_until_the_curvature_gives_way():
    reached_goal = 0
    for seed in range(10):
        product, distance, said = swings(0.08, seed)
        assert product[0] > 2
        fell = int((product < 2).argmax())
        assert 0 < fell < 20
        assert distance[-1] < 0.1 * distance[: fell + 1].max()
        reached_goal += reached(LABS["overshoot"], said.facts)
    assert reached_goal >= 5
    *_, said = swings(0.5)
    assert said.facts["verdict"] == "diverged"


def test_the_ball_on_its_parabola_does_what_the_page_says_in_each_of_four_places():
    lab = LABS["bowl"]
    for product, changes, grows in (
        (0.6, False, -1),
        (1.5, True, -1),
        (2.01, True, 1),
        (2.7, True, 1),
    ):
        found = tables("bowl", lab.setting({"product": product}))
        x = found["swing"]["distance"].astype(float)
        assert ((np.sign(x[1:9]) != np.sign(x[:8])) == changes).all()
        assert (np.sign(np.diff(np.abs(x[:9]))) == grows).all()
        begin, landing = as_of(found["cut"], 4)["x"][-2:]
        assert (begin, landing) == (found["swing"]["distance"][4], found["swing"]["distance"][5])


def test_each_cut_shows_where_the_step_lands_and_touches_its_parabola():
    lab = LABS["overshoot"]
    found = tables("overshoot", lab.setting({"learning_rate": 0.08}))
    for step in (0, 3, 39):
        seen = as_of(found["cut"], step)
        curve, spots = (seen["kind"] == kind for kind in (0, 1))
        begin, landing = seen["x"][spots]
        assert begin == found["swing"]["x"][step]
        assert landing == pytest.approx(begin * (1 - found["product"]["product"][step]), abs=1e-6)
        assert seen["y"][spots][0] == pytest.approx(found["run"]["loss"][step], rel=1e-4)
        near = np.abs(seen["x"][curve] - begin).argmin()
        assert seen["parabola"][curve][near] == pytest.approx(seen["y"][curve][near], rel=0.05)
        assert abs(begin) <= seen["x"][curve].max()


def test_each_kind_of_instability():
    assert set(verdicts("kinds", net="residual")) == {"diverged"}
    assert set(verdicts("kinds", net="residual", warmup=50)) == {"stable"}
    assert set(verdicts("kinds", net="strides")) == {"early instability with recovery"}
    assert verdicts("kinds", net="outliers").count("mid-training instability") >= MOST
    assert goals("kinds", net="residual", warmup=50) == 0
    assert goals("kinds", net="outliers", warmup=50) >= MOST


def test_a_rise_of_one_entry_is_no_instability():
    losses = [2.3, 2.9, 6.1, 9.0, 8.0, 6.5, 5.0, 3.5, 2.2, 1.6, 1.2, 1.0, 0.9, 0.8, 0.7]
    assert ss.diagnose(losses).verdict == "early instability with recovery"
    assert ss.diagnose([*losses[:2], *losses[8:]]).verdict == "stable"


@pytest.mark.long
def test_the_best_rate_moves_right_with_normalization():
    for (plain, _), (norm, _) in zip(run("axis"), run("axis", block="norm"), strict=True):
        assert plain["best_learning_rate"] < norm["best_learning_rate"]


@pytest.mark.long
@pytest.mark.parametrize("change", [{"warmup": 20}, {"warmup": 80}, {"gain": 0.5}])
def test_what_moves_the_plain_blocks_best_rate(change):
    assert goals("axis") == 0
    assert goals("axis", **change) >= MOST


@pytest.mark.long
def test_twice_the_predicted_rate_is_unstable():
    edge = EXERCISES["instability-edge"].solution
    rate = float(f"{2 * edge:.3g}")
    assert verdicts("strides", learning_rate=rate).count("stable") <= len(SEEDS) - MOST
