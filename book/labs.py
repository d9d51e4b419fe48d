"""Puts labs and exercises into the pages: compiles, draws first pictures, fills their places."""

import hashlib
import html
import json
import os
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import jax2wasm
from book import BUILD, LANGUAGES, live, outputs
from book.repository import place
from stabsim._source import digest

if TYPE_CHECKING:
    from stabsim.labs.frame.lab import Tables, Values

MODELS = BUILD / "labs"
"""What pages fetch: compiled programs, their data, and descriptions of the labs."""

KEPT = BUILD / "kept"
"""What was made before from the same sources, so that a second build makes nothing."""

PLACE = re.compile(r'<div data-lab-place="(\w+)" data-setting="([^"]*)"></div>')

END = "</section>"
"""Of a lab."""

EXERCISE = re.compile(r'<div data-(exercise|prediction|build)-place="([\w-]+)"></div>')


def fill(html: str, language: str, static: str, page: str) -> str:
    """Put a lab, an exercise or a prediction in its every place.

    Args:
        html: the page.
        language: its language.
        static: leads to _static.
        page: the page's name, which is part of each lab's address.
    """
    seen: dict[str, int] = {}

    def lab(match: re.Match[str]) -> str:
        name = match[1]
        seen[name] = seen.get(name, 0) + 1
        place = f"lab-{name}" + (f"-{seen[name]}" if seen[name] > 1 else "")
        made = _lab(name, match[2], language, static, place)
        return made.removesuffix(END) + live.on_paper(language, page, place) + END

    return EXERCISE.sub(
        lambda match: _asked(match[1], match[2], language, page), PLACE.sub(lab, html)
    )


def _asked(kind: str, name: str, language: str, page: str) -> str:
    def make() -> str:
        from book import build_page, exercise_page, prediction_page
        from stabsim.exercises import BUILDS, EXERCISES, PREDICTIONS

        if kind == "exercise":
            return exercise_page.markup(EXERCISES[name], language)
        if kind == "build":
            return build_page.markup(BUILDS[name], language, page, where)
        return prediction_page.markup(PREDICTIONS[name], language)

    where = place()
    code = (f"book.{kind}_page", "stabsim.exercises")
    given = (page, where) if kind == "build" else ()
    return kept(f"{name}.{language}.{kind}.html", make, *code, given=given)


def _lab(name: str, changes: str, language: str, static: str, place: str) -> str:
    _describe(name, language)
    source = f"{static}/lab/models/{name}.{language}.json"

    def make() -> str:
        from book import lab_page
        from stabsim.labs import LABS

        values, tables = _first(name, json.loads(html.unescape(changes)))
        return lab_page.markup(LABS[name], values, tables, language, source, place)

    code = ("book.lab_page", f"stabsim.labs.{name}")
    return kept(f"{name}.{language}.html", make, *code, given=(changes, source, place))


def _first(name: str, changes: dict[str, Any]) -> "tuple[Values, Tables]":
    """A lab's first setting on a page, and what its compiled program makes of it."""
    from stabsim.labs import LABS

    values = LABS[name].setting(changes)
    for known, tables in prepare(name)["first"]:
        if known == values:
            arrays = {k: {n: np.asarray(x) for n, x in t.items()} for k, t in tables.items()}
            return values, arrays
    raise ValueError(f"No page of chapters/ shows {name} with {changes}.")


@cache
def prepare(name: str) -> dict[str, Any]:
    """Compile a lab: its ``programs``, and the ``first`` tables of each setting that a page shows.

    What goes wrong is said where a page needs the lab.
    """

    def make() -> str:
        from book import lab_programs
        from stabsim.labs import LABS

        settings = [LABS[name].setting(changes) for changes in _shown(name)]
        compiled = lab_programs.compile_lab(LABS[name], settings, MODELS)
        first = [
            (
                values,
                {k: {n: np.asarray(x).tolist() for n, x in t.items()} for k, t in tables.items()},
            )
            for values, tables in zip(settings, compiled.tables, strict=True)
        ]
        return json.dumps({"programs": compiled.programs, "first": first})

    MODELS.mkdir(parents=True, exist_ok=True)
    return json.loads(_read_or_make(_prepared(name), make))


def prepared(name: str) -> bool:
    """Whether a lab is compiled already."""
    return _prepared(name).exists()


def _prepared(name: str) -> Path:
    code = ("book.lab_programs", f"stabsim.labs.{name}")
    return _file(f"{name}.programs.json", *code, given=(_shown(name), compiler()))


def _shown(name: str) -> list[dict[str, Any]]:
    """What the setting of a lab changes wherever a page shows it."""
    return [
        changes
        for language in LANGUAGES
        for page in outputs.pages()
        for lab, changes in outputs.labs(language, page)
        if lab == name
    ]


@cache
def compiler() -> str:
    """Changes when the compiler does."""
    files = sorted(Path(jax2wasm.__file__).parent.rglob("*.[pc]*"))
    whole = b"".join(file.read_bytes() for file in files if file.suffix in (".py", ".c"))
    return hashlib.sha256(whole).hexdigest()


def share_programs() -> None:
    """Let notebooks, pictures and the compiled labs' checks use the same XLA programs and runs."""
    import jax

    folder, least = str(BUILD / "jax"), 0.2  # seconds to compile; reading takes less
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", least)
    os.environ |= {
        "JAX_COMPILATION_CACHE_DIR": folder,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": str(least),
        "STABSIM_KEPT": str(BUILD / "runs"),
    }


def _describe(name: str, language: str) -> None:
    def description() -> str:
        from book import lab_page
        from stabsim.labs import LABS

        return json.dumps(lab_page.description(LABS[name], language, programs))

    def frame() -> str:
        from book import lab_page

        return json.dumps(lab_page.frame(language), ensure_ascii=False)

    programs, code = prepare(name)["programs"], ("book.lab_page", f"stabsim.labs.{name}")
    described = kept(f"{name}.{language}.json", description, *code, given=programs)
    _write(MODELS / f"{name}.{language}.json", described)
    framed = kept(f"frame.{language}.json", frame, "book.lab_page")
    _write(MODELS / f"frame.{language}.json", framed)


def publish(folder: Path, language: str) -> None:
    """Copy what the labs of a language fetch, and no program of an earlier state."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for described in MODELS.glob(f"*.{language}.json"):
        shutil.copy(described, folder)
        programs = json.loads(described.read_text(encoding="utf8")).get("programs", {})
        for program in programs.values():
            for file in (f"{program['file']}.wasm", *program["data"]):
                shutil.copy(MODELS / file, folder)


def kept(name: str, make: Callable[[], str], *code: str, given: Any = ()) -> str:
    """What ``make`` returns, made once for a state of the code and for what is given.

    Args:
        name: of the file that keeps it.
        make: makes it.
        *code: the modules that it rests on, with all that they import.
        given: what else it rests on.
    """
    return _read_or_make(_file(name, *code, given=given), make)


def _file(name: str, *code: str, given: Any) -> Path:
    state = hashlib.sha256(f"{digest(*code)} {given!r}".encode()).hexdigest()[:16]
    return KEPT / f"{state}-{name}"


def _read_or_make(file: Path, make: Callable[[], str]) -> str:
    if not file.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        _write(file, make())
    return file.read_text(encoding="utf8")


def _write(file: Path, text: str) -> None:
    # Under another name until it is whole: a build may be ended, and another process be at it too.
    part = file.with_name(f"{file.name}.{os.getpid()}")
    part.write_text(text, encoding="utf8")
    part.replace(file)
