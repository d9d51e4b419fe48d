"""What the chapter on other fixes says, over the seeds that its labs offer."""

import jax
import numpy as np
import pytest

import stabsim as ss
from stabsim.exercises import EXERCISES
from stabsim.labs import LABS
from stabsim.labs.frame.report import report
from stabsim.workloads.any_block import DEPTH, any_block
from stabsim.workloads.residual import BLOCKS
from tests.chapters.runs import MOST, SEEDS, claim, goals, run, tables, verdicts

# --- what the claims recorded ---


def test_what_is_said_of_the_claims():
    placed = claim("residuals_and_normalization").published
    assert [part.held for part in placed.parts] == [20, 20, 16]
    assert placed.verdict == "reproduced"
    adam = claim("adam_survives").published
    assert (adam.held, adam.verdict) == (20, "reproduced")


# --- the blocks lab ---


def sizes(**changes):
    """The signal's growth in mean square a block, its last size, the first block's gradient."""
    lab = LABS["blocks"]
    found = []
    for seed in SEEDS:
        depth = tables("blocks", lab.setting(changes | {"seed": seed}))["depth"]
        growth = (depth["signal"][-1] / depth["signal"][0]) ** (2 / (DEPTH - 1))
        found.append((growth, depth["signal"][-1], depth["gradient"][0]))
    return np.array(found).T


@pytest.mark.long
@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_a_plain_layer_multiplies_the_mean_square_by_half_the_gains_square(gain):
    growth, _, _ = sizes(block="plain", gain=gain)
    assert np.median(growth) == pytest.approx(gain**2 / 2, rel=0.2)
    assert np.median(growth) < gain**2 / 2  # a product of fluctuating factors


def test_the_root_of_two_nearly_holds_the_signal():
    growth, size, _ = sizes(block="plain", gain=1.41)
    assert np.median(growth) == pytest.approx(1, abs=0.2)
    assert ((size > 0.05) & (size < 5)).all()


@pytest.mark.long
def test_how_a_signal_grows_with_each_block():
    assert sizes(block="residual")[0] == pytest.approx(np.full(10, 2.1), abs=0.2)
    for gain in (1, 2):
        assert sizes(block="last", gain=gain)[1] == pytest.approx(np.full(10, 4.1), abs=0.6)
    assert sizes(block="inside")[1] == pytest.approx(np.full(10, 0.4 * DEPTH), rel=0.2)
    assert sizes(block="after")[1] == pytest.approx(np.full(10, 1.0), abs=0.01)
    for gain in (1, 2):
        growth, _, gradient = sizes(block="rezero", gain=gain)
        assert growth == pytest.approx(np.ones(10), abs=1e-6)
        assert gradient == pytest.approx(np.ones(10), abs=1e-5)


def test_a_held_signal_is_not_enough():
    _, size, gradient = sizes(block="norm")
    assert size == pytest.approx(np.ones(10), abs=0.01)
    assert ((gradient > 10) & (gradient < 45)).all()
    assert sum(facts["final_loss"] > 2.2 for facts, _ in run("blocks", block="norm")) >= MOST


def test_what_post_norm_divides_by():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 24))
    weights = rng.normal(size=(24, 24)) / np.sqrt(24)
    total = x + np.maximum(x @ weights, 0)
    assert np.median(total.std(1)) == pytest.approx(1.2, abs=0.1)


def test_the_plain_net_learns_near_the_root_of_two():
    assert goals("blocks") == 0
    assert goals("blocks", gain=1.41) >= MOST
    assert goals("blocks", gain=1.0) == goals("blocks", gain=2.0) == 0


def test_any_block_is_each_block():
    for block in BLOCKS:
        a = any_block(block, 1.1, depth=4, width=8)
        b = ss.workloads.residual_mlp(depth=4, width=8, block=block, gain=1.1)
        ours, theirs = (float(net.loss(net.init(jax.random.key(0)))) for net in (a, b))
        assert ours == pytest.approx(theirs, rel=1e-4)


# --- the mending lab ---


@pytest.mark.long
def test_no_single_switch_mends_it():
    assert set(verdicts("mend")) == {"diverged"}
    for change in (
        {"rule": "sgd"}, {"rule": "adam"}, {"block": "rezero"}, {"block": "last"},
        {"clip": "one"}, {"gain": 0.3}, {"warmup": 60},
    ):  # fmt: skip
        assert goals("mend", **change) <= 2, change


def test_pairs_that_mend_it():
    for pair in (
        {"rule": "sgd", "gain": 0.3},
        {"block": "rezero", "clip": "one"},
        {"rule": "sgd", "block": "last"},
        {"clip": "one", "gain": 0.3},
    ):
        assert goals("mend", **pair) >= MOST, pair


def test_warmup_fails_alone_and_in_most_company():
    assert set(verdicts("mend", warmup=60)) == {"diverged"}
    for other in ({"rule": "sgd"}, {"rule": "adam"}, {"clip": "one"}, {"block": "last"}):
        assert goals("mend", warmup=60, **other) <= 2


def test_a_third_change_and_a_lower_rate_do_not_count():
    pair = {"rule": "sgd", "gain": 0.3}
    assert goals("mend", **pair, warmup=1) == 0
    assert goals("mend", **pair, learning_rate=0.04) == 0


def test_another_seed_is_no_change():
    lab = LABS["mend"]
    values = lab.setting({"seed": 3, "gain": 0.3})
    assert report(lab, tables("mend", values), values, "en").facts["changes"] == 1


# --- the exercises ---


def test_answers_of_the_exercises():
    assert EXERCISES["fixes-shrink"].solution == pytest.approx(2.0**-10)
    assert EXERCISES["fixes-residual"].solution == pytest.approx(657, abs=1)
    size = 1.0
    for _ in range(100):
        size = size + size * 1.0**2 / 2 / 100
    assert ss.exercises.check("fixes-build", size)
    assert size == pytest.approx(np.sqrt(np.e), rel=0.01)
