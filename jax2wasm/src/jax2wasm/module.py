"""Compiling a function, and the module that comes of it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.interpreters.partial_eval import dce_jaxpr

from jax2wasm.interpret import interpret
from jax2wasm.toolchain import to_wasm
from jax2wasm.value import UnsupportedError, dtype_of, stored_as
from jax2wasm.writer import Constants, Writer

LOADER = [Path(__file__).parent / "loader" / name for name in ("loader.mjs", "loader.d.mts")]
RUNTIME = [Path(__file__).with_name(name) for name in ("math.c", "runtime.c")]


class Slot(NamedTuple):
    """The shape and dtype of an input or output; a bool travels as int32."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def stored(self) -> str:
        return stored_as(self.dtype)


@dataclass(frozen=True)
class Module:
    """A compiled function.

    Attributes:
        source: its C.
        inputs: its arguments, flattened as ``jax.tree.leaves`` does.
        outputs: its results, flattened likewise.
        shared: large constants, which travel beside the module for modules to share. They are
            copied to the addresses ``data(i)`` before ``start()``.
    """

    source: str
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    shared: tuple[Constants, ...]
    tree: Any

    @cached_property
    def wasm(self) -> bytes:
        """The module. It imports nothing, and exports ``memory``, ``start()``, ``run()`` and the
        addresses ``input(i)``, ``output(i)`` and ``data(i)``."""
        return to_wasm(self.source)

    def manifest(self) -> dict[str, Any]:
        """What a loader must know, as JSON: shapes, dtypes, and names of the shared constants."""
        return {
            "inputs": [{"dtype": s.stored, "shape": list(s.shape)} for s in self.inputs],
            "outputs": [{"dtype": s.stored, "shape": list(s.shape)} for s in self.outputs],
            "data": [file_name(c.data) for c in self.shared],
        }

    def save(self, folder: Path | str, name: str) -> None:
        """Write into a folder what JavaScript loads: ``load("name.json")`` of ``loader.mjs``.

        That is ``name.wasm``, its shared constants, its manifest ``name.json``, and the loader.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.wasm").write_bytes(self.wasm)
        for constants in self.shared:
            (folder / file_name(constants.data)).write_bytes(constants.data)
        manifest = {"module": f"{name}.wasm", **self.manifest()}
        (folder / f"{name}.json").write_text(json.dumps(manifest), encoding="utf8")
        for file in LOADER:
            shutil.copy(file, folder)


def file_name(data: bytes) -> str:
    """A file's name that follows its content, so that it can be cached for good."""
    return f"{sha256(data).hexdigest()[:16]}.bin"


def compile(function: Callable[..., Any], *example: Any) -> Module:
    """Compile a function of JAX arrays to WebAssembly.

    The shapes and dtypes of the example arguments become those of the module. Everything that
    the function closes over becomes a constant. What it computes is what ``jax.jit`` computes,
    but for the last bits: sums are taken in another order.

    Args:
        function: what ``jax.jit`` would take, of float32, bool, and integers of 8, 16 or 32 bits.
        *example: arguments: arrays, numbers, or pytrees of them.
    Returns:
        A Module. Its C is compiled to ``Module.wasm`` when that is first read.
    Raises:
        UnsupportedError: if the function uses a primitive or dtype that is not compiled; the
            message names it and the line that it comes from.
    Examples:
        >>> import jax.numpy as jnp
        >>> compile(lambda x: jnp.tanh(2 * x), jnp.zeros(3)).outputs
        (Slot(dtype='float32', shape=(3,)),)
    """
    closed, shapes = jax.make_jaxpr(function, return_shape=True)(*example)
    jaxpr, _ = dce_jaxpr(closed.jaxpr, [True] * len(closed.jaxpr.outvars), instantiate=True)
    w = Writer(interpret=interpret)
    ins = [_slot(v.aval, f"argument {i}") for i, v in enumerate(jaxpr.invars)]
    outs = [_slot(v.aval, f"result {i}") for i, v in enumerate(jaxpr.outvars)]
    arguments = [w.interface(f"in{i}", *slot) for i, slot in enumerate(ins)]
    results = [w.interface(f"out{i}", *slot) for i, slot in enumerate(outs)]
    for target, value in zip(results, interpret(w, jaxpr, closed.consts, arguments), strict=True):
        w.assign(target, value)
    return Module(_source(w, ins, outs), tuple(ins), tuple(outs), tuple(w.shared),
                  jax.tree.structure(shapes))  # fmt: skip


def _slot(aval: Any, what: str) -> Slot:
    try:
        return Slot(dtype_of(aval.dtype), aval.shape)
    except UnsupportedError as error:
        raise UnsupportedError(error.what, what) from None


def _source(w: Writer, ins: list[Slot], outs: list[Slot]) -> str:
    def addresses(name: str, arrays: list[str]) -> str:
        cases = "".join(f"case {i}: return {a}; " for i, a in enumerate(arrays))
        return f'EXPORT("{name}") void *{name}(int i) {{ switch (i) {{ {cases}}} return 0; }}'

    body = "\n".join(w.lines)
    return "\n".join([
        *[file.read_text() for file in RUNTIME],
        *w.declarations,
        f"static float panels[{w.panels}] __attribute__((aligned(16)));",
        *w.functions,
        f'EXPORT("run") void run(void) {{\n(void)panels;\n{body}\n}}',
        'EXPORT("start") void start(void) {\n' + "\n".join(w.start) + "\n}",
        addresses("input", [f"in{i}" for i in range(len(ins))]),
        addresses("output", [f"out{i}" for i in range(len(outs))]),
        addresses("data", [c.name for c in w.shared]),
        "",
    ])  # fmt: skip


class Engine:
    """A module in wasmtime, a WebAssembly engine: ``Engine(module)(*arguments)``."""

    def __init__(self, module: Module) -> None:
        import wasmtime  # a tool of builds and tests, not of the package

        self.module = module
        self._store = wasmtime.Store()
        compiled = wasmtime.Module(self._store.engine, module.wasm)
        self._exports = wasmtime.Instance(self._store, compiled, []).exports(self._store)
        for i, constants in enumerate(module.shared):
            self._memory().write(self._store, constants.data, self._call("data", i))
        self._call("start")

    def __call__(self, *arguments: Any) -> Any:
        for i, (slot, value) in enumerate(
            zip(self.module.inputs, jax.tree.leaves(arguments), strict=True)
        ):
            data = np.asarray(value, slot.stored)
            if data.shape != slot.shape:
                raise ValueError(f"argument {i} must have the shape {slot.shape}, not {data.shape}")
            self._memory().write(self._store, data.tobytes(), self._call("input", i))
        self._call("run")
        return jax.tree.unflatten(
            self.module.tree, [self._read(i, slot) for i, slot in enumerate(self.module.outputs)]
        )

    def _read(self, i: int, slot: Slot) -> np.ndarray:
        start = self._call("output", i)
        size = int(np.prod(slot.shape, dtype=np.int64)) * np.dtype(slot.stored).itemsize
        data = self._memory().read(self._store, start, start + size)
        return np.frombuffer(data, slot.stored).reshape(slot.shape).astype(slot.dtype)

    def _memory(self) -> Any:
        return self._exports["memory"]

    def _call(self, name: str, *numbers: int) -> Any:
        function: Any = self._exports[name]
        return function(self._store, *numbers)
