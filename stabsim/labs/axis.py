"""Figures 7a and 7b: a learning-rate sweep, all of it at once, and any one of its runs."""

from typing import Any

import jax.numpy as jnp

from stabsim._words import Text
from stabsim.labs.frame import charts, units
from stabsim.labs.frame.lab import Choice, Curve, Goal, Lab, Option, Panel, Slider, Tables
from stabsim.optimizers import sgd
from stabsim.schedules import linear_warmup
from stabsim.simulation import simulate
from stabsim.workloads import residual_mlp

STEPS = 200
RATES = tuple(2.0**k for k in range(-10, 0))
BLOCKS = (
    Option("plain", Text("x + f(x)", "x + f(x)"), "x + f(x)"),
    Option("norm", Text("x + f(Norm(x))", "x + f(Norm(x))"), "x + f(Norm(x))"),
)

CONTROLS = (
    Choice("block", Text("Residual block", "Blok residual"), BLOCKS, static=True),
    Slider("gain", Text("Initial gain", "Penguatan awal"), 0.25, 2, 1, "log"),
    Slider("warmup", Text("Warmup", "Warmup"), 0, 100, 0, "whole",
           unit=units.STEPS),
    Slider("shown", Text("Run shown, by its rate", "Run yang ditampilkan, menurut lajunya"),
           RATES[0], RATES[-1], 2.0**-4, "log", positions=len(RATES) - 1),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def run(block: str, gain: Any, warmup: Any, shown: Any, seed: Any, part: Any) -> Tables:
    formula = {option.value: option.code for option in BLOCKS}[block]
    net = residual_mlp(depth=8, block=formula, gain=gain)
    rates = jnp.asarray(RATES, jnp.float32)
    rate = rates[part]
    rule = sgd(linear_warmup(rate, warmup))
    trace = simulate(net, rule, steps=STEPS, batch_size=32, seed=seed, evaluate_at=())
    chosen = part == jnp.argmin(jnp.abs(jnp.log(rates) - jnp.log(shown)))
    return {
        "sweep": {"learning_rate": rate[None], "loss": trace.loss[None]},
        "axis": {
            "learning_rate": rate[None],
            "final_loss": jnp.median(trace.loss[-20:])[None],
            "shown": rate[None],
            "chosen": chosen.astype(jnp.int32)[None],
        },
        # Added up over the runs, of which one is shown.
        "run": {
            "step": jnp.where(chosen, jnp.arange(STEPS), 0),
            "loss": jnp.where(chosen, trace.loss, 0.0),
            "learning_rate": jnp.where(chosen, trace.learning_rate, 0.0),
        },
    }


LOSS = Text("loss", "loss")


def _axis(language: str) -> Any:
    return charts.axis(language, (0.001, 10))


LAB = Lab(
    "axis",
    Text("The learning-rate axis", "Sumbu laju pembelajaran"),
    CONTROLS,
    run,
    (
        Panel("axis", _axis, Text(
            "Final loss against learning rate, both logarithmic: a falling line, a star at the "
            "best rate, crosses along the top where the rate is infeasible, and a ring around the "
            "run that is shown.",
            "Loss akhir terhadap laju pembelajaran, keduanya logaritmik: garis menurun, bintang "
            "pada laju terbaik, tanda silang di tepi atas pada laju yang tidak layak, dan cincin "
            "pada run yang ditampilkan."),
            click=("shown",)),
        charts.over_steps("run", {"loss": LOSS}, LOSS, (0.001, 100), STEPS, Text(
            "The loss of the chosen run at every step.",
            "Loss run terpilih pada setiap langkah."), height=160),
        charts.schedule(STEPS),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss

net = ss.workloads.residual_mlp(depth=8, block="{block}", gain={gain})


def experiment(learning_rate):
    rule = ss.sgd(ss.schedules.linear_warmup(learning_rate, {warmup}))
    return ss.simulate(net, rule, steps=200, batch_size=32, seed={seed})


runs = ss.sweep(experiment, learning_rate=[2.0**k for k in range(-10, 0)])
print(ss.diagnose_sweep(runs))
print(ss.diagnose(runs.loss.sel(learning_rate={shown}, method="nearest").to_numpy()))
""",
    (Goal(
        Text(
            "With the plain block, make a rate of at least 0.0625 the best one.",
            "Dengan blok polos, jadikan laju 0,0625 atau lebih sebagai yang terbaik.",
        ),
        (("block", "==", "plain"), ("best_learning_rate", ">", 0.0624)),
    ),),
    sweep=True,
    parts=len(RATES),
    rows=("sweep", "axis"),
)  # fmt: skip
