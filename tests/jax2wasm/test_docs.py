"""The guide: its example runs, in Python and in Node.js, and its table is the truth."""

import importlib
import json
import re
import subprocess

import jax
import numpy as np
import pytest
from jax2wasm.rules import RULES

from book import ROOT
from book.assets import NODE
from tests.jax2wasm.check import QUICK

GUIDE = ROOT / "jax2wasm" / "README.md"
BLOCKS = dict(re.findall(r"```(python|js)\n(.*?)```", GUIDE.read_text(), re.DOTALL))
PRINTED = "console.log(JSON.stringify([losses, weights].map((x) => [...x])));"


def test_the_table_lists_every_primitive():
    rows = dict(re.findall(r"^\| `(\w+)\.py` \| (.*) \|$", GUIDE.read_text(), re.MULTILINE))
    named = {file: set(primitives.split(", ")) for file, primitives in rows.items()}
    for file, primitives in named.items():
        module = importlib.import_module(f"jax2wasm.rules.{file}")
        assert primitives == set(module.RULES), file
    assert set().union(*named.values()) == set(RULES)


@pytest.mark.usefixtures("unchecked")
def test_the_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(BLOCKS["python"], names)
    arguments = np.float32(0.05), np.int32(3)
    right = jax.jit(names["train"]).lower(*arguments).compile(compiler_options=QUICK)(*arguments)
    (tmp_path / "page.mjs").write_text(BLOCKS["js"] + PRINTED)
    done = subprocess.run([NODE, "page.mjs"], capture_output=True, text=True, check=True)
    for key, ours in zip(right, json.loads(done.stdout), strict=True):
        np.testing.assert_allclose(names["same"][key], right[key], rtol=1e-4)
        np.testing.assert_array_equal(np.float32(ours), names["same"][key].ravel())
