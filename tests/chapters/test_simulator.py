"""What the simulator's page says of the edge of stability, and its goals."""

import pytest

from stabsim.diagnosis import Verdict, diagnose
from stabsim.labs import LABS
from tests.chapters.runs import SEEDS, tables


def test_the_sharpness_of_whoever_survives_ends_at_the_threshold():
    lab = LABS["simulator"]
    setting = lab.setting({"net": "tanh", "learning_rate": 0.2})
    survivors = 0
    for seed in SEEDS:
        found = tables("simulator", setting | {"seed": seed})
        sharpness, threshold = found["sharpness"]["sharpness"], found["sharpness"]["threshold"]
        assert 2.9 * threshold[0] < sharpness[0] < 5.3 * threshold[0]
        if diagnose(found["run"]["loss"]).verdict is not Verdict.DIVERGED:
            survivors += 1
            assert abs(sharpness[-3:].mean() / threshold[-1] - 1) < 0.1
    assert 0 < survivors < len(SEEDS)


def test_the_sharpness_follows_the_threshold_down():
    lab = LABS["simulator"]
    setting = lab.setting({"net": "tanh", "learning_rate": 0.2, "warmup": 100})
    for seed in SEEDS:
        found = tables("simulator", setting | {"seed": seed})
        assert abs(found["sharpness"]["sharpness"][-3:].mean() / 10 - 1) < 0.1


@pytest.mark.parametrize(("net", "rate", "clip"), [("relu", 1.0, 1.0), ("residual", 0.1, 3.0)])
def test_a_threshold_reaches_the_goal_with_every_seed(net, rate, clip):
    lab = LABS["simulator"]
    setting = lab.setting({"net": net, "learning_rate": rate})
    for seed in SEEDS:
        found = tables("simulator", setting | {"seed": seed, "clip": clip})
        assert diagnose(found["run"]["loss"]).final_loss < 0.1
    assert diagnose(tables("simulator", setting)["run"]["loss"]).final_loss > 0.1


def test_momentum_alone_crosses_the_valley():
    lab, reached = LABS["simulator"], []
    for rule in ("sgd", "momentum", "nesterov"):
        values = {"net": "valley", "learning_rate": 0.15, "rule": rule, "gamma": 0.9}
        loss = tables("simulator", lab.setting(values))["run"]["loss"]
        reached.append(bool(diagnose(loss).final_loss < 0.001))
    assert reached == [False, True, False]
