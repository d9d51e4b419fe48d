"""How long ``stabsim diagnose`` takes for a long log, and how much memory.

``python -m benchmarks.logs`` writes synthetic logs (a decay with noise, norms and a rate), of
two lengths each, reads and diagnoses each in a process of its own, and prints a row a format:
processor seconds, and how far the process grew beyond its size after the imports.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from tensorboardX import SummaryWriter

LENGTHS = {"csv": (100_000, 1_000_000), "jsonl": (100_000, 1_000_000),
           "console": (100_000, 1_000_000), "events": (10_000, 100_000)}  # fmt: skip

MEASURE = """
import re, sys, time
from stabsim.logs.advice import advise
from stabsim.logs import diagnose_log, read
def size():  # the peak; unlike ru_maxrss it does not hold the parent's
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
before, start = size(), time.process_time()
log = read(sys.argv[1])
reading = diagnose_log(log)
advise(log, reading)
print([log.loss.size, time.process_time() - start, size() - before])
"""


def write(kind: str, path: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    loss = (0.1 + 2.4 * np.exp(-np.arange(n) / (n / 20))) * np.exp(0.1 * rng.normal(size=n))
    norm = np.exp(rng.normal(size=n))
    if kind == "events":
        with SummaryWriter(str(path)) as writer:
            for i in range(n):
                writer.add_scalar("train/loss", loss[i], i)
                writer.add_scalar("train/grad_norm", norm[i], i)
        return
    with path.open("w") as file:
        if kind == "csv":
            file.write("step,loss,grad_norm,lr\n")
        for i in range(n):
            if kind == "console":
                file.write(f"iter {i}: loss {loss[i]:.4f}, norm {norm[i]:.4f}, time 250.12ms\n")
                continue
            record = {"step": i, "loss": float(loss[i]), "grad_norm": float(norm[i]), "lr": 0.1}
            written = json.dumps(record) if kind == "jsonl" else ",".join(map(str, record.values()))
            file.write(written + "\n")


def main() -> int:
    print("| format | steps | processor seconds | memory |\n|---|---|---|---|")
    for kind, lengths in LENGTHS.items():
        for n in lengths:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "log"
                write(kind, path, n)
                command = [sys.executable, "-c", MEASURE, str(path)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
            steps, seconds, memory = json.loads(done.stdout)
            print(f"| {kind} | {steps:,} | {seconds:.1f} | {memory:.0f} MB |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
