"""Runs the cells of the pages before Sphinx reads these: several at a time, and only what changed.

Jupyter Book's cache holds a page's outputs until its code changes. Here they go, too, when the
package that the code calls does, as far as the page can reach it.
"""

import ast
import functools
import hashlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.config import NbParserConfig
from myst_nb.core.read import create_nb_reader
from myst_parser.config.main import MdParserConfig
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from book import BUILD, LANGUAGES, NEEDLESS, ROOT, recorded
from book.outline import blocks, options
from stabsim._source import digest

CELL = re.compile(r"^```\{code-cell\}.*?^```$", re.MULTILINE | re.DOTALL)
CALLED = re.compile(r"\bss((?:\.\w+)+)")


def source(language: str, page: str) -> Path:
    """The file of a page."""
    return ROOT / "chapters" / language / f"{page}.md"


def pages() -> list[str]:
    """The pages with cells, the welcome page first: it is what a reader opens first."""
    found = sorted((ROOT / "chapters" / next(iter(LANGUAGES))).glob("*.md"))
    names = [file.stem for file in found if CELL.search(file.read_text(encoding="utf8"))]
    return sorted(names, key=lambda name: name != "index")


def notebook(language: str, page: str) -> NotebookNode:
    """A page as the notebook that myst-nb makes of it."""
    file = source(language, page)
    text = file.read_text(encoding="utf8")
    reader = create_nb_reader(str(file), MdParserConfig(), NbParserConfig(), text)
    assert reader is not None, f"{file} does not begin as a notebook."
    return reader.read(text)


def cells(language: str, page: str) -> str:
    """The code of a page."""
    return _cells(source(language, page).read_text(encoding="utf8"))


@functools.cache
def _cells(text: str) -> str:
    fences = [lines for fence, lines in blocks(text.splitlines()) if fence and _holds_cell(fence)]
    return "\n".join(line for lines in fences for line in options(lines[1:-1])[1])


def _holds_cell(fence: re.Match[str]) -> bool:
    return fence["name"] == "code-cell"


def labs(language: str, page: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The labs that a page shows, each with what its setting changes."""
    return _labs(cells(language, page))


@functools.cache
def _labs(code: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    return tuple(
        (
            ast.literal_eval(call.args[0]),
            {str(k.arg): ast.literal_eval(k.value) for k in call.keywords},
        )
        for call in ast.walk(ast.parse(code))
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("labs.show")
    )


def cache(language: str) -> Path:
    """Where the outputs of a language's cells are kept."""
    return BUILD / "outputs" / language


def state(language: str, page: str) -> str:
    """Changes when a page's cells may come to something else: with what they call."""
    code = cells(language, page)
    # Places that the page fills.
    reached = {"labs.show": ["labs.frame.show"], "exercises.ask": ["exercises.frame.ask"]}
    called = {name[1:] for name in CALLED.findall(code)}
    names = {n for name in called for n in reached.get(name, [name])}
    locked = (ROOT / "requirements.txt").read_bytes() + sys.version.encode()
    ours = digest(*sorted(f"stabsim.{name}" for name in names))
    shown = recorded.state(page)
    return hashlib.sha256(f"{ours} {shown} {code}".encode() + locked).hexdigest()[:16]


def kept(language: str, page: str) -> bool:
    """Whether a page's outputs are there, made in its present state."""
    known = _known(language, page)
    return known.exists() and known.read_text(encoding="utf8") == state(language, page)


def _known(language: str, page: str) -> Path:
    return cache(language) / "states" / page


def run(page: str, languages: Sequence[str]) -> None:
    """Run a page's cells in a kernel, in each language whose outputs are not there.

    The languages follow each other in one kernel, so that the others find compiled what the
    first ran. Outputs of cells that fail are not kept: Sphinx runs them again, and says what went
    wrong.
    """
    stale = [language for language in languages if not kept(language, page)]
    if not stale:
        return
    # What is saved while they run is run next time.
    states = {language: state(language, page) for language in stale}
    pages_cells = {language: notebook(language, page) for language in stale}
    for language in stale:
        _forget(language, page)
    result = execute(_joined(pages_cells), stale[0], page)
    if result.err is not None:
        return
    for language in stale:
        bundle = CacheBundleIn(
            pages_cells[language],
            str(source(language, page)),
            data={"execution_seconds": result.time},
        )
        get_cache(cache(language)).cache_notebook_bundle(
            bundle, check_validity=False, overwrite=True
        )
        known = _known(language, page)
        known.parent.mkdir(exist_ok=True)
        known.write_text(states[language], encoding="utf8")


def execute(cells: NotebookNode, language: str, page: str) -> ExecutionResult:
    """Run cells as those of a page, in a kernel of their own.

    Args:
        cells: the notebook, which gets the outputs.
        language: that of what they print, "en" or "id".
        page: its name.
    """
    surround_kernels(language)
    return single_nb_execution(
        cells, cwd=str(source(language, page).parent), allow_errors=False, timeout=600,
        meta_override=True,
    )  # fmt: skip


def _joined(notebooks: dict[str, NotebookNode]) -> NotebookNode:
    """The cells of one page in several languages, one after the other in one notebook.

    The cells are those of the notebooks, which get their outputs.
    """
    first, *others = notebooks
    whole = NotebookNode(notebooks[first], cells=list(notebooks[first].cells))
    for language in others:
        whole.cells += [new_code_cell(SPEAK.format(language)), *notebooks[language].cells]
    return whole


SPEAK = """from stabsim import _settings
_settings.speak({!r})"""
"""What a kernel runs between two languages."""


def _forget(language: str, page: str) -> None:
    """Drop the outputs of a page."""
    _known(language, page).unlink(missing_ok=True)
    all_kept = get_cache(cache(language))
    records: list[Any] = all_kept.list_cache_records()
    for record in records:
        if Path(record.uri) == source(language, page):
            all_kept.remove_cache(record.pk)


def surround_kernels(language: str) -> None:
    """Set the environment that kernels inherit: our own, and no settings of whoever builds."""
    settings = BUILD / "ipython/profile_default/ipython_kernel_config.py"
    settings.parent.mkdir(parents=True, exist_ok=True)
    # A kernel that listens to this machine alone need not warn that it does so in the clear.
    quiet = "c.IPKernelApp.log_level = 'ERROR'"
    lean = f'c.IPKernelApp.exec_lines = [\'__import__("sys").modules["{NEEDLESS}"] = None\']'
    settings.write_text(f"{quiet}\n{lean}\n")
    os.environ |= {
        "IPYTHONDIR": str(BUILD / "ipython"), "STABSIM_BOOK": "1", "STABSIM_LANGUAGE": language,
    }  # fmt: skip
