"""Show a lab: a widget on a kernel, and in a book's build a place that the page fills."""

import html
import json
from typing import Any

from stabsim._extras import extra
from stabsim._settings import settings
from stabsim.labs.frame.lab import Lab, Values


class Shown:
    """What a cell displays."""

    def __init__(self, lab: Lab, changes: Values, language: str) -> None:
        self.lab, self.changes, self.language = lab, changes, language
        self.values = lab.setting(changes)

    def _repr_mimebundle_(self, **_: Any) -> Any:
        if settings().book:
            return {"text/html": placeholder(self.lab.name, self.changes),
                    "text/plain": self.lab.name}  # fmt: skip
        return self.widget()._repr_mimebundle_()

    def widget(self) -> Any:
        """The ipywidgets widget."""
        with extra("labs"):
            from stabsim.labs.frame.widget import LabWidget

        return LabWidget(self.lab, self.values, self.language)


def placeholder(name: str, changes: Values) -> str:
    """What the book's build replaces by the lab, so that no cached page holds an old one.

    It says nothing else of the lab: a lab may change without a page's cells being run again.
    """
    setting = html.escape(json.dumps(changes, sort_keys=True))
    return f'<div data-lab-place="{name}" data-setting="{setting}"></div>'
