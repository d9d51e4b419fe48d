"""A lab in a built page: complete as it arrives, and live once its engine is there."""

import html
import json
import math
from typing import Any

from book.terse import terse
from stabsim import diagnosis
from stabsim._diagnosis_words import EVIDENCE, SWEEP, VERDICTS
from stabsim._numerals import plain
from stabsim._words import Text, whole
from stabsim.labs.frame.charts import WIDTH
from stabsim.labs.frame.lab import Choice, Control, Lab, Panel, Slider, Tables, Values
from stabsim.labs.frame.picture import pictures, specifications
from stabsim.labs.frame.reading import opening, steps
from stabsim.labs.frame.report import CATAPULT, goal_text, report, series
from stabsim.labs.frame.words import FRAME

NARROW = 300
"""The charts' width on a telephone: drawn at its size, their type can be read there."""

RULES = (
    "WINDOW", "EARLY_SHARE", "UNLEARNED_SHARE", "RISE", "NOISE", "NOISE_WINDOW", "NOISE_PERCENTILE",
    "BEGINNING", "APART", "LEVELS", "LEARNED", "SURE", "FEW", "NEARLY", "SPIKE",
    "RESTART", "RUNAWAY", "HUGE", "GUESS", "MISSED", "LONG", "NEAR",
)  # fmt: skip


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
        "rules": {name: getattr(diagnosis, name) for name in RULES} | {"CATAPULT": CATAPULT},
    }


def description(lab: Lab, language: str, programs: dict[str, Any]) -> dict[str, Any]:
    """All that the page must know of a lab, as JSON."""
    return {
        "name": lab.name,
        "controls": [described(control, language) for control in lab.controls],
        "panels": [_described(lab, panel, language) for panel in lab.panels],
        "cursor": lab.cursor,
        "opens": lab.opens if math.isfinite(lab.opens) else None,
        "curves": [[c.table, c.column, c.label.in_(language)] for c in lab.curves],
        "facts": [[f.table, f.column, f.text.in_(language)] for f in lab.facts],
        "sweep": lab.sweep,
        "parts": lab.parts,
        "rows": lab.rows,
        "code": lab.code,
        "goals": [[lab.goal_key(place), goal.conditions] for place, goal in enumerate(lab.goals)],
        "programs": programs,
        "charts": specifications(lab, language),
    }


def _described(lab: Lab, panel: Panel, language: str) -> dict[str, Any]:
    columns = [[name, text.in_(language)] for name, text in panel.columns]
    goals = [[y, goal_text(of, language), where] for y, of, where in lab.goal_lines(panel)]
    return {
        "table": panel.table, "click": panel.click, "over": panel.over,
        "along": panel.along.in_(language), "columns": columns,
        "series": [series(lab, panel, place, curve) for place, curve in enumerate(lab.curves)],
        "level": panel.level, "goals": goals,
    }  # fmt: skip


def described(control: Control, language: str) -> dict[str, Any]:
    """A control, as JSON."""
    shared: dict[str, Any] = {"name": control.name, "label": control.label.in_(language)}
    if control.idle is not None:
        shared["idle"] = [*control.idle[:2], control.idle.reason.in_(language)]
    if isinstance(control, Slider):
        return shared | {
            "low": control.low, "high": control.high,
            "default": control.default, "scale": control.scale,
            "positions": control.positions, "unit": control.unit.names(language),
        }  # fmt: skip
    return shared | {
        "static": control.static, "default": control.default,
        "options": [[o.value, o.code or o.value, o.label.in_(language)] for o in control.options],
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
    wide, narrow = (
        pictures(lab, tables, values, said.facts, language, width) for width in (WIDTH, NARROW)
    )
    say = {name: text.in_(language) for name, text in FRAME.items()}
    drawn = [
        (panel.under, _panel(lab, panel, language, *pair))
        for panel, *pair in zip(lab.panels, wide, narrow, strict=True)
    ]
    main, *more = (figure for under, figure in drawn if not under)
    idle = lab.idle(values)
    controls = "".join(
        field(c, values, idle, language, place,
              "".join(figure for under, figure in drawn if under == c.name))
        for c in lab.controls
    )  # fmt: skip
    buttons = "".join(
        f'<button type="button" data-do="{name}" disabled>{say[name]}</button>'
        for name in ("reset", "keep", "link", "csv", "python", "present")
    )
    setting = html.escape(json.dumps(values, sort_keys=True))
    title = html.escape(lab.title.in_(language))
    # Regions need names of their own, also where a page shows a lab again.
    again = place.removeprefix(f"lab-{lab.name}").replace("-", " ")
    goals = "" if again and len(lab.goals) > 1 else _goals(lab, language)  # a list stands once
    return (
        f'<section class="lab full-width" id="{place}" data-lab="{lab.name}" '
        f'data-source="{source}" data-setting="{setting}" '
        f'aria-label="{say["lab"]}{again}: {title}">'
        f'<div class="lab-head"><p class="lab-title">{title}</p>{goals}</div>'
        f'<div class="lab-charts"><div class="lab-main">{main}{_scrub(lab, tables, language)}'
        f'<span class="lab-reached" aria-live="polite"></span></div>'
        f'<div class="lab-more">{"".join(more)}</div></div>'
        f'<div class="lab-side"><div class="lab-controls">{controls}</div>'
        f'<p class="lab-report" role="status" aria-live="polite" tabindex="0">'
        f"{'<br>'.join(map(html.escape, said.sentences))}</p>"
        f'<ul class="lab-kept" aria-label="{say["kept"]}" hidden></ul>'
        f'<div class="lab-buttons">{buttons}</div>'
        f'<p class="lab-note"><noscript>{say["noscript"]}</noscript></p></div></section>'
    )


def _goals(lab: Lab, language: str) -> str:
    """What to reach; the page ticks each once it was."""
    texts = [html.escape(goal.text.in_(language)) for goal in lab.goals]
    keys = [f'class="lab-goal" data-goal="{lab.goal_key(i)}"' for i in range(len(texts))]
    if len(texts) == 1:
        return f"<p {keys[0]}><strong>{FRAME['goal'].in_(language)}:</strong> {texts[0]}</p>"
    listed = "".join(f"<li {key}>{text}</li>" for key, text in zip(keys, texts, strict=True))
    title = f"<p><strong>{FRAME['goals'].in_(language)}:</strong></p>"
    return f"{title}<ol>{listed}</ol>" if listed else ""


def _panel(lab: Lab, panel: Panel, language: str, wide: str | None, narrow: str | None) -> str:
    alt = html.escape(panel.alt.in_(language))
    start = f'<div class="lab-figure"><div class="lab-panel" role="img" aria-label="{alt}"'
    if wide is None or narrow is None:
        return f"{start} hidden></div></div>"
    set_here = (panel.level,) if panel.level else panel.click
    hint = ""
    if set_here:
        labels = ", ".join(lab.control(name).label.in_(language) for name in set_here)
        said = FRAME["drag" if panel.level else "click"].in_(language).format(label=labels)
        hint = f'<p class="lab-hint">{html.escape(said)}</p>'
    return f"{start}>{either(wide, narrow)}</div>{hint}</div>"


def either(wide: str, narrow: str) -> str:
    """A panel's two pictures, of which the page shows the one that has room."""
    return f'<div class="lab-wide">{terse(wide)}</div><div class="lab-narrow">{terse(narrow)}</div>'


def _scrub(lab: Lab, tables: Tables, language: str) -> str:
    """What moves the cursor, if there is one: it plays, or stands at a step."""
    if not lab.cursor:
        return ""
    play, look = (FRAME[name].in_(language) for name in ("play", "cursor"))
    along = steps(lab, tables)
    here = opening(lab, along)
    return (
        f'<div class="lab-scrub"><button type="button" data-do="play" aria-label="{play}" '
        f'disabled></button><input type="range" aria-label="{look}" min="0" max="{along.size - 1}" '
        f'value="{here}" disabled><output>{whole(float(along[here]), language)}</output></div>'
    )


def field(
    control: Control,
    values: Values,
    idle: dict[str, Text],
    language: str,
    place: str,
    figures: str = "",
) -> str:
    """A control's HTML; ``idle`` says of those that do nothing why. ``figures`` stand under it."""
    own = f"{place}-{control.name}"
    label = html.escape(control.label.in_(language))
    value = values[control.name]
    why = idle.get(control.name, Text("", "")).in_(language)
    named = f'id="{own}" name="{control.name}" aria-describedby="{own}-idle"'
    reason = f'<span class="lab-idle" id="{own}-idle">{html.escape(why)}</span>'
    if isinstance(control, Choice):
        options = "".join(
            f'<option value="{o.value}"{" selected" if o.value == value else ""}>'
            f"{html.escape(o.label.in_(language))}</option>"
            for o in control.options
        )
        return (f'<div class="lab-field lab-choice"><label for="{own}">{label}</label>'
                f'<div class="lab-menu"><select {named} disabled>{options}</select>{reason}</div>'
                f"</div>")  # fmt: skip
    written = html.escape(control.written(value, language))  # type: ignore[arg-type]
    entry = plain(value, language)  # type: ignore[arg-type]
    unit = html.escape(control.unit.of(value, language))  # type: ignore[arg-type]
    typed = html.escape(FRAME["value"].in_(language).format(label=control.label.in_(language)))
    low, high, position = (*control.ends, control.position(float(value)))
    return (f'<div class="lab-field"><label for="{own}">{label}</label>'
            f'<span class="lab-value"><input type="text" inputmode="decimal" value="{entry}" '
            f'aria-label="{typed}" autocomplete="off" spellcheck="false" disabled>'
            f"{f'<span>{unit}</span>' if unit else ''}</span>"
            f'<input type="range" {named} min="{low}" max="{high}" step="1" '
            f'value="{position}" aria-valuetext="{written}" disabled>{reason}{figures}'
            f"</div>")  # fmt: skip
