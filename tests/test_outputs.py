"""Cells run before pages are read: once, and anew when their code or what it calls changes."""

import pytest
from jupyter_cache import get_cache
from nbformat.v4 import new_code_cell, new_notebook

from book import LANGUAGES, NEEDLESS, ROOT, outputs
from stabsim._source import reached
from stabsim.labs import LABS

PAGE = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---

# A page

```{code-cell} ipython3
:tags: [remove-input]
from stabsim._words import default_language

print(default_language(), 6 * 7)
```
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Writes the one page of a book; returns the Indonesian file."""
    for language in LANGUAGES:
        file = tmp_path / f"chapters/{language}/page.md"
        file.parent.mkdir(parents=True)
        file.write_text(PAGE, encoding="utf8")
    (tmp_path / "requirements.txt").write_bytes((ROOT / "requirements.txt").read_bytes())
    monkeypatch.setattr(outputs, "ROOT", tmp_path)
    monkeypatch.setattr(outputs, "BUILD", tmp_path / "_build")
    for name in ("IPYTHONDIR", "STABSIM_BOOK", "STABSIM_LANGUAGE"):  # restored afterwards
        monkeypatch.setenv(name, "")
    return file


def texts(language="id"):
    """The texts that the kept pages print."""
    cache = get_cache(outputs.cache(language))
    bundles = [cache.get_cache_bundle(record.pk) for record in cache.list_cache_records()]
    return [cell.outputs[0].text for bundle in bundles for cell in bundle.nb.cells]


class Failed:
    err = "an error"


def test_outputs_are_kept_until_what_they_rest_on_changes(page, monkeypatch):
    outputs.run("page", ["id"])
    assert texts() == ["id 42\n"]
    with monkeypatch.context() as patch:
        patch.setattr(outputs, "single_nb_execution", None)  # it must not be called
        outputs.run("page", ["id"])
    assert outputs.kept("id", "page")
    monkeypatch.setattr(outputs, "state", lambda *_: "the package has changed")
    assert not outputs.kept("id", "page")
    monkeypatch.setattr(outputs, "single_nb_execution", lambda *_, **__: Failed())
    outputs.run("page", ["id"])
    assert texts() == []


def test_languages_follow_each_other_in_one_kernel(page, monkeypatch):
    asked = []
    execute = outputs.single_nb_execution

    def once(notebook, **options):
        asked.append(len(notebook.cells))
        return execute(notebook, **options)

    monkeypatch.setattr(outputs, "single_nb_execution", once)
    outputs.run("page", list(LANGUAGES))
    assert len(asked) == 1
    assert texts("en") == ["en 42\n"]
    assert texts("id") == ["id 42\n"]
    page.write_text(PAGE.replace("6 * 7", "6 * 8"), encoding="utf8")
    outputs.run("page", list(LANGUAGES))
    assert len(asked) == 2
    assert texts("en") == ["en 42\n"]
    assert texts("id") == ["id 48\n"]


def test_outputs_of_cells_that_fail_are_not_kept(page):
    page.write_text(PAGE.replace("6 * 7", "6 / 0"), encoding="utf8")
    outputs.run("page", ["id"])
    assert texts() == []


def test_kernels_import_altair_without_what_takes_long(page):
    cell = new_code_cell(
        f"import sys\nimport altair\nassert sys.modules[{NEEDLESS!r}] is None\n"
        "altair.Chart().mark_point().to_dict()"
    )
    assert outputs.execute(new_notebook(cells=[cell]), "id", "page").err is None


def test_state_follows_the_cells_and_not_the_prose(page):
    before = outputs.state("id", "page")
    page.write_text(PAGE.replace("# A page", "# Another title"), encoding="utf8")
    assert outputs.state("id", "page") == before
    page.write_text(PAGE.replace("6 * 7", "6 * 8"), encoding="utf8")
    assert outputs.state("id", "page") != before


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_and_their_labs(language):
    assert outputs.pages()[0] == "index"
    shown = dict(outputs.labs(language, "clipping"))
    assert shown["clip"] == {"seed": 6}
    assert {"twins", "strategies"} <= set(shown)


def test_a_lab_is_compiled_for_itself():
    found = reached(["book.lab_programs", "stabsim.labs.valley"])
    assert {"stabsim.labs.valley", "book.lab_programs"} <= found
    assert not {f"stabsim.labs.{name}" for name in LABS if name != "valley"} & found


def test_state_hangs_on_what_the_cells_call(monkeypatch):
    asked = []
    monkeypatch.setattr(outputs, "digest", lambda *names: asked.extend(names) or "")
    outputs.state("en", "index")
    assert {"stabsim.labs.frame.show", "stabsim.sweep", "stabsim.diagnose_sweep"} <= set(asked)
    # A lab fills its place when the page is written: extension.outdated sees that it changed.
    assert not any(f"stabsim.labs.{name}" in asked for name in LABS)
