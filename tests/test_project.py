"""What is written about the project beside its code: it names only what there is, and agrees."""

import re
import shutil
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml

import stabsim
from book import ROOT
from tests import release

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTION = GITHUB / "actions/setup/action.yml"
FORMS = sorted((GITHUB / "ISSUE_TEMPLATE").glob("[0-9]*.yml"))
HOOKS = ROOT / ".pre-commit-config.yaml"
TOP = {
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff", "LICENSE", "Makefile"),
    *("_config.yml", "_toc.yml", "pyproject.toml", "requirements.txt", "requirements-peers.txt"),
    *("benchmarks", "binder", "book", "chapters", "claims", "docs", "examples", "findings"),
    *("jax2wasm", "stabsim", "tests"),
}


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf8"))


def project(folder=ROOT):
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf8"))["project"]


def steps():
    """Every step of every workflow, and of the action that they share."""
    jobs = chain.from_iterable(read(file)["jobs"].values() for file in WORKFLOWS)
    return [*chain.from_iterable(job["steps"] for job in jobs), *read(ACTION)["runs"]["steps"]]


# --- versions and addresses ---


def test_version_and_address_are_one():
    citation, about = read(ROOT / "CITATION.cff"), project()
    assert stabsim.__version__ == about["version"] == citation["version"]
    assert citation["repository-code"] == about["urls"]["Repository"]
    assert citation["url"] == about["urls"]["Homepage"]
    assert citation["license"] == about["license"]
    assert all(
        about["urls"]["Repository"] in about["urls"][name] for name in ("Issues", "Changelog")
    )


def test_what_keeps_a_tag_from_being_a_release(tmp_path):
    for name in ("pyproject.toml", "CITATION.cff", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    version = project()["version"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf8")
    dated = f"## [{version}] - 2026-11-28"
    (tmp_path / "CHANGELOG.md").write_text(changes.replace("## [Unreleased]", dated))
    assert release.wrong(f"v{version}", tmp_path) == []
    assert "pyproject.toml has version" in release.wrong("v99.0", tmp_path)[0]
    (tmp_path / "CHANGELOG.md").write_text(changes.replace(dated, "").replace(version, ""))
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf8").replace(version, "98.7")
    (tmp_path / "CITATION.cff").write_text(cited)
    said = release.wrong(f"v{version}", tmp_path)
    assert "CITATION.cff has version 98.7" in said[0]
    assert "CHANGELOG.md has no section" in said[1]


def test_changelog_begins_with_what_is_not_released_or_with_this_version():
    first = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert first is not None
    assert first[1] in ("Unreleased", stabsim.__version__)


# --- workflows ---


@pytest.mark.parametrize(
    ("schema", "files"),
    [("vendor.github-workflows", WORKFLOWS), ("vendor.github-actions", [ACTION])],
    ids=["workflows", "action"],
)
def test_githubs_schema(schema, files):
    assert files
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_make_target_that_is_named_exists():
    made = re.findall(r"^([\w./-]+)\s*:(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert "test" in made
    told = [file.read_text(encoding="utf8") for file in (*WORKFLOWS, ACTION, HOOKS)]
    documents = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", ".ci/run")]
    for file in (*documents, GITHUB / "PULL_REQUEST_TEMPLATE.md"):
        text = file.read_text(encoding="utf8")
        told += re.findall(r"`(make [^`]+)`", text) + re.findall(r"^(?:exec )?make .+$", text, re.M)
    named = re.findall(r"\bmake (?:PYTHON=\S+ )?([a-z.][\w./-]*)", "\n".join(told))
    assert {"test", "bundle"} <= set(named)
    assert set(named) <= set(made)


def test_actions_are_there_and_pinned_to_a_major_version():
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    for name in used:
        if name.startswith("./"):
            assert (ROOT / name / "action.yml").is_file(), name
        else:
            assert re.fullmatch(r"[\w-]+/[\w-]+@(release/)?v\d+", name), name


def test_workflows_run_modules_that_exist():
    run = "\n".join(step.get("run", "") for step in steps())
    for module in re.findall(r"python -m (\S+)", run):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module


def test_pythons_are_those_that_are_promised():
    matrix = read(GITHUB / "workflows/tests.yml")["jobs"]["tests"]["strategy"]["matrix"]
    promised = [c.rpartition(" :: ")[2] for c in project()["classifiers"] if ":: Python :: 3." in c]
    assert matrix["python"] == promised
    assert project()["requires-python"] == f">={promised[0]}"
    assert {entry["python"] for entry in matrix["include"]} <= set(promised)


def test_what_is_kept_between_runs_is_there(site):
    (kept,) = [step["with"]["path"] for step in steps() if "cache" in step.get("uses", "")]
    folders = [line for line in kept.split() if line.startswith("_build/")]
    assert folders
    assert all((ROOT / folder).is_dir() for folder in folders), folders


def test_every_distribution_is_built_and_published():
    publish = read(GITHUB / "workflows/release.yml")["jobs"]["publish"]
    names = publish["strategy"]["matrix"]["distribution"]
    built = re.findall(
        r"-m build --outdir _build/dist/(\S+) (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert sorted(names) == sorted(name for name, _ in built)
    for name, folder in built:
        assert project(ROOT / folder)["name"] == name


def test_dependabot_looks_where_dependencies_are():
    files = {"pip": "pyproject.toml", "npm": "package-lock.json", "github-actions": ""}
    for update in read(GITHUB / "dependabot.yml")["updates"]:
        for folder in update["directories"]:
            assert (ROOT / folder.strip("/") / files.pop(update["package-ecosystem"], "")).exists()
    assert not files


def test_hooks_are_the_environments_own():
    for hook in chain.from_iterable(repo["hooks"] for repo in read(HOOKS)["repos"]):
        program = hook["entry"].split()[0]
        assert hook["language"] == "system"
        if program != "make":
            folder, _, name = program.rpartition("/")
            assert folder == ".venv/bin"
            assert (Path(sys.executable).parent / name).is_file(), name


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="what is committed is not known here")
def test_only_what_belongs_there_is_at_the_top():
    """A log that an example wrote, or a note to oneself, is not of the project."""
    command = ["git", "ls-tree", "--name-only", "HEAD"]
    kept = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {name for name in kept.split() if not name.startswith(".")} == TOP


# --- issue forms, and the table for who changes something ---


@pytest.mark.parametrize("form", FORMS, ids=lambda file: file.stem)
def test_an_issue_form_can_be_filled_in_in_both_languages(form):
    given = read(form)
    assert {"name", "description", "labels", "body"} <= given.keys()
    asked = [part for part in given["body"] if part["type"] != "markdown"]
    names = [part["id"] for part in asked]
    assert len(set(names)) == len(names)
    assert any(part["validations"]["required"] for part in asked if "validations" in part)
    for part in asked:
        assert part["type"] in ("input", "textarea")
        assert re.fullmatch(r"[^/]+ / [^/]+", part["attributes"]["label"]), "English / Indonesian"


def test_a_run_comes_with_its_log():
    (log,) = [part for part in read(FORMS[0])["body"] if part.get("id") == "log"]
    assert log["validations"]["required"]


def test_table_is_short_and_names_what_there_is():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf8")
    rows = re.findall(r"^\| (?!to change|-)(.+) \|$", text, re.MULTILINE)
    assert 10 <= len(rows) <= 25
    for row in rows:
        paths = [name for name in re.findall(r"`([^`]+)`", row) if re.fullmatch(r"[\w./-]+", name)]
        assert paths, row
        missing = [path for path in paths if not (ROOT / path).exists()]
        assert not missing, row
