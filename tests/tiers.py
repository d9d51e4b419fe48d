"""What `make test` runs of a test with many cases; `make test-all` runs them all."""

from collections.abc import Iterable
from typing import Any

import pytest

from book import LANGUAGES


def in_short(names: Iterable[str], *kept: str) -> list[Any]:
    """All names as parameters, of which those not kept have time in the long tier."""
    names = list(names)
    assert set(kept) <= set(names), set(kept) - set(names)
    return [pytest.param(name, marks=[] if name in kept else [pytest.mark.long]) for name in names]


def in_turn(*labs: str) -> list[Any]:
    """Each lab in both languages, as "clip-id"; `make test` runs one, of the next lab the other.

    A lab's numbers are the same in both.
    """
    languages = list(LANGUAGES)
    kept = [f"{lab}-{languages[i % len(languages)]}" for i, lab in enumerate(labs)]
    return in_short([f"{lab}-{language}" for lab in labs for language in languages], *kept)
