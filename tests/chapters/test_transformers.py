"""What the chapter on transformers says, over the seeds that its labs offer."""

from functools import cache

import numpy as np
import pytest

import stabsim as ss
from book import ROOT
from claims.recorded import load
from claims.transformers import TRANSFORMERS
from claims.width import WIDTH
from stabsim.diagnosis import RISE
from stabsim.exercises import EXERCISES, PREDICTIONS
from stabsim.exercises.frame.prediction import Choose, Draw
from stabsim.labs import LABS
from stabsim.labs.frame.report import reached, report
from tests.chapters.runs import MOST, SEEDS, claim, goals, hold_table, numbers, tables


@cache
def facts(name, **changes):
    """Each seed's facts, and its tables."""
    lab, found = LABS[name], []
    for seed in SEEDS:
        values = lab.setting(changes | {"seed": seed})
        seen = tables(name, values)
        found.append((report(lab, seen, values, "en").facts, seen))
    return found


def column(name, fact, **changes):
    return np.array([one[fact] for one, _ in facts(name, **changes)])


# --- attention ---


@pytest.mark.long
def test_logits_grow_with_the_square_of_the_rate_until_attention_is_one_hot():
    low = column("attention", "logit")
    high = column("attention", "logit", learning_rate=0.1)
    assert 15 < np.median(low) < 25
    assert (high > 40 * low).all()
    assert 60 < np.median(high / low) < 150
    assert (column("attention", "left", learning_rate=0.1) < 0.02).all()
    for _, seen in facts("attention", learning_rate=0.1):
        assert 1.5 < seen["run"]["entropy"][0] < 2.0
        assert np.isfinite(seen["run"]["loss"]).all()
        assert seen["map"]["share"].reshape(-1, 8).sum(1) == pytest.approx(1, abs=1e-5)


@pytest.mark.long
@pytest.mark.parametrize(
    ("mend", "limit", "bound"),
    [("qk_norm", 2.0, 4.0), ("softcap", 2.0, 2.0), ("qk_clip", 1.5, 9.0)],
)
def test_each_mend_bounds_the_logit_and_keeps_attention_from_being_one_hot(mend, limit, bound):
    setting = {"learning_rate": 0.1, "mend": mend, "limit": limit}
    for _, seen in facts("attention", **setting):
        assert seen["run"]["largest"].max() <= bound * (1 + 1e-5)
    assert (column("attention", "left", **setting) > 0.5).all()


def test_a_bound_alone_does_not_save_the_loss():
    at = {"learning_rate": 0.1}
    plain = column("attention", "final_loss", **at)
    normed = column("attention", "final_loss", mend="qk_norm", **at)
    capped = column("attention", "final_loss", mend="softcap", limit=2.0, **at)
    assert (normed < plain).sum() >= MOST
    assert (normed < capped).all()
    assert abs(np.median(capped) - np.median(plain)) < 0.3


def test_the_goal_of_the_attention_lab():
    assert goals("attention") == 0
    assert goals("attention", learning_rate=0.05) == 0
    assert goals("attention", learning_rate=0.05, mend="qk_norm") == len(SEEDS)


# --- late spikes ---


def parabola(**changes):
    lab = LABS["epsilon"]
    values = lab.setting(changes)
    found = report(lab, tables("epsilon", values), values, "en").facts
    return found["top"], reached(lab, found)


def test_epsilon_ends_the_spikes_at_its_edge():
    edge = 1 / float(ss.adam(0.01).threshold(0.01))
    assert edge == pytest.approx(0.01 * (1 - 0.9) / (2 * (1 + 0.9)))
    assert edge == pytest.approx(0.000263, abs=1e-6)
    assert parabola()[0] > 1.1
    assert parabola(eps=0.00024)[0] > 1 > parabola(eps=0.00028)[0]
    assert not parabola()[1]
    assert parabola(eps=0.00028)[1]
    assert parabola(beta2="0.999")[0] < 0.01


def test_how_long_v_takes_to_forget():
    steps = {b: 2 * np.log(3800) / np.log(1 / b) for b in (0.95, 0.99, 0.999)}
    assert [round(s) for s in steps.values()] == [321, 1640, 16477]


@pytest.mark.long
def test_what_beta2_does_to_the_spikes():
    top = {b: column("late_spikes", "top", beta2=b) for b in ("0.95", "0.99", "0.999")}
    assert (top["0.95"] > 1).all()
    assert (top["0.99"] > 1).all()
    assert (top["0.999"] < 1).sum() >= MOST
    high = {b: column("late_spikes", "leap", beta2=b) for b in ("0.95", "0.99")}
    assert (high["0.95"] < high["0.99"]).sum() >= MOST
    assert np.median(high["0.99"]) > 20


def test_what_epsilon_and_update_clipping_do():
    plain = {fact: column("late_spikes", fact) for fact in ("top", "leap", "final_loss")}
    assert (column("late_spikes", "top", eps=0.01) < 1).all()
    assert (column("late_spikes", "top", eps=0.001) > 1).all()
    costs = column("late_spikes", "final_loss", eps=0.01) / plain["final_loss"]
    assert 1.5 < np.median(costs) < 5
    clipped = column("late_spikes", "leap", most=1.0)
    assert (clipped > 1.5 * plain["leap"]).sum() >= MOST
    assert np.median(clipped / plain["leap"]) > 3


def test_the_goal_of_the_late_spikes_lab():
    assert goals("late_spikes") == 0
    assert goals("late_spikes", eps=0.01) == len(SEEDS)


# --- exercises and predictions ---


def test_answers_of_the_exercises():
    found = {name.removeprefix("transformers-"): e.solution for name, e in EXERCISES.items()
             if name.startswith("transformers-") and hasattr(e, "solution")}  # fmt: skip
    assert found["largest"] == pytest.approx(8)
    assert found["eps"] == pytest.approx(0.000526, abs=1e-6)
    assert found["forget"] == pytest.approx(684, abs=0.5)
    assert found["build"] == pytest.approx(0.72)
    assert not ss.exercises.check("transformers-build", 1.66)


def test_what_comes_out_of_the_predictions():
    drawn = PREDICTIONS["transformers-entropy"]
    assert isinstance(drawn, Draw)
    assert 1.5 < drawn.answer()[0][1] < 2
    assert drawn.answer()[-1][1] < 0.05
    for name, said in (("grow", "square"), ("quiet", "over and over"), ("which", "limit")):
        choice = PREDICTIONS[f"transformers-{name}"]
        assert isinstance(choice, Choose)
        assert said in choice.options[choice.right].en


LANGUAGES = pytest.mark.parametrize(("language", "of"), [("en", "of"), ("id", "dari")])


@LANGUAGES
def test_the_table_of_claims_is_the_record(language, of):
    hold_table("transformers", TRANSFORMERS, language, of)


@LANGUAGES
def test_what_is_said_of_width_is_the_record(language, of):
    """Each number of the paragraph on muP, tied embeddings and QK-norm in the language model."""
    page = (ROOT / f"chapters/{language}/transformers.md").read_text(encoding="utf8")
    (said,) = (one for one in page.split("\n\n") if "0.0078" in one or "0,0078" in one)
    found = [claim(one.__name__).published for one in WIDTH]
    known = [1, 2, *(number for one in found for number in numbers(one.effect.en, "en"))]
    known += [one.held for one in found] + [len(one.holds) for one in found]
    widths = [16, 64]
    for number in numbers(said, language):
        assert np.isclose(number, [*known, *widths], rtol=0.03).any(), number
    verdicts = ["reproduced", "partly reproduced", "reproduced"]
    assert [one.verdict for one in found] == verdicts
    assert found[0].held > 10 > found[1].held


def test_which_verdicts_turn_with_the_instruction_set():
    turned = {one.__name__: claim(one.__name__).otherwise for one in TRANSFORMERS}
    other = load().machines[0].label("AVX")
    assert {name: one[other].verdict for name, one in turned.items() if other in one} == {
        "caps_and_clips_lower_sensitivity": "reproduced",
        "decay_holds_attention_logits": "not reproduced",
        "qk_norm_takes_warmups_place": "not reproduced",
    }


def test_the_late_spikes_lab_says_from_where_a_rise_counts():
    """An eighth of half of what was learned."""
    leap = next(fact for fact in LABS["late_spikes"].facts if fact.column == "leap")
    assert "a sixteenth" in leap.text.en
    assert RISE / 2 == 1 / 16
