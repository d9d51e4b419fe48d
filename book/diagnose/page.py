"""The page's form, and the words and numbers that its scripts need to diagnose as Python does."""

import html
from typing import Any

from book.diagnose.charts import specifications
from book.diagnose.examples import EXAMPLES
from book.diagnose.words import CHAPTERS, COMMAND_ONLY, DROP, DROP_INSTEAD
from book.lab_page import RULES
from stabsim import diagnosis
from stabsim._advice import AGGRESSIVE, LARGEST_WARMUP
from stabsim._diagnosis_words import EVIDENCE, SWEEP, VERDICTS
from stabsim._words import Text
from stabsim.logs import columns, document, objects, text
from stabsim.logs.advice import ENOUGH
from stabsim.logs.cells import EMPTY
from stabsim.logs.experiments import (
    CHECKS,
    EARLY_FIXES,
    LANGUAGE,
    MID_FIXES,
    PRACTICES,
    SUDDEN_FIXES,
    TRIED,
)
from stabsim.logs.lines import LINES
from stabsim.logs.log import MOST_CHANGES, MOST_RUNS
from stabsim.logs.reader import OTHERS
from stabsim.logs.report import SHOWN_RISES, STRETCHES
from stabsim.logs.source import LONGEST_LINE
from stabsim.logs.sqlite import MARK as SQLITE
from stabsim.logs.table import DELIMITERS, LOOKED, RULE
from stabsim.logs.verdict import LEAST
from stabsim.logs.wandb import MARK as WANDB
from stabsim.logs.wandb import SWANLAB
from stabsim.logs.words import ADVICE, LOGS, PLACES, REPORT, SWEEPS, UNREADABLE
from stabsim.plots import TOP

COMMAND = "stabsim diagnose run.csv --language {language} --html report.html"


def words(language: str) -> dict[str, Any]:
    """Words and numbers, as JSON: what the reader and the report of Python rest on."""

    def chosen(texts: dict[str, Text]) -> dict[str, str]:
        return {name: DROP_INSTEAD.get(name, text).in_(language) for name, text in texts.items()}

    return {
        "language": language,
        "verdicts": chosen(VERDICTS),
        "evidence": chosen(EVIDENCE),
        "advice": chosen(ADVICE),
        "report": chosen(REPORT),
        "sweep": chosen(SWEEP),
        "sweeps": chosen(SWEEPS),
        "logs": chosen(LOGS),
        "places": chosen(PLACES),
        "unreadable": chosen(UNREADABLE | {"command only": COMMAND_ONLY}),
        "drop": chosen(DROP),
        "rules": {name: getattr(diagnosis, name) for name in RULES},
        "orders": {
            "stable": CHECKS,
            "early": EARLY_FIXES,
            "mid": MID_FIXES,
            "sudden": SUDDEN_FIXES,
        },
        "practices": PRACTICES,
        "languageModel": LANGUAGE,
        "lines": LINES,
        "chapters": {name: [text.in_(language), at] for name, (text, at) in CHAPTERS.items()},
        "enough": ENOUGH,
        "aggressive": AGGRESSIVE,
        "largestWarmup": LARGEST_WARMUP,
        "shownRises": SHOWN_RISES,
        "columns": {
            "names": columns.NAMES,
            "same": columns.SAME,
            "noMatter": sorted(columns.NO_MATTER),
            "others": sorted(columns.OTHERS),
            "heldOut": sorted(columns.HELD_OUT),
            "trained": sorted(columns.TRAINED),
            "metrics": columns.METRICS,
            "part": columns.PART,
            "metric": columns.METRIC,
            "changes": sorted(columns.CHANGES),
            "often": columns.OFTEN,
        },
        "parts": columns.PARTS,
        "console": {
            "pair": text.PAIR,
            "quoted": text.QUOTED,
            "colours": text.COLOURS,
            "keras": text.KERAS,
            "bar": text.BAR,
            "level": text.LEVEL,
            "iter": text.ITER,
            "whole": text.WHOLE,
            "held": text.HELD,
            "unnamed": text.UNNAMED,
            "again": text.AGAIN,
            "partial": text.PARTIAL,
            "terse": text.TERSE,
            "longest": text.LONGEST,
        },
        "mostRuns": MOST_RUNS,
        "mostChanges": MOST_CHANGES,
        "largestDocument": document.LARGEST,
        "empty": sorted(EMPTY),
        "delimiters": DELIMITERS,
        "looked": LOOKED,
        "rule": RULE,
        "longestLine": LONGEST_LINE,
        "least": LEAST,
        "head": objects.HEAD,
        "deepest": objects.DEEPEST,
        "otherKinds": {mark.decode("latin-1"): name for mark, name in OTHERS.items()},
        "commandOnly": {
            SQLITE.decode(): "SQLite",
            WANDB.decode(): ".wandb",
            SWANLAB.decode(): ".swanlab",
        },
        "stretches": STRETCHES,
        "top": TOP,
    }


def description(language: str) -> dict[str, Any]:
    """All that the page must know, as JSON."""
    return {
        "words": words(language),
        "charts": specifications(language),
        "examples": {one.name: one.about(language) for one in EXAMPLES},
    }


def markup(language: str, source: str) -> str:
    """The form's HTML, in which nothing can be chosen until its script is there.

    Args:
        language: "en" or "id".
        source: the address of the folder with the page's description and the examples.
    """
    say = {name: html.escape(text.in_(language)) for name, text in DROP.items()}
    examples = "".join(
        f'<button type="button" data-example="{one.name}" disabled>'
        f"{html.escape(one.label.in_(language))}</button>"
        for one in EXAMPLES
    )
    menus = "".join(
        f'<div class="drop-field"><label for="drop-{role}">{say[role]}</label>'
        f'<select id="drop-{role}" name="{role}"></select></div>'
        for role in columns.Columns._fields
    )
    tried = "".join(
        f'<label><input type="checkbox" name="tried" value="{name}"> {say[name]}</label>'
        for name in TRIED
    )
    figures = "".join(
        f'<figure hidden><div class="drop-chart" data-chart="{name}" role="img"></div>'
        "<figcaption></figcaption></figure>"
        for name in ("loss", "norm", "histogram")
    )
    command = html.escape(COMMAND.format(language=language))
    return (
        f'<section class="drop" data-drop="{source}" aria-label="{say["title"]}">'
        f"<noscript><p>{say['noscript']}</p><pre>{command}</pre></noscript>"
        '<div class="drop-zone pst-js-only"><label for="drop-file">'
        f"<strong>{say['choose']}</strong> {say['formats']} "
        f'<span class="drop-hint">{say["or drop"]}</span></label>'
        '<input type="file" id="drop-file" multiple disabled>'
        f'<p><label for="drop-text">{say["paste"]}</label> '
        '<textarea id="drop-text" rows="2" spellcheck="false" disabled></textarea></p>'
        f'<p class="drop-here">{say["here"]}</p></div>'
        f'<div class="drop-examples pst-js-only"><p>{say["examples"]}</p>{examples}</div>'
        '<p class="drop-note" role="status" aria-live="polite"></p>'
        f'<progress max="1" value="0" aria-label="{say["progress"]}" hidden></progress>'
        f'<div class="drop-result" hidden><div class="drop-said" aria-live="polite"></div>{figures}'
        '</div><form class="drop-columns" hidden><fieldset>'
        f"<legend>{say['columns']}</legend>{menus}</fieldset></form>"
        f'<form class="drop-options" hidden><fieldset class="drop-runs" hidden>'
        f'<legend>{say["runs"]}</legend><div class="drop-field"><label for="drop-run">{say["run"]}'
        '</label><select id="drop-run" name="run"></select></div></fieldset>'
        f"<fieldset><legend>{say['clip']}</legend>"
        f'<div class="drop-field"><label for="drop-percentile">{say["percentile"]}</label>'
        '<input type="number" id="drop-percentile" name="percentile" min="0" max="100" step="any" '
        'value="90"></div>'
        f'<div class="drop-field"><label for="drop-threshold">{say["threshold"]}</label>'
        '<input type="number" id="drop-threshold" name="threshold" min="0" step="any"></div>'
        f"</fieldset><fieldset><legend>{say['tried']}</legend>{tried}</fieldset></form>"
        "</section>"
    )
