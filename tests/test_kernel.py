"""Every lab as a widget in JupyterLab: a real server, a real kernel, a real browser."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest
from playwright.sync_api import TimeoutError

from stabsim import labs
from stabsim.labs import LABS
from stabsim.labs.frame.lab import Slider
from stabsim.labs.frame.report import report
from stabsim.labs.frame.words import FRAME
from tests.browser import WIDE

pytestmark = pytest.mark.long_runs

SHOWN = {language: list(LABS)[place::2] for place, language in enumerate(("en", "id"))}
"""Each lab in one of the languages: a notebook a language, a cell a lab, one kernel for all."""


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """The address of a JupyterLab that holds the notebooks."""
    folder = tmp_path_factory.mktemp("notebooks")
    for language, names in SHOWN.items():
        lines = [f"import stabsim as ss; ss.labs.show({name!r}, {language!r})" for name in names]
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(line) for line in lines])
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
    }  # fmt: skip
    config = tmp_path_factory.mktemp("config")
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
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=10)
                break
            except urllib.error.URLError:
                assert server.poll() is None, (config / "log").read_text()
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()
        log.close()


@pytest.mark.parametrize("language", SHOWN)
def test_sliders_moved_in_jupyterlab_run_the_labs(jupyter, context, language):
    page = context(viewport=WIDE).new_page()
    page.goto(f"{jupyter}/lab/tree/{language}.ipynb?reset")
    # What is run before there is a kernel is lost.
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=180_000)
    for place, name in enumerate(SHOWN[language]):
        cell = page.locator(".jp-CodeCell").nth(place)
        execute(page, cell)
        move_a_control(page, cell, LABS[name], language)
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0


def execute(page, cell):
    """Run a cell; JupyterLab may lose keys while it is still opening."""
    waiting = cell.get_by_text("[ ]:", exact=True)
    for _ in range(60):
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        try:
            waiting.wait_for(state="hidden", timeout=2_000)
            return
        except TimeoutError:
            pass
    raise AssertionError("JupyterLab does not run the cell.")


def move_a_control(page, cell, lab, language):
    """Move the seed, or else the last slider, or else the last menu, and see the lab follow."""
    output = cell.locator(".jp-OutputArea-output").first
    output.locator("svg").first.wait_for(timeout=180_000)
    first = labs.show(lab.name, language).values
    expect(output, lab, first, language)
    pictures = "(output) => [...output.querySelectorAll('svg')].map((svg) => svg.innerHTML)"
    before = output.evaluate(pictures)
    sliders = [c for c in lab.controls if isinstance(c, Slider)]
    if sliders:
        names = [c.name for c in sliders]
        place = names.index("seed") if "seed" in names else len(sliders) - 1
        handle, moved = output.locator(".noUi-handle").nth(place), sliders[place]
        new = moved.at(moved.position(first[moved.name]) + 3)
        handle.focus()
        for _ in range(3):  # faster than runs are
            handle.press("ArrowRight")
    else:
        moved = lab.controls[-1]
        new = moved.options[1].value
        output.locator("select").last.select_option(index=1)
    expect(output, lab, first | {moved.name: new}, language)
    for _ in range(100):  # a setting may be told in the same words, and drawn a moment later
        if output.evaluate(pictures) != before:
            return
        time.sleep(0.1)
    raise AssertionError(f"{lab.name}: no picture changed with {moved.name} at {new}")


def expect(output, lab, values, language):
    """Wait until the widget says what the same setting gives here."""
    goal = f"{FRAME['goal'].in_(language)}:"  # whose text may have the same words
    for sentence in report(lab, lab.compute(values), values, language).sentences:
        output.get_by_text(sentence).filter(has_not_text=goal).wait_for(timeout=180_000)
