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
QUICK = ("twins",)
"""The labs whose Python is run each time; that of the others is read, compared and compiled."""

VIEWS = {"plane": {"plane"}, "strides": {"every"}}
"""Controls of what is shown of a run."""

PRINTED = {
    "clip": ("clipped",), "twins": ("clipped",), "strategies": ("clipped",),
    "batch_run": ("validation_error",), "batch_rates": ("smallest", "largest"),
    "batch_steps": ("steps",), "search": ("given",), "surrogate": ("evidence", "next"),
}  # fmt: skip
"""The facts of a lab that its Python prints too."""

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


def test_page_and_kernel_offer_the_same_python():
    tried = {name: list(settings(lab)) for name, lab in LABS.items()}
    there = in_node(
        READ + 'import { python } from "./python.mjs";\n'
        "console.log(JSON.stringify(given.labs.map(({ lab, tried }) =>\n"
        "  tried.map((values) => python(lab, values)))));",
        {"labs": [
            {"lab": page.description(lab, "en", {}) | {"charts": []}, "tried": tried[name]}
            for name, lab in LABS.items()
        ]},
    )  # fmt: skip
    for (name, lab), offered in zip(LABS.items(), there, strict=True):
        assert offered == [lab.python(values) for values in tried[name]]
        places = "|".join(control.name for control in lab.controls)
        for code in offered:
            compile(code, name, "exec")
            assert not re.search(rf"\{{({places})\}}", code)


def test_every_control_that_changes_a_run_is_in_the_python():
    for name, lab in LABS.items():
        options = [o.code for c in lab.controls if isinstance(c, Choice) for o in c.options]
        places = set(re.findall(r"\{(\w+)\}", " ".join([lab.code, *options])))
        controls = {control.name for control in lab.controls}
        assert controls - places == VIEWS.get(name, set()), name


def test_every_lab_with_a_verdict_asks_for_it_in_the_python():
    for name, lab in LABS.items():
        assert ("ss.diagnose(" in lab.code) is bool(lab.curves), name


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
            first, last = numbers(span)
            assert first == pytest.approx(facts[0], rel=0.02)
            # Two programs round otherwise, and a run that meets kinks may end elsewhere for it.
            assert last == pytest.approx(facts[1], rel=0.5)
    for fact in PRINTED.get(name, ()):
        expected = pytest.approx(said.facts[fact], rel=0.02)
        assert any(x == expected for x in numbers(done.stdout)), (fact, expected)


def numbers(text: str) -> list[float]:
    """All numbers of a text, as Python or our words write them."""
    plain = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    return [float(x.replace("·10", "e").replace("∞", "inf").translate(plain))
            for x in NUMBER.findall(text)]  # fmt: skip
