"""Builds the site: the book in each language under _build/site, and the page that chooses one."""

import fcntl
import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, redirect_stderr
from itertools import chain
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from jupyter_book.sphinx import build_sphinx

from book import (
    BOOK,
    BUILD,
    LANGUAGES,
    ROOT,
    SITE,
    assets,
    card,
    edition,
    extension,
    labs,
    notebooks,
    outputs,
    policy,
    recorded,
    repository,
)

COMMIT = re.compile(r'<span class="commit">.*?</span>', re.DOTALL)
"""Where a page's footer says of which commit it is."""


def build(first: Callable[[], None] | None = None) -> None:
    """Build what has changed; a warning or a notebook that raises is an error.

    Cells run and labs are compiled before Sphinx reads a page, two at a time on two cores. Then
    each language is written, in a process of its own.

    Args:
        first: called when the first language's welcome page can be read, and its labs moved,
            while the rest is still being made.
    """
    with alone():
        sources, kept = _sources(), BUILD / "sources"
        if kept.exists() and kept.read_text(encoding="utf8") == sources and is_whole():
            print("Nothing has changed since the last build.", flush=True)
            return
        kept.unlink(missing_ok=True)
        _build(first)
        kept.write_text(sources, encoding="utf8")


def _build(first: Callable[[], None] | None) -> None:
    start = time.perf_counter()
    recorded.provide()
    processes = get_context("spawn")
    with pictures_beside():
        # Its processes end before Sphinx's begin: each holds most of a gigabyte.
        with ProcessPoolExecutor(
            os.cpu_count(), processes, initializer=labs.share_programs
        ) as pool:
            welcome = begin(pool)
            assets.make()
            english = next(iter(LANGUAGES))
            wait(welcome)
            if first is not None and not (SITE / english / "index.html").exists():
                welcome_page = processes.Process(target=build_first, args=(english,))
                welcome_page.start()
                welcome_page.join()
                if (SITE / english / "index.html").exists():  # if not, the whole build says why
                    start_page()
                    first()
        written, english_is_read = {}, processes.Event()
        for language in LANGUAGES:
            written[language] = processes.Process(
                target=build_language, args=(language, english_is_read)
            )
            written[language].start()
        for process in written.values():  # all, for what is shared is tidied up after them
            process.join()
        for language, process in written.items():
            if process.exitcode:
                raise SystemExit(f"The book in {LANGUAGES[language]} has warnings or errors.")
        for language in LANGUAGES:
            assets.publish(SITE / language / "_static")
        notebooks.publish()
        start_page()
        stamp()
        edition.write()
    if not repository.place():
        print("No buttons to Colab and Binder: no repository on GitHub is known (_config.yml)")
    print(f"Built in {time.perf_counter() - start:.0f} s", flush=True)


def begin(pool: ProcessPoolExecutor) -> list[Future]:
    """Run the cells and compile the labs that no earlier build has left, before Sphinx reads.

    What the welcome page needs comes first, and the languages in their order.

    Returns:
        What the first language's welcome page waits for.
    """
    english, *others = LANGUAGES
    pages = outputs.pages()  # the welcome page first; none in a book without cells
    first, rest = pages[:1], pages[1:]
    on_first = dict.fromkeys(n for page in first for n, _ in outputs.labs(english, page))
    used = dict.fromkeys(n for page in rest for n, _ in outputs.labs(english, page))

    def run(languages: Sequence[str], pages: list[str]) -> list[Future]:
        return [
            pool.submit(outputs.run, page, languages)
            for page in pages
            if not all(outputs.kept(language, page) for language in languages)
        ]

    def compile_all(names: Iterable[str]) -> list[Future]:
        return [pool.submit(labs.prepare, name) for name in names if not labs.prepared(name)]

    welcome = run([english], first) + compile_all(on_first)
    run(list(LANGUAGES), rest)
    run(others, first)
    compile_all(name for name in used if name not in on_first)
    return welcome


def start_page() -> None:
    """Write the page that chooses a language."""
    english = next(iter(LANGUAGES))
    said = card.tags(card.TITLE.in_(english), card.SAID.in_(english), english, "index")
    text = (BOOK / "start.html").read_text(encoding="utf8").replace("</title>", f"</title>{said}")
    (SITE / "index.html").write_text(policy.secure(text), encoding="utf8")


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
def pictures_beside() -> Iterator[None]:
    """The pictures of cells, where myst-nb writes and Sphinx seeks them, but in no site.

    A page whose pictures are gone would be read anew.
    """
    beside, away = SITE / "jupyter_execute", BUILD / "jupyter_execute"
    SITE.mkdir(parents=True, exist_ok=True)
    if away.exists() and not beside.exists():
        away.rename(beside)
    try:
        yield
    finally:
        shutil.rmtree(away, ignore_errors=True)
        if beside.exists():
            beside.rename(away)


@contextmanager
def alone() -> Iterator[None]:
    """Wait for another build of the same folder to end."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build_language(language: str, english_is_read: Event | None = None) -> None:
    """Build one language.

    Args:
        language: "en" or "id".
        english_is_read: set once the English pages are read, which the others wait for.
    Raises:
        SystemExit: if anything was wrong.
    """
    pages = BUILD / "pages" / language
    try:
        extension.ENGLISH_IS_READ.set(english_is_read)
        status = _sphinx(language, SITE / language, doctreedir=pages, warningiserror=True)
    finally:
        if english_is_read is not None and language == next(iter(LANGUAGES)):
            english_is_read.set()  # also if they could not be read
    if status:
        # Sphinx says nothing again about a page that it has read once: read all anew next time.
        shutil.rmtree(pages, ignore_errors=True)
        raise SystemExit(1)


def build_first(language: str) -> None:
    """Build the welcome page alone, whose links lead nowhere yet."""
    toc = BUILD / "contents/first.yml"
    toc.parent.mkdir(exist_ok=True)
    toc.write_text("format: jb-book\nroot: index\n", encoding="utf8")
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        _sphinx(
            language, SITE / language, {"external_toc_path": str(toc)},
            doctreedir=BUILD / "pages/first", really_quiet=True,
        )  # fmt: skip


def _sphinx(
    language: str, out: Path, others: dict[str, Any] | None = None, **options: Any
) -> int | Exception:
    return build_sphinx(
        ROOT / "chapters" / language,
        out,
        path_config=ROOT / "_config.yml",
        noconfig=True,
        confoverrides=settings(language) | (others or {}),
        keep_going=True,
        quiet=True,
        **options,
    )


def settings(language: str) -> dict[str, Any]:
    """What differs from _config.yml."""
    return {
        "language": language,
        "book_in_all_languages": True,
        "exclude_patterns": [],
        "external_toc_path": str(contents(language)),
        "nb_execution_cache_path": str(outputs.cache(language)),
        "book_made_by": _book(),
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


def _sources() -> str:
    """Changes when anything does that the site is made of: a file, a package, the commit."""
    named = ("book", "chapters", "claims", "docs", "jax2wasm", "stabsim")
    inside = chain.from_iterable((ROOT / name).rglob("*") for name in named)
    files = [
        file for file in chain(ROOT.iterdir(), inside)
        if file.is_file() and not {"__pycache__", "node_modules"} & set(file.parts)
    ]  # fmt: skip
    digest = hashlib.sha256(f"{sys.version} {repository.commit()} {repository.place()}".encode())
    for file in sorted(files):
        digest.update(f"{file} {file.stat().st_size} ".encode() + file.read_bytes())
    return digest.hexdigest()


def is_whole() -> bool:
    """Whether the site of the last build is still there."""
    pages = [file.stem for file in (ROOT / "chapters").glob("*/*.md")]
    there = [
        (SITE / language / f"{page}.html").exists() for language in LANGUAGES for page in pages
    ]
    return all(there) and (SITE / "index.html").exists()


def _book() -> str:
    """Changes when the code of the book's frame, its templates or its words do."""
    files = [f for kind in ("py", "html", "yml", "po", "bib") for f in BOOK.rglob(f"*.{kind}")]
    return hashlib.sha256(b"".join(f.read_bytes() for f in sorted(files))).hexdigest()[:16]
