"""Search: what readers type leads to the section that answers it, and to its paragraph."""

import json

import pytest

from book import LANGUAGES, search
from book.assets import ASSETS, NPM
from tests.browser import NARROW, WIDE, visit, watch
from tests.node import READ, in_node
from tests.test_site import SETTLED
from tests.tiers import in_short

FIRST = {
    "en": {
        "exploding gradients": "clipping#gradient-clipping",
        "NaN": "diagnose#what-the-verdicts-mean",
        "fp16": "half_precision#half-precision",
        "vanishing gradients": "fixes#initialization-a-product-of-many-factors",
        "warm-up": "warmup#learning-rate-warmup",
        "loss spikes": "transformers#adam-s-late-spikes",
        "learning rate too high": "instability#why-a-rate-can-be-too-high",
        "sharpnes": "glossary#concept-sharpness",
        "how do I write a rule of my own?": "optimizers#a-rule-of-your-own",
    },
    "id": {
        "gradien meledak": "clipping#gradient-clipping",
        "exploding gradients": "clipping#gradient-clipping",
        "NaN": "diagnose#what-the-verdicts-mean",
        "fp16": "half_precision#half-precision",
        "hilang": "fixes#initialization-a-product-of-many-factors",
        "warmup": "warmup#learning-rate-warmup",
        "memotong gradien": "clipping#gradient-clipping",
        "ketajamannya": "glossary#concept-sharpness",
        "lonjakan loss": "clipping#spikes-in-mid-training",
        "ukuran batch": "batch_size#batch-size",
    },
}
"""What readers type, and the section that is to come first."""

PAGE = """<p>Before</p><article class="bd-article"><section id="one">
<h1>One<a class="headerlink">#</a></h1>
<p>First <em>text</em> with <mjx-container><p>TeX</p></mjx-container>, cut.</p><pre>code</pre>
<section id="two"><h2>Two</h2><ul><li>item<li>other</ul></section>
<dl><dt id="term">term (istilah)</dt><dd>Meaning.</dd></dl><p>Last</p>
<article class="claim" id="claim"><h2>A claim</h2><p>holds</p></article><p>After</p>
<form><label>no</label><button>no</button></form></section></article>"""


def test_sections_of_a_page():
    found = [(s.anchor, s.title, s.paragraphs) for s in search.sections(PAGE)]
    assert found == [
        ("one", "One", ["First text with …, cut.", "Last", "After"]),
        ("two", "Two", ["item", "other"]),
        ("term", "term (istilah)", ["Meaning."]),
        ("claim", "A claim", ["holds"]),
    ]


def test_a_page_is_read_again_when_its_article_changes(tmp_path):
    page, read = tmp_path / "page.html", []

    def titles() -> list[str]:
        return [section["title"] for section in search.index(tmp_path, "en")["sections"]]

    for html in (PAGE, PAGE.replace("Two", "Other"), PAGE.replace("Before", "After")):
        page.write_text(html, encoding="utf8")
        read.append(titles())
    assert read[0] == read[2] == ["One", "Two", "term (istilah)", "A claim"]
    assert read[1] == ["One", "Other", "term (istilah)", "A claim"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_right_section_is_first(site, language):
    index = json.loads((site / language / "_static" / search.FILE).read_text(encoding="utf8"))
    anchors = {(s["page"], s["anchor"]) for s in index["sections"]}
    assert len(anchors) == len(index["sections"]) > 200
    found = in_node(
        READ + f'import {{ searcher }} from "{ASSETS}/lab/searcher.mjs";\n'
        "const find = searcher(given.index);\n"
        "console.log(JSON.stringify(given.asked.map((typed) => find(typed, 1)\n"
        "  .map(({ page, anchor }) => `${page}#${anchor}`)[0])));",
        {"index": index, "asked": list(FIRST[language])},
    )
    assert dict(zip(FIRST[language], found, strict=True)) == FIRST[language]


@pytest.mark.parametrize("language", in_short(LANGUAGES, "id"))
def test_by_keyboard_from_any_page_to_the_paragraph(address, context, language):
    page = context(viewport=WIDE).new_page()
    wrong = watch(page, address)
    visit(page, f"{address}{language}/warmup.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("exploding gradients")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}{language}/search.html?q=*")
    results = page.locator("[data-search] ol a")
    results.first.wait_for()
    assert results.count() > 3
    page.evaluate((NPM / "node_modules/axe-core/axe.min.js").read_text(encoding="utf8"))
    for size, scheme in ((WIDE, "light"), (NARROW, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(SETTLED, arg=scheme)
        assert page.evaluate("() => axe.run()")["violations"] == []
        assert page.evaluate("() => document.documentElement.scrollWidth") <= size["width"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/clipping.html*")
    assert page.evaluate("() => location.hash") == "#gradient-clipping"
    page.go_back()
    results.first.wait_for()
    page.locator("main [type=search]").fill("qqqq")
    page.get_by_text("qqqq").wait_for()
    assert results.count() == 0
    assert not wrong
