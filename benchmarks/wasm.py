"""Compiled programs in V8 against ``jax.jit``, round by round. ``python -m benchmarks.wasm``.

Both take a turn in each round, so that a busy machine slows both; what counts is the ratio of
their fastest runs.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import stabsim as ss
from book.assets import NODE
from stabsim import wasm, workloads

RUNS = 5  # of each, in a round
DRIVER = """
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
const [folder, runs] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(`${folder}/program.json`));
const views = { float32: Float32Array, int32: Int32Array, uint32: Uint32Array };
const start = performance.now();
const compiled = new WebAssembly.Module(readFileSync(`${folder}/program.wasm`));
const { memory, data, start: prepare, input, run } = new WebAssembly.Instance(compiled).exports;
manifest.data.forEach((file, i) =>
  new Uint8Array(memory.buffer).set(readFileSync(`${folder}/${file}`), data(i)));
prepare();
manifest.inputs.forEach(({ dtype }, i) => {
  const values = [manifest.values[i]].flat(Infinity);
  new views[dtype](memory.buffer, input(i), values.length).set(values);
});
run();
console.log(performance.now() - start);
for await (const _ of createInterface({ input: process.stdin })) {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  console.log(Math.min(...times));
}
"""


def network(rate: Any, warmup: Any, clip: Any, rule: Any) -> dict[str, jax.Array]:
    """A 64-32-32-10 tanh network: 256 rows, 200 full-batch steps, one of three rules."""
    random = np.random.default_rng(0)
    x = jnp.asarray(random.normal(size=(256, 64)), jnp.float32)
    y = jax.nn.one_hot(random.integers(0, 10, 256), 10)
    sizes = [(64, 32), (32, 32), (32, 10)]
    start = [
        (jnp.asarray(random.normal(size=s) / s[0] ** 0.5, jnp.float32), jnp.zeros(s[1]))
        for s in sizes
    ]

    def loss(params: Any) -> jax.Array:
        h = x
        for w, b in params[:-1]:
            h = jnp.tanh(h @ w + b)
        w, b = params[-1]
        return -jnp.mean(jnp.sum(jax.nn.log_softmax(h @ w + b) * y, -1))

    def norm(tree: Any) -> jax.Array:
        return jnp.sqrt(sum(jnp.sum(a * a) for a in jax.tree.leaves(tree)))

    def step(carry: Any, t: jax.Array) -> Any:
        params, m, v = carry
        value, grads = jax.value_and_grad(loss)(params)
        size = norm(grads)
        b1, b2 = jnp.where(rule == 2, 0.0, 0.9), jnp.where(rule == 2, 0.9, 0.999)
        share = jnp.where(rule == 1, 0.1, 1.0) * jnp.minimum(1.0, clip / (size + 1e-6))
        m = jax.tree.map(lambda m, g: b1 * m + share * g, m, grads)
        v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, v, grads)
        c1 = jnp.where(rule == 1, 1 - 0.9 ** (t + 1), 1.0)
        c2 = jnp.where(rule == 1, 1 - 0.999 ** (t + 1), 1.0)
        by_root = lambda m, v: jnp.where(rule == 0, m, m / c1 / (jnp.sqrt(v / c2) + 1e-8))  # noqa: E731
        updates = jax.tree.map(by_root, m, v)
        now = rate * jnp.minimum(1.0, (t + 1) / jnp.maximum(warmup, 1.0))
        params = jax.tree.map(lambda p, u: p - now * u, params, updates)
        return (params, m, v), (value, size, now * norm(updates))

    zeros = jax.tree.map(jnp.zeros_like, start)
    steps = jnp.arange(200, dtype=jnp.float32)
    loss_, gradient, update = jax.lax.scan(step, (start, zeros, zeros), steps)[1]
    return {"loss": loss_, "gradient": gradient, "update": update}


def simulated(workload: ss.workloads.Workload, steps: int) -> Callable[..., ss.Trace]:
    def run(rate: Any, seed: Any) -> ss.Trace:
        return ss.simulate(
            workload, ss.momentum(rate), steps=steps, batch_size=64, seed=seed, evaluate_at=()
        )

    return run


ARGUMENTS = (np.float32(10), np.float32(1), np.int32(0))
RATE, SEED = np.float32(0.02), np.int32(0)
RATES = np.geomspace(0.005, 0.1, 7, dtype=np.float32)
PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "tanh network, 200 steps": (network, (RATE, *ARGUMENTS)),
    "the same, 7 rates": (jax.vmap(network, (0, None, None, None)), (RATES, *ARGUMENTS)),
    "mlp, 500 steps": (simulated(workloads.mlp(), 500), (RATE, SEED)),
    "transformer, 50 steps": (simulated(workloads.transformer(), 50), (RATE, SEED)),
    "resnet, 50 steps": (simulated(workloads.resnet(), 50), (RATE, SEED)),
}


class InNode:
    """A module that runs in Node.js, which is V8 as in Chromium."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        folder = tempfile.mkdtemp()
        module = wasm.compile(function, *arguments)
        module.save(folder, "program")
        values = [np.asarray(x).tolist() for x in jax.tree.leaves(arguments)]
        manifest = {**module.manifest(), "values": values}
        Path(folder, "program.json").write_text(json.dumps(manifest))
        Path(folder, "driver.mjs").write_text(DRIVER)
        self.kilobytes = len(module.wasm) / 1024
        self._process = subprocess.Popen(
            [NODE, f"{folder}/driver.mjs", folder, str(RUNS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.first = float(self._process.stdout.readline())
        shutil.rmtree(folder)

    def milliseconds(self) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def jitted(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Callable[[], float]:
    run = jax.jit(function)
    jax.block_until_ready(run(*arguments))

    def milliseconds() -> float:
        times = []
        for _ in range(RUNS):
            start = time.perf_counter()
            jax.block_until_ready(run(*arguments))
            times.append(time.perf_counter() - start)
        return 1000 * min(times)

    return milliseconds


def main(rounds: int = 5) -> int:
    print("| program | module, KB | first run, ms | run, ms | jax.jit, ms | ratio |")
    print("|---|---|---|---|---|---|")
    fastest = {}
    for name, (function, arguments) in PROGRAMS.items():
        module, jax_run = InNode(function, arguments), jitted(function, arguments)
        ours, theirs = zip(
            *[(module.milliseconds(), jax_run()) for _ in range(rounds)], strict=True
        )
        module.close()
        fastest[name] = min(ours)
        print(
            f"| {name} | {module.kilobytes:.0f} | {module.first:.0f} | {min(ours):.1f} "
            f"| {min(theirs):.1f} | {min(ours) / min(theirs):.2f} |",
            flush=True,
        )
    one, seven = list(fastest.values())[:2]
    print(f"\n7 rates at once take {seven / one:.1f} times one.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
