"""How a sweep's cost grows with runs, width and steps. ``python -m benchmarks.scaling``."""

import sys
import time
from typing import Any

import numpy as np

import stabsim as ss
from stabsim.workloads import mlp


def run_steps_a_second(runs: int = 32, width: int = 64, steps: int = 300) -> float:
    """Run-steps a second of a sweep, once compiled: the best of three."""
    net = mlp(width=width)

    def experiment(learning_rate: Any) -> ss.Trace:
        return ss.simulate(
            net, ss.momentum(learning_rate), steps=steps, batch_size=64, evaluate_at=()
        )

    best = np.inf
    for _ in range(4):
        start = time.perf_counter()
        ss.sweep(experiment, learning_rate=np.geomspace(1e-3, 0.1, runs), progress=False)
        best = min(best, time.perf_counter() - start)
    return runs * steps / best


def main() -> int:
    print("| what grows | run-steps/s |\n|---|---|")
    for runs in (1, 2, 4, 8, 16, 32, 64, 128):
        print(f"| {runs} runs | {run_steps_a_second(runs=runs):,.0f} |", flush=True)
    for width in (16, 32, 64, 128, 256):
        print(f"| width {width} | {run_steps_a_second(width=width):,.0f} |", flush=True)
    for steps in (100, 1000, 4000):
        print(f"| {steps} steps | {run_steps_a_second(steps=steps):,.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
