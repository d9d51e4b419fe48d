"""The scripts in examples/ run, and what they log is read by the readers of `stabsim diagnose`."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stabsim.logs import read
from tests.tiers import in_short

FOLDER = Path(__file__).parent.parent / "examples"
STEPS = {
    "digits_torch.py": 6,
    "trainer_bert.py": 6,
    "keras_digits.py": 88,  # two epochs
    "equinox_autoencoder.py": 6,
    "char_gpt.py": 6,
}
"""So many steps of each are run."""


def run(script, out, *options):
    command = [sys.executable, str(FOLDER / script), "--max-steps", str(STEPS[script])]
    done = subprocess.run(
        [*command, "--out", str(out), *options], capture_output=True, text=True, check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return read(out)


@pytest.mark.parametrize(
    "script",
    in_short(STEPS, "digits_torch.py"),
)
def test_its_log_is_read(tmp_path, script):
    log = run(script, tmp_path / "out", "--lr", "0.001", "--warmup", "4", "--seed", "3")
    assert log.validation_loss.size >= 1
    if log.axis == "epoch":
        assert log.loss.size == 2
        return
    assert log.loss.size == log.gradient_norm.size == STEPS[script]
    rates = log.learning_rate.value.read(0, STEPS[script])
    assert (rates[-1], rates[4]) == pytest.approx((0.001, 0.001))
    assert 0 <= rates[0] < rates[1] < rates[2] < 0.001


def test_the_readme_names_each_with_its_own_options():
    text = (FOLDER / "README.md").read_text()
    assert {path.name for path in FOLDER.glob("*.py")} == set(STEPS)
    for script in STEPS:
        command = re.search(rf"stabsim playbook .*-- python examples/{script} (.*)", text)
        assert command is not None
        code = (FOLDER / script).read_text()
        for option in re.findall(r"--[a-z-]+", command.group(1)):
            assert f'"{option}"' in code
        rate, steps = (
            re.findall(r"default=([0-9.e-]+)", code)[0],
            int(re.search(r'"--max-steps", type=int, default=(\d+)', code).group(1)),
        )
        assert f"--rate {float(rate):g} --max-steps {steps} " in command.group(0)
