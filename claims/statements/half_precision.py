"""What the chapter on half precision says of its cells' runs."""

from collections.abc import Iterator

import numpy as np

import stabsim as ss
from claims.statement import Nudge, Said, Statement
from stabsim.labs.loss_scale import reader
from stabsim.precision import computed_in, with_loss_scale


def a_healthy_run_skips_steps(nudge: Nudge) -> Iterator[Statement]:
    rule = with_loss_scale(ss.momentum(0.1), 2.0**16, interval=10)
    trace = ss.simulate(
        computed_in(nudge(reader()), "float16"), rule, steps=150, batch_size=128, evaluate_at=()
    )
    found = ss.diagnose(trace)
    skipped = int((~np.isfinite(trace.gradient_norm)).sum())
    yield Statement("norms that are not finite", skipped, low=4, high=13)
    yield Statement("stable", not found.unstable, low=1)
    yield Statement("final loss", found.final_loss, low=0.005, high=0.05)


STATEMENTS: list[Said] = [a_healthy_run_skips_steps]
"""What pages say of their cells' runs, one module a page."""
