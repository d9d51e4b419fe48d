"""A loss scale, held or controlled: what underflows and overflows, and which steps are skipped."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from stabsim._words import Text
from stabsim.labs.frame import charts, units
from stabsim.labs.frame.lab import (
    Choice,
    Curve,
    Fact,
    Goal,
    Idle,
    Lab,
    Option,
    Panel,
    Slider,
    Tables,
)
from stabsim.optimizers import momentum
from stabsim.precision import FORMATS, LossScale, computed_in, next_loss_scale, with_loss_scale
from stabsim.simulation import Moment, simulate
from stabsim.workloads import Workload, mlp

STEPS, RATE, ROWS = 150, 0.1, 128
LOWEST, HIGHEST = -20, 30
POWERS = tuple(2.0**k for k in range(LOWEST, HIGHEST + 1))
EDGES = tuple(2.0**k for k in range(-44, 41))
"""The histogram's: a bar is a binade."""

CONTROLS = (
    Choice("format", Text("Format", "Format"), (
        Option("float16", Text("float16", "float16")),
        Option("float8_e4m3fn", Text("float8, E4M3", "float8, E4M3")),
        Option("bfloat16", Text("bfloat16", "bfloat16")),
    ), static=True),
    Slider("exponent", Text("First loss scale: n in 2ⁿ", "Skala loss awal: n dalam 2ⁿ"),
           LOWEST, HIGHEST, -16, "whole"),
    Choice("control", Text("Loss scale", "Skala loss"), (
        Option("held", Text("held", "tetap"), "1.0, 1.0"),
        Option("dynamic", Text("dynamic", "dinamis"), "2.0, 0.5"),
    )),
    Slider("interval", Text("Doubled after", "Digandakan setelah"), 5, 100, 20, "whole",
           unit=units.GOOD_STEPS,
           idle=Idle("control", ("held",), Text("The scale is held.", "Skalanya tetap."))),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def reader() -> Workload:
    """A small network of tanh units that reads digits."""
    return mlp(depth=4, width=32, activation="tanh")


def scales(
    finite: Bool[Array, " steps"], start: Any, growth: Any, backoff: Any, interval: Any
) -> Float[Array, " steps"]:
    """The scale of every step, from which of them were finite."""

    def step(now: LossScale, ok: Array) -> tuple[LossScale, Array]:
        return next_loss_scale(now, ok, growth, backoff, interval), now.scale

    first = LossScale(jnp.asarray(start, jnp.float32), jnp.int32(0))
    return jax.lax.scan(step, first, finite)[1]


def zeros(now: Moment) -> Array:
    """The share of the gradient that is zero, behind the first layer: some pixels never light."""
    return jnp.mean(jnp.concatenate([jnp.ravel(g) == 0 for g in jax.tree.leaves(now.gradient[1:])]))


def run(format: str, exponent: Any, control: Any, interval: Any, seed: Any) -> Tables:
    net = reader()
    start = jnp.asarray(POWERS, jnp.float32)[exponent - LOWEST]
    growth, backoff = jnp.asarray([1.0, 2.0])[control], jnp.asarray([1.0, 0.5])[control]
    trace = simulate(
        computed_in(net, format),
        with_loss_scale(momentum(RATE), start, growth, backoff, interval),
        steps=STEPS, batch_size=ROWS, seed=seed, evaluate_at=(), observe=zeros,
    )  # fmt: skip
    finite = jnp.isfinite(trace.gradient_norm)
    scale = scales(finite, start, growth, backoff, interval)
    assert net.train is not None
    rows = type(net.train)(*(x[:ROWS] for x in net.train))
    exact = jax.grad(net.loss)(trace.final_parameters, rows)
    sizes = jnp.concatenate([jnp.abs(jnp.ravel(g)) for g in jax.tree.leaves(exact[1:])])
    edges = jnp.asarray(EDGES, jnp.float32)
    below = jnp.sum(scale[-1] * sizes < edges[:, None], -1)
    bars = len(EDGES) - 1
    width, mantissa, most, _ = FORMATS[format]
    least = 2.0 ** (2 - 2 ** (width - 1) - mantissa)
    return {
        "run": {
            "step": jnp.arange(STEPS),
            "loss": trace.loss,
            "gradient_norm": trace.gradient_norm,
            "scale": scale,
            "skipped": jnp.cumsum(~finite),
        },
        "histogram": {
            "low": edges[:-1],
            "high": edges[1:],
            "count": jnp.diff(below),
            "least": jnp.full(bars, max(least, EDGES[0])),
            "most": jnp.full(bars, min(most, EDGES[-1])),
        },
        "facts": {
            "skips": jnp.sum(~finite)[None],
            "zeros": 100 * trace.observed[-1:],
        },
    }


LOSS = Text("loss", "loss")
SCALE = Text("loss scale", "skala loss")
NORM = Text("gradient norm", "norma gradien")
LEAST = Text("least number of the format", "bilangan terkecil format itu")
MOST = Text("largest", "terbesar")
ENTRY = Text("size of a gradient's entry times the scale", "besar entri gradien kali skala")
ENTRIES = Text("entries", "banyaknya entri")


def _scale() -> Panel:
    """The scale; the cursor says beside it how many steps were skipped by then."""
    panel = charts.over_steps("run", {"scale": SCALE}, SCALE, (1e-7, 1e10), STEPS, Text(
        "The loss scale at every step: it doubles after a stretch of good steps and is halved "
        "after a step that is skipped.",
        "Skala loss pada setiap langkah: berlipat dua setelah serentetan langkah baik, dan "
        "dibagi dua setelah langkah yang dilewati."), height=130)  # fmt: skip
    return panel._replace(columns=(
        *panel.columns, ("skipped", Text("skipped so far", "dilewati sejauh ini"))))  # fmt: skip


def _histogram(language: str) -> Any:
    return charts.histogram(
        language, {"least": LEAST, "most": MOST}, ENTRY, (EDGES[0], EDGES[-1]), ENTRIES
    )


LAB = Lab(
    "loss_scale",
    Text("A loss scale", "Skala loss"),
    CONTROLS,
    run,
    (
        charts.over_steps("run", {"loss": LOSS}, LOSS, (1e-3, 10), STEPS, Text(
            "The training loss at every step.",
            "Loss pelatihan pada setiap langkah."), height=150),
        _scale(),
        charts.over_steps("run", {"gradient_norm": NORM}, NORM, (1e-3, 10), STEPS, Text(
            "The gradient norm at every step, with the scale divided out. The line has a gap where "
            "the norm is infinite: that step was skipped.",
            "Norma gradien pada setiap langkah, setelah dibagi skala. Garisnya terputus di tempat "
            "normanya tak hingga: langkah itu dilewati."), height=120),
        Panel("histogram", _histogram, Text(
            "The entries of the gradient at the end of the run, as float32 computes them, times "
            "the last scale, by size; and the least and the largest number of the format. What "
            "lies left of the first line becomes 0, what lies right of the second infinite.",
            "Entri gradien di akhir run menurut hitungan float32, dikalikan skala terakhir, "
            "menurut besarnya; beserta bilangan terkecil dan terbesar format itu. Yang di kiri "
            "garis pertama menjadi 0, yang di kanan garis kedua menjadi tak hingga.")),
    ),
    (Curve("run", "loss"),),
    """import numpy as np

import stabsim as ss
from stabsim.precision import computed_in, with_loss_scale

net = ss.workloads.mlp(depth=4, width=32, activation="tanh")
growth, backoff = {control}
rule = with_loss_scale(
    ss.momentum(0.1), 2.0**{exponent}, growth, backoff, {interval}
)
trace = ss.simulate(
    computed_in(net, "{format}"), rule, steps=150, batch_size=128, seed={seed}
)
print(ss.diagnose(trace.loss))
print("steps skipped:", np.sum(~np.isfinite(trace.gradient_norm)))
""",
    (Goal(
        Text(
            "From a first scale of 2⁻¹⁶ or less, bring a run in float16 to a final loss below "
            "0.1.",
            "Dari skala awal 2⁻¹⁶ atau kurang, turunkan loss akhir run float16 sampai di bawah "
            "0,1.",
        ),
        (("format", "==", "float16"), ("exponent", "<", -15.5), ("final_loss", "<", 0.1)),
    ),),
    facts=(
        Fact("facts", "skips", Text("Steps skipped: {value}.", "Langkah yang dilewati: {value}.")),
        Fact("facts", "zeros", Text(
            "Of the last step's gradient {value}% is exactly 0.",
            "Dari gradien langkah terakhir, {value}% tepat 0.")),
    ),
)  # fmt: skip
