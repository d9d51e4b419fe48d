"""Primitives with drawn parameters. A module holds many cases, since a compile takes a while."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.wasm.cases import FAMILIES, elementwise
from tests.wasm.check import check

CASES = {"rows": 6, "sorts": 10, "scans": 10, "convolutions": 5, "pools": 2}  # in a module


def check_together(cases, **near):
    functions = [case.function for case in cases]
    together = lambda lists: [f(*x) for f, x in zip(functions, lists, strict=True)]  # noqa: E731
    try:
        check(together, ([case.arguments for case in cases],), **near)
    except Exception as error:
        error.add_note("\n".join(f"[{i}] {case}" for i, case in enumerate(cases)))
        raise


def test_elementwise_functions():
    check_together(elementwise(), tolerance=1e-6, entrywise=True)


@pytest.mark.parametrize("family", FAMILIES)
def test_family(family):
    size = CASES.get(family.__name__, 20)

    @settings(
        max_examples=3,
        phases=[Phase.generate],  # a failure names its case: shrinking would only compile on
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(family(), min_size=size, max_size=size))
    def run(cases):
        check_together(cases)

    run()
