"""What the chapter on gradient clipping says of its experiments, over seeds."""

import jax
import numpy as np
import pytest

import stabsim as ss
from stabsim.clipping import adaptive_clip, autoclip, clip_by_global_norm, zclip
from stabsim.exercises import EXERCISES
from stabsim.labs import LABS
from stabsim.labs.clip import EDGES, corrupted, histogram
from stabsim.labs.frame.report import report
from stabsim.labs.strategies import STRATEGIES, strategy
from tests.chapters.runs import MOST, claim, goals, run, tables, verdicts
from tests.tiers import in_short

OFF = 1e30


def median(name, fact, **changes):
    return float(np.median([facts[fact] for facts, _ in run(name, **changes)]))


# --- two plots ---


@pytest.mark.long
def test_an_outlier_replaces_the_net():
    key = jax.random.split(jax.random.key(6), 3)[0]
    weights = jax.tree.leaves(corrupted().init(key))
    length = np.sqrt(sum(float((w**2).sum()) for w in weights))
    assert length == pytest.approx(8.5, abs=0.3)
    velocity = moved = 0.0
    for step in range(300):
        velocity = 0.9 * velocity + (40.0 if step == 0 else 0.0)
        moved += 0.05 * velocity
    assert moved == pytest.approx(0.05 * 40 / (1 - 0.9))
    assert moved > 2 * length


# --- the first lab ---


@pytest.mark.long
def test_the_final_loss_turns_with_the_threshold():
    assert verdicts("clip").count("mid-training instability") >= MOST
    assert goals("clip", threshold=2.0) == goals("clip", threshold=2.1) == 10
    for threshold in (3.16, 5.01):
        assert goals("clip", threshold=threshold) >= MOST
    assert goals("clip") <= 3
    assert verdicts("clip", threshold=10.0).count("stable") < 8
    assert goals("clip", threshold=1.0) == 0
    assert median("clip", "clipped", threshold=1.0) > 50
    assert median("clip", "clipped", threshold=3.16) < 5
    for threshold in (0.01, 0.1):
        assert median("clip", "clipped", threshold=threshold) > 99
    losses = [median("clip", "final_loss", threshold=x) for x in (31.6, 10.0, 3.16, 1.0, 0.1, 0.01)]
    assert losses[0] > losses[1] > 1.5 * losses[2]
    assert losses[3] < 2 * losses[2]
    assert losses[5] > losses[4] > 3 * losses[3]
    assert goals("clip", threshold=3.16, learning_rate=0.04) == 0


def test_a_mended_run_has_a_lower_percentile():
    lab = LABS["clip"]
    broken, mended = (
        tables("clip", lab.setting({"seed": 6, "threshold": x}))["histogram"]["percentile"][0]
        for x in (1000.0, 3.0)
    )
    assert broken == pytest.approx(2.95, abs=0.3)
    assert mended == pytest.approx(2, abs=0.3)


def test_the_histogram_counts_every_norm():
    norms = np.r_[np.geomspace(0.01, 100, 200), np.nan, np.inf].astype("f4")
    count, percentile = histogram(jax.numpy.asarray(norms))
    counted, _ = np.histogram(norms[:200], np.asarray(EDGES, "f4"))
    assert np.asarray(count).tolist() == counted.tolist()
    assert percentile == pytest.approx(np.percentile(norms[:200], 90), rel=1e-4)


def test_the_share_is_that_of_the_norms_above_the_threshold():
    lab = LABS["clip"]
    values = lab.setting({"threshold": 1.0})
    found = tables("clip", values)
    said = report(lab, found, values, "id")
    above = float(np.mean(found["run"]["gradient_norm"] > 1.0))
    assert said.facts["clipped"] == pytest.approx(100 * above)
    written = ss.number(100 * above, "id")
    assert said.sentences[0] == f"{written}% pembaruan dipotong."


def test_warmup_does_not_help_in_the_recorded_claims():
    mended = claim("clipping_mends_spikes").published
    half = claim("clipping_half_is_a_smaller_rate").published
    assert mended.values["warmed"] == 1 <= mended.values["plain"]
    assert mended.values["mended"] == len(mended.holds)
    assert "within 0% of each other" in half.effect.en
    assert all(half.holds)


# --- a smaller rate ---


def test_rate_times_threshold_is_what_counts():
    lab = LABS["twins"]

    def loss(**changes):
        return tables("twins", lab.setting(changes))["run"]

    one, sixteen = (loss(learning_rate=r, threshold=t) for r, t in ((4, 0.02), (64, 0.00125)))
    assert (one["rate"] < 4).all()
    assert (sixteen["rate"] < 64).all()
    assert np.median(np.abs(np.log(one["loss"] / sixteen["loss"]))) < 0.05
    first = loss()
    free = first["rate"] > 3.999
    assert 0 < free.mean() < 0.05
    assert first["rate"][free] == pytest.approx(4, rel=1e-4)
    assert first["rate_2"] == pytest.approx(np.full(300, 4.0), rel=1e-3)
    assert median("twins", "clipped", threshold=0.05) > 98


def test_the_goal_of_the_twins():
    assert goals("twins") == 0
    assert goals("twins", learning_rate=50.1, threshold=0.002, smaller_rate=0.251) >= MOST
    assert goals("twins", learning_rate=50.1, threshold=0.1, smaller_rate=0.251) <= 3


# --- why ---


@pytest.mark.parametrize("norm", [0.1, 9.0, 10.0, 11.0, 1000.0])
def test_a_clipped_step_is_stable_wherever_the_condition_holds(norm):
    flat, slope = 5.0, 0.5
    threshold = flat / slope
    effective = min(1, threshold / norm) / flat
    product = effective * (flat + slope * norm)
    assert product == pytest.approx(1 + min(norm / threshold, threshold / norm))
    assert product <= 2


# --- strategies ---


@pytest.mark.long
def test_only_what_knows_something_survives_the_first_step():
    for which in ("off", "auto90", "zclip"):
        assert verdicts("strategies", which=which).count("diverged") >= 9
    assert verdicts("strategies", which="auto10").count("stable") == 0
    for which in ("fixed", "unitwise"):
        assert verdicts("strategies", which=which).count("stable") >= 9
    assert median("strategies", "clipped", which="unitwise") > 99
    slow, fixed = (median("strategies", "final_loss", which=w) for w in ("unitwise", "fixed"))
    assert slow > 3 * fixed


@pytest.mark.long
def test_warmup_and_memory_together():
    assert verdicts("strategies", warmup=20).count("stable") <= 2
    assert set(verdicts("strategies", which="auto10", warmup=20)) == {"stable"}
    assert verdicts("strategies", which="auto90", warmup=20).count("stable") in range(1, 9)
    assert 0 < verdicts("strategies", which="zclip", warmup=20).count("stable") <= 3
    assert set(verdicts("strategies", outliers=1, warmup=20)) == {"stable"}


def test_the_goal_of_the_strategies():
    assert goals("strategies") == 0
    assert goals("strategies", which="auto90") == 0
    assert goals("strategies", which="auto90", warmup=20) in range(1, 9)
    assert goals("strategies", which="fixed", threshold=50.0) >= MOST


@pytest.mark.parametrize("which", in_short(STRATEGIES, *list(STRATEGIES)[::3]))
def test_any_clipping_is_each_clipping(which):
    own = {
        "off": clip_by_global_norm(OFF), "fixed": clip_by_global_norm(2.0),
        "auto90": autoclip(90.0), "auto10": autoclip(10.0), "zclip": zclip(),
        "unitwise": adaptive_clip(0.1),
    }[which]  # fmt: skip
    any_clipping = strategy(which, 2.0)
    params = {"w": np.ones((3, 2), "f4"), "b": np.ones(2, "f4")}
    ours, theirs = any_clipping.init(params), own.init(params)
    step, expected = jax.jit(any_clipping.update), jax.jit(own.update)
    rng = np.random.default_rng(0)
    for t in range(40):
        size = 100.0 if t == 35 else 1.0
        grads = {k: (size * rng.normal(size=p.shape)).astype("f4") for k, p in params.items()}
        a, ours = step(grads, ours, params)
        b, theirs = expected(grads, theirs, params)
        assert bool(ours.clipped) == bool(theirs.clipped)
        assert ours.norm == pytest.approx(float(theirs.norm))
        for name in params:
            assert np.asarray(a[name]) == pytest.approx(np.asarray(b[name]), rel=1e-5)


# --- the exercises ---


def test_answers_of_the_exercises():
    clipped, _ = clip_by_global_norm(5.0).update(
        np.array([6.0, 8.0], "f4"), clip_by_global_norm(5.0).init(np.zeros(2, "f4"))
    )
    assert EXERCISES["clipping-entry"].judge(float(clipped[1]), "en").right
    assert EXERCISES["clipping-kick"].judge("0.8", "en").right
    assert EXERCISES["clipping-product"].judge("0.003125", "en").right
    assert EXERCISES["clipping-gain"].judge("8", "en").right
    norms, total = [4.0, 2.0, 6.0, 100.0, 3.0], 0.0
    update, state = autoclip(50.0).update, autoclip(50.0).init(np.zeros(1, "f4"))
    for norm in norms:
        g, state = update(np.array([norm], "f4"), state)
        total += float(g[0])
    assert total == 18
    assert EXERCISES["clipping-median"].judge(total, "en").right
    assert not EXERCISES["clipping-median"].judge(sum(norms), "en").right
