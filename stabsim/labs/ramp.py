"""Sharpness and its threshold while the learning rate climbs."""

from typing import Any

import jax.numpy as jnp

from stabsim._words import Text
from stabsim.labs.frame import charts, halves, units
from stabsim.labs.frame.lab import Curve, Fact, Goal, Lab, Slider, Tables
from stabsim.optimizers import sgd
from stabsim.schedules import linear_warmup
from stabsim.simulation import simulate
from stabsim.workloads import small_sharp_net

STEPS = 120
MEASURED = (*range(10), *range(10, STEPS, 4))
"""Every step at first, where a catapult is over within ten."""

CONTROLS = (
    Slider("warmup", Text("Warmup", "Warmup"), 0, 100, 40, "whole",
           unit=units.STEPS),
    Slider("learning_rate", Text("Peak learning rate", "Laju pembelajaran puncak"),
           0.005, 1.5, 0.35, "log"),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def run(warmup: Any, learning_rate: Any, seed: Any, part: Any) -> Tables:
    rule = sgd(linear_warmup(learning_rate, warmup))
    trace = simulate(small_sharp_net(), rule, steps=STEPS, seed=seed, evaluate_at=(),
                     measure_sharpness_at=halves.half(MEASURED, part))  # fmt: skip
    # At step 0 of a ramp the rate is 0, which bears any sharpness: nothing to draw.
    bounded = jnp.where(trace.threshold < jnp.inf, trace.threshold, jnp.nan)
    whole = {
        "run": {
            "step": jnp.arange(STEPS),
            "loss": trace.loss,
            "learning_rate": trace.learning_rate,
        },
        "facts": {
            "leap": (
                jnp.max(trace.loss, where=~jnp.isnan(trace.loss), initial=0.0) / trace.loss[0]
            )[None]
        },
    }
    return {
        "sharpness": {
            "step": trace.sharpness_step,
            "sharpness": trace.sharpness,
            "threshold": bounded,
        },
        **halves.once(part, whole),
    }


SERIES = {
    "sharpness": Text("sharpness", "ketajaman"),
    "threshold": Text("threshold, 2 / learning rate", "ambang, 2 / laju pembelajaran"),
}
LOSS = Text("loss", "loss")


LAB = Lab(
    "ramp",
    Text("Sharpness on the ramp", "Ketajaman selama warmup"),
    CONTROLS,
    run,
    (
        charts.over_steps("sharpness", SERIES, SERIES["sharpness"], (1, 1000), STEPS, Text(
            "Sharpness and threshold against step, both logarithmic. While the rate climbs, the "
            "threshold falls; where it meets the sharpness it pushes that down before it.",
            "Ketajaman dan ambang terhadap langkah, keduanya logaritmik. Selama laju naik, ambang "
            "turun; sejak keduanya bertemu, ketajaman terdesak turun."), height=240),
        charts.over_steps("run", {"loss": LOSS}, LOSS, (0.01, 1e3), STEPS, Text(
            "The training loss at every step.", "Loss pelatihan pada setiap langkah."), height=130),
        charts.schedule(STEPS),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss
from stabsim import plots

net = ss.workloads.mlp(
    depth=3, width=24, activation="gelu", gain=1.6, objective="squared_error", rows=32
)
rule = ss.sgd(ss.schedules.linear_warmup({learning_rate}, {warmup}))
measured = [*range(10), *range(10, 120, 4)]
trace = ss.simulate(net, rule, steps=120, seed={seed}, measure_sharpness_at=measured)
print(ss.diagnose(trace.loss))
plots.sharpness(trace)
""",
    (Goal(
        Text(
            "Find a catapult: without any warmup, a run whose loss leaps to more than three times "
            "its start, and that still ends with a loss below 0.4. Not every seed has one.",
            "Temukan lontaran: tanpa warmup sama sekali, run yang loss-nya melonjak ke lebih dari "
            "tiga kali nilai awalnya, tetapi tetap berakhir dengan loss di bawah 0,4. Tidak setiap "
            "seed menghasilkannya.",
        ),
        (
            ("warmup", "<", 1),
            ("leap", ">", 3.0),
            ("final_loss", "<", 0.4),
        ),
    ),),
    facts=(
        Fact("facts", "leap", Text(
            "The highest loss is {value}× the loss at the start.",
            "Loss tertinggi {value}× nilai awalnya.")),
    ),
    parts=halves.PARTS,
    rows=("sharpness",),
)  # fmt: skip
