"""From C to WebAssembly, with the Zig compiler that the ``ziglang`` package carries."""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# Unrolled loops are no faster here (what must unroll says so), and twice as large. Whole numbers
# wrap around, as in XLA.
FLAGS = [
    "-target", "wasm32-wasi", "-mexec-model=reactor", "-O3", "-msimd128", "-mbulk-memory",
    "-fno-unroll-loops", "-fwrapv", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off",
    "-Wall", "-Wno-unused-value", "-Wl,--strip-all",
]  # fmt: skip


def to_wasm(source: str) -> bytes:
    """Compile C to a module.

    Raises:
        RuntimeError: if the compiler is not installed, or refuses the source.
    """
    with tempfile.TemporaryDirectory() as folder:
        c, wasm = Path(folder, "program.c"), Path(folder, "program.wasm")
        c.write_text(source)
        command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-o", str(wasm), str(c)]
        environment = {"ZIG_GLOBAL_CACHE_DIR": str(_cache()), **os.environ}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if "No module named ziglang" in done.stderr:
            raise RuntimeError("The C compiler is missing: pip install ziglang.")
        if done.returncode:
            raise RuntimeError(f"The C compiler failed:\n{done.stderr[:4000]}")
        return wasm.read_bytes()


def _cache() -> Path:
    """Where Zig keeps its compiled C library, for this Python environment alone.

    Environments that share Zig's usual cache compile the library anew for each other, 20 seconds
    of work, whenever their turns alternate (ziglang 0.17.1).
    """
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return caches / "jax2wasm" / hashlib.sha256(sys.prefix.encode()).hexdigest()[:16]
