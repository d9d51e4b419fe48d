"""stabsim: train small networks, break them, explain why, and mend them.

What is public is what ``__all__`` lists here and in the modules that it lists. All of it is
imported when it is first used, so that a command that needs no JAX does not wait for it.
"""

from typing import TYPE_CHECKING, Any

from stabsim._lazy import lazy

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
    from stabsim import precision as precision
    from stabsim import probe as probe
    from stabsim import rules as rules
    from stabsim import schedules as schedules
    from stabsim import statistics as statistics
    from stabsim import tuner as tuner
    from stabsim import workloads as workloads
    from stabsim._words import number as number
    from stabsim.diagnosis import Diagnosis as Diagnosis
    from stabsim.diagnosis import diagnose as diagnose
    from stabsim.noise import gradient_noise as gradient_noise
    from stabsim.optimizers import adafactor as adafactor
    from stabsim.optimizers import adam as adam
    from stabsim.optimizers import adamw as adamw
    from stabsim.optimizers import lion as lion
    from stabsim.optimizers import momentum as momentum
    from stabsim.optimizers import muon as muon
    from stabsim.optimizers import nadam as nadam
    from stabsim.optimizers import nesterov as nesterov
    from stabsim.optimizers import radam as radam
    from stabsim.optimizers import rmsprop as rmsprop
    from stabsim.optimizers import schedule_free_adamw as schedule_free_adamw
    from stabsim.optimizers import sgd as sgd
    from stabsim.regularization import with_l2 as with_l2
    from stabsim.simulation import simulate as simulate
    from stabsim.sweeps import diagnose_sweep as diagnose_sweep
    from stabsim.sweeps import learning_rate_sensitivity as learning_rate_sensitivity
    from stabsim.sweeps import processes as processes
    from stabsim.sweeps import sweep as sweep
    from stabsim.trace import Trace as Trace

_HOMES = {
    "Diagnosis": "stabsim.diagnosis",
    "Trace": "stabsim.trace",
    "adafactor": "stabsim.optimizers",
    "adam": "stabsim.optimizers",
    "adamw": "stabsim.optimizers",
    "classroom": "stabsim.classroom",
    "clipping": "stabsim.clipping",
    "curvature": "stabsim.curvature",
    "diagnose": "stabsim.diagnosis",
    "diagnose_sweep": "stabsim.sweeps",
    "differences": "stabsim.differences",
    "exercises": "stabsim.exercises",
    "gradient_noise": "stabsim.noise",
    "labs": "stabsim.labs",
    "learning_rate_sensitivity": "stabsim.sweeps",
    "lion": "stabsim.optimizers",
    "logs": "stabsim.logs",
    "momentum": "stabsim.optimizers",
    "muon": "stabsim.optimizers",
    "nadam": "stabsim.optimizers",
    "nesterov": "stabsim.optimizers",
    "number": "stabsim._words",
    "optimizers": "stabsim.optimizers",
    "playbook": "stabsim.playbook",
    "plots": "stabsim.plots",
    "precision": "stabsim.precision",
    "probe": "stabsim.probe",
    "processes": "stabsim.sweeps",
    "radam": "stabsim.optimizers",
    "rmsprop": "stabsim.optimizers",
    "rules": "stabsim.rules",
    "schedule_free_adamw": "stabsim.optimizers",
    "schedules": "stabsim.schedules",
    "sgd": "stabsim.optimizers",
    "simulate": "stabsim.simulation",
    "statistics": "stabsim.statistics",
    "sweep": "stabsim.sweeps",
    "tuner": "stabsim.tuner",
    "with_l2": "stabsim.regularization",
    "workloads": "stabsim.workloads",
}
"""The module that each name is imported from."""

__all__ = sorted(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]

_imported = lazy(__name__, _HOMES)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata  # here, for it takes as long as all the rest

        return metadata.version("stabsim")
    return _imported(name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
