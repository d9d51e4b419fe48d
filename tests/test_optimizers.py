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
from stabsim.optimizers import as_optimizer, newton_schulz
from stabsim.schedules import linear_warmup
from tests import reference
from tests.peers import keras_path
from tests.tiers import in_short

RULES = {
    "sgd": [{}],
    "momentum": [{}, {"gamma": 0.0}, {"gamma": 0.99}],
    "nesterov": [{}, {"gamma": 0.5}],
    "rmsprop": [{}, {"rho": 0.99, "gamma": 0.9, "eps": 1e-3}],
    "adam": [{}, {"beta1": 0.5, "beta2": 0.9, "eps": 1e-2}, {"beta1": 0.0}],
    "nadam": [{}, {"beta1": 0.5, "beta2": 0.9, "eps": 1e-2}],
}
CASES = [(name, options) for name, some in RULES.items() for options in some]
READERS = {
    "adamw": [{}, {"beta1": 0.5, "beta2": 0.9, "eps": 1e-2, "weight_decay": 0.5}],
    "radam": [{}, {"beta1": 0.5, "beta2": 0.9, "eps": 1e-2}, {"beta2": 0.5}],
    "lion": [{}, {"beta1": 0.5, "beta2": 0.9, "weight_decay": 0.5}],
    "adafactor": [{}, {"decay": 0.5, "clip": 0.3, "eps1": 1e-2, "eps2": 2.0}],
    "muon": [{}, {"nesterov": False, "weight_decay": 0.5, "eps": 1.0, "mu": 0.5},
             {"scale": "match_rms_adamw"}],
    "schedule_free_adamw": [{}, {"beta1": 0.0, "beta2": 0.9, "eps": 1e-2, "weight_decay": 0.5}],
}  # fmt: skip
"""The rules beyond the playbook's, most of which read the parameters."""
READER_CASES = [(name, options) for name, some in READERS.items() for options in some]
EVERY = [*RULES, *READERS]
STEPS, SIZE = 40, 36
SHAPE = 9, 4


def path(pair, grads, start=None, look=lambda theta, state: theta):
    """What ``look`` makes of the parameters after each step, one gradient a step, from 0."""
    init, update = pair.init, pair.update

    def step(carry, g):
        theta, state = carry
        updates, state = update(g, state, theta)
        theta = theta + updates
        return (theta, state), look(theta, state)

    start = jnp.zeros_like(grads[0]) if start is None else jnp.asarray(start)
    return np.asarray(jax.lax.scan(step, (start, init(start)), grads)[1])


def distance(a, b):
    """The largest difference, relative to the size of b at that step."""
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    return np.max(np.abs(a - b).max(-1) / np.abs(b).max(-1))


def gradients(rng):
    return rng.normal(size=(STEPS, SIZE)) * np.exp(rng.normal(size=SIZE))


@pytest.mark.long
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


def rising(t):
    return jnp.linspace(0.01, 0.02, STEPS)[t.astype(int)]


@pytest.mark.parametrize(("name", "options"), READER_CASES)
@pytest.mark.parametrize("shape", [SHAPE, SHAPE[::-1]], ids=["tall", "wide"])
def test_a_rule_that_reads_the_parameters_is_the_reference(name, options, shape, rng, x64):
    grads, start = gradients(rng).reshape(STEPS, *shape), rng.normal(size=shape)
    expected = getattr(reference, name)(grads, np.linspace(0.01, 0.02, STEPS), start, **options)
    found = path(getattr(ss, name)(rising, **options), jnp.asarray(grads), start)
    assert distance(found, expected) < 1e-12


FAR = {"muon": 1e-4}
"""How far float32 may be off; Newton-Schulz lifts rounding by 3.4 a step with what it lifts."""


@pytest.mark.long
@pytest.mark.parametrize(("name", "options"), READER_CASES)
def test_a_rule_that_reads_the_parameters_is_the_reference_in_float32(name, options, rng):
    grads = gradients(rng).reshape(STEPS, *SHAPE).astype(np.float32)
    start = rng.normal(size=SHAPE).astype(np.float32)
    rates = np.linspace(0.01, 0.02, STEPS, dtype=np.float32).astype(float)
    expected = getattr(reference, name)(grads.astype(float), rates, start.astype(float), **options)
    found = path(getattr(ss, name)(rising, **options), jnp.asarray(grads), start)
    assert distance(found, expected) < FAR.get(name, 1e-6)


def test_adafactor_keeps_a_vector_s_squares_whole(rng, x64):
    grads, start = gradients(rng), rng.normal(size=SIZE)
    expected = reference.adafactor(grads, np.linspace(0.01, 0.02, STEPS), start)
    assert distance(path(ss.adafactor(rising), jnp.asarray(grads), start), expected) < 1e-12
    state = ss.adafactor(0.1).init({"w": jnp.zeros((7, 3)), "b": jnp.zeros(3)})
    assert sum(x.size for x in jax.tree.leaves((state.row, state.column))) == 7 + 3 + 3 + 1


def test_schedule_free_keeps_the_average(rng, x64):
    grads, start = gradients(rng), rng.normal(size=SIZE)
    rule = ss.schedule_free_adamw(dropping)
    rates = np.array([float(dropping(t)) for t in range(STEPS)])
    expected = reference.schedule_free_adamw(grads, rates, start, evaluated=True)
    assert distance(path(rule, jnp.asarray(grads), start, rule.kept), expected) < 1e-12


def test_simulate_validates_and_keeps_what_a_rule_averages():
    net = ss.workloads.mlp(depth=2, width=8, rows=64)
    rule = ss.schedule_free_adamw(0.05)
    trace = ss.simulate(net, rule, steps=30, evaluate_at=(0, 20, 30), record_parameters=True)
    flat = jax.flatten_util.ravel_pytree(trace.final_parameters)[0]
    assert float(jnp.abs(flat - trace.parameters[-1]).max()) > 1e-3
    last = net.loss(trace.final_parameters, net.validation)
    np.testing.assert_allclose(trace.validation_loss[-1], last, rtol=1e-6)
    shorter = ss.simulate(net, rule, steps=20)
    np.testing.assert_allclose(trace.validation_loss[1], shorter.validation_loss[-1], rtol=1e-5)


def test_muon_leaves_what_is_no_matrix_to_the_other_rule(rng):
    params = {
        "w": rng.normal(size=(4, 3)),
        "b": rng.normal(size=3),
        "k": rng.normal(size=(2, 3, 3)),
    }
    params = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), params)
    rule = ss.muon(0.1, rest=ss.sgd(0.5))
    updates, _ = rule.update(params, rule.init(params), params)
    for name in ("b", "k"):
        np.testing.assert_array_equal(updates[name], -0.5 * params[name])
    stacked = ss.muon(0.1, rest=ss.sgd(0.5), where=lambda path, w: path == "['k']")
    updates, _ = stacked.update(params, stacked.init(params), params)
    np.testing.assert_array_equal(updates["w"], -0.5 * params["w"])
    each = jnp.stack([-0.1 * newton_schulz(k) for k in params["k"]])
    np.testing.assert_allclose(updates["k"], each, rtol=1e-4, atol=1e-6)


def test_newton_schulz_brings_singular_values_near_one(rng, x64):
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    for least in (0.01, 1.0):
        g = turn[:, :4] * np.geomspace(least, 1.0, 4) @ turn[:4, :4]
        values = np.linalg.svd(np.asarray(newton_schulz(jnp.asarray(g))))[1]
        assert values.min() > 0.68
        assert values.max() < 1.21


def test_what_began_above_two_thousandths_ends_near_one(x64):
    began = jnp.geomspace(0.002, 1, 400)
    pairs = jnp.stack([began, jnp.sqrt(1 - began**2)], 1)  # of norm 1 already
    ends = jax.vmap(lambda s: newton_schulz(jnp.diag(s), eps=0.0))(pairs)[:, 0, 0]
    assert 0.68 < float(ends.min()) < 0.7
    assert 1.2 < float(ends.max()) < 1.21


def test_radam_goes_by_momentum_for_five_steps():
    """Until then its step grows with the gradient, and from then on not."""
    grads = jnp.ones((8, 3), jnp.float32)
    small, large = (np.diff(path(ss.radam(0.1), size * grads)[:, 0]) for size in (1.0, 10.0))
    np.testing.assert_allclose((large / small)[:4], 10, rtol=1e-4)
    np.testing.assert_allclose((large / small)[4:], 1, rtol=1e-4)


# --- on parabolas ---


def scalar_path(rule, curvature, steps, start):
    """|theta| at each step on the parabola of this curvature."""

    def step(carry, _):
        theta, state = carry
        updates, state = rule.update(curvature * theta, state, theta)
        return (theta + updates, state), jnp.abs(theta)

    theta = jnp.full((), start)
    return jax.lax.scan(step, (theta, rule.init(theta)), None, steps)[1]


STIFF = {
    "SGD": lambda: ss.sgd(1.0),
    "Momentum": lambda: ss.momentum(1.0, 0.9),
    "Nesterov": lambda: ss.nesterov(1.0, 0.9),
    "AdamW without decay": lambda: ss.adamw(1.0, 0.9, 0.9, 1.0, weight_decay=0.0),
    "AdamW": lambda: ss.adamw(1.0, 0.9, 0.9, 1.0, weight_decay=0.01),
    "AdamW, much decay": lambda: ss.adamw(1.0, 0.5, 0.9, 1.0, weight_decay=0.7),
    "RAdam": lambda: ss.radam(1.0, 0.9, 0.9, 1.0),
    "Adafactor": lambda: ss.adafactor(1e-3, eps1=1.0, eps2=1.0),
    "Schedule-Free AdamW, β₁ = 0": lambda: ss.schedule_free_adamw(1.0, 0.0, 0.9, 1.0, 0.3),
    "Schedule-Free AdamW, β₁ = 0.5": lambda: ss.schedule_free_adamw(1.0, 0.5, 0.9, 1.0, 0.3),
}
"""Rules whose P is 1, or whose eps holds it there while theta is tiny, as thresholds assume."""


@pytest.mark.parametrize("name", STIFF)
def test_a_threshold_is_where_runs_on_a_parabola_begin_to_grow(name, x64):
    rule = STIFF[name]()
    rate = rule.rate(rule.init(jnp.ones(()))) if name != "Adafactor" else 1e-3
    edge = rule.threshold(rate)
    shares = jnp.array([0.98, 0.99, 1.01, 1.02])
    size = jax.vmap(lambda share: scalar_path(rule, share * edge, 1000, 1e-140))(shares)
    late, later = size[:, 500:750].max(1), size[:, 750:].max(1)
    np.testing.assert_array_equal(later > late, [False, False, True, True])


def test_decay_lowers_adam_s_edge_by_half_of_rate_times_decay():
    for eta, decay in ((1.0, 0.0), (0.1, 0.01), (0.5, 1.0)):
        share = ss.adamw(eta, weight_decay=decay).threshold(eta) / ss.adam(eta).threshold(eta)
        assert share == pytest.approx(1 - eta * decay / 2)


def test_schedule_free_s_edge_is_reached_late(x64):
    """At the usual beta1 a run below the edge first grows by orders of magnitude."""
    rule = ss.schedule_free_adamw(1.0, 0.9, 0.9, 1.0)
    edge = rule.threshold(1.0)
    assert edge == pytest.approx(20)
    below, above = (scalar_path(rule, share * edge, 4000, 1e-140) for share in (0.97, 1.03))
    assert below.max() > 1e4 * below[0]
    assert below[-500:].max() < below[-1500:-1000].max()
    assert above[-500:].max() > above[-1500:-1000].max()


CURVATURES = 2.0 ** np.array([0.0, 7.0, 13.0])
"""Powers of two, by which multiplying rounds nothing."""


@pytest.mark.parametrize("rate", [0.125, 0.001])
@pytest.mark.parametrize(("decay", "low", "high"), [(0.0, 0.5, 2.0), (1.0, 0.2, 2.0)])
def test_lion_swings_as_wide_as_its_rate_at_every_curvature(rate, decay, low, high, x64):
    rule = ss.lion(rate, weight_decay=decay)
    size = jax.vmap(lambda h: scalar_path(rule, h, 6000, 1.0))(jnp.asarray(CURVATURES))
    np.testing.assert_array_equal(size, jnp.broadcast_to(size[0], size.shape))
    amplitude = size[0, -1000:].max() / rate
    print(f"Lion at {rate}, decay {decay}: amplitude {amplitude:.3f} rates")
    assert low <= amplitude <= high
    assert rule.threshold(rate) == jnp.inf


@pytest.mark.parametrize("mu", [0.0, 0.95])
def test_muon_swings_about_the_minimum_at_every_curvature(mu, rng, x64):
    start = jnp.asarray(rng.normal(size=(4, 4)))

    def distances(rate, curvature):
        rule = ss.muon(rate, mu, eps=0.0)

        def step(carry, _):
            theta, state = carry
            updates, state = rule.update(curvature * theta, state, theta)
            return (theta + updates, state), (
                jnp.linalg.norm(theta) / rate, jnp.linalg.norm(updates) / rate
            )  # fmt: skip

        theta = rate * start
        return jax.lax.scan(step, (theta, rule.init(theta)), None, 1000)[1]

    far, step = jax.vmap(partial(distances, 0.125))(jnp.asarray(CURVATURES))
    np.testing.assert_array_equal(far, jnp.broadcast_to(far[0], far.shape))
    other, _ = distances(0.125 / 1024, 1.0)
    np.testing.assert_array_equal(other, far[0], "The rate is a unit of length.")
    assert step.max() < 1.21 * 2
    early, late = far[0, 500:600], far[0, 900:]
    print(f"Muon with mu {mu}: distance {late.min():.2f} to {late.max():.2f} rates")
    assert 0.2 < late.max() < 8
    assert late.max() > 0.2 * early.max()


def torch_path(make, grads, start, rate):
    theta = torch.tensor(start, requires_grad=True)
    optimizer = make([theta])
    points = []
    for t, g in enumerate(grads):
        optimizer.param_groups[0]["lr"] = float(rate(t))
        theta.grad = torch.tensor(g)
        optimizer.step()
        points.append(theta.detach().numpy().copy())
    return np.array(points)


def dropping(t):
    return jnp.where(t < STEPS // 2, 0.1, 0.01)


def large(t):
    """Above the :math:`1/\\sqrt t` of a relative step from step 5 on."""
    return 5 * dropping(t)


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
        "AdamW": (
            lambda: ss.adamw(dropping, eps=0.1, weight_decay=0.3),
            lambda: optax.adamw(dropping, eps=0.1, weight_decay=0.3),
        ),
        "AdamW, ε = 0": (
            lambda: ss.adamw(dropping, eps=0.0, weight_decay=0.3),
            lambda: optax.adamw(dropping, eps=0.0, weight_decay=0.3),
        ),
        "RAdam": (lambda: ss.radam(dropping, eps=0.1), lambda: optax.radam(dropping, eps=0.1)),
        "RAdam, ε = 0": (
            lambda: ss.radam(dropping, eps=0.0),
            lambda: optax.radam(dropping, eps=0.0),
        ),
        "Lion": (
            lambda: ss.lion(dropping, weight_decay=0.3),
            lambda: optax.lion(dropping, weight_decay=0.3),
        ),
        "Adafactor": (
            lambda: ss.adafactor(large),
            lambda: optax.adafactor(large),
        ),
        "Muon": (
            lambda: ss.muon(dropping, weight_decay=0.3),
            lambda: optax.contrib.muon(dropping, weight_decay=0.3),
        ),
        "Muon, without Nesterov": (
            lambda: ss.muon(dropping, nesterov=False),
            lambda: optax.contrib.muon(dropping, nesterov=False),
        ),
        "Muon, match_rms_adamw": (
            lambda: ss.muon(dropping, scale="match_rms_adamw"),
            lambda: optax.contrib.muon(dropping, consistent_rms=0.2),
        ),
        "Schedule-Free AdamW": (
            lambda: ss.schedule_free_adamw(dropping),
            lambda: optax.contrib.schedule_free_adamw(dropping),
        ),
        "Schedule-Free AdamW, β₂ = 0": (
            lambda: ss.schedule_free_adamw(dropping, beta2=0.0, weight_decay=0.3),
            lambda: optax.contrib.schedule_free_adamw(dropping, b2=0.0, weight_decay=0.3),
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
        "AdamW": (
            lambda: ss.adamw(dropping, eps=0.1, weight_decay=0.3),
            lambda p: torch.optim.AdamW(p, 0.1, eps=0.1, weight_decay=0.3),
        ),
        "AdamW, ε = 0": (
            lambda: ss.adamw(dropping, eps=0.0, weight_decay=0.3),
            lambda p: torch.optim.AdamW(p, 0.1, eps=0.0, weight_decay=0.3),
        ),
        "RAdam": (
            lambda: ss.radam(dropping, eps=0.1),
            lambda p: torch.optim.RAdam(p, 0.1, eps=0.1),
        ),
        "RAdam, ε = 0": (
            lambda: ss.radam(dropping, eps=0.0),
            lambda p: torch.optim.RAdam(p, 0.1, eps=0.0),
        ),
        "Adafactor": (
            lambda: ss.adafactor(large),
            lambda p: torch.optim.Adafactor(p, 0.5),
        ),
        "Muon": (
            lambda: ss.muon(dropping, weight_decay=0.3),
            lambda p: torch.optim.Muon(p, 0.1, weight_decay=0.3),
        ),
        "Muon, match_rms_adamw": (
            lambda: ss.muon(dropping, scale="match_rms_adamw"),
            lambda p: torch.optim.Muon(p, 0.1, 0.0, adjust_lr_fn="match_rms_adamw"),
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
        "AdamW": (
            lambda: ss.adamw(dropping, eps=0.1, weight_decay=0.3),
            partial(rules.AdamW, epsilon=0.1, weight_decay=0.3),
        ),
        "AdamW, ε = 0": (
            lambda: ss.adamw(dropping, eps=0.0, weight_decay=0.3),
            partial(rules.AdamW, epsilon=0.0, weight_decay=0.3),
        ),
        "Lion": (
            lambda: ss.lion(dropping, weight_decay=0.3),
            partial(rules.Lion, weight_decay=0.3),
        ),
        "Adafactor": (
            lambda: ss.adafactor(large),
            rules.Adafactor,
        ),
        "Muon": (
            lambda: ss.muon(dropping, weight_decay=0.3),
            partial(rules.Muon, weight_decay=0.3, rms_rate=None),
        ),
        "Muon, without Nesterov": (
            lambda: ss.muon(dropping, nesterov=False),
            partial(rules.Muon, weight_decay=None, nesterov=False, rms_rate=None),
        ),
        "Muon, match_rms_adamw": (
            lambda: ss.muon(dropping, scale="match_rms_adamw"),
            partial(rules.Muon, weight_decay=None),
        ),
        "Schedule-Free AdamW": (
            lambda: ss.schedule_free_adamw(dropping),
            rules.ScheduleFreeAdamW,
        ),
        "Schedule-Free AdamW, β₂ = 0": (
            lambda: ss.schedule_free_adamw(dropping, beta2=0.0),
            partial(rules.ScheduleFreeAdamW, beta_2=0.0),
        ),
    },
}


LARGE = 1e6
"""What Muon's gradients are multiplied by, for its libraries' ε are not all to be set."""


IN_32_BITS = "Adafactor", "Muon, match_rms_adamw"
"""Where Keras takes a mean or a factor in 32 bits whatever the weights are."""


def followed(peer, rule, theirs, grads, start):
    """The other library's path. PyTorch's weights are outputs by inputs."""
    rate = large if rule == "Adafactor" else dropping
    with jax.numpy_dtype_promotion("standard"):
        if peer == "optax":
            return path(theirs(), jnp.asarray(grads), start)
        if peer == "Keras":
            rates = np.array([float(rate(t)) for t in range(STEPS)])
            return keras_path(theirs, grads, rates, start)
    return torch_path(theirs, grads.mT, start.T, rate).mT


@pytest.mark.parametrize("peer", in_short(PEERS, "PyTorch"))
def test_the_table_of_differences_is_true(peer, rng, x64):
    grads, start = gradients(rng).reshape(STEPS, *SHAPE[::-1]), rng.normal(size=SHAPE[::-1])
    place = [named.split()[0] for named in differences.PEERS].index(peer)
    said = {row.rule.en: row.agrees[place] for row in differences.ROWS}
    assert {rule for rule, agrees in said.items() if agrees is not None} == PEERS[peer].keys()
    for rule, (ours, theirs) in PEERS[peer].items():
        g = LARGE * grads if rule.startswith("Muon") else grads
        far = distance(path(ours(), jnp.asarray(g), start), followed(peer, rule, theirs, g, start))
        near = 1e-6 if peer == "Keras" and rule in IN_32_BITS else 1e-12
        assert far < near if said[rule] else far > 1e-4, (rule, far)


def test_pytorch_s_muon_differs_by_its_rounding_alone(rng, x64, monkeypatch):
    """PyTorch takes the Newton-Schulz steps in bfloat16; without that it is the same rule."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda x: x)
    grads, start = LARGE * gradients(rng).reshape(STEPS, *SHAPE), rng.normal(size=SHAPE)
    for rule in ("Muon", "Muon, match_rms_adamw"):
        ours, theirs = PEERS["PyTorch"][rule]
        found = path(ours(), jnp.asarray(grads), start)
        assert distance(found, followed("PyTorch", rule, theirs, grads, start)) < 1e-12


def test_keras_momentum_is_ours_at_a_fixed_rate(rng, x64):
    grads, rates = gradients(rng), np.full(STEPS, 0.1)
    for rule, nesterov in ((ss.momentum(0.1), False), (ss.nesterov(0.1), True)):
        keras_rule = partial(rules.SGD, momentum=0.9, nesterov=nesterov)
        theirs = keras_path(keras_rule, grads, rates, np.zeros(SIZE))
        assert distance(path(rule, jnp.asarray(grads)), theirs) < 1e-12


def test_the_documented_table_is_the_one_that_is_tested():
    page = (Path(__file__).parent.parent / "docs" / "differences.md").read_text()
    assert differences.markdown("en") in page


def test_the_table_in_a_page():
    shown = differences.table("id")
    assert shown._repr_html_().count("<tr>") == len(differences.ROWS) + 1
    assert "berbeda" in shown._repr_html_()
    assert repr(shown) == differences.markdown("id")


@pytest.mark.parametrize("name", in_short(EVERY, "sgd", "adam", "muon"))
def test_rule_runs_in_an_optax_loop(name, rng):
    target = {"a": jnp.asarray(rng.normal(size=3), jnp.float32), "b": jnp.float32(2.0)}
    params = jax.tree.map(jnp.zeros_like, target)
    quicker = {"adafactor": {"eps2": 1.0}, "radam": {"beta2": 0.9}}
    options = quicker.get(name, {})
    rule = getattr(ss, name)(optax.constant_schedule(0.02), **options)
    pair = optax.chain(ss.clipping.clip_by_global_norm(5.0), rule)

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


@pytest.mark.parametrize("name", EVERY)
def test_rule_keeps_dtypes_and_shapes(name):
    params = {"half": jnp.ones((2, 3), jnp.bfloat16), "single": jnp.ones(4, jnp.float32)}
    init, update = map(jax.jit, getattr(ss, name)(0.1))
    with jax.numpy_dtype_promotion("standard"):
        updates, state = update(params, init(params), params)
        later = update(params, state, params)[0]
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


@pytest.mark.parametrize("name", EVERY)
def test_numbers_do_not_recompile(name, rng):
    grads = jnp.asarray(gradients(rng), jnp.float32)
    traces = 0

    @jax.jit
    def run(rule):
        nonlocal traces
        traces += 1
        updates, _ = rule.update(grads[0], rule.init(grads[0]), grads[0])
        return updates

    make = getattr(ss, name)
    given = inspect.signature(make).parameters.values()
    others = [p.name for p in given if p.name != "learning_rate" and p.kind != p.KEYWORD_ONLY]
    run(make(0.1))
    run(make(0.2, **dict.fromkeys(others, 0.5)))
    assert traces == 1
    run(make(linear_warmup(0.1, 10)))
    run(make(linear_warmup(0.3, 20)))
    assert traces == 2


@pytest.mark.parametrize("name", EVERY)
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
