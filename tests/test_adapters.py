"""What logs a run from other libraries' loops, in the libraries themselves."""

import ast
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest
import torch

from stabsim.logs.hooks import keras as for_keras
from stabsim.logs.hooks import optax as for_optax
from stabsim.logs.hooks import torch as for_torch

FOLDER = Path(for_torch.__file__).parent
X = np.random.default_rng(0).normal(size=(96, 3)).astype(np.float32)
Y = X @ np.array([[1.0], [2.0], [-1.0]], np.float32)
RATE, STEPS = 0.05, 5


def expected(clip=np.inf):
    """Gradient descent on the squared error by hand, from zero: a record a step."""
    w, records = np.zeros((3, 1)), []
    for step in range(STEPS):
        residual = X @ w - Y
        gradient = 2 * X.T @ residual / len(X)
        norm = np.linalg.norm(gradient)
        records.append({
            "step": step, "loss": np.mean(residual**2), "gradient_norm": norm,
            "learning_rate": RATE,
        })  # fmt: skip
        w -= RATE * gradient * min(1, clip / norm)
    return records


def check(path, clip=np.inf):
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(records) == STEPS
    for found, right in zip(records, expected(clip), strict=True):
        assert found == pytest.approx(right, rel=1e-4)


@pytest.mark.parametrize("library", ["optax", "torch", "keras"])
def test_under_40_lines_of_code(library):
    tree = ast.parse((FOLDER / f"{library}.py").read_text())
    lines = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno
            lines.update(range(node.lineno, end + 1))
    assert 10 < len(lines) < 40


@pytest.mark.parametrize("clip", [1e9, 0.5])
def test_optax_in_a_compiled_loop(tmp_path, clip):
    def loss(w):
        return jnp.mean((X @ w - Y) ** 2)

    with (tmp_path / "log").open("w") as file:
        rule = optax.chain(
            for_optax.log_steps(file, optax.constant_schedule(RATE)),
            optax.clip_by_global_norm(clip),
            optax.sgd(RATE),
        )

        def step(carry, _):
            w, state = carry
            value, gradient = jax.value_and_grad(loss)(w)
            updates, state = rule.update(gradient, state, w, value=value)
            return (optax.apply_updates(w, updates), state), None

        w = jnp.zeros((3, 1))
        jax.jit(lambda carry: jax.lax.scan(step, carry, length=STEPS))((w, rule.init(w)))
        jax.effects_barrier()
    check(tmp_path / "log", clip)


@pytest.mark.parametrize("clip", [1e9, 0.5])
def test_torch_sees_gradients_before_they_are_clipped(tmp_path, clip):
    net = torch.nn.Linear(3, 1, bias=False)
    torch.nn.init.zeros_(net.weight)
    optimizer = torch.optim.SGD(net.parameters(), RATE)
    log = for_torch.StepLog(tmp_path / "log", optimizer)
    x, y = torch.tensor(X), torch.tensor(Y)
    for _ in range(STEPS):
        optimizer.zero_grad()
        log.loss((net(x) - y).square().mean()).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
        optimizer.step()
    log.close()
    optimizer.step()  # no hook is left
    check(tmp_path / "log", clip)


def test_torch_adds_up_accumulated_gradients(tmp_path):
    net = torch.nn.Linear(3, 1, bias=False)
    torch.nn.init.zeros_(net.weight)
    optimizer = torch.optim.SGD(net.parameters(), RATE)
    log = for_torch.StepLog(tmp_path / "log", optimizer)
    for _ in range(STEPS):
        optimizer.zero_grad()
        for part in np.split(np.arange(96), 3):
            x, y = torch.tensor(X[part]), torch.tensor(Y[part])
            ((net(x) - y).square().mean() / 3).backward()
        log.loss((net(torch.tensor(X)) - torch.tensor(Y)).square().mean())
        optimizer.step()
    log.close()
    check(tmp_path / "log")


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")
@pytest.mark.parametrize("clip", [None, 0.5])
def test_keras_logs_each_minibatch_and_not_the_mean_so_far(tmp_path, clip):
    with jax.numpy_dtype_promotion("standard"):  # Keras relies on it
        net = keras.Sequential([
            keras.layers.Input((3,)),
            keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros"),
        ])  # fmt: skip
        net.compile(keras.optimizers.SGD(RATE, global_clipnorm=clip), loss="mse")
        log = for_keras.StepLog(tmp_path / "log")
        options = {"batch_size": 96, "shuffle": False, "verbose": 0}
        net.fit(X, Y, epochs=STEPS, validation_data=(X, Y), callbacks=[log], **options)
        net.fit(X, Y, epochs=1, **options)  # nothing of the callback is left
    check(tmp_path / "log", clip or np.inf)
