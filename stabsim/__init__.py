"""stabsim: train small networks, break them, explain why, and mend them.

What is public is what ``__all__`` lists here and in the modules that it lists. All of it is
imported when it is first used, so that a command that needs no JAX does not wait for it.
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str
    from stabsim import classroom as classroom
    from stabsim import clipping as clipping
    from stabsim import curvature as curvature
    from stabsim import differences as differences
    from stabsim import exercises as exercises
    from stabsim import labs as labs
    from stabsim import logs as logs
    from stabsim import optimizers as optimizers
    from stabsim import playbook as playbook
    from stabsim import plots as plots
    from stabsim import schedules as schedules
    from stabsim import statistics as statistics
    from stabsim import tuner as tuner
    from stabsim import workloads as workloads
    from stabsim._words import number as number
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
    from stabsim.simulation import simulate as simulate
    from stabsim.sweeps import processes as processes
    from stabsim.sweeps import sweep as sweep
    from stabsim.trace import Trace as Trace

_MODULES = ("classroom", "clipping", "curvature", "differences", "exercises", "labs", "logs",
            "optimizers", "playbook", "plots", "schedules", "statistics", "tuner",
            "workloads")  # fmt: skip

_HOME = {
    "Diagnosis": "diagnosis",
    "Trace": "trace",
    "adam": "optimizers",
    "diagnose": "diagnosis",
    "diagnose_sweep": "diagnosis",
    "gradient_noise": "noise",
    "momentum": "optimizers",
    "nadam": "optimizers",
    "nesterov": "optimizers",
    "number": "_words",
    "processes": "sweeps",
    "rmsprop": "optimizers",
    "sgd": "optimizers",
    "simulate": "simulation",
    "sweep": "sweeps",
    "with_l2": "regularization",
}
"""The module of each function and class."""

__all__ = sorted([*_MODULES, *_HOME])  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"stabsim.{name}")
    if name in _HOME:
        value = globals()[name] = getattr(import_module(f"stabsim.{_HOME[name]}"), name)
        return value
    if name == "__version__":
        return metadata.version("stabsim")
    raise AttributeError(f"stabsim has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
