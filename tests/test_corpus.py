"""The corpus of logs: Python and the page's scripts say of each what is written down."""

import pytest

from tests import corpus

CASES, RIGHT = corpus.cases(), corpus.expected()
PAGE = "on the page"


def test_an_answer_is_written_down_for_every_log():
    assert list(CASES) == list(RIGHT)


@pytest.mark.parametrize("name", CASES)
def test_python(name):
    right = {key: value for key, value in RIGHT[name].items() if key != PAGE}
    corpus.assert_alike(corpus.in_python(CASES[name]), right)


@pytest.fixture(scope="module")
def on_the_page():
    return dict(zip(CASES, corpus.in_page(list(CASES.values())), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_the_page(on_the_page, name):
    corpus.assert_alike(on_the_page[name], RIGHT[name].get(PAGE, RIGHT[name]))
