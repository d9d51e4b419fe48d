"""Confidence intervals: they hold the mean as often as they say."""

import numpy as np
import pytest

from stabsim.statistics import interval


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_coverage(share):
    values = np.random.default_rng(0).normal(3.0, 2.0, size=(4000, 5))
    found = interval(values, share)
    assert found.mean.shape == (4000,)
    held = np.mean((found.low < 3) & (found.high > 3))
    assert held == pytest.approx(share, abs=0.02)


def test_one_value_is_too_few():
    with pytest.raises(ValueError, match="at least two values; there are 1"):
        interval(np.ones((3, 1)))
