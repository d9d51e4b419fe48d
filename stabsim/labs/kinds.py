"""The kinds of instability, one network each: early, early with recovery, mid-training."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp

from stabsim._words import Text
from stabsim.labs.frame import charts, units
from stabsim.labs.frame.lab import Choice, Curve, Goal, Lab, Option, Slider, Tables
from stabsim.optimizers import momentum, sgd
from stabsim.schedules import linear_warmup
from stabsim.simulation import simulate
from stabsim.workloads import Workload, mlp, residual_mlp, resnet, with_outliers


class Case(NamedTuple):
    """A network and how it is trained; ``rate`` is the unit of the lab's learning rate."""

    label: Text
    net: Callable[[], Workload]
    rule: Callable[..., Any]
    rate: float
    steps: int
    batch_size: int
    code: str


CASES = {
    "residual": Case(
        Text("deep residual net, no normalization",
             "jaringan residual, tanpa normalisasi"),
        lambda: residual_mlp(depth=12), sgd, 2.0**-7, 200, 32,
        "ss.workloads.residual_mlp(depth=12), ss.sgd, 2.0**-7, 200, 32"),
    "strides": Case(
        Text("convolutional net, stride 1", "jaringan konvolusi, langkah geser 1"),
        lambda: resnet(blocks=2, channels=4, stride=1), momentum, 0.125, 100, 64,
        "ss.workloads.resnet(blocks=2, channels=4, stride=1), ss.momentum, 0.125, 100, 64"),
    "outliers": Case(
        Text("small net, corrupted minibatches", "jaringan kecil, minibatch rusak"),
        lambda: with_outliers(mlp(width=32), 0.01, 100.0), momentum, 2.0**-10, 500, 32,
        "ss.workloads.with_outliers(ss.workloads.mlp(width=32), 0.01, 100.0), "
        "ss.momentum, 2.0**-10, 500, 32"),
}  # fmt: skip

CONTROLS = (
    Choice("net", Text("Network", "Jaringan"),
           tuple(Option(name, case.label, case.code) for name, case in CASES.items()), static=True),
    Slider("times", Text("Learning rate, times a good one",
                         "Laju pembelajaran (kelipatan laju yang baik)"),
           0.1, 20, 4, "log", unit=units.TIMES),
    Slider("warmup", Text("Warmup", "Warmup"), 0, 100, 0, "whole",
           unit=units.STEPS),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def run(net: str, times: Any, warmup: Any, seed: Any) -> Tables:
    case = CASES[net]
    rule = case.rule(linear_warmup(case.rate * times, warmup))
    trace = simulate(case.net(), rule, steps=case.steps, batch_size=case.batch_size, seed=seed,
                     evaluate_at=())  # fmt: skip
    return {
        "run": {
            "step": jnp.arange(case.steps),
            "loss": trace.loss,
            "gradient_norm": trace.gradient_norm,
            "learning_rate": trace.learning_rate,
        }
    }


LOSS = Text("loss", "loss")
NORM = Text("gradient norm", "norma gradien")


LAB = Lab(
    "kinds",
    Text("Kinds of instability", "Jenis ketidakstabilan"),
    CONTROLS,
    run,
    (
        charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-4, 1e3), None, Text(
            "The training loss at every step.",
            "Loss pelatihan pada setiap langkah."), height=180),
        charts.over_steps("run", {"gradient_norm": NORM}, NORM, (1e-4, 1e4), None, Text(
            "The gradient's norm at every step.",
            "Norma gradien pada setiap langkah."), height=120),
        charts.schedule(None),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss

net, rule, best, steps, batch_size = {net}
rate = ss.schedules.linear_warmup({times} * best, {warmup})
trace = ss.simulate(net, rule(rate), steps=steps, batch_size=batch_size, seed={seed})
print(ss.diagnose(trace.loss))
""",
    (Goal(
        Text(
            "Find an instability that warmup does not mend: mid-training, with at least 50 steps "
            "of warmup.",
            "Temukan ketidakstabilan yang tidak dapat diatasi warmup: di tengah pelatihan, "
            "dengan warmup sedikitnya 50 langkah.",
        ),
        (("warmup", ">", 49), ("verdict", "==", "mid-training instability")),
    ),),
)  # fmt: skip
