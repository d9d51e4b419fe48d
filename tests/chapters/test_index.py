"""What the welcome page says of its runs and its lab."""

import stabsim as ss
from tests.chapters.runs import MOST, SEEDS, goals, verdicts


def test_warmup_bears_twice_the_rate_that_destroys_every_run():
    net = ss.workloads.residual_mlp(depth=16)

    def experiment(peak, warmup, seed):
        rule = ss.sgd(ss.schedules.linear_warmup(peak, warmup_steps=warmup))
        return ss.simulate(net, rule, steps=440, batch_size=64, seed=seed)

    runs = ss.sweep(experiment, peak=[2.0**-7, 2.0**-6], warmup=[0, 40], seed=SEEDS)

    def stable(peak, warmup):
        losses = runs.loss.sel(peak=peak, warmup=warmup).to_numpy()
        return sum(ss.diagnose(loss).verdict == "stable" for loss in losses)

    assert stable(2.0**-7, 0) == 0
    assert stable(2.0**-6, 40) == len(SEEDS)


def test_no_rate_alone_reaches_the_first_goal_and_a_warmup_does():
    for rate in (0.001, 0.00204, 0.00302, 0.00398, 0.00603):
        assert goals("first", learning_rate=rate) == 0
    assert goals("first", learning_rate=0.0155, warmup=40) == len(SEEDS)
    twice, four = (
        verdicts("first", learning_rate=rate, warmup=40).count("stable")
        for rate in (0.0309, 0.0617)
    )
    assert len(SEEDS) > twice >= MOST
    assert four < twice
