"""The playbook's figures, redrawn small: what each must let a reader see."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

import stabsim as ss
from claims.outcome import Claim, Outcome, measured, part, whole
from claims.runs import final
from stabsim.clipping import clip_by_global_norm
from stabsim.diagnosis import Verdict, diagnose
from stabsim.playbook import advise_clipping
from stabsim.schedules import linear_warmup
from stabsim.workloads import mlp, residual_mlp, resnet, transformer, with_outliers

Seeds = Sequence[int]


def _verdicts(loss: xr.DataArray) -> list[ss.Diagnosis]:
    """One diagnosis a seed."""
    return [diagnose(run) for run in loss.transpose("seed", "step").to_numpy()]


def _peak(loss: xr.DataArray) -> np.ndarray:
    """The highest loss over the first one; inf where a run is not finite."""
    values = np.nan_to_num(loss.transpose(..., "seed", "step").to_numpy(), nan=np.inf)
    return values.max(-1) / values[..., 0]


def _strides(seeds: Seeds, learning_rate: Sequence[float], warmup: int = 0) -> xr.Dataset:
    def experiment(stride, learning_rate, seed):
        rule = ss.momentum(linear_warmup(learning_rate, warmup))
        net = resnet(blocks=2, channels=4, stride=stride)
        return ss.simulate(net, rule, steps=200, batch_size=64, seed=seed)

    return ss.sweep(
        experiment, stride=[2, 1], loop="stride", learning_rate=learning_rate, seed=seeds
    )


def figure_4(seeds: Seeds) -> Outcome:
    """Changing one block's strides does no harm at low rates, fails at high ones, and warmup mends it.

    Mengubah langkah geser satu blok tidak merugikan pada laju rendah, gagal pada laju tinggi, dan warmup mengatasinya.
    """  # noqa: E501
    low, high = 1 / 256, 0.5
    runs = _strides(seeds, [low, 1 / 64, 1 / 16, 1 / 4, high, 1.0])
    warm = _strides(seeds, [high], warmup=50).sel(stride=1, learning_rate=high)
    error = runs.validation_error.isel(evaluation_step=-1)
    error = error.sel(learning_rate=low)
    harmless = (error.sel(stride=1) <= error.sel(stride=2) + 0.01).to_numpy()
    peak = _peak(runs.loss.sel(learning_rate=high))
    worse = final(runs).T[:, -2, 1] > final(runs).T[:, -2, 0]
    unstable = [v.unstable for v in _verdicts(runs.loss.sel(stride=1, learning_rate=high))]
    stable = [not v.unstable for v in _verdicts(runs.loss.sel(stride=2, learning_rate=high))]
    mended = [not v.unstable for v in _verdicts(warm.loss)]
    best = [ss.diagnose_sweep(runs.sel(stride=s)).best_learning_rate for s in (2, 1)]
    return Outcome(
        *measured(
            "best rate {original} with stride 2, {changed} with 1; at {high} the loss peaks at "
            "{calm} and {wild} times its start, after 50 steps of warmup at {warm}",
            "laju terbaik {original} dengan langkah geser 2, {changed} dengan 1; pada {high} "
            "puncak loss {calm} dan {wild} kali nilai awalnya, setelah warmup 50 langkah {warm}",
            original=best[0],
            changed=best[1],
            high=high,
            calm=peak[0],
            wild=peak[1],
            warm=_peak(warm.loss),
        ),
        [
            part("low rates", "laju rendah", harmless),
            part("high rates", "laju tinggi", worse, unstable, stable),
            part("warmup", "warmup", mended),
        ],
    )


def figure_5(seeds: Seeds) -> Outcome:
    """Early instability with recovery is plain at every step, and invisible in sparse evaluations.

    Ketidakstabilan awal yang pulih tampak jelas pada setiap langkah, dan tidak terlihat pada evaluasi yang jarang.
    """  # noqa: E501
    runs = _strides(seeds, [0.5]).sel(stride=1, learning_rate=0.5)
    dense = _verdicts(runs.loss)
    sparse = _verdicts(runs.loss.isel(step=slice(0, None, 50)))
    early = runs.loss.isel(step=slice(0, 30))
    return Outcome(
        *measured(
            "within 30 steps the loss peaks at {peak} times its start; read every 50 steps, "
            "{hidden} of {runs} runs look stable",
            "dalam 30 langkah puncak loss {peak} kali nilai awalnya; jika dibaca setiap 50 "
            "langkah, {hidden} dari {runs} run tampak stabil",
            peak=_peak(early),
            hidden=sum(not v.unstable for v in sparse),
            runs=len(sparse),
        ),
        whole([d.unstable and not s.unstable for d, s in zip(dense, sparse, strict=True)]),
    )


def figure_6(seeds: Seeds) -> Outcome:
    """Short warmups leave a post-LN transformer worse off than one long enough, which trains it.

    Warmup pendek membuat transformer post-LN lebih buruk daripada warmup yang cukup panjang, yang berhasil melatihnya.
    """  # noqa: E501
    lengths = [1, 10, 40, 160, 1280]

    def experiment(warmup, seed):
        rule = ss.adam(linear_warmup(0.0035, warmup))
        return ss.simulate(transformer(depth=12), rule, steps=1600, batch_size=16, seed=seed)

    runs = ss.sweep(experiment, warmup=lengths, seed=seeds)
    end = final(runs.transpose("warmup", ...))
    in_ramp = 0
    for length in lengths[3:]:
        for verdict in _verdicts(runs.loss.sel(warmup=length)):
            in_ramp += any(not rise.early and rise.peak_step < length for rise in verdict.rises)
    return Outcome(
        *measured(
            "final loss after 1 step of warmup {w1}, 10 steps {w10}, 40 steps {w40}, 160 steps "
            "{w160}, 1280 steps {w1280}; {rose} runs rose in mid-training during their ramp",
            "loss akhir setelah warmup 1 langkah {w1}, 10 langkah {w10}, 40 langkah {w40}, 160 "
            "langkah {w160}, 1280 langkah {w1280}; loss {rose} run naik di tengah pelatihan selama "
            "laju menanjak",
            **{f"w{length}": end[i] for i, length in enumerate(lengths)},
            rose=in_ramp,
        ),
        [
            part("short ones are worse", "yang pendek lebih buruk", (end[:3] > end[-1]).all(0)),
            part("the longest trains", "yang terpanjang melatih", end[-1] < 0.8),
        ],
    )


def _outliers(seeds: Seeds, learning_rate: Sequence[float]) -> xr.Dataset:
    corrupted = with_outliers(mlp(), probability=0.01, scale=100.0)

    def experiment(learning_rate, seed):
        return ss.simulate(
            corrupted, ss.momentum(learning_rate), steps=1000, batch_size=32, seed=seed
        )

    return ss.sweep(experiment, learning_rate=learning_rate, seed=seeds)


RATES = [2.0**k for k in range(-13, -2)]


def figure_7a(seeds: Seeds) -> Outcome:
    """Where instability limits a workload, the best rate sits just left of the first infeasible.

    Pada workload yang dibatasi ketidakstabilan, laju terbaik tepat di kiri laju tidak layak yang pertama.
    """  # noqa: E501
    runs = _outliers(seeds, RATES)
    reading = ss.diagnose_sweep(runs)
    holds, ratio = [], []
    for seed in seeds:
        one = ss.diagnose_sweep(runs.sel(seed=seed))
        holds.append(one.limited_by_instability)
        unstable = one.unstable_base_learning_rate
        ratio.append(np.inf if unstable is None else unstable / one.best_learning_rate)
    return Outcome(
        *measured(
            "best rate {best}, unstable from {unstable}; ratio by seed {ratio}",
            "laju terbaik {best}, tidak stabil mulai {unstable}; nisbah per seed {ratio}",
            best=reading.best_learning_rate,
            unstable=reading.unstable_base_learning_rate,
            ratio=ratio,
        ),
        whole(holds),
    )


def figure_7b(seeds: Seeds) -> Outcome:
    """Well above the best rate the loss jumps in mid-training, and recovers slowly or never.

    Jauh di atas laju terbaik, loss melonjak di tengah pelatihan, lalu pulih perlahan atau tidak pernah.
    """  # noqa: E501
    best = ss.diagnose_sweep(_outliers(seeds, RATES)).best_learning_rate
    runs = _outliers(seeds, [best, 10 * best])
    verdicts = _verdicts(runs.loss.sel(learning_rate=10 * best))
    jumps = [[rise for rise in v.rises if not rise.early] for v in verdicts]
    low = [r[0].lowest for r in jumps if r]
    steps = [r[0].onset for r in jumps if r]
    never = sum(any(rise.recovered_at is None for rise in r) for r in jumps)
    end = final(runs.transpose("learning_rate", ...))
    return Outcome(
        *measured(
            "at ten times the best rate {jumping} of {runs} runs jump, from a loss of {low} at "
            "step {step}; {never} never come back; final {high} against {best} at the best rate",
            "pada sepuluh kali laju terbaik {jumping} dari {runs} run melonjak, dari loss {low} "
            "pada langkah {step}; {never} tidak pernah pulih; loss akhir {high} terhadap {best} "
            "pada laju terbaik",
            jumping=sum(map(bool, jumps)),
            runs=len(jumps),
            low=low,
            step=steps,
            never=never,
            high=end[1],
            best=end[0],
        ),
        whole([bool(r) and e > r[0].lowest for r, e in zip(jumps, end[1], strict=True)]),
    )


def figure_8(seeds: Seeds) -> Outcome:
    """Warmup and pre-LN each move a transformer's edge of stability to higher rates.

    Warmup dan pre-LN masing-masing menggeser batas kestabilan transformer ke laju yang lebih tinggi.
    """  # noqa: E501
    rates = [10 ** (k / 4) for k in range(-12, 1)]
    edges = {}
    for norm in ("post", "pre"):
        for warmup in (0, 150):

            def experiment(learning_rate, seed, norm=norm, warmup=warmup):
                rule = ss.adam(linear_warmup(learning_rate, warmup))
                return ss.simulate(
                    transformer(depth=6, norm=norm), rule, steps=300, batch_size=16, seed=seed
                )

            runs = ss.sweep(experiment, learning_rate=rates, seed=seeds)
            trained = final(runs.transpose("learning_rate", ...)) < 0.5
            edges[norm, warmup] = np.array(
                [
                    max([r for r, ok in zip(rates, seed, strict=True) if ok], default=0.0)
                    for seed in trained.T
                ]
            )
    post, post_warm = edges["post", 0], edges["post", 150]
    pre, pre_warm = edges["pre", 0], edges["pre", 150]
    return Outcome(
        *measured(
            "highest rate whose loss ends below 0.5: post-LN {post}, with warmup {post_warm}, "
            "pre-LN {pre}, with warmup {pre_warm}",
            "laju tertinggi yang loss akhirnya di bawah 0,5: post-LN {post}, dengan warmup "
            "{post_warm}, pre-LN {pre}, dengan warmup {pre_warm}",
            post=post,
            post_warm=post_warm,
            pre=pre,
            pre_warm=pre_warm,
        ),
        [
            part("warmup", "warmup", post < post_warm),
            part("pre-LN", "pre-LN", post_warm < pre, pre <= pre_warm),
        ],
    )


def figure_9(seeds: Seeds) -> Outcome:
    """Clipping just above the typical norm tames the start; below it, it clips nearly every step.

    Pemotongan sedikit di atas norma lazim menjinakkan awal pelatihan; di bawahnya, hampir setiap langkah terpotong.
    """  # noqa: E501
    net, rate = residual_mlp(depth=16, gain=1.2), 0.004

    def run(learning_rate, clipping=None):
        return ss.sweep(
            lambda seed: ss.simulate(
                net,
                ss.sgd(learning_rate),
                steps=600,
                batch_size=64,
                seed=seed,
                clipping=clipping,
            ),
            seed=seeds,
        )

    calm = run(rate / 10)
    typical = float(calm.gradient_norm.isel(step=slice(100, None)).median())
    good = advise_clipping(calm.gradient_norm).threshold
    without, tamed = run(rate), run(rate, clip_by_global_norm(good))
    aggressive = run(rate, clip_by_global_norm(typical / 2))
    clipped = aggressive.clipped.mean("step")
    diverged = [v.verdict is Verdict.DIVERGED for v in _verdicts(without.loss)]
    stable = [not v.unstable for v in _verdicts(tamed.loss)]
    return Outcome(
        *measured(
            "typical norm {typical}; unclipped {diverged} of {runs} diverge; clipped at {good}: "
            "final {tamed}, {some}% of updates; at {low}: final {aggressive}, {many}% of updates",
            "norma lazim {typical}; tanpa pemotongan {diverged} dari {runs} divergen; dipotong "
            "pada {good}: loss akhir {tamed}, {some}% pembaruan; pada {low}: loss akhir "
            "{aggressive}, {many}% pembaruan",
            typical=typical,
            diverged=sum(diverged),
            runs=len(diverged),
            good=good,
            tamed=final(tamed),
            some=100 * float(tamed.clipped.mean()),
            low=typical / 2,
            aggressive=final(aggressive),
            many=100 * float(clipped.mean()),
        ),
        [
            part("unclipped it diverges", "tanpa pemotongan divergen", diverged),
            part("above the norm", "di atas norma", stable),
            part("below it", "di bawahnya", clipped > 0.5, final(aggressive) > final(tamed)),
        ],
    )


FIGURES: list[Claim] = [
    figure_4,
    figure_5,
    figure_6,
    figure_7a,
    figure_7b,
    figure_8,
    figure_9,
]
