"""Rises of a loss that has all but reached 0, and outliers of a log that begins late."""

import numpy as np
import pytest

from stabsim.diagnosis import Verdict, diagnose


def learned(final, rng, scatter=0.02, records=500):
    """A loss that falls from 1 to ``final``, about which the records scatter by that share."""
    falls = np.exp(-np.arange(records) / 20)
    return falls + final * np.exp(scatter * rng.normal(size=records))


@pytest.mark.parametrize(
    ("times", "final", "counts"),
    [(20, 1e-3, True), (4, 1e-3, False), (20, 1e-5, False)],
    ids=["many times the level", "few", "less than a thousandth of what was learned"],
)
def test_deep_down_a_rise_is_of_many_times_the_level(rng, times, final, counts):
    loss = learned(final, rng)
    loss[400:412] = times * final
    found = diagnose(loss)
    assert found.verdict is (Verdict.MID_TRAINING if counts else Verdict.STABLE)
    assert [390 <= rise.onset <= 400 for rise in found.rises] == [True] * counts


@pytest.mark.parametrize("seed", range(3))
def test_heavy_tails_near_0_are_no_rise(seed):
    loss = learned(1e-3, np.random.default_rng(seed), scatter=1.2)
    assert diagnose(loss).verdict is Verdict.STABLE


def test_an_outlier_of_a_log_that_begins_late_ended_no_learning(rng):
    loss = learned(0.01, rng, 0.1)[200:]
    loss[30] = 0.2
    steps = np.arange(200.0, 500)
    assert diagnose(loss, steps).verdict is Verdict.STABLE
    assert diagnose(loss).verdict is Verdict.EARLY
