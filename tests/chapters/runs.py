"""What the runs of a lab come to, computed by its compiled module: the same bits everywhere."""

import re
from collections.abc import Sequence
from functools import cache
from hashlib import sha256

import numpy as np

import jax2wasm
from book import BUILD, ROOT, lab_programs
from book.scoreboard import VERDICTS
from claims.outcome import Claim
from claims.recorded import Row, load
from stabsim.labs import LABS
from stabsim.labs.frame.lab import Tables, Values
from stabsim.labs.frame.report import reached, report

SEEDS = range(10)
MOST = 7
"""Of ten seeds; what "most" means in the chapters."""

MODULES = BUILD / "modules"
"""Compiled modules by the hash of their C, so that no test compiles what another did."""


@cache
def _engine(name: str, variant: str) -> jax2wasm.Engine:
    lab = LABS[name]
    static = lab.variants()[variant]
    module = jax2wasm.compile(lab.program(static), lab.arguments(lab.defaults | static))
    file = MODULES / f"{sha256(module.source.encode()).hexdigest()[:32]}.wasm"
    if file.exists():
        vars(module)["wasm"] = file.read_bytes()  # as the cached property would leave it
    else:
        MODULES.mkdir(parents=True, exist_ok=True)
        ours = file.with_suffix(f".{id(module)}")
        ours.write_bytes(module.wasm)
        ours.replace(file)  # whole, whoever else writes it
    return jax2wasm.Engine(module)


def tables(name: str, values: Values) -> Tables:
    """What a reader's browser computes at a setting."""
    lab = LABS[name]
    return lab_programs.run(lab, _engine(name, lab.variant(values)), values)


@cache
def run(name: str, **changes) -> list[tuple[dict, bool]]:
    """What each seed's run is found to be, and whether it reaches the lab's goal."""
    lab = LABS[name]
    settings = [lab.setting(changes | {"seed": seed}) for seed in SEEDS]
    found = [report(lab, tables(name, values), values, "en").facts for values in settings]
    return [(facts, reached(lab, facts)) for facts in found]


def claim(name: str) -> Row:
    """What the claims recorded."""
    (row,) = (row for row in load().rows if row.name == name)
    return row


def verdicts(name: str, **changes) -> list:
    return [facts["verdict"] for facts, _ in run(name, **changes)]


def goals(name: str, **changes) -> int:
    return sum(goal for _, goal in run(name, **changes))


def numbers(text, language):
    """The numbers of a text as its language writes them."""
    whole, point = (",", ".") if language == "en" else (".", ",")
    found = re.findall(r"\d[\d.,]*\d|\d", text)
    return [float(one.replace(whole, "").replace(point, ".")) for one in found]


def hold_table(page: str, claims: Sequence[Claim], language: str, of: str) -> None:
    """Hold a chapter's table of claims, a row for each in their order, against the record."""
    text = (ROOT / f"chapters/{language}/{page}.md").read_text(encoding="utf8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if f" {of} 20 | " in line]
    for (_, measured, held, verdict), one in zip(rows, claims, strict=True):
        found = claim(one.__name__).published
        assert held == f"{found.held} {of} 20"
        assert verdict == VERDICTS[found.verdict].in_(language)
        known = [*numbers(found.effect.en, "en"), *(sum(part.holds) for part in found.parts)]
        for number in numbers(measured, language):
            assert np.isclose(number, known, rtol=0.03).any(), (one.__name__, number)
