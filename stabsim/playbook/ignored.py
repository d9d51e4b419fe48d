"""What a training was given and did not heed, as its runs show."""

from collections.abc import Iterable, Iterator
from itertools import combinations

import numpy as np

from stabsim.playbook.runs import Run

GIVEN = ("learning_rate", "warmup_steps", "seed", "clip", "optimizer")
"""What may be ignored."""

FEWEST = 4
"""Losses that two runs must have in common, for the first ones are the same under any warmup."""


def ignored(runs: Iterable[Run]) -> list[str]:
    """Names of settings that change no loss of any run, to the last digit.

    Two runs that differ in one of them alone are held against each other up to the end of the
    shorter one. None is ignored of which there are no such two.
    """
    losses = [(run.settings, loss) for run in runs if (loss := _losses(run)).size >= FEWEST]

    def same(name: str) -> Iterator[bool]:
        kinds: dict[object, list[tuple[object, np.ndarray]]] = {}
        for settings, loss in losses:
            kind = settings._replace(**{name: None}, steps=0)
            kinds.setdefault(kind, []).append((getattr(settings, name), loss))
        for some in kinds.values():
            for (one, a), (other, b) in combinations(some, 2):
                if one != other:
                    n = min(a.size, b.size)
                    yield np.array_equal(a[:n], b[:n], equal_nan=True)

    found = []
    for name in GIVEN:
        pairs = list(same(name))
        if pairs and all(pairs):
            found.append(name)
    return found


def _losses(run: Run) -> np.ndarray:
    loss = run.log.loss if run.log is not None else None
    return np.array([]) if loss is None else loss.value.read(0, loss.size)
