"""Adam on a parabola: v forgets, until the threshold is crossed or epsilon stands in its way."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from stabsim._words import Text
from stabsim.labs.frame import charts
from stabsim.labs.frame.lab import Choice, Curve, Fact, Goal, Lab, Option, Slider, Tables
from stabsim.optimizers import adam
from stabsim.simulation import Moment, simulate
from stabsim.workloads import quadratic

STEPS = 700
"""Few enough for nothing to become smaller than float32 can hold."""

BETA2 = (0.95, 0.99, 0.999, 0.9)

CONTROLS = (
    Slider("eps", Text("ε", "ε"), 1e-6, 1e-2, 1e-6, "log"),
    Choice("beta2", Text("β₂", "β₂"),
           tuple(Option(f"{b}", Text(f"{b}", f"{b}".replace(".", ",")), f"{b}") for b in BETA2)),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 1e-3, 0.1, 0.01, "log"),
    Slider("curvature", Text("Curvature h", "Kelengkungan h"), 0.1, 10, 1, "log"),
)  # fmt: skip


def run(eps: Any, beta2: Any, learning_rate: Any, curvature: Any) -> Tables:
    rule = adam(learning_rate, beta2=jnp.asarray(BETA2, jnp.float32)[beta2], eps=eps)

    def look(now: Moment) -> Array:
        assert now.preconditioner is not None
        return curvature / now.preconditioner[0]

    trace = simulate(quadratic([curvature]), rule, steps=STEPS, observe=look)
    edge = rule.threshold(learning_rate)
    assert trace.observed is not None
    share = trace.observed / edge
    late = share[100:]
    return {
        "run": {
            "step": jnp.arange(STEPS),
            "loss": trace.loss,
            "share": share,
            "edge": jnp.ones(STEPS),
        },
        "now": {"exact": (curvature / edge)[None], "top": jnp.max(late)[None]},
    }


LOSS = Text("loss", "loss")
SHARE = Text("h/P over 38/η", "h/P terhadap 38/η")


LAB = Lab(
    "epsilon",
    Text("How much epsilon is enough", "Seberapa besar epsilon yang cukup"),
    CONTROLS,
    run,
    (
        charts.over_steps("run", {"share": SHARE, "edge": Text("threshold", "ambang")}, SHARE,
                          (1e-3, 10), STEPS, Text(
            "The preconditioned curvature as a share of Adam's threshold, and the threshold as a "
            "dashed line at 1.",
            "Kelengkungan berprakondisi sebagai kelipatan ambang Adam, dan ambangnya sebagai garis "
            "putus-putus di 1."), height=160),
        charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-30, 10), STEPS, Text(
            "The loss at every step: it falls, and leaps up where the threshold is crossed.",
            "Loss pada setiap langkah: turun, lalu melonjak ketika ambangnya dilewati."),
            height=180),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss

bowl = ss.workloads.quadratic([{curvature}])
rule = ss.adam({learning_rate}, beta2={beta2}, eps={eps})
trace = ss.simulate(
    bowl, rule, steps=700, measure_sharpness_at=range(100, 700)
)
print(ss.diagnose(trace.loss))
print(f"eps* = {{curvature} / rule.threshold({learning_rate}):.3g}")
print(f"{(trace.sharpness / trace.threshold).max():.3g} times the threshold")
""",
    (Goal(
        Text(
            "At β₂ = 0.95, a rate of at least 0.01 and a curvature of at least 1, stay below the "
            "threshold with an ε under 0.0003.",
            "Dengan β₂ = 0,95, laju 0,01 atau lebih, dan kelengkungan 1 atau lebih, tetaplah di "
            "bawah ambang dengan ε kurang dari 0,0003.",
        ),
        (("learning_rate", ">", 0.0099), ("curvature", ">", 0.99), ("beta2", "==", "0.95"),
         ("eps", "<", 3e-4), ("top", "<", 1)),
    ),),
    facts=(
        Fact("now", "exact", Text("ε* is {value};", "ε* besarnya {value};")),
        Fact("now", "top", Text("after step 100, h/P comes up to {value}× the threshold.",
                                "setelah langkah 100, h/P mencapai {value}× ambangnya.")),
    ),
)  # fmt: skip
