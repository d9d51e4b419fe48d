"""The first lab of the book: a deep network, its learning rate, and a gentle start."""

from typing import Any

import jax.numpy as jnp

from stabsim._words import Text
from stabsim.labs.frame import charts, digits, units
from stabsim.labs.frame.lab import Curve, Goal, Lab, Slider, Tables
from stabsim.optimizers import sgd
from stabsim.schedules import linear_warmup
from stabsim.simulation import simulate
from stabsim.workloads import residual_mlp

STEPS = 200

CONTROLS = (
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 1e-4, 0.1, 1e-3, "log"),
    Slider("warmup", Text("Warmup", "Warmup"), 0, 100, 0, "whole", unit=units.STEPS),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)


def run(learning_rate: Any, warmup: Any, seed: Any) -> Tables:
    rule = sgd(linear_warmup(learning_rate, warmup))
    net = residual_mlp(depth=16)
    trace = simulate(net, rule, steps=STEPS, batch_size=32, seed=seed, evaluate_at=(),
                     observe=digits.observe(net))  # fmt: skip
    return {
        "run": {
            "step": jnp.arange(STEPS),
            "loss": trace.loss,
            "learning_rate": trace.learning_rate,
        },
        "batch": digits.table(trace.observed),
    }


LOSS = Text("loss", "loss")


LAB = Lab(
    "first",
    Text("How fast may it learn?", "Seberapa cepat jaringan boleh belajar?"),
    CONTROLS,
    run,
    (charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-3, 1e3), STEPS,
            Text("The training loss at every step.",
                              "Loss pelatihan pada setiap langkah."), height=180),
     digits.minibatch(), charts.schedule(STEPS)),
    (Curve("run", "loss"),),
    """import stabsim as ss

net = ss.workloads.residual_mlp(depth=16)
rule = ss.sgd(ss.schedules.linear_warmup({learning_rate}, {warmup}))
trace = ss.simulate(net, rule, steps=200, batch_size=32, seed={seed})
print(ss.diagnose(trace.loss))
""",
    (Goal(
        Text("Bring the final loss below 0.15.", "Turunkan loss akhir sampai di bawah 0,15."),
        (("verdict", "==", "stable"), ("final_loss", "<", 0.15)),
    ),),
)  # fmt: skip
