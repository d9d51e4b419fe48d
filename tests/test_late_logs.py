"""Logs that begin after the training did."""

import numpy as np

from stabsim.diagnosis import Verdict, diagnose


def learned(final, rng, scatter=0.02, records=500):
    """A loss that falls from 1 to ``final``, about which the records scatter by that share."""
    falls = np.exp(-np.arange(records) / 20)
    return falls + final * np.exp(scatter * rng.normal(size=records))


def test_an_outlier_of_a_log_that_begins_late_ended_no_learning(rng):
    loss = learned(0.01, rng, 0.1)[200:]
    loss[30] = 0.2
    steps = np.arange(200.0, 500)
    assert diagnose(loss, steps).verdict is Verdict.STABLE
    assert diagnose(loss).verdict is Verdict.EARLY
