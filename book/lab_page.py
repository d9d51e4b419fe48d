"""A lab in a built page: complete as it arrives, and live once its engine is there."""

import html
import json
from typing import Any

from stabsim import diagnosis
from stabsim._diagnosis_words import EVIDENCE, SWEEP, VERDICTS
from stabsim._words import Text
from stabsim.labs.frame.charts import WIDTH
from stabsim.labs.frame.lab import Choice, Control, Lab, Slider, Tables, Values
from stabsim.labs.frame.picture import pictures, specifications
from stabsim.labs.frame.report import report
from stabsim.labs.frame.words import FRAME

NARROW = 260
"""The charts' width on a telephone: drawn at its size, their type can be read there."""

RULES = ("WINDOW", "EARLY_SHARE", "RISE", "LEARNED", "RISE_UNSEEN", "SPIKE", "NOISE", "RUNAWAY",
         "NEAR", "NOISE_WINDOW", "NOISE_PERCENTILE")  # fmt: skip


def frame(language: str) -> dict[str, Any]:
    """What all labs of a language share: words, and the numbers that diagnosis rests on."""

    def chosen(words: dict[str, Text]) -> dict[str, str]:
        return {name: text.in_(language) for name, text in words.items()}

    return {
        "language": language,
        "frame": chosen(FRAME),
        "verdicts": chosen(VERDICTS),
        "evidence": chosen(EVIDENCE),
        "sweep": chosen(SWEEP),
        "rules": {name: getattr(diagnosis, name) for name in RULES},
    }


def description(lab: Lab, language: str, programs: dict[str, Any]) -> dict[str, Any]:
    """All that the page must know of a lab, as JSON."""
    return {
        "name": lab.name,
        "controls": [_control(control, language) for control in lab.controls],
        "panels": [panel.table for panel in lab.panels],
        "clicks": [panel.click for panel in lab.panels],
        "curves": [[c.table, c.column, c.label.in_(language)] for c in lab.curves],
        "facts": [[f.table, f.column, f.text.in_(language)] for f in lab.facts],
        "sweep": lab.sweep,
        "code": lab.code,
        "goal": None if lab.goal is None else [list(c) for c in lab.goal.conditions],
        "programs": programs,
        "charts": specifications(lab, language),
    }


def _control(control: Control, language: str) -> dict[str, Any]:
    if isinstance(control, Slider):
        return {
            "name": control.name, "low": control.low, "high": control.high,
            "default": control.default, "scale": control.scale,
            "positions": control.positions, "unit": control.unit.in_(language),
        }  # fmt: skip
    return {
        "name": control.name, "static": control.static, "default": control.default,
        "options": [[o.value, o.code or o.value] for o in control.options],
    }  # fmt: skip


def markup(lab: Lab, values: Values, tables: Tables, language: str, source: str, place: str) -> str:
    """The lab's HTML, with its first picture drawn.

    Args:
        lab: the lab.
        values: its first setting.
        tables: what its compiled program makes of that, so that the first picture is the one to
            which *Reset* leads back.
        language: "en" or "id".
        source: the address of the lab's description, relative to the page.
        place: an id of its own on the page.
    """
    said = report(lab, tables, values, language)
    wide, narrow = (pictures(lab, tables, language, width) for width in (WIDTH, NARROW))
    say = {name: text.in_(language) for name, text in FRAME.items()}
    figures = "".join(
        _panel(panel.alt.in_(language), *drawn)
        for panel, *drawn in zip(lab.panels, wide, narrow, strict=True)
    )
    goal = ""
    if lab.goal is not None:
        text = html.escape(lab.goal.text.in_(language))
        goal = (f'<p class="lab-goal"><strong>{say["goal"]}:</strong> {text} '
                f'<span class="lab-reached" aria-live="polite"></span></p>')  # fmt: skip
    controls = "".join(_field(c, values, language, place) for c in lab.controls)
    buttons = "".join(
        f'<button type="button" data-do="{name}" disabled>{say[name]}</button>'
        for name in ("reset", "keep", "link", "csv", "python", "present")
    )
    setting = html.escape(json.dumps(values, sort_keys=True))
    title = html.escape(lab.title.in_(language))
    # Regions need names of their own, also where a page shows a lab again.
    again = place.removeprefix(f"lab-{lab.name}").replace("-", " ")
    return (
        f'<section class="lab" id="{place}" data-lab="{lab.name}" data-source="{source}" '
        f'data-setting="{setting}" aria-label="{say["lab"]}{again}: {title}">'
        f'<p class="lab-title">{title}</p>{goal}'
        f'<div class="lab-charts">{figures}</div>'
        f'<p class="lab-report" role="status" aria-live="polite">'
        f"{'<br>'.join(map(html.escape, said.sentences))}</p>"
        f'<div class="lab-controls">{controls}</div>'
        f'<div class="lab-buttons">{buttons}</div>'
        f'<p class="lab-note"><noscript>{say["noscript"]}</noscript></p></section>'
    )


def _panel(alt: str, wide: str | None, narrow: str | None) -> str:
    start = f'<div class="lab-panel" role="img" aria-label="{html.escape(alt)}"'
    if wide is None:
        return f"{start} hidden></div>"
    return f'{start}><div class="lab-wide">{wide}</div><div class="lab-narrow">{narrow}</div></div>'


def _field(control: Control, values: Values, language: str, place: str) -> str:
    own = f"{place}-{control.name}"
    label = html.escape(control.label.in_(language))
    value = values[control.name]
    if isinstance(control, Choice):
        options = "".join(
            f'<option value="{o.value}"{" selected" if o.value == value else ""}>'
            f"{html.escape(o.label.in_(language))}</option>"
            for o in control.options
        )
        return (f'<div class="lab-field"><label for="{own}">{label}</label><select id="{own}" '
                f'name="{control.name}" disabled>{options}</select></div>')  # fmt: skip
    written = html.escape(control.written(value, language))  # type: ignore[arg-type]
    low, high, position = (*control.ends, control.position(float(value)))
    return (f'<div class="lab-field"><label for="{own}">{label}</label><input type="range" '
            f'id="{own}" name="{control.name}" min="{low}" max="{high}" step="1" '
            f'value="{position}" aria-valuetext="{written}" disabled>'
            f'<output for="{own}">{written}</output></div>')  # fmt: skip
