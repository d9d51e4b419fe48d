"""What the surroundings decide, in one place: three settings, each of an environment variable.

The variables are read once, when a setting is first asked for, so that a process does not change
its mind in the middle. :func:`using` sets others for a while.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

LANGUAGES: tuple[str, ...] = ("en", "id")
"""The languages of all words, by code."""


class Settings(NamedTuple):
    """The settings.

    Attributes:
        language: "en" or "id", that of what is printed and drawn where none is asked for:
            ``STABSIM_LANGUAGE``.
        book: whether cells run for a page of the book, in which labs and exercises leave a place
            that the page fills: ``STABSIM_BOOK``, set to anything.
        kept: the folder that keeps arrays of runs from one process to the next, if any:
            ``STABSIM_KEPT``.
    """

    language: str = "en"
    book: bool = False
    kept: Path | None = None


_using: ContextVar[Settings | None] = ContextVar("settings", default=None)


def settings() -> Settings:
    """The settings that hold now.

    Raises:
        ValueError: if ``STABSIM_LANGUAGE`` is none of our languages.
    """
    return _using.get() or _read_once()


@contextmanager
def using(**changes: Any) -> Iterator[None]:
    """Other settings within a ``with`` block; those not named stay."""
    token = _using.set(settings()._replace(**changes))
    try:
        yield
    finally:
        _using.reset(token)


@cache
def _read_once() -> Settings:
    return read(os.environ)


def read(environment: Mapping[str, str]) -> Settings:
    """The settings that environment variables ask for.

    Raises:
        ValueError: if ``STABSIM_LANGUAGE`` is none of our languages.
    """
    kept = environment.get("STABSIM_KEPT")
    return Settings(
        checked(environment.get("STABSIM_LANGUAGE") or "en"),
        bool(environment.get("STABSIM_BOOK")),
        Path(kept) if kept else None,
    )


def checked(language: str) -> str:
    """The language's name, if it is one of ours.

    Raises:
        ValueError: if it is not.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, not {language!r}.")
    return language
