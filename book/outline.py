"""What of a page must be the same in every language, section by section."""

import ast
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import yaml

HEADING = re.compile(r"(#{1,6}) +(.+)")
LABEL = re.compile(r"\((\S+)\)=\s*")
FENCE = re.compile(r"(?P<marks>`{3,}|~{3,}|:{3,})\s*(?:\{(?P<name>[^}]+)\})?(?P<rest>.*)")
OPTION = re.compile(r":([\w-]+):\s*(.*)")
HASH = re.compile(r"% en: ([0-9a-f]{8})")

DISPLAY = re.compile(r"(?<!\\)\$\$(.+?)(?<!\\)\$\$(?:\s*\((\S+)\))?", re.DOTALL)
AMS = re.compile(r"\\begin\{(\w+\*?)\}.+?\\end\{\1\}", re.DOTALL)
INLINE = re.compile(r"(?<![\\$])\$([^$\s](?:[^$]*[^$\s\\])?)\$")
ROLE = re.compile(r"\{([\w:]+)\}`(?:[^`<]*<)?([^`>]+)>?`")
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)")
LAB = re.compile(r"<\w+[^>]*\bdata-lab\b[^>]*>")

FILES = ("figure", "image", "include", "literalinclude", "lab", "predict", "build")
"""Directives whose argument names a thing and is not prose."""

PROSE = ("alt", "caption", "title", "description", "code_prompt_show", "code_prompt_hide")
"""Options that readers read, and so are translated."""


@dataclass
class Section:
    """A heading and what stands below it, up to the next heading of any level."""

    level: int
    title: str
    lines: list[str] = field(default_factory=list)
    hash: str = ""
    """Of the English section that this one was written against."""
    parts: dict[str, list[Any]] = field(default_factory=dict)
    """What must be the same, by kind."""

    def add(self, kind: str, part: Any) -> None:
        """Note one more thing of a kind."""
        self.parts.setdefault(kind, []).append(part)

    def digest(self) -> str:
        """Changes when the section does, but not with blank lines around it."""
        text = "\n".join(line.rstrip() for line in self.lines).strip()
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def read(text: str) -> list[Section]:
    """The sections of a page; what stands before the first heading is one of level 0."""
    sections = [Section(0, "(front matter)")]
    for fence, lines in blocks(text.splitlines()):
        heading = None if fence else HEADING.fullmatch(lines[0])
        if heading:
            sections.append(Section(len(heading[1]), heading[2].strip()))
            # A label above a heading belongs to it.
            while sections[-2].lines and LABEL.fullmatch(sections[-2].lines[-1]):
                sections[-1].lines.insert(0, sections[-2].lines.pop())
        if note := HASH.fullmatch(lines[0]):
            sections[-1].hash = note[1]
        else:
            sections[-1].lines += lines
    for section in sections:
        _outline(section)
    return sections


def blocks(lines: list[str]) -> Iterator[tuple[re.Match[str] | None, list[str]]]:
    """Code as a whole, a directive's first line with its options, and all other lines singly.

    The first two come with the match of their first line.
    """
    opened: list[str] = []
    at = 0
    while at < len(lines):
        fence, end = FENCE.fullmatch(lines[at]), at + 1
        if opened and lines[at].strip() == opened[-1]:
            opened.pop()
            fence = None
        elif fence and _is_code(fence):
            closing = (i for i in range(end, len(lines)) if lines[i].strip() == fence["marks"])
            end = next(closing, len(lines) - 1) + 1
        elif fence and fence["name"]:
            opened.append(fence["marks"])
            while end < len(lines) and OPTION.fullmatch(lines[end]):
                end += 1
        else:
            fence = None
        yield fence, lines[at:end]
        at = end


def _is_code(fence: re.Match[str]) -> bool:
    """Whether what a fence encloses is no prose."""
    if fence["name"]:
        return fence["name"] in ("code-cell", "code", "code-block", "math")
    return fence["marks"][0] != ":"


def _outline(section: Section) -> None:
    """Note the parts of a section."""
    prose = []
    for fence, lines in blocks(section.lines):
        if fence:
            _outline_block(section, fence, lines[1:])
        elif label := LABEL.fullmatch(lines[0]):
            section.add("labels", label[1])
        else:
            prose += [line for line in lines if not FENCE.fullmatch(line)]
    _outline_prose(section, "\n".join(prose))


def _outline_block(section: Section, fence: re.Match[str], lines: list[str]) -> None:
    """Note a directive or a block of code."""
    given, body = options(lines)
    if fence["name"]:
        argument = fence["rest"].strip() if fence["name"] in FILES else ""
        section.add("directives", (fence["name"], argument, _without_prose(given)))
    if fence["name"] == "math":
        section.add("maths", _formula("\n".join(body[:-1])))
    elif _is_code(fence):
        section.add("code", _code("\n".join(body[:-1])))


def _code(text: str) -> str:
    """Python without its comments and the words that it prints, which are translated."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # another language
        return text
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "print":
            for part in ast.walk(call):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    part.value = ""
    return ast.unparse(tree)


def _outline_prose(section: Section, text: str) -> None:
    """Note what is inside prose; the order of formulas counts, that of references need not."""
    for kind, target in sorted(ROLE.findall(text)):
        section.add("references", (kind, target.strip()))
    text = re.sub(r"`+[^`]+`+", "", text)
    for formula in DISPLAY.finditer(text):
        section.add("maths", _formula(formula[1]))
        if formula[2]:
            section.add("labels", formula[2])
    text = DISPLAY.sub("", text)
    for formula in AMS.finditer(text):
        section.add("maths", _formula(formula[0]))
    for formula in INLINE.findall(AMS.sub("", text)):
        section.add("maths in the text", _formula(formula))
    for path in IMAGE.findall(text):
        section.add("figures", path)
    for lab in LAB.findall(text):
        section.add("labs", lab)


def _formula(tex: str) -> str:
    """Without what may differ: space, words, and the decimal sign."""
    tex = re.sub(r"(?<=\d)\{,\}(?=\d)", ".", tex)
    return re.sub(r"\s+", " ", re.sub(r"\\text\{[^}]*\}", r"\\text{}", tex)).strip()


def options(lines: list[str]) -> tuple[Any, list[str]]:
    """The options at the start of a directive, and what follows."""
    if lines and lines[0].strip() == "---":
        end = lines.index("---", 1)
        return yaml.safe_load("\n".join(lines[1:end])), lines[end + 1 :]
    given = list(takewhile(bool, map(OPTION.fullmatch, lines)))
    return {o[1]: o[2] for o in given if o}, lines[len(given) :]


def _without_prose(options: Any) -> Any:
    if not isinstance(options, dict):
        return options
    return {name: _without_prose(o) for name, o in options.items() if name not in PROSE}
