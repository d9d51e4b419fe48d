"""A Gaussian process that chooses learning rates: its hyperparameters are the controls."""

from typing import Any

import altair as alt
import jax.numpy as jnp
import numpy as np

from stabsim import tuner
from stabsim._words import Text
from stabsim.labs.frame import charts, units
from stabsim.labs.frame.lab import Fact, Goal, Lab, Panel, Slider, Tables
from stabsim.tuner import GUESSING, Hyperparameters

LENGTH_SCALES = np.geomspace(0.25, 32, 22, dtype=np.float32)
NOISES = np.geomspace(0.01, 0.5, 15, dtype=np.float32)
AMPLITUDES = np.geomspace(0.1, 2, 7, dtype=np.float32)

LENGTH_SCALE = Slider(
    "length_scale", Text("Hyperparameter: length-scale", "Hiperparameter: skala panjang"),
    0.25, 32, 0.5, "log", unit=units.OCTAVES,
)  # fmt: skip
AMPLITUDE = Slider(
    "amplitude", Text("Hyperparameter: amplitude", "Hiperparameter: amplitudo"), 0.1, 2, 0.6, "log",
    unit=units.DECADES,
)  # fmt: skip
NOISE = Slider(
    "noise", Text("Hyperparameter: noise", "Hiperparameter: derau"), 0.01, 0.5, 0.07, "log",
    unit=units.DECADES,
)  # fmt: skip

CONTROLS = (
    LENGTH_SCALE,
    AMPLITUDE,
    NOISE,
    Slider("evaluations", Text("Runs so far", "Run sejauh ini"), 1, 16, 6, "whole",
           unit=units.RUNS),
    Slider("seed", Text("Seed of the search", "Seed pencarian"), 0, 9, 0, "whole"),
)  # fmt: skip


def densities(length_scale: Any, amplitude: Any, noise: Any, known: Any) -> Any:
    """The log posterior density at every combination, ``(length-scales, amplitudes, noises)``."""
    grid = jnp.meshgrid(*map(jnp.atleast_1d, (length_scale, amplitude, noise)), indexing="ij")
    flat = Hyperparameters(*(g.ravel() for g in grid))
    return tuner.each(lambda h: tuner.log_posterior(h, known), flat).reshape(grid[0].shape)


def run(length_scale: Any, amplitude: Any, noise: Any, evaluations: Any, seed: Any) -> Tables:
    h = Hyperparameters(length_scale, amplitude, noise)
    place, score = (jnp.asarray(tuner.rivals()[name])[seed] for name in ("place", "score"))
    known = tuner.Known(place, score, jnp.arange(tuner.EVALUATIONS) < evaluations)
    mean, deviation = tuner.predict(h, known)
    best = tuner.best_score(known)
    improvement = tuner.expected_improvement(mean, deviation, best)
    rates = jnp.asarray(tuner.RATES, jnp.float32)
    chosen = rates[tuner.place_of_highest(tuner.log_expected_improvement(mean, deviation, best))]

    def loss(score: Any) -> Any:
        return GUESSING * 10.0**score

    seen = jnp.where(known.made, rates[known.place], jnp.nan)
    curves = {
        "mean": loss(mean),
        "low": loss(mean - 2 * deviation),
        "high": loss(mean + 2 * deviation),
        "typical": loss(jnp.asarray(tuner.typical())),
        "improvement": improvement,
    }
    # Rows for the rates, then for the runs, and one for the next rate.
    runs, last = jnp.full(seen.shape, jnp.nan), jnp.full(1, jnp.nan)
    nowhere = jnp.full(rates.shape, jnp.nan)
    posterior = {
        "learning_rate": jnp.concatenate([rates, seen, chosen[None]]),
        "observed": jnp.concatenate([nowhere, jnp.where(known.made, loss(known.score), jnp.nan),
                                     last]),
        "next": jnp.concatenate([nowhere, runs, chosen[None]]),
    } | {name: jnp.concatenate([x, runs, last]) for name, x in curves.items()}  # fmt: skip

    here = tuner.log_posterior(h, known)
    highest = jnp.maximum(densities(LENGTH_SCALES, AMPLITUDES, NOISES, known).max(), here)
    tiles = highest - densities(LENGTH_SCALES, amplitude, NOISES, known)
    x, y = jnp.meshgrid(LENGTH_SCALES, NOISES, indexing="ij")
    return {
        "posterior": posterior,
        "plane": {
            "length_scale": jnp.append(x.ravel(), length_scale),
            "noise": jnp.append(y.ravel(), noise),
            "below": jnp.append(tiles.ravel(), highest - here),
            "here": jnp.append(jnp.zeros(x.size), 1.0),
        },
        "facts": {
            "evidence": tuner.log_evidence(h, known)[None],
            "below": (highest - here)[None],
            "best": loss(best)[None],
            "next": chosen[None],
        },
    }


NAMES = {
    "mean": Text("process: mean ±2 standard deviations",
                 "rata-rata proses, pita ±2 simpangan baku"),
    "typical": Text("what it does not know: median of 12 runs",
                    "yang belum diketahui: median dari 12 run"),
    "observed": Text("runs so far", "run sejauh ini"),
    "next": Text("next learning rate", "laju pembelajaran berikutnya"),
}  # fmt: skip
BELOW = Text("nats below highest", "nat di bawah puncak")
ACROSS = charts.Across(
    "length_scale",
    Text("length-scale in octaves (hyperparameter)", "skala panjang dalam oktaf (hiperparameter)"),
    alt.Scale(type="log", domain=[0.22, 36], nice=False),
    {"values": [0.25, 0.5, 1, 2, 4, 8, 16, 32], "format": "~g"},
)
UP = charts.Across(
    "noise",
    Text("noise in decades (hyp.)", "derau dalam dekade (hip.)"),
    alt.Scale(type="log", domain=[0.0085, 0.58], nice=False),
    {"values": [0.01, 0.03, 0.1, 0.3], "format": "~g"},
)
STEPS = (float(LENGTH_SCALES[1] / LENGTH_SCALES[0]), float(NOISES[1] / NOISES[0]))


HERE = (
    ("mean", Text("mean", "rata-rata")),
    ("low", Text("band from", "pita dari")),
    ("high", Text("to", "sampai")),
    ("typical", Text("median of 12 runs", "median dari 12 run")),
)
"""What the cursor says at a learning rate."""

IMPROVEMENT = Text("exp. improvement", "harapan perbaikan")


def _posterior(language: str) -> Any:
    return charts.surrogate(language, NAMES, Text("validation loss", "loss validasi"))


def _improvement(language: str) -> Any:
    return charts.improvement(language, IMPROVEMENT)


def _plane(language: str) -> Any:
    return charts.plane(language, ACROSS, UP, STEPS, BELOW)


LAB = Lab(
    "surrogate",
    Text("A Gaussian process chooses learning rates", "Proses Gauss memilih laju pembelajaran"),
    CONTROLS,
    run,
    (
        Panel("posterior", _posterior, Text(
            "Validation loss against learning rate, both logarithmic: the runs so far as dots, the "
            "process's mean with a band around it, narrow near dots and wide away from them, a "
            "dotted valley of the true medians, and a dashed line at the next rate.",
            "Loss validasi terhadap laju pembelajaran, keduanya logaritmik: run sejauh ini sebagai "
            "titik, rata-rata proses dengan pita di sekelilingnya yang sempit di dekat titik dan "
            "lebar jauh darinya, lembah berupa garis titik-titik untuk median sebenarnya, dan "
            "garis "
            "putus-putus pada laju berikutnya."),
            over="learning_rate", along=charts.RATE, columns=HERE),
        Panel("posterior", _improvement, Text(
            "The expected improvement at every learning rate; the dashed line stands at its peak.",
            "Harapan perbaikan pada setiap laju pembelajaran; garis putus-putus menandai "
            "puncaknya."),
            over="learning_rate", along=charts.RATE, columns=(("improvement", IMPROVEMENT),)),
        Panel("plane", _plane, Text(
            "A map over length-scale and noise: how far the log posterior density of these "
            "hyperparameters lies below the highest. A ring marks the current setting.",
            "Peta menurut skala panjang dan derau: seberapa jauh log densitas posterior "
            "hiperparameter itu di bawah puncaknya. Cincin menandai setelan sekarang."),
            click=("length_scale", "noise")),
    ),
    (),
    """import jax.numpy as jnp

from stabsim import tuner

h = tuner.Hyperparameters({length_scale}, {amplitude}, {noise})
known = tuner.search({seed}, tuner.with_learned).known
known = known._replace(made=jnp.arange(tuner.EVALUATIONS) < {evaluations})
print("log marginal likelihood", tuner.log_evidence(h, known))
print("log prior density", tuner.log_prior(h))
print("next learning rate", tuner.RATES[int(tuner.with_given(h)(known))])
""",
    (Goal(
        Text(
            "After at least 12 runs, find hyperparameters whose log posterior density is less than "
            "half a nat below the highest.",
            "Setelah sedikitnya 12 run, temukan hiperparameter yang log densitas posteriornya "
            "kurang dari setengah nat di bawah puncaknya.",
        ),
        (("evaluations", ">", 11), ("below", "<", 0.5)),
    ),),
    facts=(
        Fact("facts", "evidence", Text("Log marginal likelihood, in nats: {value}.",
                                       "Log likelihood marginal, dalam nat: {value}.")),
        Fact("facts", "below", Text(
            "Log posterior density below the highest, in nats: {value}.",
            "Log densitas posterior di bawah puncaknya, dalam nat: {value}.")),
        Fact("facts", "best", Text("Best loss so far: {value}.",
                                   "Loss terbaik sejauh ini: {value}.")),
        Fact("facts", "next", Text("Next learning rate: {value}.",
                                   "Laju pembelajaran berikutnya: {value}.")),
    ),
)  # fmt: skip
