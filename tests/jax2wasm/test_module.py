"""Modules: what they hold, how they are loaded, and what is said when something is wrong."""

import inspect
import json
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import wasmtime
from jax2wasm.writer import SHARED_BYTES

import jax2wasm
from jax2wasm import toolchain
from tests.jax2wasm.check import check

X = np.float32([[1, 2, 3], [4, 5, 6]])


def eigenvalues(x):
    return jnp.linalg.eigh(x @ x.T)[0]  # the line that the message names


def singular(x):
    def step(total, row):
        return total + jnp.linalg.svd(x, compute_uv=False)[0] * row[0], None  # and inside a loop

    return jax.lax.scan(step, 0.0, x)[0]


@pytest.mark.parametrize(
    ("function", "primitive", "comment"),
    [(eigenvalues, "eigh", "the line that"), (singular, "svd", "and inside a loop")],
)
def test_an_unknown_primitive_is_named_with_its_line(function, primitive, comment):
    with pytest.raises(jax2wasm.UnsupportedError) as caught:
        jax2wasm.compile(function, X)
    lines, first = inspect.getsourcelines(function)
    line = first + next(i for i, text in enumerate(lines) if comment in text)
    assert f"the primitive '{primitive}'" in str(caught.value)
    assert f"test_module.py:{line}" in str(caught.value)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (
            lambda x: (x.astype(jnp.bfloat16) * 2).astype(jnp.float32),
            "bfloat16 values: use float32",
        ),
        (lambda x: jax.lax.complex(x, x).real, "complex"),
        (lambda x: jax.random.gamma(jax.random.key(0), x), "'random_gamma': draw before"),
        (lambda x: jnp.fft.rfft(x).real, "fft': multiply by the matrix"),
        (lambda x: jax.lax.linalg.qr(x, pivoting=True), "qr with pivoting"),
        (lambda x: jax.lax.bitcast_convert_type(x, jnp.int8), "between dtypes of one width"),
        (lambda x: jax.scipy.special.zeta(2.0, x), "'zeta': the README"),
        (lambda x: jax.random.normal(jax.random.key(0, impl="rbg")) * x, "rbg keys"),
    ],
)
def test_what_is_not_compiled_says_so(function, words):
    with pytest.raises(
        jax2wasm.UnsupportedError, match=f"cannot compile .*{words}.*test_module.py"
    ):
        jax2wasm.compile(function, X)


def test_arguments_of_another_dtype_are_refused(x64):
    with pytest.raises(jax2wasm.UnsupportedError, match=r"float64 values: use float32.*argument 1"):
        jax2wasm.compile(lambda x, y: x, np.float32(1), np.float64(1))
    with pytest.raises(jax2wasm.UnsupportedError, match=r"bfloat16 values: .*result 1"):
        jax2wasm.compile(lambda x: (x, x.astype(jnp.bfloat16)), np.float32(1))


def test_constants_of_every_kind():
    """Literals, small arrays, large ones beside the module, and large ones of few values."""
    random = np.random.default_rng(0)
    n = SHARED_BYTES // 4
    kept = {
        "equal": np.full((40, 50), -2.5, np.float32),
        "small": np.float32([0.0, -0.0, np.nan, np.inf, -np.inf, 1e-38, 3.4e38]),
        "last small": random.normal(size=n).astype(np.float32),
        "first large": random.normal(size=n + 1).astype(np.float32),
        "few values": random.choice(np.float32([0, -0.0, np.nan, 7]), (50, 60)),
        "numbers": random.integers(-(2**31), 2**31, 3000).astype(np.int32),
        "unsigned": np.uint32([0, 2**31, 2**32 - 1]),
        "narrow": np.int8([-128, 0, 127]),
        "narrow and large": random.integers(-(2**15), 2**15, 3000).astype(np.int16),
        "image": random.integers(0, 256, (80, 60)).astype(np.uint8),
        "yes": random.integers(0, 2, 3000).astype(bool),
        "empty": np.zeros((3, 0), np.float32),
    }
    result = check(lambda x: {k: jnp.asarray(v) for k, v in kept.items()}, (X,))[0]
    for name in ("small", "few values"):
        np.testing.assert_array_equal(np.signbit(result[name]), np.signbit(kept[name]), name)
    module = jax2wasm.compile(lambda x: [jnp.asarray(v) for v in kept.values()], X)
    sizes = [3000, 3000, 4 * (n + 1), 4800, 6000, 12000]
    assert sorted(len(c.data) for c in module.shared) == sorted(sizes)


def test_inputs_and_outputs():
    """Unused and repeated ones, booleans, numbers, empty arrays, pytrees, results as they came."""

    def function(tree, unused, number):
        x, yes = tree["x"], tree["yes"]
        return x, {"same": x, "number": number, "not": ~yes}, x[:0], 3, (x.T, yes.sum())

    tree = {"x": X, "yes": np.array([True, False])}
    check(function, (tree, np.float32(1), np.uint32(2**32 - 1)))


def test_wrong_arguments_are_refused():
    engine = jax2wasm.Engine(jax2wasm.compile(lambda x, y: x + y, X, X))
    with pytest.raises(ValueError, match=r"argument 1 must have the shape \(2, 3\), not \(3,\)"):
        engine(X, X[0])
    with pytest.raises(ValueError, match="shorter"):
        engine(X)


def test_a_saved_module_is_all_that_a_loader_needs(tmp_path):
    """Written to a folder, read back, and run by hand; modules share a constant's file."""
    table = np.random.default_rng(0).normal(size=(40, 50)).astype(np.float32)
    modules = [
        jax2wasm.compile(lambda i, k=k: jnp.asarray(table)[i] * k, np.int32(0)) for k in (1, 2)
    ]
    for name, module in zip("ab", modules, strict=True):
        module.save(tmp_path, name)
    manifest = json.loads(json.dumps(modules[0].manifest()))
    assert {p.name for p in tmp_path.iterdir()} == {
        "a.wasm", "a.json", "b.wasm", "b.json", "loader.mjs", "loader.d.mts", *manifest["data"]
    }  # fmt: skip
    assert json.loads((tmp_path / "a.json").read_text()) == {"module": "a.wasm", **manifest}
    store = wasmtime.Store()
    compiled = wasmtime.Module.from_file(store.engine, str(tmp_path / "b.wasm"))
    assert compiled.imports == []
    names = wasmtime.Instance(store, compiled, []).exports(store)
    for i, file in enumerate(manifest["data"]):
        names["memory"].write(store, (tmp_path / file).read_bytes(), names["data"](store, i))
    names["start"](store)
    names["memory"].write(store, np.int32(7).tobytes(), names["input"](store, 0))
    names["run"](store)
    (out,) = manifest["outputs"]
    assert out == {"dtype": "float32", "shape": [50]}
    start = names["output"](store, 0)
    got = np.frombuffer(names["memory"].read(store, start, start + 200), out["dtype"])
    np.testing.assert_array_equal(got, 2 * table[7])


def test_the_same_function_compiles_to_the_same_bytes():
    """So a build can be cached by its content."""
    twice = [jax2wasm.compile(lambda x: jnp.tanh(x @ x.T).sum(0) + X[:, 0], X) for _ in range(2)]
    assert twice[0].source == twice[1].source
    assert twice[0].wasm == twice[1].wasm


def test_the_compiler_speaks():
    with pytest.raises(RuntimeError, match=r"(?s)compiler failed:.*error"):
        toolchain.to_wasm("int main( {")


def test_a_missing_compiler_is_named(monkeypatch, tmp_path):
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\necho 'python: No module named ziglang' >&2; exit 1\n")
    bare.chmod(0o755)
    assert subprocess.run([bare], capture_output=True).returncode == 1
    monkeypatch.setattr(sys, "executable", str(bare))
    with pytest.raises(RuntimeError, match="pip install ziglang"):
        toolchain.to_wasm("")
