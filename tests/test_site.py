"""The built site in a browser: every page in both languages, under a path of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin

import pytest

import stabsim
from book import LANGUAGES, ROOT, progress, styles, words
from book import site as building
from book.assets import ASSETS, NPM
from tests.browser import NARROW, WIDE, pages, visit, watch
from tests.tiers import in_short

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"')
CONTRAST = ["color-contrast"]
LAYOUT = ["aria-hidden-focus", "button-name", "link-name", "scrollable-region-focusable"]
"""What dark colours, and a narrow screen, may change of what axe finds on a wide light one."""


BEHIND = """
() => [document.body, ...document.querySelectorAll(".lab, .exercise")].map((element) => {
  const own = () => getComputedStyle(element).backgroundColor.match(/[\\d.]+/g).map(Number);
  while (own()[3] === 0 && element.parentElement) element = element.parentElement;
  return own().slice(0, 3);
})
"""
"""The colour behind the page, and behind each lab and exercise."""


LOOKS = {
    "light": (WIDE, "light", None),
    "dark": (WIDE, "dark", CONTRAST),
    "narrow": (NARROW, "light", LAYOUT),
}
"""How a page is looked at once it is loaded, one after the other."""

SETTLED = """(scheme) => document.documentElement.dataset.theme === scheme
  && !document.getAnimations().some((one) => one.playState === "running")
  && [...document.querySelectorAll("main pre")].every((pre) =>
    pre.scrollWidth <= pre.clientWidth || pre.tabIndex === 0)"""
"""The colours are those of the scheme, and what scrolls at this width can be reached by keys."""


EACH_KIND = {f"en/{name}.html" for name in ("diagnose", "index", "scoreboard", "warmup")}
"""The pages that axe looks at in `make test`: between them they have all that a page can have."""


@pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.long)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page(site, address, context, language, thorough):
    """The two languages have the same pages but for their words.

    `make test` looks at all of them in Indonesian, whose words are the longer ones, and at one of
    each kind in English.
    """
    axe = (NPM / "node_modules/axe-core/axe.min.js").read_text(encoding="utf8")
    page = context(viewport=WIDE, color_scheme="light").new_page()
    wrong = watch(page, address)
    problems = {}
    for name in pages(site):
        every_rule = thorough or name in EACH_KIND
        looked_at = every_rule or language == "id"
        if not name.startswith(f"{language}/") or not looked_at:
            continue
        visit(page, address + name)
        if every_rule:
            page.evaluate(axe)
        for look, (size, scheme, rules) in LOOKS.items():
            if scheme == "dark" and not every_rule:
                continue  # what is dark hangs on no word
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(SETTLED, arg=scheme)
            if every_rule:
                options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
                found = page.evaluate("(options) => axe.run(options)", options)["violations"]
                wrong += [f"{v['id']}: {v['nodes'][0]['html'][:300]}" for v in found]
            width = page.evaluate("() => document.documentElement.scrollWidth")
            if width > size["width"]:
                wrong.append(f"is {width} pixels wide")
            if any((sum(color) < 3 * 128) != (scheme == "dark") for color in page.evaluate(BEHIND)):
                wrong.append(f"is not {scheme} throughout")
            if wrong:
                problems[f"{name}, {look}"] = wrong.copy()
                wrong.clear()
        page.set_viewport_size(WIDE)
        page.emulate_media(color_scheme="light")
    assert not problems, json.dumps(problems, indent=2)


def test_no_page_may_run_what_is_not_the_sites(site):
    """What a page may run and fetch: the site's files, scripts that it names, and WebAssembly."""
    for name in [*pages(site), "index.html"]:
        (policy,) = POLICY.findall((site / name).read_text(encoding="utf8"))
        allowed = {kind: set(rest) for kind, *rest in map(str.split, policy.split(";"))}
        own = {s for s in allowed["script-src"] if not s.startswith("'sha256-")}
        assert own == {"'self'", "'wasm-unsafe-eval'"}, name
        assert allowed["default-src"] == allowed["worker-src"] == {"'self'"}
        assert allowed["object-src"] == {"'none'"}


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_labs_first_picture_can_be_read(address, context, size):
    page = context(viewport=size, java_script_enabled=False).new_page()
    page.goto(f"{address}en/instability.html")
    drawn = page.locator(".lab-panel :is(.lab-wide, .lab-narrow) > svg:visible")
    panels = page.locator(".lab-panel:not([hidden])")  # and not those seen: an empty one is not
    assert drawn.count() == panels.count() > 0
    for picture in drawn.all():
        box = picture.bounding_box()
        assert box is not None
        assert box["width"] > 0.8 * float(picture.get_attribute("width") or 0)


@pytest.mark.parametrize("language", in_short(LANGUAGES, "id"))
def test_every_page_without_scripts(site, address, context, language):
    page = context(java_script_enabled=False).new_page()
    for name in pages(site):
        if not name.startswith(f"{language}/"):
            continue
        page.goto(address + name)
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("h1:visible").count(), name
        assert page.locator("meta[name=description]").get_attribute("content"), name
        assert not page.locator(".pst-js-only:visible").count(), name
        text = page.locator("main").inner_text()
        assert len(text) > 500 or Path(name).stem == "search", name
        assert "\\(" not in text, "formulas are set, not written in TeX"
        for other in LANGUAGES.keys() - {language}:
            link = page.locator(f"a[hreflang={other}]").get_attribute("href") or ""
            alternate = page.locator(f"link[hreflang={other}]").get_attribute("href") or ""
            there = address + other + name.removeprefix(language)
            assert urljoin(address + name, link) == urljoin(address + name, alternate) == there
            assert (site / other / name.partition("/")[2]).exists()


@pytest.mark.parametrize(
    ("locale", "language"), [("id-ID", "id"), ("en-GB", "en"), ("de-DE", "en")]
)
def test_start_page(address, context, locale, language):
    page = context(locale=locale).new_page()
    wrong = watch(page, address)
    page.goto(address)
    page.wait_for_url(f"{address}{language}/index.html")
    assert not wrong


def test_start_page_without_scripts(address, context):
    page = context(java_script_enabled=False).new_page()
    page.goto(address)
    for language, name in LANGUAGES.items():
        page.get_by_role("link", name=name, exact=True).click()
        assert page.url == f"{address}{language}/index.html"
        page.go_back()


def test_theme_speaks_the_language(site, address, context):
    """No English word of the theme is left on an Indonesian page."""
    page = context(viewport=WIDE).new_page()
    visit(page, address + "en/index.html")
    names = """() => [...document.querySelectorAll('body *')].filter(e => !e.closest('article'))
        .flatMap(e => [e.title, e.ariaLabel, e.placeholder, e.dataset.bsTitle,
          ...[...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data)])
        .map(text => (text ?? '').trim()).filter(text => /[a-z]{4}/.test(text))"""
    english = set(page.evaluate(names))
    visit(page, address + "id/index.html")
    indonesian = set(page.evaluate(names))
    # The commit beside the version may hold four letters in a row.
    same = {text for text in english & indonesian if not re.fullmatch(r"\([0-9a-f]+\)", text)}
    assert same == {f"stabsim {stabsim.__version__}", "Notebook"}
    assert "Salin" in {b.get_attribute("data-tooltip") for b in page.locator(".copybtn").all()}


def test_scripts_are_translated_once(site, tmp_path):
    names = ("translations.js", "copybutton.js", "togglebutton.js")
    for name in names:
        shutil.copy(site / "id/_static" / name, tmp_path)
    words.translate_scripts(tmp_path, "id")  # as in a build that finds nothing to write
    for name in names:
        assert (tmp_path / name).read_bytes() == (site / "id/_static" / name).read_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_load_the_scripts_of_now(site, language):
    made = [file for file in (ASSETS / "lab").rglob("*") if file.is_file()]
    assert any(file.name == "lab.mjs" for file in made)
    for file in made:
        there = site / language / "_static/lab" / file.relative_to(ASSETS / "lab")
        assert there.read_bytes() == file.read_bytes()


def test_styles_keep_what_pages_use():
    style = (
        """/* .a{} */.a,.b:not(.c),p{x:y}.b{x:y}@media print{.b{x:y}}.a:before{content:"}.b{"}"""
    )
    kept = """.a,p{x:y}.a:before{content:"}.b{"}"""
    assert styles.used(style, {"a"}) == kept


def test_a_change_of_what_the_site_is_made_of_is_noticed(tmp_path, monkeypatch):
    """And so a build that finds none may end at once."""
    monkeypatch.setattr(building, "ROOT", tmp_path)
    page, cache = tmp_path / "chapters/en/page.md", tmp_path / "stabsim/__pycache__/module.pyc"
    for file in (page, cache, tmp_path / "_toc.yml"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("as it was")
    before = building._sources()
    cache.write_text("compiled anew")
    assert building._sources() == before
    for file in (page, tmp_path / "_toc.yml", tmp_path / "book/new.py"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("changed")
        after = building._sources()
        assert after != before
        before = after


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        pytest.param(
            "```{code-cell} ipython3\nraise ValueError('on purpose')\n```",
            "on purpose",
            id="notebook",
            marks=pytest.mark.long,
        ),
        pytest.param("{ref}`nowhere`", "nowhere", id="warning", marks=pytest.mark.long),
        pytest.param("$\\frac{1}$", "formula", id="formula", marks=pytest.mark.long),
    ],
)
def test_what_is_wrong_fails_the_build(tmp_path, site, cell, said):
    page = tmp_path / "chapters/en/index.md"
    page.parent.mkdir(parents=True)
    front = (ROOT / "chapters/en/index.md").read_text(encoding="utf8").split("\n# ")[0]
    page.write_text(f"{front}\n# Title\n\n{cell}\n", encoding="utf8")
    for name in ("_config.yml", "_toc.yml", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for part in ("book", "jax2wasm/src/jax2wasm/loader"):  # what pages' scripts are made of
        shutil.copytree(ROOT / part, tmp_path / part)
    (tmp_path / "_build").mkdir()
    (tmp_path / "_build/npm").symlink_to(NPM)
    build = subprocess.run(
        [sys.executable, "-m", "book"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert build.returncode
    assert said in build.stderr


REACH = 2
"""Screens within which a chapter has something to touch."""

TOUCHED = """() => Math.min(...[...document.querySelectorAll(
    "article :is(.lab, .prediction, form.exercise, .drop, .board-choice)")]
  .filter((one) => one.getClientRects().length)
  .map((one) => one.getBoundingClientRect().y + scrollY)) / innerHeight"""


SIZES = {"wide": WIDE, "narrow": {"width": 390, "height": 844}}


@pytest.mark.parametrize("size", in_short(SIZES, "narrow"))
def test_every_chapter_has_something_to_touch_at_its_beginning(address, context, size):
    page = context(viewport=SIZES[size]).new_page()
    touched = {}
    for name in [one["page"] for one in progress.chapters("en")] + ["diagnose", "scoreboard"]:
        visit(page, f"{address}en/{name}.html")
        page.locator("form.prediction:visible, .lab, .drop, .board-choice:visible").first.wait_for()
        touched[name] = page.evaluate(TOUCHED)
    assert {name: at for name, at in touched.items() if not at < REACH} == {}


def test_the_scoreboard_shows_the_claims_that_are_chosen(address, context):
    page = context(viewport=NARROW).new_page()
    wrong = watch(page, address)
    visit(page, f"{address}id/scoreboard.html")
    claims, form = page.locator("article.claim"), page.locator(".board-choice")
    every = claims.count()
    form.locator("[name=verdict]").select_option("partly reproduced")
    partly = page.locator("article.claim:visible")
    assert 0 < partly.count() < every
    assert {one.get_attribute("data-verdict") for one in partly.all()} == {"partly reproduced"}
    assert f"{partly.count()} dari {every} klaim" in form.inner_text()
    form.locator("[name=verdict]").select_option("")
    form.locator("[name=chapter]").select_option("clipping")
    assert {one.get_attribute("data-chapter") for one in partly.all()} == {"clipping"}
    for name in ("Kode", "Angka (CSV)"):
        link = partly.first.get_by_role("link", name=name).get_attribute("href") or ""
        assert page.request.get(urljoin(page.url, link)).ok
    assert not wrong


def test_what_a_long_listing_comes_to_is_seen_while_it_is_folded(address, context):
    page = context(viewport=WIDE, java_script_enabled=False).new_page()
    page.goto(f"{address}en/instability.html")
    listing = page.locator(".cell:has(details.listing):has(.cell_output)").first
    assert listing.locator(".cell_output").first.is_visible()
    assert not listing.locator("pre").first.is_visible()
    listing.locator("summary").click()
    assert listing.locator("pre").first.is_visible()
    assert page.locator("#exercises .cell_input").count() > 0
    assert page.locator("#exercises details.listing").count() == 0
