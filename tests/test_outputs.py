"""Cells run before pages are read: once, and anew when their code or what it calls changes."""

import pytest
from jupyter_cache import get_cache

from book import LANGUAGES, ROOT, outputs

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
import os

print(os.environ["STABSIM_LANGUAGE"], 6 * 7)
```
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Writes the one page of an Indonesian book."""
    file = tmp_path / "chapters/id/page.md"
    file.parent.mkdir(parents=True)
    (tmp_path / "requirements.txt").write_bytes((ROOT / "requirements.txt").read_bytes())
    monkeypatch.setattr(outputs, "ROOT", tmp_path)
    monkeypatch.setattr(outputs, "BUILD", tmp_path / "_build")
    for name in ("IPYTHONDIR", "STABSIM_BOOK", "STABSIM_LANGUAGE"):  # restored afterwards
        monkeypatch.setenv(name, "")
    file.write_text(PAGE, encoding="utf8")
    return file


def texts():
    """The texts that the kept pages print."""
    cache = get_cache(outputs.cache("id"))
    bundles = [cache.get_cache_bundle(record.pk) for record in cache.list_cache_records()]
    return [cell.outputs[0].text for bundle in bundles for cell in bundle.nb.cells]


class Failed:
    err = "an error"


def test_outputs_are_kept_until_what_they_rest_on_changes(page, monkeypatch):
    outputs.run("id", "page")
    assert texts() == ["id 42\n"]
    with monkeypatch.context() as patch:
        patch.setattr(outputs, "single_nb_execution", None)  # it must not be called
        outputs.run("id", "page")
    assert outputs.kept("id", "page")
    monkeypatch.setattr(outputs, "state", lambda *_: "the package has changed")
    assert not outputs.kept("id", "page")
    monkeypatch.setattr(outputs, "single_nb_execution", lambda *_, **__: Failed())
    outputs.run("id", "page")
    assert texts() == []


def test_outputs_of_cells_that_fail_are_not_kept(page):
    page.write_text(PAGE.replace("6 * 7", "6 / 0"), encoding="utf8")
    outputs.run("id", "page")
    assert texts() == []


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
