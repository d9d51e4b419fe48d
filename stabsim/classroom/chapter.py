"""A chapter's exercises, read from its source: task, code, check and worked solution of each."""

import ast
import builtins
import re
import symtable
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
"""The copy of the project that this package lies in, if it lies in one."""

BEGINS = re.compile(r"(\*\*(\d+)\. [^*]+\*\*)(.*)")
SECTION = re.compile(r"^\([\w-]+-exercises\)=$", re.MULTILINE)
INLINE = re.compile(r"`([^`]+)`")
ASK, CHECK = "ss.exercises.ask", "ss.exercises.check"


@dataclass
class Task:
    """One exercise.

    Attributes:
        page: its chapter.
        number: its place among the chapter's exercises.
        heading: its number and kind, as "**2. Calculate.**".
        text: Markdown, the heading included.
        code: cells to run first, or to change.
        name: that of its check; its chapter and number if a person has to mark it.
        checked: what is held against the check, as Python, if the code computes it.
        solved: the code with its line changed as it should be, if the solution quotes that line.
        solution: the worked solution, as Markdown.
    """

    page: str
    number: int
    heading: str
    text: str = ""
    code: list[str] = field(default_factory=list)
    name: str = ""
    checked: str = ""
    solved: str = ""
    solution: str = ""


def pages() -> list[str]:
    """The pages that have exercises.

    Raises:
        FileNotFoundError: if this is no copy of the project.
    """
    return [page for page in _notebooks().pages() if SECTION.search(_source("en", page))]


def title(language: str, page: str) -> str:
    """What a page is called."""
    return next(line[2:] for line in _source(language, page).splitlines() if line.startswith("# "))


def place() -> Any:
    """Where the live book is published: ``book.repository.Place``, or None."""
    return _notebooks().place()


def setup(language: str) -> str:
    """The first cell of a notebook: the language, and stabsim where it is missing."""
    return _notebooks().setup(language, place())


def tasks(language: str, page: str) -> list[Task]:
    """A page's exercises."""
    return [
        _task(language, page, lines, worked) for lines, worked in _split(_exercises(language, page))
    ]


def needed(language: str, page: str, code: list[str]) -> str:
    """The statements of the page, before its exercises, that code of its exercises rests on."""
    before = SECTION.split(_source(language, page))[0].split("\n---\n", 1)[1]
    cells = _notebooks().cells(before.splitlines(), language, place())
    source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    statements = [ast.get_source_segment(source, node) or "" for node in ast.parse(source).body]
    wanted, chosen = set().union(*map(_free, code)), []
    for statement in reversed(statements):
        if _bound(statement) & wanted:
            wanted |= _free(statement)
            chosen.insert(0, statement)
    return "\n".join(chosen)


def _notebooks() -> Any:
    """The book's reader of pages, which is no part of the installed package."""
    if not (PROJECT / "chapters").is_dir():
        raise FileNotFoundError(
            f"Assignments are made from the chapters, and there are none in {PROJECT}: run this "
            "command with the stabsim of a copy of the project (git clone, then make book)."
        )
    if str(PROJECT) not in sys.path:
        sys.path.append(str(PROJECT))
    from book import notebooks

    return notebooks


def _source(language: str, page: str) -> str:
    return (PROJECT / "chapters" / language / f"{page}.md").read_text(encoding="utf8")


def _exercises(language: str, page: str) -> list[str]:
    from book import outline

    sections = outline.read(_source(language, page))
    return next(part.lines for part in sections if SECTION.search("\n".join(part.lines)))


def _split(lines: list[str]) -> list[tuple[list[str], list[str]]]:
    """Each exercise's lines, and those of its folded solution."""
    from book.outline import blocks, options

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
    reader = _notebooks()
    heading, number, _ = BEGINS.fullmatch(lines[0]).groups()  # type: ignore[union-attr]
    task = Task(page, int(number), heading, name=f"{page}-{number}")
    texts = []
    for cell in reader.cells(lines, language, place()):
        if cell.cell_type == "markdown":
            texts.append(cell.source)
            continue
        calls = {
            ast.unparse(c.func): c
            for c in ast.walk(ast.parse(cell.source))
            if isinstance(c, ast.Call)
        }
        if ASK in calls:
            task.name = ast.literal_eval(calls[ASK].args[0])
        elif CHECK in calls:
            task.name = ast.literal_eval(calls[CHECK].args[0])
            task.checked = ast.unparse(calls[CHECK].args[1])
            task.code.append(_without(cell.source, calls[CHECK]))
        else:
            task.code.append(cell.source)
    task.text = "\n\n".join(texts)
    task.solution = "\n\n".join(c.source for c in reader.cells(worked, language, place()))
    if task.checked:
        task.solved = _solved(task, "\n".join(worked))
    return task


def _without(code: str, call: ast.Call) -> str:
    """The code without the statement that makes a call."""
    statement = next(
        s for s in ast.parse(code).body if call.lineno in range(s.lineno, (s.end_lineno or 0) + 1)
    )
    lines = code.splitlines()
    del lines[statement.lineno - 1 : statement.end_lineno]
    return "\n".join(lines)


def _solved(task: Task, worked: str) -> str:
    """The code with its commented line replaced by the one that the worked solution quotes."""
    lines = task.code[-1].splitlines()
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
