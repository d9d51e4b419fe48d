"""Links that put a lab on stage with a setting, for the guide for teachers.

{demo}`six steps of warmup <instability strides warmup=6>` opens the page "instability" and
presents its lab "strides"; "strides2" would be that lab's second place on the page.
"""

import re
from typing import Any, NamedTuple
from urllib.parse import urlencode

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.application import Sphinx

WRITTEN = re.compile(r"(?P<words>.+?)\s*<(?P<target>[^<>]+)>", re.DOTALL)


class Demonstration(NamedTuple):
    """A lab in its place, and what is set."""

    page: str
    place: str
    setting: dict[str, str]

    @property
    def address(self) -> str:
        """The link, from a page beside the lab's."""
        setting = {f"{self.place}.{name}": value for name, value in self.setting.items()}
        return f"{self.page}.html?{urlencode({'present': self.place} | setting)}"


def read(target: str) -> Demonstration:
    """What stands between the angle brackets.

    Raises:
        ValueError: if that is not a page, a lab's place and pairs NAME=VALUE.
    """
    words = target.split()
    if len(words) < 2 or any(pair.count("=") != 1 for pair in words[2:]):
        raise ValueError(f"A demonstration is PAGE LAB CONTROL=VALUE ..., not {target!r}.")
    return Demonstration(words[0], words[1], dict(pair.split("=") for pair in words[2:]))


def role(
    name: str, raw: str, text: str, line: int, inliner: Inliner, *_: Any, **__: Any
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """The link, or what is wrong with it."""
    try:
        match = WRITTEN.fullmatch(text)
        if match is None:
            raise ValueError(f"A demonstration is WORDS <PAGE LAB ...>, not {text!r}.")
        address = read(match["target"]).address
    except ValueError as error:
        return [], [inliner.reporter.error(str(error), line=line)]
    return [nodes.reference(raw, match["words"], refuri=address, classes=["demo"])], []


def setup(app: Sphinx) -> None:
    """Register the role."""
    app.add_role("demo", role)
