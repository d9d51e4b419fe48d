"""Names a state of the source by what it does: of some modules, and of all that they import.

Comments and docstrings do not count, for they change no number. A package's ``__init__`` counts
only where something is defined in it, so that a lab does not hang on all others beside it.
"""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
"""Where the package lies."""

OURS = ("stabsim", "book")
"""The packages that count; what others do is named by their versions."""

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def digest(*names: str) -> str:
    """Changes when code that can be reached from these names does.

    Args:
        *names: modules, or what stands in them: "stabsim.labs.first", "stabsim.sgd".
    Returns:
        Sixteen hexadecimal digits.
    """
    total = hashlib.sha256()
    for module in sorted(reached(names)):
        total.update(f"{module} {_code(module)}\n".encode())
    return total.hexdigest()[:16]


def reached(names: Iterable[str]) -> set[str]:
    """Our modules that define these names, and all that those import, wherever in their code."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        module = _home(waiting.pop())
        if module and module not in found:
            found.add(module)
            waiting += _imported(module)
    return found


@cache
def _home(name: str) -> str | None:
    """The module that a dotted name is, or that defines it; None if it is not ours."""
    if name.split(".")[0] not in OURS:
        return None
    if _file(name):
        return name
    package, _, last = name.rpartition(".")
    elsewhere = next((n for n in _imported(package) if n.endswith(f".{last}")), None)
    return _home(elsewhere or package)


def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((f for f in (path.with_suffix(".py"), path / "__init__.py") if f.is_file()), None)


@cache
def _imported(module: str) -> list[str]:
    """The names that a module imports, in full."""
    return [
        name
        for node in ast.walk(_tree(module))
        for name in (
            [f"{node.module}.{alias.name}" for alias in node.names]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    ]


@cache
def _code(module: str) -> str:
    """A module's code, without its comments and docstrings."""
    tree = _tree(module)
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


def _tree(module: str) -> ast.Module:
    file = _file(module)
    assert file is not None, module
    return ast.parse(file.read_text(encoding="utf8"))
