"""What a number in a log means, trainer by trainer: the rows of docs/logs.md, on real runs."""

import json
import os

import numpy as np
import pytest

from stabsim.logs import read

torch = pytest.importorskip("torch")

STEPS = 20


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """Trains a line with transformers' Trainer; gives back its trainer_state.json."""
    transformers = pytest.importorskip("transformers")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")

    class Line(torch.nn.Module):
        def __init__(self, nan_from):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(3))
            self.calls, self.nan_from = 0, nan_from

        def forward(self, x, labels=None):
            self.calls += 1
            loss = ((x @ self.weight - labels) ** 2).mean()
            return {"loss": loss * float("nan") if self.calls > self.nan_from else loss}

    rng = np.random.default_rng(0)
    data = [
        {"x": torch.tensor(x), "labels": torch.tensor(float(x.sum()))}
        for x in rng.normal(size=(4 * STEPS, 3)).astype(np.float32)
    ]

    def run(every, nan_from=10**9, resumed_from=0, **options):
        """``resumed_from``: the step whose checkpoint a second call goes on from."""
        folder = tmp_path_factory.mktemp("trainer")
        arguments = transformers.TrainingArguments(
            str(folder), max_steps=STEPS, logging_steps=every, per_device_train_batch_size=4,
            learning_rate=0.1, report_to=[], disable_tqdm=True, use_cpu=True, seed=1,
            save_strategy="steps" if resumed_from else "no", save_steps=resumed_from or 1,
            **options,
        )  # fmt: skip
        trained = transformers.Trainer(Line(nan_from), arguments, train_dataset=data)
        trained.train()
        if resumed_from:
            trained.train(resume_from_checkpoint=f"{folder}/checkpoint-{resumed_from}")
        path = folder / "trainer_state.json"
        trained.state.save_to_json(str(path))
        return path

    return run


@pytest.fixture(scope="module")
def trainer(state):
    """The same, read."""
    return lambda *given, **options: read(state(*given, **options))


def values(series):
    return series.value.read(0, series.size)


def test_trainer_logs_means_of_a_window(trainer):
    each, some = trainer(1), trainer(5)
    means = values(each.loss).reshape(-1, 5).mean(1)
    np.testing.assert_allclose(values(some.loss), means, rtol=1e-3)
    assert some.loss.step.read(0, 9).tolist() == [5, 10, 15, 20]


def test_trainer_logs_the_norm_of_the_last_step_before_clipping(trainer):
    each, some = trainer(1), trainer(5)
    np.testing.assert_allclose(values(some.gradient_norm), values(each.gradient_norm)[4::5],
                               rtol=1e-3)  # fmt: skip
    assert values(trainer(1, max_grad_norm=1e-3).gradient_norm).min() > 1e-2


def test_trainer_logs_the_rate_of_one_step(trainer):
    """Which: that of the step that was done, or of the next; docs/logs.md says so."""
    rates = values(trainer(1).learning_rate)
    of_next = 0.1 * (1 - np.arange(1, STEPS + 1) / STEPS)
    of_done = 0.1 * (1 - np.arange(STEPS) / STEPS)
    assert np.allclose(rates, of_done) != np.allclose(rates, of_next)
    assert np.allclose(rates, of_done)


def test_trainer_ends_with_the_mean_since_it_was_begun_or_resumed(state):
    for resumed_from in (0, 15):
        *records, end = json.loads(state(1, resumed_from=resumed_from).read_text())["log_history"]
        losses = [float(record["loss"]) for record in records]
        assert len(losses) == STEPS
        np.testing.assert_allclose(float(end["train_loss"]), np.mean(losses[resumed_from:]), 1e-3)


def test_trainer_writes_nan_as_zero(trainer):
    losses = values(trainer(1, nan_from=10).loss)
    assert np.all(losses[10:] == 0)
    assert np.all(losses[:10] > 0)


@pytest.mark.filterwarnings("ignore")  # Lightning's own, on how it is used and on torch
def test_lightning_logs_one_minibatch_now_and_then(tmp_path):
    lightning = pytest.importorskip("pytorch_lightning")
    from pytorch_lightning.loggers import CSVLogger

    seen = []

    class Line(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(3))

        def training_step(self, batch, _):
            loss = ((batch[0] @ self.weight - batch[0].sum(1)) ** 2).mean()
            seen.append(float(loss))
            self.log("train_loss", loss)
            return loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.01)

    data = torch.utils.data.TensorDataset(torch.randn(400, 3))
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    lightning.Trainer(
        max_epochs=2, logger=CSVLogger(str(tmp_path)), enable_progress_bar=False,
        enable_model_summary=False, enable_checkpointing=False, accelerator="cpu",
    ).fit(Line(), loader)  # fmt: skip
    (path,) = tmp_path.rglob("metrics.csv")
    log = read(path)
    assert log.loss.step.read(0, 9).tolist() == [49, 99, 149, 199]
    np.testing.assert_allclose(values(log.loss), np.array(seen)[49::50], rtol=1e-5)


def test_keras_keeps_means_of_epochs(tmp_path):
    keras = pytest.importorskip("keras")
    losses = []

    class Batches(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            losses.append(logs["loss"])

    x = np.random.default_rng(0).normal(size=(64, 3))
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    history = model.fit(x, x.sum(1), batch_size=8, epochs=4, validation_split=0.5, verbose=0,
                        callbacks=[Batches()])  # fmt: skip
    path = tmp_path / "history.json"
    path.write_text(json.dumps(history.history))
    log = read(path)
    assert (log.axis, log.loss.size, log.validation_loss.size) == ("epoch", 4, 4)
    np.testing.assert_allclose(values(log.loss), np.array(losses)[3::4], rtol=1e-6)
    assert losses[1] != pytest.approx(losses[0])  # what a callback sees are means so far
