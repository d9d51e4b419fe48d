"""Measured numbers as JSON keeps them."""

import inspect
import json
import re
from collections.abc import Mapping
from hashlib import sha256
from types import ModuleType
from typing import Any

import numpy as np


def code(module: ModuleType) -> str:
    """The digest of a module's source: what was measured by another is not kept."""
    return sha256(inspect.getsource(module).encode()).hexdigest()[:16]


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
