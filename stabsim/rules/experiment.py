"""What a typed rule is tried on: the digits, a surface, and a parabola."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from stabsim._words import Text, number
from stabsim.diagnosis import diagnose
from stabsim.labs.frame.lab import Choice, Option, Slider
from stabsim.labs.frame.surfaces import LABELS
from stabsim.optimizers import adam, momentum, nadam, nesterov, rmsprop, sgd
from stabsim.rules.typed import Edge, Rule, TypedRule, edge
from stabsim.simulation import simulate
from stabsim.trace import Trace
from stabsim.workloads import any_surface, mlp
from stabsim.workloads.any_surface import NAMES
from stabsim.workloads.synthetic import SURFACES
from stabsim.workloads.workload import Workload

STEPS, BATCH, RACE_STEPS = 200, 32, 150
"""Steps and rows of a minibatch on the digits, and steps on the surface."""

CONTROLS = (
    Slider("rate", Text("Learning rate lr", "Laju pembelajaran lr"), 1e-4, 10.0, 0.05, "log"),
    Choice("surface", Text("Surface (synthetic)", "Permukaan (sintetis)"),
           tuple(Option(name, LABELS[name]) for name in NAMES)),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip
"""What can be set besides the rule."""

KNOWN = {"SGD": sgd(1.0), "Momentum": momentum(1.0), "Nesterov": nesterov(1.0),
         "RMSProp": rmsprop(1.0), "Adam": adam(1.0), "NAdam": nadam(1.0)}  # fmt: skip
"""The book's rules, whose edges stand beside the typed one's."""

START = "momentum"
"""The preset that stands there at first."""

RATES = {"sgd": 0.1, "momentum": 0.05, "nesterov": 0.05, "rmsprop": 0.001, "adam": 0.003,
         "nadam": 0.003, "adamw": 0.003, "radam": 0.01, "schedule_free_adamw": 0.01,
         "sign": 0.001, "lion": 0.0003, "clipped": 0.1}  # fmt: skip
"""Learning rates at which the presets learn the digits."""

NAMED = {
    "sgd": "SGD", "momentum": "Momentum", "nesterov": "Nesterov", "rmsprop": "RMSProp",
    "adam": "Adam", "nadam": "NAdam", "adamw": "AdamW", "radam": "RAdam",
    "schedule_free_adamw": "Schedule-Free AdamW", "sign": "signSGD", "lion": "Lion",
}  # fmt: skip
PRESET_LABELS = {name: Text(said, said) for name, said in NAMED.items()} | {
    "clipped": Text("SGD with clipping", "SGD dengan pemotongan gradien")
}

WORDS = {
    "title": Text("Your own update rule", "Aturan pembaruan buatan Anda"),
    "rule": Text("The rule, a line for each name", "Aturan, satu baris untuk setiap variabel"),
    "presets": Text("Begin with", "Mulai dari"),
    "given": Text(
        "theta are the parameters, g their gradient, lr the learning rate, t the step from 0. "
        "Every other name keeps its value from step to step; it starts at 0, unless a line such "
        "as v_0 = 1 says otherwise. The functions are {functions}.",
        "theta adalah parameter, g gradiennya, lr laju pembelajaran, t nomor langkah mulai dari 0. "
        "Variabel lain mempertahankan nilainya dari langkah ke langkah; nilai awalnya 0, kecuali "
        "ada baris seperti v_0 = 1. Fungsi yang tersedia: {functions}.",
    ),
    "digits": Text("Digits, {steps} steps:", "Digit, {steps} langkah:"),
    "edge": Text(
        "On a parabola of curvature h it is unstable from lr·h = {value} on (measured; lr·h from "
        "{least} to {most}).",
        "Pada parabola dengan kelengkungan h, aturan ini tidak stabil mulai lr·h = {value} "
        "(hasil pengukuran; lr·h dari {least} sampai {most}).",
    ),
    "no edge": Text(
        "On a parabola no run blew up, at any lr·h from {least} to {most}. A rule whose steps are "
        "bounded in length behaves so.",
        "Pada parabola tidak ada run yang divergen, pada lr·h berapa pun dari {least} "
        "sampai {most}. Begitulah perilaku aturan yang panjang langkahnya terbatas.",
    ),
    "always": Text(
        "On a parabola it is unstable even at the lowest lr·h that is tried, {least}.",
        "Pada parabola aturan ini tidak stabil bahkan pada lr·h terendah yang dicoba, {least}.",
    ),
    "loss": Text("loss", "loss"),
    "yours": Text("yours", "aturan Anda"),
    "edges": Text("edge: lr × curvature", "batas: lr × kelengkungan"),
    "preconditioned": Text(
        "For RMSProp, Adam and NAdam the curvature is that after preconditioning, which even on a "
        "parabola changes from step to step.",
        "Untuk RMSProp, Adam, dan NAdam, yang dimaksud adalah kelengkungan setelah prakondisi, "
        "yang bahkan pada parabola berubah dari langkah ke langkah.",
    ),
    "noscript": Text(
        "With JavaScript, rules can be typed here.",
        "Dengan JavaScript, aturan dapat diketik di sini.",
    ),
    "failed": Text("It could not be computed: {error}", "Perhitungannya gagal: {error}"),
    "late": Text(
        "it took more than {seconds} seconds, and was ended.",
        "melebihi {seconds} detik, sehingga dihentikan.",
    ),
    "alt loss": Text("The training loss at every step.", "Loss pelatihan pada setiap langkah."),
    "alt path": Text(
        "The path of the rule on the surface, over lines of equal height.",
        "Lintasan aturan itu pada permukaan, di atas garis kontur.",
    ),
    "alt edges": Text(
        "Where the rule becomes unstable, beside the six rules of the book.",
        "Batas kestabilan aturan itu, dibandingkan dengan keenam aturan dalam buku ini.",
    ),
}


def digits_net() -> Workload:
    """The perceptron that learns the digits."""
    return mlp(depth=2, width=32)


class Tried(NamedTuple):
    """What came of a rule.

    Attributes:
        loss: on the digits, ``(STEPS,)``.
        path: on the surface, ``(RACE_STEPS + 1, 2)``.
        edge: on the parabola.
    """

    loss: np.ndarray
    path: np.ndarray
    edge: Edge


@jax.jit
def learn(optimizer: TypedRule, seed: Any) -> Trace:
    """A run on the digits."""
    return simulate(digits_net(), optimizer, steps=STEPS, batch_size=BATCH, seed=seed,
                    evaluate_at=())  # fmt: skip


@jax.jit
def walk(optimizer: TypedRule, which: Any, seed: Any) -> Trace:
    """A run on the surface at position ``which`` of ``NAMES``."""
    return simulate(any_surface(which), optimizer, steps=RACE_STEPS, seed=seed,
                    record_parameters=True)  # fmt: skip


def attempt(rule: Rule, learning_rate: float, surface: str, seed: int) -> Tried:
    """Try a rule at a learning rate.

    Args:
        rule: as :func:`stabsim.rules.parse` reads it.
        learning_rate: lr, on the digits and on the surface.
        surface: one of ``NAMES``.
        seed: of the digits' weights and minibatches, and of the start on the surface.
    """
    optimizer = TypedRule(jnp.float32(learning_rate), rule)
    return Tried(
        np.asarray(learn(optimizer, seed).loss),
        np.asarray(walk(optimizer, NAMES.index(surface), seed).parameters),
        edge(rule),
    )


def sentences(tried: Tried, language: str) -> list[str]:
    """What to say of it, in "en" or "id"."""
    found = tried.edge
    range_ = {"least": number(found.least, language), "most": number(found.most, language)}
    key = "no edge" if found.value is None else "always" if found.value == found.least else "edge"
    value = "" if found.value is None else number(found.value, language)
    verdict = " ".join(diagnose(tried.loss).sentences(language))
    return [
        f"{WORDS['digits'].in_(language).format(steps=STEPS)} {verdict}",
        WORDS[key].in_(language).format(value=value, **range_),
    ]


def known_edges() -> list[float]:
    """The edges of the rules in ``KNOWN``, in rate times (preconditioned) curvature."""
    return [float(rule.threshold(1.0)) for rule in KNOWN.values()]


def boxes() -> dict[str, tuple[float, ...]]:
    """What each surface's picture shows: left, right, bottom, top."""
    return {name: SURFACES[name].box for name in NAMES}
