"""What a walk through the playbook is going to run, and what that costs at most."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from stabsim import _check
from stabsim._advice import warmup_candidates
from stabsim._words import default_language, number
from stabsim.playbook.command import Reading
from stabsim.playbook.runs import Settings
from stabsim.playbook.stages import STAGES
from stabsim.playbook.training import Training, training
from stabsim.playbook.words import NAMES, PLAN

OBJECTIVES = ("final_loss", "validation_loss")
"""What may be compared, the least best: the median of the last tenth of the training losses, or
the least loss on held-out data."""

COARSE = tuple(4.0**k for k in range(-3, 4))
"""The rates of the first sweep, over the present one."""

EXTENSIONS = 3
"""So often the sweep is extended by two rates, where the best or the edge is not within."""

FAR = 16.0
"""An edge so far above the best rate is not refined: it limits nothing."""

REFINED = 4
"""So many rates about the best and the edge are run with every seed."""

EVERY_STEP = 500
"""The length of the short check."""

ABOVE = (5.0, 10.0)
"""How far above the best rate the workload is checked."""

GENTLE = (2.0, 5.0)
"""How far above the best rate a long warmup is tried where no loss shows an instability, and
clipping at the first of them."""

PEAKS = (1.0, 2.0, 4.0, 10.0, 30.0, 100.0)
"""The peaks that are trained in full with the warmup that was found, over the unstable rate."""

PERCENTILES = (90.0, 50.0)
"""Where to clip: at the playbook's percentile of the gradient norms, and harder."""

CLIPPED_RATES = (1.0, 2.0, 4.0)
"""The rates at which a threshold is trained in full, over the best so far."""

OTHER_RATES = tuple(10.0**k for k in range(-2, 3))
"""The rates at which another optimizer is trained, over the present one, ..."""

OTHER_FINER = (1 / 3, 3.0)
"""... and then about the best of those."""


TRIES = 3
"""Of what was tried with one seed, so many of the best are run with every seed, until one trains
with each."""

BACK_OFF = 2
"""Where the best settings fail with a seed of the comparison, their rate is halved so often."""


class Cost(NamedTuple):
    """What something costs at most, in runs and in training steps."""

    runs: int
    steps: int


class Plan(NamedTuple):
    """What a walk is going to do.

    Attributes:
        training: what trains.
        learning_rate: the present rate: the baseline, and the middle of the first sweep.
        steps: max_train_steps, the length of a full training.
        seeds: the seeds of the search.
        comparison_seeds: the seeds of the final comparison, none of them the search's.
        factors: the peaks that a warmup is searched for, over the unstable rate.
        optimizers: other optimizers to try.
        objective: one of :data:`OBJECTIVES`.
        budget: the training steps that the walk may cost; None for all that it needs.
        only: the stages that were asked for; all if empty.
        left_out: why a stage will not be walked, a key of :data:`stabsim.playbook.words.WHY`, by
            the stage's name.
    """

    training: Training
    learning_rate: float
    steps: int
    seeds: tuple[int, ...]
    comparison_seeds: tuple[int, ...]
    factors: tuple[float, ...]
    optimizers: tuple[str, ...]
    objective: str
    budget: int | None
    only: tuple[str, ...]
    left_out: dict[str, str]

    @property
    def baseline(self) -> Settings:
        """The present training."""
        return Settings(self.learning_rate, self.steps)

    @property
    def costs(self) -> dict[str, Cost]:
        """What each stage costs at most, if it comes to it."""
        n, m, steps = len(self.seeds), len(self.comparison_seeds), self.steps
        short = min(EVERY_STEP, steps)
        search = 3 * sum(warmup_candidates(steps))
        lengths = len(warmup_candidates(steps))
        searches = len(self.factors)
        peaks = sum(peak <= max(self.factors) for peak in PEAKS)

        def full(runs: int) -> Cost:
            return Cost(runs, runs * steps)

        other = len(OTHER_RATES) + len(OTHER_FINER) + 2 * TRIES * (n - 1)
        costs = {
            "sweep": full(len(COARSE) + 2 * EXTENSIONS + (REFINED + 1) * n),
            "every-step": Cost(n, n * short),
            "above": full(len(ABOVE) + len(GENTLE) + 1),
            "warmup": Cost(
                searches * n * lengths + peaks + TRIES * (n - 1),
                searches * n * search + (peaks + TRIES * (n - 1)) * steps,
            ),
            "clipping": full(len(PERCENTILES) * len(CLIPPED_RATES) + TRIES * (n - 1)),
            "optimizer": full(other * len(self.optimizers)),
            "lower-rate": Cost(0, 0),
            "comparison": full((2 + BACK_OFF) * m),
        }
        return {name: cost for name, cost in costs.items() if name not in self.left_out}

    @property
    def cost(self) -> Cost:
        """What all of it costs at most."""
        return Cost(*map(sum, zip(*self.costs.values(), strict=True)))  # pyright: ignore

    @property
    def reserved(self) -> int:
        """The steps that are kept for the comparison."""
        return self.costs["comparison"].steps if "comparison" in self.costs else 0

    def sentences(self, language: str | None = None) -> list[str]:
        """The stages with their cost, a line each, and the whole, in "en" or "id"."""
        language = default_language() if language is None else language

        def say(key: str, **values: Any) -> str:
            return PLAN[key].in_(language).format(**values)

        said = [
            say("baseline", rate=number(self.learning_rate, language), steps=self.steps,
                seeds=len(self.seeds))
        ]  # fmt: skip
        for name, cost in self.costs.items():
            at = NAMES[name].in_(language)
            said.append(say("stage", name=at, runs=cost.runs, steps=cost.steps))
        said.append(say("cost", runs=self.cost.runs, steps=self.cost.steps))
        if self.budget is not None:
            said.append(say("budget", budget=self.budget))
        for name in ("seed", "warmup_steps", "clip"):
            if name not in self.training.takes:
                said.append(say(f"no {name}"))
        return said

    def __str__(self) -> str:
        return "\n".join(self.sentences())


def plan_walk(
    train: Any,
    learning_rate: float,
    steps: int,
    *,
    seeds: Iterable[int] = range(3),
    comparison: int = 5,
    factors: Sequence[float] = (10.0,),
    optimizers: Sequence[str] = (),
    objective: str = "final_loss",
    budget: int | None = None,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    reading: Reading = Reading(),  # noqa: B008, a constant
) -> Plan:
    """The plan of a walk: see :func:`walk_playbook`, whose arguments these are.

    Raises:
        TypeError, ValueError: as :func:`walk_playbook`.
    """
    made = training(train, reading)
    _check.positive("learning_rate", learning_rate)
    _check.count("steps", steps, least=10)
    _check.count("comparison", comparison, least=2)
    _check.positive("factors", factors)
    _check.choice("objective", objective, OBJECTIVES)
    seeds, only, skip = tuple(seeds), tuple(only), tuple(skip)
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must be different whole numbers; they are {[*seeds]}.")
    for seed in seeds:
        _check.count("each seed", seed, least=0)
    for name in (*only, *skip):
        _check.choice("each of only and skip", name, STAGES)
    if "sweep" in skip:
        raise ValueError("the sweep cannot be skipped: all else rests on it.")
    if optimizers and "optimizer" not in made.takes:
        raise ValueError(
            "optimizers need a training that takes one: an argument optimizer, or {optimizer} in "
            "the command."
        )
    left_out = dict.fromkeys(skip, "skipped")
    left_out |= {name: "not asked" for name in STAGES[1:] if only and name not in only}
    needs = {"warmup": "warmup_steps", "clipping": "clip"}
    for name, taken in needs.items():
        if taken not in made.takes:
            left_out[name] = f"no {taken}"
    if not optimizers:
        left_out["optimizer"] = "no optimizer" if "optimizer" not in made.takes else "none named"
    plan = Plan(
        made, float(learning_rate), steps, seeds,
        tuple(range(max(seeds) + 1, max(seeds) + 1 + comparison)), tuple(sorted(factors)),
        tuple(optimizers), objective, budget, only, left_out,
    )  # fmt: skip
    if budget is not None:
        least = len(COARSE) * steps + plan.reserved
        if _check.count("budget", budget) < least:
            raise ValueError(
                f"budget must be at least {least} steps, for the first sweep and the comparison; "
                f"it is {budget}."
            )
    return plan
