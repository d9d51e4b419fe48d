"""What the chapter on the batch size says, on its labs' runs and on the recorded claims."""

import json
import re
from functools import cache
from itertools import product
from pathlib import Path

import jax
import numpy as np
import pytest

import stabsim as ss
from stabsim.exercises import EXERCISES
from stabsim.labs import LABS, batch_rates, batch_steps
from stabsim.labs.batch_rates import BATCH_SIZES, EPOCHS, RATES
from stabsim.labs.frame.report import reached, report
from tests.chapters.runs import MOST, goals, run

ROOT = Path(__file__).parents[2]


def facts(name, **changes):
    """A lab's facts at one setting, and whether its goal is reached."""
    lab = LABS[name]
    values = lab.setting(changes)
    found = report(lab, lab.compute(values), values, "en").facts
    return found, reached(lab, found)


# --- the first figure ---


def final_errors(batch_size, seeds=range(5)):
    """The mean errors at the two rates of the first figure."""
    net = ss.workloads.with_label_noise(ss.workloads.mlp(depth=2, width=32, rows=512), 0.2)

    def experiment(learning_rate, seed):
        run = ss.simulate(
            net, ss.sgd(learning_rate), steps=40 * 512 // batch_size, batch_size=batch_size,
            seed=seed,
        )  # fmt: skip
        return {"error": run.validation_error[-1]}

    runs = ss.sweep(experiment, learning_rate=[1 / 64, 1 / 4], seed=seeds, progress=False)
    return runs.error.transpose("learning_rate", "seed").to_numpy()


def test_two_shared_rates_give_opposite_verdicts():
    small, large = final_errors(8), final_errors(512)
    intervals = [[ss.statistics.interval(x) for x in size] for size in (small, large)]
    (low_small, high_small), (low_large, high_large) = intervals
    assert low_large.mean / low_small.mean > 5
    assert low_large.low > low_small.high
    assert high_small.mean / high_large.mean > 2
    assert high_small.low > high_large.high


# --- the valleys ---


@cache
def valleys():
    """Mean errors after each number of epochs, ``(batch sizes, rates)``: validated, tested."""
    grid = batch_rates.the_grid()
    return {
        epochs: [grid[name][place].mean(-1) for name in ("validation", "test")]
        for place, epochs in enumerate(EPOCHS)
    }


def test_the_lab_holds_as_many_runs_as_the_chapter_says():
    grid = batch_rates.the_grid()
    assert sum(grid[name][0].size for name in grid) == 540
    assert grid["validation"].shape == (len(EPOCHS), len(BATCH_SIZES), len(RATES), 5)


def test_valleys_are_equally_deep_and_lie_apart_as_the_sizes_do():
    validated, test = valleys()[40]
    best = validated.argmin(1)
    assert np.diff(best).tolist() == [2, 2, 1]
    own = test[range(len(best)), best]
    assert np.ptp(own) < 1
    # The valley of 32 is that of 8, moved by a factor of four.
    assert validated[1, 2:6] == pytest.approx(validated[0, :4], rel=0.05)
    assert validated[1, 6:8] == pytest.approx(validated[0, 4:6], rel=0.15)


def test_twenty_steps_are_too_few():
    validated, test = valleys()[20]
    own = test[range(len(BATCH_SIZES)), validated.argmin(1)]
    assert own[-1] > own[:-1].max() + 2


def test_one_rate_can_make_either_look_best():
    assert not facts("batch_rates")[1]
    for rate in (1 / 4, 1 / 2):
        found, goal = facts("batch_rates", learning_rate=rate)
        assert goal
        assert found["largest"] < found["smallest"]
    assert not facts("batch_rates", learning_rate=1 / 4, view="own")[1]
    low, _ = facts("batch_rates", learning_rate=RATES[1])
    assert low["largest"] - low["smallest"] == pytest.approx(70, abs=8)


# --- one run ---


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


def test_measured_variance_is_the_formulas():
    net = ss.workloads.noisy_net()
    still = ss.simulate(net, ss.sgd(0.0), steps=128, batch_size=16, seed=3, evaluate_at=())
    noise = ss.gradient_noise(net, still.final_parameters)
    # Four whole epochs: their minibatches' mean is the gradient over all rows.
    measured = float((still.gradient_norm**2).mean() - noise.signal)
    assert measured == pytest.approx(float(noise.variance(16)), rel=0.1)
    assert float(noise.variance(512)) == 0


def test_noise_scale_is_a_few_tens_at_the_start_and_grows():
    net = ss.workloads.clean_net()

    def scale(steps, seed):
        trace = ss.simulate(net, ss.sgd(0.25), steps=steps, batch_size=64, seed=seed,
                            evaluate_at=())  # fmt: skip
        return float(ss.gradient_noise(net, trace.final_parameters).scale)

    assert all(10 < scale(1, seed) < 100 for seed in range(3))
    assert all(scale(60, seed) > 2 * scale(1, seed) for seed in range(3))


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


def test_three_regions_in_the_lab():
    counted = [facts("batch_steps", batch_size=str(n))[0]["steps"] for n in batch_steps.BUDGETS]
    steps = dict(zip(batch_steps.BUDGETS, counted, strict=True))
    assert steps[16] * 16 < 1.5 * steps[1]
    assert 1.5 < steps[16] / steps[64] < 3
    assert 0.7 < steps[256] / steps[1024] < 1.3
    assert 2 < steps[16] / steps[1024] < 3
    assert steps[16] == pytest.approx(62, rel=0.1)
    assert steps[1024] == pytest.approx(24, rel=0.1)
    assert steps[1024] * 1024 > 20 * steps[16] * 16


def test_momentum_goes_further_down_with_large_batches_only():
    for size, better in ((4, False), (16, False), (256, True), (1024, True)):
        counts = [
            facts("batch_steps", rule=rule, batch_size=str(size)) for rule in batch_steps.RULES
        ]
        (plain, plain_goal), (momentum, momentum_goal) = counts
        assert (momentum["steps"] < 0.8 * plain["steps"]) is better
        assert (plain_goal, momentum_goal) == (False, better)


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


def effects(language):
    claims = json.loads((ROOT / "claims" / "results.json").read_text(encoding="utf8"))
    return {claim["name"]: claim["effect"][language] for claim in claims}, {
        claim["name"]: claim for claim in claims
    }


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_tables_repeat_the_recorded_claims(language):
    recorded, _ = effects(language)
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
    recorded, claims = effects("en")
    assert (claims["batch_size_tuned"]["held"], claims["batch_size_tuned"]["verdict"]) == (
        7, "partly reproduced")  # fmt: skip
    assert (claims["noise_regularizes"]["held"], claims["noise_regularizes"]["verdict"]) == (
        8, "partly reproduced")  # fmt: skip
    assert claims["steps_to_target"]["held"] == claims["steps_to_target"]["seeds"] == 10
    one, own = recorded["batch_size_tuned"].split("each at its own")
    for text, least, most in ((one, 10, 20), (own, 0, 0.25)):
        means = [float(re.search(rf"\b{n}: ([\d.]+)", text)[1]) for n in (8, 16, 32, 64, 128, 256)]
        assert least <= max(means) - min(means) <= most
    assert "of strength 0.01, 0.04, 0.04, 0.04" in recorded["noise_regularizes"]


# --- the exercises ---


def test_answers():
    assert EXERCISES["batch-scaled"].judge(0.06).right
    assert EXERCISES["batch-variance"].judge(0.08).right
    assert EXERCISES["batch-critical"].judge(44).right
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
