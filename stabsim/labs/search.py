"""A race of searches: a Gaussian process as set, one that learns to be set, and chance."""

from typing import Any

import jax
import jax.numpy as jnp

from stabsim import tuner
from stabsim._words import Text
from stabsim.labs.frame import charts
from stabsim.labs.frame.lab import Fact, Goal, Lab, Tables
from stabsim.labs.surrogate import AMPLITUDE, LENGTH_SCALE, NOISE
from stabsim.tuner import EVALUATIONS, GUESSING, NEAR, SEARCHES, Hyperparameters, rivals

CONTROLS = (LENGTH_SCALE, AMPLITUDE, NOISE)


def run(length_scale: Any, amplitude: Any, noise: Any) -> Tables:
    choose = tuner.with_given(Hyperparameters(length_scale, amplitude, noise))
    seeds = jnp.arange(SEARCHES)
    given = tuner.each(lambda seed: tuner.search(seed, choose).recommended, seeds)
    typical = jnp.asarray(tuner.typical())
    recommended = {"given": given} | {name: rivals()[name] for name in ("learned", "random")}
    found = {name: typical[x] for name, x in recommended.items()}
    near = {name: x <= typical.min() + NEAR for name, x in found.items()}
    arrived = {name: jax.lax.cummax(x.astype(jnp.int32), 1) for name, x in near.items()}
    count = jnp.arange(1, EVALUATIONS + 1)

    def middle(x: Any) -> Any:
        return jnp.sort(x, 0)[SEARCHES // 2]

    def evaluations(x: Any) -> Any:
        """The median over the searches of when each arrived; infinity if most did not."""
        first = jnp.argmax(x, 1).astype(jnp.float32) + 1
        return middle(jnp.where(x[:, -1] > 0, first, jnp.inf))[None]

    return {
        "loss": {"evaluation": count}
        | {name: GUESSING * 10.0 ** middle(x) for name, x in found.items()},
        "arrived": {"evaluation": count}
        | {name: 100 * x.mean(0, dtype=jnp.float32) for name, x in arrived.items()},
        "facts": {name: evaluations(x) for name, x in arrived.items()},
    }


NAMES = {
    "given": Text("Gaussian process as set", "proses Gauss menurut setelan"),
    "learned": Text("the same, hyperparameters learned",
                    "proses Gauss, hiperparameter dipelajari"),
    "random": Text("random search", "pencarian acak"),
}  # fmt: skip
ALONG = ("evaluation", Text("runs so far", "run sejauh ini"))
LOSS = Text("loss at the recommended rate", "loss pada laju yang disarankan")
ARRIVED = Text("searches arrived, %", "pencarian yang sampai, %")


LAB = Lab(
    "search",
    Text("Searching for a learning rate", "Mencari laju pembelajaran"),
    CONTROLS,
    run,
    (
        charts.over_steps("loss", NAMES, LOSS, (0.15, 2.5), EVALUATIONS, Text(
            "The loss at the recommended rate, median over 21 searches, against the number of "
            "runs, for three methods.",
            "Loss pada laju yang disarankan, median dari 21 pencarian, terhadap banyaknya run, "
            "untuk tiga cara."), over=ALONG),
        charts.over_steps("arrived", NAMES, ARRIVED, (0, 100), EVALUATIONS, Text(
            "The share of the searches that have arrived within 1.1 times the least loss, against "
            "the number of runs.",
            "Bagian pencarian yang sudah sampai pada paling banyak 1,1 kali loss terkecil, "
            "terhadap banyaknya run."),
            points=True, over=ALONG, log=False),
    ),
    (),
    """from stabsim import tuner

choose = tuner.with_given(tuner.Hyperparameters({length_scale}, {amplitude}, {noise}))
searches = [tuner.search(seed, choose) for seed in range(tuner.SEARCHES)]
arrived = sorted(float(tuner.arrivals(search.recommended)) for search in searches)
print("half of the searches have arrived after", arrived[len(arrived) // 2], "runs")
""",
    (Goal(
        Text(
            "Set the process so that half of its searches arrive within 7 runs.",
            "Setel proses itu sehingga separuh pencariannya sampai dalam 7 run.",
        ),
        (("given", "<", 7.5),),
    ),),
    facts=(
        Fact("facts", "given", Text("Runs until half of the searches have arrived: {value} as set,",
                                    "Banyaknya run hingga separuh pencarian sudah sampai: "
                                    "{value} menurut setelan,")),
        Fact("facts", "learned", Text("{value} with hyperparameters learned,",
                                      "{value} dengan hiperparameter yang dipelajari,")),
        Fact("facts", "random", Text("{value} at random (∞: more than 24).",
                                     "{value} secara acak (∞: lebih dari 24).")),
    ),
)  # fmt: skip
