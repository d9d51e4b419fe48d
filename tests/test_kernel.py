"""The labs as widgets: all by the messages of a browser, and one of each kind in JupyterLab."""

import html
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest
from playwright.sync_api import expect

from stabsim import labs
from stabsim.labs import LABS
from stabsim.labs.frame.lab import Slider
from stabsim.labs.frame.report import report
from stabsim.labs.frame.words import FRAME
from tests.browser import PATIENCE, WIDE

SHOWN = {"en": ["kinds", "search"], "id": ["batch_steps"]}
"""In JupyterLab: a lab with a seed, one with other sliders alone, and one with menus alone."""

QUICK = {"kinds", "clip"}
"""Labs with each kind of control, which `make test` runs, too."""

LANGUAGES = {name: ("en", "id")[place % 2] for place, name in enumerate(LABS)}
"""Each lab's language by messages."""

SILENT = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
"""Settings of its notifications under which JupyterLab asks nothing."""


def moved(lab, first):
    """The seed, or else the last slider, or else the last menu, and its value after a move."""
    sliders = [c for c in lab.controls if isinstance(c, Slider)]
    if not sliders:
        return lab.controls[-1], lab.controls[-1].options[1].value
    control = next((c for c in sliders if c.name == "seed"), sliders[-1])
    return control, control.at(control.position(first[control.name]) + 3)


def told(field, **state):
    """Tell a widget of the kernel what the browser says of it."""
    data = {"method": "update", "state": state, "buffer_paths": []}
    field._handle_msg({"buffers": [], "content": {"data": data}})


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.long) for n in LABS]
)
def test_a_control_moved_in_a_browser_runs_the_lab(name):
    lab, language = LABS[name], LANGUAGES[name]
    widget = labs.show(name, language).widget()

    def drawn(values):
        assert widget.wait(PATIENCE)
        sentences = report(lab, lab.compute(values), values, language).sentences
        assert widget._report.value == "<br>".join(map(html.escape, sentences))
        return [picture.value for picture in widget._pictures]

    first = dict(widget.values)
    before = drawn(first)
    assert any("<svg" in picture for picture in before)
    control, new = moved(lab, first)
    field = widget._fields[control.name]
    if isinstance(control, Slider):
        told(field.children[0], value=control.position(new))
    else:
        told(field, index=1)
    assert widget.values == first | {control.name: new}
    assert drawn(widget.values) != before
    assert widget.runs == 2


def test_of_several_goals_each_is_ticked_and_stays_so():
    crossed = {"net": "valley", "learning_rate": 0.15, "rule": "momentum"}
    widget = labs.show("simulator", "en", **crossed).widget()
    assert widget.wait(PATIENCE)
    assert widget._reached.value
    told(widget._fields["rule"], index=0)
    assert widget.wait(PATIENCE)
    assert not widget._reached.value
    assert [row.endswith("✓") for row in widget._goals.value.split("</li>")[:3]] == [
        False, False, True]  # fmt: skip


def test_a_number_is_typed_and_runs_are_kept():
    widget = labs.show("kinds", "id", net="outliers").widget()
    assert widget.wait(PATIENCE)
    for _ in range(5):  # one too many
        widget.keep()
    assert "empat" in widget._note.value
    kept = [box.children for box in widget._list.children]
    assert all("setelan awal: " in text.value for text, _ in kept)
    assert widget.wait(PATIENCE)
    kept[0][1].click()
    assert len(widget._list.children) == 3
    slider, typed, _ = widget._fields["times"].children
    told(typed, value="2^-1")
    assert widget.values["times"] == 0.5
    assert widget.wait(PATIENCE)
    assert slider.value == widget.lab.control("times").position(0.5)
    assert typed.value == "0,5"
    told(typed, value="500")
    assert "bilangan dari 0,1 sampai 20" in widget._note.value
    assert widget.values["times"] == 0.5
    told(widget._step, value=7)
    there = widget._there.value.split("<br>")
    assert there[0] == "langkah 7"
    assert there[1].count(" / ") == 3  # the run, and those that are kept


def test_what_does_nothing_is_disabled():
    widget = labs.show("thresholds").widget()
    slider, typed, why = widget._fields["gamma"].children
    assert slider.disabled
    assert typed.disabled
    assert why.value == "SGD and Adafactor have no momentum."
    told(widget._fields["rule"], index=1)
    assert not slider.disabled
    assert not why.value


# --- in JupyterLab: a real server, a real kernel, a real browser ---


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """The address of a JupyterLab that holds the notebooks."""
    folder = tmp_path_factory.mktemp("notebooks")
    for language, names in SHOWN.items():
        lines = [f"import stabsim as ss; ss.labs.show({name!r}, {language!r})" for name in names]
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(line) for line in lines])
        if language == "en":
            book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(book, folder / f"{language}.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "ServerApp.ip": "127.0.0.1", "ServerApp.port": port, "ServerApp.port_retries": 0,
        "ServerApp.root_dir": folder, "ServerApp.allow_root": True, "IdentityProvider.token": "",
        "LabApp.open_browser": False, "LabApp.news_url": "",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.expose_app_in_browser": True,
    }  # fmt: skip
    config = tmp_path_factory.mktemp("config")
    settled = config / "lab/user-settings/@jupyterlab/apputils-extension"
    settled.mkdir(parents=True)
    (settled / "notification.jupyterlab-settings").write_text(json.dumps(SILENT))
    env = os.environ | {
        f"JUPYTER_{kind}_DIR": str(config) for kind in ("CONFIG", "DATA", "RUNTIME")
    }
    log = (config / "log").open("w+")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *(f"--{k}={v}" for k, v in settings.items())],
        env=env, stdout=log, stderr=log,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(f"{address}/api", timeout=PATIENCE)
                break
            except urllib.error.URLError:
                assert server.poll() is None, (config / "log").read_text()
                assert time.monotonic() < end, (config / "log").read_text()
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()
        log.close()


@pytest.mark.parametrize("language", ["en", pytest.param("id", marks=pytest.mark.long)])
def test_sliders_moved_in_jupyterlab_run_the_labs(jupyter, context, language):
    page = context(viewport=WIDE).new_page()
    # A dialog over a cell, of whatever it is: the notebook in Indonesian names no kernel, so that
    # one comes for certain.
    dismissed = []

    def dismiss(accept):
        dismissed.append(accept)
        accept.click()

    page.add_locator_handler(page.locator(".jp-Dialog .jp-mod-accept"), dismiss)
    page.goto(f"{jupyter}/lab/tree/{language}.ipynb?reset")
    # What is run before there is a kernel is lost.
    kernel = page.locator(".jp-Toolbar-kernelName")
    expect(kernel).to_contain_text("Python 3", timeout=1000 * PATIENCE)
    indicator = page.locator(".jp-Notebook-ExecutionIndicator")
    expect(indicator).to_have_attribute("data-status", "idle", timeout=1000 * PATIENCE)
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
    for place, name in enumerate(SHOWN[language]):
        cell = page.locator(".jp-CodeCell").nth(place)
        move_a_control(page, cell, LABS[name], language)
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert language == "en" or dismissed


def move_a_control(page, cell, lab, language):
    """Move a control, and see the lab follow."""
    output = cell.locator(".jp-OutputArea-output").first
    output.locator("svg").first.wait_for()
    first = labs.show(lab.name, language).values
    says(output, lab, first, language)
    pictures = "(output) => [...output.querySelectorAll('svg')].map((svg) => svg.innerHTML)"
    before = output.evaluate(pictures)
    control, new = moved(lab, first)
    if isinstance(control, Slider):
        place = [c.name for c in lab.controls if isinstance(c, Slider)].index(control.name)
        handle = output.locator(".noUi-handle").nth(place + bool(lab.cursor))
        handle.focus()
        for _ in range(3):  # faster than runs are
            handle.press("ArrowRight")
    else:
        output.locator("select").last.select_option(index=1)
    says(output, lab, first | {control.name: new}, language)
    # A setting may be told in the same words, and drawn a moment later.
    page.wait_for_function(
        f"([output, before]) => String(({pictures})(output)) !== String(before)",
        arg=[output.element_handle(), before],
    )


def says(output, lab, values, language):
    """Wait until the widget says what the same setting gives here."""
    goal = f"{FRAME['goal'].in_(language)}:"  # whose text may have the same words
    for sentence in report(lab, lab.compute(values), values, language).sentences:
        output.get_by_text(sentence).filter(has_not_text=goal).wait_for()
