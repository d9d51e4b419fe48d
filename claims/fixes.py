"""The playbook's fixes: warmup, clipping, another optimizer, residuals and normalization."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

import stabsim as ss
from claims.outcome import Claim, Outcome, measured, part, whole
from claims.runs import final
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
    """Warmup reaches rates ten times the unstable one, and ends better than any rate without.

    Warmup mencapai laju sepuluh kali laju yang tidak stabil, dan hasilnya lebih baik daripada laju mana pun tanpa warmup.
    """  # noqa: E501
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
        *measured(
            "unstable from {unstable}; with {length} steps of warmup {stable} of {runs} runs at "
            "{base} are stable, final {warm} against {best} at each seed's best rate without",
            "tidak stabil mulai {unstable}; dengan warmup {length} langkah {stable} dari {runs} "
            "run pada {base} stabil, loss akhir {warm} terhadap {best} pada laju terbaik tiap "
            "seed tanpa warmup",
            unstable=unstable,
            length=length,
            stable=_stable(warm).sum(),
            runs=len(seeds),
            base=found.base_learning_rate,
            warm=final(warm),
            best=best,
        ),
        [
            part("ten times the rate", "sepuluh kali laju", _stable(warm)),
            part("ends better", "hasilnya lebih baik", final(warm) < best),
        ],
    )


def warmup_needs_instability(seeds: Seeds) -> Outcome:
    """Where nothing is unstable, warmup changes the best validation error by at most 1.5 points.

    Jika tidak ada yang tidak stabil, warmup mengubah galat validasi terbaik paling banyak 1,5 poin persen.
    """  # noqa: E501
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
        *measured(
            "best validation error {without} without, {with_} with 40 steps",
            "galat validasi terbaik {without} tanpa warmup, {with_} dengan warmup 40 langkah",
            without=best[0],
            with_=best[1],
        ),
        whole(np.abs(best[1] - best[0]) <= 0.015),
    )


def clipping_mends_spikes(seeds: Seeds) -> Outcome:
    """Clipping at the 90th percentile of the norms mends mid-training spikes; warmup does not.

    Pemotongan pada persentil ke-90 norma mengatasi lonjakan di tengah pelatihan; warmup tidak.
    """
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
        *measured(
            "stable: {plain} of {runs} as they are, {warmed} with warmup, {mended} clipped at "
            "{threshold} ({share}% of updates); final {without}, {warm}, {clipped}",
            "stabil: {plain} dari {runs} tanpa perubahan, {warmed} dengan warmup, {mended} dengan "
            "pemotongan pada {threshold} ({share}% pembaruan); loss akhir {without}, {warm}, "
            "{clipped}",
            plain=_stable(without).sum(),
            runs=len(seeds),
            warmed=_stable(warm).sum(),
            mended=_stable(clipped).sum(),
            threshold=threshold,
            share=100 * float(clipped.clipped.mean()),
            without=final(without),
            warm=final(warm),
            clipped=final(clipped),
        ),
        [
            part("as they are they spike", "tanpa perubahan melonjak", ~_stable(without)),
            part("clipping mends", "pemotongan mengatasi", _stable(clipped), final(clipped) < 0.01),
            part("warmup does not", "warmup tidak", ~_stable(warm)),
        ],
    )


def clipping_half_is_a_smaller_rate(seeds: Seeds) -> Outcome:
    """Clipping nearly every update is only a smaller learning rate: rate times threshold counts.

    Memotong hampir setiap pembaruan hanyalah laju pembelajaran yang lebih kecil: yang menentukan ialah laju kali ambang.
    """  # noqa: E501

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
        *measured(
            "{share}% of updates clipped; rates from 1 to 64 with the same product of rate and "
            "threshold end within {spread}% of each other, at {end}; a smaller rate without "
            "clipping ends at {plain}",
            "{share}% pembaruan terpotong; laju dari 1 sampai 64 dengan hasil kali laju dan ambang "
            "yang sama berakhir dengan selisih paling besar {spread}%, pada {end}; laju yang lebih "
            "kecil tanpa pemotongan berakhir pada {plain}",
            share=100 * float(runs.clipped.mean()),
            spread=100 * spread.max(),
            end=end[0],
            plain=plain,
        ),
        [
            part("the product counts", "hasil kali menentukan", spread < 0.02),
            part("a smaller rate does no worse", "laju kecil tidak lebih buruk", plain <= end[0]),
        ],
    )


def adam_survives(seeds: Seeds) -> Outcome:
    """Adam trains a net that Momentum leaves worse than chance, each at its own best rate.

    Adam melatih jaringan yang oleh Momentum berakhir lebih buruk daripada tebakan acak, masing-masing pada laju terbaiknya.
    """  # noqa: E501
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
        *measured(
            "best final loss: SGD {sgd}, Momentum {momentum}, Adam {adam}",
            "loss akhir terbaik: SGD {sgd}, Momentum {momentum}, Adam {adam}",
            **{rule.__name__: loss for rule, loss in best.items()},
        ),
        [
            part("Adam trains", "Adam melatih", best[ss.adam] < np.log(10)),
            part("Momentum fails", "Momentum gagal", best[ss.momentum] > np.log(10)),
        ],
    )


def residuals_and_normalization(seeds: Seeds) -> Outcome:
    """At depth 32 residuals with normalization in the branch, or ReZero, train best; plain nets fail.

    Pada kedalaman 32, residual dengan normalisasi di dalam cabang, atau ReZero, paling mudah dilatih; jaringan polos gagal.
    """  # noqa: E501
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
    english, indonesian = (
        "; ".join(f"{block}: {{best{i}}} ({{wide{i}}} {of})" for i, block in enumerate(best))
        for of in ("of 7 rates", "dari 7 laju")
    )
    return Outcome(
        *measured(
            f"best final loss (rates that train): {english}",
            f"loss akhir terbaik (laju yang berhasil melatih): {indonesian}",
            **{f"best{i}": row for i, row in enumerate(best.values())},
            **{f"wide{i}": row for i, row in enumerate(wide.values())},
        ),
        [
            part("these train", "ketiganya terlatih", *(best[block] < 0.1 for block in inside)),
            part("plain nets fail", "yang polos gagal", *(best[block] > 1 for block in outside)),
            part(
                "normalizing the sum is worse", "menormalisasi jumlahnya lebih buruk",
                *(best["Norm(x + f(x))"] > best[block] for block in inside),
            ),
        ],
    )  # fmt: skip


FIXES: list[Claim] = [
    warmup_opens_high_rates,
    warmup_needs_instability,
    clipping_mends_spikes,
    clipping_half_is_a_smaller_rate,
    adam_survives,
    residuals_and_normalization,
]
