"""The lab of typed rules in its page: its form, its words, and the programs that it trains by."""

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

import jax2wasm
from book import lab_page
from stabsim.labs.frame.charts import WIDTH
from stabsim.rules import typed
from stabsim.rules.charts import PICTURES, drawn, specification
from stabsim.rules.experiment import (
    BATCH,
    CONTROLS,
    PRESET_LABELS,
    RACE_STEPS,
    RATES,
    START,
    STEPS,
    WORDS,
    attempt,
    boxes,
    digits_net,
    known_edges,
    sentences,
)
from stabsim.rules.tables import surface_lines, tables
from stabsim.simulation import RunPlan, draw
from stabsim.workloads import any_surface
from stabsim.workloads.any_surface import NAMES
from stabsim.workloads.workload import Batch


def words(language: str) -> dict[str, Any]:
    """Words and numbers, as JSON: what the parser and the edge of Python rest on."""
    return {
        "errors": {name: text.in_(language) for name, text in typed.ERRORS.items()},
        "finish": typed.FINISH.in_(language),
        "functions": typed.FUNCTIONS,
        "longest": typed.LONGEST,
        "mostLines": typed.MOST_LINES,
        "deepest": typed.DEEPEST,
        "edge": {
            "least": typed.LEAST,
            "most": typed.MOST,
            "tried": typed.TRIED,
            "halvings": typed.HALVINGS,
            "steps": typed.EDGE_STEPS,
            "grown": typed.GROWN,
            "blown": typed.BLOWN,
        },
    }


def description(language: str) -> dict[str, Any]:
    """All that the page must know, as JSON."""

    def plain(x: Any) -> list[float | None]:
        return [round(v, 4) if np.isfinite(v) else None for v in np.asarray(x, float).tolist()]

    return {
        "language": language,
        "words": words(language),
        "said": {name: text.in_(language) for name, text in WORDS.items()},
        "steps": STEPS,
        "batch": BATCH,
        "raceSteps": RACE_STEPS,
        "presets": {name: [typed.PRESETS[name], RATES[name]] for name in PRESET_LABELS},
        "controls": [lab_page.described(control, language) for control in CONTROLS],
        "edges": known_edges(),
        "boxes": boxes(),
        "lines": {
            name: {column: plain(x) for column, x in surface_lines(name).items()} for name in NAMES
        },
        "charts": {name: specification(name, language) for name in PICTURES},
    }


def programs() -> dict[str, tuple[Callable[..., Any], tuple[Any, ...]]]:
    """What the page's worker runs, by name, each with an example of its arguments.

    A run's beginning follows from its seed, and each step's loss and gradient from the parameters.
    """
    net = digits_net()
    plan = RunPlan(STEPS, BATCH, (), False)
    flat, unravel = ravel_pytree(net.init(jax.random.key(0)))
    train = net.train
    assert train is not None

    def digits_start(seed: Any) -> Any:
        drawn = draw(net, seed, plan)
        return ravel_pytree(drawn.params)[0], drawn.rows

    def digits_step(theta: Any, rows: Any) -> Any:
        batch = Batch(train.inputs[rows], train.targets[rows])
        return jax.value_and_grad(lambda x: net.loss(unravel(x), batch))(theta)

    def surface_start(which: Any, seed: Any) -> Any:
        surface = any_surface(which)
        return draw(surface, seed, RunPlan(RACE_STEPS, None, (), True)).params

    def surface_step(which: Any, theta: Any) -> Any:
        return jax.value_and_grad(any_surface(which).loss)(theta)

    whole, place = jnp.int32(0), jnp.zeros(2)
    return {
        "digits_start": (digits_start, (whole,)),
        "digits_step": (digits_step, (flat, jnp.zeros(BATCH, jnp.int32))),
        "surface_start": (surface_start, (whole, whole)),
        "surface_step": (surface_step, (whole, place)),
    }


def save_programs(folder: Path) -> None:
    """Compile the programs into a folder."""
    for name, (function, example) in programs().items():
        jax2wasm.compile(function, *example).save(folder, name)


def markup(language: str, source: str) -> str:
    """The form's HTML, with the pictures and words of the rule that stands there first.

    Args:
        language: "en" or "id".
        source: the address of the folder with the page's description and programs.
    """
    say = {name: html.escape(text.in_(language)) for name, text in WORDS.items()}
    values = {control.name: control.default for control in CONTROLS} | {"rate": RATES[START]}
    rule, surface = typed.PRESETS[START], NAMES[0]
    tried = attempt(typed.parse(rule), RATES[START], surface, 0)
    made = tables(tried, surface)
    main, *more = (
        f'<div class="lab-figure"><div class="lab-panel" role="img" data-chart="{name}" '
        f'aria-label="{say[f"alt {name}"]}">'
        f"{lab_page.either(*pair)}</div></div>"
        for name in PICTURES
        for pair in [[drawn(name, made[name], language, w) for w in (WIDTH, lab_page.NARROW)]]
    )
    presets = "".join(
        f'<option value="{name}"{" selected" if name == START else ""}>'
        f"{html.escape(label.in_(language))}</option>"
        for name, label in PRESET_LABELS.items()
    )
    controls = "".join(lab_page.field(c, values, {}, language, "rule") for c in CONTROLS)
    given = say["given"].format(functions=", ".join(typed.FUNCTIONS))
    said = "<br>".join(map(html.escape, sentences(tried, language)))
    setting = html.escape(json.dumps(values, sort_keys=True))
    return (
        f'<section class="lab rule full-width" data-rule="{source}" data-setting="{setting}" '
        f'aria-label="{say["title"]}">'
        f'<div class="lab-head"><p class="lab-title">{say["title"]}</p></div>'
        f'<div class="lab-charts"><div class="lab-main">{main}</div>'
        f'<div class="lab-more">{"".join(more)}</div></div>'
        '<div class="lab-side"><div class="lab-controls">'
        f'<div class="lab-field lab-choice"><label for="rule-preset">{say["presets"]}</label>'
        f'<select id="rule-preset" disabled>{presets}</select></div></div>'
        f'<label for="rule-text">{say["rule"]}</label>'
        f'<textarea id="rule-text" rows="5" spellcheck="false" autocapitalize="off" '
        f'autocomplete="off" aria-describedby="rule-given rule-wrong" disabled>{rule}</textarea>'
        '<div class="rule-wrong" id="rule-wrong" role="alert"></div>'
        f'<div class="lab-controls">{controls}</div>'
        f'<p class="lab-report" role="status" aria-live="polite" tabindex="0">{said}</p>'
        f'<p class="rule-given" id="rule-given">{given}</p>'
        f'<p class="lab-note">{say["preconditioned"]}<noscript> {say["noscript"]}</noscript></p>'
        "</div></section>"
    )
