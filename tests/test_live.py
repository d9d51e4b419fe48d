"""The labs in the built pages, in a browser."""

import json
import re

import pytest

from stabsim import labs
from stabsim.diagnosis import diagnose
from stabsim.labs.frame.report import report
from tests.browser import WIDE, visit, watch

pytestmark = pytest.mark.long_runs

LANGUAGES = ("en", "id")
DONE = """([name, runs]) => {
  const lab = document.querySelector(`#lab-${name}`);
  return lab.dataset.runs > runs && !lab.ariaBusy;
}"""


def open_lab(page, address, language, place, name, query=""):
    # A link to a lab leads to it also where a prediction would hold it back.
    visit(page, f"{address}{language}/{place}.html{query}#lab-{name}")
    lab = page.locator(f"#lab-{name}")
    lab.scroll_into_view_if_needed()
    page.wait_for_function(
        "(name) => document.querySelector(`#lab-${name}`).dataset.ready !== undefined", arg=name
    )
    return lab


def press(page, lab, control, key="ArrowRight"):
    """Move a slider by keyboard, and wait for the run that follows."""
    before = int(lab.get_attribute("data-runs") or 0)
    lab.locator(f"[name={control}]").press(key)
    page.wait_for_function(DONE, arg=[lab.get_attribute("data-lab"), before])


def settings_in(url):
    return dict(re.findall(r"[?&]\w+\.(\w+)=([^&#]+)", url))


def test_a_link_opens_the_same_run_to_the_last_digit(address, context):
    page = context(viewport=WIDE, accept_downloads=True).new_page()
    lab = open_lab(page, address, "en", "instability", "kinds")
    press(page, lab, "times", "PageDown")
    press(page, lab, "seed")
    runs = []
    for where in (page.url, page.url.replace("/en/", "/id/")):
        other = context(viewport=WIDE, accept_downloads=True).new_page()
        visit(other, where)
        there = other.locator("#lab-kinds")
        other.wait_for_function(DONE, arg=["kinds", 0])
        with other.expect_download() as download:
            there.locator("[data-do=csv]").click()
        runs.append(download.value.path().read_text())
    assert runs[0] == runs[1]
    assert runs[0].startswith("run.gradient_norm,run.learning_rate,run.loss,run.step\n")
    setting = {k: float(v) if k == "times" else int(v) for k, v in settings_in(page.url).items()}
    tables = labs.LABS["kinds"].compute(labs.LABS["kinds"].setting(setting))
    losses = [float(line.split(",")[2]) for line in runs[0].splitlines()[1:4]]
    assert losses == pytest.approx(tables["run"]["loss"][:3].tolist(), rel=1e-5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_is_the_one_that_python_gives(address, context, language):
    page = context(viewport=WIDE).new_page()
    lab = open_lab(page, address, language, "instability", "kinds")
    press(page, lab, "seed")
    press(page, lab, "seed", "ArrowLeft")
    values = labs.LABS["kinds"].defaults
    tables = labs.LABS["kinds"].compute(values)
    kind = diagnose(tables["run"]["loss"])
    said = report(labs.LABS["kinds"], tables, values, language).sentences
    shown = lab.locator(".lab-report").inner_text()
    assert shown.split(".")[0] == said[0].split(".")[0], kind


def test_of_several_goals_each_is_ticked_and_stays_so(address, context):
    page = context().new_page()
    crossed = "?simulator.net=valley&simulator.learning_rate=0.15&simulator.rule=momentum"
    lab = open_lab(page, address, "en", "simulator", "simulator", crossed)
    ticked = lab.locator("[data-goal].is-reached")
    ticked.wait_for()
    lab.locator("[data-do=reset]").click()
    page.wait_for_function(DONE, arg=["simulator", 1])
    assert not lab.locator(".lab-reached").inner_text()
    assert ticked.evaluate_all("(all) => all.map(({ dataset }) => dataset.goal)") == ["simulator-3"]
    assert "1/3" in page.locator(".progress-here").inner_text()


def test_a_goal_is_noticed_when_it_is_reached(address, context):
    page = context(viewport=WIDE).new_page()
    lab = open_lab(page, address, "id", "instability", "strides", "?strides.warmup=9")
    press(page, lab, "warmup")
    assert "Tercapai" in lab.locator(".lab-reached").inner_text()
    press(page, lab, "warmup", "Home")
    assert not lab.locator(".lab-reached").inner_text()


def test_buttons(address, context):
    page = context(viewport=WIDE, accept_downloads=True).new_page()
    wrong = watch(page, address)
    lab = open_lab(page, address, "en", "instability", "kinds")
    press(page, lab, "seed")
    lab.locator("[data-do=keep]").click()
    kept = lab.locator(".lab-kept li")
    kept.wait_for()
    assert kept.inner_text().startswith("Seed 1: ")
    press(page, lab, "times", "PageUp")
    with page.expect_download() as download:
        lab.locator("[data-do=python]").click()
    code = download.value.path().read_text()
    compile(code, "lab.py", "exec")
    assert "seed=1" in code
    before = int(lab.get_attribute("data-runs"))
    lab.locator("[data-do=reset]").click()
    page.wait_for_function(DONE, arg=["kinds", before])
    assert settings_in(page.url) == {}
    assert not wrong


def test_up_to_four_runs_are_kept_and_can_be_removed(address, context):
    page = context(viewport=WIDE).new_page()
    wrong = watch(page, address)
    lab = open_lab(page, address, "en", "instability", "kinds")
    keep, kept = lab.locator("[data-do=keep]"), lab.locator(".lab-kept li")
    # As the first action it keeps the run that is seen, whatever is moved meanwhile.
    lab.evaluate("""(lab) => {
      lab.querySelector("[data-do=keep]").click();
      const slider = lab.querySelector("[name=seed]");
      slider.value = 3;
      slider.dispatchEvent(new Event("input"));
    }""")
    kept.wait_for()
    assert kept.inner_text().startswith("as it began: ")
    page.wait_for_function(DONE, arg=["kinds", 0])
    for count in (2, 3, 4):
        press(page, lab, "seed")
        keep.click()
        kept.nth(count - 1).wait_for()
    colours = [item.get_attribute("class") for item in lab.locator(".lab-kept .lab-colour").all()]
    assert len(set(colours)) == 4
    keep.click()
    lab.get_by_text("Four runs are kept").wait_for()
    kept.nth(1).get_by_role("button").click()
    assert [text.split(":")[0] for text in kept.all_inner_texts()] == [
        "as it began", "Seed 5", "Seed 6"]  # fmt: skip
    keep.click()
    kept.nth(3).wait_for()
    assert not wrong


def test_a_number_is_typed(address, context):
    page = context(viewport=WIDE).new_page()
    wrong = watch(page, address)
    lab = open_lab(page, address, "id", "instability", "strides")
    field = lab.get_by_role("textbox", name="Laju pembelajaran")
    for text, shown in (("2^-4", "0,0625"), ("0,35", "0,35"), ("0.1234", "0,1234")):
        before = int(lab.get_attribute("data-runs") or 0)
        field.fill(text)
        field.press("Enter")
        page.wait_for_function(DONE, arg=["strides", before])
        assert field.input_value() == shown
    assert settings_in(page.url) == {"learning_rate": "0.1234"}
    field.fill("7")
    field.press("Tab")
    lab.get_by_text("bilangan dari 0,01 sampai 1").wait_for()
    assert field.get_attribute("aria-invalid") == "true"
    press(page, lab, "learning_rate")
    assert field.get_attribute("aria-invalid") is None
    assert not wrong


def test_a_control_that_does_nothing_says_why(address, context):
    page = context(viewport=WIDE).new_page()
    lab = open_lab(page, address, "en", "simulator", "simulator")
    gamma, why = lab.locator("[name=gamma]"), lab.get_by_text("SGD has no momentum.")
    assert gamma.is_disabled()
    assert why.is_visible()
    lab.locator("[name=rule]").select_option("momentum")
    assert gamma.is_enabled()
    assert not why.is_visible()


STEPS_THERE = """(lab) => [...lab.querySelectorAll(".lab-tip")]
  .map((tip) => tip.firstElementChild.textContent)"""


def test_one_cursor_goes_through_all_panels(address, context):
    page = context(viewport=WIDE, reduced_motion="reduce").new_page()
    wrong = watch(page, address)
    lab = open_lab(page, address, "en", "instability", "kinds")
    scrub, tips = lab.locator(".lab-scrub [type=range]"), lab.locator(".lab-tip")
    scrub.press("Home")  # as a first action it has the run drawn
    page.wait_for_function(DONE, arg=["kinds", 0])
    scrub.press("ArrowRight")
    tips.nth(1).wait_for()
    assert lab.evaluate(STEPS_THERE) == 3 * ["step 1"]
    assert scrub.get_attribute("aria-valuetext").startswith("step 1, loss ")
    lab.locator("[data-do=keep]").click()
    lab.locator(".lab-kept li").wait_for()
    press(page, lab, "times", "PageDown")
    assert tips.first.locator(".lab-colour-0").count() == 1
    box = lab.locator(".lab-main canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    hovered = lab.evaluate(STEPS_THERE)
    assert hovered[0] == hovered[1] != "step 1"
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(0, 0)
    assert lab.evaluate(STEPS_THERE) == hovered
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"([lab, before]) => String(({STEPS_THERE})(lab)) !== before",
                           arg=[lab.element_handle(), ",".join(hovered)])  # fmt: skip
    lab.get_by_role("button", name="Play").click()
    page.wait_for_function("(lab) => lab.querySelector('.lab-scrub output').textContent === '199'",
                           arg=lab.element_handle())  # fmt: skip
    assert lab.get_by_role("button", name="Play").count() == 1
    assert not wrong


def test_a_threshold_is_dragged_in_the_picture(address, context):
    page = context(viewport=WIDE).new_page()
    wrong = watch(page, address)
    lab = open_lab(page, address, "en", "clipping", "clip")
    page.wait_for_function(DONE, arg=["clip", 0])
    grip = lab.locator(".lab-grip")
    grip.hover()
    page.mouse.down()
    before = int(lab.get_attribute("data-runs"))
    box = lab.locator(".lab-main canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    page.wait_for_function(DONE, arg=["clip", before])
    threshold = float(settings_in(page.url)["threshold"])
    assert 0.1 < threshold < 10
    there = grip.bounding_box()
    middle = box["y"] + box["height"] / 2
    assert abs(there["y"] + there["height"] / 2 - middle) < 4
    assert not wrong


def test_an_address_out_of_range_is_ignored(address, context):
    page = context(viewport=WIDE).new_page()
    wrong = watch(page, address)
    query = "?kinds.seed=99&kinds.times=x&kinds.net=none&other=1"
    lab = open_lab(page, address, "en", "instability", "kinds", query)
    setting = json.loads(lab.get_attribute("data-setting"))
    assert lab.locator("[name=net]").input_value() == setting["net"]
    assert int(lab.locator("[name=seed]").input_value()) == setting["seed"]
    assert not wrong


def test_it_goes_on_when_the_network_is_cut(address, context):
    window = context(viewport=WIDE)
    page = window.new_page()
    lab = open_lab(page, address, "en", "instability", "kinds")
    press(page, lab, "seed")
    window.set_offline(True)
    press(page, lab, "seed")


def test_without_webassembly_the_first_picture_stays(address, context):
    window = context(viewport=WIDE)
    window.add_init_script("delete globalThis.WebAssembly")
    page = window.new_page()
    visit(page, f"{address}id/instability.html")
    lab = page.locator("#lab-kinds")
    lab.get_by_text("tidak mendukung WebAssembly").wait_for()
    assert lab.locator(".lab-panel svg").count()


@pytest.mark.long
def test_two_hundred_moves_leave_no_memory_behind(address, context):
    page = context(viewport=WIDE).new_page()
    lab = open_lab(page, address, "en", "simulator", "simulator", "?simulator.net=valley")
    client = page.context.new_cdp_session(page)

    def heap():
        client.send("HeapProfiler.collectGarbage")
        return client.send("Runtime.getHeapUsage")["usedSize"]

    def move(times):
        for i in range(times):
            press(page, lab, "learning_rate", "ArrowLeft" if i % 2 else "ArrowRight")

    move(20)
    before = heap()
    move(200)
    assert heap() < 1.1 * before


def test_a_lab_is_presented_alone(address, context):
    page = context(viewport=WIDE, color_scheme="dark").new_page()
    wrong = watch(page, address)
    visit(page, f"{address}id/instability.html?present=strides&strides.warmup=9")
    # What a modal dialog covers can be neither seen nor reached.
    lab = page.locator(".stage:modal > #lab-strides")
    page.wait_for_function(DONE, arg=["strides", 0])
    box = page.locator(".stage").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, *WIDE.values())
    charts = [svg.bounding_box() for svg in lab.locator(".lab-panel:visible svg").all()]
    assert sum(chart["height"] for chart in charts) > 0.75 * WIDE["height"]
    beside = [svg.bounding_box() for svg in lab.locator(".lab-charts svg:visible").all()]
    assert min(chart["width"] for chart in beside) > 0.6 * WIDE["width"]
    press(page, lab, "warmup")
    assert "present=strides" in page.url
    assert settings_in(page.url) == {"warmup": "10"}
    page.keyboard.press("Escape")
    page.locator("article #lab-strides canvas").first.wait_for()
    assert not page.locator(".stage").count()
    assert page.url.endswith("?strides.warmup=10")
    page.locator("#lab-strides [data-do=present]").click()
    page.locator(".stage:modal > #lab-strides svg").first.wait_for()
    page.get_by_role("button", name="Tutup presentasi").click()
    page.locator("article #lab-strides canvas").first.wait_for()
    assert not wrong
