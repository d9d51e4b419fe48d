"""Sharpness against its threshold: any rule on a small net, full batch."""

from typing import Any

import jax.numpy as jnp

from stabsim._words import Text
from stabsim.labs.frame import charts
from stabsim.labs.frame.any_rule import RULE_NAMES, RULES, AnyRule
from stabsim.labs.frame.lab import Choice, Curve, Goal, Idle, Lab, Option, Slider, Tables
from stabsim.simulation import simulate
from stabsim.workloads import mlp

STEPS = 400
MEASURED = tuple(range(0, STEPS, 16))
BETA2 = 0.99
CODE = {
    "sgd": "ss.sgd(rate)",
    "momentum": "ss.momentum(rate, gamma)",
    "nesterov": "ss.nesterov(rate, gamma)",
    "rmsprop": f"ss.rmsprop(rate, {BETA2}, gamma)",
    "adam": f"ss.adam(rate, gamma, {BETA2})",
    "nadam": f"ss.nadam(rate, gamma, {BETA2})",
}

CONTROLS = (
    Choice("rule", Text("Optimizer", "Optimizer"),
           tuple(Option(r, Text(RULE_NAMES[r], RULE_NAMES[r]), CODE[r]) for r in RULES)),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 1e-3, 2, 0.2, "log"),
    Slider("gamma", Text("Momentum γ, β₁", "Momentum γ, β₁"), 0, 0.98, 0.9, idle=Idle(
        "rule", ("sgd",), Text("SGD has no momentum.", "SGD tidak memakai momentum."))),
    Slider("seed", Text("Seed", "Benih acak"), 0, 9, 0, "whole"),
)  # fmt: skip


def run(rule: Any, learning_rate: Any, gamma: Any, seed: Any) -> Tables:
    net = mlp(depth=3, width=12, activation="tanh", gain=0.5, objective="squared_error", rows=32)
    trace = simulate(
        net, AnyRule(rule, learning_rate, gamma, BETA2), steps=STEPS, seed=seed, evaluate_at=(),
        measure_sharpness_at=MEASURED,
    )  # fmt: skip
    return {
        "sharpness": {
            "step": jnp.asarray(MEASURED),
            "sharpness": trace.sharpness,
            "threshold": trace.threshold,
        },
        "run": {"step": jnp.arange(STEPS), "loss": trace.loss},
    }


SHARPNESS = {
    "sharpness": Text("sharpness (preconditioned for RMSProp, Adam, NAdam)",
                      "ketajaman (dengan prakondisi untuk RMSProp, Adam, NAdam)"),
    "threshold": Text("stability threshold, from theory", "ambang kestabilan, dari teori"),
}  # fmt: skip
LOSS = Text("loss", "loss")


LAB = Lab(
    "thresholds",
    Text("Sharpness against its threshold", "Ketajaman terhadap ambangnya"),
    CONTROLS,
    run,
    (
        charts.over_steps("sharpness", SHARPNESS, Text("sharpness", "ketajaman"), None, STEPS, Text(
            "The measured sharpness, and the rule's threshold at this rate and momentum as a "
            "dashed line.",
            "Ketajaman terukur, dan ambang aturan itu pada laju dan momentum ini sebagai garis "
            "putus-putus.")),
        charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-5, 10), STEPS, Text(
            "The training loss at every step.",
            "Loss pelatihan pada setiap langkah."), height=140),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss
from stabsim import plots

rate, gamma = {learning_rate}, {gamma}
net = ss.workloads.mlp(
    depth=3, width=12, activation="tanh", gain=0.5, objective="squared_error", rows=32
)
trace = ss.simulate(
    net, {rule}, steps=400, seed={seed}, measure_sharpness_at=range(0, 400, 16)
)
print(ss.diagnose(trace.loss))
plots.sharpness(trace).save("sharpness.html")
""",
    Goal(
        Text(
            "Nesterov with γ = 0.9 diverges at a rate of 0.35. Keep the rule and the rate, and "
            "make the run stable.",
            "Nesterov dengan γ = 0,9 divergen pada laju 0,35. Pertahankan aturan dan lajunya, lalu "
            "buatlah run stabil.",
        ),
        (("rule", "==", "nesterov"), ("learning_rate", ">", 0.349), ("verdict", "==", "stable")),
    ),
)  # fmt: skip
