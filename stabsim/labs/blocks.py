"""Where to normalize: a signal and its gradient by depth, and what training makes of it."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from stabsim._words import Text
from stabsim.labs.frame import charts, layers
from stabsim.labs.frame.lab import Choice, Curve, Goal, Lab, Option, Slider, Tables
from stabsim.optimizers import sgd
from stabsim.simulation import Moment, Observer, simulate
from stabsim.workloads import Workload, any_block, depth_profile
from stabsim.workloads.any_block import DEPTH, ROWS
from stabsim.workloads.residual import BLOCKS

STEPS = 150


LABELS = {
    "f(x)": Text("f(x), plain", "f(x), polos"),
    "Norm(f(x))": Text("Norm(f(x)), no residual", "Norm(f(x)), tanpa residual"),
    "x + f(x)": Text("x + f(x), residual", "x + f(x), residual"),
    "x + f(Norm(x))": Text("x + f(Norm(x)), pre-norm", "x + f(Norm(x)), pra-norm"),
    "x + Norm(f(x))": Text("x + Norm(f(x)), the playbook's", "x + Norm(f(x)), menurut playbook"),
    "Norm(x + f(x))": Text("Norm(x + f(x)), post-norm", "Norm(x + f(x)), pasca-norm"),
    "x + a f(x)": Text("x + a f(x), ReZero", "x + a f(x), ReZero"),
}
NAMES = ("plain", "norm", "residual", "inside", "last", "after", "rezero")
"""The blocks' names as settings, in the order of ``BLOCKS``."""

OPTIONS = tuple(Option(n, LABELS[b], b) for n, b in zip(NAMES, BLOCKS, strict=True))

CONTROLS = (
    Choice("block", Text("Block", "Blok"), OPTIONS),
    Slider("gain", Text("Initial gain", "Penguatan awal"), 0.25, 2, 1, "log"),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 1e-4, 0.5, 0.05, "log"),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def sizes(net: Workload) -> Observer:
    """Records of each block how large its output, its gradient and its update are.

    The output as the root of its mean square, the gradient as a norm, and the update's norm as a
    share of the norm of what it is added to.
    """
    network: Any = net.network

    def norms(params: Any) -> Array:
        leaves = jax.tree.leaves(params["blocks"])
        return jnp.sqrt(sum(jnp.sum(x.reshape(DEPTH, -1) ** 2, 1) for x in leaves))

    def look(now: Moment) -> dict[str, Array]:
        assert now.batch is not None
        still = jnp.zeros((DEPTH, 1, 1))
        states = network.states(now.params, now.batch.inputs, still)
        return {
            "signal": jnp.sqrt(jnp.mean(states**2, (1, 2))),
            "gradient": norms(now.gradient),
            "update": norms(now.update) / norms(now.params),
        }

    return look


def run(block: Any, gain: Any, learning_rate: Any, seed: Any) -> Tables:
    net = any_block(block, gain)
    trace = simulate(net, sgd(learning_rate), steps=STEPS, batch_size=ROWS, seed=seed,
                     evaluate_at=(), observe=sizes(net))  # fmt: skip
    signal, gradient = depth_profile(net, net.init(jax.random.split(jax.random.key(seed), 3)[0]))
    return {
        "depth": {"depth": jnp.arange(1, DEPTH + 1), "signal": signal, "gradient": gradient},
        "run": {"step": jnp.arange(STEPS), "loss": trace.loss},
        "layers": {
            "step": jnp.repeat(jnp.arange(STEPS), DEPTH),
            "block": jnp.tile(jnp.arange(1, DEPTH + 1), STEPS),
            **{name: size.ravel() for name, size in trace.observed.items()},
        },
    }


SIZES = {
    "signal": Text("signal", "sinyal"),
    "gradient": Text("gradient, against the last block's", "gradien / gradien blok terakhir"),
}
SIZE = Text("size at the start", "ukuran di awal")
LOSS = Text("loss", "loss")
MAPS = (
    layers.Map("signal", Text("signal", "sinyal"), -3, 3),
    layers.Map("gradient", Text("gradient norm", "norma gradien"), -3, 3),
    layers.Map("update", Text("update / weights", "pembaruan / bobot"), -5, 1),
)


LAB = Lab(
    "blocks",
    Text("Blocks, depth and gain", "Blok, kedalaman, dan penguatan"),
    CONTROLS,
    run,
    (
        charts.over_steps("depth", SIZES, SIZE, (1e-6, 1e6), DEPTH, Text(
            "At initialization: the size of each block's output, and of the loss's gradient by "
            "it, over the 16 blocks, on a logarithmic axis.",
            "Saat inisialisasi: ukuran keluaran setiap blok, dan ukuran gradien loss terhadapnya, "
            "sepanjang 16 blok, pada sumbu logaritmik."), over=("depth", Text("block", "blok"))),
        charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-3, 1e3), STEPS, Text(
            "The training loss at every step.",
            "Loss pelatihan pada setiap langkah."), height=160),
        layers.maps("layers", MAPS, Text(
            "Three maps of the blocks, the first at the bottom, over the steps: the size of each "
            "block's output, of its gradient, and of its update against its weights. What is no "
            "longer finite is orange.",
            "Tiga peta blok, dengan blok pertama di bawah, menurut langkah: ukuran keluaran "
            "setiap blok, ukuran gradiennya, dan ukuran pembaruannya relatif terhadap bobotnya. "
            "Yang tidak lagi berhingga berwarna jingga.")),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss

net = ss.workloads.residual_mlp(depth=16, width=24, block="{block}", gain={gain})
trace = ss.simulate(net, ss.sgd({learning_rate}), steps=150, batch_size=24, seed={seed})
print(ss.diagnose(trace.loss))
""",
    (Goal(
        Text(
            "Make the plain net learn by its gain alone: a final loss below 2.",
            "Usahakan agar jaringan polos belajar hanya dengan mengatur penguatan awal: loss "
            "akhir di bawah 2.",
        ),
        (("block", "==", "plain"), ("learning_rate", "==", 0.05), ("final_loss", "<", 2.0)),
    ),),
)  # fmt: skip
