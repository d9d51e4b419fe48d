"""What the pages say of their cells' runs, as they are computed here."""

import pytest

from claims.portable import PAGES
from claims.statement import AS_DRAWN


@pytest.mark.parametrize(
    "said",
    [said for statements in PAGES.values() for said in statements],
    ids=lambda said: f"{said.__module__.rsplit('.')[-1]}-{said.__name__}",
)
def test_a_page_is_right_where_it_is_built(said):
    statements = list(said(AS_DRAWN))
    assert statements
    assert not [one for one in statements if not one.holds]
