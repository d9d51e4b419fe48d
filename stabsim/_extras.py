"""Packages that only an extra of stabsim installs, and an error that names it."""

from collections.abc import Iterator
from contextlib import contextmanager


class MissingExtra(ModuleNotFoundError):
    """A package is missing, and the message says which extra installs it."""


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Around the import of packages that come with an extra.

    Raises:
        MissingExtra: if one is not installed, with the command that installs it.
    Examples:
        >>> with extra("labs"):
        ...     import not_there
        Traceback (most recent call last):
        stabsim._extras.MissingExtra: This needs not_there: pip install "stabsim[labs]".
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("stabsim"):
            raise
        message = f'This needs {error.name}: pip install "stabsim[{name}]".'
        raise MissingExtra(message, name=error.name) from None
