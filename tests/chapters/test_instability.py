"""What the chapter on instability types says of its runs and labs."""

import numpy as np
import pytest

import stabsim as ss
from stabsim.exercises import EXERCISES
from stabsim.labs import LABS
from stabsim.labs.kinds import CASES
from tests.chapters.runs import MOST, SEEDS, goals, run, verdicts


def test_the_two_networks_differ_at_high_rates():
    def experiment(stride, learning_rate, seed):
        net = ss.workloads.resnet(blocks=2, channels=4, stride=stride)
        return ss.simulate(net, ss.momentum(learning_rate), steps=100, batch_size=64, seed=seed)

    rates = [2.0**k for k in range(-8, 2)]
    runs = ss.sweep(experiment, stride=[2, 1], loop="stride", learning_rate=rates, seed=range(3))
    original, changed = (ss.diagnose_sweep(runs.sel(stride=stride)) for stride in (2, 1))
    assert (changed.objective[:4] < original.objective[:4]).all()
    assert changed.best_learning_rate < original.best_learning_rate
    assert changed.limited_by_instability
    assert not original.limited_by_instability
    assert changed.unstable_base_learning_rate == original.unstable_base_learning_rate / 4


def test_the_labs_rate_lies_between_the_two_edges():
    def sharpness(stride, seed):
        net = ss.workloads.resnet(blocks=2, channels=4, stride=stride)
        trace = ss.simulate(
            net, ss.momentum(0.01), steps=1, batch_size=64, seed=seed, measure_sharpness_at=[0]
        )
        return float(trace.sharpness[0])

    threshold = ss.momentum(0.5).threshold(0.5)
    assert all(sharpness(2, seed) < threshold < sharpness(1, seed) for seed in range(4))


def test_the_changed_network_leaps_unseen_and_a_short_warmup_mends_it():
    assert set(verdicts("strides")) == {"early instability with recovery"}
    leaps = [facts["peak_loss"] / facts["initial_loss"] for facts, _ in run("strides")]
    assert sum(leap > 4 for leap in leaps) >= MOST
    assert {facts["verdict_2"] for facts, _ in run("strides")} == {"stable"}
    lab = LABS["strides"]
    tables = lab.compute(lab.defaults)
    assert tables["run"]["stride_1"].argmax() < 20
    for seen in (tables["seen"]["stride_1"], tables["seen"]["stride_2"]):
        first, second = seen[np.isfinite(seen)]
        assert second < first
    assert goals("strides") == 0
    assert goals("strides", warmup=9) >= MOST
    assert [run("strides", warmup=warmup)[0][1] for warmup in (5, 6)] == [False, True]


def test_each_kind_of_instability():
    assert set(verdicts("kinds", net="residual")) == {"diverged"}
    assert set(verdicts("kinds", net="residual", warmup=50)) == {"stable"}
    assert set(verdicts("kinds", net="strides")) == {"early instability with recovery"}
    assert verdicts("kinds", net="outliers").count("mid-training instability") >= MOST
    assert goals("kinds", net="residual", warmup=50) == 0
    assert goals("kinds", net="outliers", warmup=50) >= MOST


def test_clipping_mends_the_corrupted_minibatches():
    assert CASES["outliers"].rate * LABS["kinds"].defaults["times"] == 2.0**-8
    net = ss.workloads.with_outliers(ss.workloads.mlp(width=32), probability=0.01, scale=100.0)
    clipping = ss.clipping.clip_by_global_norm(1.0)
    runs = ss.sweep(
        lambda seed: ss.simulate(
            net, ss.momentum(2.0**-8), steps=500, batch_size=32, seed=seed, clipping=clipping
        ),
        seed=SEEDS,
    )
    verdicts = [ss.diagnose(loss.to_numpy()).verdict for loss in runs.loss]
    assert verdicts[0] == "stable"
    assert verdicts.count(ss.diagnosis.Verdict.STABLE) >= MOST


def test_a_rise_of_one_entry_is_no_instability():
    losses = [2.3, 2.9, 6.1, 9.0, 8.0, 6.5, 5.0, 3.5, 2.2, 1.6, 1.2, 1.0, 0.9, 0.8, 0.7]
    assert ss.diagnose(losses).verdict == "early instability with recovery"
    for kept in (2, 3):
        assert ss.diagnose([*losses[:kept], *losses[8:]]).verdict == "stable"


def test_the_best_rate_moves_right_with_normalization():
    for (plain, _), (norm, _) in zip(run("axis"), run("axis", block="norm"), strict=True):
        assert plain["best_learning_rate"] < norm["best_learning_rate"]


@pytest.mark.parametrize("change", [{"warmup": 20}, {"warmup": 80}, {"gain": 0.5}])
def test_what_moves_the_plain_blocks_best_rate(change):
    assert goals("axis") == 0
    assert goals("axis", **change) >= MOST


def test_twice_the_predicted_rate_is_unstable():
    edge = EXERCISES["instability-edge"].solution
    rate = float(f"{2 * edge:.3g}")
    assert verdicts("strides", learning_rate=rate).count("stable") <= len(SEEDS) - MOST
