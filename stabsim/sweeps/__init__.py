"""Sweeps: many runs in one compiled program, over threads here or over other processes."""

from stabsim.sweeps.sweep import sweep as sweep
from stabsim.sweeps.workers import processes as processes
