"""The labs' stage: what a reader moves and what it changes are seen together, and nothing jumps."""

import pytest

from book.languages import LANGUAGES
from stabsim.labs import LABS
from stabsim.labs.frame.lab import Slider
from tests.browser import watch
from tests.test_engines import LABS as PAGES
from tests.test_live import open_lab, press

pytestmark = pytest.mark.long_runs

SIZES = ((1366, 768), (1280, 720), (768, 1024), (390, 844), (360, 740))
"""Windows of laptops, a tablet and telephones."""

PLACES = {name: page for page, names in PAGES.items() for name in names}

SMOKE = {
    ((1366, 768), "en"): ["clip"],
    ((1280, 720), "en"): ["batch_rates"],
    ((390, 844), "id"): ["race"],
}
"""What `make test` looks at."""

SWEPT = 9
"""So many positions of a slider are tried, both ends among them."""

MOST = 4
"""How many pixels a control may move while another is swept."""

TOGETHER = """(lab) => {
  const section = document.querySelector(lab);
  const bar = document.querySelector(".bd-header-article").getBoundingClientRect().bottom;
  const main = section.querySelector(".lab-main .lab-panel");
  const within = ({ top, bottom }) => top >= bar - 1 && bottom <= innerHeight + 1;
  const hidden = [];
  for (const field of section.querySelectorAll(".lab-field")) {
    const control = field.querySelector("[name]");
    const seen = (from) => {
      from();
      const own = control.getBoundingClientRect();
      const middle = [own.left + own.width / 2, own.top + own.height / 2];
      const there = document.elementFromPoint(...middle);
      return within(main.getBoundingClientRect()) && within(field.getBoundingClientRect())
        && (field.contains(there) || field.closest(".is-idle"));
    };
    const ways = [
      () => scrollBy({ top: section.getBoundingClientRect().top - bar, behavior: "instant" }),
      () => scrollBy({ top: main.getBoundingClientRect().top - bar - 8, behavior: "instant" }),
      () => scrollBy({
        top: field.getBoundingClientRect().bottom - innerHeight + 8, behavior: "instant",
      }),
    ];
    if (!ways.some(seen)) hidden.push(control.name);
  }
  return hidden;
}"""
"""The controls that cannot be brought into view together with the whole main chart."""

SWEEP = """async ([lab, name, positions]) => {
  const section = document.querySelector(lab);
  const slider = section.querySelector(`[name="${name}"]`);
  slider.scrollIntoView({ block: "center", behavior: "instant" });
  const fields = [...section.querySelectorAll(".lab-field [name]")];
  const tops = () => fields.map((field) => field.getBoundingClientRect().top);
  const before = slider.value;
  const seen = [tops()];
  for (const position of [...positions, before]) {
    const runs = Number(section.dataset.runs ?? 0);
    slider.value = position;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    while (!(section.dataset.runs > runs) || section.ariaBusy) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await new Promise(requestAnimationFrame);
    seen.push(tops());
  }
  return fields.map((_, i) => {
    const own = seen.map((all) => all[i]);
    return Math.max(...own) - Math.min(...own);
  });
}"""
"""How far each control moves while one slider goes through some positions, and back."""


def swept(control: Slider) -> list[int]:
    low, high = control.ends
    count = min(SWEPT, high - low + 1)
    return [low + (high - low) * i // max(1, count - 1) for i in range(count)]


def cases():
    for size in SIZES:
        for language in LANGUAGES:
            for name in LABS:
                smoke = name in SMOKE.get((size, language), [])
                yield pytest.param(
                    size, language, name, id=f"{size[0]}x{size[1]}-{language}-{name}",
                    marks=[] if smoke else [pytest.mark.long],
                )  # fmt: skip


@pytest.mark.parametrize(("size", "language", "name"), list(cases()))
def test_each_control_is_moved_with_the_main_chart_in_view_and_none_jumps(
    address, context, size, language, name
):
    page = context(viewport={"width": size[0], "height": size[1]}).new_page()
    wrong = watch(page, address)
    open_lab(page, address, language, PLACES[name], name)
    lab = f"#lab-{name}"
    assert page.evaluate(TOGETHER, lab) == []
    width = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    for control in LABS[name].controls:
        if isinstance(control, Slider):
            far = page.evaluate(SWEEP, [lab, control.name, swept(control)])
            assert max(far) <= MOST, (control.name, far)
    assert page.evaluate(TOGETHER, lab) == []
    assert not wrong


@pytest.mark.parametrize("width", [1366, 1440, 390])
def test_at_the_first_touch_the_main_chart_keeps_its_size(address, context, width):
    page = context(viewport={"width": width, "height": 800}).new_page()
    lab = open_lab(page, address, "en", "warmup", "ramp")
    panel = lab.locator(".lab-main .lab-panel")
    first = panel.locator("svg:visible:not(svg svg)").bounding_box()
    press(page, lab, "learning_rate")
    live = panel.locator("canvas").bounding_box()
    assert first is not None
    assert live is not None
    assert abs(first["width"] - live["width"]) <= MOST
    assert abs(first["height"] - live["height"]) <= MOST
