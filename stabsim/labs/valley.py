"""Gradient descent from above: its path over a surface of two parameters, which is all there is."""

from typing import Any

import jax.numpy as jnp

from stabsim._words import Text
from stabsim.labs.frame import charts, landscape
from stabsim.labs.frame.any_rule import RULE_NAMES, AnyRule
from stabsim.labs.frame.lab import (
    Choice,
    Curve,
    Fact,
    Goal,
    Idle,
    Lab,
    Option,
    Panel,
    Slider,
    Tables,
)
from stabsim.simulation import simulate
from stabsim.workloads import surface as on_surface
from stabsim.workloads.synthetic import SURFACES

STEPS = 60
ZOOMS = 11
"""Views of the surface; the widest shows a thousand times the first."""

NAMES = {
    "valley": Text("valley", "lembah"),
    "uv": Text("product, (uv)²/2", "hasil kali, (uv)²/2"),
}
RULES = ("sgd", "momentum", "nesterov")
CODE = {
    "sgd": "ss.sgd({learning_rate})",
    "momentum": "ss.momentum({learning_rate}, {gamma})",
    "nesterov": "ss.nesterov({learning_rate}, {gamma})",
}

CONTROLS = (
    Choice("surface", Text("Surface (synthetic)", "Permukaan (sintetis)"),
           tuple(Option(name, label, name) for name, label in NAMES.items()), static=True),
    Choice("rule", Text("Optimizer", "Optimizer"),
           tuple(Option(r, Text(RULE_NAMES[r], RULE_NAMES[r]), CODE[r]) for r in RULES)),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 0.01, 2, 0.08, "log"),
    Slider("gamma", Text("Momentum γ", "Momentum γ"), 0, 0.99, 0.9,
           idle=Idle("rule", ("sgd",), Text("SGD has no momentum.",
                                            "SGD tidak memakai momentum."))),
)  # fmt: skip


def run(surface: str, rule: Any, learning_rate: Any, gamma: Any) -> Tables:
    shape = SURFACES[surface]
    optimizer = AnyRule(rule, learning_rate, gamma, 0.999)
    trace = simulate(on_surface(surface), optimizer, steps=STEPS, record_parameters=True,
                     measure_sharpness_at=range(STEPS))  # fmt: skip
    return {
        "path": landscape.rows(trace.parameters, shape.function, shape.box, zooms=ZOOMS),
        "run": {"step": jnp.arange(STEPS), "loss": trace.loss},
        "sharpness": {
            "step": jnp.arange(STEPS),
            "sharpness": trace.sharpness,
            "threshold": trace.threshold,
        },
        "start": {"first": trace.sharpness[:1], "edge": trace.threshold[:1]},
    }


LOSS = Text("loss", "loss")
SHARPNESS = {
    "sharpness": Text("sharpness", "ketajaman"),
    "threshold": Text("stability threshold", "ambang kestabilan"),
}


LAB = Lab(
    "valley",
    Text("A valley from above (synthetic)", "Lembah dilihat dari atas (sintetis)"),
    CONTROLS,
    run,
    (
        Panel("path", charts.landscape, Text(
            "The path of the two parameters over contour lines of the loss, up to the cursor. "
            "Where the path leaves the picture, the picture shows twice as much.",
            "Lintasan kedua parameter di atas garis kontur loss, sampai ke kursor. "
            "Bila lintasan keluar dari gambar, gambar menampilkan daerah dua kali lebih lebar."),
            over="step", columns=charts.PLACE),
        charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-4, 1e6), STEPS, Text(
            "The loss at every step.", "Loss pada setiap langkah."), height=130),
        charts.over_steps("sharpness", SHARPNESS, SHARPNESS["sharpness"], (1, 100), STEPS, Text(
            "The sharpness where the run stands, and the optimizer's stability threshold.",
            "Ketajaman di tempat run berada, dan ambang kestabilan optimizer."), height=130),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss

surface = ss.workloads.surface("{surface}")
trace = ss.simulate(
    surface, {rule}, steps=60, record_parameters=True, measure_sharpness_at=range(60)
)
print(ss.diagnose(trace.loss))
print(trace.parameters[:5])
""",
    (Goal(
        Text(
            "On the product, begin with a sharpness above the threshold, with SGD, and arrive all "
            "the same: a final loss below 0.001.",
            "Pada hasil kali, mulai dengan ketajaman di atas ambang, dengan SGD, tetapi "
            "tetap sampai ke dasar: loss akhir di bawah 0,001.",
        ),
        (("surface", "==", "uv"), ("rule", "==", "sgd"), ("edge", "<", 4.866),
         ("final_loss", "<", 0.001)),
    ),),
    facts=(
        Fact("start", "first", Text("At step 0 the sharpness is {value},",
                                    "Pada langkah 0 ketajamannya {value},")),
        Fact("start", "edge", Text("and the threshold {value}.", "dan ambangnya {value}.")),
    ),
)  # fmt: skip
