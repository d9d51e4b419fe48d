"""What the chapter on half precision says of its labs, over seeds."""

import jax.numpy as jnp
import numpy as np
import pytest

from stabsim.exercises import EXERCISES, PREDICTIONS
from stabsim.labs import LABS
from stabsim.labs.first_nan import DEPTH, STEPS
from stabsim.precision import rounded
from tests.chapters.runs import MOST, claim, goals, run, tables


def median(name, fact, **changes):
    return float(np.median([facts[fact] for facts, _ in run(name, **changes)]))


def middle(fact, **changes):
    return median("loss_scale", fact, **changes)


@pytest.mark.long
def test_held_at_either_end_a_scale_fails_and_control_mends_it():
    assert middle("final_loss") > 10 * middle("final_loss", exponent=0)
    assert middle("zeros") > 40
    assert middle("skips", exponent=30) == 150
    assert middle("skips", exponent=30, control="dynamic") in range(11, 17)
    above, best = (middle("final_loss", exponent=k, control="dynamic") for k in (30, 0))
    assert above < 1.5 * best
    assert middle("final_loss", control="dynamic") > 2 * best
    for exponent in (-8, 0, 16):
        assert middle("final_loss", exponent=exponent) == pytest.approx(best, rel=0.2)
    assert goals("loss_scale") == 0
    assert goals("loss_scale", control="dynamic", interval=10) >= MOST


def test_eight_bits_need_a_scale():
    one, scaled = (
        middle("final_loss", format="float8_e4m3fn", exponent=exponent) for exponent in (0, 8)
    )
    assert one > 2 * scaled


def test_the_scale_is_halved_where_the_norm_is_infinite():
    lab = LABS["loss_scale"]
    found = tables("loss_scale", lab.setting({"exponent": 30, "control": "dynamic"}))["run"]
    lost = ~np.isfinite(found["gradient_norm"])
    scale = found["scale"]
    assert (scale[1:][lost[:-1]] == scale[:-1][lost[:-1]] / 2).all()
    assert (scale[1:][~lost[:-1]] >= scale[:-1][~lost[:-1]]).all()


@pytest.mark.long
def test_weights_stand_still_and_both_mends_move_them():
    still, free = (median("stall", name) for name in ("final_loss", "final_loss_2"))
    assert still - free > 0.25
    assert 88 < median("stall", "still") < 95
    for weights in ("stochastic", "master"):
        assert median("stall", "final_loss", weights=weights) == pytest.approx(free, rel=0.02)
    assert goals("stall") == 0
    assert goals("stall", weights="stochastic") >= MOST
    way = tables("stall", LABS["stall"].setting({}))["run"]
    assert abs(way["way"][-1]) < 1
    assert abs(way["way_2"][-1]) > 20


def first(patient, **changes):
    """The earliest step with a number that is not finite, by map."""
    values = LABS["first_nan"].setting({"patient": patient, "seed": 1, **changes})
    found = tables("first_nan", values)["layers"]
    lost = {
        name: ~np.isfinite(found[name].reshape(STEPS, DEPTH))
        for name in ("signal", "gradient", "update")
    }
    step = min(int(x.any(1).argmax()) for x in lost.values() if x.any())
    return step, {name: x[step] for name, x in lost.items()}


@pytest.mark.long
def test_each_patients_first_number_arises_elsewhere():
    step, lost = first("A")
    assert step == 34
    assert lost["signal"].any()
    assert not lost["signal"][: DEPTH // 2].any()
    _, lost = first("B")
    assert not lost["signal"].any()
    assert lost["gradient"].any()
    step, lost = first("C")
    assert step == 0
    assert not lost["signal"].any()
    assert not lost["gradient"].any()
    assert lost["update"].all()


def test_each_patient_has_its_own_mend():
    def whole(**changes):
        return sum(facts["final_loss"] < 2 for facts, _ in run("first_nan", **changes))

    for patient in "ABC":
        assert whole(patient=patient, format="bfloat16") >= MOST
    assert whole(patient="A", mend="skip") > whole(patient="A")
    assert (whole(patient="B"), whole(patient="B", mend="wide")) == (0, 0)
    assert whole(patient="B", mend="skip") >= MOST
    assert (whole(patient="C"), whole(patient="C", mend="skip")) == (0, 0)
    assert goals("first_nan", patient="C", mend="wide") >= MOST


def test_the_recorded_claims_are_as_the_chapter_says():
    held = {
        name: (claim(name).published.verdict, claim(name).published.held)
        for name in ("control_finds_the_scale", "float16_needs_a_loss_scale_on_digits",
                     "loss_scale_saves_what_float8_loses", "skipped_steps_do_no_harm",
                     "adams_second_moment_underflows")
    }  # fmt: skip
    assert list(held.values()) == [
        ("not reproduced", 3), ("not reproduced", 0), ("reproduced", 20), ("reproduced", 18),
        ("reproduced", 18),
    ]  # fmt: skip
    for name in ("bfloat16_weights_stall", "master_weights_mend_the_stall",
                 "stochastic_rounding_mends_the_stall", "a_high_rate_hides_the_stall",
                 "float16_overflows_where_bfloat16_does_not"):  # fmt: skip
        assert all(claim(name).published.holds)


def test_answers_of_the_exercises():
    half = EXERCISES["half-gap"].solution
    weight = rounded(jnp.float32(0.3), "bfloat16")
    moved = rounded(weight + half * jnp.array([0.99, 1.01]), "bfloat16")
    assert moved.tolist() == [weight, weight + 2 * half]
    least = 2.0**-24
    scale = EXERCISES["half-scale"].solution
    assert scale * 1e-9 >= least > scale / 2 * 1e-9
    assert EXERCISES["half-skipped"].judge("50", "en").right


def test_each_format_loses_the_number_that_the_first_question_says():
    kept = {
        name: [float(rounded(jnp.float32(x), name)) for x in (70_000, 1.001)]
        for name in ("float16", "bfloat16")
    }
    assert kept["float16"][0] == np.inf
    assert kept["float16"][1] == pytest.approx(1.001, abs=5e-4)
    assert kept["bfloat16"] == [pytest.approx(70_000, rel=4e-3), 1.0]
    assert PREDICTIONS["half-lose"].right == 0
