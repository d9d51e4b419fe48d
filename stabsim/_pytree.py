"""Frozen dataclasses that are pytrees: their numbers may be traced, swept and optimized."""

from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

import jax

Class = TypeVar("Class", bound=type)


def static(**options: Any) -> Any:
    """A field that decides the shape of a program: no leaf, but part of the structure."""
    return field(metadata={"static": True}, **options)


@dataclass_transform(frozen_default=True, field_specifiers=(static,))
def pytree(cls: Class) -> Class:
    """A frozen dataclass whose fields are subtrees, except those made by :func:`static`.

    ``jax.tree_util.register_dataclass`` would do, but for one thing: the structures of two
    classes that it registers are equal if their fields match in number (seen in jaxlib
    0.10.2), and only their hashes differ. Now and then the two hashes meet in one slot of
    jit's cache, and a run with NAdam is given Adam's compiled program, without a word.
    """
    node: Any = dataclass(frozen=True)(cls)
    names = [one.name for one in fields(node) if not one.metadata.get("static")]
    fixed = [one.name for one in fields(node) if one.metadata.get("static")]

    def flatten(tree: Any) -> tuple[list[tuple[Any, Any]], tuple[Any, ...]]:
        children = [(jax.tree_util.GetAttrKey(name), getattr(tree, name)) for name in names]
        return children, tuple(getattr(tree, name) for name in fixed)

    def unflatten(structure: tuple[Any, ...], children: Any) -> Any:
        values = zip(names + fixed, (*children, *structure), strict=True)
        return node(**dict(values))

    jax.tree_util.register_pytree_with_keys(node, flatten, unflatten)
    return node
