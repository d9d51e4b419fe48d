"""The playbook on the batch size: once all else is tuned, the result does not depend on it."""

from collections.abc import Iterable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

import stabsim as ss
from claims.outcome import Claim, Outcome, measured, part
from stabsim.workloads import Workload, clean_net, noisy_net, on_test_digits
from stabsim.workloads.examples import ROWS

Seeds = Sequence[int]

TUNING = range(10)
"""The seeds on which everything is chosen."""


def _by_name(names: Iterable[Any], rows: np.ndarray) -> dict[str, Any]:
    """Each row, or number, by its name."""
    return dict(zip(map(str, names), rows, strict=True))


# --- one rate for all sizes, and each size tuned for itself ---

SIZES = (8, 16, 32, 64, 128, 256, 512)
EPOCHS = 40
OCTAVES = range(-8, 1)
GAMMAS = (0.0, 0.9)
"""Momentum; with it the rates are eight times lower. 18 trials for every batch size."""

ONE = -4
"""The octave of the rate that all sizes share at first, without Momentum."""


Trials = list[tuple[int, int]]
"""Octaves of the rate, and places in GAMMAS."""


def _errors(net: Workload, size: int, trials: Trials, seeds: Seeds, epochs: int = EPOCHS) -> Any:
    """The final error in per cent, ``(trials, seeds)``."""

    def experiment(trial, seed):
        octave, which = jnp.asarray(trials)[trial]
        gamma = jnp.asarray(GAMMAS)[which]
        rate = 2.0**octave * jnp.where(which == 0, 1.0, 0.125)
        trace = ss.simulate(
            net, ss.momentum(rate, gamma), steps=epochs * ROWS // size, batch_size=size, seed=seed
        )
        return {"error": trace.validation_error[-1]}

    runs = ss.sweep(experiment, trial=range(len(trials)), seed=seeds)
    return 100 * runs.error.transpose("trial", "seed").to_numpy()


def batch_size_tuned(seeds: Seeds) -> Outcome:
    """One learning rate for all batch sizes makes them differ; tuning each for itself removes it.

    Pada satu laju pembelajaran untuk semua, hasil tiap ukuran batch berbeda; jika masing-masing disetel, bedanya hilang.
    """  # noqa: E501
    net = noisy_net()
    trials = [(octave, which) for which in range(len(GAMMAS)) for octave in OCTAVES]

    def best(size: int, epochs: int = EPOCHS) -> tuple[int, int]:
        return trials[int(_errors(net, size, trials, TUNING, epochs).mean(1).argmin())]

    both = [_errors(on_test_digits(net), size, [(ONE, 0), best(size)], seeds) for size in SIZES]
    before, after = np.array(both).transpose(1, 0, 2)
    largest = SIZES[-1]
    longer = _errors(on_test_digits(net), largest, [best(largest, 2 * EPOCHS)], seeds, 2 * EPOCHS)
    fixed, tuned = np.ptp(before, axis=0), np.ptp(after, axis=0)
    return Outcome(
        *measured(
            "test error in % by batch size, mean over seeds [95% interval], at one rate {before}; "
            "each at its own best rate and momentum {after}; with {epochs} epochs {longer}; "
            "largest difference within a seed, median (range), {fixed} before and {tuned} after",
            "galat uji dalam % menurut ukuran batch, rata-rata atas seed [selang 95%], pada "
            "satu laju {before}; masing-masing pada laju dan momentum terbaiknya {after}; "
            "dengan {epochs} epoch {longer}; selisih terbesar dalam satu seed, median (rentang), "
            "{fixed} sebelum dan {tuned} sesudahnya",
            before=_by_name(SIZES, before),
            after=_by_name(SIZES, after),
            epochs=2 * EPOCHS,
            longer=_by_name([largest], longer),
            fixed=fixed,
            tuned=tuned,
        ),
        [
            part("one rate", "satu laju", fixed > 10),
            part("each tuned", "masing-masing disetel", tuned < 2.5),
        ],
    )


# --- steps to a target ---

LADDER = {1: 2400, 2: 1600, 4: 900, 8: 600, 16: 400, 32: 300, 64: 200, 128: 160, 256: 160,
          512: 160, 1024: 160}  # fmt: skip
"""Batch sizes, and the steps that each is given."""

TARGET = 0.05
CENTRES = {1: -6, 2: -5, 4: -3.5, 8: -3.5, 16: -2.5, 32: -2, 64: -1.5, 128: -1, 256: -1, 512: -1,
           1024: -1}  # fmt: skip
HALVES = range(-3, 4)
"""Half octaves from the centre that are tried."""


def _steps(size: int, halves: Sequence[int], seeds: Seeds) -> np.ndarray:
    """Steps to the target, ``(rates, seeds)``; inf where it is not reached."""
    last = LADDER[size]
    at = np.unique(np.geomspace(4, last, 200).round().astype(int)).tolist()

    def experiment(half, seed):
        rate = 2.0 ** (CENTRES[size] + half / 2)
        trace = ss.simulate(
            clean_net(), ss.sgd(rate), steps=last, batch_size=size, seed=seed, evaluate_at=at
        )
        reached = trace.validation_error <= TARGET
        first = jnp.asarray(at, jnp.float32)[jnp.argmax(reached)]
        return {"steps": jnp.where(reached.any(), first, jnp.inf)}

    runs = ss.sweep(experiment, half=list(halves), seed=seeds)
    return runs.steps.transpose("half", "seed").to_numpy()


def steps_to_target(seeds: Seeds) -> Outcome:
    """Steps to a target fall in proportion to the batch size at first, then less, then no more.

    Langkah menuju target mula-mula turun sebanding dengan ukuran batch, lalu makin sedikit, lalu tidak lagi.
    """  # noqa: E501
    best = {
        size: HALVES[int(np.median(_steps(size, HALVES, TUNING), 1).argmin())] for size in LADDER
    }
    assert all(HALVES[0] < half < HALVES[-1] for half in best.values()), best
    steps = {size: _steps(size, [half], seeds)[0] for size, half in best.items()}
    examples = steps[16] * 16 / steps[1]
    middle = steps[256] * 256 / (steps[16] * 16)
    gain = steps[256] / steps[1024]
    return Outcome(
        *measured(
            "steps to a validation error of 5% by batch size, mean over seeds [95% interval]: "
            "{steps}; examples, B 16 over B 1 and B 256 over B 16, and steps, B 256 over B 1024: "
            "{ratios}",
            "langkah ke galat validasi 5% menurut ukuran batch, rata-rata atas seed [selang "
            "95%]: {steps}; nisbah contoh, B 16 terhadap B 1 dan B 256 terhadap B 16, serta nisbah "
            "langkah, B 256 terhadap B 1024: {ratios}",
            steps=_by_name(LADDER, np.array(list(steps.values()))),
            ratios=_by_name(("16/1", "256/16", "256/1024"), np.array([examples, middle, gain])),
        ),
        [
            part("in proportion", "sebanding", examples < 1.6),
            part("then less", "lalu makin sedikit", middle > 2.5),
            part("then no more", "lalu tidak lagi", gain < 1.6),
        ],
    )


# --- noise as a regularizer ---

LONG = 2000
STRENGTHS = (0.0, 0.005, 0.01, 0.02, 0.04, 0.08)


def _penalized(net: Workload, size: int, strengths: Sequence[float], seeds: Seeds) -> np.ndarray:
    """The final error in per cent, ``(strengths, seeds)``, and the same of the loss."""

    def experiment(strength, seed):
        rule = ss.with_l2(ss.sgd(2.0**-3), strength)
        trace = ss.simulate(net, rule, steps=LONG, batch_size=size, seed=seed)
        return {"error": trace.validation_error[-1], "loss": trace.loss[-200:].mean()}

    runs = ss.sweep(experiment, strength=list(strengths), seed=seeds)
    return np.stack([
        scale * runs[name].transpose("strength", "seed").to_numpy()
        for name, scale in (("error", 100), ("loss", 1))
    ])  # fmt: skip


def noise_regularizes(seeds: Seeds) -> Outcome:
    """At one rate and number of steps larger batches overfit more, and want a stronger L2 penalty.

    Pada laju dan jumlah langkah yang sama, batch besar lebih mengalami overfitting dan memerlukan penalti L2 yang lebih kuat.
    """  # noqa: E501
    net, sizes = noisy_net(), (4, 16, 64, 512)
    plain, own, loss, best = [], [], [], []
    for size in sizes:
        place = int(_penalized(net, size, STRENGTHS, TUNING)[0].mean(1).argmin())
        best.append(STRENGTHS[place])
        found = _penalized(on_test_digits(net), size, [0.0, STRENGTHS[place]], seeds)
        plain.append(found[0, 0])
        own.append(found[0, 1])
        loss.append(found[1, 0])
    return Outcome(
        *measured(
            "test error in % by batch size, mean over seeds [95% interval], after 2000 steps at "
            "0.125, without penalty {plain} (training loss {loss}); with each size's best, of "
            "strength {best}, {own}",
            "galat uji dalam % menurut ukuran batch, rata-rata atas seed [selang 95%], "
            "sesudah 2000 langkah pada 0,125, tanpa penalti {plain} (loss pelatihan {loss}); "
            "dengan penalti terbaik tiap ukuran, berkekuatan {best}, {own}",
            plain=_by_name(sizes, np.array(plain)),
            loss=_by_name(sizes, np.array(loss)),
            best=_by_name(sizes, np.array(best)),
            own=_by_name(sizes, np.array(own)),
        ),
        [
            part("overfit more", "lebih overfit", plain[-1] > plain[0] + 2),
            part("a stronger penalty", "penalti lebih kuat", [best[-1] > best[0]] * len(seeds)),
            part("which mends it", "yang mengatasinya", own[-1] < plain[0]),
        ],
    )


BATCH: list[Claim] = [batch_size_tuned, steps_to_target, noise_regularizes]
