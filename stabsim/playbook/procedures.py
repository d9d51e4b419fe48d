"""The tuning playbook's procedures, as functions over a training function of yours.

A training function is whatever trains once and gives a log: one that JAX traces, such as

    def train(learning_rate, steps, seed):
        return simulate(mlp(), momentum(learning_rate), steps=steps, batch_size=64, seed=seed)

where the learning rate is a number or a schedule; any other, which also takes ``warmup_steps``; or
a command with placeholders: :func:`stabsim.playbook.training`.

Source of the procedures: Godbole et al., Deep Learning Tuning Playbook (2023), FAQ.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stabsim import _check
from stabsim._advice import warmup_candidates
from stabsim._words import Text, default_language, number
from stabsim.diagnosis import Diagnosis
from stabsim.playbook.runs import Run, Settings
from stabsim.playbook.store import Store
from stabsim.playbook.training import Place, run_all, training

if TYPE_CHECKING:
    from stabsim.schedules import Schedule


def check_every_step(
    train: Any,
    best_learning_rate: float,
    *,
    factor: float = 2.0,
    steps: int = 500,
    seeds: Iterable[int] = (0,),
) -> list[Diagnosis]:
    """The short check for early instability that recovers unseen between evaluations.

    Trains briefly at ``factor`` times the best learning rate and looks at every step.

    Args:
        train: the training function: see :func:`stabsim.playbook.training`.
        best_learning_rate: lr*, the best rate of a sweep.
        factor: how far above lr* to train.
        steps: how briefly.
        seeds: one run each.
    Returns:
        One diagnosis a seed.
    Raises:
        ValueError: if a number is not positive.
    """
    return check_above(train, best_learning_rate, steps, factors=(factor,), seeds=seeds)[factor]


def check_above(
    train: Any,
    best_learning_rate: float,
    steps: int,
    *,
    factors: Iterable[float] = (5.0, 10.0),
    seeds: Iterable[int] = (0,),
) -> dict[float, list[Diagnosis]]:
    """The check of a workload that looks limited by instability: train well above lr*.

    A steady decline and then a sudden rise confirms it.

    Args:
        train: the training function: see :func:`stabsim.playbook.training`.
        best_learning_rate: lr*, the best rate of a sweep.
        steps: the full length of training.
        factors: how far above lr* to train.
        seeds: one run each.
    Returns:
        For each factor, one diagnosis a seed.
    Raises:
        ValueError: if a number is not positive.
    """
    _check.positive("best_learning_rate", best_learning_rate)
    factors, seeds = list(factors), list(seeds)
    _check.positive("factors", factors)

    found = at_rates(train, [factor * best_learning_rate for factor in factors], steps, seeds)
    return {factor: [verdict(run) for run in runs]
            for factor, runs in zip(factors, found, strict=True)}  # fmt: skip


def at_rates(
    train: Any,
    learning_rates: Sequence[float],
    steps: int,
    seeds: Iterable[int],
    place: Place | None = None,
) -> list[list[Run]]:
    """Runs at constant rates, a list a rate of one run a seed."""
    made, seeds = training(train), list(seeds)
    wanted = [Settings(float(rate), steps, seed) for rate in learning_rates for seed in seeds]
    runs = run_all(made, wanted, place or Place(Store(None, made.name)))
    return [runs[i : i + len(seeds)] for i in range(0, len(runs), len(seeds))]


def verdict(run: Run) -> Diagnosis:
    """The diagnosis of a run.

    Raises:
        RuntimeError: if it left no log, with what it printed.
    """
    if run.diagnosis is None:
        raise RuntimeError(f"The run {run.settings.name} left no log: {run.output}")
    return run.diagnosis


HINTS = {
    "found": Text(
        "At {rate} the shortest stable warmup takes {steps} steps.",
        "Pada laju {rate}, warmup stabil yang terpendek memakan {steps} langkah.",
    ),
    "none": Text(
        "No warmup was stable at {rate}. Try a smaller factor, gradient clipping, or another of "
        "the playbook's fixes.",
        "Tidak ada warmup yang stabil pada laju {rate}. Coba faktor yang lebih kecil, "
        "pemotongan gradien, atau perbaikan lain dari playbook.",
    ),
    "long": Text(
        "That is {share}% of the training: train longer.",
        "Itu {share}% dari pelatihan: latih lebih lama.",
    ),
}
"""What a search for a warmup says."""


class WarmupSearch(NamedTuple):
    """What a search for the shortest warmup found.

    Attributes:
        base_learning_rate: the peak that was tried.
        warmup_steps: the lengths that were tried, increasing.
        stable: for each length, the share of seeds that were stable.
        shortest: the shortest length at which all seeds were stable; None if there is none.
        max_train_steps: the length of the training that the warmup is for.
    """

    base_learning_rate: float
    warmup_steps: tuple[int, ...]
    stable: tuple[float, ...]
    shortest: int | None
    max_train_steps: int

    @property
    def hint(self) -> str | None:
        """What stands in the way: "none" or "long", a key of :data:`HINTS`; None if nothing."""
        if self.shortest is None:
            return "none"
        return "long" if self.shortest > LONG_WARMUP * self.max_train_steps else None

    def sentences(self, language: str | None = None) -> list[str]:
        """What was found and what to do next, one sentence each, in "en" or "id".

        In the language of the settings if none is given.
        """
        language = default_language() if language is None else language
        values = {
            "rate": number(self.base_learning_rate, language),
            "steps": self.shortest,
            "share": number(100 * (self.shortest or 0) / self.max_train_steps, language),
        }
        keys = {"none": ["none"], "long": ["found", "long"], None: ["found"]}[self.hint]
        return [HINTS[key].in_(language).format(**values) for key in keys]

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    @property
    def schedule(self) -> "Schedule":
        """The ramp to the peak and the constant rate after it, at the shortest length.

        Raises:
            ValueError: if no length was stable.
        """
        if self.shortest is None:
            raise ValueError(self.sentences("en")[0])
        from stabsim.schedules import warmup_then_constant  # here: it imports JAX

        return warmup_then_constant(self.base_learning_rate, self.shortest)


LONG_WARMUP = 0.05
"""A warmup above this share of max_train_steps asks for longer training."""


def search_warmup(
    train: Any,
    unstable_base_learning_rate: float,
    max_train_steps: int,
    *,
    factor: float = 10.0,
    warmup_steps: Iterable[int] | None = None,
    seeds: Iterable[int] = range(3),
    place: Place | None = None,
    advance: Callable[[Run], object] = lambda _: None,
) -> WarmupSearch:
    """The shortest warmup that reaches a rate well above the unstable one.

    Each length is tried on the schedule ramp, then constant for twice the ramp.

    Args:
        train: the training function: see :func:`stabsim.playbook.training`.
        unstable_base_learning_rate: where the workload becomes unstable without warmup, from
            :func:`stabsim.diagnose_sweep`.
        max_train_steps: the length of the training that the warmup is for.
        factor: the peak over the unstable rate: 10 by default, then perhaps 100.
        warmup_steps: the lengths to try; :func:`warmup_candidates` if not given.
        seeds: one run a length each.
        place: where the runs go; here, and kept nowhere, if not given.
        advance: called with each run.
    Raises:
        ValueError: if a number is not positive, or a length exceeds a tenth of
            ``max_train_steps``.
    """
    _check.positive("unstable_base_learning_rate", unstable_base_learning_rate)
    _check.positive("factor", factor)
    lengths = warmup_candidates(max_train_steps)
    if warmup_steps is not None:
        largest, lengths = (
            lengths[-1],
            sorted(_check.count("warmup_steps", w) for w in warmup_steps),
        )
        if not lengths or lengths[-1] > largest:
            raise ValueError(
                f"warmup_steps must be lengths up to {largest}, a tenth of "
                f"max_train_steps={max_train_steps}; they are {lengths}."
            )
    peak, seeds = factor * unstable_base_learning_rate, list(seeds)
    made = training(train)
    runs = run_all(
        made,
        [Settings(peak, 3 * length, seed, length) for length in lengths for seed in seeds],
        place or Place(Store(None, made.name)),
        advance,
    )
    stable = [
        float(np.mean([not run.unstable and run.reading is not None for run in some]))
        for some in (runs[i : i + len(seeds)] for i in range(0, len(runs), len(seeds)))
    ]
    shortest = next((w for w, share in zip(lengths, stable, strict=True) if share == 1.0), None)
    return WarmupSearch(peak, tuple(lengths), tuple(stable), shortest, max_train_steps)
