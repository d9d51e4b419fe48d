"""Exercises whose answer a cell computes: what a page does that has no Python."""

import re

import numpy as np
import pytest

from book import exercise_page, notebooks, outputs, rule_page
from book.progress import ASKED
from stabsim.exercises import EXERCISES, Number
from stabsim.rules.typed import parse
from tests.browser import WIDE, visit, watch
from tests.node import READ, in_node

CHECKED = re.compile(r'exercises\.check\("([\w-]+)"')
BY_LINES = {name: one for name, one in EXERCISES.items() if isinstance(one, Number) and one.lines}
MENDED = {
    "optimizers-build": "g = theta\nv = 0.9*v + g\ntheta = theta - 0.1*(0.9*v + g)",
    "fixes-build": "size = size + size*gain**2/2/blocks",
    "warmup-uv": "f = u*v\nnew_u = u - eta*f*v\nnew_v = v - eta*f*u",
    "transformers-build": "counted = min(loss, start)",
}


def test_what_a_cell_computes_a_page_computes_or_leads_to_the_notebook():
    for page in notebooks.pages():
        for name in CHECKED.findall(outputs.cells("en", page)):
            exercise = EXERCISES[name]
            assert isinstance(exercise, Number)
            assert (exercise.lines is not None) != exercise.in_notebook, name
    assert BY_LINES.keys() == MENDED.keys()


def test_lines_come_to_the_answer_once_they_are_mended():
    def known(name):
        return exercise_page._computed(BY_LINES[name], "en")

    tried = [(name, text) for name, one in BY_LINES.items() if one.lines
             for text in (one.lines.text, MENDED[name])]  # fmt: skip
    found = in_node(
        READ + 'import { computed } from "./computed.mjs";\n'
        "console.log(JSON.stringify(given.map(([known, text]) => computed(known, text))));",
        [[known(name), text] for name, text in tried],
    )
    for (name, text), value in zip(tried, found, strict=True):
        assert EXERCISES[name].judge(value, "en").right == (text == MENDED[name]), name


@pytest.mark.parametrize("name", BY_LINES)
def test_lines_are_in_the_language_of_typed_rules(name):
    lines = BY_LINES[name].lines
    assert lines is not None
    parse(f"{lines.text}\n{lines.after}")


def test_a_notebooks_cell_is_found():
    made = notebooks.notebook("id", "clipping", None)
    cell = notebooks.cell("id", "clipping", "clipping-median")
    assert '"clipping-median"' in next(one.source for one in made.cells if one["id"] == cell)
    assert "clipping-median" in ASKED.findall(outputs.cells("id", "clipping"))
    assert rule_page.words("id")["deepest"] > 1


def test_an_answer_is_computed_in_the_page_and_kept(address, context):
    page = context(viewport=WIDE).new_page()
    wrong = watch(page, address)
    visit(page, f"{address}id/optimizers.html")
    form = page.locator("#exercise-optimizers-build")
    field, said = form.locator("textarea"), form.locator(".exercise-said")
    form.locator("button:enabled").click()
    page.wait_for_function(
        "(said) => said.textContent.includes('Momentum')", arg=said.element_handle()
    )
    field.fill("v = 0.9*v + h")
    field.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("(said) => said.textContent.includes('Baris 1, karakter 13')",
                           arg=said.element_handle())  # fmt: skip
    field.fill(MENDED["optimizers-build"])
    form.locator("button").click()
    page.wait_for_function(
        "(said) => said.textContent.includes('Benar')", arg=said.element_handle()
    )
    page.reload()
    page.wait_for_function(
        "() => document.querySelector('#exercise-optimizers-build').dataset.right === 'true'"
    )
    assert field.input_value() == MENDED["optimizers-build"]
    link = page.locator("#exercise-optimizers-build a")
    assert link.count() == 0
    assert np.isfinite(EXERCISES["optimizers-build"].solution)
    assert not wrong
