"""The lab of typed rules on a kernel."""

import html
import math
from typing import Any

import ipywidgets as widgets

from stabsim.rules.charts import PICTURES, drawn
from stabsim.rules.experiment import (
    CONTROLS,
    PRESET_LABELS,
    RATES,
    START,
    WORDS,
    attempt,
    sentences,
)
from stabsim.rules.tables import tables
from stabsim.rules.typed import FUNCTIONS, PRESETS, RuleError, parse


class RuleWidget(widgets.VBox):
    """A field for the rule, its rate, surface and seed, and what comes of it.

    A rule is tried when its field is left, and when another control changes.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        wide: Any = {"width": "100%", "max_width": "44em"}
        style = {"description_width": "14em"}
        presets = [(label.in_(language), name) for name, label in PRESET_LABELS.items()]
        rate, surface, seed = CONTROLS
        surfaces = [(option.label.in_(language), option.value) for option in surface.options]
        self.preset = widgets.Dropdown(options=presets, value=START, layout=wide, style=style,
                                       description=self._say("presets"))  # fmt: skip
        self.text = widgets.Textarea(PRESETS[START], rows=6, layout=wide, continuous_update=False)
        self.rate = widgets.FloatLogSlider(
            RATES[START], min=math.log10(rate.low), max=math.log10(rate.high),
            step=math.log10(rate.high / rate.low) / rate.positions, readout_format=".3g",
            description=rate.label.in_(language), layout=wide, style=style,
            continuous_update=False,
        )  # fmt: skip
        self.surface = widgets.Dropdown(options=surfaces, layout=wide, style=style,
                                        description=surface.label.in_(language))  # fmt: skip
        self.seed = widgets.IntSlider(
            seed.default, seed.low, seed.high, description=seed.label.in_(language),
            layout=wide, style=style, continuous_update=False,
        )  # fmt: skip
        self.said = widgets.HTML()
        self.pictures = {name: widgets.HTML() for name in PICTURES}
        given = self._say("given").format(functions=", ".join(FUNCTIONS))
        super().__init__([
            widgets.HTML(f"<b>{self._say('title')}</b>"), self.preset,
            widgets.HTML(html.escape(given)), self.text, self.rate, self.surface, self.seed,
            self.said, *self.pictures.values(),
        ])  # fmt: skip
        self.preset.observe(self._begin, "value")
        for field in (self.text, self.rate, self.surface, self.seed):
            field.observe(lambda _: self.run(), "value")
        self.run()

    def _say(self, name: str) -> str:
        return WORDS[name].in_(self.language)

    def _begin(self, change: Any) -> None:
        self.rate.value = RATES[change["new"]]
        self.text.value = PRESETS[change["new"]]

    def run(self) -> None:
        """Try what stands there; what was drawn stays where it cannot be read."""
        try:
            rule = parse(self.text.value)
        except RuleError as error:
            line = self.text.value.splitlines()[error.line - 1 : error.line] or [""]
            shown = f"{line[0]}\n{' ' * (error.column - 1)}^"
            said = html.escape(error.sentence(self.language))
            self.said.value = f'<div role="alert">{said}<pre>{html.escape(shown)}</pre></div>'
            return
        surface = str(self.surface.value)
        tried = attempt(rule, self.rate.value, surface, self.seed.value)
        self.said.value = "<br>".join(map(html.escape, sentences(tried, self.language)))
        for name, table in tables(tried, surface).items():
            alt = html.escape(self._say(f"alt {name}"))
            picture = drawn(name, table, self.language)
            self.pictures[name].value = f'<div role="img" aria-label="{alt}">{picture}</div>'
