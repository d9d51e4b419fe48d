"""What a sweep gains from processes, devices and clusters, and what 10,000 runs cost.

``python -m benchmarks.cluster`` measures, then works the costs out from what it measured.
``python -m benchmarks.cluster estimate --core-rate 9000 --cores 64`` works them out alone, from
numbers of your own; ``--help`` after ``estimate`` lists them. docs/scale.md explains.

The sweep: digits perceptron 64-64-64-10, batch 64, Momentum 0.9, 500 steps. The rounds run every
way in turn, so that a busy machine is busy for all; quoted are the median rate and the median of
the ratios to one process, round by round. What is started and compiled is timed apart.
"""

import argparse
import math
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jax
import numpy as np

import stabsim as ss
from stabsim.sweeps.store import Store
from stabsim.workloads import mlp

RUNS, STEPS, BLOCK, ROUNDS = 128, 500, 16, 5
LAYERS = [(64, 64), (64, 64), (64, 10)]
BATCH = 64

GPUS = {  # NVIDIA's data sheets: FP32 FLOP/s outside tensor cores, bytes/s of memory
    "T4 (Colab's free GPU)": (8.1e12, 320e9),
    "A100 40 GB": (19.5e12, 1555e9),
    "H100 SXM": (67e12, 3350e9),
}
SHARE = (0.1, 0.5)
"""Of a GPU's binding peak: from launches that are not hidden to products that stream well."""


def sweep(runs: int = RUNS, **options: Any) -> float:
    """Seconds of one sweep."""
    net = mlp(width=64)

    def experiment(learning_rate: Any) -> ss.Trace:
        return ss.simulate(
            net, ss.momentum(learning_rate), steps=STEPS, batch_size=BATCH, evaluate_at=()
        )

    start = time.perf_counter()
    rates = np.geomspace(1e-3, 0.05, runs)
    done = ss.sweep(experiment, learning_rate=rates, progress=False, **options)
    assert np.isfinite(done.loss).all()
    return time.perf_counter() - start


def blocks_of_nothing(count: int, **options: Any) -> float:
    """Seconds that a block takes of which the work takes none."""
    start = time.perf_counter()
    numbers = np.arange(float(count))
    ss.sweep(lambda x: {"y": x + 1}, x=numbers, runs_at_once=1, progress=False, **options)
    return (time.perf_counter() - start) / count


def begin(cores: int, devices: int) -> None:
    """Give a new process so many cores, and make as many devices of them as forced."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    jax.config.update("jax_num_cpu_devices", devices)


def pool(count: int, cores: int, devices: int = 1) -> ProcessPoolExecutor:
    """Processes of so many cores and devices each."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=spawn, initializer=begin,
                               initargs=(cores, devices))  # fmt: skip


def ways(stack: ExitStack) -> dict[str, Callable[[], float]]:
    """Each way to run the sweep: a function that runs it and says how long it took."""
    import distributed

    cores = len(os.sched_getaffinity(0))
    one, two = (stack.enter_context(pool(n, cores)) for n in (1, 2))
    core, device, devices = (
        stack.enter_context(pool(1, *shape)) for shape in ((1, 1), (cores, 1), (2, 2))
    )
    cluster = stack.enter_context(
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    )
    client = stack.enter_context(distributed.Client(cluster))
    return {
        "1 process": lambda: sweep(executor=one, runs_at_once=BLOCK),
        "2 processes": lambda: sweep(executor=two, runs_at_once=BLOCK),
        "Dask, 2 workers": lambda: sweep(executor=client, runs_at_once=BLOCK),
        "1 device on 1 core": lambda: core.submit(sweep).result(),
        "2 devices on 2 cores": lambda: devices.submit(sweep).result(),
        "1 device on 2 cores (threads)": lambda: device.submit(sweep).result(),
    }


# --- what is worked out ---


def flops() -> int:
    """Operations of the matrix products of a run-step: forward, and the two gradients of each
    layer but the first's with respect to its inputs."""
    forward = sum(2 * BATCH * a * b for a, b in LAYERS)
    return 3 * forward - 2 * BATCH * LAYERS[0][0] * LAYERS[0][1]


def traffic() -> int:
    """Bytes that a run-step moves if nothing stays in a cache: parameters are read in both
    passes; gradients written and read; velocities and parameters read and written; activations
    and their gradients written and read once each."""
    parameters = sum(a * b + b for a, b in LAYERS)
    activations = BATCH * sum(b for _, b in LAYERS)
    return 4 * (8 * parameters + 2 * 2 * activations)


def estimate(given: argparse.Namespace) -> None:
    """Print what the runs cost on one machine, on a cluster and on GPUs, with the arithmetic."""
    work = given.runs * given.steps
    blocks = math.ceil(given.runs / BLOCK)
    a_block = BLOCK * given.steps / given.core_rate + given.overhead
    waves = math.ceil(blocks / given.cores)
    print(
        f"\n{given.runs:,} runs of {given.steps} steps are {work:,} run-steps, {blocks} blocks.\n"
    )
    print("| machine | arithmetic | time |\n|---|---|---|")
    print(
        f"| this one | {work:,} / {given.machine_rate:,.0f} a second | "
        f"{work / given.machine_rate:,.0f} s |"
    )
    print(
        f"| cluster, {given.cores} cores (estimate) | {given.start:.0f} s to start + {waves} waves "
        f"of {a_block:.2f} s | {given.start + waves * a_block:,.0f} s, "
        f"{given.cores * (given.start + waves * a_block) / 3600:.2f} core-hours |"
    )
    for name, (peak, bandwidth) in GPUS.items():
        by_flops, by_bytes = work * flops() / peak, work * traffic() / bandwidth
        roof = max(by_flops, by_bytes)
        print(
            f"| {name} (estimate) | {by_flops:.1f} s by operations, {by_bytes:.1f} s by bytes; "
            f"{SHARE[0]:.0%} to {SHARE[1]:.0%} of the binding peak | "
            f"{roof / SHARE[1]:,.0f} to {roof / SHARE[0]:,.0f} s |"
        )
    print(
        f"\nA run-step is {flops() / 1e6:.2f} MFLOP in matrix products and moves "
        f"{traffic() / 1e6:.2f} MB, {flops() / traffic():.1f} FLOP a byte."
    )


def measure() -> argparse.Namespace:
    """Run every way, print what it took, and return what the costs are worked out from."""
    rates: dict[str, list[float]] = {}
    work = RUNS * STEPS
    with ExitStack() as stack:
        run = ways(stack)
        first = {name: go() for name, go in run.items()}
        for _ in range(ROUNDS):
            for name, go in run.items():
                rates.setdefault(name, []).append(work / go())
    one = np.array(rates["1 process"])
    core = np.array(rates["1 device on 1 core"])
    print(f"{len(os.sched_getaffinity(0))} cores; {ROUNDS} rounds, {work:,} run-steps each\n")
    print("| way | first sweep, s | run-steps/s | over 1 process | over 1 device on 1 core |")
    print("|---|---|---|---|---|")
    for name, taken in rates.items():
        by_one, by_core = (np.array(taken) / base for base in (one, core))
        print(
            f"| {name} | {first[name]:.1f} | {np.median(taken):,.0f} | "
            f"{np.median(by_one):.2f} ({by_one.min():.2f} to {by_one.max():.2f}) | "
            f"{np.median(by_core):.2f} ({by_core.min():.2f} to {by_core.max():.2f}) |"
        )

    overhead = costs_of_blocks()
    machine = "1 device on 2 cores (threads)"
    sweep(RUNS)  # compiles
    check = sweep(8 * RUNS)
    expected = 8 * work / np.median(rates[machine])
    print(
        f"\nThe measured rate promises {expected:.1f} s for {8 * RUNS:,} runs here; "
        f"they took {check:.1f} s, {check / expected:.2f} times that."
    )
    two = np.median(np.array(rates["2 processes"]) / one) / 2
    print(f"Two processes do {two:.0%} of twice the work of one.")
    return argparse.Namespace(
        runs=10_000,
        steps=STEPS,
        cores=64,
        core_rate=float(np.median(core)),
        machine_rate=float(np.median(rates[machine])),
        overhead=overhead,
        start=first["Dask, 2 workers"],
    )


def write(folder: Path) -> tuple[float, float]:
    """Seconds that a store takes to write a block, and bytes that a run of it takes on disk."""
    sweep(runs_at_once=BLOCK, store=folder / "runs")
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / RUNS
    numbers = np.random.default_rng(0).random((BLOCK, 1, STEPS), np.float32)
    names = ("loss", "gradient_norm", "update_norm", "learning_rate_at_step", "clipped")
    fields: dict[str, Any] = dict.fromkeys(names, (("step",), numbers))
    shelf = Store(folder / "block", {}).shelf((), {}, "program", (BLOCK, 1), fields, {})
    start = time.perf_counter()
    for _ in range(20):
        shelf.write((slice(0, BLOCK), slice(0, 1)), dict.fromkeys(names, numbers))
    return (time.perf_counter() - start) / 20, size


def costs_of_blocks() -> float:
    """Print what a block costs beside its work; return what it costs Dask, in seconds."""
    import distributed

    with (
        tempfile.TemporaryDirectory() as folder,
        pool(1, 1) as process,
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        costs = {}
        for name, executor in (("here", None), ("process", process), ("Dask", client)):
            blocks_of_nothing(2, executor=executor)
            costs[name] = blocks_of_nothing(100, executor=executor)
        costs["store"], size = write(Path(folder))
    print("\nA block costs, beside its work: " + ", ".join(
        f"{name} {1000 * cost:.1f} ms" for name, cost in costs.items()
    ) + f". A stored run of {STEPS} steps takes {size / 1024:.1f} KB.")  # fmt: skip
    return costs["Dask"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster")
    command = parser.add_subparsers(dest="command").add_parser(
        "estimate", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    for name, default, what in (
        ("runs", 10_000, "runs of the sweep"),
        ("steps", STEPS, "steps of a run"),
        ("cores", 64, "cores of the cluster"),
        ("core-rate", 10_000.0, "run-steps a second of one core"),
        ("machine-rate", 20_000.0, "run-steps a second of this machine"),
        ("overhead", 0.02, "seconds that a block costs beside its work"),
        ("start", 30.0, "seconds until the workers have compiled"),
    ):
        command.add_argument(f"--{name}", type=type(default), default=default, help=what)
    given = parser.parse_args()
    estimate(measure() if given.command is None else given)
    return 0


if __name__ == "__main__":
    sys.exit(main())
