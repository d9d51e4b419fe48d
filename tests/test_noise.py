"""Gradient noise against every minibatch, one by one."""

from itertools import combinations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import stabsim as ss
from stabsim.workloads import Batch, mlp, quadratic

ROWS = 6


@pytest.fixture(scope="module")
def gradients():
    """Each row's gradient, taken singly, and what the module makes of them."""
    net = mlp(depth=2, width=3, rows=ROWS)
    params = net.init(jax.random.key(0))
    gradient = jax.jit(jax.grad(net.loss))
    rows = [
        gradient(params, Batch(net.train.inputs[i : i + 1], net.train.targets[i : i + 1]))
        for i in range(ROWS)
    ]
    each = np.array([ravel_pytree(row)[0] for row in rows], float)
    return each, ss.gradient_noise(net, params)


def test_signal_and_noise(gradients):
    each, found = gradients
    assert float(found.signal) == pytest.approx((each.mean(0) ** 2).sum(), rel=1e-4)
    assert float(found.noise) == pytest.approx(each.var(0, ddof=1).sum(), rel=1e-4)
    assert float(found.scale) == pytest.approx(float(found.noise) / float(found.signal))
    assert found.rows == ROWS


@pytest.mark.parametrize("size", [1, 2, 4, 6])
def test_variance_over_all_minibatches(gradients, size):
    each, found = gradients
    means = np.array([each[list(rows)].mean(0) for rows in combinations(range(ROWS), size)])
    expected = ((means - each.mean(0)) ** 2).sum(1).mean()
    assert float(found.variance(size)) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_it_needs_rows():
    with pytest.raises(ValueError, match="at least two training rows; quadratic has 0"):
        ss.gradient_noise(quadratic([1.0]), jnp.ones(1))
