"""The book on paper: an edition in one file, and a page from a browser's own print."""

import re

import pytest
from bs4 import BeautifulSoup

from book import LANGUAGES, live, notebooks, pdf, printed, repository
from tests.browser import WIDE, visit

BOXES = """() => ["section:has(> .dropdown) form.exercise", "section > .dropdown"]
  .map((all) => [...document.querySelectorAll(all)].map((one) => one.getBoundingClientRect().y))"""
"""Where exercises and solutions stand."""


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_edition_holds_all_pages_and_its_links_lead_somewhere(site, language):
    numbers = {"warmup": 31, "solution--warmup--1": 211}
    soup = BeautifulSoup(printed.whole(language, numbers, site), "html.parser")
    ids = [str(one["id"]) for one in soup.select("[id]")]
    assert len(set(ids)) == len(ids)
    assert [c["id"] for c in soup.select(".edition-chapter")] == [*notebooks.listed(), "solutions"]
    links = {str(a["href"]) for a in soup.select("a[href]")}
    assert {link for link in links if not re.match("#|https?://|mailto:", link)} == set()
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    labs = soup.select(".lab")
    assert len(labs) > 20
    for lab in labs:
        held = lab if "id" in lab.attrs else lab.find_parent("section")
        page, _, place = str(held["id"]).partition("--")
        assert lab.select_one(".lab-live svg")
        assert lab.select_one(f'.lab-live a[href="{live.address(language, page, place)}"]')
    assert not soup.select(".edition-chapter:not(#solutions) .dropdown")
    for place, number in numbers.items():
        assert any(a.get_text().endswith(f"{number}") for a in soup.select(f'a[href="#{place}"]'))


@pytest.mark.long
def test_the_pdf_has_the_pages_that_its_contents_name(site, browser, tmp_path):
    from pypdf import PdfReader

    for file in pdf.make(browser, site, tmp_path):
        reader = PdfReader(file)
        numbers = pdf.pages_of(file.read_bytes())
        starts = [numbers[page] for page in [*notebooks.listed(), "solutions"]]
        assert starts == sorted(set(starts))
        assert starts[-1] < len(reader.pages)
        front = "".join(reader.pages[i].extract_text() for i in range(starts[0] - 1))
        assert all(re.search(rf"\b{number}\b", front) for number in starts)
        assert reader.pages[starts[2] - 1].extract_text().rstrip().endswith(str(starts[2]))
        assert repository.site().partition("://")[2] in reader.pages[0].extract_text()
        assert len(reader.outline) > 0


def test_a_page_on_paper_is_light_and_has_its_solutions_last(address, context):
    page = context(viewport=WIDE, color_scheme="dark").new_page()
    visit(page, f"{address}en/index.html")
    lab = page.locator("#lab-first")
    assert not lab.locator(".lab-live").is_visible()
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert page.locator("html").get_attribute("data-theme") == "light"
    assert lab.locator(".lab-live svg").is_visible()
    assert not lab.locator("input[type=range]").first.is_visible()
    exercises, solutions = page.evaluate(BOXES)
    assert len(solutions) > len(exercises) > 0
    assert max(exercises) < min(solutions)
    assert solutions == sorted(solutions)
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert page.locator("html").get_attribute("data-theme") == "dark"
