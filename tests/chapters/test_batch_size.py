"""What the chapter on the batch size says, on its labs' runs and on the recorded claims."""

import re
from itertools import product
from pathlib import Path

import jax
import numpy as np
import pytest

import stabsim as ss
from stabsim.exercises import EXERCISES
from stabsim.labs import batch_rates
from stabsim.labs.batch_rates import BATCH_SIZES, EPOCHS, RATES
from tests.chapters.runs import MOST, claim, goals, run

ROOT = Path(__file__).parents[2]


# --- the valleys ---


def test_the_lab_holds_as_many_runs_as_the_chapter_says():
    grid = batch_rates.the_grid()
    assert sum(grid[name][0].size for name in grid) == 540
    assert grid["validation"].shape == (len(EPOCHS), len(BATCH_SIZES), len(RATES), 5)


# --- one run ---


@pytest.mark.long
def test_forty_steps_are_enough_at_a_higher_rate():
    assert goals("batch_run") == goals("batch_run", batch_size="512") == 0
    untouched = [found["validation_error"] for found, _ in run("batch_run", batch_size="512")]
    assert 38 < min(untouched) < max(untouched) < 62
    assert goals("batch_run", batch_size="512", learning_rate=0.5) >= MOST
    assert goals("batch_run", batch_size="512", learning_rate=0.598) >= MOST
    for rate in (0.3, 0.4):
        assert goals("batch_run", batch_size="512", learning_rate=rate) > 5
    at_default = [found["noise"] for found, _ in run("batch_run")]
    assert min(at_default) > 90
    assert all(found["noise"] == 0 for found, _ in run("batch_run", batch_size="512"))


# --- the noise ---


def test_drift_and_variance_per_epoch_depend_on_rate_over_batch_size():
    rows, noise = 512, 3.0
    for rate, size in ((0.1, 8), (0.4, 32)):
        steps = rows / size
        assert rate * steps == pytest.approx(0.1 * 64)
        assert rate**2 * steps * noise / size == pytest.approx(0.1**2 * 64 * noise / 8)


def test_in_shuffled_epochs_the_scatter_after_a_share_t_is_t_times_1_minus_t(rng):
    rows, rate = 64, 0.1
    examples = rng.normal(size=rows)
    spread = examples.var(ddof=1)
    for size in (4, 16):
        orders = np.argsort(rng.random((40_000, rows)), axis=1)
        batches = examples[orders].reshape(len(orders), rows // size, size).mean(-1)
        for t in (0.25, 0.5, 0.75, 1.0):
            moved = rate * batches[:, : int(t * rows / size)].sum(1)
            expected = (rate / size) ** 2 * rows * spread * t * (1 - t)
            assert moved.var() == pytest.approx(expected, rel=0.05, abs=1e-12)


# --- steps to a target ---


def test_the_model_with_the_chapters_numbers():
    def steps(batch_size):
        return 23 * (1 + 44 / batch_size)

    assert steps(1) == pytest.approx(1040, rel=0.01)
    assert steps(1024) == pytest.approx(23.8, rel=0.01)
    assert [round(steps(size)) for size in (16, 64)] == [86, 39]
    # A step is worth the signal's share, so that steps times share are the same for all sizes.
    signal, noise = 0.5, 22.0
    worth = [steps(size) * signal / (signal + noise / size) for size in (1, 16, 64, 1024)]
    assert worth == pytest.approx([23] * 4)


# --- what the claims recorded ---


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_tables_repeat_the_recorded_claims(language):
    recorded = {
        name: claim(name).published.effect.in_(language)
        for name in ("batch_size_tuned", "noise_regularizes", "steps_to_target")
    }
    page = (ROOT / "chapters" / language / "batch_size.md").read_text(encoding="utf8")
    number = r"[\d.,]*\d \[[^\]]+\]"
    rows = [line for line in page.splitlines() if re.match(r"\| \d+ \|.*\]", line)]
    assert len(rows) == 7 + 4 + 6
    for place, line in enumerate(rows):
        name = ("batch_size_tuned" if place < 7 else
                "noise_regularizes" if place < 11 else "steps_to_target")  # fmt: skip
        size = line.split("|")[1].strip()
        for cell in re.findall(number, line):
            assert f"{size}: {cell}" in recorded[name], line
    every = " ".join(recorded.values())
    for cell in re.findall(number, page):
        assert cell in every


def test_what_else_is_said_of_the_claims():
    tuned, noise, steps = (
        claim(name).published
        for name in ("batch_size_tuned", "noise_regularizes", "steps_to_target")
    )
    assert [part.held for part in tuned.parts] == [19, 15]
    assert (tuned.held, tuned.verdict) == (14, "partly reproduced")
    assert [part.held for part in noise.parts] == [18, 20, 20]
    assert (noise.held, noise.verdict) == (18, "reproduced")
    assert (steps.held, len(steps.holds)) == (19, 20)
    for name, least, most in (("before", 10, 20), ("after", 0, 0.25)):
        errors = tuned.values[name]
        means = [np.mean(errors[str(n)]) for n in (8, 16, 32, 64, 128, 256)]
        assert least <= max(means) - min(means) <= most
    assert list(noise.values["best"].values()) == [0.01, 0.04, 0.04, 0.04]
    plain = {size: np.mean(errors) for size, errors in noise.values["plain"].items()}
    assert all(plain[size] - plain["4"] > 5 for size in ("16", "64", "512"))


# --- the exercises ---


def test_answers():
    assert EXERCISES["batch-scaled"].judge(0.06, "en").right
    assert EXERCISES["batch-variance"].judge(0.08, "en").right
    assert EXERCISES["batch-critical"].judge(44, "en").right
    values = [k**2 for k in range(8)]
    mean = sum(values) / 8
    found = {}
    for together in (True, False):
        pairs = [(a, b) for a, b in product(range(8), range(8)) if together or a != b]
        squares = [((values[a] + values[b]) / 2 - mean) ** 2 for a, b in pairs]
        found[together] = sum(squares) / len(squares)
    assert ss.exercises.check("batch-pairs", found[False])
    assert not ss.exercises.check("batch-pairs", found[True])
    assert found[False] / found[True] == pytest.approx(6 / 7)
    net = ss.workloads.noisy_net()
    noise = ss.gradient_noise(net, net.init(jax.random.key(0)))
    assert float(noise.scale) == pytest.approx(float(noise.noise / noise.signal))
