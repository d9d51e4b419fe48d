"""Show a lab: a widget on a kernel, and in a book's build a place that the page fills."""

import html
import json
import os
from typing import Any

from stabsim.labs.lab import Lab, Values
from stabsim.words import default_language


class Shown:
    """What a cell displays."""

    def __init__(self, lab: Lab, values: Values, language: str) -> None:
        self.lab, self.values, self.language = lab, values, language

    def _repr_mimebundle_(self, **_: Any) -> Any:
        if os.environ.get("STABSIM_BOOK"):
            return {"text/html": placeholder(self.lab.name, self.values),
                    "text/plain": self.lab.title.in_(self.language)}  # fmt: skip
        return self.widget()._repr_mimebundle_()

    def widget(self) -> Any:
        """The ipywidgets widget."""
        from stabsim.labs.widget import LabWidget  # it needs ipywidgets, and training does not

        return LabWidget(self.lab, self.values, self.language)


def placeholder(name: str, values: Values) -> str:
    """What the book's build replaces by the lab, so that no cached page holds an old one."""
    setting = html.escape(json.dumps(values, sort_keys=True))
    return f'<div data-lab-place="{name}" data-setting="{setting}"></div>'


def show(name: str, language: str | None = None, **setting: Any) -> Shown:
    """A lab, with some of its controls set.

    Args:
        name: one of ``stabsim.labs.LABS``.
        language: "en" or "id"; that of the environment variable ``STABSIM_LANGUAGE`` if not
            given.
        **setting: controls' values by name; the rest are as they begin.
    Raises:
        ValueError: if there is no such lab or language, or a value is out of range.
        TypeError: if a control is unknown, or a value of the wrong kind.
    """
    from stabsim.labs import LABS

    if name not in LABS:
        raise ValueError(f"name must be one of {', '.join(LABS)}; it is {name!r}.")
    lab = LABS[name]
    return Shown(lab, lab.setting(setting), default_language() if language is None else language)
