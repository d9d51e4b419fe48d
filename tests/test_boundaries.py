"""What may import what: the package stands alone, and frames know nothing of what they frame."""

import ast
import re
import sys
import tomllib

import pytest

from book import ROOT

FILES = sorted((ROOT / "stabsim").rglob("*.py"))
LABS = {f"stabsim.labs.{f.stem}" for f in (ROOT / "stabsim/labs").glob("*.py")} - {
    "stabsim.labs.__init__"
}
EXERCISES = {f"stabsim.exercises.{f.stem}" for f in (ROOT / "stabsim/exercises").glob("*.py")} - {
    "stabsim.exercises.__init__"
}


EXTRAS = {
    "stabsim.classroom.assignment": "nbformat",
    "stabsim.classroom.autograde": "nbgrader",
    "stabsim.exercises.frame.guess": "ipywidgets",
    "stabsim.exercises.frame.widget": "ipywidgets",
    "stabsim.labs.frame.widget": "ipywidgets",
    "stabsim.logs.hooks.keras": "keras",
    "stabsim.logs.hooks.lightning": "pytorch_lightning",
    "stabsim.logs.hooks.optax": "optax",
    "stabsim.logs.hooks.torch": "torch",
    "stabsim.logs.hooks.transformers": "torch",
    "stabsim.probe.keras": "keras",
    "stabsim.probe.torch": "torch",
    "stabsim.rules.widget": "ipywidgets",
}
"""Modules that need an extra, and what of it they need first."""


def names(file):
    """Every module that a file imports, or imports from, anywhere in its code."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are written in full"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(file, folder):
    return file.is_relative_to(ROOT / folder)


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_the_package_imports_nothing_that_is_not_installed_with_it(file):
    roots = {name.split(".")[0] for name in names(file)}
    assert not roots & {"book", "jax2wasm", "claims", "tests", "benchmarks"}


def test_modules_that_need_an_extra_are_those_that_are_said_to():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    needed = [re.match(r"[\w-]+", line)[0] for line in project["dependencies"]]
    there = {"stabsim", "sklearn", *needed, *sys.stdlib_module_names}
    found = {}
    for file in FILES:
        tree = ast.parse(file.read_text(encoding="utf8"))
        first = [
            name.split(".")[0]
            for node in tree.body
            for name in (
                [alias.name for alias in node.names] if isinstance(node, ast.Import)
                else [node.module] if isinstance(node, ast.ImportFrom) else []
            )
            if name.split(".")[0] not in there
        ]  # fmt: skip
        if first:
            found[".".join(file.relative_to(ROOT).with_suffix("").parts)] = first[0]
    assert found == EXTRAS


@pytest.mark.parametrize(
    ("modules", "folder"), [(LABS, "stabsim/labs"), (EXERCISES, "stabsim/exercises")]
)
def test_labs_and_exercises_are_reached_through_their_packages(modules, folder):
    assert len(modules) >= 9
    # An exercise on one lab names that lab, so that its page does not hang on all the others.
    allowed = {
        ROOT / "stabsim/exercises/index.py": {"stabsim.labs.first"},
        ROOT / "stabsim/exercises/transformers.py": {"stabsim.labs.attention"},
        # These claims are on the networks that the labs train.
        ROOT / "claims/transformers.py": {"stabsim.labs.attention", "stabsim.labs.late_spikes"},
        ROOT / "claims/half.py": {
            "stabsim.labs.first_nan",
            "stabsim.labs.loss_scale",
            "stabsim.labs.stall",
        },
    }
    # What a page says of a lab's own runs is measured on them.
    claims = [f for f in (ROOT / "claims").rglob("*.py") if not within(f, "claims/statements")]
    for file in [*FILES, *(ROOT / "book").rglob("*.py"), *claims]:
        if not within(file, folder):
            assert modules & set(names(file)) == allowed.get(file, set()) & modules, file


@pytest.mark.parametrize(
    ("modules", "package"),
    [(LABS, "stabsim.labs"), (EXERCISES, "stabsim.exercises")],
)
def test_frames_know_nothing_of_what_they_frame(modules, package):
    frame = sorted((ROOT / package.replace(".", "/") / "frame").glob("*.py"))
    assert len(frame) >= 3
    for file in frame:
        assert not {package, *modules} & set(names(file)), file
