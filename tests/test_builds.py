"""What is built in exercises: each has its kind, and the page judges as the chapter's cell does."""

import json
import re
from html import unescape
from typing import Any, cast
from urllib.parse import unquote

import nbformat
import pytest

import stabsim as ss
from book import LANGUAGES, build_page, outputs
from book.notebooks import pages, write
from book.repository import BRANCH, FOLDER, Place
from stabsim._words import number
from stabsim.exercises import BUILDS, EXERCISES
from stabsim.exercises.frame.build import SAID, Curve, Lines, Notebook, Numbers
from tests.node import READ, in_node

KINDS = {
    "index-highest": Notebook,
    "instability-curve": Curve,
    "optimizers-build": Lines,
    "transformers-build": Numbers,
    "warmup-uv": Lines,
    "clipping-median": Numbers,
    "fixes-build": Lines,
    "metaparameter-evidence": Notebook,
    "batch-pairs": Notebook,
}
TASK = re.compile(r"^\*\*\d+\. (Build|Menulis kode)\.\*\*(.*?)^:::\{admonition\}", re.M | re.S)
CELL = re.compile(r"```\{code-cell\} ipython3\n(.*?)\n```", re.S)
PLACE = re.compile(r"^:::\{build\} ([\w-]+)$", re.M)
HERE = Place("https://github.com/someone/else")

SOLVED = {
    "optimizers-build": "v = 0.9*v + g\ntheta = theta - 0.1*(0.9*v + g)",
    "fixes-build": "theta = theta + theta/2/100",
    "warmup-uv": "u_0 = 2\nv_0 = 0.4\neta = 3/4.16\nf = u*v\nw = u - eta*f*v\n"
    "v = v - eta*f*u\nu = w\ntheta = u**2 + v**2",
    "clipping-median": "[4, 3, 4, 5, 4]",
    "transformers-build": "1.2 0.4 0.3 0.9 2.3",
    "instability-curve": "2.3 2.2 9 1.8 1.6 1.2 1.0 0.9 0.8 0.7",
}
MISTAKEN = {
    "optimizers-build": ("v = 0.9*v + g\ntheta = theta - lr*w", "w is not one of"),
    "fixes-build": ("theta = theta + theta", "Not yet."),
    # The new u in v's line is another algorithm.
    "warmup-uv": (SOLVED["warmup-uv"].replace("w = u -", "u = u -").replace("u = w\n", ""), ""),
    "clipping-median": ("4, 3, 4, 100, 4", "Look again at number 4, 100."),
    "transformers-build": ("1.2, 0.4, 0.3", "5 numbers are needed; you have 3."),
    "instability-curve": ("2.3 2 1 0.5", "No entry is above the first"),
}
JUDGE = (
    'import { judge, curve } from "./../build.mjs";\n'
    'import { listed } from "./listed.mjs";\n' + READ + "const said = [];\n"
    "for (const [known, text] of given.asked) said.push(known.build.kind === 'curve'"
    " ? curve(known, listed(text, known.language).values, given.frame[known.language])"
    " : await judge(known, text));\nconsole.log(JSON.stringify(said));"
)


def _known(name, language):
    form = build_page.markup(BUILDS[name], language, "page", None)
    return json.loads(unescape(form.split('data-exercise="')[1].split('"')[0]))


def _judged(asked) -> list[Any]:
    """What the page says of each (name, language, text)."""
    from book.lab_page import frame

    given = {
        "asked": [[_known(name, language), text] for name, language, text in asked],
        "frame": {language: json.loads(json.dumps(frame(language))) for language in ("en", "id")},
    }
    return cast(list[Any], in_node(JUDGE, given))


@pytest.mark.parametrize("language", ["en", "id"])
def test_each_build_exercise_has_one_of_the_kinds(language):
    found = []
    for page in pages():
        text = outputs.source(language, page).read_text(encoding="utf8")
        for task in TASK.finditer(text):
            found += PLACE.findall(task[2])
            assert len(PLACE.findall(task[2])) == 1, f"{page}: where is it done?"
    assert {name: type(BUILDS[name]) for name in found} == KINDS
    assert set(found) == set(BUILDS)


def test_the_page_accepts_the_solutions_and_says_what_is_wrong():
    asked = [(name, "en", text) for name, text in SOLVED.items()]
    for (name, *_), said in zip(asked, _judged(asked), strict=True):
        assert said["right"], f"{name}: {said}"
    asked = [(name, "en", text) for name, (text, _) in MISTAKEN.items()]
    for (name, *_), said in zip(asked, _judged(asked), strict=True):
        assert not said["right"], f"{name}: {said}"
        assert MISTAKEN[name][1] in said["text"]


def test_what_stands_first_is_judged_as_the_chapters_cell_is():
    """For lines: the same number, and so the same words, as the cell hands to the check."""
    names = [name for name, kind in KINDS.items() if kind is Lines]
    asked = [(name, "en", build_page.start(BUILDS[name], "en")) for name in names]
    for name, said in zip(names, _judged(asked), strict=True):
        page = next(p for p in pages() if name in outputs.source("en", p).read_text())
        task = TASK.search(outputs.source("en", page).read_text(encoding="utf8"))
        assert task is not None
        code = CELL.findall(task[2])[0]
        given = []
        exec(  # the book's own cell
            re.sub(r"ss\.exercises\.check\([^,]*, ", "given.append(", code), {"given": given}
        )
        verdict = EXERCISES[name].judge(given[0], "en")
        assert not said["right"]
        assert said["text"].endswith(verdict.said.en)
        assert said["text"].startswith(f"theta = {number(given[0], 'en')} after")


def test_numbers_are_read_as_the_language_writes_them():
    said = _judged([
        ("transformers-build", "id", "1,2; 0,4; 0,3; 0,9; 2,3"),
        ("transformers-build", "id", "1,2 0,4 nol 0,9 2,3"),
        ("instability-curve", "id", build_page.start(BUILDS["instability-curve"], "id")),
    ])  # fmt: skip
    assert said[0] == {"right": True, "text": "Benar."}
    assert said[1]["text"] == "nol bukan bilangan."
    assert said[2]["text"].startswith("Ketidakstabilan awal")
    first = BUILDS["instability-curve"]
    assert isinstance(first, Curve)
    assert ss.diagnose(list(first.start)).verdict.value.startswith("early")


NEEDS_PYTHON = [name for name, build in BUILDS.items() if isinstance(build, Notebook)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NEEDS_PYTHON)
def test_what_needs_python_leads_to_its_cell(tmp_path, name, language):
    texts = {p: outputs.source(language, p).read_text(encoding="utf8") for p in pages()}
    page = next(p for p, text in texts.items() if f"{{build}} {name}\n" in text)
    said = build_page.markup(BUILDS[name], language, page, HERE)
    assert SAID["notebook"].in_(language) in said
    colab, binder, download = (unescape(link) for link in re.findall('href="([^"]*)"', said))
    cell = f"{language}/{page}.ipynb#scrollTo={name}"
    assert colab == f"https://colab.research.google.com/github/{HERE.path}/blob/{BRANCH}/{cell}"
    # JupyterLab's address is part of Binder's, its own # and = written so.
    place, path = binder.split("?urlpath=")
    assert place == f"https://mybinder.org/v2/gh/{HERE.path}/HEAD"
    assert unquote(path) == f"lab/tree/{FOLDER}/{language}/{page}.ipynb#cell-id={name}"
    assert download == f"{FOLDER}/{page}.ipynb"
    write(tmp_path, language, HERE)
    made = nbformat.read(tmp_path / f"{page}.ipynb", as_version=4)
    (there,) = (cell for cell in made.cells if cell["id"] == name)
    task = TASK.search(texts[page])
    assert task is not None
    assert there.source == CELL.findall(task[2])[0]
