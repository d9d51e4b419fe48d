"""Rare outlier minibatches and a clipping threshold: norms, their histogram, and the loss."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from stabsim._words import Text
from stabsim.clipping import clip_by_global_norm, sorted_percentile
from stabsim.labs.frame import charts, digits
from stabsim.labs.frame.lab import Curve, Fact, Goal, Lab, Panel, Slider, Tables
from stabsim.optimizers import momentum
from stabsim.simulation import simulate
from stabsim.workloads import Workload, mlp, with_outliers

STEPS = 300
PERCENTILE = 90.0
EDGES = tuple(10 ** (k / 8) for k in range(-24, 29))
"""The histogram's, eight bars to a factor of ten."""

CONTROLS = (
    Slider("threshold", Text("Clipping threshold", "Ambang pemotongan"), 0.01, 1000, 1000, "log"),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 0.005, 0.5, 0.05, "log"),
    Slider("seed", Text("Seed", "Benih acak"), 0, 9, 0, "whole"),
)  # fmt: skip

CLIPPED = Fact(
    "facts",
    "clipped",
    Text("{value} per cent of the updates were clipped.", "{value} persen pembaruan dipotong."),
)


def clipped_share(clipped: Bool[Array, " steps"]) -> dict[str, Array]:
    """The table of :data:`CLIPPED`, in per cent."""
    return {"clipped": 100 * jnp.mean(clipped, dtype=jnp.float32)[None]}


def corrupted() -> Workload:
    """A small perceptron, one minibatch in a hundred of which has its inputs 30 times too large."""
    return with_outliers(mlp(width=32), 0.01, 30.0)


def histogram(norms: Float[Array, " steps"]) -> tuple[Int[Array, " bars"], Float[Array, ""]]:
    """How many norms lie between neighbours of ``EDGES``, and the 90th percentile of all.

    Norms that are not finite are left out.
    """
    finite = jnp.isfinite(norms)
    edges = jnp.asarray(EDGES, norms.dtype)[:, None]
    below = jnp.sum(finite & (norms < edges), -1)
    ranked = jnp.where(finite, norms, jnp.inf)
    return jnp.diff(below), sorted_percentile(ranked, finite.sum(), PERCENTILE)


def run(threshold: Any, learning_rate: Any, seed: Any) -> Tables:
    net = corrupted()
    trace = simulate(
        net,
        momentum(learning_rate),
        steps=STEPS,
        batch_size=32,
        seed=seed,
        clipping=clip_by_global_norm(threshold),
        evaluate_at=(),
        observe=digits.observe(net),
    )
    count, percentile = histogram(trace.gradient_norm)
    edges = jnp.asarray(EDGES, jnp.float32)
    return {
        "run": {
            "step": jnp.arange(STEPS),
            "loss": trace.loss,
            "gradient_norm": trace.gradient_norm,
            "threshold": jnp.full(STEPS, threshold),
        },
        "facts": clipped_share(trace.clipped),
        "batch": digits.table(trace.observed),
        "histogram": {
            "low": edges[:-1],
            "high": edges[1:],
            "count": count,
            "percentile": jnp.full(count.shape, percentile),
            "threshold": jnp.full(count.shape, threshold),
        },
    }


LOSS = Text("loss", "loss")
NORM = Text("gradient norm", "norma gradien")
THRESHOLD = Text("threshold", "ambang")
UNCLIPPED = Text("gradient norm before clipping", "norma gradien sebelum pemotongan")
PERCENTILE_NAME = Text("90th percentile of this run", "persentil ke-90 dari run ini")


def _histogram(language: str) -> Any:
    # In the order of the colours: the threshold is orange here and above.
    named = {"threshold": THRESHOLD, "percentile": PERCENTILE_NAME}
    return charts.histogram(language, named, NORM, (1e-3, 1e3))


LAB = Lab(
    "clip",
    Text("Choose a threshold", "Memilih ambang"),
    CONTROLS,
    run,
    (
        charts.over_steps("run", {"gradient_norm": UNCLIPPED}, UNCLIPPED, (1e-3, 1e3), STEPS, Text(
            "The gradient norm before clipping at every step, and the threshold as a dashed line.",
            "Norma gradien sebelum pemotongan pada setiap langkah, dan ambangnya sebagai garis "
            "putus-putus."), height=160, level="threshold"),
        Panel("histogram", _histogram, Text(
            "A histogram of these norms over all steps, with lines at the threshold and at the "
            "90th percentile: most norms lie close together, a few far to the right.",
            "Histogram norma itu pada semua langkah, dengan garis pada ambang dan pada persentil "
            "ke-90: kebanyakan norma berdekatan, beberapa jauh di kanan.")),
        charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-3, 1e3), STEPS, Text(
            "The training loss at every step.",
            "Loss pelatihan pada setiap langkah."), height=150),
        digits.minibatch(),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss
from stabsim import plots

net = ss.workloads.with_outliers(ss.workloads.mlp(width=32), 0.01, 30.0)
trace = ss.simulate(
    net, ss.momentum({learning_rate}), steps=300, batch_size=32, seed={seed},
    clipping=ss.clipping.clip_by_global_norm({threshold}),
)
print(ss.diagnose(trace.loss))
print(f"{100 * float(trace.clipped.mean()):.3g} per cent of the updates were clipped")
print(ss.playbook.advise_clipping(trace.gradient_norm))
plots.gradient_norms(trace, threshold={threshold})
""",
    Goal(
        Text(
            "Without lowering the rate, make the run stable with a final loss below 0.1, and clip "
            "fewer than 15 per cent of the updates.",
            "Tanpa menurunkan laju, buatlah run stabil dengan loss akhir di bawah 0,1, dengan "
            "kurang dari 15 persen pembaruan dipotong.",
        ),
        (("verdict", "==", "stable"), ("final_loss", "<", 0.1), ("clipped", "<", 15),
         ("learning_rate", ">", 0.0499)),
    ),
    facts=(CLIPPED,),
)  # fmt: skip
