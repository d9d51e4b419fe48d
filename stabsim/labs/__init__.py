"""Labs: live experiments, on a kernel and in the published page.

``stabsim.labs.show("kinds", times=8)`` shows a lab with a setting of its own.
"""

from typing import Any

from stabsim._words import default_language
from stabsim.labs.attention import LAB as ATTENTION
from stabsim.labs.axis import LAB as AXIS
from stabsim.labs.batch_rates import LAB as BATCH_RATES
from stabsim.labs.batch_run import LAB as BATCH_RUN
from stabsim.labs.batch_steps import LAB as BATCH_STEPS
from stabsim.labs.blocks import LAB as BLOCKS
from stabsim.labs.bowl import LAB as BOWL
from stabsim.labs.clip import LAB as CLIP
from stabsim.labs.epsilon import LAB as EPSILON
from stabsim.labs.first import LAB as FIRST
from stabsim.labs.first_nan import LAB as FIRST_NAN
from stabsim.labs.frame.lab import Lab as Lab
from stabsim.labs.frame.show import Shown
from stabsim.labs.kinds import LAB as KINDS
from stabsim.labs.late_spikes import LAB as LATE_SPIKES
from stabsim.labs.loss_scale import LAB as LOSS_SCALE
from stabsim.labs.mend import LAB as MEND
from stabsim.labs.overshoot import LAB as OVERSHOOT
from stabsim.labs.plane import LAB as PLANE
from stabsim.labs.race import LAB as RACE
from stabsim.labs.ramp import LAB as RAMP
from stabsim.labs.roots import LAB as ROOTS
from stabsim.labs.search import LAB as SEARCH
from stabsim.labs.simulator import LAB as SIMULATOR
from stabsim.labs.stall import LAB as STALL
from stabsim.labs.strategies import LAB as STRATEGIES
from stabsim.labs.strides import LAB as STRIDES
from stabsim.labs.surrogate import LAB as SURROGATE
from stabsim.labs.thresholds import LAB as THRESHOLDS
from stabsim.labs.twins import LAB as TWINS
from stabsim.labs.valley import LAB as VALLEY
from stabsim.labs.warmup_map import LAB as WARMUP_MAP

__all__ = [
    "LABS",
    "Lab",
    "show",
]

LABS = {
    lab.name: lab
    for lab in (
        FIRST,
        STRIDES,
        BOWL,
        OVERSHOOT,
        PLANE,
        AXIS,
        KINDS,
        SIMULATOR,
        VALLEY,
        RACE,
        ROOTS,
        THRESHOLDS,
        ATTENTION,
        EPSILON,
        LATE_SPIKES,
        WARMUP_MAP,
        RAMP,
        CLIP,
        TWINS,
        STRATEGIES,
        BLOCKS,
        MEND,
        SURROGATE,
        SEARCH,
        BATCH_RUN,
        BATCH_RATES,
        BATCH_STEPS,
        LOSS_SCALE,
        STALL,
        FIRST_NAN,
    )
}


def show(name: str, language: str | None = None, **setting: Any) -> Shown:
    """A lab, with some of its controls set.

    Args:
        name: one of ``stabsim.labs.LABS``.
        language: "en" or "id"; that of ``STABSIM_LANGUAGE`` if not given.
        **setting: controls' values by name; the rest are as they begin.
    Raises:
        ValueError: if there is no such lab or language, or a value is out of range.
        TypeError: if a control is unknown, or a value of the wrong kind.
    """
    if name not in LABS:
        raise ValueError(f"name must be one of {', '.join(LABS)}; it is {name!r}.")
    return Shown(LABS[name], setting, default_language() if language is None else language)
