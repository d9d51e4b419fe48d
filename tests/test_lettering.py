"""What is written in a lab can be read: whole, in its place, and beside the step that is shown."""

from typing import Any

import pytest

from book.languages import LANGUAGES
from stabsim.labs import LABS
from stabsim.labs.frame.lab import Choice
from tests.browser import watch
from tests.test_live import DONE, open_lab, press
from tests.test_stage import PLACES, SIZES
from tests.tiers import in_short

pytestmark = pytest.mark.long_runs

SMOKE = {
    ((390, 844), "id"): ["batch_steps", "bowl"],
    ((360, 740), "id"): ["overshoot"],
    ((1366, 768), "en"): ["race"],
}
"""What `make test` looks at: among them those whose words are the longest."""

RECORD = """(() => {
  const drawn = new WeakMap();
  const of = (canvas) => {
    if (!drawn.has(canvas)) drawn.set(canvas, []);
    return drawn.get(canvas);
  };
  const box = (at, left, top, right, bottom) => {
    const ends = [[left, top], [right, top], [left, bottom], [right, bottom]]
      .map(([x, y]) => [at.a * x + at.c * y + at.e, at.b * x + at.d * y + at.f]);
    const [across, down] = [ends.map(([x]) => x), ends.map(([, y]) => y)];
    return [Math.min(...across), Math.min(...down), Math.max(...across), Math.max(...down)];
  };
  const apart = (a, b) => a[2] < b[0] || a[0] > b[2] || a[3] < b[1] || a[1] > b[3];
  const first = (object, name, act) => {
    const own = object[name];
    object[name] = function (...given) {
      act.apply(this, given);
      return own.apply(this, given);
    };
  };
  first(CanvasRenderingContext2D.prototype, "fillText", function (text, x, y) {
    const ink = this.measureText(text);
    const [left, right] = [x - ink.actualBoundingBoxLeft, x + ink.actualBoundingBoxRight];
    const [top, bottom] = [y - ink.actualBoundingBoxAscent, y + ink.actualBoundingBoxDescent];
    const place = box(this.getTransform(), left, top, right, bottom);
    of(this.canvas).push({ text, place });
  });
  first(CanvasRenderingContext2D.prototype, "clearRect", function (x, y, width, height) {
    const gone = box(this.getTransform(), x, y, x + width, y + height);
    drawn.set(this.canvas, of(this.canvas).filter(({ place }) => apart(place, gone)));
  });
  for (const side of ["width", "height"]) {
    const own = Object.getOwnPropertyDescriptor(HTMLCanvasElement.prototype, side);
    Object.defineProperty(HTMLCanvasElement.prototype, side, { ...own, set(size) {
      drawn.delete(this);
      own.set.call(this, size);
    } });
  }
  window.lettersOf = (picture) => {
    const own = picture.getBoundingClientRect();
    if (picture.tagName !== "CANVAS") {
      // Vega keeps a label of an axis that has no room, and shows nothing of it.
      const isSeen = (one) => one.textContent.trim() && getComputedStyle(one).opacity > 0;
      const texts = [...picture.querySelectorAll("text")].filter(isSeen);
      return texts.map((one) => {
        const { left, top, right, bottom } = one.getBoundingClientRect();
        const [lines, leading] = [Math.max(1, one.querySelectorAll("tspan").length), 0.2];
        const spare = ((bottom - top) / lines) * leading; // above and below the letters
        const place = [left - own.left, top - own.top + spare, right - own.left,
                       bottom - own.top - spare];
        return { text: one.textContent, place };
      });
    }
    const scale = picture.width / own.width;
    return of(picture).map(({ text, place }) => ({ text, place: place.map((x) => x / scale) }));
  };
})();"""
"""Notes where a canvas has letters; ``lettersOf`` says it, also of an SVG."""

UNREAD = """(lab) => {
  const wrong = [];
  for (const picture of document.querySelectorAll(`${lab} .lab-panel :is(canvas, svg)`)) {
    const { width, height } = picture.getBoundingClientRect();
    if (!width) continue;
    const all = lettersOf(picture);
    all.forEach(({ text, place: [left, top, right, bottom] }, i) => {
      const over = Math.max(-left, -top, right - width, bottom - height);
      if (over > 1) wrong.push(`${text}: ${over.toFixed(1)} pixels of it are cut`);
      for (const other of all.slice(i + 1)) {
        const across = Math.min(right, other.place[2]) - Math.max(left, other.place[0]);
        const down = Math.min(bottom, other.place[3]) - Math.max(top, other.place[1]);
        const isTwice = other.text === text && across > right - left - 1; // drawn again
        if (across > 1 && down > 1 && !isTwice) wrong.push(`${text} lies on ${other.text}`);
      }
    });
  }
  return wrong;
}"""
"""Labels that are cut by the edge of their picture, and pairs that lie on each other."""

CUT_CHOICES = """(lab) => [...document.querySelectorAll(`${lab} select`)].flatMap((menu) => {
  const style = getComputedStyle(menu);
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = style.font;
  const room = menu.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const arrow = 16;
  const words = [...menu.options].map((option) => option.text);
  return words.filter((text) => pen.measureText(text).width > room - arrow);
})"""
"""Choices that are longer than their menu."""

REPORT = """(lab) => {
  const report = document.querySelector(`${lab} .lab-report`);
  const line = parseFloat(getComputedStyle(report).lineHeight);
  const fade = parseFloat(getComputedStyle(report, "::after").height);
  const lines = (report.clientHeight - fade) / line;
  return { lines, isReached: report.tabIndex === 0 && report.scrollHeight >= report.clientHeight };
}"""


def query(name: str, end: int) -> str:
    """An address's query with every control of a lab at its first, or last, position."""
    values = {
        control.name: control.options[end].value
        if isinstance(control, Choice)
        else control.at(control.ends[end])
        for control in LABS[name].controls
    }
    return "?" + "&".join(f"{name}.{key}={value}" for key, value in values.items())


def cases() -> list[Any]:
    return [
        pytest.param(
            size, language, name, id=f"{size[0]}x{size[1]}-{language}-{name}",
            marks=[] if name in SMOKE.get((size, language), []) else [pytest.mark.long],
        )
        for size in SIZES for language in LANGUAGES for name in LABS
    ]  # fmt: skip


def test_no_choice_is_longer_than_the_longest_that_fits():
    """In letters, of all labs: 37 fit the menus of the smallest screen, as seen; 41 did not."""
    labels = [
        text
        for lab in LABS.values()
        for control in lab.controls
        if isinstance(control, Choice)
        for option in control.options
        for text in option.label
    ]
    assert [text for text in labels if len(text) > 37] == []


@pytest.mark.parametrize(("size", "language", "name"), cases())
def test_nothing_that_is_written_is_cut_or_lies_on_another(address, context, size, language, name):
    window, lab = context(viewport={"width": size[0], "height": size[1]}), f"#lab-{name}"
    window.add_init_script(RECORD)
    page = window.new_page()
    wrong = watch(page, address)
    found = {}
    section = open_lab(page, address, language, PLACES[name], name)
    found["the first picture"] = page.evaluate(UNREAD, lab)
    runs = int(section.get_attribute("data-runs") or 0)
    section.locator("[data-do=reset]").click()
    page.wait_for_function(DONE, arg=[name, runs])
    found["the first run"] = page.evaluate(UNREAD, lab)
    found["the menus"] = page.evaluate(CUT_CHOICES, lab)
    report = page.evaluate(REPORT, lab)
    assert report["lines"] >= 4
    assert report["isReached"]
    open_lab(page, address, language, PLACES[name], name, query(name, -1))
    page.wait_for_function(DONE, arg=[name, 0])
    found["all sliders at their end"] = page.evaluate(UNREAD, lab)
    assert not {where: unread for where, unread in found.items() if unread}
    assert not wrong


SHOWN = """(section) => {
  const range = section.querySelector(".lab-scrub input");
  return [Number(range.value), Number(range.max), section.querySelector(".lab-scrub output")
    .textContent, range.getAttribute("aria-valuetext")];
}"""
"""Where the thumb of the cursor stands, how far it goes, and the step that is said beside it."""

SHOWN_AT = """([lab, at]) => lab.querySelector(".lab-scrub output").textContent === at
  && lab.querySelector(".lab-over") !== null"""
"""Whether the cursor stands at a step, and is marked in the charts."""


@pytest.mark.parametrize(
    "name", in_short(["overshoot", "first_nan", "clip", "plane", "first"], "overshoot", "first_nan")
)
def test_the_thumb_stands_at_the_step_that_is_shown(address, context, name):
    page = context(viewport={"width": 1366, "height": 768}).new_page()
    wrong = watch(page, address)
    lab = open_lab(page, address, "en", PLACES[name], name)
    place, most, said, _ = lab.evaluate(SHOWN)
    assert most > 1
    assert place == min(most, LABS[name].opens)
    assert said == str(place)
    press(page, lab, LABS[name].controls[-1].name)
    # Untouched it stays where the lab opens, also once it runs.
    assert lab.evaluate(SHOWN)[:3] == [place, most, said]
    scrub = lab.locator(".lab-scrub [type=range]")
    for key, at in (("Home", 0), ("ArrowRight", 1), ("End", most)):
        scrub.press(key)
        page.wait_for_function(SHOWN_AT, arg=[lab.element_handle(), str(at)])
        now, _, _, told = lab.evaluate(SHOWN)
        assert now == at
        assert told.split(",")[0] == f"step {at}"
    assert not wrong
