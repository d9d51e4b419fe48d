"""The loss of a network around its own path: a plane through where it went."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float

from stabsim._words import Text
from stabsim.curvature import sharpest_direction
from stabsim.labs.frame import charts, landscape
from stabsim.labs.frame.any_rule import RULE_NAMES, AnyRule
from stabsim.labs.frame.any_rule import RULES as KNOWN
from stabsim.labs.frame.lab import Choice, Curve, Fact, Goal, Lab, Option, Panel, Slider, Tables
from stabsim.simulation import simulate
from stabsim.workloads import mlp

STEPS, ROUNDS = 60, 40
"""Updates of a run, and rounds that find directions."""

FAR = 12.0
"""How far from its start, as a distance in weights, the path is drawn; they begin with about 6."""

RULES = ("sgd", "momentum")
CODE = {"sgd": "ss.sgd({learning_rate})", "momentum": "ss.momentum({learning_rate})"}

CONTROLS = (
    Choice("plane", Text("Plane", "Bidang"), (
        Option("sharp", Text("sharpest direction", "paling melengkung"), "sharp"),
        Option("principal", Text("principal directions", "arah utama"), "principal"))),
    Choice("rule", Text("Optimizer", "Optimizer"),
           tuple(Option(r, Text(RULE_NAMES[r], RULE_NAMES[r]), CODE[r]) for r in RULES)),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 0.01, 0.5, 0.075, "log"),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


class Seen(NamedTuple):
    """A path about its mean: ``centred`` is 0 where the path is not drawn."""

    mean: Float[Array, " n"]
    centred: Float[Array, "points n"]


def about(path: Float[Array, "points n"], drawn: Bool[Array, " points"]) -> Seen:
    """A path about the mean of the points that are drawn."""
    known = jnp.where(drawn[:, None], path, 0.0)
    mean = jnp.sum(known, 0) / jnp.sum(drawn, dtype=jnp.float32)
    return Seen(mean, jnp.where(drawn[:, None], known - mean, 0.0))


def unit(v: Array) -> Array:
    return v / jnp.maximum(jnp.sqrt(v @ v), 1e-30)


def upright(first: Array, second: Array) -> Float[Array, "2 n"]:
    """Two unit vectors at right angles: the second's direction is kept, the first's part along it
    is taken away."""
    second = unit(second)
    return jnp.stack([unit(first - (second @ first) * second), second])


def principal(seen: Seen) -> Float[Array, "2 n"]:
    r"""The first two principal directions of a path: no plane holds more of its variance.

    They are those of :math:`C^T u`, where u are the first two eigenvectors of :math:`C C^T`
    and C the path about its mean, found by orthogonal iteration.

    References:
        Li, Xu, Taylor, Studer and Goldstein, Visualizing the Loss Landscape of Neural Nets (2018),
        section 7; Golub and Van Loan, Matrix Computations, 4th edition (2013), section 8.2.
    """
    gram = seen.centred @ seen.centred.T

    def turn(_: Any, found: tuple[Array, Array]) -> tuple[Array, Array]:
        second, first = upright(gram @ found[1], gram @ found[0])
        return first, second

    anything = np.random.default_rng(0).normal(size=(2, len(gram))).astype(np.float32)
    first, second = jax.lax.fori_loop(0, ROUNDS, turn, (anything[0], anything[1]))
    return upright(seen.centred.T @ second, seen.centred.T @ first)[::-1]


def held(seen: Seen, directions: Float[Array, "2 n"]) -> Float[Array, ""]:
    """The share of a path's variance that lies in a plane."""
    inside = jnp.sum((seen.centred @ directions.T) ** 2)
    return inside / jnp.maximum(jnp.sum(seen.centred**2), 1e-30)


def run(plane: Any, rule: Any, learning_rate: Any, seed: Any) -> Tables:
    net = mlp(depth=2, width=16, activation="tanh", objective="squared_error", rows=64)
    order = jnp.asarray([KNOWN.index(name) for name in RULES])[rule]
    trace = simulate(net, AnyRule(order, learning_rate, 0.9, 0.999), steps=STEPS, seed=seed,
                     evaluate_at=(), record_parameters=True)  # fmt: skip
    _, unravel = ravel_pytree(net.init(jax.random.key(0)))
    path = trace.parameters
    away = jnp.sqrt(jnp.sum((path - path[:1]) ** 2, -1))
    drawn = jax.lax.cummax(jnp.where(jnp.isfinite(away), away, jnp.inf)) < FAR
    seen = about(path, drawn)

    def loss(theta: Array) -> Array:
        return net.loss(unravel(theta))

    anything = jnp.asarray(np.random.default_rng(0).normal(size=path.shape[1]), jnp.float32)
    sharpest, _ = sharpest_direction(loss, path[0], anything, ROUNDS)
    end = path[jnp.sum(drawn) - 1]
    choices = jnp.stack([upright(end - path[0], sharpest), principal(seen)])
    directions = choices[plane]
    # The signs of directions mean nothing: the path begins at the lower left.
    begin = directions @ seen.centred[0]
    directions = directions * jnp.where(begin > 0, -1.0, 1.0)[:, None]
    flat = jnp.where(drawn[:, None], seen.centred @ directions.T, jnp.nan)
    low, high = jnp.nanmin(flat, 0), jnp.nanmax(flat, 0)
    room = 0.2 * (high - low) + 1e-3
    box = jnp.stack([low - room, high + room], -1).ravel()
    return {
        "plane": landscape.rows(flat, lambda p: loss(seen.mean + p @ directions), box),
        "run": {"step": jnp.arange(STEPS), "loss": trace.loss},
        "held": {"share": 100 * held(seen, directions)[None]},
    }


LOSS = Text("loss", "loss")
AXES = (
    Text("first direction of the plane", "arah pertama bidang"),
    Text("second direction", "arah kedua"),
)


LAB = Lab(
    "plane",
    Text("A network's loss around its own path", "Loss jaringan di sekitar lintasannya sendiri"),
    CONTROLS,
    run,
    (
        Panel("plane", lambda language: charts.landscape(language, AXES), Text(
            "Contour lines of the network's loss in a plane through its path, and the path, up to "
            "the cursor.",
            "Garis kontur loss jaringan pada bidang yang melalui lintasannya, dan lintasan itu "
            "sampai ke kursor."), over="step", columns=(("x", AXES[0]), ("y", AXES[1]))),
        charts.over_steps("run", {"loss": LOSS}, LOSS, (0.01, 1e2), STEPS, Text(
            "The training loss at every step.", "Loss pelatihan pada setiap langkah."), height=140),
    ),
    (Curve("run", "loss"),),
    """import numpy as np
import stabsim as ss

net = ss.workloads.mlp(
    depth=2, width=16, activation="tanh", objective="squared_error", rows=64
)
trace = ss.simulate(net, {rule}, steps=60, seed={seed}, record_parameters=True)
path = np.asarray(trace.parameters)
sizes = np.linalg.svd(path - path.mean(0), compute_uv=False)
print("Share of the path's variance in two directions:", (sizes[:2]**2).sum() / (sizes**2).sum())
print(ss.diagnose(trace.loss))
""",
    (Goal(
        Text(
            "Find a run that ends with a loss below 0.2, although no plane holds as much as 80% "
            "of its path.",
            "Cari run yang berakhir dengan loss di bawah 0,2, padahal tidak ada bidang yang "
            "memuat sampai 80% lintasannya.",
        ),
        (("plane", "==", "principal"), ("share", "<", 80), ("final_loss", "<", 0.2)),
    ),),
    facts=(
        Fact("held", "share", Text(
            "The plane holds {value}% of the path's variance.",
            "Bidang itu memuat {value}% ragam lintasan.")),
    ),
)  # fmt: skip
