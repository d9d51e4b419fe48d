"""Attention logits that grow with the rate, and what holds them, on a small transformer."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from stabsim._words import Text
from stabsim.labs.frame import charts
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
from stabsim.optimizers import adam
from stabsim.simulation import Moment, simulate
from stabsim.workloads import Workload, transformer
from stabsim.workloads.transformer import TOKENS

STEPS, BATCH = 80, 16
WIDTH, HEADS = 32, 2
EVERY = 5
"""Steps from one map of attention to the next."""

HELD = ("softcap", "qk_clip")
"""The mends that have a limit."""

MENDS = (
    Option("none", Text("none", "tanpa"), ", qk_norm=False"),
    Option("qk_norm", Text("QK-norm", "QK-norm"), ", qk_norm=True"),
    Option("softcap", Text("soft cap c", "soft cap c"), ", softcap={limit}"),
    Option("qk_clip", Text("clip q, k at ±c", "potong q, k pada ±c"), ", qk_clip={limit}"),
)

CONTROLS = (
    Choice("mend", Text("Attention logits", "Logit attention"), MENDS, static=True),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 1e-3, 1, 0.01, "log"),
    Slider("limit", Text("Limit c", "Batas c"), 0.5, 50, 2, "log", idle=Idle(
        "mend", ("none", "qk_norm"), Text("Only the cap and the clipping have a limit.",
                                          "Hanya soft cap dan pemotongan yang memakai batas."))),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def network(mend: str, limit: Any) -> Workload:
    """The transformer with one of ``MENDS``."""
    mended = {mend: limit} if mend in HELD else {"qk_norm": mend == "qk_norm"}
    return transformer(depth=1, width=WIDTH, heads=HEADS, norm="pre", **mended)


def look(net: Workload, now: Moment) -> dict[str, Array]:
    r"""The largest attention logit, the attention's mean entropy, and one map of it.

    The entropy :math:`-\sum_j p_j \log p_j` is in nats, the mean over rows, heads and tokens.
    """
    assert now.batch is not None
    scores = net.network.attention_logits(now.params, now.batch.inputs)  # type: ignore[attr-defined]
    p = jax.nn.softmax(scores, -1)
    entropy = -jnp.sum(p * jnp.log(jnp.maximum(p, 1e-30)), -1).mean()
    return {"largest": jnp.abs(scores).max(), "entropy": entropy, "map": p[0, 0, 0]}


def run(mend: str, learning_rate: Any, limit: Any, seed: Any) -> Tables:
    net = network(mend, limit)
    trace = simulate(net, adam(learning_rate), steps=STEPS, batch_size=BATCH, seed=seed,
                     evaluate_at=(), observe=lambda now: look(net, now))  # fmt: skip
    seen = trace.observed
    assert seen is not None
    maps = seen["map"][EVERY - 1 :: EVERY]
    since = jnp.arange(0.0, STEPS, EVERY)
    until = (since + EVERY).at[-1].set(jnp.inf)
    tokens = np.arange(TOKENS)
    each = jnp.ones((1, TOKENS, TOKENS))
    return {
        "run": {
            "step": jnp.arange(STEPS),
            "largest": seen["largest"],
            "entropy": seen["entropy"],
            "loss": trace.loss,
        },
        "map": {
            "since": (since[:, None, None] * each).ravel(),
            "until": (until[:, None, None] * each).ravel(),
            "reads": jnp.tile(jnp.asarray(np.repeat(tokens, TOKENS), jnp.int32), len(since)),
            "read": jnp.tile(jnp.asarray(np.tile(tokens, TOKENS), jnp.int32), len(since)),
            "share": maps.ravel(),
        },
        "now": {
            "logit": jnp.median(seen["largest"][-10:])[None],
            "left": jnp.median(seen["entropy"][-10:])[None],
        },
    }


LARGEST = Text("largest attention logit", "logit attention terbesar")
ENTROPY = Text("attention entropy, nats", "entropi attention, nat")
LOSS = Text("loss", "loss")
MAP_WORDS = {
    "reads": Text("row that reads", "baris yang membaca"),
    "read": Text("row that is read", "baris yang dibaca"),
}


LAB = Lab(
    "attention",
    Text("Attention that becomes one-hot", "Attention yang menjadi one-hot"),
    CONTROLS,
    run,
    (
        charts.over_steps("run", {"largest": LARGEST}, LARGEST, (1, 1e5), STEPS, Text(
            "The largest attention logit of each minibatch, at every step.",
            "Logit attention terbesar dari setiap minibatch, pada setiap langkah."), height=140),
        charts.over_steps("run", {"entropy": ENTROPY}, ENTROPY, (0, 2.2), STEPS, Text(
            "The entropy of attention at every step, the mean over digits, heads and rows: log 8, "
            "or 2.08, where all eight rows are read alike, and 0 where each reads one alone.",
            "Entropi attention pada setiap langkah, rata-rata atas gambar, head, dan baris: log 8, "
            "atau 2,08, jika kedelapan baris dibaca sama rata, dan 0 jika masing-masing hanya "
            "membaca satu baris."), height=120, log=False),
        Panel("map", lambda language: charts.attention(language, MAP_WORDS), Text(
            "The attention of one head to the first digit of a minibatch: eight rows that read, "
            "from top to bottom, and the eight rows that they read, from left to right; the "
            "darker, the larger the share.",
            "Attention satu head pada gambar angka pertama dalam minibatch: delapan baris yang "
            "membaca dari atas ke bawah, dan delapan baris yang dibaca dari kiri ke kanan; makin "
            "pekat, makin besar bagiannya.")),
        charts.over_steps("run", {"loss": LOSS}, LOSS, (0.1, 100), STEPS, Text(
            "The training loss at every step.",
            "Loss pelatihan pada setiap langkah."), height=140),
    ),
    (Curve("run", "loss"),),
    """import jax.numpy as jnp
import stabsim as ss

net = ss.workloads.transformer(depth=1, width=32, heads=2, norm="pre"{mend})


def largest_logit(now):
    scores = net.network.attention_logits(now.params, now.batch.inputs)
    return jnp.abs(scores).max()


trace = ss.simulate(
    net, ss.adam({learning_rate}), steps=80, batch_size=16, seed={seed},
    observe=largest_logit,
)
print(ss.diagnose(trace.loss))
print(f"Largest attention logit at the end: {float(trace.observed[-1]):.3g}")
""",
    (Goal(
        Text(
            "At a rate of at least 0.05, keep the attention's entropy above 0.5 nats and the final "
            "loss below 1.",
            "Pada laju 0,05 atau lebih, pertahankan entropi attention di atas 0,5 nat dan loss "
            "akhir di bawah 1.",
        ),
        (("learning_rate", ">", 0.0499), ("left", ">", 0.5), ("final_loss", "<", 1)),
    ),),
    facts=(
        Fact("now", "logit", Text("The largest attention logit at the end is {value}.",
                                  "Logit attention terbesar di akhir run {value}.")),
        Fact("now", "left", Text("The attention's entropy there, in nats, is {value}.",
                                 "Entropi attention di situ, dalam nat, {value}.")),
    ),
)  # fmt: skip
