"""A warmup finder: which peak rates which warmups bear, and any one of those runs."""

from typing import Any

import altair as alt
import jax.numpy as jnp
import numpy as np

from stabsim._computed_once import Arrays, computed_once
from stabsim._words import Text
from stabsim.labs.frame import charts, units
from stabsim.labs.frame.lab import Curve, Goal, Lab, Panel, Slider, Tables
from stabsim.labs.frame.report import CATAPULT
from stabsim.optimizers import sgd
from stabsim.schedules import linear_warmup
from stabsim.simulation import simulate
from stabsim.sweeps.sweep import sweep
from stabsim.workloads import sharp_net

STEPS = 200
WARMUPS = (0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128)
RATES = tuple(2.0 ** (k / 2) for k in range(-14, 2))

STABLE, CATAPULTING, DIVERGED, HERE = range(4)


def train(learning_rate: Any, warmup: Any, seed: Any) -> Any:
    rule = sgd(linear_warmup(learning_rate, warmup))
    return simulate(sharp_net(), rule, steps=STEPS, seed=seed, evaluate_at=())


def outcomes(loss: np.ndarray) -> np.ndarray:
    """What became of runs, from their losses ``(..., STEPS)``.

    A run catapults if its loss climbs above ``CATAPULT`` times its start, and ends below it.
    """
    first, last = loss[..., 0], loss[..., -1]
    top = np.nan_to_num(loss, nan=np.inf).max(-1)
    survived = np.isfinite(top) & (last < first)
    kind = np.where(top > CATAPULT * first, CATAPULTING, STABLE)
    return np.where(survived, kind, DIVERGED)


@computed_once
def the_map() -> Arrays:
    """Every warmup at every rate with seed 0, and the rate that the start's sharpness bears."""
    runs = sweep(
        lambda learning_rate, warmup: train(learning_rate, warmup, 0),
        learning_rate=RATES, warmup=WARMUPS, progress=False,
    )  # fmt: skip
    start = simulate(sharp_net(), sgd(0.0), steps=1, evaluate_at=(), measure_sharpness_at=[0])
    rate, warmup = np.meshgrid(RATES, WARMUPS, indexing="ij")
    return {
        "warmup": warmup.ravel(),
        "learning_rate": rate.ravel(),
        "outcome": outcomes(runs.loss.to_numpy()).ravel(),
        "edge": np.asarray(sgd(1.0).threshold(1.0) / start.sharpness[0]),
    }


CONTROLS = (
    Slider("warmup", Text("Warmup", "Warmup"), 0, WARMUPS[-1], 4, "whole",
           unit=units.STEPS),
    Slider("learning_rate", Text("Peak learning rate", "Laju pembelajaran puncak"),
           0.00781, RATES[-1], 0.177, "log"),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def run(warmup: Any, learning_rate: Any, seed: Any) -> Tables:
    known = the_map()
    here = {"warmup": warmup, "learning_rate": learning_rate, "outcome": HERE, "edge": jnp.nan}
    edge = {"warmup": 0, "learning_rate": known["edge"], "outcome": HERE, "edge": known["edge"]}
    rows = {
        name: jnp.concatenate([
            jnp.atleast_1d(jnp.asarray(part, jnp.float32))
            for part in (
                known[name] if name != "edge" else np.full(known["outcome"].size, np.nan),
                here[name],
                edge[name],
            )
        ])
        for name in here
    }  # fmt: skip
    trace = train(learning_rate, warmup, seed)
    return {
        "map": rows,
        "run": {
            "step": jnp.arange(STEPS),
            "loss": trace.loss,
            "learning_rate": trace.learning_rate,
        },
    }


NAMES = {
    STABLE: Text("stable", "stabil"),
    CATAPULTING: Text("catapulted, then recovered", "terlontar lalu pulih"),
    DIVERGED: Text("diverged", "divergen"),
}
# Logarithmic but for the place of 0.
ACROSS = charts.Across(
    "warmup",
    Text("warmup in steps", "warmup dalam langkah"),
    alt.Scale(type="symlog", constant=1, domain=[-0.3, 160], nice=False),
    {"values": [0, 1, 2, 4, 8, 16, 32, 64, 128]},
)
UP = charts.Across(
    "learning_rate",
    Text("peak learning rate", "laju pembelajaran puncak"),
    alt.Scale(type="log", domain=[0.0042, 1.7], nice=False),
    {"values": [0.01, 0.03, 0.1, 0.3, 1], "format": "~g"},
)
LOSS = Text("loss", "loss")
EDGE = Text("2 / sharpness at the start", "2 / ketajaman di awal")


def _map(language: str) -> Any:
    return charts.outcomes(language, ACROSS, UP, NAMES, EDGE)


LAB = Lab(
    "warmup_map",
    Text("A warmup finder", "Pencari warmup"),
    CONTROLS,
    run,
    (
        Panel("map", _map, Text(
            "A map of outcomes over warmup length and peak rate: stable below, diverged above, a "
            "narrow strip of catapulting runs between them, rising to the right. A ring marks the "
            "current setting, a dashed line two over the sharpness at the start.",
            "Peta hasil run menurut panjang warmup dan laju puncak: stabil di bawah, divergen di "
            "atas, dan di antaranya jalur sempit run yang terlontar, menanjak ke kanan. Cincin "
            "menandai setelan sekarang, garis putus-putus menandai dua dibagi ketajaman di awal."),
            click=("warmup", "learning_rate")),
        charts.over_steps("run", {"loss": LOSS}, LOSS, (0.01, 1e4), STEPS, Text(
            "The loss of the marked run at every step.",
            "Loss run yang ditandai pada setiap langkah."), height=170),
        charts.schedule(STEPS),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss

net = ss.workloads.mlp(
    depth=3, width=32, activation="gelu", gain=1.6, objective="squared_error", rows=64
)
rule = ss.sgd(ss.schedules.linear_warmup({learning_rate}, {warmup}))
trace = ss.simulate(net, rule, steps=200, seed={seed})
print(ss.diagnose(trace.loss))
""",
    (Goal(
        Text(
            "Without warmup the net of seed 0 survives no peak rate above 0.0442. Make it stable "
            "at a rate ten times as high, with fewer than 25 steps of warmup.",
            "Tanpa warmup, jaringan dengan seed 0 tidak bertahan pada laju puncak di atas "
            "0,0442. Buat jaringan itu stabil pada laju sepuluh kali lipatnya, dengan warmup "
            "kurang dari "
            "25 langkah.",
        ),
        (("learning_rate", ">", 0.4419), ("warmup", "<", 25), ("verdict", "==", "stable")),
    ),),
)  # fmt: skip
