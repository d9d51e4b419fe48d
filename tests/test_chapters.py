"""What the chapters' prose and answers say of their labs, over the seeds that a lab offers."""

from functools import cache

import pytest

import stabsim as ss
from stabsim.labs import LABS
from stabsim.labs.report import reached, report

SEEDS = range(10)
MOST = 7


@cache
def run(name: str, **changes) -> list[tuple[dict, bool]]:
    """What each seed's run is found to be, and whether it reaches the lab's goal."""
    lab = LABS[name]
    settings = [lab.setting(changes | {"seed": seed}) for seed in SEEDS]
    found = [report(lab, lab.compute(values), values, "en").facts for values in settings]
    return [(facts, reached(lab, facts)) for facts in found]


def verdicts(name: str, **changes) -> list:
    return [facts["verdict"] for facts, _ in run(name, **changes)]


def goals(name: str, **changes) -> int:
    return sum(goal for _, goal in run(name, **changes))


# --- instability ---


def test_the_two_networks_differ_at_high_rates():
    def experiment(stride, learning_rate, seed):
        net = ss.workloads.resnet(blocks=2, channels=4, stride=stride)
        return ss.simulate(net, ss.momentum(learning_rate), steps=100, batch_size=64, seed=seed)

    rates = [4.0**k for k in range(-5, 1)]
    runs = ss.sweep(experiment, stride=[2, 1], loop="stride", learning_rate=rates, seed=range(3))
    original, changed = (ss.diagnose_sweep(runs.sel(stride=stride)) for stride in (2, 1))
    assert (changed.objective[:3] < original.objective[:3]).all()
    assert changed.objective[-1] > original.objective[-1]
    assert changed.best_learning_rate < original.best_learning_rate


def test_the_changed_network_leaps_unseen_and_a_short_warmup_mends_it():
    assert set(verdicts("strides")) == {"early instability with recovery"}
    leaps = [facts["peak_loss"] / facts["initial_loss"] for facts, _ in run("strides")]
    assert sum(leap > 4 for leap in leaps) >= MOST
    assert {facts["verdict_2"] for facts, _ in run("strides")} == {"stable"}
    assert goals("strides") == 0
    assert goals("strides", warmup=9) >= MOST


def test_each_kind_of_instability():
    assert set(verdicts("kinds", net="residual")) == {"diverged"}
    assert set(verdicts("kinds", net="residual", warmup=50)) == {"stable"}
    assert set(verdicts("kinds", net="strides")) == {"early instability with recovery"}
    assert verdicts("kinds", net="outliers").count("mid-training instability") >= MOST
    assert goals("kinds", net="residual", warmup=50) == 0
    assert goals("kinds", net="outliers", warmup=50) >= MOST


def test_the_best_rate_moves_right_with_normalization():
    for (plain, _), (norm, _) in zip(run("axis"), run("axis", block="norm"), strict=True):
        assert plain["best_learning_rate"] < norm["best_learning_rate"]


@pytest.mark.parametrize("change", [{"warmup": 20}, {"warmup": 80}, {"gain": 0.5}])
def test_what_moves_the_plain_blocks_best_rate(change):
    assert goals("axis") == 0
    assert goals("axis", **change) >= MOST
