"""Steps to a target by batch size, each at its own best rate."""

from typing import Any, NamedTuple

import altair as alt
import jax.numpy as jnp
import numpy as np

from stabsim._computed_once import Arrays, computed_once
from stabsim._words import Text
from stabsim.labs.frame import charts
from stabsim.labs.frame.lab import Choice, Fact, Goal, Lab, Option, Panel, Tables
from stabsim.optimizers import momentum
from stabsim.simulation import simulate
from stabsim.sweeps.sweep import sweep
from stabsim.workloads import clean_net


class Budget(NamedTuple):
    """How long a batch size is given, and the rates that are tried on it."""

    steps: int
    centre: int


BUDGETS = {1: Budget(2400, -6), 4: Budget(900, -4), 16: Budget(400, -3), 64: Budget(200, -2),
           256: Budget(160, -1), 1024: Budget(160, -1)}  # fmt: skip
AROUND = range(-3, 3)
"""The rates are these many octaves from the centre: as many for every batch size."""

QUARTER = 0.25
RULES = {"sgd": 0.0, "momentum": 0.9}
TARGETS = (0.05, 0.07, 0.1)
SEEDS = range(5)


def checkpoints(budget: Budget) -> list[int]:
    """Steps at which the net is validated, some 6 per cent apart."""
    return np.unique(np.geomspace(4, budget.steps, 100).round().astype(int)).tolist()


def rates(budget: Budget, gamma: float) -> list[float]:
    """The rates tried; with Momentum a quarter of them, for its steps are longer."""
    return [2.0 ** (budget.centre + k) * (QUARTER if gamma else 1) for k in AROUND]


def steps_to(targets: Any, batch_size: int, octave: Any, gamma: Any, seed: Any) -> dict[str, Any]:
    """The first checkpoint at which each target error is reached; inf if none is."""
    budget = BUDGETS[batch_size]
    at = checkpoints(budget)
    rate = 2.0 ** (budget.centre + octave) * jnp.where(gamma > 0, QUARTER, 1.0)
    trace = simulate(
        clean_net(), momentum(rate, gamma), steps=budget.steps, batch_size=batch_size, seed=seed,
        evaluate_at=at,
    )  # fmt: skip
    found = {}
    for target in targets:
        reached = trace.validation_error <= target
        first = jnp.asarray(at, jnp.float32)[jnp.argmax(reached)]
        found[str(target)] = jnp.where(reached.any(), first, jnp.inf)
    return found


@computed_once
def the_grid() -> Arrays:
    """Steps to each target, ``(targets, batch sizes, rules, rates, seeds)``."""
    runs = sweep(
        lambda batch_size, gamma, octave, seed: steps_to(TARGETS, batch_size, octave, gamma, seed),
        batch_size=list(BUDGETS), gamma=list(RULES.values()),
        octave=list(map(float, AROUND)), seed=SEEDS,
        loop="batch_size", progress=False,
    )  # fmt: skip
    return {"steps": np.stack([runs[str(target)].to_numpy() for target in TARGETS])}


CONTROLS = (
    Choice("rule", Text("Optimizer", "Optimizer"), (
        Option("sgd", Text("SGD", "SGD"), "0.0"),
        Option("momentum", Text("Momentum, γ = 0.9", "Momentum, γ = 0,9"), "0.9"),
    )),
    Choice("batch_size", Text("Batch size", "Ukuran batch"),
           tuple(Option(str(n), Text(str(n), str(n))) for n in BUDGETS)),
    Choice("target", Text("Target: a validation error of", "Target: galat validasi"), (
        Option("0.05", Text("5%", "5%")),
        Option("0.07", Text("7%", "7%")),
        Option("0.1", Text("10%", "10%")),
    )),
)  # fmt: skip

SIZES = np.asarray(list(BUDGETS), np.float32)
OCTAVES = len(AROUND)


def run(rule: Any, batch_size: Any, target: Any) -> Tables:
    steps = the_grid()["steps"]
    middle, low, high = (
        jnp.asarray(np.where(np.isfinite(part), part, np.nan), jnp.float32)[target]
        for part in (np.median(steps, -1), steps.min(-1), steps.max(-1))
    )  # each (batch sizes, rules, rates)
    tried = jnp.asarray(
        [[rates(budget, gamma) for gamma in RULES.values()] for budget in BUDGETS.values()]
    )
    best = jnp.argmin(jnp.where(jnp.isnan(middle), jnp.inf, middle), -1)

    def at_best(part: Any) -> Any:
        return jnp.take_along_axis(part, best[..., None], -1)[..., 0].T  # (rules, batch sizes)

    fewest = at_best(middle)
    here = (jnp.arange(2)[:, None] == rule) & (jnp.arange(len(SIZES)) == batch_size)
    perfect = fewest[rule, 0] / SIZES
    chosen = jnp.arange(OCTAVES) == best[batch_size, rule]
    needed = fewest[rule, batch_size]
    speedup = fewest[rule, 0] / needed
    return {
        "steps": {
            "batch_size": np.tile(SIZES, 3),
            "group": np.repeat([0, 1, -1], len(SIZES)),
            "steps": jnp.concatenate([fewest.ravel(), perfect]),
            "low": jnp.concatenate([at_best(low).ravel(), perfect]),
            "high": jnp.concatenate([at_best(high).ravel(), perfect]),
            "chosen": jnp.concatenate([here.ravel(), SIZES == LABELLED]).astype(jnp.int32),
        },
        "rates": {
            "learning_rate": tried[:, rule].ravel(),
            "group": np.repeat(np.arange(len(SIZES)), OCTAVES),
            "steps": middle[:, rule].ravel(),
            "low": low[:, rule].ravel(),
            "high": high[:, rule].ravel(),
            "chosen": (chosen & (jnp.arange(len(SIZES)) == batch_size)[:, None])
            .ravel()
            .astype(jnp.int32),
        },
        "facts": {
            "steps": needed[None],
            "examples": (needed * jnp.asarray(SIZES)[batch_size])[None],
            "speedup": speedup[None],
        },
    }


LABELLED = 64
"""The batch size at which the line of perfect scaling has its label."""

SIZE = charts.Across(
    "batch_size",
    Text("batch size", "ukuran batch"),
    alt.Scale(type="log", domain=[0.7, 1500], nice=False),
    {"values": list(BUDGETS)},
)
STEPS = charts.Across(
    "steps",
    Text("steps to the target", "langkah ke target"),
    alt.Scale(type="log", domain=[6, 3000], nice=False),
    {"values": [10, 30, 100, 300, 1000], "format": "~g"},
)
RATE = charts.Across(
    "learning_rate",
    Text("learning rate", "laju pembelajaran"),
    alt.Scale(type="log", nice=False, padding=12),
    {"tickCount": 6, "format": "~g"},
)
RULE_NAMES = {0: Text("SGD", "SGD"), 1: Text("Momentum", "Momentum")}
SIZE_NAMES = {place: Text(str(size), str(size)) for place, size in enumerate(BUDGETS)}
PERFECT = Text("perfect scaling", "penskalaan sempurna")
OPTIMIZER = Text("optimizer", "optimizer")


def _steps(language: str) -> Any:
    return charts.intervals(language, SIZE, STEPS, RULE_NAMES, OPTIMIZER, PERFECT)


def _rates(language: str) -> Any:
    return charts.intervals(language, RATE, STEPS, SIZE_NAMES, SIZE.title, height=200)


LAB = Lab(
    "batch_steps",
    Text("Steps to a target", "Langkah menuju target"),
    CONTROLS,
    run,
    (
        Panel("steps", _steps, Text(
            "Steps to the target against batch size, both logarithmic, for SGD and Momentum: along "
            "the dashed line of perfect scaling at first, then less and less steep, flat at last.",
            "Langkah ke target terhadap ukuran batch, keduanya logaritmik, untuk SGD dan "
            "Momentum: mula-mula mengikuti garis putus-putus penskalaan sempurna, lalu makin "
            "landai, akhirnya mendatar.")),
        Panel("rates", _rates, Text(
            "Steps to the target against learning rate, one line a batch size; a ring marks the "
            "best rate of the chosen size.",
            "Langkah ke target terhadap laju pembelajaran, satu garis untuk tiap ukuran batch; "
            "cincin menandai laju terbaik bagi ukuran yang dipilih.")),
    ),
    (),
    """import stabsim as ss
from stabsim.labs.batch_steps import AROUND, SEEDS, steps_to

def experiment(octave, seed):
    return steps_to([{target}], {batch_size}, octave, {rule}, seed)

runs = ss.sweep(experiment, octave=list(AROUND), seed=SEEDS)
print(runs["{target}"].median("seed").to_series())
""",
    (Goal(
        Text(
            "Reach 5% in fewer than 20 steps.",
            "Capai 5% dalam kurang dari 20 langkah.",
        ),
        (("target", "==", "0.05"), ("steps", "<", 20)),
    ),),
    facts=(
        Fact("facts", "steps", Text("Steps: {value};", "Banyaknya langkah: {value};")),
        Fact("facts", "examples", Text("examples seen in them: {value};",
                                       "contoh yang dipakai: {value};")),
        Fact("facts", "speedup", Text(
            "speedup over batches of 1: {value}×.",
            "percepatan dibanding batch 1: {value}×.")),
    ),
)  # fmt: skip
