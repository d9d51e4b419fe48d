"""Predictions: what comes out is computed, and page and kernel say the same of a guess."""

import json
import math
import re
from html import unescape

import pytest

import stabsim as ss
from book import LANGUAGES, ROOT
from book import prediction_page as page
from stabsim._words import Text
from stabsim.exercises import PREDICTIONS
from stabsim.exercises.frame import drawing
from stabsim.exercises.frame.guess import PredictionWidget
from stabsim.exercises.frame.prediction import (
    HEIGHTS,
    SAID,
    Axis,
    Choose,
    Draw,
    Estimate,
    Order,
    compare,
    description,
)
from tests.browser import NARROW, WIDE, visit, watch
from tests.node import READ, in_node
from tests.tiers import in_short

AB = (Text("a", "x"), Text("b", "y"), Text("c.", "z."))
CHOICE = Choose("choice", Text("Which?", "Mana?"), AB, 1, Text("So it is.", "Begitulah."))
ORDER = Order("order", Text("Order?", "Urutan?"), AB, lambda: [2, 0, 1])
NUMBER = Estimate("number", Text("How many?", "Berapa?"), lambda: 31500.0, Text("runs", "run"))
CURVE = Draw(
    "curve", Text("Where?", "Di mana?"),
    Axis(Text("rate", "laju"), 0.01, 1.0, (0.01, 0.1, 1.0)),
    Axis(Text("loss", "loss"), 0.0, 10.0, (0.0, 5.0, 10.0), log=False),
    (0.01, 0.1, 1.0), lambda: [(0.01, 0.0), (0.1, 5.0), (1.0, math.inf)],
)  # fmt: skip
GUESSES = [(CHOICE, [1]), (CHOICE, [0]), (CHOICE, [2]), (ORDER, [2, 0, 1]), (ORDER, [0, 1, 2]),
           (NUMBER, 8.5), (CURVE, [0.0, 0.5, 1.0])]  # fmt: skip


def known_of(prediction, language):
    form = page.markup(prediction, language)
    return json.loads(unescape(form.split('data-prediction="')[1].split('"')[0]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_and_kernel_say_the_same_of_a_guess(language):
    given = [[known_of(prediction, language), guess] for prediction, guess in GUESSES]
    script = (
        READ + 'import { compare } from "./guess.mjs";\n'
        "console.log(JSON.stringify(given.map(([known, guess]) => compare(known, guess))));"
    )
    ours = [compare(description(prediction, language), guess) for prediction, guess in GUESSES]
    assert in_node(script, given) == ours
    assert len({*ours}) == len(ours)
    assert not any(".." in said for said in ours)


def test_page_and_kernel_draw_the_same_curve():
    guess, came = [0.1, 0.25, 0.9], CURVE.points
    assert came == [[0, 0, 0], [0.5, 0.5, 0], [1, 1, 1]]
    script = (
        READ + 'import { paths, under } from "./guess.mjs";\n'
        "const made = paths(given.known, given.guess, given.known.right);\n"
        "console.log(JSON.stringify([made.guess, made.came, made.marks,\n"
        "  given.places.map(([x, y]) => under(given.known, x, y))]));"
    )
    places = [drawing.place(*point) for point in zip((0.0, 0.5, 1.0), guess, strict=True)]
    known = known_of(CURVE, "en")
    *made, back = in_node(script, {"known": known, "guess": guess, "places": places})  # type: ignore[misc]
    assert re.findall(r' d="([^"]*)"', drawing.picture(CURVE, "en", guess, came)) == made
    assert back == [[i, pytest.approx(y)] for i, y in enumerate(guess)]


def test_axes_go_there_and_back():
    for axis in (CURVE.x, CURVE.y):
        for share in (0.0, 0.3, 1.0):
            assert axis.share(axis.at(share)) == pytest.approx(share)
    assert CURVE.y.share(math.nan) == CURVE.y.share(math.inf) == CURVE.y.share(99.0) == 1
    assert CURVE.x.share(0.0) == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prediction_has_its_question_and_every_question_its_prediction(language):
    asked = [
        name
        for file in sorted((ROOT / "chapters" / language).glob("*.md"))
        for name in re.findall(r"^:::\{predict\} ([\w-]+)$", file.read_text("utf8"), re.MULTILINE)
    ]
    assert sorted(asked) == sorted(PREDICTIONS)
    for prediction in PREDICTIONS.values():
        assert prediction.ask.in_(language)


def test_what_comes_out_is_computed():
    names = list(ss.exercises.optimizers.PLAIN)
    leave = PREDICTIONS["optimizers-leave"]
    assert isinstance(leave, Order)
    assert [names[i] for i in leave.answer()] == ["Nesterov", "SGD", "Momentum"]
    sharpness = PREDICTIONS["optimizers-sharpness"]
    assert isinstance(sharpness, Draw)
    found = [y for _, y in sharpness.answer()]
    assert found[0] < 8
    assert all(abs(y / 10 - 1) < 0.06 for y in found[-6:])


def test_a_prediction_that_is_none():
    with pytest.raises(ValueError, match="name must be one of index-rates"):
        ss.exercises.predict("none")


# --- on a kernel ---


def test_widgets_take_a_guess_and_show_what_comes_out():
    widget = PredictionWidget(CHOICE, "id")
    widget.button.click()
    assert widget.said.value == SAID["empty"].id
    widget.fields[0].value = 0
    widget.button.click()
    assert widget.said.value == "Tebakan Anda: x. Yang terjadi: y. Begitulah."

    widget = PredictionWidget(ORDER, "en")
    for field, value in zip(widget.fields, (2, 2, 1), strict=True):
        field.value = value
    widget.button.click()
    assert widget.said.value == SAID["empty"].en
    widget.fields[1].value = 0
    widget.button.click()
    assert widget.said.value == "As you guessed: c, a, b."

    widget = PredictionWidget(NUMBER, "id")
    widget.fields[0].value = "x"
    widget.button.click()
    assert widget.said.value == SAID["unread"].id
    widget.fields[0].value = "31.500 run"
    widget.button.click()
    assert widget.said.value == "Tebakan Anda 31500; hasilnya 31500 run."

    widget = PredictionWidget(CURVE, "en")
    widget.fields[0].value = HEIGHTS
    assert widget.picture.value == drawing.picture(CURVE, "en", [1.0, 0.5, 0.5])
    widget.button.click()
    assert widget.picture.value == drawing.picture(CURVE, "en", [1.0, 0.5, 0.5], CURVE.points)


# --- in a page ---

HELD = "() => [...document.querySelectorAll('.is-held')].filter((one) => one.inert).length"
KEPT = "() => JSON.parse(localStorage.getItem('stabsim-progress')).guesses"


@pytest.mark.parametrize("language", in_short(LANGUAGES, "id"))
def test_a_choice_by_keyboard_is_kept_over_a_reload(address, context, language):
    page = context(viewport=WIDE).new_page()
    wrong = watch(page, address)
    visit(page, f"{address}{language}/optimizers.html")
    form = page.locator("#prediction-optimizers-cross")
    form.locator("[type=radio]").first.focus()
    page.wait_for_function("() => document.querySelector('.prediction-held')")
    before = page.evaluate(HELD)
    form.locator("[type=submit]").press("Enter")
    assert SAID["empty"].in_(language) in form.locator(".prediction-said").inner_text()
    form.locator("[type=radio]").first.press("Space")
    form.locator("[type=submit]").press("Enter")
    known = description(PREDICTIONS["optimizers-cross"], language)
    assert form.locator(".prediction-said").inner_text() == compare(known, [0])
    assert page.evaluate(HELD) < before
    page.reload()
    page.wait_for_function("() => document.querySelector('.prediction-held')")
    assert form.locator(".prediction-said").inner_text() == compare(known, [0])
    assert page.evaluate(KEPT) == {"optimizers-cross": [0]}
    assert not wrong


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_curve_is_drawn_and_what_came_out_is_shown(address, context, size):
    page = context(viewport=size).new_page()
    wrong = watch(page, address)
    visit(page, f"{address}en/index.html")
    form = page.locator("#prediction-index-rates")
    svg = form.locator("svg")
    svg.scroll_into_view_if_needed()
    box = svg.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.12 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.99 * box["width"], box["y"] + 0.6 * box["height"], steps=3)
    page.mouse.up()
    # The last point, by keyboard, goes up.
    form.locator("[name=column]").press("End")
    for _ in range(3):
        form.locator("[name=height]").press("ArrowUp")
    before = form.locator(".prediction-guess").get_attribute("d") or ""
    assert before.count("L") == 10
    assert not form.locator(".prediction-came").get_attribute("d")
    form.locator("[type=submit]").click()
    curve = PREDICTIONS["index-rates"]
    assert isinstance(curve, Draw)
    alive = sum(not lost for *_, lost in curve.points)
    assert (form.locator(".prediction-came").get_attribute("d") or "").count("L") == alive - 1
    assert form.locator(".prediction-guess").get_attribute("d") == before
    assert not page.evaluate(HELD)
    assert not wrong


def test_skipping_shows_the_pictures_for_good(address, context):
    page = context(viewport=WIDE).new_page()
    visit(page, f"{address}en/index.html")
    page.locator(".prediction-held button").first.click()
    assert not page.evaluate(HELD)
    page.reload()
    page.locator("#prediction-index-rates").wait_for()
    assert not page.evaluate(HELD)


def test_a_link_to_a_lab_leads_to_it_and_no_guess_is_asked(address, context):
    page = context(viewport=WIDE).new_page()
    visit(page, f"{address}en/optimizers.html?thresholds.seed=3")
    page.wait_for_function("() => document.querySelector('.prediction-held')")
    assert not page.locator(".is-held #lab-thresholds").count()
    assert page.locator(".is-held #lab-race").count()


def test_without_scripts_and_in_print_it_is_the_text(address, context):
    page = context(java_script_enabled=False).new_page()
    page.goto(f"{address}en/index.html")
    assert page.locator(".predict").count()
    assert not page.locator(".prediction:visible").count()
    page = context().new_page()
    visit(page, f"{address}en/index.html")
    page.locator(".prediction-held").first.wait_for()
    page.emulate_media(media="print")
    assert not page.locator(".prediction:visible, .prediction-held:visible").count()
    filters = "() => getComputedStyle(document.querySelector('.is-held')).filter"
    assert page.evaluate(filters) == "none"
