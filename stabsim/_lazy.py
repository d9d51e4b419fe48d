"""Names that a package offers and imports when they are first used."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package, by which its names are imported when they are used.

    Args:
        package: the package's own name.
        homes: the module of each name, in full; a module's own name for the module itself.
            No function may be named as a module in the package, which would hide it.
    Returns:
        A function that takes an attribute's name, as PEP 562 asks.
    """

    def attribute(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"{package} has no attribute {name!r}")
        module = import_module(homes[name])
        value = module if homes[name] == f"{package}.{name}" else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return attribute
