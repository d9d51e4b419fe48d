"""Adam's late spikes: a small net, full batch, whose preconditioned sharpness rises to its edge."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from stabsim._transformation import Tree
from stabsim._words import Text
from stabsim.clipping import clip_updates
from stabsim.curvature import spectrum
from stabsim.labs.frame import charts
from stabsim.labs.frame.lab import Choice, Curve, Fact, Goal, Lab, Option, Slider, Tables
from stabsim.optimizers import adam
from stabsim.simulation import Moment, simulate
from stabsim.workloads import Workload, mlp

STEPS = 500
EVERY, ITERATIONS = 10, 5
"""Steps from one measurement of the sharpness to the next, and Lanczos's iterations in each."""

BETA2 = (0.99, 0.999, 0.95, 0.9)

CONTROLS = (
    Choice("beta2", Text("β₂", "β₂"),
           tuple(Option(f"{b}", Text(f"{b}", f"{b}".replace(".", ",")), f"{b}") for b in BETA2)),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 1e-3, 0.03, 0.01, "log"),
    Slider("eps", Text("ε", "ε"), 1e-8, 1e-1, 1e-8, "log"),
    Slider("most", Text("Update clipping: RMS at most", "Pemotongan pembaruan: RMS paling besar"),
           0.1, 10, 10, "log"),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def network() -> Workload:
    """A tanh perceptron on 64 digits, with a squared error, whose curvature outlives the loss."""
    return mlp(depth=3, width=24, activation="tanh", objective="squared_error", rows=64)


def update_rms(gradient: Tree, preconditioner: Tree) -> Float[Array, ""]:
    r"""The root mean square of :math:`g/\sqrt v`, over all parameters: about 1 where v is right.

    References:
        Wortsman et al., Stable and Low-Precision Training for Large-Scale Vision-Language Models
        (2023), section 3, which takes it array by array.
    """
    pairs = zip(jax.tree.leaves(gradient), jax.tree.leaves(preconditioner), strict=True)
    squares, sizes = zip(*((jnp.sum((g / p) ** 2), g.size) for g, p in pairs), strict=True)
    return jnp.sqrt(sum(squares) / sum(sizes))


def run(beta2: Any, learning_rate: Any, eps: Any, most: Any, seed: Any) -> Tables:
    net = network()
    rule = adam(learning_rate, beta2=jnp.asarray(BETA2, jnp.float32)[beta2], eps=eps)

    def look(now: Moment) -> tuple[Array, Array]:
        share = jax.lax.cond(
            now.step % EVERY == 0,
            lambda: spectrum(net.loss, now.params, 1, now.preconditioner, ITERATIONS)[0],
            lambda: jnp.nan,
        )
        return update_rms(now.gradient, now.preconditioner), share / rule.threshold(learning_rate)

    clipped = clip_updates(rule, most, "gradient")
    trace = simulate(net, clipped, steps=STEPS, seed=seed, evaluate_at=(), observe=look)
    assert trace.observed is not None
    rms, share = trace.observed
    measured = share[::EVERY]
    late = trace.loss[STEPS // 3 :]
    return {
        "run": {"step": jnp.arange(STEPS), "loss": trace.loss, "rms": rms},
        "sharpness": {
            "step": jnp.arange(0, STEPS, EVERY),
            "share": measured,
            "edge": jnp.ones(STEPS // EVERY),
        },
        "now": {
            "top": jnp.max(jnp.where(jnp.isfinite(measured[1:]), measured[1:], 0.0))[None],
            "leap": jnp.max(late / jax.lax.cummin(late))[None],
        },
    }


LOSS = Text("loss", "loss")
SHARE = Text("sharpness / threshold", "ketajaman / ambang")
RMS = Text("RMS of gradient / √v", "RMS gradien / √v")


LAB = Lab(
    "late_spikes",
    Text("Adam's late spikes", "Lonjakan tahap lanjut pada Adam"),
    CONTROLS,
    run,
    (
        charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-5, 1), STEPS, Text(
            "The training loss at every step.",
            "Loss pelatihan pada setiap langkah."), height=180),
        charts.over_steps("sharpness", {"share": SHARE, "edge": Text("threshold", "ambang")},
                          SHARE, (0, 1.5), STEPS, Text(
            "The preconditioned sharpness as a share of Adam's threshold 38/η, every ten steps, "
            "and the threshold as a dashed line at 1.",
            "Ketajaman berprakondisi sebagai kelipatan ambang Adam, 38/η, setiap sepuluh langkah, "
            "dan ambangnya sebagai garis putus-putus di 1."), height=160, log=False),
        charts.over_steps("run", {"rms": RMS}, RMS, (1e-3, 10), STEPS, Text(
            "The root mean square of the gradient divided by the root of v, at every step.",
            "Akar rata-rata kuadrat gradien yang dibagi akar v, pada setiap langkah."),
            height=120),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss

net = ss.workloads.mlp(
    depth=3, width=24, activation="tanh", objective="squared_error", rows=64
)
rule = ss.adam({learning_rate}, beta2={beta2}, eps={eps})
trace = ss.simulate(
    net, ss.clipping.clip_updates(rule, {most}, "gradient"), steps=500,
    seed={seed}, measure_sharpness_at=range(0, 500, 10),
)
print(ss.diagnose(trace.loss))
print((trace.sharpness / trace.threshold).max())
""",
    (Goal(
        Text(
            "Keep the rate and β₂, and keep the sharpness below its threshold for the whole run, "
            "with a final loss below 0.02.",
            "Pertahankan laju dan β₂, lalu jaga ketajaman di bawah ambangnya sepanjang run, dengan "
            "loss akhir di bawah 0,02.",
        ),
        (("beta2", "==", "0.99"), ("learning_rate", ">", 0.0099), ("top", "<", 1),
         ("final_loss", "<", 0.02)),
    ),),
    facts=(
        Fact("now", "top", Text("At most the sharpness is {value}× the threshold.",
                                "Ketajaman paling tinggi {value}× ambangnya.")),
        Fact("now", "leap", Text(
            "After step 166 the loss leaps to at most {value}× its lowest before; a leap that "
            "undoes less than a sixteenth of what was learned counts as stable.",
            "Setelah langkah 166, loss melonjak paling tinggi ke {value}× nilai terendah "
            "sebelumnya; lonjakan yang menghapus kurang dari seperenam belas dari yang sudah "
            "dipelajari dianggap stabil.")),
    ),
)  # fmt: skip
