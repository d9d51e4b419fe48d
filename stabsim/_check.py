"""Checks of arguments: what is wrong with a value, and what would be right."""

import sys
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np


def _traced(value: Any) -> bool:
    """Whether JAX traces a value, which then has no number yet.

    Where JAX is not imported nothing is traced, and a command that reads logs does without it.
    """
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.core.Tracer)


def _numbers(name: str, value: Any, what: str) -> np.ndarray | None:
    """``value`` as a NumPy array, or None where it is traced and has no value yet."""
    if _traced(value):
        return None
    if isinstance(value, bool | str) or value is None:
        raise TypeError(f"{name} must be {what}, not {value!r}.")
    try:
        return np.asarray(value, float)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be {what}, not {type(value).__name__}.") from None


def _require(holds: Any, name: str, value: Any, what: str) -> None:
    if not np.all(holds):
        raise ValueError(f"{name} must be {what}; it is {value}.")


def rate(name: str, value: Any) -> None:
    """A learning rate: finite and at least 0. Schedules (callables) pass."""
    if callable(value):
        return
    what = "a finite number of at least 0, or a schedule"
    x = _numbers(name, value, what)
    if x is not None:
        _require(np.isfinite(x) & (x >= 0), name, value, what)


def positive(name: str, value: Any) -> None:
    x = _numbers(name, value, "a number above 0")
    if x is not None:
        _require(np.isfinite(x) & (x > 0), name, value, "a finite number above 0")


def nonnegative(name: str, value: Any) -> None:
    x = _numbers(name, value, "a number of at least 0")
    if x is not None:
        _require(np.isfinite(x) & (x >= 0), name, value, "a finite number of at least 0")


def at_least_one(name: str, value: Any) -> None:
    x = _numbers(name, value, "a number of at least 1")
    if x is not None:
        _require(np.isfinite(x) & (x >= 1), name, value, "a finite number of at least 1")


def decay(name: str, value: Any) -> None:
    """A decay coefficient such as a momentum: in [0, 1)."""
    x = _numbers(name, value, "a number in [0, 1)")
    if x is not None:
        _require((x >= 0) & (x < 1), name, value, "in [0, 1)")


def percentile(name: str, value: Any) -> None:
    x = _numbers(name, value, "a percentile from 0 to 100")
    if x is not None:
        _require((x >= 0) & (x <= 100), name, value, "a percentile from 0 to 100")


def count(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least ``least``, known before the program is compiled."""
    if _traced(value):
        raise TypeError(
            f"{name} must be a fixed whole number: it decides the shape of the program. "
            f"In a sweep, name its axis in loop=[...]."
        )
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, not {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}; it is {value}.")
    return int(value)


def choice(name: str, value: Any, options: Iterable[str]) -> None:
    options = list(options)
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}; it is {value!r}.")


def steps_within(name: str, value: Any, last: int) -> tuple[int, ...]:
    """Steps in increasing order, each from 0 to ``last``."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(
            f"{name} must be a list of steps, such as range(0, {last + 1}, 10), not {value!r}."
        )
    steps = tuple(count(f"each step of {name}", step, least=0) for step in value)
    if any(a >= b for a, b in pairwise(steps)):
        raise ValueError(f"{name} must hold increasing steps, each once.")
    if steps and steps[-1] > last:
        raise ValueError(f"{name} must lie within 0 and {last}; it reaches {steps[-1]}.")
    return steps


def probability(name: str, value: Any) -> None:
    x = _numbers(name, value, "a probability from 0 to 1")
    if x is not None:
        _require((x >= 0) & (x <= 1), name, value, "a probability from 0 to 1")


def finite(name: str, value: Any) -> None:
    x = _numbers(name, value, "finite numbers")
    if x is not None:
        _require(np.isfinite(x), name, value, "finite")
