"""Sharpness against its threshold, and the size of a step: any rule on a small net, full batch."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from stabsim._words import Text
from stabsim.curvature import spectrum
from stabsim.labs.frame import charts, units
from stabsim.labs.frame.any_rule import RULE_NAMES, RULES, AnyRule
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
from stabsim.labs.frame.newer import NEWER, NEWER_NAMES, OneOf, newer_rules
from stabsim.schedules import linear_warmup
from stabsim.simulation import Moment, simulate
from stabsim.workloads import mlp

STEPS = 400
EVERY, LARGEST = 16, 5
"""Steps from one measurement of the curvature to the next, and how many eigenvalues are kept."""

BETA2 = 0.99
CODE = {
    "sgd": "ss.sgd(rate)",
    "momentum": "ss.momentum(rate, gamma)",
    "nesterov": "ss.nesterov(rate, gamma)",
    "rmsprop": f"ss.rmsprop(rate, {BETA2}, gamma)",
    "adam": f"ss.adam(rate, gamma, {BETA2})",
    "nadam": f"ss.nadam(rate, gamma, {BETA2})",
    "lion": f"ss.lion(rate, gamma, {BETA2})",
    "adamw": f"ss.adamw(rate, gamma, {BETA2})",
    "radam": f"ss.radam(rate, gamma, {BETA2})",
    "adafactor": "ss.adafactor(rate)",
    "schedule_free_adamw": f"ss.schedule_free_adamw(rate, gamma, {BETA2})",
    "muon": "ss.muon(rate, gamma)",
}
NAMES = RULE_NAMES | NEWER_NAMES

CONTROLS = (
    Choice("rule", Text("Optimizer", "Optimizer"),
           tuple(Option(r, Text(NAMES[r], NAMES[r]), CODE[r]) for r in (*RULES, *NEWER))),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 1e-3, 2, 0.2, "log"),
    Slider("gamma", Text("Momentum γ, β₁", "Momentum γ, β₁"), 0, 0.98, 0.9, idle=Idle(
        "rule", ("sgd", "adafactor"), Text("SGD and Adafactor have no momentum.",
                                           "SGD dan Adafactor tidak memakai momentum."))),
    Slider("warmup", Text("Warmup", "Warmup"), 0, STEPS, 0, "whole",
           unit=units.STEPS),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def run(rule: Any, learning_rate: Any, gamma: Any, warmup: Any, seed: Any) -> Tables:
    net = mlp(depth=3, width=12, activation="tanh", gain=0.5, objective="squared_error", rows=32)
    rate = linear_warmup(learning_rate, warmup)
    first_six = AnyRule(jnp.minimum(rule, len(RULES) - 1), rate, gamma, BETA2)
    place = jnp.maximum(rule - len(RULES) + 1, 0)
    any_rule = OneOf(place, (first_six, *newer_rules(rate, gamma, BETA2)))

    def look(now: Moment) -> Array:
        return jax.lax.cond(
            now.step % EVERY == 0,
            lambda: spectrum(net.loss, now.params, LARGEST, now.preconditioner),
            lambda: jnp.full(LARGEST, jnp.nan),
        )

    trace = simulate(net, any_rule, steps=STEPS, seed=seed, evaluate_at=(), observe=look)
    measured = trace.observed[::EVERY]
    full = jnp.asarray(any_rule.threshold(learning_rate))
    none = ~jnp.isfinite(full)  # Lion's is infinite, and Muon's unknown, for its matrices have none
    every = jnp.asarray(any_rule.threshold(trace.learning_rate))
    threshold = jnp.where(none, jnp.nan, every[::EVERY])
    shares = measured / jnp.where(none, measured[0, 0], full)
    moved = trace.update_norm / sum(w.size for w in jax.tree.leaves(trace.final_parameters)) ** 0.5
    return {
        "sharpness": {
            "step": jnp.arange(0, STEPS, EVERY),
            "sharpness": measured[:, 0],
            "threshold": threshold,
            "edge": threshold / full,
            **{f"share_{i + 1}": shares[:, i] for i in range(LARGEST)},
        },
        "run": {
            "step": jnp.arange(STEPS),
            "loss": trace.loss,
            "learning_rate": trace.learning_rate,
            "moved": moved,
        },
        "now": {
            "edge_at": jnp.where(none, jnp.inf, full)[None],
            "start": measured[0, :1],
            "end": measured[-1, :1],
            "swing": jnp.median(moved[-STEPS // 10 :])[None],
        },
    }


SHARE = Text("eigenvalue / threshold or first λ₁", "nilai eigen / ambang atau λ₁ awal")
SPECTRUM = {
    "share_1": Text("sharpness λ₁", "ketajaman λ₁"),
    "edge": Text("threshold", "ambang"),
    "share_2": Text("λ₂", "λ₂"),
    "share_3": Text("λ₃", "λ₃"),
    "share_4": Text("λ₄", "λ₄"),
    "share_5": Text("λ₅", "λ₅"),
}
READ = (
    ("sharpness", Text("λ₁ itself", "nilai λ₁")),
    ("threshold", Text("threshold itself", "nilai ambang")),
)
"""What the cursor also says."""

LOSS = Text("loss", "loss")
MOVED = {
    "moved": Text("step (RMS over the parameters)", "langkah (RMS atas semua parameter)"),
    "learning_rate": charts.RATE,
}


def _spectrum() -> Panel:
    panel = charts.over_steps("sharpness", SPECTRUM, SHARE, (0, 4), STEPS, Text(
        "The five largest eigenvalues λ₁ to λ₅ of the Hessian, preconditioned for the rules that "
        "divide by √v, and the rule's threshold as a dashed line, all as shares of the threshold "
        "at the full rate. During a warmup the line falls to 1, where it stays. Lion and Muon have "
        "no threshold: theirs are shares of λ₁ at the start, and there is no line.",
        "Lima nilai eigen terbesar dari Hessian, λ₁ sampai λ₅, dengan prakondisi untuk aturan "
        "yang membagi dengan √v, serta ambang aturan itu sebagai garis putus-putus, semuanya "
        "sebagai kelipatan ambang pada laju penuh. Selama warmup garis itu turun ke 1, lalu tetap "
        "di sana. Lion dan Muon tidak mempunyai ambang: nilainya digambar sebagai kelipatan λ₁ di "
        "awal, tanpa garis."), height=240, log=False)  # fmt: skip
    return panel._replace(columns=(*panel.columns, *READ))


LAB = Lab(
    "thresholds",
    Text("Sharpness against its threshold", "Ketajaman terhadap ambangnya"),
    CONTROLS,
    run,
    (
        _spectrum(),
        charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-5, 10), STEPS, Text(
            "The training loss at every step.",
            "Loss pelatihan pada setiap langkah."), height=140),
        charts.over_steps("run", MOVED, Text("size of a step", "besar langkah"), (1e-6, 1), STEPS,
            Text("How far a parameter moves in each step, and the learning rate. Under Lion both "
                 "are equal, under Muon close to each other, however small the gradient is.",
                 "Seberapa jauh parameter bergeser pada setiap langkah, beserta laju pembelajaran. "
                 "Dengan Lion keduanya sama, dengan Muon berdekatan, sekecil apa pun gradiennya."),
            height=140),
        charts.schedule(STEPS),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss
from stabsim import plots

rate, gamma = ss.schedules.linear_warmup({learning_rate}, {warmup}), {gamma}
net = ss.workloads.mlp(
    depth=3, width=12, activation="tanh", gain=0.5, objective="squared_error", rows=32
)
trace = ss.simulate(
    net, {rule}, steps=400, seed={seed}, measure_sharpness_at=range(0, 400, 16)
)
print(ss.diagnose(trace.loss))
plots.sharpness(trace).save("sharpness.html")
""",
    (Goal(
        Text(
            "Nesterov with γ = 0.9 diverges at a rate of 0.35. Keep the rule and the rate, and "
            "make the run stable.",
            "Nesterov dengan γ = 0,9 divergen pada laju 0,35. Pertahankan aturan dan lajunya, lalu "
            "buat run stabil.",
        ),
        (("rule", "==", "nesterov"), ("learning_rate", ">", 0.349), ("verdict", "==", "stable")),
    ),),
    facts=(
        Fact("now", "edge_at", Text(
            "The threshold at the full rate is {value} (∞: none, and the rate sets the swing).",
            "Ambang pada laju penuh {value} (∞: tidak ada, dan laju menentukan lebar ayunan).")),
        Fact("now", "start", Text("The sharpness at the start is {value}.",
                                  "Ketajaman di awal {value}.")),
        Fact("now", "end", Text("At the last measurement it is {value}.",
                                "Pada pengukuran terakhir nilainya {value}.")),
        Fact("now", "swing", Text("At the end a step moves a parameter by {value} (RMS).",
                                  "Di akhir run parameter bergeser {value} per langkah (RMS).")),
    ),
)  # fmt: skip
