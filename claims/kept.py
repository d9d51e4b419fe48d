"""Measured numbers as JSON keeps them, and the state of the code that they are of."""

import ast
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import accumulate
from types import ModuleType
from typing import Any

import numpy as np

from stabsim._source import DOCUMENTED

SAY = ("measured", "part")
"""The functions of a claim whose first arguments are words, in English and in Indonesian."""


def code(module: ModuleType) -> str:
    """The digest of a module's source: what was measured by another is not kept.

    Words do not count, for they change no number: docstrings, and what a claim says. They are cut
    out of the text, since Python's own ways to write code anew differ from version to version.
    """
    text = inspect.getsource(module).encode()
    starts = [0, *accumulate(map(len, text.splitlines(keepends=True)))]
    for words in sorted(_words(ast.parse(text)), key=lambda x: (x.lineno, x.col_offset))[::-1]:
        assert words.end_lineno is not None
        assert words.end_col_offset is not None
        end = starts[words.end_lineno - 1] + words.end_col_offset
        text = text[: starts[words.lineno - 1] + words.col_offset] + text[end:]
    return sha256(text).hexdigest()[:16]


def _words(tree: ast.Module) -> Iterator[ast.Constant]:
    """The docstrings of a module, and what its claims say."""
    for node in ast.walk(tree):
        said: list[ast.expr] = []
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            said = [node.body[0].value]  # type: ignore[attr-defined]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAY:
            said = node.args[:2]
        yield from (x for x in said if isinstance(x, ast.Constant) and isinstance(x.value, str))


def written(kept: Any) -> str:
    """JSON with a row of numbers on one line, as people read them."""
    text = json.dumps(kept, indent=1, ensure_ascii=False)
    return re.sub(r"\[[^\[\]{}]*\]", lambda row: re.sub(r"\s+", " ", row[0]), text)


def plain_values(value: Any) -> Any:
    """To six digits; an infinity is a word, for JSON knows none."""
    if isinstance(value, Mapping):
        return {str(k): plain_values(v) for k, v in value.items()}
    if np.ndim(value):
        return [plain_values(v) for v in value]
    rounded = float(f"{float(value):.6g}")
    if not np.isfinite(rounded):
        return str(rounded)
    return int(rounded) if rounded == int(rounded) else rounded
