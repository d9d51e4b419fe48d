"""Puts labs and exercises into the pages: compiles, draws first pictures, fills their places."""

import hashlib
import html
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from book import BUILD, ROOT

MODELS = BUILD / "labs"
"""What pages fetch: compiled programs, their data, and descriptions of the labs."""

COMPILED: dict[str, Future[dict[str, Any]]] = {}
"""The programs of each lab that is being compiled."""

KEPT = BUILD / "kept"
"""What was made before from the same sources, so that a second build makes nothing."""

SHOWN = re.compile(r'labs\.show\(\s*"(\w+)"')
PLACE = re.compile(r'<div data-lab-place="(\w+)" data-setting="([^"]*)"></div>')

EXERCISE = re.compile(r'<div data-exercise-place="([\w-]+)"></div>')


def fill(page: str, language: str, static: str) -> str:
    """Put a lab or an exercise in its every place. ``static`` is the address of _static."""
    seen: dict[str, int] = {}

    def lab(match: re.Match[str]) -> str:
        name = match[1]
        seen[name] = seen.get(name, 0) + 1
        place = f"lab-{name}" + (f"-{seen[name]}" if seen[name] > 1 else "")
        return _lab(name, match[2], language, static, place)

    return EXERCISE.sub(lambda match: _exercise(match[1], language), PLACE.sub(lab, page))


def _exercise(name: str, language: str) -> str:
    def make() -> str:
        from book import exercise_page
        from stabsim.exercises import EXERCISES

        return exercise_page.markup(EXERCISES[name], language)

    return kept(f"{name}.{language}.exercise.html", make)


def _lab(name: str, setting: str, language: str, static: str, place: str) -> str:
    _describe(name, language)
    source = f"{static}/lab/models/{name}.{language}.json"

    def make() -> str:
        from book import lab_page
        from stabsim.labs import LABS

        values = LABS[name].setting(json.loads(html.unescape(setting)))
        return lab_page.markup(LABS[name], values, language, source, place)

    return kept(f"{name}.{language}.html", make, setting, source, place)


@contextmanager
def compiled_meanwhile() -> Iterator[None]:
    """Compile the pages' labs while notebooks run: that one waits for kernels, this for compilers.

    What goes wrong is said where a page needs the lab.
    """
    share_programs()
    pages = "".join(page.read_text(encoding="utf8") for page in ROOT.glob("chapters/*/*.md"))
    # Two labs at a time, so that no core waits for a lab's last program.
    pool = ThreadPoolExecutor(2)
    for name in dict.fromkeys(SHOWN.findall(pages)):
        COMPILED[name] = pool.submit(_programs, name)
    try:
        yield
    finally:
        pool.shutdown(cancel_futures=True)


def share_programs() -> None:
    """Let notebooks, pictures and the compiled labs' checks use the same XLA programs and grids."""
    import jax

    folder, least = str(BUILD / "jax"), 0.2  # seconds to compile; reading takes less
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", least)
    os.environ |= {
        "JAX_COMPILATION_CACHE_DIR": folder,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": str(least),
        "STABSIM_GRIDS": str(BUILD / "grids"),
    }


def _programs(name: str) -> dict[str, Any]:
    def programs() -> str:
        from book import lab_programs

        return json.dumps(lab_programs.compile_lab(name, MODELS))

    MODELS.mkdir(parents=True, exist_ok=True)
    return json.loads(kept(f"{name}.programs.json", programs))


def _describe(name: str, language: str) -> None:
    def description() -> str:
        from book import lab_page
        from stabsim.labs import LABS

        programs = COMPILED[name].result() if name in COMPILED else _programs(name)
        return json.dumps(lab_page.description(LABS[name], language, programs))

    def frame() -> str:
        from book import lab_page

        return json.dumps(lab_page.frame(language), ensure_ascii=False)

    described = kept(f"{name}.{language}.json", description)
    (MODELS / f"{name}.{language}.json").write_text(described, encoding="utf8")
    (MODELS / f"frame.{language}.json").write_text(kept(f"frame.{language}.json", frame), "utf8")


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


def kept(name: str, make: Callable[[], str], *given: Any) -> str:
    """What ``make`` returns, made once for this state of the packages and what is given."""
    digest = hashlib.sha256(repr(given).encode())
    for folder in ("stabsim", "jax2wasm"):
        for file in sorted((ROOT / folder).rglob("*.[pc]*")):
            if file.suffix in (".py", ".c"):
                digest.update(file.read_bytes())
    file = KEPT / f"{digest.hexdigest()[:16]}-{name}"
    if not file.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        file.write_text(make(), encoding="utf8")
    return file.read_text(encoding="utf8")
