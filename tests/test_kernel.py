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

from book import BUILD
from stabsim import labs
from stabsim.labs import LABS
from stabsim.labs.report import report
from tests.browser import WIDE

SAID = "() => document.querySelector('.jp-OutputArea-output')?.innerText ?? ''"


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """The address of a JupyterLab that holds a notebook a lab and language."""
    folder = tmp_path_factory.mktemp("notebooks")
    for name in LABS:
        for language in ("en", "id"):
            cell = f"import stabsim as ss\nss.labs.show({name!r}, {language!r})"
            book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
            book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
            nbformat.write(book, folder / f"{name}-{language}.ipynb")
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
    env = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(BUILD / "jax")}
    env |= {f"JUPYTER_{kind}_DIR": str(config) for kind in ("CONFIG", "DATA", "RUNTIME")}
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


@pytest.mark.parametrize(
    ("name", "language"), [(name, ("en", "id")[i % 2]) for i, name in enumerate(LABS)]
)
def test_a_slider_moved_in_jupyterlab_runs_the_lab(jupyter, context, name, language):
    page = context(viewport=WIDE).new_page()
    page.goto(f"{jupyter}/lab/tree/{name}-{language}.ipynb?reset")
    page.locator(".jp-Notebook .cm-content").first.click(timeout=60_000)
    page.keyboard.press("Shift+Enter")
    output = page.locator(".jp-OutputArea-output").first
    output.locator("svg").first.wait_for(timeout=120_000)
    lab = LABS[name]
    first = labs.show(name, language).values
    expect(page, lab, first, language)

    slider = next(c for c in lab.controls if c.name == "seed")
    handle = output.locator(".noUi-handle").last
    before = output.locator("svg").first.inner_html()
    handle.focus()
    for _ in range(3):  # faster than runs are
        handle.press("ArrowRight")
    moved = first | {slider.name: 3}
    expect(page, lab, moved, language)
    assert output.locator("svg").first.inner_html() != before
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0


def expect(page, lab, values, language):
    """Wait until the widget says what the same setting gives here."""
    sentences = report(lab, lab.compute(values), values, language).sentences
    for sentence in sentences:
        page.wait_for_function(
            f"(said) => ({SAID})().includes(said)", arg=sentence, timeout=120_000
        )
