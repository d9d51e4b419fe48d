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
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.config import NbParserConfig
from myst_nb.core.read import create_nb_reader
from myst_parser.config.main import MdParserConfig
from nbformat import NotebookNode

from book import BUILD, LANGUAGES, ROOT
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
    reached = {
        "labs.show": [f"labs.{name}" for name, _ in labs(language, page)] + ["labs.frame.show"],
        "exercises.ask": ["exercises.frame.ask"],  # a place that the page fills
    }
    called = {name[1:] for name in CALLED.findall(code)}
    names = {n for name in called for n in reached.get(name, [name])}
    locked = (ROOT / "requirements.txt").read_bytes() + sys.version.encode()
    ours = digest(*sorted(f"stabsim.{name}" for name in names))
    return hashlib.sha256(f"{ours} {code}".encode() + locked).hexdigest()[:16]


def kept(language: str, page: str) -> bool:
    """Whether a page's outputs are there, made in its present state."""
    known = _known(language, page)
    return known.exists() and known.read_text(encoding="utf8") == state(language, page)


def _known(language: str, page: str) -> Path:
    return cache(language) / "states" / page


def run(language: str, page: str) -> None:
    """Run a page's cells in a kernel, unless their outputs are there.

    Outputs of cells that fail are not kept: Sphinx runs them again, and says what went wrong.
    """
    if kept(language, page):
        return
    file, known = source(language, page), _known(language, page)
    all_kept, cells_of_page = get_cache(cache(language)), notebook(language, page)
    now = state(language, page)  # what is saved while they run is run next time
    known.unlink(missing_ok=True)
    records: list[Any] = all_kept.list_cache_records()
    for record in records:
        if Path(record.uri) == file:
            all_kept.remove_cache(record.pk)
    surround_kernels(language)
    result = single_nb_execution(
        cells_of_page, cwd=str(file.parent), allow_errors=False, timeout=600, meta_override=True
    )
    if result.err is None:
        bundle = CacheBundleIn(cells_of_page, str(file), data={"execution_seconds": result.time})
        all_kept.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        known.parent.mkdir(exist_ok=True)
        known.write_text(now, encoding="utf8")


def surround_kernels(language: str) -> None:
    """Set the environment that kernels inherit: our own, and no settings of whoever builds."""
    settings = BUILD / "ipython/profile_default/ipython_kernel_config.py"
    settings.parent.mkdir(parents=True, exist_ok=True)
    # A kernel that listens to this machine alone need not warn that it does so in the clear.
    settings.write_text("c.IPKernelApp.log_level = 'ERROR'\n")
    os.environ |= {
        "IPYTHONDIR": str(BUILD / "ipython"), "STABSIM_BOOK": "1", "STABSIM_LANGUAGE": language,
    }  # fmt: skip
