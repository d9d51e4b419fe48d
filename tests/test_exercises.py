"""Exercises: what is right, what is nearly right, and that page and kernel judge alike."""

import json
import math
import subprocess
from html import unescape

import pytest

import stabsim as ss
from book import BOOK
from book import exercise_page as page
from book.assets import NODE
from stabsim._words import Text
from stabsim.exercises import EXERCISES, Number, Select
from stabsim.exercises.frame.exercise import SAID, Hint, read

ONE = Number(
    "one", lambda: 0.3, 0.01, hints=(Hint(2.9, 3.1, Text("Ten times less.", "Sepersepuluhnya.")),)
)
EXACT = Number("exact", lambda: 11_000.0, 0.0)
CHOICE = Select("choice", 1, ((Text("a", "a"), Text("no", "bukan")), (Text("b", "b"),) * 2))
WRITTEN = {
    "0.05": 0.05, "0,05": 0.05, " 5e-2 ": 0.05, "2^-4": 2.0**-4, "2**-4": 2.0**-4, ".5": 0.5,
    "\u22121.5": -1.5, "+3.": 3.0, "": math.nan, "abc": math.nan, "1.2.3": math.nan,
    "1 2": math.nan,
}  # fmt: skip
GIVEN = {
    ONE: ["0.3", "0,303", "0.304", "3", "300", "x", ""],
    EXACT: ["11000", "10999", "1.1e4"],
    CHOICE: ["0", "1"],
}


@pytest.mark.parametrize(("text", "number"), WRITTEN.items())
def test_numbers_as_readers_write_them(text, number):
    assert read(text) == pytest.approx(number, nan_ok=True)


def test_judgements():
    assert ONE.judge(0.3).right
    assert ONE.judge(0.303).right
    assert ONE.judge(0.3031).said == SAID["close"]
    assert ONE.judge("3").said.id == "Belum tepat. Sepersepuluhnya."
    assert ONE.judge(200).said == SAID["wrong"]
    assert ONE.judge("three").said == SAID["unread"]
    assert EXACT.judge("11000").right
    assert EXACT.judge(11_001).said == SAID["wrong"]
    assert CHOICE.judge(1).right
    assert CHOICE.judge("0").said.en == "Not yet. no"


def test_page_and_kernel_judge_alike():
    asked = []
    for exercise, given in GIVEN.items():
        form = page.markup(exercise, "id")
        known = json.loads(unescape(form.split('data-exercise="')[1].split('"')[0]))
        asked += [[known, text] for text in given]
    script = (
        f"import {{ judge }} from {json.dumps((BOOK / 'web/parts/judge.mjs').as_uri())};"
        f"console.log(JSON.stringify({json.dumps(asked)}.map(([k, t]) => judge(k, t))))"
    )
    answer = subprocess.run(
        [NODE, "--input-type=module", "--eval", script], capture_output=True, text=True, check=True
    )
    ours = [exercise.judge(text) for exercise, given in GIVEN.items() for text in given]
    assert json.loads(answer.stdout) == [{"right": v.right, "text": v.said.id} for v in ours]


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
    widget.field.value = "2.5"
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
    assert exercise.judge(exercise.solution).right
    for hint in exercise.hints:
        verdict = exercise.judge((hint.low + hint.high) / 2)
        assert not verdict.right
        assert verdict.said.en.endswith(hint.text.en)
