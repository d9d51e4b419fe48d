"""``python -m jax2wasm``, and what JavaScript makes of its files."""

import json
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from jax2wasm.__main__ import main

import jax2wasm
from book.assets import NODE

MODEL = """
import jax.numpy as jnp
import numpy as np

table = jnp.asarray(np.random.default_rng(0).normal(size=(60, 40)), jnp.float32)
number = 3


def rows(x, places, small, yes):
    return {"a": x @ table[places], "b": small * 2, "c": jnp.where(yes, x.sum(), -x.sum()) > 0}


def spectrum(x):
    return jnp.linalg.svd(x, compute_uv=False)
"""
EXAMPLES = ["--example", "float32[2]", "--example", "int32[2]", "--example", "int8[2, 2]",
            "--example", "bool"]  # fmt: skip
CALL = "rows([1, 2], new Int32Array([5, 59]), [[1, -64], [3, 100]], true)"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    return tmp_path


def command(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "jax2wasm", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def node(folder, script):
    (folder / "page.mjs").write_text(script)
    done = subprocess.run([NODE, "page.mjs"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def expected(folder, monkeypatch):
    """The same call through wasmtime."""
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "model", raising=False)
    import model  # pyright: ignore[reportMissingImports]

    x, places = np.float32([1, 2]), np.int32([5, 59])
    given = x, places, np.int8([[1, -64], [3, 100]]), np.bool_(True)
    return jax2wasm.Engine(jax2wasm.compile(model.rows, *given))(*given)


def test_a_function_becomes_files_that_javascript_loads(folder, monkeypatch):
    done = command(folder, "model:rows", *EXAMPLES, "--out", "public")
    assert done.returncode == 0, done.stderr
    assert "takes float32[2], int32[2], int8[2,2], bool[]" in done.stdout
    assert "returns float32[40], int8[2,2], bool[]" in done.stdout
    manifest = json.loads((folder / "public" / "rows.json").read_text())
    assert {p.name for p in (folder / "public").iterdir()} == {
        "rows.wasm", "rows.json", "loader.mjs", "loader.d.mts", *manifest["data"]
    }  # fmt: skip
    script = (
        "import { load } from './public/loader.mjs';\n"
        "const rows = await load(new URL('public/rows.json', import.meta.url));\n"
        f"console.log(JSON.stringify({CALL}.map(String)));"
    )
    product, doubled, positive = node(folder, script)
    right = expected(folder, monkeypatch)
    assert [np.float32(x) for x in product.split(",")] == right["a"].tolist()
    assert doubled == "2,-128,6,-56"  # wrapped around
    assert positive == "1"


def test_the_loader_is_an_npm_package_that_reads_over_http(folder):
    done = command(folder, "model:rows", *EXAMPLES, "--out", "public", "--name", "renamed")
    assert done.returncode == 0, done.stderr
    (folder / "public" / "loader.mjs").unlink()
    modules = folder / "node_modules"
    modules.mkdir()
    (modules / "jax2wasm-loader").symlink_to(Path(jax2wasm.__file__).parent / "loader")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder / "public"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    at = f"http://127.0.0.1:{server.server_port}"
    said = node(
        folder,
        f"""
        import {{ load }} from 'jax2wasm-loader';
        const rows = await load('{at}/renamed.json');
        const said = [];
        for (const wrong of [
          () => rows([1, 2]),
          () => rows([1, 2, 3], [0, 0], [1, 2, 3, 4], 0),
          () => load('{at}/missing.json'),
        ]) try {{ await wrong() }} catch (error) {{ said.push(error.message) }}
        console.log(JSON.stringify([...said, rows.inputs[2].dtype]));
        """,
    )
    server.shutdown()
    server.server_close()
    assert said[0] == "the program takes 4 arguments, not 1"
    assert said[1] == "argument 0 has the shape [2], so it takes 2 numbers, not 3"
    assert said[2].startswith(f"{at}/missing.json cannot be read: 404")
    assert said[3] == "int8"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["model:rows", "--example", "float[2]"], "'float[2]' is no dtype with a shape, such as"),
        (["model:rows", "--example", "float32[2;3]"], "'float32[2;3]' is no dtype with a shape"),
        (["model.rows"], "'model.rows' is not module:function"),
        (["models:rows"], "there is no module 'models' here"),
        (["model:columns"], "the module 'model' has no 'columns'"),
        (["model:number"], "'model:number' is no function but a int"),
        (["model:rows", "--example", "float32"], "missing 3 required positional arguments"),
        (["model:spectrum", "--example", "float32[2,3]"], "spectrum: cannot compile the primitive"),
    ],
)
def test_what_is_wrong_is_said(folder, monkeypatch, capsys, arguments, words):
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "model", raising=False)
    with pytest.raises(SystemExit) as caught:
        main([*arguments, "--out", str(folder / "public")])
    assert caught.value.code not in (None, 0)
    assert words in f"{caught.value.code} {capsys.readouterr().err}"
    assert not (folder / "public").exists()
