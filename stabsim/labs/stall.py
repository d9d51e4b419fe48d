"""Weights in bfloat16: steps shorter than half a gap, and what is done about them."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from stabsim._words import Text
from stabsim.labs.frame import charts
from stabsim.labs.frame.lab import Choice, Curve, Fact, Goal, Lab, Option, Slider, Tables
from stabsim.optimizers import Optimizer, adam
from stabsim.precision import computed_in, stored_in
from stabsim.simulation import Moment, simulate
from stabsim.workloads import Workload, mlp

STEPS, FORMAT = 250, "bfloat16"

CONTROLS = (
    Choice("weights", Text("Weights", "Bobot"), (
        Option("nearest", Text("bfloat16, rounded to the nearest",
                               "bfloat16, pembulatan terdekat"),
               'net, stored_in(rule, "bfloat16")'),
        Option("stochastic", Text("bfloat16, rounded stochastically",
                                  "bfloat16, pembulatan stokastik"),
               'net, stored_in(rule, "bfloat16", stochastic=True)'),
        Option("master", Text("bfloat16, float32 master weights",
                              "bfloat16, bobot induk float32"),
               'computed_in(net, "bfloat16"), rule'),
    ), static=True),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 1e-5, 1e-2, 1e-4, "log",
           positions=60),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def learner() -> Workload:
    """A small network that reads digits."""
    return mlp(width=32)


def moves(now: Moment) -> dict[str, Array]:
    """The share of the weights that an update moves, and the last layer's weights."""
    moved = [jnp.ravel(u["w"]) != 0 for u in now.update[1:]]
    return {"moved": jnp.mean(jnp.concatenate(moved)), "last": jnp.ravel(now.params[-1]["w"])}


def gap(w: Float[Array, "..."]) -> Float[Array, "..."]:
    """From a weight to its neighbour in bfloat16."""
    bits = jax.lax.bitcast_convert_type(w, jnp.int32) & 0x7F800000
    return jax.lax.bitcast_convert_type(bits, jnp.float32) * 2.0**-7


def run(weights: str, learning_rate: Any, seed: Any) -> Tables:
    net, rule = learner(), adam(learning_rate)

    def train(net: Workload, rule: Optimizer) -> Any:
        return simulate(net, rule, steps=STEPS, batch_size=64, seed=seed, evaluate_at=(),
                        observe=moves)  # fmt: skip

    free = train(net, rule)
    half = {
        "nearest": lambda: train(net, stored_in(rule, FORMAT)),
        "stochastic": lambda: train(net, stored_in(rule, FORMAT, stochastic=True, seed=seed)),
        "master": lambda: train(computed_in(net, FORMAT), rule),
    }[weights]()
    start = free.observed["last"][0]
    usual = (jnp.abs(start) >= 0.125) & (jnp.abs(start) < 0.25)
    far = jnp.argmax(jnp.where(usual, jnp.abs(free.observed["last"][-1] - start), 0.0))

    def way(trace: Any) -> Array:
        last = trace.observed["last"]
        return ((last - start) / gap(start))[:, far]

    return {
        "run": {
            "step": jnp.arange(STEPS),
            "loss": half.loss,
            "loss_2": free.loss,
            "moved": 100 * half.observed["moved"],
            "way": way(half),
            "way_2": way(free),
        },
        "facts": {"still": 100 - 100 * jnp.mean(half.observed["moved"])[None]},
    }


LOSS = Text("loss", "loss")
HALF, FREE = Text("As chosen", "Menurut pilihan"), Text("float32", "float32")
MOVED = Text("weights moved, %", "bobot bergerak, %")
WAY = Text("one weight's way, in gaps", "perpindahan satu bobot, dalam jarak antarbilangan")


LAB = Lab(
    "stall",
    Text("Weights that stand still", "Bobot yang diam"),
    CONTROLS,
    run,
    (
        charts.over_steps("run", {"loss": HALF, "loss_2": FREE}, LOSS, None, STEPS, Text(
            "The training loss of the run with its weights as chosen, and of the same in float32.",
            "Loss pelatihan run dengan bobot menurut pilihan, dan run yang sama dalam float32."),
            height=180),
        charts.over_steps("run", {"moved": MOVED}, MOVED, (0, 100), STEPS, Text(
            "What share of the weights behind the first layer each step moves.",
            "Berapa persen bobot sesudah lapisan pertama yang bergerak pada setiap langkah."),
            height=110, log=False),
        charts.over_steps("run", {"way": HALF, "way_2": FREE}, WAY, (-40, 40), STEPS, Text(
            "How far one weight has come, in gaps between neighbouring numbers of bfloat16: of "
            "the last layer's weights from 0.125 to 0.25, the one that comes furthest in float32.",
            "Seberapa jauh satu bobot berpindah, dalam jarak antara dua bilangan bfloat16 yang "
            "bertetangga. Yang digambar adalah bobot yang paling jauh berpindah dalam float32 di "
            "antara bobot lapisan terakhir yang besarnya 0,125 sampai 0,25."),
            height=150, log=False),
    ),
    (Curve("run", "loss", HALF), Curve("run", "loss_2", FREE)),
    """import stabsim as ss
from stabsim.precision import computed_in, stored_in

net, rule = ss.workloads.mlp(width=32), ss.adam({learning_rate})
for net, rule in ((net, rule), ({weights})):
    trace = ss.simulate(net, rule, steps=250, batch_size=64, seed={seed})
    print(ss.diagnose(trace.loss))
""",
    (Goal(
        Text(
            "At a rate of 0.0001 or less, bring the run that keeps no weights in float32 to a "
            "final loss below 2.",
            "Pada laju 0,0001 atau kurang, turunkan loss akhir run yang tidak menyimpan bobot "
            "dalam float32 sampai di bawah 2.",
        ),
        (("weights", "==", "stochastic"), ("learning_rate", "<", 1.001e-4),
         ("final_loss", "<", 2.0)),
    ),),
    facts=(
        Fact("facts", "still", Text(
            "On average {value}% of the weights stood still in a step.",
            "Rata-rata {value}% bobot diam dalam satu langkah.")),
    ),
)  # fmt: skip
