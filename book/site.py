"""Builds the site: the book in each language under _build/site, and the page that chooses one."""

import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from jupyter_book.sphinx import build_sphinx

from book import BOOK, BUILD, LANGUAGES, ROOT, SITE, assets, labs, notebooks, policy, repository

AHEAD: dict[str, BaseProcess] = {}
"""What runs the notebooks of a language before its turn."""

COMMIT = re.compile(r'<span class="commit">.*?</span>', re.DOTALL)
"""Where a page's footer says of which commit it is."""


def build() -> None:
    """Build what has changed; a warning or a notebook that raises is an error."""
    with alone(), labs.compiled_meanwhile():
        assets.make()
        for language, name in LANGUAGES.items():
            print(f"{name}: building {SITE.relative_to(ROOT) / language}", flush=True)
            start = time.perf_counter()
            build_language(language)
            # Copies of the notebooks as run, which myst-nb leaves beside the pages.
            shutil.rmtree(SITE / "jupyter_execute", ignore_errors=True)
            print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
        notebooks.publish()
        start_page = (BOOK / "start.html").read_text(encoding="utf8")
        (SITE / "index.html").write_text(policy.secure(start_page), encoding="utf8")
        stamp()
        if not repository.place():
            print("No buttons to Colab and Binder: no repository on GitHub is known (_config.yml)")


def stamp(site: Path = SITE, root: Path = ROOT) -> None:
    """Say in each page's footer of which commit the book is, where it is of one.

    Not in Sphinx, which would write every page anew at every commit.
    """
    known, where = repository.commit(root), repository.place(root)
    text = f"{known}" if known else ""
    if known and where:
        text = f'<a href="{where.repository}/commit/{known}" rel="noopener external">{known}</a>'
    said = f'<span class="commit">{text and f" ({text})"}</span>'
    for page in site.glob("*/*.html"):
        before = page.read_text(encoding="utf8")
        after = COMMIT.sub(said, before)
        if after != before:
            page.write_text(after, encoding="utf8")


@contextmanager
def alone() -> Iterator[None]:
    """Wait for another build of the same folder to end."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build_language(language: str) -> None:
    """Build one language."""
    if language in AHEAD:
        AHEAD[language].join()
    pages = BUILD / "pages" / language
    status = _sphinx(language, SITE / language, doctreedir=pages, warningiserror=True, quiet=True)
    if status:
        # Sphinx says nothing again about a page that it has read once: read all anew next time.
        shutil.rmtree(pages, ignore_errors=True)
        raise SystemExit(f"The book in {LANGUAGES[language]} has warnings or errors: see above.")


def _sphinx(language: str, out: Path, **options: Any) -> int | Exception:
    return build_sphinx(
        ROOT / "chapters" / language,
        out,
        path_config=ROOT / "_config.yml",
        noconfig=True,
        confoverrides=settings(language),
        keep_going=True,
        **options,
    )


def read_ahead(read: str) -> None:
    """Once one language is read, run the notebooks of the next while that one is written.

    For writing takes one core, and waits for the last labs to be compiled.
    """
    codes = list(LANGUAGES)
    for language in codes[codes.index(read) + 1 :][:1]:
        AHEAD[language] = get_context("spawn").Process(target=_read, args=(language,), daemon=True)
        AHEAD[language].start()


def _read(language: str) -> None:
    """Fill the cache of the notebooks' outputs. The build itself says what is wrong with them."""
    folder = BUILD / "ahead" / language
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        _sphinx(language, folder, doctreedir=folder / "pages", builder="dummy", really_quiet=True)


def settings(language: str) -> dict[str, Any]:
    """What differs from _config.yml."""
    return {
        "language": language,
        "book_in_all_languages": True,
        "exclude_patterns": [],
        "external_toc_path": str(contents(language)),
        "nb_execution_cache_path": str(cache(language)),
        "latex_individualpages": False,
    }


def contents(language: str) -> Path:
    """The table of contents of one language, by the one in _toc.yml."""
    english = (ROOT / "_toc.yml").read_text(encoding="utf8")
    file = BUILD / "contents" / f"{language}.yml"
    text = english.replace("chapters/en/", "")
    if not file.exists() or file.read_text(encoding="utf8") != text:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf8")
    return file


def cache(language: str) -> Path:
    """Where the outputs of the notebooks are kept, for this state of the package they run.

    Jupyter Book runs a notebook anew when its code changes, but not when the package does.
    """
    digest = hashlib.sha256()
    for file in sorted((ROOT / "stabsim").rglob("*.py")):
        digest.update(file.read_bytes())
    folder = BUILD / "outputs" / language / digest.hexdigest()[:16]
    for old in folder.parent.glob("*"):
        if old != folder:
            shutil.rmtree(old)
    return folder
