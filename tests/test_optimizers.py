"""Each rule against NumPy, optax, PyTorch and Keras, and as a citizen of optax's world."""

import inspect
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
from keras import optimizers as rules

import stabsim as ss
from stabsim import differences
from stabsim.optimizers import as_optimizer
from stabsim.schedules import linear_warmup
from tests import reference
from tests.peers import keras_path

RULES = {
    "sgd": [{}],
    "momentum": [{}, {"gamma": 0.0}, {"gamma": 0.99}],
    "nesterov": [{}, {"gamma": 0.5}],
    "rmsprop": [{}, {"rho": 0.99, "gamma": 0.9, "eps": 1e-3}],
    "adam": [{}, {"beta1": 0.5, "beta2": 0.9, "eps": 1e-2}, {"beta1": 0.0}],
    "nadam": [{}, {"beta1": 0.5, "beta2": 0.9, "eps": 1e-2}],
}
CASES = [(name, options) for name, some in RULES.items() for options in some]
STEPS, SIZE = 40, 30


def path(pair, grads):
    """The sum of a pair's updates after each step, one gradient a step."""
    init, update = pair.init, pair.update

    def step(carry, g):
        theta, state = carry
        updates, state = update(g, state, theta)
        theta = theta + updates
        return (theta, state), theta

    start = jnp.zeros_like(grads[0])
    return np.asarray(jax.lax.scan(step, (start, init(start)), grads)[1])


def distance(a, b):
    """The largest difference, relative to the size of b at that step."""
    return np.max(np.abs(a - b).max(-1) / np.abs(b).max(-1))


def gradients(rng):
    return rng.normal(size=(STEPS, SIZE)) * np.exp(rng.normal(size=SIZE))


@pytest.mark.parametrize(("name", "options"), CASES)
def test_rule_is_the_reference_in_float32(name, options, rng):
    grads = gradients(rng).astype(np.float32)
    rates = np.linspace(0.01, 0.02, STEPS, dtype=np.float32)
    rule = getattr(ss, name)(lambda t: jnp.asarray(rates)[t.astype(int)], **options)
    expected = getattr(reference, name)(grads.astype(float), rates.astype(float), **options)
    assert distance(path(rule, jnp.asarray(grads)), expected) < 1e-6


@pytest.mark.parametrize(("name", "options"), CASES)
def test_rule_is_the_reference_in_float64(name, options, rng, x64):
    grads, rates = gradients(rng), np.linspace(0.01, 0.02, STEPS)
    rule = getattr(ss, name)(lambda t: jnp.asarray(rates)[t.astype(int)], **options)
    expected = getattr(reference, name)(grads, rates, **options)
    assert distance(path(rule, jnp.asarray(grads)), expected) < 1e-12


def torch_path(make, grads):
    theta = torch.zeros(SIZE, dtype=torch.float64, requires_grad=True)
    optimizer = make([theta])
    points = []
    for t, g in enumerate(grads):
        optimizer.param_groups[0]["lr"] = float(dropping(t))
        theta.grad = torch.tensor(g)
        optimizer.step()
        points.append(theta.detach().numpy().copy())
    return np.array(points)


def dropping(t):
    return jnp.where(t < STEPS // 2, 0.1, 0.01)


PEERS = {
    "optax": {
        "SGD": (lambda: ss.sgd(dropping), lambda: optax.sgd(dropping)),
        "Momentum": (lambda: ss.momentum(dropping), lambda: optax.sgd(dropping, 0.9)),
        "Nesterov": (lambda: ss.nesterov(dropping), lambda: optax.sgd(dropping, 0.9, True)),
        "RMSProp": (
            lambda: ss.rmsprop(dropping, gamma=0.9),
            lambda: optax.rmsprop(dropping, momentum=0.9),
        ),
        "RMSProp, v from 1": (
            lambda: ss.rmsprop(dropping, gamma=0.9),
            lambda: optax.rmsprop(dropping, momentum=0.9, initial_scale=1.0),
        ),
        "Adam": (lambda: ss.adam(dropping, eps=0.1), lambda: optax.adam(dropping, eps=0.1)),
        "Adam, ε = 0": (lambda: ss.adam(dropping, eps=0.0), lambda: optax.adam(dropping, eps=0.0)),
        "NAdam, ε = 0": (
            lambda: ss.nadam(dropping, eps=0.0),
            lambda: optax.nadam(dropping, eps=0.0),
        ),
    },
    "PyTorch": {
        "SGD": (lambda: ss.sgd(dropping), lambda p: torch.optim.SGD(p, 0.1)),
        "Momentum": (lambda: ss.momentum(dropping), lambda p: torch.optim.SGD(p, 0.1, 0.9)),
        "Nesterov": (
            lambda: ss.nesterov(dropping),
            lambda p: torch.optim.SGD(p, 0.1, 0.9, nesterov=True),
        ),
        "RMSProp": (
            lambda: ss.rmsprop(dropping, gamma=0.9),
            lambda p: torch.optim.RMSprop(p, 0.1, alpha=0.9, momentum=0.9),
        ),
        "Adam": (
            lambda: ss.adam(dropping, eps=0.1),
            lambda p: torch.optim.Adam(p, 0.1, eps=0.1),
        ),
        "Adam, ε = 0": (
            lambda: ss.adam(dropping, eps=0.0),
            lambda p: torch.optim.Adam(p, 0.1, eps=0.0),
        ),
        "NAdam, ε = 0": (
            lambda: ss.nadam(dropping, eps=0.0),
            lambda p: torch.optim.NAdam(p, 0.1, eps=0.0),
        ),
    },
    "Keras": {
        "SGD": (lambda: ss.sgd(dropping), rules.SGD),
        "Momentum": (lambda: ss.momentum(dropping), partial(rules.SGD, momentum=0.9)),
        "Nesterov": (
            lambda: ss.nesterov(dropping),
            partial(rules.SGD, momentum=0.9, nesterov=True),
        ),
        "RMSProp": (
            lambda: ss.rmsprop(dropping, gamma=0.9, eps=1e-7),
            partial(rules.RMSprop, rho=0.9, momentum=0.9),
        ),
        "Adam": (lambda: ss.adam(dropping, eps=0.1), partial(rules.Adam, epsilon=0.1)),
        "Adam, ε = 0": (lambda: ss.adam(dropping, eps=0.0), partial(rules.Adam, epsilon=0.0)),
        "NAdam, ε = 0": (lambda: ss.nadam(dropping, eps=0.0), partial(rules.Nadam, epsilon=0.0)),
    },
}


@pytest.mark.parametrize("peer", PEERS)
def test_the_table_of_differences_is_true(peer, rng, x64):
    grads, rates = gradients(rng), np.array([float(dropping(t)) for t in range(STEPS)])
    place = [named.split()[0] for named in differences.PEERS].index(peer)
    said = {row.rule.en: row.agrees[place] for row in differences.ROWS}
    assert {rule for rule, agrees in said.items() if agrees is not None} == PEERS[peer].keys()
    for rule, (ours, theirs) in PEERS[peer].items():
        if peer == "optax":
            with jax.numpy_dtype_promotion("standard"):
                other = path(theirs(), jnp.asarray(grads))
        else:
            follow = torch_path if peer == "PyTorch" else partial(keras_path, rates=rates)
            other = follow(theirs, grads)
        far = distance(path(ours(), jnp.asarray(grads)), other)
        assert far < 1e-12 if said[rule] else far > 1e-4, (rule, far)


def test_keras_momentum_is_ours_at_a_fixed_rate(rng, x64):
    grads, rates = gradients(rng), np.full(STEPS, 0.1)
    for rule, nesterov in ((ss.momentum(0.1), False), (ss.nesterov(0.1), True)):
        keras_rule = partial(rules.SGD, momentum=0.9, nesterov=nesterov)
        theirs = keras_path(keras_rule, grads, rates)
        assert distance(path(rule, jnp.asarray(grads)), theirs) < 1e-12


def test_the_documented_table_is_the_one_that_is_tested():
    page = (Path(__file__).parent.parent / "docs" / "differences.md").read_text()
    assert differences.markdown("en") in page


def test_the_table_in_a_page():
    shown = differences.table("id")
    assert shown._repr_html_().count("<tr>") == len(differences.ROWS) + 1
    assert "berbeda" in shown._repr_html_()
    assert repr(shown) == differences.markdown("id")


@pytest.mark.parametrize("name", RULES)
def test_rule_runs_in_an_optax_loop(name, rng):
    target = {"a": jnp.asarray(rng.normal(size=3), jnp.float32), "b": jnp.float32(2.0)}
    params = jax.tree.map(jnp.zeros_like, target)
    pair = optax.chain(
        ss.clipping.clip_by_global_norm(5.0), getattr(ss, name)(optax.constant_schedule(0.02))
    )

    def loss(p):
        return sum(jnp.sum((p[k] - target[k]) ** 2) for k in p)

    @jax.jit
    def step(params, state):
        updates, state = pair.update(jax.grad(loss)(params), state, params)
        return optax.apply_updates(params, updates), state

    state = pair.init(params)
    for _ in range(300):
        params, state = step(params, state)
    assert float(loss(params)) < 0.01 * float(loss(jax.tree.map(jnp.zeros_like, target)))


@pytest.mark.parametrize("name", RULES)
def test_rule_keeps_dtypes_and_shapes(name):
    params = {"half": jnp.ones((2, 3), jnp.bfloat16), "single": jnp.ones(4, jnp.float32)}
    init, update = getattr(ss, name)(0.1)
    with jax.numpy_dtype_promotion("standard"):
        updates, state = update(params, init(params))
        later = update(params, state)[0]
    for tree in (updates, later):
        assert jax.tree.map(lambda x: (x.shape, x.dtype), tree) == jax.tree.map(
            lambda x: (x.shape, x.dtype), params
        )


def test_momentum_without_gamma_is_sgd(rng):
    grads = jnp.asarray(gradients(rng), jnp.float32)
    np.testing.assert_array_equal(
        path(ss.momentum(0.1, gamma=0.0), grads), path(ss.sgd(0.1), grads)
    )
    np.testing.assert_array_equal(
        path(ss.nesterov(0.1, gamma=0.0), grads), path(ss.sgd(0.1), grads)
    )


@pytest.mark.parametrize("name", RULES)
def test_numbers_do_not_recompile(name, rng):
    grads = jnp.asarray(gradients(rng), jnp.float32)
    traces = 0

    @jax.jit
    def run(rule):
        nonlocal traces
        traces += 1
        updates, _ = rule.update(grads[0], rule.init(grads[0]))
        return updates

    make = getattr(ss, name)
    others = [p for p in inspect.signature(make).parameters if p != "learning_rate"]
    run(make(0.1))
    run(make(0.2, **dict.fromkeys(others, 0.5)))
    assert traces == 1
    run(make(linear_warmup(0.1, 10)))
    run(make(linear_warmup(0.3, 20)))
    assert traces == 2


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("bad", [-0.1, float("nan"), float("inf")])
def test_bad_learning_rates(name, bad):
    with pytest.raises(ValueError, match="learning_rate must be a finite number of at least 0"):
        getattr(ss, name)(bad)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ss.sgd("fast"), TypeError, "learning_rate must be a finite number"),
        (lambda: ss.sgd(None), TypeError, "not None"),
        (lambda: ss.momentum(0.1, gamma=1.0), ValueError, r"gamma must be in \[0, 1\); it is 1.0"),
        (lambda: ss.adam(0.1, beta1=-0.1), ValueError, "beta1"),
        (lambda: ss.nadam(0.1, beta2=1.5), ValueError, "beta2"),
        (
            lambda: ss.rmsprop(0.1, eps=-1.0),
            ValueError,
            "eps must be a finite number of at least 0",
        ),
        (lambda: as_optimizer(ss.momentum), TypeError, r"Call it first, as in momentum\(0.1\)"),
        (lambda: as_optimizer(0.1), TypeError, "optimizer must be an"),
    ],
)
def test_bad_arguments(make, error, message, unchecked):
    with pytest.raises(error, match=message):
        make()


def test_metaparameters_may_be_traced(rng):
    g = jnp.asarray(rng.normal(size=SIZE), jnp.float32)

    def first(eta, beta1):
        rule = ss.adam(eta, beta1=beta1)
        return rule.update(g, rule.init(g))[0]

    both = jax.vmap(first)(jnp.array([0.1, 0.2]), jnp.array([0.9, 0.5]))
    np.testing.assert_allclose(both[1], first(0.2, 0.5), rtol=1e-6)
