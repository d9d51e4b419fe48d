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

import jax2wasm
import stabsim as ss
from benchmarks import onnx_peer
from book import BUILD, assets
from book.assets import NODE
from stabsim import workloads

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
ONNX_DRIVER = """
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import * as ort from 'onnxruntime-web';
const [folder, runs] = process.argv.slice(2);
const { values, loss } = JSON.parse(readFileSync(`${folder}/program.json`));
ort.env.wasm.numThreads = 1;
const start = performance.now();
const session = await ort.InferenceSession.create(readFileSync(`${folder}/program.onnx`),
  { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
const feeds = {};
for (const [name, value] of Object.entries(values)) feeds[name] = name === 'rule'
  ? new ort.Tensor('int32', [value], []) : new ort.Tensor('float32', [value], []);
const found = (await session.run(feeds)).loss.data;
const first = performance.now() - start;
const scale = Math.max(...loss);
if (!loss.every((x, i) => Math.abs(x - found[i]) < 1e-4 * scale)) throw Error('another loss');
console.log(first);
for await (const _ of createInterface({ input: process.stdin })) {
  let best = Infinity;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await session.run(feeds);
    best = Math.min(best, performance.now() - start);
  }
  console.log(best);
}
"""
JAX_JS_DRIVER = """
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
const [folder, runs] = process.argv.slice(2);
const { x, y, start, values, loss } = JSON.parse(readFileSync(`${folder}/program.json`));
await init('wasm');
defaultDevice('wasm');
const array = (flat, shape) => np.array(new Float32Array(flat)).reshape(shape);
const [inputs, targets] = [array(...x), array(...y)];
const cost = ([w0, b0, w1, b1, w2, b2], x, y) => {
  const h0 = np.tanh(np.dot(x, w0).add(b0));
  const h1 = np.tanh(np.dot(h0, w1).add(b1));
  const logs = nn.logSoftmax(np.dot(h1, w2).add(b2), -1);
  return logs.mul(y).sum(-1).mean().mul(-1);
};
const norm = (arrays) => np.sqrt(arrays.map((a) => np.square(a).sum()).reduce((a, b) => a.add(b)));
const step = jit((params, m, x, y, now) => {
  const [value, grads] = valueAndGrad(cost)(tree.ref(params), x, y);
  const size = norm(tree.ref(grads));
  const share = np.minimum(1, np.array(values.clip).div(size.ref.add(1e-6)));
  const moved = m.map((one, i) => one.mul(0.9).add(grads[i].mul(share.ref)));
  share.dispose();
  const length = norm(tree.ref(moved)).mul(now.ref);
  const next = params.map((p, i) => p.sub(moved[i].ref.mul(now.ref)));
  now.dispose();
  return [next, moved, value, size, length];
});
async function train() {
  let params = start.map(([flat, shape]) => array(flat, shape));
  let m = start.map(([, shape]) => np.zeros(shape));
  const found = [];
  for (let t = 0; t < loss.length; t++) {
    const now = np.array(values.rate * Math.min(1, (t + 1) / Math.max(values.warmup, 1)));
    const [p, v, value, size, length] = step(params, m, inputs.ref, targets.ref, now);
    [params, m] = [p, v];
    found.push(value);
    size.dispose();
    length.dispose();
  }
  const read = [];
  for (const one of found) read.push((await one.data())[0]);
  return read;
}
const begin = performance.now();
const found = await train();
const first = performance.now() - begin;
const scale = Math.max(...loss);
if (!loss.every((x, i) => Math.abs(x - found[i]) < 1e-4 * scale)) throw Error('another loss');
console.log(first);
for await (const _ of createInterface({ input: process.stdin })) {
  let best = Infinity;
  for (let i = 0; i < Math.min(runs, 2); i++) {
    const start = performance.now();
    await train();
    best = Math.min(best, performance.now() - start);
  }
  console.log(best);
}
"""
STEPS = 200
PEERS = BUILD / "peers"


def data() -> tuple[np.ndarray, np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Made-up rows and one-hot targets, and where the weights start: only time is measured."""
    random = np.random.default_rng(0)
    x = random.normal(size=(256, 64)).astype(np.float32)
    y = np.eye(10, dtype=np.float32)[random.integers(0, 10, 256)]
    sizes = [(64, 32), (32, 32), (32, 10)]
    start = [
        ((random.normal(size=s) / s[0] ** 0.5).astype(np.float32), np.zeros(s[1], np.float32))
        for s in sizes
    ]
    return x, y, start


def network(rate: Any, warmup: Any, clip: Any, rule: Any) -> dict[str, jax.Array]:
    """A 64-32-32-10 tanh network: 256 rows, 200 full-batch steps, one of three rules."""
    x, y, start = jax.tree.map(jnp.asarray, data())

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
    steps = jnp.arange(STEPS, dtype=jnp.float32)
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
    """A program that runs in Node.js, which is V8 as in Chromium."""

    def __init__(self, driver: str, folder: Path) -> None:
        (folder / "driver.mjs").write_text(driver)
        self._process = subprocess.Popen(
            [NODE, folder / "driver.mjs", folder, str(RUNS)],
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


def compiled(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[InNode, float]:
    """Our module, and its size in KB."""
    folder = Path(tempfile.mkdtemp())
    module = jax2wasm.compile(function, *arguments)
    module.save(folder, "program")
    values = [np.asarray(x).tolist() for x in jax.tree.leaves(arguments)]
    manifest = {**module.manifest(), "values": values}
    (folder / "program.json").write_text(json.dumps(manifest))
    return InNode(DRIVER, folder), len(module.wasm) / 1024


def onnxruntime_web() -> InNode:
    """The tanh network in onnxruntime-web, on one thread as ours.

    Raises:
        ArithmeticError: if it computes something else.
    """
    folder = Path(tempfile.mkdtemp())
    x, y, start = data()
    names = ("rate", "warmup", "clip", "rule")
    values = {n: np.asarray(v).tolist() for n, v in zip(names, (RATE, *ARGUMENTS), strict=True)}
    model = onnx_peer.network(x, y, [a for pair in start for a in pair], STEPS)
    (folder / "program.onnx").write_bytes(model.SerializeToString())
    expected = np.asarray(jax.jit(network)(RATE, *ARGUMENTS)["loss"]).tolist()
    (folder / "program.json").write_text(json.dumps({"values": values, "loss": expected}))
    (folder / "node_modules").symlink_to(PEERS / "node_modules")
    return InNode(ONNX_DRIVER, folder)


def jax_js() -> InNode:
    """The tanh network in jax-js, its step jitted, on its WebAssembly backend.

    It does the arithmetic of the chosen rule alone, where ours can do that of three.

    Raises:
        ArithmeticError: if it computes something else.
    """
    folder = Path(tempfile.mkdtemp())
    x, y, start = data()

    def flat(a: np.ndarray) -> list[Any]:
        return [a.ravel().tolist(), list(a.shape)]

    names = ("rate", "warmup", "clip", "rule")
    chosen = zip(names, (RATE, *ARGUMENTS), strict=True)
    given = {
        "x": flat(x), "y": flat(y), "start": [flat(a) for pair in start for a in pair],
        "values": {n: np.asarray(v).tolist() for n, v in chosen},
        "loss": np.asarray(jax.jit(network)(RATE, *ARGUMENTS)["loss"]).tolist(),
    }  # fmt: skip
    (folder / "program.json").write_text(json.dumps(given))
    (folder / "node_modules").symlink_to(PEERS / "node_modules")
    return InNode(JAX_JS_DRIVER, folder)


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


def against_peers(rounds: int) -> None:
    """The first program in turns with what runs it in pages elsewhere, and with ``jax.jit``."""
    assets.install(Path(__file__).parent, PEERS)
    jax_run = jitted(network, (RATE, *ARGUMENTS))
    runners = {
        "jax2wasm": compiled(network, (RATE, *ARGUMENTS))[0],
        "onnxruntime-web 1.30.0": onnxruntime_web(),
        "@jax-js/jax 0.1.25": jax_js(),
    }
    times = [[r.milliseconds() for r in runners.values()] + [jax_run()] for _ in range(rounds)]
    best = np.min(times, 0)
    print("| the tanh network, 200 steps, in Node.js | first answer, ms | a run, ms | over ours |")
    print("|---|---|---|---|")
    firsts = [f"{r.first:.0f}" for r in runners.values()] + ["-"]
    for name, first, run in zip([*runners, "`jax.jit`, not in a page"], firsts, best, strict=True):
        print(f"| {name} | {first} | {run:.1f} | {run / best[0]:.1f} |")
    for runner in runners.values():
        runner.close()


def main(rounds: int = 5) -> int:
    print("| program | module, KB | first run, ms | run, ms | jax.jit, ms | ratio |")
    print("|---|---|---|---|---|---|")
    fastest = {}
    for name, (function, arguments) in PROGRAMS.items():
        (module, kilobytes), jax_run = compiled(function, arguments), jitted(function, arguments)
        ours, theirs = zip(
            *[(module.milliseconds(), jax_run()) for _ in range(rounds)], strict=True
        )
        module.close()
        fastest[name] = min(ours)
        print(
            f"| {name} | {kilobytes:.0f} | {module.first:.0f} | {min(ours):.1f} "
            f"| {min(theirs):.1f} | {min(ours) / min(theirs):.2f} |",
            flush=True,
        )
    one, seven = list(fastest.values())[:2]
    print(f"\n7 rates at once take {seven / one:.1f} times one.\n")
    against_peers(rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
