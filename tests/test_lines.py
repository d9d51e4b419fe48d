"""What a report says to paste: each line runs in its library, with the numbers of a real report."""

import itertools
from pathlib import Path

import jax
import keras
import numpy as np
import optax
import pytest
import torch

from stabsim.logs import advise, diagnose_log, read
from stabsim.logs.lines import LIGHTNING, LINES, OPTAX, TORCH, TRANSFORMERS

STEPS = np.arange(400.0)
FALL = 0.2 + 2.0 * np.exp(-STEPS / 80)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Logs are written here, and so is what a trainer leaves behind."""
    monkeypatch.chdir(tmp_path)


def advice_on(loss, norms=None, rate=0.05, **options):
    """The advice on a log with a norm and a rate at each step. Synthetic."""
    norms = np.linspace(1.0, 2.0, loss.size) if norms is None else norms
    rows = itertools.zip_longest(
        STEPS, loss, norms, np.broadcast_to(rate, loss.shape), fillvalue=""
    )
    lines = ["step,loss,grad_norm,lr", *(",".join(map(str, row)) for row in rows)]
    Path("log.csv").write_text("\n".join(lines))
    log = read("log.csv")
    return advise(log, diagnose_log(log), **options)


def early():
    return np.where((STEPS > 2) & (STEPS < 60), 40.0, FALL)


def mid():
    return FALL + 3.0 * (STEPS >= 200)


def broken():
    return np.where(STEPS < 200, FALL, np.nan)


def reports():
    """Advice that comes to each experiment and practice with lines, by its name."""
    fixes = ("warmup", "clipping", "optimizer", "architecture", "rezero")
    others = ("lower-rate", "clipping", "optimizer", "architecture", "rezero")
    return {
        "warmup": advice_on(early()),
        "clipping": advice_on(mid()),
        "lower-rate": advice_on(early(), tried=fixes),
        "beta2": advice_on(mid(), tried=(*others, "lower-rate")),
        "first-nan": advice_on(broken(), tried=(*others, "warmup")),
    }


def values(library):
    """The names that the lines of a library use, as its users have them."""
    net = torch.nn.Linear(3, 1)
    if library in (TORCH, LIGHTNING):
        import pytorch_lightning as pl

        def trainer(**options):
            return pl.Trainer(
                accelerator="cpu", logger=False, enable_checkpointing=False, **options
            )

        return {
            "torch": torch, "model": net, "self": net, "Trainer": trainer,
            "optimizer": torch.optim.SGD(net.parameters(), 0.1),
        }  # fmt: skip
    if library == TRANSFORMERS:
        import transformers

        return {"TrainingArguments": transformers.TrainingArguments}
    if library == OPTAX:
        return {"optax": optax, "jax": jax, "optimizer": optax.sgd(0.1)}
    return {"keras": keras}


@pytest.mark.filterwarnings("ignore")  # what the libraries warn of is theirs
@pytest.mark.parametrize("name", LINES)
def test_each_line_runs_in_its_library(name):
    lines = reports()[name].pasted()
    assert len(lines) == len(LINES[name]) == 5
    kept = jax.config.jax_debug_nans
    try:
        for line in lines:
            library, code = line.split(": ", 1)
            eval(code, values(library))
    finally:
        jax.config.update("jax_debug_nans", kept)
        torch.autograd.set_detect_anomaly(False)


def test_the_numbers_are_those_of_the_log():
    clipping = reports()["clipping"]
    sound = np.linspace(1.0, 2.0, STEPS.size)[: int(clipping.clip.before)]
    threshold = float(f"{np.percentile(sound, 90):.3g}")
    assert f"optax: optax.chain(optax.clip_by_global_norm({threshold}), optimizer)" in (
        clipping.pasted()
    )
    assert "optax: optax.adamw(0.025)" in reports()["lower-rate"].pasted()
    assert "transformers: TrainingArguments(warmup_steps=10)" in reports()["warmup"].pasted()


def test_a_line_whose_number_is_not_known_is_left_out():
    without = advice_on(early(), np.zeros(0)).pasted()
    assert len(without) == 5  # a warmup needs the rate alone, which is logged
    without = advice_on(mid(), np.zeros(0)).pasted()
    assert without == []  # ... and a threshold the norms


def test_no_threshold_from_fewer_than_50_norms():
    few = advice_on(mid(), np.ones(49))
    assert few.clip is None
    assert few.sentences("en")[0].startswith("Only 49 finite norms were logged")
    assert "50" in few.sentences("id")[0]
    assert advice_on(mid(), np.ones(50)).clip is not None
    assert advice_on(mid(), np.ones(49), threshold=2.0).clip is not None  # which was asked for


def test_no_threshold_from_the_norms_of_a_run_that_has_failed():
    lost = np.where(STEPS < 20, 3.0, np.nan)
    found = advice_on(lost)
    assert found.clip is None
    assert found.sentences("en")[0].startswith("Only 20 finite norms were logged before step 20,")


def test_no_warmup_against_what_comes_when_it_is_over():
    order = []
    while (found := advice_on(mid(), tried=order).experiment) is not None:
        order.append(found)
    assert order == ["clipping", "optimizer", "architecture", "rezero", "lower-rate"]


def test_practices_follow_what_the_log_shows():
    def names(advice):
        return [name for name, _ in advice.practices]

    assert names(advice_on(FALL)) == []
    assert names(advice_on(early())) == []
    assert names(advice_on(mid())) == ["skip-batches", "beta2"]
    assert names(advice_on(mid(), tried=["skip-batches"])) == ["beta2"]
    assert names(advice_on(np.where(STEPS < 20, 3.0, np.nan))) == ["first-nan"]
    assert names(advice_on(FALL + np.maximum(STEPS - 150, 0) / 125)) == [
        "skip-batches", "beta2", "weight-decay",
    ]  # fmt: skip
    skipped = np.where(STEPS % 100 == 7, np.inf, 1.0)
    assert names(advice_on(FALL, skipped)) == ["loss-scale"]
    rate = np.where(STEPS < 200, 0.1 * 0.98**STEPS, 0.1)
    restarted = FALL + 1.0 * (STEPS >= 200) * np.exp(-(STEPS - 200) / 40)
    assert names(advice_on(restarted, rate=rate)) == ["rewarm"]
    assert names(advice_on(4 * mid())) == ["skip-batches", "beta2", "qk-norm", "z-loss"]


def test_clipping_is_not_the_first_answer_to_a_sudden_nan():
    sudden = advice_on(broken())
    assert (sudden.experiment, sudden.practices) == ("first-nan", ())
    assert "before step 200" in sudden.next_sentences("en")[-1]
    assert advice_on(broken(), tried=["first-nan"]).experiment == "clipping"
