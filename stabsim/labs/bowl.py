"""A ball on a plain parabola: what the learning rate times the curvature does to its distance."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stabsim._words import Text
from stabsim.labs.frame import charts
from stabsim.labs.frame.lab import Curve, Fact, Goal, Lab, Panel, Slider, Tables
from stabsim.optimizers import sgd
from stabsim.simulation import simulate
from stabsim.workloads import quadratic

STEPS, POINTS = 20, 41
"""Updates of a run, and points of the parabola."""

CURVATURE = 1.0

CONTROLS = (
    Slider("product", Text("Rate × curvature, ηh (edge: 2)", "Laju × kelengkungan, ηh (batas: 2)"),
           0.03, 3, 1.5, positions=99),
)  # fmt: skip


def run(product: Any) -> Tables:
    trace = simulate(
        quadratic([CURVATURE]), sgd(product / CURVATURE), steps=STEPS, record_parameters=True
    )
    place = trace.parameters[:, 0]
    # As wide as the widest swing so far: the view widens with the swings and stays as they die out.
    farthest = jax.lax.cummax(jnp.abs(place))
    reach = 1.3 * farthest[1:]
    along = reach[:, None] * np.linspace(-1, 1, POINTS, dtype=np.float32)
    x = jnp.concatenate([along, place[:-1, None], place[1:, None]], -1)
    step = np.arange(STEPS, dtype=np.float32)
    rows = POINTS + 2
    return {
        "cut": {
            "kind": np.tile(np.repeat(np.asarray([0, 1], np.int32), [POINTS, 2]), STEPS),
            "x": x.ravel(),
            "y": x.ravel() ** 2 / 2,
            "since": np.repeat(step, rows),
            "until": np.repeat(np.append(step[:-1], np.float32(np.inf)), rows),
        },
        "swing": {"step": jnp.arange(STEPS + 1), "distance": place},
        "run": {"step": jnp.arange(STEPS), "loss": trace.loss},
        "now": {
            "factor": (1 - product)[None],
            "curvature": jnp.full(1, CURVATURE),
            "edge": jnp.full(1, 2 / CURVATURE),
        },
    }


DISTANCE = {"distance": Text("distance x", "jarak x")}
BALL = (Text("parabola", "parabola"),)
ACROSS = Text("distance x from the bottom", "jarak x dari dasar")


LAB = Lab(
    "bowl",
    Text("A ball on a parabola (synthetic)", "Bola pada parabola (sintetis)"),
    CONTROLS,
    run,
    (
        Panel("cut", lambda language: charts.cut(language, BALL, ACROSS), Text(
            "A parabola, the ball at the step of the cursor, and a line to where its step leads.",
            "Sebuah parabola, bola pada langkah yang ditunjuk kursor, dan garis ke tempat "
            "langkahnya mendarat.")),
        charts.over_steps("swing", DISTANCE, DISTANCE["distance"], None, STEPS, Text(
            "The distance from the bottom at every step.",
            "Jarak dari dasar pada setiap langkah."), height=130, points=True, log=False),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss

bowl = ss.workloads.quadratic([1.0])
trace = ss.simulate(bowl, ss.sgd({product}), steps=20, record_parameters=True)
print(ss.diagnose(trace.loss))
print(trace.parameters[:8, 0])
""",
    (Goal(
        Text(
            "Let every step change sides, and the ball come to rest all the same: a factor below "
            "−0.5 and a final loss below 0.001.",
            "Buat setiap langkah berpindah sisi, tetapi bola akhirnya diam: faktor di bawah "
            "−0,5 dan loss akhir di bawah 0,001.",
        ),
        (("factor", "<", -0.5), ("final_loss", "<", 0.001)),
    ),),
    facts=(
        Fact("now", "factor", Text("Every step multiplies the distance by 1 − ηh = {value}.",
                                   "Pada setiap langkah jarak dikalikan dengan 1 − ηh = {value}.")),
        Fact("now", "curvature", Text("The curvature h is {value},",
                                      "Kelengkungan h sebesar {value},")),
        Fact("now", "edge", Text("so that swings grow above a rate of 2/h = {value}.",
                                 "jadi ayunan membesar di atas laju 2/h = {value}.")),
    ),
    opens=0,
)  # fmt: skip
