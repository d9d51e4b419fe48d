"""What `make test` runs of a test with many cases; `make test-all` runs them all."""

from collections.abc import Iterable
from itertools import cycle
from typing import Any

import pytest

from book import LANGUAGES


def in_short(names: Iterable[Any], *kept: Any) -> list[Any]:
    """All names as parameters, of which those not kept have time in the long tier."""
    names = list(names)
    assert set(kept) <= set(names), set(kept) - set(names)
    return [pytest.param(name, marks=[] if name in kept else [pytest.mark.long]) for name in names]


def in_turn(labs: Iterable[str], *kept: str) -> list[Any]:
    """Each lab in both languages, as "clip-id"; `make test` runs those kept, in turn in one.

    A lab's numbers are the same in both.
    """
    cases = [f"{lab}-{language}" for lab in labs for language in LANGUAGES]
    languages = cycle(LANGUAGES)
    return in_short(
        cases, *(f"{lab}-{language}" for lab, language in zip(kept, languages, strict=False))
    )
