"""Figures 4 and 5: early instability with recovery, seen and unseen."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from stabsim._words import Text
from stabsim.labs.frame import charts, units
from stabsim.labs.frame.lab import Curve, Goal, Lab, Slider, Tables
from stabsim.optimizers import momentum
from stabsim.schedules import linear_warmup
from stabsim.simulation import simulate
from stabsim.workloads import resnet

STEPS = 100

CONTROLS = (
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 0.01, 1.0, 0.5, "log"),
    Slider("warmup", Text("Warmup", "Warmup"), 0, 60, 0, "whole",
           unit=units.STEPS),
    Slider("every", Text("Record every", "Catat setiap"), 1, 50, 50, "whole",
           unit=units.STEPS),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


STRIDES = (1, 2)


def run(learning_rate: Any, warmup: Any, every: Any, seed: Any, part: Any) -> Tables:
    rule = momentum(linear_warmup(learning_rate, warmup))

    def train(stride: int) -> Any:
        net = resnet(blocks=2, channels=4, stride=stride)
        trace = simulate(net, rule, steps=STEPS, batch_size=64, seed=seed, evaluate_at=())
        return trace.loss, trace.learning_rate

    loss, rate = jax.lax.switch(part, [partial(train, stride) for stride in STRIDES])
    first = part == 0
    step = jnp.where(first, jnp.arange(STEPS), 0)
    recorded = (jnp.arange(STEPS) + 1) % every == 0
    # Added up over the nets, each of which has a column.
    losses = {
        f"stride_{stride}": jnp.where(part == place, loss, 0.0)
        for place, stride in enumerate(STRIDES)
    }
    seen = {name: jnp.where(recorded, x, jnp.nan) for name, x in losses.items()}
    return {
        "run": {"step": step, **losses, "learning_rate": jnp.where(first, rate, 0.0)},
        "seen": {"step": step, **seen},
    }


NETS = {
    "stride_2": Text("Original net, stride 2", "Jaringan asal, langkah geser 2"),
    "stride_1": Text("Changed net, stride 1", "Jaringan ubahan, langkah geser 1"),
}
EVERY_STEP = Text("loss, every step", "loss, setiap langkah")
RECORDED = Text("loss, as recorded", "loss, seperti dicatat")


LAB = Lab(
    "strides",
    Text("One block's strides", "Langkah geser satu blok"),
    CONTROLS,
    run,
    (
        charts.over_steps("seen", NETS, RECORDED, (0.01, 100), STEPS, Text(
            "The loss of both nets at the recorded steps only.",
            "Loss kedua jaringan hanya pada langkah yang dicatat."), height=160, points=True),
        charts.over_steps("run", NETS, EVERY_STEP, (0.01, 100), STEPS, Text(
            "The loss of both nets at every step: at the default rate the changed net's loss "
            "leaps to many times its start within twenty steps, and comes back.",
            "Loss kedua jaringan pada setiap langkah: pada laju bawaan, loss jaringan ubahan "
            "melonjak hingga berkali-kali nilai awalnya dalam dua puluh langkah, lalu pulih."),
            height=220),
        charts.schedule(STEPS),
    ),
    (Curve("run", "stride_1", NETS["stride_1"]), Curve("run", "stride_2", NETS["stride_2"])),
    """import stabsim as ss

rule = ss.momentum(ss.schedules.linear_warmup({learning_rate}, {warmup}))
for stride in (1, 2):
    net = ss.workloads.resnet(blocks=2, channels=4, stride=stride)
    trace = ss.simulate(net, rule, steps=100, batch_size=64, seed={seed})
    print(f"stride {stride}:", ss.diagnose(trace.loss))
""",
    (Goal(
        Text(
            "Mend the changed net without lowering the rate of 0.5: no instability, final loss "
            "below 0.3.",
            "Perbaiki jaringan ubahan tanpa menurunkan laju 0,5: tanpa ketidakstabilan, loss "
            "akhir di bawah 0,3.",
        ),
        (("learning_rate", ">", 0.499), ("verdict", "==", "stable"), ("final_loss", "<", 0.3)),
    ),),
    parts=len(STRIDES),
)  # fmt: skip
