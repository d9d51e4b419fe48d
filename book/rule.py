"""Puts the lab of typed rules into its page, and beside it what the page fetches."""

import json
import os
import re
import shutil
from pathlib import Path

from book import BUILD, live
from book.labs import END, compiler, kept
from stabsim._source import digest
from stabsim.rules.shown import PLACE

FOLDER = "lab/rule"
"""Where the lab's files lie in _static."""

CODE = ("book.rule_page",)

SECTION = re.compile(r'<section\b[^>]* id="([^"]+)"')
"""The section around the lab is the last that begins before it: the lab has no id of its own."""


def fill(html: str, language: str, static: str, page: str) -> str:
    """Put the lab in its place; the arguments are those of ``book.labs.fill``."""
    if PLACE not in html:
        return html
    source = f"{static}/{FOLDER}"

    def make() -> str:
        from book.rule_page import markup

        return markup(language, source)

    made = kept(f"rule.{language}.html", make, *CODE, given=source)
    around = SECTION.findall(html.partition(PLACE)[0])[-1]
    on_paper = live.on_paper(language, page, around)
    return html.replace(PLACE, made.removesuffix(END) + on_paper + END)


def publish(folder: Path, language: str) -> None:
    """Write what the lab fetches: its description and its programs."""

    def described() -> str:
        from book.rule_page import description

        return json.dumps(description(language), ensure_ascii=False)

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_programs(), folder, ignore=shutil.ignore_patterns("loader.*"))
    text = kept(f"rule.{language}.json", described, *CODE)
    (folder / f"rule.{language}.json").write_text(text, encoding="utf8")


def _programs() -> Path:
    """The folder of the compiled programs, made once for a state of the code."""
    folder = BUILD / "rule" / f"{digest(*CODE)}-{compiler()[:8]}"
    if not folder.exists():
        from book.rule_page import save_programs

        part = folder.with_name(f"{folder.name}.{os.getpid()}")  # the other language is at it, too
        save_programs(part)
        try:
            part.rename(folder)
        except OSError:
            shutil.rmtree(part)
    return folder
