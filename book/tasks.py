"""The chapters' exercises as data, for assignments: `python -m book tasks` writes them.

They travel with the package, in ``stabsim/classroom/tasks.json``, so that whoever has installed it
needs no copy of the chapters. Of each exercise that holds the task, code, check and worked
solution.
"""

import ast
import builtins
import json
import re
import symtable
from typing import Any

from book import LANGUAGES, notebooks
from book.languages import CHAPTERS
from book.outline import blocks, options, read
from book.repository import on_github
from stabsim.classroom.tasks import FILE, Page, Task, addresses

COMMAND = "python -m book tasks"

PLACE = on_github(addresses()["Repository"])
"""Where links to the book lead: for an installed package has no remote of git's to follow."""

BEGINS = re.compile(r"(\*\*(\d+)\. [^*]+\*\*)(.*)")
SECTION = re.compile(r"^\([\w-]+-exercises\)=$", re.MULTILINE)
INLINE = re.compile(r"`([^`]+)`")
ASK, CHECK = "ss.exercises.ask", "ss.exercises.check"


def write() -> None:
    """Write all exercises where the package looks for them."""
    FILE.write_text(text(), encoding="utf8")


def text() -> str:
    """What the file should hold."""
    found = {
        language: {page: _plain(_page(language, page)) for page in pages()}
        for language in LANGUAGES
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _plain(page: Page) -> dict[str, Any]:
    """A page as JSON holds it, by names."""
    return page._asdict() | {"tasks": [task._asdict() for task in page.tasks]}


def pages() -> list[str]:
    """The pages that have exercises."""
    return [page for page in notebooks.pages() if SECTION.search(_source("en", page))]


def _page(language: str, page: str) -> Page:
    source = _source(language, page)
    exercises = next(p.lines for p in read(source) if SECTION.search("\n".join(p.lines)))
    tasks = [_task(language, page, lines, worked) for lines, worked in _split(exercises)]
    statements = _statements(language, source)
    needed = [_needed(statements, task.code) for task in tasks]
    kept = sorted(set().union(*needed))
    return Page(
        next(line[2:] for line in source.splitlines() if line.startswith("# ")),
        [statements[i] for i in kept],
        [
            task._replace(needs=[kept.index(i) for i in sorted(some)])
            for task, some in zip(tasks, needed, strict=True)
        ],
    )


def _source(language: str, page: str) -> str:
    return (CHAPTERS / language / f"{page}.md").read_text(encoding="utf8")


def _statements(language: str, source: str) -> list[str]:
    """The code of a page before its exercises, statement by statement."""
    before = SECTION.split(source)[0].split("\n---\n", 1)[1]
    cells = notebooks.cells(before.splitlines(), language, PLACE)
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return [ast.get_source_segment(code, node) or "" for node in ast.parse(code).body]


def _needed(statements: list[str], code: list[str]) -> set[int]:
    """The places of the statements that code rests on."""
    wanted, places = set().union(*map(_free, code)), set()
    for place, statement in reversed(list(enumerate(statements))):
        if _bound(statement) & wanted:
            wanted |= _free(statement)
            places.add(place)
    return places


def _split(lines: list[str]) -> list[tuple[list[str], list[str]]]:
    """Each exercise's lines, and those of its folded solution."""
    found: list[tuple[list[str], list[str]]] = []
    closing = ""
    for fence, block in blocks(lines):
        if closing:
            if block[0].strip() == closing:
                closing = ""
            else:
                found[-1][1].extend(block)
        elif fence and fence["name"] == "admonition":
            if found and options(block[1:])[0].get("class") == "dropdown":
                closing = fence["marks"]
        elif not fence and BEGINS.match(block[0]):
            found.append((list(block), []))
        elif found:
            found[-1][0].extend(block)
    return found


def _task(language: str, page: str, lines: list[str], worked: list[str]) -> Task:
    heading, number, _ = BEGINS.fullmatch(lines[0]).groups()  # type: ignore[union-attr]
    name, checked, texts, code = f"{page}-{number}", "", [], []
    for cell in notebooks.cells(lines, language, PLACE):
        if cell.cell_type == "markdown":
            texts.append(cell.source)
            continue
        calls = {
            ast.unparse(c.func): c
            for c in ast.walk(ast.parse(cell.source))
            if isinstance(c, ast.Call)
        }
        if ASK in calls:
            name = ast.literal_eval(calls[ASK].args[0])
        elif CHECK in calls:
            name = ast.literal_eval(calls[CHECK].args[0])
            checked = ast.unparse(calls[CHECK].args[1])
            code.append(_without(cell.source, calls[CHECK]))
        else:
            code.append(cell.source)
    solved = _solved(code[-1], "\n".join(worked)) if checked else ""
    solution = "\n\n".join(c.source for c in notebooks.cells(worked, language, PLACE))
    return Task(int(number), heading, "\n\n".join(texts), code, name, checked, solved, solution, [])


def _without(code: str, call: ast.Call) -> str:
    """The code without the statement that makes a call."""
    statement = next(
        s for s in ast.parse(code).body if call.lineno in range(s.lineno, (s.end_lineno or 0) + 1)
    )
    lines = code.splitlines()
    del lines[statement.lineno - 1 : statement.end_lineno]
    return "\n".join(lines)


def _solved(code: str, worked: str) -> str:
    """The code with its commented line replaced by the one that the worked solution quotes."""
    lines = code.splitlines()
    marked = [i for i, line in enumerate(lines) if "  # " in line]
    for quoted in INLINE.findall(worked):
        for i in marked:
            if _targets(quoted) and _targets(quoted) == _targets(lines[i].strip()):
                indent = len(lines[i]) - len(lines[i].lstrip())
                return "\n".join([*lines[:i], " " * indent + quoted, *lines[i + 1 :]])
    return ""


def _targets(code: str) -> list[str]:
    """What a single assignment assigns to."""
    try:
        body = ast.parse(code).body
    except SyntaxError:
        return []
    return [ast.unparse(t) for s in body if isinstance(s, ast.Assign) for t in s.targets]


# --- names ---


def _bound(code: str) -> set[str]:
    """The names that a statement defines."""
    symbols = symtable.symtable(code, "cell", "exec").get_symbols()
    return {s.get_name() for s in symbols if s.is_assigned() or s.is_namespace()}


def _free(code: str) -> set[str]:
    """The names that code takes from elsewhere."""
    top = symtable.symtable(code, "cell", "exec")
    names: set[str] = set()

    def look(table: symtable.SymbolTable) -> None:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                names.add(symbol.get_name())
        for child in table.get_children():
            look(child)

    look(top)
    return names - _bound(code) - set(dir(builtins)) - {"ss"}
