"""What the runs of a lab come to, over the seeds that it offers."""

from functools import cache

from stabsim.labs import LABS
from stabsim.labs.frame.report import reached, report

SEEDS = range(10)
MOST = 7
"""Of ten seeds; what "most" means in the chapters."""


@cache
def run(name: str, **changes) -> list[tuple[dict, bool]]:
    """What each seed's run is found to be, and whether it reaches the lab's goal."""
    lab = LABS[name]
    settings = [lab.setting(changes | {"seed": seed}) for seed in SEEDS]
    found = [report(lab, lab.compute(values), values, "en").facts for values in settings]
    return [(facts, reached(lab, facts)) for facts in found]


def verdicts(name: str, **changes) -> list:
    return [facts["verdict"] for facts, _ in run(name, **changes)]


def goals(name: str, **changes) -> int:
    return sum(goal for _, goal in run(name, **changes))
