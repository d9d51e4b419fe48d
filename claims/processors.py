"""One processor that computes as others do, and what it is.

XLA uses no wider vectors than ``--xla_cpu_max_isa`` in ``XLA_FLAGS`` allows, and where the vectors
differ, sums are rounded in another order. A run that is chaotic ends elsewhere then.
"""

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

import stabsim as ss
from stabsim.sweeps.sweep import RUNS_AT_ONCE
from stabsim.workloads import Workload, mlp, residual_mlp, resnet, transformer

SETS = ("native", "AVX512", "AVX2", "AVX", "SSE4_2")
"""All that an x86 processor has, or no more than this."""


class Machine(NamedTuple):
    """What computes.

    Attributes:
        processor: its name.
        cores: how many it has.
        alike: as :func:`alike` finds them.
    """

    processor: str
    cores: int
    alike: dict[str, dict[str, str]]

    def label(self, instruction_set: str) -> str:
        """The name of an instruction set of this machine, among those of all."""
        return f"{self.processor}: {instruction_set}"

    def __str__(self) -> str:
        return f"{self.processor}, {self.cores} cores. {same_bits(self.alike)}"


def here(known: Sequence[Machine]) -> Machine:
    """This machine, as it is known already or found now."""
    name, cores = processor(), os.cpu_count() or 1
    same = (one for one in known if (one.processor, one.cores) == (name, cores))
    return next(same, None) or Machine(name, cores, alike())


def processor() -> str:
    """The name of this machine's processor."""
    info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else None
    return model[1].strip() if model else platform.processor() or platform.machine()


def under(instruction_set: str, module: str, *arguments: str) -> str:
    """What a module prints when it runs as a program that keeps to an instruction set."""
    flags = os.environ.get("XLA_FLAGS", "").split()
    flags = [flag for flag in flags if not flag.startswith("--xla_cpu_max_isa")]
    if instruction_set != SETS[0]:
        flags.append(f"--xla_cpu_max_isa={instruction_set}")
    environment = {**os.environ, "XLA_FLAGS": " ".join(flags), "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", module, *arguments]
    found = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )  # fmt: skip
    return found.stdout


def alike() -> dict[str, dict[str, str]]:
    """Which instruction sets compute the same bits, for dense networks and for convolutions.

    Returns:
        For each of these kinds, and each instruction set, the first that computes the same bits,
        often itself.
    """
    sets = SETS if platform.machine().lower() in {"x86_64", "amd64"} else SETS[:1]
    found = {name: json.loads(under(name, __name__)) for name in sets}
    return {
        kind: first_equal({name: digests[kind] for name, digests in found.items()})
        for kind in ("dense", "convolution")
    }


def same_bits(alike: Mapping[str, Mapping[str, str]]) -> str:
    """In words, what :func:`alike` found."""

    def said(sets: Mapping[str, str]) -> str:
        return ", ".join(f"{name} as {one}" for name, one in sets.items() if name != one) or "none"

    same = "; ".join(f"{kind}: {said(sets)}" for kind, sets in alike.items())
    return f"Of its instruction sets these compute the same bits in short runs: {same}."


def first_equal(digests: Mapping[str, str]) -> dict[str, str]:
    """For each name the first one of the same value."""
    return {
        name: next(other for other, same in digests.items() if same == digest)
        for name, digest in digests.items()
    }


def digest(*nets: Workload) -> str:
    """The last bits of short runs of each network, alone and in a block."""
    found = sha256()
    for net in nets:

        def experiment(seed, net=net):
            return ss.simulate(
                net, ss.adam(0.001), steps=50, batch_size=32, seed=seed, evaluate_at=()
            )  # fmt: skip

        alone = experiment(0)
        block = ss.sweep(experiment, seed=range(2 * RUNS_AT_ONCE), progress=False)
        for leaf in jax.tree.leaves((alone.loss, alone.final_parameters, block.loss.data)):
            found.update(np.asarray(leaf).tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    dense = digest(mlp(depth=2), residual_mlp(depth=4), transformer(depth=1))
    print(json.dumps({"dense": dense, "convolution": digest(resnet(blocks=1, channels=4))}))
