"""stabsim: train small networks, break them, explain why, and mend them."""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

from stabsim import clipping as clipping
from stabsim import playbook as playbook
from stabsim import schedules as schedules
from stabsim import workloads as workloads
from stabsim.diagnosis import Diagnosis as Diagnosis
from stabsim.diagnosis import diagnose as diagnose
from stabsim.diagnosis import diagnose_sweep as diagnose_sweep
from stabsim.noise import gradient_noise as gradient_noise
from stabsim.optimizers import adam as adam
from stabsim.optimizers import momentum as momentum
from stabsim.optimizers import nadam as nadam
from stabsim.optimizers import nesterov as nesterov
from stabsim.optimizers import rmsprop as rmsprop
from stabsim.optimizers import sgd as sgd
from stabsim.regularization import with_l2 as with_l2
from stabsim.simulate import simulate as simulate
from stabsim.sweep import sweep as sweep
from stabsim.trace import Trace as Trace
from stabsim.workers import processes as processes

if TYPE_CHECKING:
    __version__: str
    from stabsim import classroom as classroom
    from stabsim import differences as differences
    from stabsim import exercises as exercises
    from stabsim import labs as labs
    from stabsim import plots as plots
    from stabsim import wasm as wasm

LATER = ("classroom", "differences", "exercises", "labs", "plots", "wasm")
"""Imported when they are first used: training needs none of them."""


def __getattr__(name: str) -> Any:
    if name in LATER:
        return import_module(f"stabsim.{name}")
    if name == "__version__":
        return metadata.version("stabsim")
    raise AttributeError(f"stabsim has no attribute {name!r}")
