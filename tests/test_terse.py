"""A page's pictures are written in few bytes, and look as Vega or we draw them."""

import gzip
import io
import json

import numpy as np
import pytest
import vl_convert
from PIL import Image

from book import labs
from book.terse import frame, terse
from stabsim.labs import LABS
from stabsim.labs.frame.picture import pictures
from stabsim.labs.frame.report import report
from tests.tiers import in_turn

CLIPPED = """
<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60" viewBox="0 0 90 60"
  font-family="sans-serif" font-size="10"
  ><defs><clipPath id="c"><rect x="0" y="0" width="40" height="30"/></clipPath
  ><linearGradient id="g" x1="0" x2="1" y1="0" y2="0"><stop offset="0" stop-color="red"
  /><stop offset="1" stop-color="blue"/></linearGradient></defs>
<g transform="translate(10,20)" fill="none" clip-path="url(#c)">{marks}</g></svg>
"""

MARKS = {
    "a line that leaves": '<path d="M-20,5L30,5L60,-40Z" stroke="blue" stroke-width="3"/>',
    "a disc": '<path d="M6,0A6,6,0,1,1,-6,0A6,6,0,1,1,6,0" transform="translate(9,9)" fill="red"/>',
    "a ring": '<path d="M6,0A6,6,0,1,1,-6,0A6,6,0,1,1,6,0Z" transform="translate(20,9)"'
    ' stroke="#123456" stroke-width="2"/>',
    "a map": '<path fill="navy" d="M0 0h12v4h-12zM20 0h6v4h-6zM4 4h9v4h-9z"/>',
    "bars": '<path fill="navy" d="M0 0h12v14h-12zM20 0h6v5h-6zM4 24h9v4h-9z"/>',
    "a gradient": '<path fill="url(#g)" d="M0 0h30v9h-30z"/>',
    "a contour": '<path d="M0,0L5,9M5,9L9,12M20,20L9,12" stroke="red" opacity="0.5"/>',
    "dashes": '<path d="M0,0L5,9M5,9L30,12" stroke="red" stroke-dasharray="6,3"/>',
    "what shows through": '<path d="M0,0h20v9h-20Z" fill="red" fill-opacity="0.4"/>'
    '<path d="M9,3h20v22h-20Z" fill="red" fill-opacity="0.4"/>',
    "turned words": '<text transform="translate(9,24) rotate(-90) translate(0,4)" fill="#000"'
    ' font-size="11px">a &lt; b</text>',
    "words on two lines": '<text transform="translate(3,9)" fill="#000" text-anchor="start">'
    '<tspan>one</tspan><tspan x="0" dy="13">two</tspan></text>',
    "words in two colours": '<text x="3" y="9" fill="#000"><tspan fill="red">■</tspan> b</text>',
}


def seen(svg: str) -> np.ndarray:
    """The picture's colours on white, twice as large."""
    drawn = Image.open(io.BytesIO(vl_convert.svg_to_png(svg, scale=2))).convert("RGBA")
    white = Image.new("RGBA", drawn.size, "white")
    return np.asarray(Image.alpha_composite(white, drawn).convert("RGB"), float)


def differs(drawn: str) -> float:
    """How far the terse picture is from the one that was drawn, of 255 on average."""
    return float(np.abs(seen(drawn) - seen(terse(drawn))).mean())


@pytest.mark.parametrize("marks", MARKS.values(), ids=MARKS)
def test_a_mark_looks_as_before(marks):
    drawn = CLIPPED.format(marks=marks)
    blank = np.abs(seen(drawn) - 255).mean()
    assert blank > 0.2
    assert differs(drawn) < 0.05 * blank


def test_what_only_the_mouse_meets_is_left_out():
    hidden = '<path d="M0,0h20v9h-20Z" fill="red" opacity="0.001"/>'
    assert terse(CLIPPED.format(marks=hidden)) == terse(CLIPPED.format(marks=""))


def drawn(name: str, language: str) -> list[str]:
    lab = LABS[name]
    values, columns = labs.prepare(name)["first"][0]
    tables = {n: {k: np.asarray(x, float) for k, x in t.items()} for n, t in columns.items()}
    facts = report(lab, tables, values, language).facts
    wide, narrow = (pictures(lab, tables, values, facts, language, x) for x in (620, 300))
    return [picture for picture in (*wide, *narrow) if picture]


@pytest.mark.parametrize("case", in_turn(LABS, "blocks", "first", "race"))
def test_a_labs_pictures_look_as_before_and_weigh_little(site, case):
    def weight(svgs: list[str]) -> int:
        return len(gzip.compress(json.dumps(svgs).encode()))

    before = drawn(*case.split("-"))
    assert weight([*map(terse, before)]) < 0.75 * weight(before)
    for picture in before:
        assert differs(picture) < 2, picture[:200]


def test_a_pages_frame_keeps_what_works():
    page = (
        '<head>\n\n  <!-- why -->\n  <script src="a.js"></script>\n'
        "  <script>let a = 1;</script>\n  <script>let b;</script>\n"
        '  <script src="b.js"></script>\n  <script>let a = 1;</script>\n</head>\n'
        "<article>\n\n  <pre>a\n\n  b</pre></article>\n\n\n<footer>c</footer>"
    )
    assert frame(page) == (
        '<head>\n<script src="a.js"></script>\n<script>let a = 1;\nlet b;</script>\n'
        '<script src="b.js"></script>\n</head>\n'
        "<article>\n\n  <pre>a\n\n  b</pre></article>\n<footer>c</footer>"
    )
