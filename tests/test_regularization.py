"""The L2 penalty against the rules on a loss that has it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stabsim as ss

RULES = [ss.sgd(0.1), ss.momentum(0.1), ss.nesterov(0.1), ss.adam(0.1)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_it_is_the_rule_on_the_penalized_loss(rule):
    curvature, strength = jnp.asarray([1.0, 3.0]), 0.5

    def loss(x):
        return jnp.sum(curvature * x**2) / 2

    penalized = ss.with_l2(rule, strength)
    a = b = jnp.asarray([1.0, -2.0])
    state, other = penalized.init(a), rule.init(b)
    for _ in range(5):
        updates, state = penalized.update(jax.grad(loss)(a), state, a)
        a = a + updates
        whole = jax.grad(lambda x: loss(x) + strength / 2 * jnp.sum(x**2))(b)
        updates, other = rule.update(whole, other, b)
        b = b + updates
    np.testing.assert_allclose(a, b, rtol=1e-5)
    assert penalized.rate(state) == rule.rate(other)
    assert (penalized.preconditioner(state) is None) == (rule.preconditioner(other) is None)


def test_threshold_is_where_it_diverges():
    rule = ss.with_l2(ss.sgd(0.5), 1.0)
    threshold = rule.threshold(0.5)
    assert threshold == 3.0
    for share, grows in ((0.99, False), (1.01, True)):
        bowl = ss.workloads.quadratic([share * threshold])
        loss = ss.simulate(bowl, rule, steps=200).loss
        assert (loss[-1] > loss[0]) == grows


def test_bad_arguments():
    with pytest.raises(TypeError, match="rule must be an Optimizer"):
        ss.with_l2(0.1, 0.1)
    with pytest.raises(ValueError, match="strength must be"):
        ss.with_l2(ss.sgd(0.1), -1.0)
