"""What a reader's browser fetches of the labs, after compression: less than was promised."""

import gzip

import pytest

from book import LANGUAGES
from book.assets import ASSETS
from stabsim.labs import LABS

KB = 1000

BEFORE = {("boot.mjs", "lab.mjs"): 11, ("chart.mjs",): 150, ("layers.mjs", "digits.mjs"): 6}
"""In KB: what all labs share, the charts with the verdict on a run, and our own pictures."""

MODULE, PAGE = 110, 75


def weight(*files):
    return sum(len(gzip.compress(file.read_bytes())) for file in files)


@pytest.mark.parametrize("names", BEFORE)
def test_scripts(site, names):
    assert 0 < weight(*(ASSETS / "lab" / name for name in names)) < BEFORE[names] * KB


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_labs_program(site, language):
    programs = list((site / language / "_static/lab/models").glob("*.wasm"))
    assert len(programs) >= len(LABS)
    assert {p.name: weight(p) for p in programs if weight(p) >= MODULE * KB} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page(site, language):
    pages = list((site / language).glob("*.html"))
    assert pages
    assert {p.name: weight(p) for p in pages if weight(p) >= PAGE * KB} == {}
