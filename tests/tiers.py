"""What `make test` runs of a test with many cases; `make test-all` runs them all."""

from collections.abc import Iterable
from typing import Any

import pytest


def in_short(names: Iterable[str], *kept: str) -> list[Any]:
    """All names as parameters, of which those not kept have time in the long tier."""
    names = list(names)
    assert set(kept) <= set(names), set(kept) - set(names)
    return [pytest.param(name, marks=[] if name in kept else [pytest.mark.long]) for name in names]
