"""A broken net and the playbook's fixes as switches: mend it with as few of them as you can."""

from typing import Any

import jax.numpy as jnp

from stabsim._words import Text
from stabsim.clipping import clip_by_global_norm
from stabsim.labs.blocks import LABELS, NAMES
from stabsim.labs.frame import charts, units
from stabsim.labs.frame.any_rule import RULE_NAMES, RULES, AnyRule
from stabsim.labs.frame.lab import Choice, Curve, Goal, Lab, Option, Slider, Tables
from stabsim.schedules import linear_warmup
from stabsim.simulation import simulate
from stabsim.workloads import any_block
from stabsim.workloads.any_block import ROWS
from stabsim.workloads.residual import BLOCKS

STEPS = 150
OFFERED = ("momentum", "sgd", "nesterov", "rmsprop", "adam", "nadam")
BROKEN = ("residual", "inside", "last", "after", "rezero")
CLIPPING = {"off": 1e30, "ten": 10.0, "one": 1.0, "tenth": 0.1}

CODE = {
    "sgd": "ss.sgd(rate)", "momentum": "ss.momentum(rate)", "nesterov": "ss.nesterov(rate)",
    "rmsprop": "ss.rmsprop(rate, 0.99, 0.9)", "adam": "ss.adam(rate, 0.9, 0.99)",
    "nadam": "ss.nadam(rate, 0.9, 0.99)",
}  # fmt: skip

CONTROLS = (
    Choice("rule", Text("Optimizer", "Optimizer"),
           tuple(Option(r, Text(RULE_NAMES[r], RULE_NAMES[r]), CODE[r]) for r in OFFERED)),
    Choice("block", Text("Block", "Blok"),
           tuple(Option(n, LABELS[BLOCKS[NAMES.index(n)]], BLOCKS[NAMES.index(n)])
                 for n in BROKEN)),
    Choice("clip", Text("Clipping", "Pemotongan"), (
        Option("off", Text("off", "tanpa"), "1e30"),
        Option("ten", Text("norm of at most 10", "norma paling besar 10"), "10.0"),
        Option("one", Text("norm of at most 1", "norma paling besar 1"), "1.0"),
        Option("tenth", Text("norm of at most 0.1", "norma paling besar 0,1"), "0.1"),
    )),
    Slider("warmup", Text("Warmup", "Warmup"), 0, 60, 0, "whole", unit=units.STEPS),
    Slider("gain", Text("Initial gain", "Penguatan awal"), 0.1, 2, 1.4, "log"),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 1e-4, 0.5, 0.05, "log"),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def run(
    rule: Any, block: Any, clip: Any, warmup: Any, gain: Any, learning_rate: Any, seed: Any
) -> Tables:
    chosen = jnp.asarray([RULES.index(name) for name in OFFERED])[rule]
    kind = jnp.asarray([NAMES.index(name) for name in BROKEN])[block]
    threshold = jnp.asarray(list(CLIPPING.values()), jnp.float32)[clip]
    trace = simulate(
        any_block(kind, gain),
        AnyRule(chosen, linear_warmup(learning_rate, warmup), 0.9, 0.99),
        steps=STEPS,
        batch_size=ROWS,
        seed=seed,
        clipping=clip_by_global_norm(threshold),
        evaluate_at=(),
    )
    return {
        "run": {
            "step": jnp.arange(STEPS),
            "loss": trace.loss,
            "gradient_norm": trace.gradient_norm,
            "learning_rate": trace.learning_rate,
        }
    }


LOSS = Text("loss", "loss")
NORM = Text("gradient norm", "norma gradien")


LAB = Lab(
    "mend",
    Text("Mend it", "Perbaiki"),
    CONTROLS,
    run,
    (
        charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-3, 1e6), STEPS, Text(
            "The training loss at every step.",
            "Loss pelatihan pada setiap langkah."), height=180),
        charts.over_steps("run", {"gradient_norm": NORM}, NORM, (1e-3, 1e9), STEPS, Text(
            "The unclipped gradient norm at every step.",
            "Norma gradien sebelum pemotongan pada setiap langkah."), height=120),
        charts.schedule(STEPS),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss

net = ss.workloads.residual_mlp(depth=16, width=24, block="{block}", gain={gain})
rate = ss.schedules.linear_warmup({learning_rate}, {warmup})
trace = ss.simulate(
    net, {rule}, steps=150, batch_size=24, seed={seed},
    clipping=ss.clipping.clip_by_global_norm({clip}),
)
print(ss.diagnose(trace.loss))
""",
    (Goal(
        Text(
            "A stable run with a final loss below 0.2, with at most two changes and without "
            "lowering the rate.",
            "Run yang stabil dengan loss akhir di bawah 0,2, dengan paling banyak dua perubahan "
            "dan tanpa menurunkan laju.",
        ),
        (("verdict", "==", "stable"), ("final_loss", "<", 0.2), ("changes", "<", 3),
         ("learning_rate", ">", 0.0499)),
    ),),
)  # fmt: skip
