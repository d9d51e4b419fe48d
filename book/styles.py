"""Cuts the theme's styles down to what the pages use: a quarter of their size is left."""

import re
from collections.abc import Iterator
from pathlib import Path

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
RULE = re.compile(r"""([^{};"]+)\{((?:[^{}"]|"(?:[^"\\]|\\.)*")*)\}""")
EMPTY = re.compile(r"@(?:media|supports)[^{}]*\{\s*\}")
CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
CHOICE = re.compile(r":(?:not|where|is)\((?:[^()]|\([^()]*\))*\)")
"""In which a class need not be there for the rule to hold."""


def cut(site: Path) -> None:
    """Remove from the styles of a built book every rule for a class that it never mentions."""
    files = [file for kind in ("html", "js", "mjs") for file in site.rglob(f"*.{kind}")]
    # Any word in a page or a script may be the name of a class.
    words = {word for f in files for word in re.findall(r"[\w-]+", f.read_text(encoding="utf8"))}
    static = site / "_static"
    for file in (f for folder in (".", "styles", "maths") for f in static.glob(f"{folder}/*.css")):
        file.write_text(used(file.read_text(encoding="utf8"), words), encoding="utf8")


def used(style: str, words: set[str]) -> str:
    """The rules of a style that could hold where no other classes than these words occur."""

    def rule(match: re.Match[str]) -> str:
        if match[1].lstrip().startswith("@"):
            # The only fonts by that name are of icons, which are not there.
            return "" if "Awesome" in match[2] else match[0]
        kept = [
            s for s in selectors(match[1]) if words.issuperset(CLASS.findall(CHOICE.sub("", s)))
        ]
        return f"{','.join(kept)}{{{match[2]}}}" if kept else ""

    return EMPTY.sub("", RULE.sub(rule, COMMENT.sub("", style)))


def selectors(text: str) -> Iterator[str]:
    """The selectors of a rule; a comma within brackets does not part two of them."""
    start = depth = 0
    for at, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and not depth:
            yield text[start:at]
            start = at + 1
    yield text[start:]
