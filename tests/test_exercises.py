"""Exercises: what is right, what is nearly right, and that page and kernel judge alike."""

import json
import math
from html import unescape

import pytest

import stabsim as ss
from book import exercise_page as page
from stabsim._words import Text
from stabsim.exercises import EXERCISES, Number, Select
from stabsim.exercises.frame.exercise import SAID, Hint
from tests.node import READ, in_node

ONE = Number(
    "one", lambda: 0.3, 0.01, hints=(Hint(2.9, 3.1, Text("Ten times less.", "Sepersepuluhnya.")),)
)
EXACT = Number("exact", lambda: 11_000.0, 0.0, Text("steps", "langkah"))
CHOICE = Select("choice", 1, ((Text("a", "a"), Text("no", "bukan")), (Text("b", "b"),) * 2))
GIVEN = {
    ONE: ["0.3", "0,303", "0.304", "3", "300", "x", ""],
    EXACT: ["11000", "10999", "1.1e4", "11.000", "11,000", "11 ribu langkah", "11 GB"],
    CHOICE: ["0", "1"],
}


def test_judgements():
    assert ONE.judge(0.3, "en").right
    assert ONE.judge(0.303, "en").right
    assert ONE.judge(0.3031, "en").said == SAID["close"]
    assert ONE.judge("3", "en").said.id == "Belum tepat. Sepersepuluhnya."
    assert ONE.judge(200, "en").said == SAID["wrong"]
    assert ONE.judge("three", "en").said == SAID["unread"]
    assert EXACT.judge("11000", "en").right
    assert EXACT.judge(11_001, "en").said == SAID["wrong"]
    assert CHOICE.judge(1, "en").right
    assert CHOICE.judge("0", "en").said.en == "Not yet. no"


def test_the_language_decides_what_a_point_is():
    assert EXACT.judge("11,000 steps", "en").right
    assert not EXACT.judge("11,000 steps", "id").right
    assert EXACT.judge("11.000 langkah", "id").right
    assert ss.exercises.check("warmup-lengthened", "31,500")
    assert ss.exercises.check("warmup-lengthened", "31.500", "id")
    assert ss.exercises.check("simulator-adam", "38k")
    assert ss.exercises.check("index-climb", "0,02*10/40", "id")


def test_page_and_kernel_judge_and_read_alike():
    asked = []
    for exercise, given in GIVEN.items():
        form = page.markup(exercise, "id")
        known = json.loads(unescape(form.split('data-exercise="')[1].split('"')[0]))
        asked += [[known, text] for text in given]
    script = (
        READ + 'import { judge, reads } from "./judge.mjs";\n'
        "console.log(JSON.stringify(given.map(([known, text]) =>"
        " [judge(known, text), known.remarks ? '' : reads(known, text)])));"
    )
    ours = [(e, text, e.judge(text, "id")) for e, given in GIVEN.items() for text in given]
    assert in_node(script, asked) == [
        [
            {"right": v.right, "text": v.said.id},
            "" if isinstance(e, Select) else e.reads(text, "id"),
        ]
        for e, text, v in ours
    ]


def test_check_on_a_kernel():
    verdict = ss.exercises.check("instability-factor", -1.5)
    assert verdict
    assert repr(verdict) == "✓ Right."
    assert repr(ss.exercises.check("instability-factor", 7, "id")) == "✗ Belum tepat."
    with pytest.raises(ValueError, match="name must be one of"):
        ss.exercises.check("none", 1)
    with pytest.raises(TypeError, match="must be a number"):
        ss.exercises.check("instability-factor", [1])
    with pytest.raises(ValueError, match="from 0 to 2"):
        ss.exercises.check("instability-sparse", 3)


def test_widget():
    widget = ss.exercises.ask("instability-factor").widget()
    widget.field.value = "5/2"
    assert widget.reads.value == "read as 2.5"
    widget.button.click()
    assert widget.said.value.startswith("✗ Not yet. That is rate times curvature")
    widget = ss.exercises.ask("instability-sparse", "id").widget()
    widget.button.click()
    assert widget.said.value == SAID["empty"].id
    widget.field.value = 2
    widget.button.click()
    assert widget.said.value.startswith("✓ Benar.")


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_solutions_are_right_and_hints_are_wrong(exercise):
    if isinstance(exercise, Select):
        assert all(text.en and text.id for pair in exercise.options for text in pair)
        return
    assert math.isfinite(exercise.solution)
    assert exercise.judge(exercise.solution, "en").right
    for hint in exercise.hints:
        verdict = exercise.judge((hint.low + hint.high) / 2, "en")
        assert not verdict.right
        assert verdict.said.en.endswith(hint.text.en)
