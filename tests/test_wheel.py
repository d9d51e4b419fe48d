"""The wheel alone, in a fresh environment with what it depends on and nothing of the project."""

import re
import shutil
import subprocess
import sys
import venv

import pytest

from book import ROOT
from tests.test_boundaries import EXTRAS

pytestmark = pytest.mark.long

LOG = "step,loss,grad_norm\n" + "".join(f"{i},{2 - i / 99},1\n" for i in range(99))

NAMES = """
import importlib, pkgutil, stabsim

missing = {}
for module in pkgutil.walk_packages(stabsim.__path__, "stabsim."):
    if module.name.endswith("__main__"):
        continue
    try:
        found = importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        missing[module.name] = error.name
        continue
    for name in getattr(found, "__all__", ()):
        getattr(found, name)
for name in stabsim.__all__:
    getattr(stabsim, name)
for module, name in sorted(missing.items()):
    print(module, name)
"""


class Alone:
    """An environment that knows stabsim by its wheel."""

    def __init__(self, folder):
        source, wheels = folder / "source", folder / "wheels"
        ignored = shutil.ignore_patterns(".*", "_build", "node_modules", "__pycache__")
        shutil.copytree(ROOT, source, ignore=ignored)
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--outdir", wheels, source],
            check=True, capture_output=True,
        )  # fmt: skip
        (self.wheel,) = wheels.glob("*.whl")
        self.place = folder / "elsewhere"
        self.place.mkdir()
        self.bin = folder / "environment/bin"
        venv.create(self.bin.parent, with_pip=True)
        self.install("")

    def install(self, extras):
        """At the versions that all other tests run with."""
        self.run("pip", "install", "--quiet", "--constraint", ROOT / "requirements.txt",
                 f"{self.wheel}{extras}")  # fmt: skip

    def run(self, program, *arguments, code=0):
        """What a program prints, run where nothing of the project is."""
        command = [self.bin / program, *arguments]
        done = subprocess.run(command, cwd=self.place, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return Alone(tmp_path_factory.mktemp("wheel"))


def test_the_readmes_first_example_runs(alone):
    text = (ROOT / "README.md").read_text(encoding="utf8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    printed = re.search(r"```text\n(.*?)```", text, re.DOTALL)[1]
    assert printed.strip() in alone.run("python", "-c", code)
    assert "vegaEmbed" in (alone.place / "sweep.html").read_text(encoding="utf8")


def test_every_public_name_is_there_and_only_extras_are_missing(alone):
    found = dict(line.split() for line in alone.run("python", "-c", NAMES).splitlines())
    assert found == EXTRAS


def test_commands(alone):
    assert "diagnose" in alone.run("stabsim", "--help")
    (alone.place / "run.csv").write_text(LOG)
    assert "Stable." in alone.run("stabsim", "diagnose", "run.csv")
    said = alone.run("stabsim", "diagnose", "run.csv", "--html", "report.html", code=2)
    assert 'needs matplotlib: pip install "stabsim[plots]"' in said
    said = alone.run("stabsim", "classroom", "build", "course", code=1)
    assert 'pip install "stabsim[classroom]"' in said


def test_what_an_extra_would_bring_is_named(alone):
    code = "import stabsim as ss; ss.labs.show('first').widget()"
    assert 'pip install "stabsim[labs]"' in alone.run("python", "-c", code, code=1)


def test_assignments_need_no_copy_of_the_project(alone):
    alone.install("[classroom]")
    alone.run("stabsim", "classroom", "build", "course", "--chapter", "warmup")
    for language in ("en", "id"):
        release = alone.place / f"course/release/warmup-{language}/warmup.ipynb"
        assert "ss.classroom.check" in release.read_text(encoding="utf8")
