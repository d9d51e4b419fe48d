"""The Python that a lab offers: the same from the page and the kernel, and what the lab says."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from book import lab_page as page
from stabsim._diagnosis_words import VERDICTS
from stabsim.labs import LABS
from stabsim.labs.frame.lab import Choice, Lab, Values
from stabsim.labs.frame.report import report
from tests.node import READ, in_node

SAMPLES = 8
QUICK = ("kinds", "mend", "race", "twins")
"""Labs whose Python is run each time: what was broken once, and a static choice."""

NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+|·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|∞|inf")


def settings(lab: Lab) -> Iterator[Values]:
    """The defaults, each option of each menu, both ends of each slider, and some at random."""
    yield lab.defaults
    for control in lab.controls:
        if isinstance(control, Choice):
            ends = [option.value for option in control.options]
        else:
            ends = [control.at(position) for position in control.ends]
        yield from (lab.setting({control.name: value}) for value in ends)
    rng = np.random.default_rng(0)
    for _ in range(SAMPLES):
        yield {control.name: control.sample(rng) for control in lab.controls}


@pytest.mark.parametrize("name", LABS)
def test_page_and_kernel_offer_the_same_python(name):
    lab = LABS[name]
    described = page.description(lab, "en", {}) | {"charts": []}
    tried = list(settings(lab))
    there = in_node(
        READ + 'import { python } from "./report.mjs";\n'
        "console.log(JSON.stringify(given.tried.map((values) => python(given.lab, values))));",
        {"lab": described, "tried": tried},
    )
    assert there == [lab.python(values) for values in tried]
    for code in there:
        compile(code, name, "exec")
        places = "|".join(control.name for control in lab.controls)
        assert not re.search(r"\{(%s)\}" % places, code)


def test_every_control_is_in_the_python():
    for name, lab in LABS.items():
        start = lab.python(lab.defaults)
        for control in lab.controls:
            values = [v for v in settings(lab) if v[control.name] != lab.defaults[control.name]]
            alone = [v for v in values if v == lab.defaults | {control.name: v[control.name]}]
            assert any(lab.python(v) != start for v in alone), (name, control.name)


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.long) for n in LABS]
)
def test_the_python_says_what_the_lab_says(name, tmp_path):
    lab = LABS[name]
    values = lab.defaults
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", lab.python(values)], capture_output=True, text=True,
        check=False, cwd=tmp_path, env=os.environ | {"MPLBACKEND": "agg"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = report(lab, lab.compute(values), values, "en")
    verdicts = "|".join(text.en for text in VERDICTS.values())
    printed = re.findall(rf"({verdicts})\.\n(.*)", done.stdout, re.IGNORECASE)
    assert len(printed) == len(lab.curves)
    for place, (verdict, span) in enumerate(printed, 1):
        suffix = f"_{place}" if place > 1 else ""
        assert verdict.lower() == said.facts["verdict" + suffix]
        facts = [said.facts[fact + suffix] for fact in ("initial_loss", "final_loss")]
        if verdict == "Stable":
            assert numbers(span) == pytest.approx(facts, rel=0.02)
    for fact in lab.facts:
        assert any(x == pytest.approx(said.facts[fact.column], rel=0.02, abs=1e-3)
                   for x in numbers(done.stdout)), fact.column  # fmt: skip


def numbers(text: str) -> list[float]:
    """All numbers of a text, as Python or our words write them."""
    plain = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    return [float(x.replace("·10", "e").replace("∞", "inf").translate(plain))
            for x in NUMBER.findall(text)]  # fmt: skip
