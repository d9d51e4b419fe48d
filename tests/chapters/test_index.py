"""What the welcome page says of its runs and its lab."""

import numpy as np
import pytest

from stabsim.diagnosis import Verdict
from stabsim.exercises import EXERCISES, index
from stabsim.labs import LABS
from tests.chapters.runs import SEEDS, goals, tables, verdicts

# From place 60 on no run survives; the lowest losses are a few places before that.
PLACES = {"some": [0, 30, 48, 52, 54, 56, 58, 61], "all": [*range(46), *range(46, 62), 70, 100]}


@pytest.mark.long
@pytest.mark.parametrize("places", PLACES)
def test_no_rate_alone_reaches_the_first_goal_and_a_warmup_does(places):
    rates = [LABS["first"].controls[0].at(position) for position in range(101)]
    for place in PLACES[places]:
        assert goals("first", learning_rate=rates[place]) == 0

    def stable(rate):
        """At the rate that the text names, and at the slider's next ones."""
        place = LABS["first"].controls[0].position(rate)
        near = (rates[i] for i in (place - 1, place, place + 1))
        return [verdicts("first", learning_rate=x, warmup=40).count("stable") for x in near]

    for rate in (0.0145, 0.0155, 0.0166):
        assert goals("first", learning_rate=rate, warmup=40) == len(SEEDS)
    assert all(count >= len(SEEDS) - 1 for count in stable(0.0309))
    assert all(abs(count - len(SEEDS) / 2) <= 1 for count in stable(0.0617))


def test_no_rate_that_an_exercise_asks_for_is_a_coin_toss():
    """Its answer holds for the lab as it stands, and five per cent about its rates."""
    for share in (0.95, 0.975, 1.0, 1.025, 1.05):
        stable = [rate for rate in (4.0**k for k in range(-5, 0))
                  if index._run(share * rate, 20).verdict is Verdict.STABLE]  # fmt: skip
        assert max(stable) == EXERCISES["index-highest"].solution  # type: ignore[union-attr]
        assert index._run(share * 0.00776, 0).diverged_at == EXERCISES["index-step"].solution  # type: ignore[union-attr]


def test_above_the_threshold_the_steps_leap_wider_and_wider_and_the_map_widens():
    lab = LABS["valley"]
    for rate in (0.08, 0.095, 0.105, 0.12):
        found = tables("valley", lab.setting({"learning_rate": rate}))
        path = found["path"]["y"][found["path"]["line"] == 0]
        leaps = np.abs(path[:20])
        assert (np.sign(path[1:20]) == -np.sign(path[:19])).all()  # from wall to wall
        above = found["sharpness"]["sharpness"][0] > found["sharpness"]["threshold"][0]
        assert above == (rate > 0.1)
        assert (np.diff(leaps) > 0).all() if above else (np.diff(leaps) < 0).all()


def test_on_the_product_a_step_too_long_lands_where_the_valley_is_wider():
    lab = LABS["valley"]
    caught = [
        tables("valley", lab.setting({"surface": "uv", "learning_rate": rate}))
        for rate in (0.6, 0.7, 0.8)
    ]
    for found in caught:
        sharpness, threshold = found["sharpness"]["sharpness"], found["sharpness"]["threshold"]
        assert sharpness[0] > threshold[0]
        assert sharpness[-1] < threshold[-1]
        assert found["run"]["loss"].max() > found["run"]["loss"][0]
        assert found["run"]["loss"][-1] < 1e-3
