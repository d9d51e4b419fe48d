"""Logs that begin after the training did."""

import numpy as np

from stabsim.diagnosis import Verdict, diagnose


def test_an_outlier_of_a_log_that_begins_late_ended_no_learning(rng):
    steps = np.arange(200.0, 500)
    loss = np.exp(-steps / 20) + 0.01 * np.exp(0.1 * rng.normal(size=steps.size))
    loss[30] = 0.2
    assert diagnose(loss, steps).verdict is Verdict.STABLE
    assert diagnose(loss).verdict is Verdict.EARLY
