"""Show the lab of typed rules: a widget on a kernel, and in a book's build a place to fill."""

from typing import Any

from stabsim._extras import extra
from stabsim._settings import settings
from stabsim._words import default_language
from stabsim.rules.experiment import WORDS

PLACE = "<div data-rule-place></div>"
"""What the book's build replaces by the lab."""


class Shown:
    """What a cell displays."""

    def __init__(self, language: str) -> None:
        self.language = language

    def _repr_mimebundle_(self, **_: Any) -> Any:
        if settings().book:
            return {"text/html": PLACE, "text/plain": WORDS["title"].in_(self.language)}
        return self.widget()._repr_mimebundle_()

    def widget(self) -> Any:
        """The ipywidgets widget."""
        with extra("labs"):
            from stabsim.rules.widget import RuleWidget

        return RuleWidget(self.language)


def show(language: str | None = None) -> Shown:
    """The lab in which a rule is typed, and tried at once.

    Args:
        language: "en" or "id"; that of the settings if not given.
    Raises:
        ValueError: if there is no such language.
    """
    return Shown(default_language() if language is None else language)
