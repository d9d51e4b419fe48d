"""A network's loss cut along its sharpest direction: what one step does there, and the next."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from stabsim._words import Text
from stabsim.curvature import sharpest_direction
from stabsim.labs.frame import charts
from stabsim.labs.frame.lab import Curve, Fact, Goal, Lab, Panel, Slider, Tables
from stabsim.optimizers import sgd
from stabsim.simulation import simulate
from stabsim.workloads import mlp

STEPS, POINTS = 40, 33
"""Updates of a run, and points of the curve through the loss."""

FIRST, NEXT = 40, 8
"""Rounds that find the sharpest direction at the start, and from each step's to the next."""

CONTROLS = (
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 0.01, 0.5, 0.035, "log"),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)


def run(learning_rate: Any, seed: Any) -> Tables:
    net = mlp(depth=2, width=16, activation="tanh", objective="squared_error", rows=64)
    trace = simulate(net, sgd(learning_rate), steps=STEPS, seed=seed, evaluate_at=(),
                     record_parameters=True)  # fmt: skip
    flat, unravel = ravel_pytree(net.init(jax.random.key(0)))

    def loss(theta: Any) -> Any:
        return net.loss(unravel(theta))

    def measure(before: Any, theta: Any) -> Any:
        direction, curvature = sharpest_direction(loss, theta, before, NEXT)
        # An eigenvector has no sign; with that of the step before, the swings can be followed.
        direction = direction * jnp.sign(direction @ before)
        slope = jax.grad(loss)(theta) @ direction
        return direction, (direction, curvature, slope)

    theta = trace.parameters[:-1]
    anything = jnp.asarray(np.random.default_rng(0).normal(size=flat.size), jnp.float32)
    start, _ = sharpest_direction(loss, theta[0], anything, FIRST)
    _, (direction, curvature, slope) = jax.lax.scan(measure, start, theta)
    place = slope / curvature  # from the bottom of the parabola with this slope and curvature
    product = learning_rate * curvature

    landing = place * (1 - product)
    # As wide as the widest swing so far: the view widens with the swings and stays as they die out.
    reach = 1.5 * jax.lax.cummax(jnp.maximum(jnp.abs(place), jnp.abs(landing)))

    def cut(at: Any, u: Any, x: Any, h: Any, here: Any, end: Any, far: Any) -> tuple[Any, ...]:
        along = jnp.concatenate([far * np.linspace(-1, 1, POINTS, dtype=np.float32),
                                 jnp.stack([x, end])])  # fmt: skip
        losses = jax.vmap(lambda s: loss(at + (s - x) * u))(along)
        return along, losses, here - h * x**2 / 2 + h * along**2 / 2

    along, losses, bowl = jax.vmap(cut)(
        theta, direction, place, curvature, trace.loss, landing, reach
    )
    step = np.arange(STEPS, dtype=np.float32)
    rows = POINTS + 2
    kind = np.tile(np.repeat(np.asarray([0, 1], np.int32), [POINTS, 2]), STEPS)
    return {
        "cut": {
            "kind": kind,
            "x": along.ravel(),
            "y": losses.ravel(),
            "parabola": jnp.where(kind == 0, bowl.ravel(), jnp.nan),
            "since": np.repeat(step, rows),
            "until": np.repeat(np.append(step[:-1], np.float32(np.inf)), rows),
        },
        "swing": {"step": jnp.arange(STEPS), "x": place},
        "product": {
            "step": jnp.arange(STEPS),
            "product": product,
            "curvature": curvature,
            "factor": 1 - product,
            "edge": jnp.full(STEPS, 2.0),
        },
        "run": {"step": jnp.arange(STEPS), "loss": trace.loss},
        "start": {"start_product": product[:1]},
    }  # fmt: skip


LOSS = Text("loss", "loss")
SWING = {"x": Text("distance x", "jarak x")}
PRODUCT = {
    "product": Text("rate × curvature, ηh", "laju × kelengkungan, ηh"),
    "edge": Text("edge, 2", "batas, 2"),
}


READ = (
    ("curvature", Text("curvature h", "kelengkungan h")),
    ("factor", Text("factor 1 − ηh", "faktor 1 − ηh")),
)
"""What the cursor also says."""


def _products() -> Panel:
    panel = charts.over_steps("product", PRODUCT, PRODUCT["product"], (0, 6), STEPS, Text(
        "Learning rate times curvature at every step, and the edge at 2. Above it the swings "
        "grow, below it they die out.",
        "Laju pembelajaran kali kelengkungan pada setiap langkah, dan batasnya di 2. Di atasnya "
        "ayunan membesar, di bawahnya ayunan mereda."), height=130, log=False)  # fmt: skip
    return panel._replace(columns=(*panel.columns, *READ))


LAB = Lab(
    "overshoot",
    Text("Across the valley of a real network", "Melintasi lembah jaringan sungguhan"),
    CONTROLS,
    run,
    (
        Panel("cut", charts.cut, Text(
            "The loss along the direction in which it curves most, at the step of the cursor, "
            "as a valley: the network's own loss, the parabola of its curvature, and a line from "
            "where the run stands to where its step leads.",
            "Loss sepanjang arah yang paling melengkung, pada langkah yang ditunjuk kursor, berupa "
            "lembah: loss jaringan itu sendiri, parabola dengan kelengkungan yang sama, dan garis "
            "dari posisi run ke tempat langkahnya mendarat.")),
        charts.over_steps("swing", SWING, SWING["x"], (-0.3, 0.3), STEPS, Text(
            "The distance from the parabola's bottom at every step; it changes sides wherever a "
            "step overshoots.",
            "Jarak dari dasar parabola pada setiap langkah; tandanya berganti setiap kali sebuah "
            "langkah melampaui dasar."), height=130, points=True, log=False),
        _products(),
        charts.over_steps("run", {"loss": LOSS}, LOSS, (0.01, 1e2), STEPS, Text(
            "The training loss at every step.", "Loss pelatihan pada setiap langkah."), height=130),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss

net = ss.workloads.mlp(
    depth=2, width=16, activation="tanh", objective="squared_error", rows=64
)
trace = ss.simulate(
    net, ss.sgd({learning_rate}), steps=40, seed={seed}, measure_sharpness_at=range(40)
)
print(ss.diagnose(trace.loss))
print("Rate times curvature:", {learning_rate} * trace.sharpness[:8])
""",
    (Goal(
        Text(
            "Begin well above the edge, with a rate times curvature of at least 2.5, and let the "
            "run end with a loss below 0.5 all the same.",
            "Mulai jauh di atas batas, dengan laju kali kelengkungan sedikitnya 2,5, tetapi "
            "usahakan agar run itu tetap berakhir dengan loss di bawah 0,5.",
        ),
        (("start_product", ">", 2.5), ("final_loss", "<", 0.5)),
    ),),
    facts=(
        Fact("start", "start_product", Text("At step 0, ηh is {value}.",
                                            "Pada langkah 0, ηh sebesar {value}.")),
    ),
    opens=0,
)  # fmt: skip
