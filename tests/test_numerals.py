"""Numbers as readers write them, in the page and on a kernel alike."""

import json
import math
from pathlib import Path

import pytest

from stabsim._numerals import LONGEST, plain, read
from tests.node import READ, in_node

CASES = [
    (text, language, value, *(units or [[]]))
    for text, language, value, *units in json.loads(
        Path(__file__).with_name("numerals.json").read_text(encoding="utf8")
    )
]


@pytest.mark.parametrize(("text", "language", "value", "units"), CASES)
def test_a_kernel_reads(text, language, value, units):
    expected = math.nan if value is None else value
    assert read(text, language, units) == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_a_page_reads():
    script = (
        READ + 'import { read } from "./numerals.mjs";\n'
        "console.log(JSON.stringify(given.map(([text, language, , units]) =>"
        " read(text, language, units))));"
    )
    found = in_node(script, CASES)
    assert isinstance(found, list)
    for (text, language, value, _), ours in zip(CASES, found, strict=True):
        assert ours == (value if value is None else pytest.approx(value, rel=1e-12)), (
            text, language,
        )  # fmt: skip


def test_what_is_shown_is_read_back():
    values = [31500.0, 0.003125, 6.10352e-5, -1.5, 0.0, 123456.0]
    script = (
        READ + 'import { plain, read } from "./numerals.mjs";\n'
        'console.log(JSON.stringify(given.flatMap((x) => ["en", "id"].map((language) =>'
        " [plain(x, language), read(plain(x, language), language)]))));"
    )
    ours = [
        [plain(x, language), read(plain(x, language), language)]
        for x in values
        for language in ("en", "id")
    ]
    assert ours == in_node(script, values)
    assert [value for _, value in ours] == [x for x in values for _ in range(2)]


def test_long_text_is_no_number():
    assert math.isnan(read("(" * LONGEST + "1" + ")" * LONGEST, "en"))
