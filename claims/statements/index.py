"""What the welcome page says of its first runs."""

from collections.abc import Iterator

import stabsim as ss
from claims.statement import Nudge, Said, Statement

SEEDS = range(10)


def warmup_bears_twice_the_rate_that_destroys_every_run(nudge: Nudge) -> Iterator[Statement]:
    net = nudge(ss.workloads.residual_mlp(depth=16))

    def experiment(peak, warmup, seed):
        rule = ss.sgd(ss.schedules.linear_warmup(peak, warmup_steps=warmup))
        return ss.simulate(net, rule, steps=440, batch_size=64, seed=seed)

    runs = ss.sweep(
        experiment, peak=[2.0**-7, 2.0**-6], warmup=[0, 40], seed=SEEDS, progress=False
    )  # fmt: skip

    def stable(peak, warmup):
        losses = runs.loss.sel(peak=peak, warmup=warmup).to_numpy()
        return sum(ss.diagnose(loss).verdict == "stable" for loss in losses)

    yield Statement("stable at the lower rate without warmup", stable(2.0**-7, 0), high=0)
    yield Statement("stable at twice that with it", stable(2.0**-6, 40), low=len(SEEDS))


STATEMENTS: list[Said] = [warmup_bears_twice_the_rate_that_destroys_every_run]
