"""What is imported when: a command waits for nothing that it does not use."""

import subprocess
import sys
from importlib import import_module
from types import ModuleType

import pytest

import stabsim

SLOW = ("numpy", "jax", "pandas", "xarray", "altair", "matplotlib", "sklearn", "scipy")
"""Packages that take a tenth of a second and more to import."""


def imported(code, *arguments):
    """The slow packages that code has imported when it ends."""
    program = f"{code}\nimport sys; print(*sorted({SLOW} & sys.modules.keys()))"
    program = program.replace(str(SLOW), str(set(SLOW)))
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1].split()


def test_importing_stabsim_imports_nothing_slow():
    assert imported("import stabsim") == []


@pytest.mark.parametrize("arguments", [["--help"], ["diagnose", "--help"], ["classroom", "--help"]])
def test_help_imports_nothing_slow(arguments):
    assert imported("from stabsim.cli import app; app(standalone_mode=False)", *arguments) == []


def test_a_diagnosis_needs_no_jax(tmp_path):
    log = tmp_path / "run.csv"
    log.write_text("step,loss,grad_norm\n" + "".join(f"{i},{2 - i / 99},1\n" for i in range(99)))
    code = "import sys\nfrom stabsim.cli import app\ntry: app()\nexcept SystemExit: pass"
    assert imported(code, "diagnose", str(log)) == ["numpy", "scipy"]


def test_using_it_imports_what_it_runs():
    assert "jax" in imported("import stabsim; stabsim.simulate")


@pytest.mark.parametrize("name", stabsim.__all__)
def test_every_public_name_is_there(name):
    found = getattr(stabsim, name)
    if isinstance(found, ModuleType):
        assert found is import_module(f"stabsim.{name}")
        assert found.__all__
        for inner in found.__all__:
            assert getattr(found, inner).__doc__ or inner.isupper(), f"{name}.{inner}"
