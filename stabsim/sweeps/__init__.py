"""Sweeps: many runs in one compiled program, over threads here or over other processes."""

from stabsim.sweeps.diagnosis import SweepDiagnosis as SweepDiagnosis
from stabsim.sweeps.diagnosis import diagnose_sweep as diagnose_sweep
from stabsim.sweeps.sensitivity import learning_rate_sensitivity as learning_rate_sensitivity
from stabsim.sweeps.sweep import sweep as sweep
from stabsim.sweeps.workers import processes as processes

__all__ = [
    "SweepDiagnosis",
    "diagnose_sweep",
    "learning_rate_sensitivity",
    "processes",
    "sweep",
]
