"""The sharpness of other libraries' models, against the full Hessian, and their thresholds.

The preconditioner and the threshold are held against the library itself: on a quadratic bowl its
own optimizer, started in the state that was measured, is stable just below the threshold.
"""

import json
import math
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest
import torch
from jax.flatten_util import ravel_pytree
from torch import nn
from torch.nn import functional as F

import stabsim as ss
from stabsim.logs import read
from stabsim.logs.hooks import StepFile
from stabsim.probe import keras as for_keras
from stabsim.probe import lanczos
from stabsim.probe.jax import Probe as JaxProbe
from stabsim.probe.measurement import Share
from stabsim.probe.rules import Known
from stabsim.probe.torch import Probe, of_optimizer
from tests.tiers import in_short

ROOT = Path(__file__).parent.parent
torch.set_num_threads(1)  # threads wait for each other longer than models this small take
X = np.random.default_rng(0).normal(size=(64, 5)).astype(np.float32)
Y = np.random.default_rng(1).integers(0, 3, 64)
STEPS, RATE = 7, 1e-2


# --- Lanczos ---


class Matrix:
    """A symmetric matrix as a space, whose P is 1."""

    def __init__(self, matrix):
        self.matrix, self.size = matrix, len(matrix)

    def start(self):
        return np.random.default_rng(0).normal(size=self.size)

    def product(self, x):
        return self.matrix @ x

    def inner(self, x, y):
        return float(x @ y)

    def combined(self, a, x, b, y):
        return a * x + b * y


def with_spectrum(values, seed=0):
    q = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))[0]
    return Matrix(q * values @ q.T)


@pytest.mark.parametrize("count", [1, 3])
def test_largest_eigenvalues_and_their_errors(count):
    values = np.concatenate([[-50.0], np.linspace(0, 1, 296) ** 3, [3.0, 5.0, 10.0]])
    found = lanczos.largest(with_spectrum(values), count, 1e-6, 100)
    right = [10.0, 5.0, 3.0][:count]
    assert found.eigenvalues == pytest.approx(right, rel=1e-6)
    assert found.products < 40
    early = lanczos.largest(with_spectrum(values), 1, 1e-2, 100)
    assert early.products < found.products
    assert abs(early.eigenvalues[0] - 10) <= 0.1


def test_an_exhausted_space_ends_and_a_broken_one_is_nan():
    found = lanczos.largest(with_spectrum(np.array([2.0, 1.0, -1.0])), 2, 1e-9, 100)
    assert found.products == 3
    assert found.eigenvalues == pytest.approx([2.0, 1.0])
    alike = lanczos.largest(Matrix(4.0 * np.eye(9)), 1, 1e-9, 100)
    assert (alike.products, alike.eigenvalues) == (1, pytest.approx([4.0]))
    broken = lanczos.largest(Matrix(np.full((3, 3), np.nan)), 2, 1e-9, 100)
    assert np.isnan(broken.eigenvalues).all()


def test_too_few_products_are_said():
    found = lanczos.largest(with_spectrum(np.linspace(0, 1, 300)), 1, 1e-9, 6)
    assert found.products == 6
    assert found.errors[0] > 1e-9
    assert abs(found.eigenvalues[0] - 1) <= found.errors[0] + 1e-9


# --- PyTorch ---


def torch_model(*, activation=nn.Tanh):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 8), activation(), nn.Linear(8, 3))
    x, y = torch.tensor(X), torch.tensor(Y)
    return model, lambda batch: F.cross_entropy(model(batch[0]), batch[1]), (x, y)


def train(loss, optimizer, batch, steps=STEPS):
    for _ in range(steps):
        optimizer.zero_grad()
        loss(batch).backward()
        optimizer.step()


def full_hessian(model, batch):
    """The Hessian of the loss by rows, in double precision."""
    double = nn.Sequential(nn.Linear(5, 8), type(model[1])(), nn.Linear(8, 3)).double()
    double.load_state_dict(model.state_dict())
    params = list(double.parameters())
    loss = F.cross_entropy(double(batch[0].double()), batch[1])
    gradient = torch.cat(
        [g.flatten() for g in torch.autograd.grad(loss, params, create_graph=True)]
    )
    rows = [torch.autograd.grad(g, params, retain_graph=True) for g in gradient]
    return np.array([torch.cat([r.flatten() for r in row]).numpy() for row in rows])


def top(hessian, p):
    """The largest eigenvalues with P, from the largest down."""
    root = np.sqrt(p)
    return np.linalg.eigvalsh(hessian / root[:, None] / root)[::-1]


TORCH = {
    "SGD": lambda p: torch.optim.SGD(p, RATE),
    "SGD with decay": lambda p: torch.optim.SGD(p, RATE, weight_decay=0.3),
    "momentum": lambda p: torch.optim.SGD(p, RATE, momentum=0.8),
    "dampened": lambda p: torch.optim.SGD(p, RATE, momentum=0.8, dampening=0.5),
    "Nesterov": lambda p: torch.optim.SGD(p, RATE, momentum=0.8, nesterov=True),
    "RMSprop": lambda p: torch.optim.RMSprop(p, RATE, eps=1e-3),
    "RMSprop, centered": lambda p: torch.optim.RMSprop(p, RATE, centered=True, momentum=0.5),
    "Adam": lambda p: torch.optim.Adam(p, RATE, betas=(0.8, 0.99), eps=1e-2),
    "AMSGrad": lambda p: torch.optim.Adam(p, RATE, amsgrad=True),
    "AdamW": lambda p: torch.optim.AdamW(p, RATE, weight_decay=5.0),
    "NAdam": lambda p: torch.optim.NAdam(p, RATE, betas=(0.8, 0.99)),
}
"""Each rule in PyTorch's own form."""


@pytest.mark.parametrize("name", TORCH)
def test_torch_against_the_full_hessian(name):
    model, loss, batch = torch_model()
    optimizer = TORCH[name](model.parameters())
    train(loss, optimizer, batch)
    _, rule = of_optimizer(optimizer)
    p = np.concatenate([
        np.broadcast_to(np.ravel(np.asarray(one, float)), (size,))
        for one, size in zip(diagonals(rule), [40, 8, 24, 3], strict=True)
    ])  # fmt: skip
    hessian = full_hessian(model, batch) + rule.ridge[0] * np.eye(75)
    before = torch.get_rng_state()
    found = Probe(loss, model, optimizer).measure([batch], count=3, tolerance=1e-6)
    assert torch.equal(torch.get_rng_state(), before)
    assert found.eigenvalues == pytest.approx(top(hessian, p)[:3], rel=1e-4)
    alone = Probe(loss, model, optimizer).measure([batch], tolerance=1e-6)
    assert alone.sharpness == pytest.approx(found.sharpness, rel=1e-4)
    assert found.error < 1e-4
    assert found.threshold == rule.threshold


def diagonals(rule):
    from stabsim.probe.rules import diagonal

    return [diagonal(n, *s) for n, s in zip(rule.numbers, rule.states, strict=True)]


# The threshold, against the library's own optimizer on a bowl.


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize("ratio", [0.99, 1.01])
def test_torch_is_unstable_just_above_the_threshold(name, ratio):
    """A bowl whose curvature is the measured share of the threshold, the second moment held."""
    w = nn.Parameter(torch.tensor([0.7], dtype=torch.float64))
    optimizer = TORCH[name]([w])
    for gradient in (0.4, -0.2, 0.3, 0.25, -0.1, 0.2, 0.3):
        w.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
    _, rule = of_optimizer(optimizer)
    p = float(diagonals(rule)[0])
    h = ratio * rule.threshold * p - rule.ridge[0]
    held = {
        key: value.clone() for key, value in optimizer.state[w].items() if torch.is_tensor(value)
        and key not in ("exp_avg", "momentum_buffer")
    }  # fmt: skip
    with torch.no_grad():  # so small that its own square adds nothing to the second moment
        w.fill_(1e-15)
    for key in {"exp_avg", "momentum_buffer"} & optimizer.state[w].keys():
        if optimizer.state[w][key] is not None:
            optimizer.state[w][key].zero_()
    sizes = []
    for _ in range(150):
        w.grad = h * w.detach()
        free(optimizer, w, held)
        optimizer.step()
        sizes.append(abs(w.detach().item()))
    grown = math.log(max(sizes[130:]) / max(sizes[30:50]))
    assert (grown > 0.1) == (ratio > 1)
    assert abs(grown) > 0.1


def free(optimizer, w, held):
    """Puts the second moment and the count back to where they were, for a step to find it there.

    The step moves them first: so they are put where that move leads to what was measured.
    """
    state = optimizer.state[w]
    g2 = w.grad**2
    group = optimizer.param_groups[0]
    for key, value in held.items():
        state[key].copy_(value)
    if "step" in held:
        state["step"].copy_(held["step"] - 1)
    grad = w.grad + group.get("weight_decay", 0) * w.detach()
    grad = w.grad if isinstance(optimizer, torch.optim.AdamW) else grad
    g2 = grad**2
    if "exp_avg_sq" in held:
        beta2 = group["betas"][1]
        state["exp_avg_sq"].copy_((held["exp_avg_sq"] - (1 - beta2) * g2) / beta2)
    if "max_exp_avg_sq" in held:
        state["exp_avg_sq"].copy_(held["exp_avg_sq"] * 0)
        # A gradient that is larger than all before it would move the maximum.
        state["exp_avg_sq"].sub_((1 - group["betas"][1]) * g2 / group["betas"][1])
    if "square_avg" in held:
        alpha = group["alpha"]
        state["square_avg"].copy_((held["square_avg"] - (1 - alpha) * g2) / alpha)
    if "grad_avg" in held:
        alpha = group["alpha"]
        state["grad_avg"].copy_((held["grad_avg"] - (1 - alpha) * grad) / alpha)
    if "mu_product" in held:
        t = float(held["step"])
        mu = group["betas"][0] * (1 - 0.5 * 0.96 ** (t * group["momentum_decay"]))
        state["mu_product"].copy_(held["mu_product"] / mu)


def test_groups_that_differ_in_rate_share_a_threshold():
    model, loss, batch = torch_model()
    first, second = list(model[0].parameters()), list(model[2].parameters())
    groups = [{"params": first, "lr": 0.1}, {"params": second, "lr": 0.4}]
    optimizer = torch.optim.SGD(groups, momentum=0.5)
    found = Probe(loss, model, optimizer).measure([batch], tolerance=1e-6)
    p = np.concatenate([np.full(48, 4.0), np.full(27, 1.0)])
    assert found.sharpness == pytest.approx(top(full_hessian(model, batch), p)[0], rel=1e-4)
    assert found.threshold == pytest.approx(3 / 0.4)


def test_batches_are_weighted_equally_and_halved():
    model, loss, (x, y) = torch_model()
    probe = Probe(loss, model, torch.optim.SGD(model.parameters(), 0.1))
    whole = probe.measure([(x, y)], tolerance=1e-6)
    parts = probe.measure([(x[:32], y[:32]), (x[32:], y[32:])], tolerance=1e-6)
    assert parts.sharpness == pytest.approx(whole.sharpness, rel=1e-4)
    assert parts.halves == pytest.approx(whole.halves, rel=1e-3)
    assert whole.sharpness <= max(whole.halves)
    tiny = probe.measure([(x[:4], y[:4])])
    assert "noise" in tiny.doubts
    assert f"{tiny.noise:.0%}" in str(tiny)


def test_doubts_of_torch():
    model, loss, batch = torch_model(activation=nn.ReLU)
    sgd = torch.optim.SGD(model.parameters(), 0.1)
    assert Probe(loss, model, sgd).measure([batch], halves=False).doubts == ("kinks",)
    model, loss, batch = torch_model()
    sgd = torch.optim.SGD(model.parameters(), 0.1)

    def dropped(batch):
        return F.cross_entropy(F.dropout(model(batch[0]), 0.5), batch[1])

    assert Probe(dropped, model, sgd).measure([batch], halves=False).doubts == ("random",)

    def half(batch):
        with torch.autocast("cpu", torch.bfloat16):
            return loss(batch)

    assert "precision" in Probe(half, model, sgd).measure([batch], halves=False).doubts


def test_buffers_and_gradients_are_left_alone():
    model = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    probe = Probe(
        lambda b: F.cross_entropy(model(b[0]), b[1]), model,
        torch.optim.SGD(model.parameters(), 0.1),
    )  # fmt: skip
    probe.measure([(torch.tensor(X), torch.tensor(Y))])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    batch = [(torch.tensor(X), torch.tensor(Y))]
    assert "running means" not in probe.measure(batch, halves=False).doubts
    model.eval()
    assert "running means" in probe.measure(batch, halves=False).doubts


def test_errors_say_what_would_be_right():
    model, loss, batch = torch_model()
    adam = torch.optim.Adam(model.parameters())
    with pytest.raises(ValueError, match="measure after a step"):
        Probe(loss, model, adam).measure([batch])
    with pytest.raises(ValueError, match="threshold of Adagrad is not known"):
        Probe(loss, model, torch.optim.Adagrad(model.parameters())).measure([batch])
    sgd = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(ValueError, match="at least one batch"):
        Probe(loss, model, sgd).measure([])
    with pytest.raises(ValueError, match="one number that depends"):
        Probe(lambda b: model(b[0]), model, sgd).measure([batch])
    with pytest.raises(ValueError, match="no curvature"):
        Probe(lambda b: model[2].bias.sum(), model, sgd).measure([batch])
    with pytest.raises(ValueError, match="not known"):
        JaxProbe(lambda p, b: p @ p, optax.lion, learning_rate=0.1).measure(jnp.ones(2), (), [0])


def peak(work):
    """The bytes that work adds to the process at most."""
    status = Path("/proc/self/status")

    def kilobytes(name):
        return int(re.search(rf"{name}:\s+(\d+)", status.read_text()).group(1))

    Path("/proc/self/clear_refs").write_text("5")
    before = kilobytes("VmRSS")
    work()
    return 1024 * (kilobytes("VmHWM") - before)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("library", ["torch", "jax"])
def test_memory_is_that_of_four_gradients(library):
    width = 3000
    one = 4 * width**2
    if library == "torch":
        model = nn.Linear(width, width)
        adam = torch.optim.Adam(model.parameters(), 1e-3)
        batch = torch.randn(2, width)

        def loss(x):
            return torch.tanh(model(x)).square().mean()

        train(loss, adam, batch, 1)
        adam.zero_grad()
        probe = Probe(loss, model, adam)
        probe.measure([batch], halves=False, most=2)  # what the library itself loads
        used = peak(lambda: probe.measure([batch], halves=False, most=6))
    else:
        params, batch = jnp.ones((width, width)) / width, jnp.ones((2, width))

        def loss_of(w, x):
            return jnp.mean(jnp.tanh(x @ w) ** 2)

        adam = ss.adam(1e-3)
        state = adam.update(jax.grad(loss_of)(params, batch), adam.init(params))[1]
        jaxed = JaxProbe(loss_of, optax.adam, learning_rate=1e-3)
        state = optax.ScaleByAdamState(jnp.int32(1), state.m, state.v)
        jaxed.measure(params, state, [batch], halves=False, most=4)  # compiles
        used = peak(lambda: jaxed.measure(params, state, [batch], halves=False, most=6))
    assert used < 4.3 * one


# --- JAX ---


@cache
def jax_model():
    rng = np.random.default_rng(2)
    params = {
        "in": jnp.asarray(rng.normal(size=(5, 8)) / 2, jnp.float32),
        "out": jnp.asarray(rng.normal(size=(8, 3)) / 2, jnp.float32),
    }

    def loss(params, batch):
        scores = jax.nn.log_softmax(jnp.tanh(batch[0] @ params["in"]) @ params["out"])
        return -jnp.mean(jnp.take_along_axis(scores, batch[1][:, None], 1))

    return loss, params, (jnp.asarray(X), jnp.asarray(Y))


@jax.numpy_dtype_promotion("standard")
def descend(loss, optimizer, params, batch):
    state = optimizer.init(params)

    @jax.jit
    def step(params, state):
        updates, state = optimizer.update(jax.grad(loss)(params, batch), state, params)
        return optax.apply_updates(params, updates), state

    for _ in range(STEPS):
        params, state = step(params, state)
    return params, state


@cache
def jax_hessian():
    loss, params, batch = jax_model()
    unravel = ravel_pytree(params)[1]
    return jax.jit(jax.hessian(lambda q: loss(unravel(q), batch)))


OPTAX = {
    "sgd": (optax.sgd, {}, lambda s, t: 1.0, lambda: 2 / RATE),
    "nesterov": (
        optax.sgd, {"momentum": 0.8, "nesterov": True}, lambda s, t: 1.0,
        lambda: 3.6 / 2.6 / RATE,
    ),
    "rmsprop": (
        optax.rmsprop, {"momentum": 0.5, "eps": 1e-4},
        lambda s, t: np.sqrt(s[0].nu + 1e-4), lambda: 3 / RATE,
    ),
    "rmsprop, centered": (
        optax.rmsprop, {"centered": True, "eps_in_sqrt": False, "bias_correction": True},
        lambda s, t: np.sqrt(s[0].nu / (1 - 0.9**t) - (s[0].mu / (1 - 0.9**t)) ** 2) + 1e-8,
        lambda: 2 / RATE,
    ),
    "adam": (
        optax.adam, {"b1": 0.8, "eps_root": 1e-4},
        lambda s, t: (np.sqrt(s[0].nu / (1 - 0.999**t) + 1e-4) + 1e-8) * (1 - 0.8**t),
        lambda: 3.6 / 0.2 / RATE,
    ),
    "adamw": (
        optax.adamw, {"weight_decay": 5.0},
        lambda s, t: (np.sqrt(s[0].nu / (1 - 0.999**t)) + 1e-8) * (1 - 0.9**t),
        lambda: 38 / RATE * (1 - RATE * 5 / 2),
    ),
}  # fmt: skip
"""Functions of optax, their options, P written from its documents, and the threshold."""


class Flat:
    """A state whose trees are flat arrays of doubles."""

    def __init__(self, state):
        for name in {"nu", "mu"} & set(state._fields):
            setattr(self, name, np.asarray(ravel_pytree(getattr(state, name))[0], float))


@pytest.mark.parametrize("name", OPTAX)
def test_optax_against_the_full_hessian(name):
    made_by, options, p, threshold = OPTAX[name]
    loss, params, batch = jax_model()
    clipped = optax.chain(optax.clip_by_global_norm(9.0), made_by(RATE, **options))
    params, state = descend(loss, clipped, params, batch)
    right = p([Flat(one) for one in state[1] if hasattr(one, "_fields")], STEPS)
    flat = ravel_pytree(params)[0]
    hessian = np.asarray(jax_hessian()(flat), float)
    values = top(hessian, np.broadcast_to(right, flat.shape))
    probe = JaxProbe(loss, made_by, learning_rate=RATE, **options)
    found = probe.measure(params, state, [batch], count=3, halves=False, tolerance=1e-6)
    assert found.eigenvalues == pytest.approx(values[:3], rel=1e-4)
    assert found.threshold == pytest.approx(threshold())
    alone = probe.measure(params, state, [batch], halves=False, tolerance=1e-6)
    assert alone.sharpness == pytest.approx(values[0], rel=1e-4)


@jax.numpy_dtype_promotion("standard")
def test_optax_nadam_is_unstable_just_above_the_threshold():
    for ratio in (0.99, 1.01):
        rule, w = optax.nadam(RATE, b1=0.8), jnp.ones(1)
        state = rule.init(w)
        for gradient in (0.4, -0.2, 0.3):
            state = rule.update(jnp.array([gradient]), state)[1]
        held = state[0]
        probe = JaxProbe(lambda w, b: b * w @ w / 2, optax.nadam, learning_rate=RATE, b1=0.8)
        of = probe.measure(w, state, [jnp.float32(1)], halves=False)
        h, w, mu, sizes = ratio * of.threshold / of.sharpness, 1e-12 * w, 0 * held.mu, []
        for _ in range(150):
            state = (held._replace(count=held.count - 1, mu=mu, nu=held.nu / 0.999), *state[1:])
            update, state = rule.update(h * w, state)
            w, mu = w + update, state[0].mu
            sizes.append(abs(float(w[0])))
        grown = math.log(max(sizes[130:]) / max(sizes[30:50]))
        assert abs(grown) > 0.1
        assert (grown > 0) == (ratio > 1)


def test_the_rate_of_a_schedule_and_of_injected_metaparameters():
    loss, params, batch = jax_model()
    schedule = optax.linear_schedule(0.0, 0.1, 10)
    _, state = descend(loss, optax.adam(schedule), params, batch)
    probe = JaxProbe(loss, optax.adam, learning_rate=schedule)
    found = probe.measure(params, state, [batch], halves=False)
    assert found.threshold == pytest.approx(38 / 0.07)
    _, state = descend(loss, optax.inject_hyperparams(optax.adam)(0.02), params, batch)
    found = JaxProbe(loss, optax.adam).measure(params, state, [batch], halves=False)
    assert found.threshold == pytest.approx(38 / 0.02, rel=1e-5)


def test_our_own_optimizers_and_what_is_held_fixed():
    loss, params, batch = jax_model()
    rule = ss.nadam(RATE)
    params, state = descend(loss, rule, params, batch)
    found = JaxProbe(loss, rule).measure(params, state, [batch], tolerance=1e-6, halves=False)
    same = ss.curvature.sharpness(
        lambda p: loss(p, batch), params, rule.preconditioner(state), iterations=40
    )
    assert found.sharpness == pytest.approx(float(same), rel=1e-4)
    assert found.threshold == pytest.approx(rule.threshold(RATE))
    mixed = params | {"name": "tanh", "count": jnp.int32(3)}
    again = JaxProbe(lambda p, b: loss({k: p[k] for k in params}, b), rule)
    other = again.measure(mixed, state, [batch], tolerance=1e-6, halves=False)
    assert other.sharpness == pytest.approx(found.sharpness)


def test_doubts_of_jax():
    def relu(w, x):
        return jnp.sum(jax.nn.relu(x @ w) ** 2)

    def half(w, x):
        return jnp.sum(jnp.tanh((x @ w).astype(jnp.bfloat16)).astype(jnp.float32))

    def dropped(w, x):
        return jnp.sum(jax.random.bernoulli(jax.random.key(0), 0.5, (4,)) * jnp.tanh(x @ w))

    x, w = jnp.asarray(X[:4]), jnp.ones(5)
    for loss, doubt in [(relu, "kinks"), (half, "precision"), (dropped, "random")]:
        with jax.numpy_dtype_promotion("standard"):
            found = JaxProbe(loss, ss.sgd(0.1)).measure(w, ss.sgd(0.1).init(w), [x], halves=False)
        assert doubt in found.doubts


# --- Keras ---

KERAS = {
    "SGD": ({"momentum": 0.8}, lambda v, t: 1.0, lambda: 3.6 / RATE),
    "RMSprop": (
        {"momentum": 0.5, "epsilon": 1e-4}, lambda v, t: np.sqrt(v + 1e-4), lambda: 3 / RATE,
    ),
    "Adam": (
        {"epsilon": 1e-3},
        lambda v, t: (np.sqrt(v) + 1e-3) * (1 - 0.9**t) / np.sqrt(1 - 0.999**t),
        lambda: 38 / RATE,
    ),
    "AdamW": (
        {"weight_decay": 4.0, "epsilon": 1e-7},
        lambda v, t: (np.sqrt(v) + 1e-7) * (1 - 0.9**t) / np.sqrt(1 - 0.999**t),
        lambda: 38 / RATE * (1 - RATE * 4 / 2),
    ),
    "Nadam": ({}, None, None),
}  # fmt: skip
"""Optimizers of Keras, their options, P written from their update steps, and the threshold."""


def keras_model(name, options, *, normalized=False):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    middle = layers.BatchNormalization() if normalized else layers.Dropout(0.3)
    model = keras.Sequential([keras.Input((5,)), layers.Dense(8, "tanh"), middle, layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(getattr(keras.optimizers, name)(RATE, **options), loss)
    return model


@jax.numpy_dtype_promotion("standard")
@pytest.mark.parametrize("name", in_short(KERAS, "Nadam", "RMSprop"))
def test_keras_against_the_full_hessian(name, tmp_path):
    options, p, threshold = KERAS[name]
    model = keras_model(name, options)
    log = StepFile(tmp_path / "log.jsonl")
    probe = for_keras.Probe((X, Y), log, every=3, share=1e6)
    model.fit(X, Y, batch_size=64, epochs=STEPS, verbose=0, callbacks=[probe])
    log.close()
    weights = [np.array(w.value) for w in model.trainable_variables]
    sizes = [w.size for w in weights]

    def loss(flat):
        w = [part.reshape(one.shape) for part, one in
             zip(jnp.split(flat, np.cumsum(sizes)[:-1]), weights, strict=True)]  # fmt: skip
        scores = jax.nn.log_softmax(jnp.tanh(X @ w[0] + w[1]) @ w[2] + w[3])
        return -jnp.mean(jnp.take_along_axis(scores, Y[:, None], 1))

    flat = jnp.concatenate([w.ravel() for w in weights])
    hessian = np.asarray(jax.jit(jax.hessian(loss))(flat), float)
    of, t = model.optimizer, STEPS
    found = probe.measure(model, [(X, Y)], count=3, halves=False, tolerance=1e-6)
    if name == "Nadam":  # held against the formula of the coefficients of its update
        v = np.concatenate([np.ravel(np.array(one.value)) for one in of._velocities])
        mu, following = (0.9 * (1 - 0.5 * 0.96**i) for i in (t, t + 1))
        product = np.prod([0.9 * (1 - 0.5 * 0.96**i) for i in range(1, t + 1)])
        a, b = following / (1 - product * following), (1 - mu) / (1 - product)
        value = top(hessian, np.sqrt(v / (1 - 0.999**t)) + 1e-7)[0]
        edge = 2 * 1.9 / (RATE * (0.1 * a + 1.9 * b))
        assert found.sharpness / found.threshold == pytest.approx(value / edge, rel=1e-4)
    else:
        v = (
            0.0
            if name == "SGD"
            else np.concatenate([np.ravel(np.array(one.value)) for one in of._velocities])
        )
        values = top(hessian, np.broadcast_to(p(v, t), flat.shape))
        assert found.eigenvalues == pytest.approx(values[:3], rel=1e-4)
        assert found.threshold == pytest.approx(threshold(), rel=1e-5)
    records = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [0, 3, 6]
    last = probe.measure(model, [(X, Y)])
    assert records[-1]["sharpness"] == pytest.approx(last.sharpness, rel=1e-4)
    assert records[-1]["threshold"] == pytest.approx(last.threshold)


@jax.numpy_dtype_promotion("standard")
def test_a_bias_that_batch_normalization_takes_away_again_has_no_sharpness():
    """Its gradient is nothing but rounding, by which Adam divides."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(8), layers.BatchNormalization(), layers.Dense(3)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss)
    model.fit(X, Y, epochs=STEPS, verbose=0, shuffle=False)
    before = [np.array(one.value) for one in model.non_trainable_variables]
    found = for_keras.Probe().measure(model, [(X, Y)], halves=False)
    after = [np.array(one.value) for one in model.non_trainable_variables]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert 0 < found.sharpness < found.threshold


@pytest.mark.long
@pytest.mark.parametrize("kind", ["plain", "normalized"])
def test_keras_on_torch_measures_what_keras_on_jax_does(kind):
    program = """
import os, sys
os.environ["KERAS_BACKEND"] = sys.argv[1]
import keras, numpy as np
from stabsim.probe.keras import Probe
from tests.test_probe import X, Y, keras_model
model = keras_model("Nadam", {}, normalized=sys.argv[2] == "normalized")
trained = model.trainable_variables
for w in trained:
    w.assign(np.linspace(-1, 1, int(np.prod(w.shape)), dtype="float32").reshape(w.shape))
model.optimizer.build(trained)
grads = [keras.ops.convert_to_tensor(np.cos(np.arange(np.prod(w.shape), dtype="float32")
         ).reshape(w.shape)) for w in trained]
for _ in range(3):
    model.optimizer.apply(grads, trained)
found = Probe().measure(model, [(X, Y)], count=2, tolerance=1e-6)
print(*found.eigenvalues, found.threshold)
"""
    found = []
    for backend in ("jax", "torch"):
        done = subprocess.run(
            [sys.executable, "-c", program, backend, kind], cwd=ROOT, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found.append([float(x) for x in done.stdout.split()])
    assert found[0] == pytest.approx(found[1], rel=1e-4)


# --- in the middle of a training ---


def test_the_share_of_time_is_kept():
    now = [0.0]
    share = Share(2, 0.1, clock=lambda: now[0])
    done = []
    for step in range(1000):
        now[0] += 0.1
        if share.due(step):
            share.spend(lambda: now.__setitem__(0, now[0] + 1.0))
            done.append(step)
    assert done[0] == 0
    assert all(step % 2 == 0 for step in done)
    assert 0.08 < len(done) / now[0] <= 0.11


def test_the_report_draws_sharpness_against_the_threshold(tmp_path):
    from stabsim.logs.advice import advise
    from stabsim.logs.hooks.torch import StepLog
    from stabsim.logs.report import Report, edge_of
    from stabsim.logs.verdict import diagnose_log

    model, loss, batch = torch_model()
    sgd = torch.optim.SGD(model.parameters(), 2.0)
    log = StepLog(tmp_path / "run.jsonl", sgd)
    probe = Probe(loss, model, sgd, log, every=5, share=1e6)
    for step in range(60):
        sgd.zero_grad()
        log.loss(loss(batch)).backward()
        sgd.step()
        probe.step(step, batch)
    log.close()
    found = read(tmp_path / "run.jsonl")
    assert found.loss.size == 60
    assert found.sharpness.size == found.threshold.size == 12
    assert set(found.threshold.value.read(0, 12)) == {1.0}
    edge = edge_of(found)
    assert edge.ratio == pytest.approx(found.sharpness.value.read(0, 12))
    reading = diagnose_log(found)
    report = Report(found, reading, advise(found, reading))
    above = int((edge.ratio > 1).sum())
    text = report.text("en")
    assert f"in {above} of 12 measurements" in text if above else "never above" in text
    assert report.facts()["log"]["edge"]["step"] == list(range(0, 60, 5))
    assert "stability threshold" in report.page("en")
    assert "ambang kestabilan" in report.page("id")
    assert report.page("en").count("<figure") == 4


def test_a_measurement_speaks_both_languages():
    from stabsim.probe.measurement import DOUBTS, Measurement

    found = Measurement((50.0,), 38.0, 0.02, 9, (50.0, 80.0), tuple(DOUBTS))
    assert found.unstable
    for language, words in (("en", "above the threshold 38"), ("id", "ambang kestabilan 38")):
        said = found.sentences(language)
        assert len(said) == 1 + len(DOUBTS)
        assert words in said[0]
        assert "{" not in "".join(said)


def test_a_rate_of_nothing_is_never_unstable():
    assert Known("adam", 0.9).threshold(0.0) == math.inf


TEXT = (ROOT / "docs" / "probe.md").read_text()


@jax.numpy_dtype_promotion("standard")
@pytest.mark.parametrize("library", ["PyTorch", "JAX, Flax, Equinox", "Keras"])
def test_the_documents_examples_run(library, capsys):
    code = re.search(rf"## {library}\n\n```python\n(.*?)```", TEXT, re.DOTALL).group(1)
    assert len([line for line in code.splitlines() if line]) <= 10
    exec(code, {})
    assert "threshold" in capsys.readouterr().out
