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

from stabsim.logs.hooks import StepFile
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


@pytest.mark.parametrize("library", ["optax", "torch", "keras", "transformers", "lightning"])
def test_under_60_lines_of_code(library):
    tree = ast.parse((FOLDER / f"{library}.py").read_text())
    lines = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno
            lines.update(range(node.lineno, end + 1))
    assert 10 < len(lines) < 60


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


def linear():
    """The network of :func:`expected`: three weights, from zero."""
    net = torch.nn.Linear(3, 1, bias=False)
    torch.nn.init.zeros_(net.weight)
    return net


def test_torch_knows_what_the_loss_scaler_skipped_and_logs_without_its_scale(tmp_path):
    """The scale is so large at first that gradients overflow; each such step halves it."""
    net, x, y = linear(), torch.tensor(X), torch.tensor(Y)
    optimizer = torch.optim.SGD(net.parameters(), RATE)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)
    log = for_torch.StepLog(tmp_path / "log", optimizer, scaler)
    skipped = 0
    for taken in range(20):
        optimizer.zero_grad()
        scale = scaler.get_scale()
        scaler.scale(log.loss((net(x) - y).square().mean())).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
        scaler.step(optimizer)
        scaler.update()
        skipped += scaler.get_scale() < scale
        if taken - skipped == STEPS - 1:
            break
    log.close()
    records = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert 0 < skipped == sum(record.pop("skipped") for record in records)
    assert not any(np.isfinite(record["gradient_norm"]) for record in records[:skipped])
    assert [record["step"] for record in records] == list(range(len(records)))
    for found, right in zip(records[skipped:], expected(0.5), strict=True):
        right["step"] += skipped
        assert found == pytest.approx(right, rel=1e-4)
    assert scaler.step.__self__ is scaler  # the scaler is as it was


# What the trainers, and what they import, warn of is theirs to mend.
theirs = pytest.mark.filterwarnings("ignore")


class Rows(torch.utils.data.Dataset):
    """The rows of X and Y, as the trainers take them; each is a dictionary, or a pair."""

    def __init__(self, pairs=False):
        self.pairs = pairs

    def __len__(self):
        return len(X)

    def __getitem__(self, i):
        return (X[i], Y[i]) if self.pairs else {"x": X[i], "labels": Y[i]}


class ForTrainer(torch.nn.Module):
    """The linear network as a model of transformers: it returns its loss."""

    def __init__(self, rise_from=None):
        super().__init__()
        self.net, self.rise_from, self.calls = linear(), rise_from, 0

    def forward(self, x, labels):
        self.calls += 1
        loss = (self.net(x) - labels).square().mean()
        if self.rise_from is not None and self.calls > self.rise_from:
            loss = loss * float("nan")
        return {"loss": loss, "logits": self.net(x)}


def trainer_for(model, folder, steps=STEPS, **options):
    import transformers

    arguments = transformers.TrainingArguments(
        str(folder), max_steps=steps, per_device_train_batch_size=96 // options.get(
            "gradient_accumulation_steps", 1),
        learning_rate=RATE, lr_scheduler_type="constant", report_to=[], save_strategy="no",
        logging_strategy="no", disable_tqdm=True, use_cpu=True, dataloader_drop_last=True,
        **options,
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), RATE)
    return transformers.Trainer(
        model, arguments, train_dataset=Rows(), optimizers=(optimizer, None)
    )


@theirs
@pytest.mark.parametrize(("clip", "parts"), [(1e9, 1), (0.5, 1), (0.5, 3)])
def test_transformers_sees_each_step_before_clipping(tmp_path, clip, parts):
    from stabsim.logs.hooks import transformers as for_transformers

    model = ForTrainer()
    trainer = trainer_for(
        model, tmp_path, max_grad_norm=clip, gradient_accumulation_steps=parts
    )  # fmt: skip
    step = trainer.training_step
    trainer.add_callback(for_transformers.StepLog(tmp_path / "log", trainer))
    trainer.train()
    check(tmp_path / "log", clip)
    assert trainer.training_step == step  # the trainer is as it was


@theirs
def test_transformers_stops_at_the_first_loss_that_is_not_finite(tmp_path):
    from stabsim.logs.hooks import transformers as for_transformers

    trainer = trainer_for(ForTrainer(rise_from=3), tmp_path, steps=50)
    log = for_transformers.StepLog(tmp_path / "log", trainer, stop_when="diverged")
    trainer.add_callback(log)
    trainer.train()
    records = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert trainer.state.global_step == len(records) == 4
    assert np.isnan(records[-1]["loss"])
    assert np.isfinite([record["loss"] for record in records[:3]]).all()


def lightning_run(folder, steps=STEPS, stop_when="never", rise_from=None, parts=1, **options):
    import pytorch_lightning as pl

    from stabsim.logs.hooks import lightning as for_lightning

    class Linear(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = linear()

        def training_step(self, batch, index):
            x, y = batch
            loss = (self.net(x) - y).float().square().mean()
            broken = rise_from is not None and self.global_step >= rise_from
            return loss * float("nan") if broken else loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), RATE)

    trainer = pl.Trainer(
        max_steps=steps, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, accumulate_grad_batches=parts,
        callbacks=[for_lightning.StepLog(folder / "log", stop_when)], **options,
    )  # fmt: skip
    rows = torch.utils.data.DataLoader(Rows(pairs=True), batch_size=96 // parts)
    trainer.fit(Linear(), rows)
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


@theirs
@pytest.mark.parametrize(("clip", "parts"), [(None, 1), (0.5, 1), (0.5, 3)])
def test_lightning_sees_each_step_before_clipping(tmp_path, clip, parts):
    lightning_run(tmp_path, gradient_clip_val=clip, parts=parts)
    check(tmp_path / "log", clip or np.inf)


@theirs
def test_lightning_in_half_precision_is_unscaled_and_knows_skipped_steps(tmp_path):
    import pytorch_lightning as pl

    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**30)
    plugin = pl.plugins.MixedPrecision("16-mixed", "cpu", scaler)
    records = lightning_run(tmp_path, steps=30, plugins=[plugin])
    skipped = [record["skipped"] for record in records]
    assert any(skipped)
    assert not all(skipped)
    for record in records:
        assert np.isfinite(record["gradient_norm"]) != record["skipped"]
    trained = next(r for r in records if not r["skipped"])
    assert trained["gradient_norm"] == pytest.approx(expected()[0]["gradient_norm"], rel=0.01)


@theirs
def test_lightning_stops_at_the_first_loss_that_is_not_finite(tmp_path):
    records = lightning_run(tmp_path, steps=50, stop_when="diverged", rise_from=3)
    assert len(records) == 4
    assert np.isnan(records[-1]["loss"])


def test_a_log_stops_when_a_rise_has_not_recovered(tmp_path):
    """A spike that recovers stops nothing; a level that stays does, after 100 records."""
    fall = 0.2 + 2.0 * np.exp(-np.arange(400) / 80)
    spiked, shifted = fall.copy(), fall.copy()
    spiked[200:220] += 3.0
    shifted[200:] += 3.0
    for losses, stops in ((fall, False), (spiked, False), (shifted, True)):
        log = StepFile(tmp_path / "log", "unstable")
        for step, loss in enumerate(losses):
            log.write(step, loss, None, None)
            if log.stop:
                break
        log.close()
        assert log.stop == stops
    assert 300 <= step <= 330


def test_a_log_that_never_stops_says_so_of_nothing_else(tmp_path):
    with pytest.raises(ValueError, match=r"stop_when must be one of"):
        StepFile(tmp_path / "log", "sometimes")
