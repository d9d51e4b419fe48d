"""What a reader has done: kept on the device, saved, loaded, erased, and read for a teacher."""

import json

import pytest

from book import LANGUAGES, progress
from stabsim.exercises import BUILDS, EXERCISES, PREDICTIONS
from stabsim.labs import LABS
from tests.browser import NARROW, WIDE, visit, watch
from tests.node import READ, in_node

NOTHING = {"stabsim": 1, "answers": {}, "guesses": {}, "goals": {}, "runs": {}}
ANI = NOTHING | {
    "name": "Ani", "guesses": {"index-rates": [0.5] * 11, "optimizers-cross": "skipped"},
    "answers": {"index-climb": {"given": "0.005", "right": True},
                "index-step": {"given": "9", "right": False}},
    "goals": {"first": True},
}  # fmt: skip
BUDI = NOTHING | {"answers": {"index-step": {"given": "4", "right": True}}}


@pytest.mark.parametrize("language", LANGUAGES)
def test_chapters_ask_what_there_is(language):
    found = progress.chapters(language)
    assert len(found) >= 9
    for kind, known in (
        ("guesses", PREDICTIONS),
        ("answers", {**EXERCISES, **BUILDS}),
        ("goals", [lab.goal_key(i) for lab in LABS.values() for i in range(len(lab.goals))]),
    ):
        assert {name for one in found for name in one[kind]} <= set(known)
    assert sorted(name for one in found for name in one["guesses"]) == sorted(PREDICTIONS)


def test_what_is_done_is_counted():
    chapters = [{"guesses": ["index-rates", "optimizers-cross"], "goals": ["first", "clip"],
                 "answers": ["index-climb", "index-step"]}]  # fmt: skip
    script = (
        READ + 'import { answered, standing } from "./standing.mjs";\n'
        "console.log(JSON.stringify([standing(given.all[0], given.chapters, given.kinds),"
        " answered(given.all, given.chapters)]));"
    )
    given = {"all": [ANI, BUDI], "chapters": chapters, "kinds": list(progress.KINDS)}
    assert in_node(script, given) == [
        [{"guesses": [1, 2], "answers": [1, 2], "goals": [1, 2]}],
        [{"name": "index-climb", "right": 1, "wrong": 0},
         {"name": "index-step", "right": 1, "wrong": 1}],
    ]  # fmt: skip


def test_only_what_the_book_has_saved_is_read():
    texts = [json.dumps(ANI), "", "{", "null", "[]", json.dumps(ANI | {"stabsim": 2}),
             json.dumps({"stabsim": 1})]  # fmt: skip
    script = (
        READ + 'import { read } from "./progress.mjs";\n'
        "console.log(JSON.stringify(given.map((text) => read(text) !== null)));"
    )
    assert in_node(script, texts) == [True] + [False] * 6


def test_the_line_under_a_title():
    page = "<h1>Title</h1><form data-exercise=''></form>"
    assert 'data-progress-here="Done here' in progress.here(page, "en")
    assert progress.here("<h1>Title</h1>", "en") == "<h1>Title</h1>"


# --- in a page ---


def answer(page, name, given):
    form = page.locator(f"#exercise-{name}")
    form.locator("[name=answer]").fill(given)
    form.locator("[type=submit]").click()
    return form


def test_answers_stay_are_saved_erased_and_loaded(address, context, tmp_path):
    page = context(viewport=WIDE, accept_downloads=True).new_page()
    wrong = watch(page, address)
    visit(page, f"{address}en/index.html")
    answer(page, "index-climb", "1/200")
    said = progress.SAID["here"].en.split("{")[0]
    assert page.locator(".progress-here").inner_text().startswith(said)
    page.reload()
    form = page.locator("#exercise-index-climb[data-right=true]")
    form.wait_for()
    assert form.locator("[name=answer]").input_value() == "1/200"
    cell = page.locator('[data-page="index"] [data-kind="answers"]')
    assert cell.inner_text().startswith("1 / ")
    page.locator(".standing [name=name]").fill("Ani B.")
    with page.expect_download() as download:
        page.locator("[data-do=save]").click()
    assert download.value.suggested_filename == "stabsim-Ani-B-.json"
    saved = json.loads(download.value.path().read_text())
    assert saved["name"] == "Ani B."
    assert saved["answers"] == {"index-climb": {"given": "1/200", "right": True}}
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("[data-do=erase]").click()
    assert cell.inner_text().startswith("0 / ")
    (tmp_path / "bad.json").write_text("{}")
    (tmp_path / "ani.json").write_text(json.dumps(ANI))
    page.locator(".standing [type=file]").set_input_files(tmp_path / "bad.json")
    page.get_by_text("bad.json is no file").wait_for()
    assert cell.inner_text().startswith("0 / ")
    page.locator(".standing [type=file]").set_input_files(tmp_path / "ani.json")
    page.get_by_text(progress.SAID["loaded"].en).wait_for()
    assert cell.inner_text().startswith("1 / ")
    assert not wrong


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_teacher_reads_the_files_of_a_class_offline(address, context, tmp_path, size):
    window = context(viewport=size)
    page = window.new_page()
    wrong = watch(page, address)
    visit(page, f"{address}id/teaching.html")
    page.wait_for_load_state("networkidle")
    window.set_offline(True)
    for name, held in (("ani", ANI), ("budi", BUDI), ("lain", {})):
        (tmp_path / f"{name}.json").write_text(json.dumps(held))
    page.locator("[name=files]").set_input_files(sorted(tmp_path.glob("*.json")))
    place = page.locator(".standing-class")
    place.locator("table").first.wait_for()
    names = place.locator("table").first.locator("tr th:first-child").all_inner_texts()
    assert names == [progress.SAID["student"].id, "Ani", "budi.json"]
    assert "lain.json" in page.locator(".standing-said").inner_text()
    row = place.get_by_role("row").filter(has=page.get_by_text("index-step", exact=True))
    assert row.locator("td").all_inner_texts() == ["1", "1"]
    width = "() => document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(width) <= 0
    assert not wrong


def test_kept_runs_and_ticks_come_back(address, context):
    page = context(viewport=WIDE).new_page()
    wrong = watch(page, address)
    visit(page, f"{address}en/index.html?first.learning_rate=0.0155&first.warmup=40")
    lab = page.locator("#lab-first")
    lab.get_by_text("✓").wait_for()
    lab.locator("[data-do=keep]").click()
    lab.locator(".lab-kept li").wait_for()
    name = lab.locator(".lab-kept li").inner_text()
    visit(page, f"{address}en/index.html")
    lab.locator(".lab-kept li").wait_for()
    assert lab.locator(".lab-kept li").inner_text() == name
    goal = page.locator('[data-page="index"] [data-kind="goals"]')
    assert goal.inner_text().startswith("1 / ")
    lab.locator(".lab-kept button").click()
    assert page.evaluate("() => JSON.parse(localStorage.getItem('stabsim-progress')).runs") == {}
    assert not wrong
