"""The whole stability lab in one place."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax.tree_util import Partial

from stabsim._words import Text
from stabsim.clipping import clip_by_global_norm
from stabsim.labs.frame import charts, halves, landscape, units
from stabsim.labs.frame.any_rule import RULE_NAMES, RULES, AnyRule
from stabsim.labs.frame.lab import Choice, Curve, Goal, Idle, Lab, Option, Panel, Slider, Tables
from stabsim.schedules import (
    Schedule,
    constant,
    cosine_decay,
    inverse_square_root_decay,
    linear_decay,
    prepend_warmup,
)
from stabsim.simulation import simulate
from stabsim.workloads import Workload, mlp, residual_mlp, surface
from stabsim.workloads.synthetic import SURFACES

STEPS = 200
MEASURED = tuple(range(0, STEPS, 10))
ZOOMS = 11
"""Views of the valley; the widest shows a thousand times the first."""


class Net(NamedTuple):
    """A workload; ``rows`` is None for a surface, which has no batches."""

    label: Text
    make: Callable[[], Workload]
    code: str
    sharp: bool = False


NETS = {
    "tanh": Net(Text("tanh net, squared error", "jaringan tanh, galat kuadrat"),
                lambda: mlp(depth=3, width=24, activation="tanh", objective="squared_error",
                            rows=64),
                'mlp(depth=3, width=24, activation="tanh", objective="squared_error", rows=64)',
                sharp=True),
    "relu": Net(Text("ReLU net", "jaringan ReLU"), lambda: mlp(width=32), "mlp(width=32)"),
    "residual": Net(Text("residual net, no normalization", "jaringan residual, tanpa normalisasi"),
                    lambda: residual_mlp(depth=8), "residual_mlp(depth=8)"),
    "valley": Net(Text("2-D valley (synthetic)", "lembah 2-D (sintetis)"),
                  lambda: surface("valley"), 'surface("valley")', sharp=True),
}  # fmt: skip

RULE_CODE = {
    "sgd": "ss.sgd(rate)",
    "momentum": "ss.momentum(rate, gamma)",
    "nesterov": "ss.nesterov(rate, gamma)",
    "rmsprop": "ss.rmsprop(rate, beta2, gamma)",
    "adam": "ss.adam(rate, gamma, beta2)",
    "nadam": "ss.nadam(rate, gamma, beta2)",
}
SCHEDULES = {
    "constant": (Text("constant", "tetap"), "constant({learning_rate})"),
    "linear": (Text("linear decay", "peluruhan linear"),
               "linear_decay({learning_rate}, 200 - {warmup})"),
    "cosine": (Text("cosine decay", "peluruhan kosinus"),
               "cosine_decay({learning_rate}, 200 - {warmup})"),
    "root": (Text("inverse square root", "kebalikan akar kuadrat"),
             "inverse_square_root_decay({learning_rate}, 20)"),
}  # fmt: skip
BATCHES = ("64", "16")

NO_MOMENTUM = Idle("rule", ("sgd",), Text("SGD has no momentum.", "SGD tidak memakai momentum."))
NO_SQUARES = Idle(
    "rule",
    ("sgd", "momentum", "nesterov"),
    Text(
        "This optimizer does not average squared gradients.",
        "Optimizer ini tidak merata-ratakan kuadrat gradien.",
    ),
)
NO_BATCHES = Idle(
    "net", ("valley",), Text("A surface has no data.", "Permukaan tidak mempunyai data.")
)
NO_CHANCE = Idle("net", ("valley",), Text("Every run starts at the same point.",
                                          "Setiap run mulai dari titik yang sama."))  # fmt: skip


CONTROLS = (
    Choice("net", Text("Workload", "Workload"),
           tuple(Option(name, net.label, net.code) for name, net in NETS.items()), static=True),
    Choice("batch", Text("Batch size", "Ukuran batch"),
           tuple(Option(b, Text(b, b), b) for b in BATCHES), static=True, idle=NO_BATCHES),
    Choice("rule", Text("Optimizer", "Optimizer"),
           tuple(Option(r, Text(RULE_NAMES[r], RULE_NAMES[r]), RULE_CODE[r]) for r in RULES)),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 1e-4, 10, 0.1, "log"),
    Slider("gamma", Text("Momentum γ, β₁", "Momentum γ, β₁"), 0, 0.99, 0.9, idle=NO_MOMENTUM),
    Slider("beta2", Text("ρ, β₂", "ρ, β₂"), 0.5, 0.999, 0.999, idle=NO_SQUARES),
    Choice("schedule", Text("Schedule", "Jadwal"),
           tuple(Option(name, label, code) for name, (label, code) in SCHEDULES.items())),
    Slider("warmup", Text("Warmup", "Warmup"), 0, 150, 0, "whole",
           unit=units.STEPS),
    Slider("clip", Text("Clipping threshold", "Ambang pemotongan"), 0.01, 1000, 1000, "log"),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole", idle=NO_CHANCE),
)  # fmt: skip


def _schedule(which: Any, peak: Any, warmup: Any, step: Any) -> Any:
    after = STEPS - warmup
    bases = (
        constant(peak),
        linear_decay(peak, after),
        cosine_decay(peak, after),
        inverse_square_root_decay(peak, 20.0),
    )
    return jnp.stack([prepend_warmup(base, warmup)(step) for base in bases])[which]


def run(
    net: str, batch: str, rule: Any, learning_rate: Any, gamma: Any, beta2: Any,
    schedule: Any, warmup: Any, clip: Any, seed: Any, part: Any,
) -> Tables:  # fmt: skip
    workload = NETS[net].make()
    climb = jnp.asarray(warmup, jnp.float32)
    measured = halves.half(MEASURED, part)
    planned = Schedule(Partial(_schedule, schedule, learning_rate, climb))
    trace = simulate(
        workload,
        AnyRule(rule, planned, gamma, beta2),
        steps=STEPS,
        batch_size=int(batch) if workload.rows > int(batch) else None,
        seed=seed,
        clipping=clip_by_global_norm(clip),
        evaluate_at=None if workload.validation is None else (),
        measure_sharpness_at=measured if NETS[net].sharp else (),
        record_parameters=workload.synthetic,
    )
    absent = jnp.full(measured.size, jnp.nan)
    valley = SURFACES["valley"]
    path = landscape.NOTHING
    if workload.synthetic:
        path = landscape.rows(trace.parameters, valley.function, valley.box, zooms=ZOOMS)
    whole = {
        "run": {
            "step": jnp.arange(STEPS),
            "loss": trace.loss,
            "gradient_norm": trace.gradient_norm,
            "learning_rate": trace.learning_rate,
        },
        "path": path,
    }
    return {
        "sharpness": {
            "step": measured,
            "sharpness": trace.sharpness if NETS[net].sharp else absent,
            "threshold": trace.threshold if NETS[net].sharp else absent,
        },
        **halves.once(part, whole),
    }


LOSS = Text("loss", "loss")
NORM = Text("gradient norm", "norma gradien")
RATE = Text("learning rate", "laju pembelajaran")
SHARPNESS = {
    "sharpness": Text("sharpness", "ketajaman"),
    "threshold": Text("stability threshold", "ambang kestabilan"),
}


GOALS = (
    Goal(
        Text(
            "The ReLU net at a rate of at least 1: a final loss below 0.1.",
            "Jaringan ReLU dengan laju sedikitnya 1: loss akhir di bawah 0,1.",
        ),
        (("net", "==", "relu"), ("learning_rate", ">", 0.999), ("final_loss", "<", 0.1)),
    ),
    Goal(
        Text(
            "The residual net at a rate of at least 0.1: a final loss below 0.1.",
            "Jaringan residual dengan laju sedikitnya 0,1: loss akhir di bawah 0,1.",
        ),
        (("net", "==", "residual"), ("learning_rate", ">", 0.0999), ("final_loss", "<", 0.1)),
    ),
    Goal(
        Text(
            "The valley at a rate of at least 0.15: a final loss below 0.001.",
            "Lembah dengan laju sedikitnya 0,15: loss akhir di bawah 0,001.",
        ),
        (("net", "==", "valley"), ("learning_rate", ">", 0.1499), ("final_loss", "<", 0.001)),
    ),
)


LAB = Lab(
    "simulator",
    Text("The stability simulator", "Simulator kestabilan"),
    CONTROLS,
    run,
    (
        charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-4, 1e3), STEPS, Text(
            "The training loss at every step.", "Loss pelatihan pada setiap langkah."), height=180),
        charts.over_steps("run", {"gradient_norm": NORM}, NORM, (1e-4, 1e4), STEPS, Text(
            "The unclipped gradient norm at every step.",
            "Norma gradien sebelum pemotongan pada setiap langkah."), height=110, level="clip"),
        charts.over_steps("run", {"learning_rate": RATE}, RATE, (1e-5, 10), STEPS, Text(
            "The learning rate at every step.", "Laju pembelajaran pada setiap langkah."),
            height=110, level="learning_rate"),
        charts.over_steps("sharpness", SHARPNESS, SHARPNESS["sharpness"], (0.1, 1e4), STEPS, Text(
            "The sharpness, preconditioned for the adaptive rules, and the optimizer's stability "
            "threshold.",
            "Ketajaman, dengan prakondisi untuk aturan adaptif, dan ambang kestabilan optimizer."),
            height=160),
        Panel("path", charts.landscape, Text(
            "The path of the two parameters over contour lines of the loss, up to the cursor.",
            "Lintasan kedua parameter di atas garis kontur loss, sampai ke kursor."),
            over="step", columns=charts.PLACE),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss
from stabsim.schedules import *
from stabsim.workloads import *

net, batch_size = {net}, {batch}
gamma, beta2 = {gamma}, {beta2}
rate = prepend_warmup({schedule}, {warmup})
trace = ss.simulate(
    net, {rule}, steps=200, batch_size=batch_size if net.rows > batch_size else None,
    seed={seed}, clipping=ss.clipping.clip_by_global_norm({clip}),
)
print(ss.diagnose(trace.loss))
""",
    GOALS,
    parts=halves.PARTS,
    rows=("sharpness",),
)  # fmt: skip
