"""Every chapter as a notebook for Colab, Jupyter and Binder, made from the same source as its page.

A notebook's text is plain Markdown and HTML, which all of them show: MyST's admonitions,
references and labels are written in these. Its first cell installs stabsim where it is missing.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import yaml
from pybtex.database import Entry, parse_file

from book import BOOK, LANGUAGES, ROOT, SITE, scoreboard
from book.languages import CHAPTERS
from book.outline import HASH, LABEL, ROLE, blocks, options
from book.prediction_page import TITLE
from book.repository import FOLDER, Place, place
from stabsim._words import Text

LIVE = Text(
    "Written from the live page [{title}]({page}), where labs and exercises run in the browser. "
    "Here they run on this notebook's kernel.",
    "Notebook ini dibuat dari halaman interaktif [{title}]({page}), tempat lab dan latihan "
    "berjalan di peramban. "
    "Di sini semuanya berjalan di kernel.",
)
FIRST = Text(
    "Run this cell first. It installs `stabsim` if it is not there, and nothing that is.",
    "Jalankan sel ini lebih dahulu. Sel ini memasang `stabsim` jika belum ada, "
    "dan tidak memasang ulang yang sudah ada.",
)
FIRST_NOWHERE = Text(
    "Run this cell first. It needs `stabsim`: in the project's folder, `pip install .[labs]`.",
    "Jalankan sel ini lebih dahulu. Sel ini memerlukan `stabsim`: di dalam folder proyek, "
    "`pip install .[labs]`.",
)
"""Where it is not known what to install from."""

REFERENCES = Text("References", "Daftar pustaka")
FIGURE = Text("Figure.", "Gambar.")
AND = Text("and", "dan")
OTHERS = Text("et al.", "dkk.")

SETUP = """\
import importlib.util
import os

os.environ["STABSIM_LANGUAGE"] = "{language}"
if importlib.util.find_spec("stabsim") is None:
    %pip install --quiet "stabsim[labs] @ git+{repository}"\
"""
SETUP_NOWHERE = """\
import os

os.environ["STABSIM_LANGUAGE"] = "{language}"
import stabsim\
"""

LINK = re.compile(r"\]\(([\w-]+)(?:\.md)?\)")
NUMBERED = re.compile(r"(?<=\$\$)[ \t]*\([\w-]+\)[ \t]*$", re.MULTILINE)


def listed() -> list[str]:
    """All pages, in the order of the book."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
    files = [contents["root"], *(chapter["file"] for chapter in contents["chapters"])]
    return [Path(file).name for file in files]


def pages() -> list[str]:
    """The pages that are chapters: those that run something."""
    return [name for name in listed() if "{code-cell}" in _source("en", name)]


def write(folder: Path, language: str, where: Place | None = None) -> None:
    """Write a language's notebooks into a folder.

    Args:
        folder: is made if it is not there.
        language: "en" or "id".
        where: what the first cells install from; where this folder is published if not given.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages():
        nbformat.write(notebook(language, page, where or place()), folder / f"{page}.ipynb")


def main(folder: Path) -> None:
    """Write the notebooks of every language into a folder."""
    for language in LANGUAGES:
        write(folder / language, language)


def publish() -> None:
    """Put the notebooks beside the pages."""
    for language in LANGUAGES:
        write(SITE / language / FOLDER, language)


def notebook(language: str, page: str, where: Place | None) -> nbformat.NotebookNode:
    """One page as a notebook."""
    source = _source(language, page)
    read = cells(source.split("\n---\n", 1)[1].splitlines(), language, where)
    title = next(line[2:] for line in source.splitlines() if line.startswith("# "))
    live = LIVE.in_(language).format(title=title, page=address(where, language, page))
    say = (FIRST if where else FIRST_NOWHERE).in_(language)
    first = [
        nbformat.v4.new_markdown_cell(f"{live}\n\n{say}"),
        nbformat.v4.new_code_cell(setup(language, where)),
    ]
    made = nbformat.v4.new_notebook(cells=[*first, *read])
    for number, cell in enumerate(made.cells):
        # The same at every build; links lead to those of what is built.
        cell["id"] = cell.metadata.pop("build", f"{page}-{number}")
    made.metadata["kernelspec"] = {
        "display_name": "Python 3", "language": "python", "name": "python3",
    }  # fmt: skip
    made.metadata["language_info"] = {"name": "python"}
    nbformat.validate(made)
    return made


def setup(language: str, where: Place | None) -> str:
    """The first cell's code: the language, and stabsim where it is missing."""
    if where is None:
        return SETUP_NOWHERE.format(language=language)
    return SETUP.format(language=language, repository=where.repository)


def address(where: Place | None, language: str, page: str, anchor: str = "") -> str:
    """A page of the live book; if that is published nowhere, the page beside the notebook."""
    return f"{f'{where.pages}/{language}' if where else '..'}/{page}.html{anchor}"


def cells(lines: list[str], language: str, where: Place | None) -> list[nbformat.NotebookNode]:
    """Some lines of a page as cells, without ids."""
    reader = _Reader(language, where)
    reader.read(lines)
    return reader.cells


def _source(language: str, page: str) -> str:
    return (CHAPTERS / language / f"{page}.md").read_text(encoding="utf8")


class _Reader:
    """Turns lines of MyST into cells."""

    def __init__(self, language: str, where: Place | None) -> None:
        self.language, self.where = language, where
        self.cells: list[nbformat.NotebookNode] = []
        self.lines: list[str] = []
        self.closing: list[tuple[str, str]] = []
        self.cited: dict[str, None] = {}
        self.guess = ""  # the code of a prediction whose question is being read

    def read(self, lines: list[str]) -> None:
        for fence, block in blocks(lines):
            if fence and fence["name"] == "code-cell":
                self._code(block[1:-1])
            elif fence and fence["name"]:
                self._directive(fence, block[1:])
            elif fence:
                self.lines += block
            elif self.closing and block[0].strip() == self.closing[-1][0]:
                self.lines += ["", self.closing.pop()[1], ""]
                if self.guess:
                    self._code([":tags: [remove-input]", self.guess])
                    self.guess = ""
            else:
                self._prose(block[0])
        self._end_prose()
        self._references()

    def _prose(self, line: str) -> None:
        if HASH.fullmatch(line):
            return
        if label := LABEL.fullmatch(line):
            line = f'<a id="{label[1]}"></a>\n'
        line = ROLE.sub(lambda role: self._role(role[1], role[2]), line)
        line = LINK.sub(lambda link: f"]({self._address(link[1])})", line)
        self.lines.append(NUMBERED.sub("", line))

    def _directive(self, fence: re.Match[str], block: list[str]) -> None:
        marks, name, argument = fence["marks"], fence["name"], fence["rest"].strip()
        given, _ = options(block)
        if name == "admonition":
            folded = given.get("class") == "dropdown"
            opening = f"<summary>{argument}</summary>" if folded else f"**{argument}**"
            element = "details" if folded else "blockquote"
            self.lines += [f"<{element}>{opening}" if folded else f"<{element}>\n\n{opening}", ""]
            self.closing.append((marks, f"</{element}>"))
        elif name == "predict":
            self.lines += [f"<blockquote>\n\n**{TITLE.in_(self.language)}**", ""]
            self.closing.append((marks, "</blockquote>"))
            self.guess = f'ss.exercises.predict("{argument}")'
        elif name == "build":
            self._end_prose()
            self.cells[-1].metadata["build"] = argument
            self.closing.append((marks, ""))
        elif name in ("progress", "edition"):  # which a browser keeps, and no notebook
            self.closing.append((marks, ""))
        elif name == "scoreboard":
            self.lines.append(scoreboard.headline(self.language))
            self.closing.append((marks, ""))
        else:
            raise ValueError(f"A notebook has no counterpart of the directive {name}.")

    def _role(self, name: str, target: str) -> str:
        if name not in ("cite:p", "cite:t"):
            raise ValueError(f"A notebook has no counterpart of the role {name}.")
        texts = []
        for key in target.split(","):
            self.cited[key.strip()] = None
            texts.append(_who(key.strip(), self.language))
        if name == "cite:t":
            return ", ".join(f"{who} ({year})" for who, year in texts)
        return "(" + "; ".join(f"{who}, {year}" for who, year in texts) + ")"

    def _address(self, target: str) -> str:
        """Where a link to a page or a label leads: to the live book."""
        page, anchor = _labels().get(target, (target, ""))
        return address(self.where, self.language, page, anchor)

    def _code(self, block: list[str]) -> None:
        self._end_prose()
        given, body = options(block)
        cell = nbformat.v4.new_code_cell("\n".join(body).strip("\n"))
        if "remove-input" in given.get("tags", []):
            # Folded away in Jupyter and in Colab, where it can be opened.
            cell.metadata |= {"jupyter": {"source_hidden": True}, "cellView": "form"}
        self.cells.append(cell)
        figure = given.get("mystnb", {}).get("figure", {})
        if caption := figure.get("caption"):
            text = " ".join(caption.split())
            self.lines += [f'<a id="{figure["name"]}"></a>', ""]
            self._prose(f"**{FIGURE.in_(self.language)}** {text}")

    def _end_prose(self) -> None:
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(self.lines)).strip()
        self.lines = []
        if text:
            self.cells.append(nbformat.v4.new_markdown_cell(text))

    def _references(self) -> None:
        if not self.cited:
            return
        self.lines += [f"## {REFERENCES.in_(self.language)}", ""]
        self.lines += [f"- {_reference(key, self.language)}" for key in sorted(self.cited)]
        self._end_prose()


@cache
def _labels() -> dict[str, tuple[str, str]]:
    """The page of each label, and the address on it."""
    found = {}
    for file in sorted((CHAPTERS / "en").glob("*.md")):
        for line in file.read_text(encoding="utf8").splitlines():
            if label := LABEL.fullmatch(line):
                found[label[1]] = (file.stem, f"#{label[1]}")
        found[file.stem] = (file.stem, "")
    return found


@cache
def _entries() -> dict[str, Entry]:
    return dict(parse_file(str(BOOK / "references.bib")).entries)


def _who(key: str, language: str) -> tuple[str, str]:
    """Authors in short, and the year."""
    entry: Any = _entries()[key]
    names = [" ".join(person.last_names) for person in entry.persons["author"]]
    if len(names) > 2:
        who = f"{names[0]} {OTHERS.in_(language)}"
    else:
        who = f" {AND.in_(language)} ".join(names)
    return who, entry.fields["year"]


def _reference(key: str, language: str) -> str:
    fields: Any = _entries()[key].fields
    who, year = _who(key, language)
    title = fields["title"].replace("{", "").replace("}", "")
    where = fields.get("journal") or fields.get("booktitle") or fields.get("publisher") or ""
    address = fields.get("url") or ""
    if "doi" in fields:
        address = f"https://doi.org/{fields['doi']}"
    elif "eprint" in fields:
        address = f"https://arxiv.org/abs/{fields['eprint']}"
    written = f"[{title}]({address})" if address else f"*{title}*"
    return f"{who} ({year}). {written}." + (f" {where}." if where else "")
