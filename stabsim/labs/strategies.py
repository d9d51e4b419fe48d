"""Clipping strategies and warmup, on a net with a steep start and rare outliers."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from stabsim._pytree import pytree
from stabsim._transformation import Scalar, Tree
from stabsim._words import Text
from stabsim.clipping import (
    Clipping,
    ClippingState,
    adaptive_clip,
    autoclip,
    clip_by_global_norm,
    zclip,
)
from stabsim.labs.clip import CLIPPED, clipped_share
from stabsim.labs.frame import charts, units
from stabsim.labs.frame.lab import Choice, Curve, Goal, Idle, Lab, Option, Slider, Tables
from stabsim.optimizers import sgd
from stabsim.schedules import linear_warmup
from stabsim.simulation import simulate
from stabsim.workloads import steep_net, with_outliers

STEPS = 200
OFF = 1e30


class AnyState(NamedTuple):
    """The last step's norm, whether it was clipped, and what every strategy remembers."""

    norm: Float[Array, ""]
    clipped: Bool[Array, ""]
    each: tuple[ClippingState, ...]


@pytree
class AnyClipping(Clipping):
    """The clipping at position ``which`` of ``each``: a program for all."""

    which: Int[Array, ""]
    each: tuple[Clipping, ...]

    def init(self, params: Tree) -> AnyState:
        states = tuple(one.init(params) for one in self.each)
        return AnyState(states[0].norm, states[0].clipped, states)

    def update(
        self, grads: Tree, state: AnyState, params: Tree | None = None
    ) -> tuple[Tree, AnyState]:
        def branch(place: int) -> Callable[..., Any]:
            def step(grads: Tree, state: AnyState) -> tuple[Tree, AnyState]:
                clipped, new = self.each[place].update(grads, state.each[place], params)
                each = (*state.each[:place], new, *state.each[place + 1 :])
                return clipped, AnyState(new.norm, new.clipped, each)

            return step

        branches = [branch(place) for place in range(len(self.each))]
        return jax.lax.switch(self.which, branches, grads, state)


class Strategy(NamedTuple):
    """What it is called, where its kind lies in ``AnyClipping.each``, and what it reads.

    ``threshold`` is None where the lab's slider gives it.
    """

    label: Text
    kind: int
    code: str
    threshold: float | None = OFF
    percentile: float = 90.0


STRATEGIES = {
    "off": Strategy(Text("none", "tanpa pemotongan"), 0, "no_clipping()"),
    "fixed": Strategy(Text("fixed threshold", "ambang tetap"), 0,
                      "clip_by_global_norm({threshold})", threshold=None),
    "auto90": Strategy(Text("90th percentile so far (AutoClip)",
                            "persentil ke-90 sejauh ini (AutoClip)"), 1,
                       "autoclip(90.0)", percentile=90.0),
    "auto10": Strategy(Text("10th percentile (AutoClip, published)",
                            "persentil ke-10 (AutoClip asli)"), 1,
                       "autoclip(10.0)", percentile=10.0),
    "zclip": Strategy(Text("ZClip as published", "ZClip seperti aslinya"), 2, "zclip()"),
    "unitwise": Strategy(Text("unit by unit, at 0.1 of the weights",
                              "per unit, pada 0,1 kali bobotnya"), 3, "adaptive_clip(0.1)"),
}  # fmt: skip


def strategy(which: Any, threshold: Scalar) -> AnyClipping:
    """The strategy at a position of ``STRATEGIES``, or of a name."""
    place = list(STRATEGIES).index(which) if isinstance(which, str) else which
    known = STRATEGIES.values()
    kind = jnp.asarray([one.kind for one in known])[place]
    percentile = jnp.asarray([one.percentile for one in known], jnp.float32)[place]
    limits = [threshold if one.threshold is None else one.threshold for one in known]
    limit = jnp.stack([jnp.asarray(x, jnp.float32) for x in limits])[place]
    each = (
        clip_by_global_norm(limit),
        autoclip(percentile, history=STEPS),
        zclip(),
        adaptive_clip(0.1),
    )
    return AnyClipping(kind, each)


CONTROLS = (
    Choice("which", Text("Clipping", "Pemotongan"),
           tuple(Option(name, one.label, one.code) for name, one in STRATEGIES.items())),
    Slider("threshold", Text("Fixed threshold", "Ambang tetap"), 0.1, 1000, 30, "log",
           positions=80, idle=Idle("which", tuple(name for name in STRATEGIES if name != "fixed"),
                                   Text("The threshold is not fixed.", "Ambangnya tidak tetap."))),
    Slider("warmup", Text("Warmup", "Warmup"), 0, 60, 0, "whole", unit=units.STEPS),
    Slider("outliers", Text("Inputs of a corrupted minibatch", "Masukan minibatch rusak"),
           1, 30, 30, "log", unit=units.TIMES),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"),
           0.001, 0.2, 0.0156, "log"),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def run(
    which: Any, threshold: Any, warmup: Any, outliers: Any, learning_rate: Any, seed: Any
) -> Tables:
    trace = simulate(
        with_outliers(steep_net(), 0.02, outliers),
        sgd(linear_warmup(learning_rate, warmup)),
        steps=STEPS,
        batch_size=32,
        seed=seed,
        clipping=strategy(which, threshold),
        evaluate_at=(),
    )
    return {
        "run": {
            "step": jnp.arange(STEPS),
            "loss": trace.loss,
            "gradient_norm": trace.gradient_norm,
            "learning_rate": trace.learning_rate,
            # SGD goes the clipped gradient's length times the rate, which is 0 at step 0 of a ramp.
            "clipped_norm": trace.update_norm / trace.learning_rate,
        },
        "facts": clipped_share(trace.clipped),
    }


LOSS = Text("loss", "loss")
NORM = Text("gradient norm", "norma gradien")
NORMS = {
    "gradient_norm": Text("before clipping", "sebelum pemotongan"),
    "clipped_norm": Text("after clipping", "sesudah pemotongan"),
}


LAB = Lab(
    "strategies",
    Text("Clipping strategies and warmup", "Strategi pemotongan dan warmup"),
    CONTROLS,
    run,
    (
        charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-3, 1e4), STEPS, Text(
            "The training loss at every step.",
            "Loss pelatihan pada setiap langkah."), height=160),
        charts.over_steps("run", NORMS, NORM, (1e-3, 1e5), STEPS, Text(
            "The gradient norm at every step before clipping and, dashed, after it.",
            "Norma gradien pada setiap langkah sebelum pemotongan dan, sebagai garis "
            "putus-putus, sesudahnya."), height=180, level="threshold"),
        charts.schedule(STEPS),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss
from stabsim.clipping import *

net = ss.workloads.with_outliers(ss.workloads.steep_net(), 0.02, {outliers})
rate = ss.schedules.linear_warmup({learning_rate}, {warmup})
trace = ss.simulate(
    net, ss.sgd(rate), steps=200, batch_size=32, seed={seed}, clipping={which}
)
print(ss.diagnose(trace.loss))
print(f"{100 * float(trace.clipped.mean()):.3g}% of the updates were clipped")
""",
    (Goal(
        Text(
            "With corrupted minibatches 30 times as large and without lowering the rate, get a "
            "stable run with a final loss below 0.5, and clip fewer than 10% of the "
            "updates.",
            "Dengan minibatch rusak yang 30 kali lebih besar dan tanpa menurunkan laju, hasilkan "
            "run "
            "yang stabil dengan loss akhir di bawah 0,5, dengan kurang dari 10% pembaruan "
            "dipotong.",
        ),
        (("outliers", ">", 29.9), ("learning_rate", ">", 0.0155), ("verdict", "==", "stable"),
         ("final_loss", "<", 0.5), ("clipped", "<", 10)),
    ),),
    facts=(CLIPPED,),
)  # fmt: skip
