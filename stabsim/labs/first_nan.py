"""Where the first number that is not finite came from: forward, backward, or in the update."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from stabsim._pytree import pytree, static
from stabsim._transformation import Scalar, Tree, tree_map, zeros_like
from stabsim._words import Text
from stabsim.labs.frame import charts, layers
from stabsim.labs.frame.lab import Choice, Curve, Fact, Goal, Lab, Option, Slider, Tables
from stabsim.optimizers import Optimizer
from stabsim.precision import LossScale, all_finite, next_loss_scale, rounded, through
from stabsim.simulation import Moment, Observer, simulate
from stabsim.workloads import Workload
from stabsim.workloads.digits import CLASSES, digits
from stabsim.workloads.layers import dense, dense_init
from stabsim.workloads.workload import cross_entropy

STEPS, DEPTH, WIDTH, ROWS = 88, 12, 16, 16  # within an epoch, which sees each image once
GAIN, RATE, BETA1, BETA2 = 0.7, 0.01, 0.9, 0.99


class Patient(NamedTuple):
    """How a run is set: its first scale, Adam's epsilon, and what one image is multiplied by."""

    scale: float
    eps: float
    broken: float


PATIENTS = {
    "A": Patient(2.0**6, 1e-4, 5000.0),
    "B": Patient(2.0**16, 1e-4, 1.0),
    "C": Patient(2.0**6, 1e-8, 1.0),
}

CONTROLS = (
    Choice("patient", Text("Patient", "Pasien"),
           tuple(Option(name, Text(name, name), str(tuple(one)))
                 for name, one in PATIENTS.items())),
    Choice("format", Text("Computed in", "Dihitung dalam"), (
        Option("float16", Text("float16", "float16")),
        Option("bfloat16", Text("bfloat16", "bfloat16")),
    ), static=True),
    Choice("mend", Text("Mend", "Perbaikan"), (
        Option("none", Text("none", "tidak ada"), "False, False"),
        Option("skip", Text("skip such steps, halve the scale",
                            "lewati langkah, bagi dua skalanya"), "True, False"),
        Option("wide", Text("Adam in float32", "Adam dalam float32"), "False, True"),
    )),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


@pytree
class Chain:
    """A chain of blocks x + f(x) that rounds every product and every sum to a format."""

    gain: Scalar
    format: str = static()

    def init(self, key: Key[Array, ""]) -> Tree:
        first, last, *rest = jax.random.split(key, DEPTH + 2)
        blocks = [dense_init(k, WIDTH, WIDTH, self.gain) for k in rest]
        return {
            "first": dense_init(first, 64, WIDTH, 1.0),
            "blocks": jax.tree.map(lambda *x: jnp.stack(x), *blocks),
            "last": dense_init(last, WIDTH, CLASSES, 0.1),
        }

    def apply(self, params: Tree, inputs: Array) -> Array:
        return self._passed(params, inputs)[0]

    def states(self, params: Tree, inputs: Array) -> Array:
        """What each block hands on, ``(DEPTH, rows, WIDTH)``."""
        return self._passed(params, inputs)[1]

    def _passed(self, params: Tree, inputs: Array) -> tuple[Array, Array]:
        def half(x: Array) -> Array:
            return through(x, self.format, self.format)

        own = jax.tree.map(half, params)

        def block(x: Array, layer: Tree) -> tuple[Array, Array]:
            x = half(x + jax.nn.relu(half(dense(layer, x))))
            return x, x

        end, states = jax.lax.scan(block, half(dense(own["first"], half(inputs))), own["blocks"])
        return half(dense(own["last"], end)), states


def chain(name: str, broken: Scalar = 1.0) -> Workload:
    """The chain of blocks on digits, computed in a format.

    Args:
        name: one of ``stabsim.precision.FORMATS``.
        broken: what the pixels of one training image are multiplied by.
    """
    train, validation = digits()
    factor = jnp.where(jnp.arange(train.targets.size) == 0, broken, 1.0)
    train = train._replace(inputs=factor[:, None] * train.inputs)
    return Workload(Chain(GAIN, name), train, validation, name="chain", objective=cross_entropy)


class HalfAdamState(NamedTuple):
    step: Array
    m: Tree
    v: Tree
    loss_scale: LossScale


@pytree
class HalfAdam(Optimizer):
    """Adam that rounds all it computes, unless it is ``wide``, under a loss scale.

    ``skips`` is whether a step whose gradient is not finite is left out and the scale halved.
    """

    learning_rate: Scalar
    eps: Scalar
    scale: Scalar
    skips: Any
    wide: Any
    format: str = static()

    def init(self, params: Tree) -> HalfAdamState:
        first = LossScale(jnp.asarray(self.scale, jnp.float32), jnp.int32(0))
        return HalfAdamState(jnp.int32(0), zeros_like(params), zeros_like(params), first)

    def rate(self, state: HalfAdamState) -> Scalar:
        return self.learning_rate

    def loss_scale(self, state: HalfAdamState) -> Scalar:
        return state.loss_scale.scale

    def threshold(self, learning_rate: Scalar) -> Scalar:
        return (2 + 2 * BETA1) / ((1 - BETA1) * learning_rate)

    def update(
        self, grads: Tree, state: HalfAdamState, params: Tree | None = None
    ) -> tuple[Tree, HalfAdamState]:
        def half(x: Array) -> Array:
            return jnp.where(self.wide, x, rounded(x, self.format))

        t = (state.step + 1).astype(jnp.float32)
        eps = half(jnp.asarray(self.eps, jnp.float32))

        def second(g: Array, v: Array) -> Array:
            return half(half(BETA2 * v) + half((1 - BETA2) * half(g**2)))

        def step(m: Array, v: Array) -> Array:
            root = half(jnp.sqrt(half(v / (1 - BETA2**t))))
            return -self.learning_rate * half(half(m / (1 - BETA1**t)) / half(root + eps))

        m = tree_map(lambda g, m: half(BETA1 * m + (1 - BETA1) * g), grads, state.m)
        v = tree_map(second, grads, state.v)
        taken = all_finite(grads) | ~self.skips
        scale = next_loss_scale(state.loss_scale, taken)
        moved = HalfAdamState(state.step + 1, m, v, scale)
        same = state._replace(loss_scale=scale)
        updates = tree_map(lambda m, v: jnp.where(taken, step(m, v), 0.0), m, v)
        return updates, jax.tree.map(lambda new, old: jnp.where(taken, new, old), moved, same)


def largest(net: Workload) -> Observer:
    """Records of each block its largest output, gradient and update."""
    network: Any = net.network

    def entries(tree: Any) -> Array:
        leaves = jax.tree.leaves(tree["blocks"])
        return jnp.max(jnp.abs(jnp.concatenate([x.reshape(DEPTH, -1) for x in leaves], 1)), 1)

    def look(now: Moment) -> dict[str, Array]:
        assert now.batch is not None
        return {
            "signal": jnp.max(jnp.abs(network.states(now.params, now.batch.inputs)), (1, 2)),
            "gradient": entries(now.gradient),
            "update": entries(now.update),
        }

    return look


def run(patient: Any, format: str, mend: Any, seed: Any) -> Tables:
    scale, eps, broken = jnp.asarray(list(PATIENTS.values()), jnp.float32)[patient]
    net = chain(format, broken)
    rule = HalfAdam(RATE, eps, scale, mend == 1, mend == 2, format)
    trace = simulate(
        net, rule, steps=STEPS, batch_size=ROWS, seed=seed, evaluate_at=(), observe=largest(net)
    )
    sizes = trace.observed
    whole = jnp.stack([jnp.isfinite(x).all(-1) for x in sizes.values()])
    return {
        "layers": {
            "step": jnp.repeat(jnp.arange(STEPS), DEPTH),
            "block": jnp.tile(jnp.arange(1, DEPTH + 1), STEPS),
            **{name: size.ravel() for name, size in sizes.items()},
        },
        "run": {"step": jnp.arange(STEPS), "loss": trace.loss},
        "facts": {"lost": jnp.sum(~whole.all(0))[None]},
    }


LOSS = Text("loss", "loss")
MAPS = (
    layers.Map("signal", Text("1. forward: output", "1. maju: keluaran"), -1, 5),
    layers.Map("gradient", Text("2. backward: gradient", "2. mundur: gradien"), -7, 3),
    layers.Map("update", Text("3. update", "3. pembaruan"), -7, 1),
)


LAB = Lab(
    "first_nan",
    Text("The first number that is not finite", "Bilangan pertama yang tidak berhingga"),
    CONTROLS,
    run,
    (
        layers.maps("layers", MAPS, Text(
            "Three maps of the twelve blocks, the first at the bottom, over the steps: the largest "
            "output of each block, its largest gradient with the loss scale divided out, and its "
            "largest update. What is not finite is orange.",
            "Tiga peta kedua belas blok, dengan blok pertama di bawah, menurut langkah: keluaran "
            "terbesar setiap blok, gradien terbesarnya setelah dibagi skala loss, dan pembaruan "
            "terbesarnya. Yang tidak berhingga berwarna jingga.")),
        charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-3, 1e5), STEPS, Text(
            "The training loss at every step.",
            "Loss pelatihan pada setiap langkah."), height=140),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss
from stabsim.labs.first_nan import HalfAdam, chain

scale, eps, broken = {patient}
skips, wide = {mend}
net = chain("{format}", broken)
rule = HalfAdam(0.01, eps, scale, skips, wide, "{format}")
trace = ss.simulate(net, rule, steps=88, batch_size=16, seed={seed})
print(ss.diagnose(trace.loss))
""",
    (Goal(
        Text(
            "Without leaving float16 for the network, bring patient C to a final loss below 1.",
            "Dengan jaringan yang tetap dihitung dalam float16, turunkan loss akhir pasien C "
            "sampai di bawah 1.",
        ),
        (("patient", "==", "C"), ("format", "==", "float16"), ("final_loss", "<", 1.0)),
    ),),
    facts=(
        Fact("facts", "lost", Text(
            "Steps with a number that is not finite: {value}.",
            "Langkah dengan bilangan yang tidak berhingga: {value}.")),
    ),
)  # fmt: skip
