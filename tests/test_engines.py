"""What a reader does on the built pages, in Chromium, Firefox and WebKit.

Chromium does all of it. The others do a little of each in `make test`, and all of it in
`make test-all`, where they are installed.
"""

import re

import pytest

from book.diagnose import examples
from book.languages import CHAPTERS, LANGUAGES
from stabsim.exercises.frame.exercise import SAID
from tests.engines import ENGINES, Missing
from tests.test_drop import ANSWERED, DROP_FILE, said_of
from tests.test_drop import SAID as SAID_OF_LOG

pytestmark = pytest.mark.long_runs

SHOWN = re.compile(r'labs\.show\(\s*"(\w+)"')
LABS = {
    page.stem: list(dict.fromkeys(SHOWN.findall(page.read_text(encoding="utf8"))))
    for page in sorted((CHAPTERS / "en").glob("*.md"))
    if "labs.show(" in page.read_text(encoding="utf8")
}
"""The labs of each page."""

QUICK = ("batch_size", "half_precision", "index", "instability", "simulator")
SMOKE = {
    "chromium": [("en", page) for page in QUICK],
    "firefox": [("en", "instability")],
    "webkit": [("id", "warmup")],
}
"""The pages whose labs `make test` tries in each engine."""


def everywhere(*cases, smoke):
    """Cases in every engine, of which `make test` has time for those that ``smoke`` names."""
    return [
        pytest.param(
            engine, *case, id="-".join([engine, *map(str, case)]),
            marks=[] if case in smoke[engine] else [pytest.mark.long],
        )
        for engine in ENGINES for case in cases
    ]  # fmt: skip


@pytest.fixture(scope="module")
def engine(request):
    own = [request.getfixturevalue("browser")] if request.param == "chromium" else []
    try:
        opened = ENGINES[request.param](*own)
    except Missing as missing:
        pytest.skip(f"{missing}: labs, exercises, logs and the language switch are not tried in it")
    yield opened
    opened.close()


# --- labs ---

READY = "(lab) => document.querySelector(lab).dataset.ready !== undefined"
AWAKE = "() => !document.querySelector('form[data-prediction][hidden]')"
SKIP = """() => {
  for (const skip of document.querySelectorAll(".prediction [data-do=skip]")) skip.click();
}"""
"""Shows what the predictions hold back."""

STATE = """(lab) => {
  const section = document.querySelector(lab);
  return {
    runs: Number(section.dataset.runs ?? 0),
    pictures: [...section.querySelectorAll(".lab-panel canvas")].map((c) => c.toDataURL()),
  };
}"""
CONTROLS = """(lab) => [...document.querySelectorAll(
  `${lab} .lab-controls :is(input[type=range], select)`)].map((control) => control.name)"""
CONTROL = """(control) => {
  const { tagName, options, selectedIndex, value, max, ariaValueText, disabled } =
    document.querySelector(control);
  const full = options ? selectedIndex === options.length - 1 : value === max;
  return { menu: tagName === "SELECT", full, spoken: ariaValueText, disabled,
    at: selectedIndex ?? value };
}"""
CHOOSE = """(control, place) => {
  const menu = document.querySelector(control);
  menu.selectedIndex = place;
  for (const kind of ["input", "change"]) menu.dispatchEvent(new Event(kind, { bubbles: true }));
}"""
DONE = """(lab, runs) => {
  const section = document.querySelector(lab);
  return section.dataset.runs > runs && !section.ariaBusy;
}"""
THERE = "(selector) => document.querySelector(selector) !== null"


def move(engine, lab, name):
    """Move a slider by a key, or choose in a menu, wherever there is room, and await the run.

    What does nothing in the setting cannot be moved.
    """
    control = f"{lab} [name='{name}']"
    before, runs = engine.run(CONTROL, control), engine.run(STATE, lab)["runs"]
    if before["disabled"]:
        return
    if before["menu"]:
        engine.run(CHOOSE, control, before["at"] + (-1 if before["full"] else 1))
    else:
        engine.type(control, "ArrowLeft" if before["full"] else "ArrowRight")
    engine.wait(DONE, lab, runs)
    after = engine.run(CONTROL, control)
    assert after["at"] != before["at"], name
    assert before["menu"] or after["spoken"] != before["spoken"], name


@pytest.mark.parametrize(
    ("engine", "language", "page"),
    everywhere(*((lang, page) for lang in LANGUAGES for page in LABS), smoke=SMOKE),
    indirect=["engine"],
)
def test_every_control_moves_its_lab(address, engine, language, page):
    engine.open(f"{address}{language}/{page}.html")
    engine.wait(AWAKE)
    engine.run(SKIP)
    for name in LABS[page]:
        lab = f"#lab-{name}"
        engine.run("(lab) => document.querySelector(lab).scrollIntoView()", lab)
        engine.wait(READY, lab)
        names = engine.run(CONTROLS, lab)
        assert names, name
        idle = [n for n in names if engine.run(CONTROL, f"{lab} [name='{n}']")["disabled"]]
        free = [n for n in names if n not in idle]
        move(engine, lab, free[0])  # only then are the pictures drawn by the page
        before = engine.run(STATE, lab)["pictures"]
        assert before, name
        if engine.run(THERE, f"{lab} .lab-scrub input"):
            engine.type(f"{lab} .lab-scrub input", "ArrowLeft")
            engine.wait(THERE, f"{lab} .lab-over")
            before = engine.run(STATE, lab)["pictures"]  # some show the step where the cursor is
        # The last control is mostly the seed, which shows nothing where all is lost at once.
        for other in reversed(free[1:] or free):
            move(engine, lab, other)
            if engine.run(STATE, lab)["pictures"] != before:
                break
        else:
            raise AssertionError(f"{name} draws the same whatever is moved.")
        for control in [*free[1:-1], *idle]:
            move(engine, lab, control)
    assert not engine.wrong()


# --- exercises ---

ENABLED = "(button) => !document.querySelector(button).disabled"
TEXT = "(selector) => document.querySelector(selector).innerText"
SAYS = "(selector, words) => document.querySelector(selector).innerText.includes(words)"


@pytest.mark.parametrize(
    ("engine", "language"),
    everywhere(
        *((language,) for language in LANGUAGES),
        smoke={"chromium": [("en",)], "firefox": [("id",)], "webkit": [("id",)]},
    ),
    indirect=["engine"],
)
def test_exercises_are_checked(address, engine, language):
    engine.open(f"{address}{language}/instability.html")
    form = "#exercise-instability-factor"
    engine.wait(ENABLED, f"{form} button")
    answers = {"x": "unread", "1,5": "wrong", "-1.5": "right", "\u22121,5": "right"}
    for given, kind in answers.items():
        engine.run("(field) => { document.querySelector(field).value = ''; }", f"{form} input")
        engine.type(f"{form} input", given)
        engine.click(f"{form} button")
        engine.wait(SAYS, f"{form} .exercise-said", SAID[kind].in_(language))
        said = engine.run(TEXT, f"{form} .exercise-said")
        assert said.startswith("✓" if kind == "right" else "✗")
    form = "#exercise-instability-sparse"
    engine.click(f"{form} button")
    engine.wait(SAYS, f"{form} .exercise-said", SAID["empty"].in_(language))
    engine.click(f"{form} label:last-of-type input")
    engine.click(f"{form} button")
    engine.wait(SAYS, f"{form} .exercise-said", SAID["right"].in_(language))
    assert not engine.wrong()


# --- a log of one's own ---

DRAWN = """() => [...document.querySelectorAll(".drop-chart canvas")]
  .filter((canvas) => canvas.checkVisibility()).length"""


@pytest.mark.parametrize(
    ("engine", "language"),
    everywhere(
        *((language,) for language in LANGUAGES), smoke={name: [("en",)] for name in ENGINES}
    ),
    indirect=["engine"],
)
def test_a_log_is_dropped(address, engine, tmp_path, language):
    path = tmp_path / "own.csv"
    path.write_text(examples.csv(examples.EXAMPLES[0].run()))
    engine.open(f"{address}{language}/diagnose.html")
    engine.wait("() => document.querySelector('section.drop[data-ready]') !== null")
    engine.run(f"(...given) => ({DROP_FILE})(given)", path.name, path.read_text())
    engine.wait(ANSWERED, 0)
    assert engine.run(SAID_OF_LOG) == said_of(path, {}, {})[language]
    assert engine.run(DRAWN) == 3
    assert path.name in engine.run(TEXT, ".drop-note")
    assert not engine.wrong()


# --- the other language ---


LOADED = "(here) => location.href === here && document.readyState === 'complete'"


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_language_switch_keeps_the_place(address, engine):
    engine.open(f"{address}en/index.html")
    section = engine.run("() => [...document.querySelectorAll('main section section')].at(-1).id")
    for language, other in (("en", "id"), ("id", "en")):
        here = f"{address}{language}/index.html?rate=0.1#{section}"
        engine.open(here)
        # WebKit's driver may answer while the page before is still shown.
        engine.wait(LOADED, here)
        engine.type("a.language-switch", "Enter")
        there = f"{address}{other}/index.html?rate=0.1#{section}"
        arrived = "(there, id) => location.href === there && document.getElementById(id) !== null"
        engine.wait(arrived, there, section)
    assert not engine.wrong()
