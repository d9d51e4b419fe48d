"""Aggressive clipping beside a smaller learning rate."""

from typing import Any

import jax
import jax.numpy as jnp

from stabsim._words import Text
from stabsim.clipping import clip_by_global_norm
from stabsim.labs.clip import CLIPPED, clipped_share
from stabsim.labs.frame import charts
from stabsim.labs.frame.lab import Curve, Goal, Lab, Slider, Tables
from stabsim.optimizers import sgd
from stabsim.simulation import simulate
from stabsim.workloads import mlp

STEPS = 300
OFF = 1e30

CONTROLS = (
    Slider("learning_rate", Text("Learning rate of the clipped run",
                                 "Laju pembelajaran run yang dipotong"),
           0.1, 100, 4, "log", positions=90),
    Slider("threshold", Text("Its threshold", "Ambangnya"), 0.001, 10, 0.1, "log", positions=120),
    Slider("smaller_rate", Text("Learning rate of the run without clipping",
                                "Laju pembelajaran run tanpa pemotongan"),
           0.01, 10, 4, "log", positions=90),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def run(learning_rate: Any, threshold: Any, smaller_rate: Any, seed: Any) -> Tables:
    def train(rate: Any, threshold: Any) -> Any:
        return simulate(mlp(width=32), sgd(rate), steps=STEPS, batch_size=32, seed=seed,
                        clipping=clip_by_global_norm(threshold), evaluate_at=())  # fmt: skip

    rates = jnp.stack([jnp.asarray(learning_rate), jnp.asarray(smaller_rate)])
    traces = jax.vmap(train)(rates, jnp.stack([jnp.asarray(threshold), jnp.asarray(OFF)]))
    # How far SGD went, over the unclipped gradient: the rate that it really had.
    effective = traces.update_norm / traces.gradient_norm
    return {
        "run": {
            "step": jnp.arange(STEPS),
            "loss": traces.loss[0],
            "loss_2": traces.loss[1],
            "rate": effective[0],
            "rate_2": effective[1],
        },
        "facts": clipped_share(traces.clipped[0]),
    }


LOSS = Text("loss", "loss")
RATE = Text("effective rate", "laju efektif")
WITH = Text("With clipping", "Dengan pemotongan")
WITHOUT = Text("Without clipping", "Tanpa pemotongan")


LAB = Lab(
    "twins",
    Text("An aggressive threshold beside a smaller rate",
         "Ambang yang agresif, berdampingan dengan laju yang lebih kecil"),
    CONTROLS,
    run,
    (
        charts.over_steps("run", {"loss": WITH, "loss_2": WITHOUT}, LOSS, (1e-3, 1e2), STEPS, Text(
            "The training losses of both runs at every step.",
            "Loss pelatihan kedua run pada setiap langkah."), height=180),
        charts.over_steps("run", {"rate": WITH, "rate_2": WITHOUT}, RATE, (1e-3, 1e2), STEPS, Text(
            "The effective rate of both runs at every step, the length of the step over the "
            "unclipped gradient norm: level without clipping, lower and moving with it.",
            "Laju efektif kedua run pada setiap langkah, yaitu panjang langkah dibagi norma "
            "gradien sebelum pemotongan: datar tanpa pemotongan, lebih rendah dan berubah-ubah "
            "dengan pemotongan."), height=140),
    ),
    (Curve("run", "loss", WITH), Curve("run", "loss_2", WITHOUT)),
    """import stabsim as ss
from stabsim import plots

net = ss.workloads.mlp(width=32)


def train(rate, threshold):
    clipping = ss.clipping.clip_by_global_norm(threshold)
    return ss.simulate(
        net, ss.sgd(rate), steps=300, batch_size=32, seed={seed}, clipping=clipping
    )


runs = {"clipped": train({learning_rate}, {threshold}), "smaller": train({smaller_rate}, 1e30)}
for name, trace in runs.items():
    print(name, ss.diagnose(trace.loss))
    print(f"{100 * float(trace.clipped.mean()):.3g}% of the updates were clipped")
plots.loss_curves(runs)
""",
    (Goal(
        Text(
            "Let the clipped run learn at a rate of 50 or more, to a final loss below 0.15; and "
            "without clipping get below 0.06.",
            "Buat run yang dipotong belajar pada laju 50 atau lebih sampai loss akhirnya di "
            "bawah 0,15; dan tanpa pemotongan, capai loss akhir di bawah 0,06.",
        ),
        (("learning_rate", ">", 49.9), ("final_loss", "<", 0.15), ("final_loss_2", "<", 0.06)),
    ),),
    facts=(CLIPPED,),
)  # fmt: skip
