"""The playbook's fixes: warmup, clipping, another optimizer, residuals and normalization."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

import stabsim as ss
from claims.outcome import Claim, Outcome, every, final, median
from stabsim.clipping import clip_by_global_norm
from stabsim.diagnosis import diagnose
from stabsim.playbook import advise_clipping, search_warmup
from stabsim.schedules import constant, linear_warmup, prepend_warmup
from stabsim.workloads import mlp, residual_mlp, with_outliers

Seeds = Sequence[int]


def _stable(runs: xr.Dataset) -> np.ndarray:
    return np.array([
        not diagnose(loss).unstable for loss in runs.loss.transpose("seed", "step").to_numpy()
    ])  # fmt: skip


def warmup_opens_high_rates(seeds: Seeds) -> Outcome:
    """Warmup reaches rates ten times the unstable one, and ends better than any rate without."""
    net, steps = residual_mlp(depth=16, gain=1.4), 600

    def train(learning_rate, steps, seed):
        return ss.simulate(net, ss.sgd(learning_rate), steps=steps, batch_size=64, seed=seed)

    def cold(learning_rate, seed):
        return train(learning_rate, steps, seed)

    rates = [2.0**k for k in range(-15, -8)]
    without = ss.sweep(cold, learning_rate=rates, seed=seeds)
    unstable = ss.diagnose_sweep(without).unstable_base_learning_rate
    assert unstable is not None
    found = search_warmup(train, unstable, steps, warmup_steps=[10, 20, 40, 60], seeds=range(5))
    length = found.shortest or 60
    baseline = prepend_warmup(constant(found.base_learning_rate, steps), length)
    warm = ss.sweep(lambda seed: train(baseline, steps + length, seed), seed=seeds)
    best = final(without.transpose("learning_rate", ...)).min(0)
    return Outcome(
        f"unstable from {unstable:.3g}; with {length} steps of warmup {_stable(warm).sum()} of "
        f"{len(seeds)} runs at {found.base_learning_rate:.3g} are stable, final "
        f"{median(final(warm))} against {median(best)} at each seed's best rate without",
        every(_stable(warm), final(warm) < best),
    )


def warmup_needs_instability(seeds: Seeds) -> Outcome:
    """Where nothing is unstable, warmup changes the best validation error by at most 1.5 points."""
    net = residual_mlp(depth=16, block="x + f(Norm(x))")
    best = []
    for warmup in (0, 40):

        def experiment(learning_rate, seed, warmup=warmup):
            rule = ss.sgd(linear_warmup(learning_rate, warmup))
            return ss.simulate(net, rule, steps=600, batch_size=64, seed=seed)

        runs = ss.sweep(experiment, learning_rate=[2.0**k for k in range(-6, 1)], seed=seeds)
        error = runs.validation_error.isel(evaluation_step=-1)
        best.append(error.min("learning_rate").to_numpy())
    return Outcome(
        f"best validation error {median(best[0])} without, {median(best[1])} with 40 steps",
        every(np.abs(best[1] - best[0]) <= 0.015),
    )


def clipping_mends_spikes(seeds: Seeds) -> Outcome:
    """Clipping at the 90th percentile of the norms mends mid-training spikes; warmup does not."""
    corrupted, rate = with_outliers(mlp(), probability=0.005, scale=30.0), 0.1

    def run(warmup=0, clipping=None):
        def experiment(seed):
            rule = ss.momentum(linear_warmup(rate, warmup))
            return ss.simulate(
                corrupted, rule, steps=1000, batch_size=32, seed=seed, clipping=clipping
            )

        return ss.sweep(experiment, seed=seeds)

    without, warm = run(), run(warmup=100)
    threshold = float(np.median([
        advise_clipping(without.gradient_norm.sel(seed=seed)).threshold for seed in seeds
    ]))  # fmt: skip
    clipped = run(clipping=clip_by_global_norm(threshold))
    return Outcome(
        f"stable: {_stable(without).sum()} of {len(seeds)} as they are, {_stable(warm).sum()} "
        f"with warmup, {_stable(clipped).sum()} clipped at {threshold:.2g} "
        f"({float(clipped.clipped.mean()):.0%} of updates); final {median(final(without))}, "
        f"{median(final(warm))}, {median(final(clipped))}",
        every(_stable(clipped), ~_stable(without), final(clipped) < 0.01),
    )


def clipping_half_is_a_smaller_rate(seeds: Seeds) -> Outcome:
    """Clipping nearly every update is only a smaller learning rate: rate times threshold counts."""

    def experiment(learning_rate, seed):
        clipping = clip_by_global_norm(0.05 / learning_rate)
        return ss.simulate(
            mlp(), ss.sgd(learning_rate), steps=500, batch_size=64, seed=seed, clipping=clipping
        )

    runs = ss.sweep(experiment, learning_rate=[1.0, 4.0, 16.0, 64.0], seed=seeds)
    end = final(runs.transpose("learning_rate", ...))
    spread = end.max(0) / end.min(0) - 1

    def unclipped(learning_rate, seed):
        return ss.simulate(mlp(), ss.sgd(learning_rate), steps=500, batch_size=64, seed=seed)

    smaller = ss.sweep(unclipped, learning_rate=[2.0**k for k in range(-6, 0)], seed=seeds)
    plain = final(smaller.transpose("learning_rate", ...)).min(0)
    return Outcome(
        f"{float(runs.clipped.mean()):.0%} of updates clipped; rates 1 to 64 times the same "
        f"threshold end within {spread.max():.1%} of each other, at {median(end[0])}; a smaller "
        f"rate without clipping ends at {median(plain)}",
        every(spread < 0.02, plain <= end[0]),
    )


def adam_survives(seeds: Seeds) -> Outcome:
    """Adam trains a net that Momentum leaves worse than chance, each at its own best rate."""
    net = residual_mlp(depth=24, gain=1.4)

    def experiment(optimizer, learning_rate, seed):
        return ss.simulate(net, optimizer(learning_rate), steps=600, batch_size=64, seed=seed)

    best = {}
    for rule, exponents in ((ss.sgd, range(-18, -9)), (ss.momentum, range(-20, -9)),
                            (ss.adam, range(-12, -3))):  # fmt: skip
        runs = ss.sweep(
            experiment, optimizer=[rule], learning_rate=[2.0**k for k in exponents], seed=seeds
        ).squeeze("optimizer")
        best[rule] = final(runs.transpose("learning_rate", ...)).min(0)
    return Outcome(
        f"best final loss: SGD {median(best[ss.sgd])}, Momentum {median(best[ss.momentum])}, "
        f"Adam {median(best[ss.adam])}",
        every(best[ss.adam] < np.log(10), best[ss.momentum] > np.log(10)),
    )


def residuals_and_normalization(seeds: Seeds) -> Outcome:
    """At depth 32 residuals with normalization in the branch, or ReZero, train best; plain nets fail."""  # noqa: E501
    best, wide = {}, {}
    for block in ("f(x)", "Norm(f(x))", "x + f(x)", "Norm(x + f(x))", "x + Norm(f(x))",
                  "x + f(Norm(x))", "x + a f(x)"):  # fmt: skip

        def experiment(learning_rate, seed, block=block):
            net = residual_mlp(depth=32, block=block)
            return ss.simulate(net, ss.sgd(learning_rate), steps=400, batch_size=64, seed=seed)

        runs = ss.sweep(experiment, learning_rate=[4.0**k for k in range(-6, 1)], seed=seeds)
        end = final(runs.transpose("learning_rate", ...))
        best[block], wide[block] = end.min(0), (end < 0.5).sum(0)
    inside = ("x + Norm(f(x))", "x + f(Norm(x))", "x + a f(x)")
    outside = ("f(x)", "Norm(f(x))", "x + f(x)")
    effect = ", ".join(
        f"{block}: {median(best[block])} ({median(wide[block])} of 7 rates)" for block in best
    )
    trains = every(*(best[block] < 0.1 for block in inside))
    fails = every(*(best[block] > 1.0 for block in outside))
    post = every(*(best["Norm(x + f(x))"] > best[block] for block in inside))
    return Outcome(f"best final loss (rates that train): {effect}", every(trains, fails, post))


FIXES: list[Claim] = [
    warmup_opens_high_rates,
    warmup_needs_instability,
    clipping_mends_spikes,
    clipping_half_is_a_smaller_rate,
    adam_survives,
    residuals_and_normalization,
]
