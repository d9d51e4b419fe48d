"""The two roots that decide what Momentum does on a parabola, and the path that they make."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from stabsim._words import Text
from stabsim.labs.frame import charts
from stabsim.labs.frame.any_rule import RULE_NAMES, AnyRule
from stabsim.labs.frame.any_rule import RULES as KNOWN
from stabsim.labs.frame.drawing import arc, piece, together
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
from stabsim.simulation import simulate
from stabsim.workloads import quadratic

STEPS, HIGHEST, PLACES = 60, 4.0, 81
"""Updates of a run, the largest rate times curvature, and places on the way of the roots."""

RULES = ("momentum", "nesterov", "sgd")
CODE = {
    "momentum": "ss.momentum({product}, {gamma})",
    "nesterov": "ss.nesterov({product}, {gamma})",
    "sgd": "ss.sgd({product})",
}

CONTROLS = (
    Choice("rule", Text("Optimizer", "Optimizer"),
           tuple(Option(r, Text(RULE_NAMES[r], RULE_NAMES[r]), CODE[r]) for r in RULES)),
    Slider("product", Text("Rate × curvature, ηh", "Laju × kelengkungan, ηh"), 0.04, HIGHEST, 0.2),
    Slider("gamma", Text("Momentum γ", "Momentum γ"), 0, 0.99, 0.3,
           idle=Idle("rule", ("sgd",), Text("SGD has no momentum.",
                                            "SGD tidak memakai momentum."))),
)  # fmt: skip


AXES = np.asarray([[[-4, 0], [4, 0]], [[0, -2], [0, 2]]], np.float32)
"""The real and the imaginary axis, each from an end to the other."""


def polynomial(rule: Any, product: Any, gamma: Any) -> tuple[Array, Array]:
    r"""a and b of :math:`z^2 - a z + b`, whose roots' powers are the paths on a parabola.

    ========  =====================================  ==============================
    SGD       :math:`a = 1 - \eta h`                  :math:`b = 0`
    Momentum  :math:`a = 1 + \gamma - \eta h`         :math:`b = \gamma`
    Nesterov  :math:`a = (1 + \gamma)(1 - \eta h)`    :math:`b = \gamma (1 - \eta h)`
    ========  =====================================  ==============================

    Args:
        rule: 0, 1 or 2, in the table's order; so in all functions here.
        product: :math:`\eta h`, any shape.
        gamma: :math:`\gamma`.
    References:
        Goh, Why Momentum Really Works (2017); Polyak (1964).
    """
    plain = 1 - product
    a = jnp.stack([plain, plain + gamma, (1 + gamma) * plain])
    b = jnp.stack([0 * plain, 0 * plain + gamma, gamma * plain])
    return a[rule], b[rule]


def roots(a: Array, b: Array) -> Float[Array, "*shape 2 2"]:
    r"""Both roots of :math:`z^2 - a z + b`, each by its real and its imaginary part."""
    under = a**2 / 4 - b
    apart, turned = jnp.sqrt(jnp.maximum(under, 0)), jnp.sqrt(jnp.maximum(-under, 0))
    first = jnp.stack([a / 2 + apart, turned], -1)
    return jnp.stack([first, jnp.stack([a / 2 - apart, -turned], -1)], -2)


def meeting(rule: Any, gamma: Any) -> Float[Array, "2"]:
    """The two rates times curvature at which the roots meet; the last at most ``HIGHEST``."""
    root = jnp.sqrt(gamma)
    plain, momentum = jnp.zeros(2), jnp.stack([(1 - root) ** 2, (1 + root) ** 2])
    nesterov = jnp.stack([1 - 4 * gamma / (1 + gamma) ** 2, jnp.ones(())])
    return jnp.minimum(jnp.stack([plain, momentum, nesterov])[rule], HIGHEST)


def run(rule: Any, product: Any, gamma: Any) -> Tables:
    order = jnp.asarray([KNOWN.index(name) for name in RULES])[rule]
    optimizer = AnyRule(order, product, gamma, 0.999)
    trace = simulate(quadratic([1.0]), optimizer, steps=STEPS, record_parameters=True)
    here = roots(*polynomial(order, product, gamma))
    size = jnp.sqrt(jnp.sum(here**2, -1))
    largest = jnp.max(size)
    evenly = jnp.linspace(0.0, HIGHEST, PLACES)
    products = jnp.sort(jnp.concatenate([evenly, meeting(order, gamma)]))
    ways = roots(*polynomial(order, products, gamma))
    along, back = ways[:-1].reshape(-1, 2), ways[1:].reshape(-1, 2)
    step = jnp.arange(STEPS + 1)
    return {
        "roots": together(
            piece(charts.CENTRE, AXES[:, 0], AXES[:, 1]),
            piece(charts.RING, *arc(1.0, 2)),
            piece(charts.LEFT, along, back),
            piece(charts.ARROW, jnp.zeros((2, 2)), here),
            piece(charts.DOT, here, value=size > 1),
            piece(charts.LABEL, np.asarray([[1.0, 0.0], [-1.0, 0.0]]), value=np.asarray([1, -1])),
        ),
        "path": {
            "step": step,
            "distance": trace.parameters[:, 0],
            "power": largest ** step.astype(jnp.float32),
        },
        "run": {"step": step[:-1], "loss": trace.loss},
        "now": {"largest": largest[None], "edge": jnp.asarray(optimizer.threshold(1.0))[None]},
    }


PATH = {
    "distance": Text("distance from the bottom", "jarak dari dasar"),
    "power": Text("|z|ᵗ of the larger root", "|z|ᵗ dari akar yang lebih besar"),
}


LAB = Lab(
    "roots",
    Text("Two roots, and the path that they make (synthetic)",
         "Dua akar dan lintasan yang dihasilkannya (sintetis)"),
    CONTROLS,
    run,
    (
        Panel("roots", lambda _: charts.roots(), Text(
            "The two roots of z² - az + b in the complex plane, the unit circle, and as thin lines "
            "the ways of the roots as rate times curvature goes from 0 to 4.",
            "Kedua akar z² - az + b pada bidang kompleks, lingkaran satuan, dan, berupa garis "
            "tipis, lintasan kedua akar itu ketika laju kali kelengkungan naik dari 0 sampai 4.")),
        charts.over_steps("path", PATH, PATH["distance"], (-2, 2), STEPS, Text(
            "The distance from the bottom of a parabola at every step of a run from 1, and the "
            "power of the larger root's size.",
            "Jarak dari dasar parabola pada setiap langkah sebuah run yang mulai di 1, dan pangkat "
            "dari |z| akar yang lebih besar."), height=160, points=True, log=False),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss

bowl = ss.workloads.quadratic([1.0])
trace = ss.simulate(bowl, {rule}, steps=60, record_parameters=True)
print(trace.parameters[:8, 0])
print(ss.diagnose(trace.loss))
""",
    (Goal(
        Text(
            "With Momentum and a rate times curvature of at least 3, bring both roots into the "
            "unit circle.",
            "Dengan Momentum dan laju kali kelengkungan sedikitnya 3, bawa kedua akar ke dalam "
            "lingkaran satuan.",
        ),
        (("rule", "==", "momentum"), ("product", ">", 2.999), ("largest", "<", 1)),
    ),),
    facts=(
        Fact("now", "largest", Text("The larger root has a size |z| of {value}.",
                                    "Akar yang lebih besar: |z| = {value}.")),
        Fact("now", "edge", Text("A root leaves the circle above ηh = {value}.",
                                 "Sebuah akar keluar dari lingkaran di atas ηh = {value}.")),
    ),
)  # fmt: skip
