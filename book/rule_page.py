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
from stabsim.labs.frame.charts import WIDTH
from stabsim.labs.frame.surfaces import LABELS
from stabsim.rules import typed
from stabsim.rules.experiment import (
    BATCH,
    LEAST_RATE,
    MOST_RATE,
    POSITIONS,
    PRESET_LABELS,
    RACE_STEPS,
    RATES,
    SEEDS,
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
from stabsim.rules.widget import PICTURES, svg
from stabsim.simulation import Plan, draw
from stabsim.workloads import any_surface
from stabsim.workloads.any_surface import NAMES
from stabsim.workloads.workload import Batch

NARROW = 260
"""The pictures' width on a telephone."""


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
    import vl_convert

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
        "rate": {"low": LEAST_RATE, "high": MOST_RATE, "positions": POSITIONS, "scale": "log"},
        "seeds": SEEDS,
        "known": known_edges(),
        "boxes": boxes(),
        "lines": {
            name: {column: plain(x) for column, x in surface_lines(name).items()} for name in NAMES
        },
        "charts": {
            name: vl_convert.vegalite_to_vega(chart(language).to_dict(validate=False))
            for name, chart in PICTURES.items()
        },
    }


def programs() -> dict[str, tuple[Callable[..., Any], tuple[Any, ...]]]:
    """What the page's worker runs, by name, each with an example of its arguments.

    A run's beginning follows from its seed, and each step's loss and gradient from the parameters.
    """
    net = digits_net()
    plan = Plan(STEPS, BATCH, (), (), False)
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
        return draw(surface, seed, Plan(RACE_STEPS, None, (), (), True)).params

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
    rule, rate, surface = typed.PRESETS[START], RATES[START], NAMES[0]
    tried = attempt(typed.parse(rule), rate, surface, 0)
    drawn = tables(tried, surface, language)
    figures = "".join(
        f'<div class="lab-panel" role="img" aria-label="{say[f"alt {name}"]}" data-chart="{name}">'
        f'<div class="lab-wide">{svg(name, drawn[name], language, WIDTH)}</div>'
        f'<div class="lab-narrow">{svg(name, drawn[name], language, NARROW)}</div></div>'
        for name in PICTURES
    )
    presets = _options(PRESET_LABELS, START, language)
    surfaces = _options(LABELS, surface, language)
    given = say["given"].format(functions=", ".join(typed.FUNCTIONS))
    said = "<br>".join(map(html.escape, sentences(tried, language)))
    return (
        f'<section class="lab rule" data-rule="{source}" aria-label="{say["title"]}">'
        f'<p class="lab-title">{say["title"]}</p>'
        '<div class="rule-form">'
        f'<div class="lab-field"><label for="rule-preset">{say["presets"]}</label>'
        f'<select id="rule-preset" disabled>{presets}</select></div>'
        f'<label for="rule-text">{say["rule"]}</label>'
        f'<textarea id="rule-text" rows="6" spellcheck="false" autocapitalize="off" '
        f'autocomplete="off" aria-describedby="rule-given rule-wrong" disabled>{rule}</textarea>'
        '<p class="rule-wrong" id="rule-wrong" role="alert"></p>'
        f'<div class="lab-field"><label for="rule-rate">{say["rate"]}</label>'
        '<input type="range" id="rule-rate" min="0" step="1" disabled>'
        '<output for="rule-rate"></output></div>'
        f'<div class="lab-field"><label for="rule-surface">{say["surface"]}</label>'
        f'<select id="rule-surface" disabled>{surfaces}</select></div>'
        f'<div class="lab-field"><label for="rule-seed">{say["seed"]}</label>'
        f'<input type="range" id="rule-seed" min="0" max="{SEEDS}" step="1" value="0" disabled>'
        '<output for="rule-seed"></output></div>'
        f'<p class="rule-given" id="rule-given">{given}</p></div>'
        f'<div class="lab-charts">{figures}</div>'
        f'<p class="lab-report" role="status" aria-live="polite">{said}</p>'
        f'<p class="lab-note">{say["preconditioned"]}<noscript> {say["noscript"]}</noscript></p>'
        "</section>"
    )


def _options(labels: dict[str, Any], chosen: str, language: str) -> str:
    return "".join(
        f'<option value="{name}"{" selected" if name == chosen else ""}>'
        f"{html.escape(label.in_(language))}</option>"
        for name, label in labels.items()
    )


def described(language: str) -> str:
    """The description as text."""
    return json.dumps(description(language), ensure_ascii=False)
