"""Six rules and a newer one from one point of a 2-D surface, their paths over its contour lines."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stabsim._words import Text
from stabsim.labs.frame import charts
from stabsim.labs.frame.any_rule import RULE_NAMES, RULES, AnyRule
from stabsim.labs.frame.lab import Choice, Curve, Goal, Lab, Option, Panel, Slider, Tables
from stabsim.labs.frame.newer import NEWER, NEWER_NAMES, OneOf, newer_rules
from stabsim.labs.frame.surfaces import LABELS, LEVELS, POINTS, contours
from stabsim.simulation import simulate
from stabsim.workloads import any_surface
from stabsim.workloads.any_surface import NAMES
from stabsim.workloads.synthetic import SURFACES

STEPS = 150

OFFERED = NEWER[: NEWER.index("muon")]
"""Those that may run beside the six. The two parameters of a surface are no matrix for Muon."""

CODE = {
    "lion": "ss.lion({newer_rate}, {gamma}, {beta2})",
    "adamw": "ss.adamw({newer_rate}, {gamma}, {beta2})",
    "radam": "ss.radam({newer_rate}, {gamma}, {beta2})",
    "adafactor": "ss.adafactor({newer_rate})",
    "schedule_free_adamw": "ss.schedule_free_adamw({newer_rate}, {gamma}, {beta2})",
}

NAMED = {rule: Text(name, name) for rule, name in RULE_NAMES.items()}
NAMED["newer"] = Text("Newer rule", "Aturan baru")

LINE = np.concatenate([
    np.repeat(np.arange(-LEVELS - 1, 0), POINTS), np.repeat(np.arange(len(NAMED)), STEPS + 1)
]).astype(np.int32)  # fmt: skip
"""What each point belongs to: a contour line, below 0, or a rule's path."""

STEP = np.concatenate([
    np.tile(np.arange(POINTS), LEVELS + 1), np.tile(np.arange(STEPS + 1), len(NAMED))
]).astype(np.int32)  # fmt: skip

CONTROLS = (
    Choice("surface", Text("Surface (synthetic)", "Permukaan (sintetis)"),
           tuple(Option(name, LABELS[name], name) for name in NAMES)),
    Slider("learning_rate", Text("Learning rate of SGD, Momentum, Nesterov",
                                 "Laju pembelajaran SGD, Momentum, Nesterov"),
           1e-5, 1, 0.02, "log"),
    Slider("adaptive_rate", Text("Learning rate of RMSProp, Adam, NAdam",
                                 "Laju pembelajaran RMSProp, Adam, NAdam"),
           1e-4, 1, 0.1, "log"),
    Choice("newer", Text("Newer rule", "Aturan baru"),
           tuple(Option(r, Text(NEWER_NAMES[r], NEWER_NAMES[r]), CODE[r]) for r in OFFERED)),
    Slider("newer_rate", Text("Learning rate of the newer rule",
                              "Laju pembelajaran aturan baru"),
           1e-4, 1, 0.02, "log"),
    Slider("gamma", Text("Momentum γ, β₁", "Momentum γ, β₁"), 0, 0.99, 0.9),
    Slider("beta2", Text("ρ, β₂", "ρ, β₂"), 0.5, 0.999, 0.99),
    Slider("seed", Text("Seed of the start", "Seed titik awal"), 0, 9, 0, "whole"),
)  # fmt: skip


def run(
    surface: Any, learning_rate: Any, adaptive_rate: Any, newer: Any, newer_rate: Any, gamma: Any,
    beta2: Any, seed: Any,
) -> Tables:  # fmt: skip
    def raced(rule: Any) -> Any:
        trace = simulate(any_surface(surface), rule, steps=STEPS, seed=seed, record_parameters=True)
        return trace.loss, trace.parameters

    def one_of_six(which: Any) -> Any:
        rate = jnp.where(which < RULES.index("rmsprop"), learning_rate, adaptive_rate)
        return raced(AnyRule(which, rate, gamma, beta2))

    six = jax.vmap(one_of_six)(jnp.arange(len(RULES)))
    seventh = raced(OneOf(newer, newer_rules(newer_rate, gamma, beta2)[: len(OFFERED)]))
    loss, path = (jnp.concatenate([x, y[None]]) for x, y in zip(six, seventh, strict=True))
    box = jnp.asarray([SURFACES[name].box for name in NAMES], jnp.float32)[surface]
    path = jnp.clip(path, box[::2], box[1::2])  # what leaves the picture runs along its edge
    lines = jnp.asarray(contours(), jnp.float32)[surface]
    points = jnp.concatenate([lines.reshape(-1, 2), path.reshape(-1, 2)])
    return {
        "path": {
            "line": LINE,
            "step": STEP,
            "x": points[:, 0],
            "y": points[:, 1],
            "surface": jnp.full(LINE.size, surface),
            "since": np.where(LINE < 0, 0, STEP).astype(np.float32),
            "until": np.full(LINE.size, np.inf, np.float32),
        },
        "loss": {"step": jnp.arange(STEPS), **dict(zip(NAMED, loss, strict=True))},
    }


def _paths(language: str) -> Any:
    return charts.race([name.in_(language) for name in NAMED.values()])


LOSS = Text("loss above its least value", "loss di atas nilai terkecilnya")


LAB = Lab(
    "race",
    Text("Six rules and a newer one on one surface (synthetic)",
         "Enam aturan dan satu aturan baru pada satu permukaan (sintetis)"),
    CONTROLS,
    run,
    (
        Panel("path", _paths, Text(
            "The paths of the six rules and of the newer one over contour lines, from the same "
            "start up to the cursor, a mark every ten steps. What leaves the picture runs along "
            "its edge.",
            "Lintasan keenam aturan dan aturan baru di atas garis kontur, dari titik awal yang "
            "sama sampai ke kursor, dengan tanda setiap sepuluh langkah. Lintasan yang keluar dari "
            "gambar menyusuri tepinya."),
        over="step", columns=charts.PLACE),
        charts.over_steps("loss", NAMED, LOSS, (1e-8, 1e4), STEPS, Text(
            "The loss of each rule at every step.", "Loss tiap aturan pada setiap langkah."),
            height=180),
    ),
    tuple(Curve("loss", rule, name) for rule, name in NAMED.items()),
    """import stabsim as ss
from stabsim import plots

net = ss.workloads.any_surface("{surface}")
rules = {
    "SGD": ss.sgd({learning_rate}),
    "Momentum": ss.momentum({learning_rate}, {gamma}),
    "Nesterov": ss.nesterov({learning_rate}, {gamma}),
    "RMSProp": ss.rmsprop({adaptive_rate}, {beta2}, {gamma}),
    "Adam": ss.adam({adaptive_rate}, {gamma}, {beta2}),
    "NAdam": ss.nadam({adaptive_rate}, {gamma}, {beta2}),
    "newer rule": {newer},
}
traces = {
    name: ss.simulate(net, rule, steps=150, seed={seed}, record_parameters=True)
    for name, rule in rules.items()
}
for name, trace in traces.items():
    print(name, ss.diagnose(trace.loss))
plots.trajectories(traces, "{surface}").savefig("race.png")
""",
    (Goal(
        Text(
            "In the valley, let SGD diverge while Momentum, at the same rate, arrives: a final "
            "loss below 0.01.",
            "Di lembah, buat SGD divergen sementara Momentum, pada laju yang sama, sampai ke "
            "dasar: loss akhir di bawah 0,01.",
        ),
        (("surface", "==", "valley"), ("verdict", "==", "diverged"), ("final_loss_2", "<", 0.01)),
    ),),
    opens=40,  # when the rules have parted, and the slow ones are still on their way
)  # fmt: skip
