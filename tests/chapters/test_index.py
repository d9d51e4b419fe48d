"""What the welcome page says of its runs."""

import stabsim as ss
from tests.chapters.runs import SEEDS


def test_warmup_bears_four_times_the_rate_that_destroys_every_run():
    net = ss.workloads.residual_mlp(depth=16)

    def verdicts(peak, warmup):
        def experiment(seed):
            rule = ss.sgd(ss.schedules.linear_warmup(peak, warmup_steps=warmup))
            return ss.simulate(net, rule, steps=400 + warmup, batch_size=64, seed=seed)

        runs = ss.sweep(experiment, seed=SEEDS)
        return {ss.diagnose(loss.to_numpy()).verdict for loss in runs.loss}

    assert verdicts(2.0**-7, 0) == {"diverged"}
    assert verdicts(2.0**-5, 40) == {"stable"}
