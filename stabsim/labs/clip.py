"""Rare outlier minibatches and a clipping threshold: norms, their histogram, and the loss."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from stabsim._words import Text
from stabsim.clipping import clip_by_global_norm, sorted_percentile
from stabsim.labs.frame import charts, digits
from stabsim.labs.frame.drawing import arc, piece, together
from stabsim.labs.frame.lab import Curve, Fact, Goal, Lab, Panel, Slider, Tables
from stabsim.optimizers import momentum
from stabsim.simulation import simulate
from stabsim.trace import Trace
from stabsim.workloads import Workload, mlp, with_outliers

STEPS, GAMMA = 300, 0.9
PERCENTILE = 90.0
EDGES = tuple(10 ** (k / 8) for k in range(-24, 29))
"""The histogram's, eight bars to a factor of ten."""

CONTROLS = (
    Slider("threshold", Text("Clipping threshold", "Ambang pemotongan"), 0.01, 1000, 1000, "log"),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 0.005, 0.5, 0.05, "log"),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip

CLIPPED = Fact(
    "facts",
    "clipped",
    Text("{value}% of the updates were clipped.", "{value}% pembaruan dipotong."),
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


LOW, DECADES = 1e-3, 6
"""The norm at the middle of the arrow's picture, and how many factors of ten it goes out."""


def turned(
    update_norm: Float[Array, " steps"], norm: Float[Array, " steps"], eta: Any, gamma: float
) -> Float[Array, " steps"]:
    r"""The cosine of the angle between each gradient and the velocity that it meets.

    By the law of cosines, since :math:`v_{t+1} = \gamma v_t + g_t` and the update is
    :math:`-\eta v_{t+1}`:

    .. math::
        \cos\varphi_t = \frac{|v_{t+1}|^2 - \gamma^2 |v_t|^2 - |g_t|^2}{2 \gamma\, |v_t|\, |g_t|}

    At step 0 there is no velocity yet, and the gradient is all of the next: 1.

    Args:
        update_norm: :math:`\eta |v_{t+1}|`.
        norm: :math:`|g_t|`, after clipping.
        eta: the learning rate :math:`\eta`.
        gamma: :math:`\gamma`.
    """
    after = update_norm / eta
    before = gamma * jnp.concatenate([jnp.zeros(1), after[:-1]])
    cosine = (after**2 - before**2 - norm**2) / (2 * before * norm)
    return jnp.clip(cosine.at[0].set(1.0), -1.0, 1.0)


def outward(norm: Any) -> Any:
    """How far from the middle of the picture a norm lies: 0 at ``LOW``, 1 at its rim."""
    return jnp.maximum(jnp.log10(norm / LOW) / DECADES, 0.0)


def arrow(trace: Trace, threshold: Any, eta: Any, gamma: float) -> dict[str, Array]:
    """Each gradient as an arrow in the plane of itself and the last update: a picture's table.

    The length is logarithmic, the direction is not. To the right lies the velocity.
    """
    norm = trace.gradient_norm
    after = jnp.minimum(norm, threshold)
    cosine = turned(trace.update_norm, after, eta, gamma)
    way = jnp.stack([cosine, jnp.sqrt(1 - cosine**2)], -1)
    side = jnp.stack([-way[:, 1], way[:, 0]], -1)
    tip = outward(norm)[:, None] * way
    back = tip - 0.05 * way
    steps = jnp.arange(STEPS, dtype=jnp.float32)
    now: dict[str, Any] = {"since": steps, "until": steps.at[-1].set(jnp.inf)}
    share = 100 * jnp.cumsum(trace.clipped, dtype=jnp.float32) / (steps + 1)
    rings = np.arange(1, DECADES + 1, dtype=np.float32)
    on_axis = np.stack([rings / DECADES, 0 * rings], -1)
    return together(
        *(piece(charts.RING, *arc(ring / DECADES)) for ring in rings),
        piece(charts.CIRCLE, *arc(outward(threshold))),
        piece(charts.DOT, tip, value=trace.clipped, since=steps),
        piece(charts.ARROW, 0 * tip, tip, **now),
        piece(charts.ARROW, tip, back + 0.02 * side, **now),
        piece(charts.ARROW, tip, back - 0.02 * side, **now),
        piece(charts.LEFT, 0 * tip, outward(after)[:, None] * way, **now),
        piece(charts.SHARE, 0 * tip, value=share, step=steps, **now),
        piece(charts.LABEL, on_axis[::2], value=LOW * 10 ** rings[::2]),
        piece(charts.CENTRE, np.zeros((1, 2))),
    )


def run(threshold: Any, learning_rate: Any, seed: Any) -> Tables:
    net = corrupted()
    trace = simulate(
        net,
        momentum(learning_rate, GAMMA),
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
            "share": 100
            * jnp.cumsum(trace.clipped, dtype=jnp.float32)
            / jnp.arange(1.0, STEPS + 1),
        },
        "arrow": arrow(trace, threshold, learning_rate, GAMMA),
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


ARROW_WORDS = {
    "back": Text("← against", "← berlawanan"),
    "along": Text("with the last update →", "searah pembaruan terakhir →"),
    "share": Text("% clipped so far", "% dipotong sejauh ini"),
}


def _norms() -> Panel:
    """The norms at every step; the cursor says beside them how many were clipped by then."""
    panel = charts.over_steps("run", {"gradient_norm": UNCLIPPED}, UNCLIPPED, (1e-3, 1e3), STEPS,
        Text("The gradient norm before clipping at every step, and the threshold as a dashed line.",
             "Norma gradien sebelum pemotongan pada setiap langkah, dan ambangnya sebagai garis "
             "putus-putus."), height=160, level="threshold")  # fmt: skip
    share = Text("clipped so far, in %", "dipotong sejauh ini, dalam %")
    return panel._replace(columns=(*panel.columns, ("share", share)))


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
        _norms(),
        Panel("arrow", lambda language: charts.clipped_arrow(language, ARROW_WORDS), Text(
            "The gradient at the cursor as an arrow, its length logarithmic, in the plane of "
            "itself and the last update, and the circle of the threshold: what of the arrow lies "
            "within it is left by clipping. The dots are the gradients up to there, orange if "
            "clipped.",
            "Gradien pada langkah yang ditunjuk kursor, berupa panah dengan panjang logaritmik "
            "pada bidang yang direntang gradien itu dan pembaruan terakhir, beserta lingkaran "
            "ambang: bagian panah di dalam lingkaran itulah yang tersisa setelah dipotong. "
            "Titik-titik adalah gradien sampai langkah itu, jingga jika dipotong.")),
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
print(f"{100 * float(trace.clipped.mean()):.3g}% of the updates were clipped")
print(ss.playbook.advise_clipping(trace.gradient_norm))
plots.gradient_norms(trace, threshold={threshold})
""",
    (Goal(
        Text(
            "Without lowering the rate, make the run stable with a final loss below 0.1, and clip "
            "fewer than 15% of the updates.",
            "Tanpa menurunkan laju, buat run stabil dengan loss akhir di bawah 0,1, dengan "
            "kurang dari 15% pembaruan dipotong.",
        ),
        (("verdict", "==", "stable"), ("final_loss", "<", 0.1), ("clipped", "<", 15),
         ("learning_rate", ">", 0.0499)),
    ),),
    facts=(CLIPPED,),
    opens=62,  # the first corrupted minibatch with the seed that the chapter shows
)  # fmt: skip
