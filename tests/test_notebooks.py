"""The chapters as notebooks: nothing of MyST is left, and all that runs on the page runs there."""

import re
from urllib.parse import urlsplit

import nbformat
import pytest

from book import LANGUAGES, notebooks
from book.languages import CHAPTERS
from book.repository import Place

ELSEWHERE = Place("https://github.com/someone/else")
MYST = re.compile(r"^\s*(:{3,}|`{3,}\{|~{3,}\{|% en:)|^\(\S+\)=|\{[\w:]+\}`", re.MULTILINE)
CELL = re.compile(r"```\{code-cell\}.*?\n(?P<code>.*?)```|^:::\{predict\} (?P<guess>\S+)$",
                  re.DOTALL | re.MULTILINE)  # fmt: skip
PAGES = [(language, page) for language in LANGUAGES for page in notebooks.pages()]


@pytest.fixture(params=PAGES, ids="/".join)
def made(request):
    return *request.param, notebooks.notebook(*request.param, ELSEWHERE)


def test_every_page_that_runs_something_is_one():
    running = {f.stem for f in (CHAPTERS / "en").glob("*.md") if "{code-cell}" in f.read_text()}
    assert set(notebooks.pages()) == running


def test_text_is_plain_markdown_with_every_link_absolute(made):
    _, _, book = made
    nbformat.validate(book)
    for cell in book.cells:
        if cell.cell_type == "markdown":
            assert not MYST.search(cell.source), cell.source
            assert cell.source.count("<details>") == cell.source.count("</details>")
            links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"\$[^$]*\$|`[^`]*`", "", cell.source))
            assert all(urlsplit(link).scheme == "https" for link in links), links


def test_code_is_the_pages(made):
    language, page, book = made
    source = (CHAPTERS / language / f"{page}.md").read_text(encoding="utf8")
    cells = [
        re.sub(r"\A(---\n.*?\n---\n|(:[^\n]*\n)+)", "", c["code"], flags=re.DOTALL).strip()
        if c["code"]
        else f'ss.exercises.predict("{c["guess"]}")'
        for c in CELL.finditer(source)
    ]
    setup, *code = [cell.source for cell in book.cells if cell.cell_type == "code"]
    assert code == cells
    assert f'"{language}"' in setup
    assert "git+https://github.com/someone/else" in setup


def test_no_line_of_code_is_wider_than_a_page(made):
    _, _, book = made
    _, *code = [cell.source for cell in book.cells if cell.cell_type == "code"]
    for cell in code:
        assert max(map(len, cell.splitlines())) <= 79, cell


def test_links_to_sections_of_the_live_book_lead_somewhere(made):
    language, _, book = made
    text = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    for page, label in re.findall(rf"{ELSEWHERE.pages}/{language}/([\w-]+).html#([\w-]+)", text):
        assert f"({label})=" in (CHAPTERS / language / f"{page}.md").read_text(encoding="utf8")


@pytest.mark.parametrize(("language", "page"), PAGES)
def test_where_the_book_is_published_nowhere(language, page):
    book = notebooks.notebook(language, page, None)
    setup = next(cell.source for cell in book.cells if cell.cell_type == "code")
    compile(setup, "setup", "exec")
    assert "import stabsim" in setup
    text = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"\$[^$]*\$|`[^`]*`", "", text))
    beside = [
        re.fullmatch(r"\.\./([\w-]+)\.html(#[\w-]+)?", link) for link in links if link[0] == "."
    ]
    assert all(beside)
    assert all((CHAPTERS / language / f"{link[1]}.md").is_file() for link in beside)
    assert beside[0][1] == page


def test_a_directive_without_a_counterpart_is_said(monkeypatch):
    page = "---\n---\n# A page\n\n```{bibliography}\n```\n"
    monkeypatch.setattr(notebooks, "_source", lambda *_: page)
    with pytest.raises(ValueError, match="no counterpart of the directive bibliography"):
        notebooks.notebook("en", "page", ELSEWHERE)
