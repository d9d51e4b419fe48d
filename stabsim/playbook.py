"""The tuning playbook's procedures, as functions over a training function of yours.

A training function is ``train(learning_rate, steps, seed) -> Trace``, where the learning
rate is a number or a schedule, such as

    def train(learning_rate, steps, seed):
        return simulate(mlp(), momentum(learning_rate), steps=steps, batch_size=64, seed=seed)

Source of the procedures: Godbole et al., Deep Learning Tuning Playbook (2023), FAQ.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from stabsim import _check
from stabsim._advice import ClipAdvice as ClipAdvice
from stabsim._advice import advise_clipping as advise_clipping
from stabsim._advice import warmup_candidates as warmup_candidates
from stabsim._words import Text, default_language, number
from stabsim.diagnosis import Diagnosis, diagnose
from stabsim.schedules import Schedule, warmup_then_constant
from stabsim.sweeps.sweep import sweep
from stabsim.trace import Trace

__all__ = [
    "ClipAdvice",
    "WarmupSearch",
    "advise_clipping",
    "check_above",
    "check_every_step",
    "search_warmup",
    "warmup_candidates",
]

Train = Callable[[Any, int, Any], Trace]


def check_every_step(
    train: Train,
    best_learning_rate: float,
    *,
    factor: float = 2.0,
    steps: int = 500,
    seeds: Iterable[int] = (0,),
) -> list[Diagnosis]:
    """The short check for early instability that recovers unseen between evaluations.

    Trains briefly at ``factor`` times the best learning rate and looks at every step.

    Args:
        train: the training function.
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
    train: Train,
    best_learning_rate: float,
    steps: int,
    *,
    factors: Iterable[float] = (5.0, 10.0),
    seeds: Iterable[int] = (0,),
) -> dict[float, list[Diagnosis]]:
    """The check of a workload that looks limited by instability: train well above lr*.

    A steady decline and then a sudden rise confirms it.

    Args:
        train: the training function.
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

    def experiment(factor: Any, seed: Any) -> Trace:
        return train(factor * best_learning_rate, steps, seed)

    runs = sweep(experiment, factor=factors, seed=seeds)
    return {
        factor: [
            diagnose(one.loss.to_numpy(), gradient_norm=one.gradient_norm.to_numpy())
            for one in (runs.sel(factor=factor, seed=seed) for seed in seeds)
        ]
        for factor in factors
    }


HINTS = {
    "found": Text(
        "At {rate} the shortest stable warmup takes {steps} steps.",
        "Pada laju {rate}, warmup stabil yang terpendek memakan {steps} langkah.",
    ),
    "none": Text(
        "No warmup was stable at {rate}. Try a smaller factor, gradient clipping, or another of "
        "the playbook's fixes.",
        "Tidak ada warmup yang stabil pada laju {rate}. Cobalah faktor yang lebih kecil, "
        "pemotongan gradien, atau perbaikan lain dari playbook.",
    ),
    "long": Text(
        "That is {share}% of the training: train longer.",
        "Itu {share}% dari pelatihan: latihlah lebih lama.",
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
    def schedule(self) -> Schedule:
        """The ramp to the peak and the constant rate after it, at the shortest length.

        Raises:
            ValueError: if no length was stable.
        """
        if self.shortest is None:
            raise ValueError(self.sentences("en")[0])
        return warmup_then_constant(self.base_learning_rate, self.shortest)


LONG_WARMUP = 0.05
"""A warmup above this share of max_train_steps asks for longer training."""


def search_warmup(
    train: Train,
    unstable_base_learning_rate: float,
    max_train_steps: int,
    *,
    factor: float = 10.0,
    warmup_steps: Iterable[int] | None = None,
    seeds: Iterable[int] = range(3),
) -> WarmupSearch:
    """The shortest warmup that reaches a rate well above the unstable one.

    Each length is tried on the schedule ramp, then constant for twice the ramp.

    Args:
        train: the training function.
        unstable_base_learning_rate: where the workload becomes unstable without warmup, from
            :func:`stabsim.diagnose_sweep`.
        max_train_steps: the length of the training that the warmup is for.
        factor: the peak over the unstable rate: 10 by default, then perhaps 100.
        warmup_steps: the lengths to try; :func:`warmup_candidates` if not given.
        seeds: one run a length each.
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
    seeds = list(seeds)
    peak = factor * unstable_base_learning_rate

    def experiment(length: Any, seed: Any) -> Trace:
        # All as long as the longest, so that one program runs them; each is judged by its own.
        return train(warmup_then_constant(peak, length), 3 * lengths[-1], seed)

    runs = sweep(experiment, length=lengths, seed=seeds, progress=False)
    stable = []
    for length in lengths:
        losses = runs.loss.sel(length=length).isel(step=slice(3 * length))
        verdicts = [diagnose(losses.sel(seed=seed).to_numpy()) for seed in seeds]
        stable.append(float(np.mean([not v.unstable for v in verdicts])))
    shortest = next((w for w, share in zip(lengths, stable, strict=True) if share == 1.0), None)
    return WarmupSearch(peak, tuple(lengths), tuple(stable), shortest, max_train_steps)
