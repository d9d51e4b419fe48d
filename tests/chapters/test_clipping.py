"""What the chapter on gradient clipping says of its experiments, over seeds."""

import json
from functools import cache
from pathlib import Path

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
from tests.chapters.runs import MOST, SEEDS, goals, run, verdicts

ROOT = Path(__file__).parents[2]
OFF = 1e30


def finals(runs):
    """Each run's final loss; inf where it is not finite."""
    last = runs.loss.isel(step=slice(-runs.step.size // 10, None))
    return last.median("step", skipna=False).fillna(np.inf)


def stable(runs):
    return sum(not ss.diagnose(loss.to_numpy()).unstable for loss in runs.loss)


def median(name, fact, **changes):
    return float(np.median([facts[fact] for facts, _ in run(name, **changes)]))


# --- two plots ---


def test_the_patients_norms_have_a_hump_and_a_tail():
    trace = ss.simulate(corrupted(), ss.momentum(0.05), steps=300, batch_size=32, seed=6,
                        evaluate_at=())  # fmt: skip
    norms = np.asarray(trace.gradient_norm)
    advice = ss.playbook.advise_clipping(norms)
    assert 2 < advice.threshold < 5
    assert 0.8 < np.median(norms) < 2
    assert 30 < norms.max() < 50
    assert ss.diagnose(trace).verdict == "mid-training instability"


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


def test_the_final_loss_turns_with_the_threshold():
    assert verdicts("clip").count("mid-training instability") >= MOST
    for threshold in (2.0, 3.16, 5.01):
        assert goals("clip", threshold=threshold) == 10
    assert goals("clip") <= 3
    assert verdicts("clip", threshold=10.0).count("stable") < 5
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
        lab.compute(lab.setting({"seed": 6, "threshold": x}))["histogram"]["percentile"][0]
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
    tables = lab.compute(values)
    said = report(lab, tables, values, "id")
    above = float(np.mean(tables["run"]["gradient_norm"] > 1.0))
    assert said.facts["clipped"] == pytest.approx(100 * above)
    written = ss.number(100 * above, "id")
    assert said.sentences[-1] == f"{written} persen pembaruan dipotong."


def test_warmup_does_not_help_in_the_recorded_claims():
    claims = json.loads((ROOT / "claims" / "results.json").read_text())
    effect = {claim["name"]: json.dumps(claim) for claim in claims}
    assert "0 of 10 as they are, 0 with warmup, 10 clipped" in effect["clipping_mends_spikes"]
    assert "within 0% of each other" in effect["clipping_half_is_a_smaller_rate"]
    assert (
        "10 of 10" in effect["clipping_half_is_a_smaller_rate"]
        or "10" in (effect["clipping_half_is_a_smaller_rate"])
    )


# --- the steep start ---


@cache
def started():
    """The steep net at its rate and at a tenth, with three thresholds and with none."""
    calm = ss.simulate(ss.workloads.steep_net(), ss.sgd(2.0**-6 / 10), steps=200, batch_size=32,
                       evaluate_at=(), measure_sharpness_at=(0, 5, 50, 199))  # fmt: skip
    good = ss.playbook.advise_clipping(calm.gradient_norm).threshold
    aggressive = ss.clipping.norm_percentile(calm.gradient_norm[100:], 50.0) / 2

    def train(threshold, warmup, learning_rate, seed):
        rule = ss.sgd(ss.schedules.linear_warmup(learning_rate, warmup))
        return ss.simulate(ss.workloads.steep_net(), rule, steps=200, batch_size=32, seed=seed,
                           evaluate_at=(), clipping=clip_by_global_norm(threshold))  # fmt: skip

    runs = ss.sweep(
        train, threshold=[OFF, good, aggressive, 30.0], warmup=[0, 40],
        learning_rate=[2.0**k for k in (-8, -6, -4, -2)], seed=range(6), progress=False,
    )  # fmt: skip
    return calm, good, aggressive, runs


def test_clipping_mends_a_steep_start_and_an_aggressive_threshold_is_slow():
    calm, good, aggressive, runs = started()
    norms = np.asarray(calm.gradient_norm)
    assert norms[0] > 20 * np.median(norms[100:])
    assert 25 < norms[20] < 45
    assert 12 < np.median(norms[100:]) < 18
    assert aggressive < np.median(norms[100:]) < good < 3 * np.median(norms[100:])
    page = runs.sel(learning_rate=2.0**-6, warmup=0)
    assert stable(page.sel(threshold=OFF)) == 0
    mended, slow = page.sel(threshold=good), page.sel(threshold=aggressive)
    assert stable(mended) == stable(slow) == 6
    assert float(mended.clipped.mean()) < 0.15
    assert float(slow.clipped.mean()) > 0.8
    assert (finals(slow) > 2 * finals(mended)).all()


def test_curvature_falls_with_the_norm_and_more_slowly():
    calm, *_ = started()
    norms = np.asarray(calm.gradient_norm)[[0, 5, 50, 199]]
    sharpness = np.asarray(calm.sharpness)
    assert (np.diff(norms) < 0).all()
    assert (np.diff(sharpness) < 0).all()
    assert norms[0] / norms[-1] > 5 * sharpness[0] / sharpness[-1]


def test_with_clipping_this_net_has_no_need_of_warmup():
    *_, runs = started()
    end = finals(runs.sel(threshold=[OFF, 30.0])).median("seed")

    def edge(threshold, warmup):
        """The highest rate whose median run ends with something learned."""
        row = end.sel(threshold=threshold, warmup=warmup)
        return float(row.learning_rate[row < 1].max())

    assert edge(OFF, 0) == 2.0**-8
    assert 2.0**-6 <= edge(OFF, 40) <= 2.0**-4
    assert edge(30.0, 0) == edge(30.0, 40) == 2.0**-2
    low = end.sel(threshold=30.0, learning_rate=[2.0**-8, 2.0**-6])
    assert (low.sel(warmup=40) > low.sel(warmup=0)).all()
    first = end.sel(learning_rate=2.0**-8)
    assert float(first.sel(threshold=30.0, warmup=40)) > float(first.sel(threshold=OFF, warmup=40))
    best = end.sel(threshold=30.0, warmup=0).min()
    assert 0.05 < float(best) < 0.12


# --- a smaller rate ---


def test_rate_times_threshold_is_what_counts():
    lab = LABS["twins"]

    def loss(**changes):
        return lab.compute(lab.setting(changes))["run"]

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


def test_a_smaller_rate_ends_lower_than_any_product():
    def train(learning_rate, product, seed):
        clipping = clip_by_global_norm(product / learning_rate)
        return ss.simulate(ss.workloads.mlp(width=32), ss.sgd(learning_rate), steps=300,
                           batch_size=32, seed=seed, clipping=clipping, evaluate_at=())  # fmt: skip

    products = [0.0125 * 2**k for k in range(6)]
    runs = ss.sweep(train, learning_rate=[1.0, 8.0, 64.0], product=products, seed=SEEDS,
                    progress=False)  # fmt: skip
    assert float(runs.clipped.mean("step").median("seed").min()) > 0.5
    smaller = median("twins", "final_loss_2", smaller_rate=0.251)
    assert smaller < float(finals(runs).median("seed").min())


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


def test_strategies_on_outliers_alone():
    def train(which, seed):
        return ss.simulate(corrupted(), ss.sgd(0.5), steps=300, batch_size=32, seed=seed,
                           clipping=strategy(which, 3.0), evaluate_at=())  # fmt: skip

    runs = ss.sweep(train, which=list(STRATEGIES), seed=SEEDS, progress=False)
    end = finals(runs).median("seed")
    assert stable(runs.sel(which="off")) <= 3
    for which in STRATEGIES:
        if which != "off":
            assert stable(runs.sel(which=which)) >= MOST
            assert float(end.sel(which=which)) < float(end.sel(which="off")) / 10
    for which in ("zclip", "auto90"):
        assert 0.5 < float(end.sel(which=which) / end.sel(which="fixed")) < 2
        assert float(runs.clipped.sel(which=which).mean()) < 0.15
    assert float(runs.clipped.sel(which="auto10").mean()) > 0.5
    assert float(end.sel(which="auto10")) < 1.2 * float(end.sel(which="fixed"))


def test_only_what_knows_something_survives_the_first_step():
    for which in ("off", "auto90", "zclip"):
        assert verdicts("strategies", which=which).count("diverged") >= 9
    assert verdicts("strategies", which="auto10").count("stable") == 0
    for which in ("fixed", "unitwise"):
        assert verdicts("strategies", which=which).count("stable") >= 9
    assert median("strategies", "clipped", which="unitwise") > 99
    slow, fixed = (median("strategies", "final_loss", which=w) for w in ("unitwise", "fixed"))
    assert slow > 3 * fixed


def test_warmup_and_memory_together():
    assert verdicts("strategies", warmup=20).count("stable") <= 2
    for which in ("auto90", "auto10"):
        assert verdicts("strategies", which=which, warmup=20).count("stable") >= MOST
    assert 2 <= verdicts("strategies", which="zclip", warmup=20).count("stable") <= 8
    assert set(verdicts("strategies", outliers=1, warmup=20)) == {"stable"}


def test_the_goal_of_the_strategies():
    assert goals("strategies") == 0
    assert goals("strategies", which="auto90") == 0
    assert goals("strategies", which="auto90", warmup=20) > len(SEEDS) / 2
    assert goals("strategies", which="fixed", threshold=50.0) >= MOST


@pytest.mark.parametrize("which", STRATEGIES)
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
    assert EXERCISES["clipping-entry"].judge(float(clipped[1])).right
    assert EXERCISES["clipping-kick"].judge("0.8").right
    assert EXERCISES["clipping-product"].judge("0.003125").right
    assert EXERCISES["clipping-gain"].judge("8").right
    norms, total = [4.0, 2.0, 6.0, 100.0, 3.0], 0.0
    update, state = autoclip(50.0).update, autoclip(50.0).init(np.zeros(1, "f4"))
    for norm in norms:
        g, state = update(np.array([norm], "f4"), state)
        total += float(g[0])
    assert total == 18
    assert EXERCISES["clipping-median"].judge(total).right
    assert not EXERCISES["clipping-median"].judge(sum(norms)).right
