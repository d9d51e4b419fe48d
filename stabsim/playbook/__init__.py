"""The tuning playbook's procedures on any training function, and the walk through all of them."""

from typing import TYPE_CHECKING

from stabsim._lazy import lazy

if TYPE_CHECKING:
    from stabsim._advice import ClipAdvice as ClipAdvice
    from stabsim._advice import advise_clipping as advise_clipping
    from stabsim._advice import warmup_candidates as warmup_candidates
    from stabsim.playbook.plan import Plan as Plan
    from stabsim.playbook.plan import plan_walk as plan_walk
    from stabsim.playbook.procedures import WarmupSearch as WarmupSearch
    from stabsim.playbook.procedures import check_above as check_above
    from stabsim.playbook.procedures import check_every_step as check_every_step
    from stabsim.playbook.procedures import search_warmup as search_warmup
    from stabsim.playbook.walk import Walk as Walk
    from stabsim.playbook.walk import walk_playbook as walk_playbook

_HOMES = {
    "ClipAdvice": "stabsim._advice",
    "Plan": "stabsim.playbook.plan",
    "Walk": "stabsim.playbook.walk",
    "WarmupSearch": "stabsim.playbook.procedures",
    "advise_clipping": "stabsim._advice",
    "check_above": "stabsim.playbook.procedures",
    "check_every_step": "stabsim.playbook.procedures",
    "plan_walk": "stabsim.playbook.plan",
    "search_warmup": "stabsim.playbook.procedures",
    "walk_playbook": "stabsim.playbook.walk",
    "warmup_candidates": "stabsim._advice",
}

__all__ = sorted(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lazy(__name__, _HOMES)
