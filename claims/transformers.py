"""What breaks transformers: attention logits, output logits, and Adam's late spikes."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

import stabsim as ss
from claims.outcome import Claim, Outcome, measured, part, whole
from claims.runs import final
from stabsim.clipping import clip_updates
from stabsim.curvature import spectrum
from stabsim.labs.attention import look
from stabsim.labs.late_spikes import network, update_rms
from stabsim.schedules import cosine_decay, prepend_warmup
from stabsim.simulation import Moment
from stabsim.workloads import mlp, transformer

Seeds = Sequence[int]

RATES = [4.0**k for k in range(-5, 1)]
"""Three orders of magnitude: what sensitivity to the rate is taken over."""

STEPS, WARMUP = 200, 20


def _attends(seeds: Seeds, rates: Sequence[float], rule: Any = ss.adam, **mend: Any) -> xr.Dataset:
    """Runs of one transformer, with what its attention came to: a warmup, then half a cosine."""
    net = transformer(depth=1, width=32, heads=2, norm="pre", **mend)

    def seen(now: Moment) -> dict[str, Any]:
        assert now.batch is not None
        outputs = net.network.apply(now.params, now.batch.inputs)
        log_z = jnp.abs(jax.nn.logsumexp(outputs, -1)).mean()
        found = look(net, now)
        return {"largest": found["largest"], "entropy": found["entropy"], "log_z": log_z}

    def experiment(learning_rate, seed):
        schedule = prepend_warmup(cosine_decay(learning_rate, STEPS - WARMUP), WARMUP)
        trace = ss.simulate(
            net, rule(schedule), steps=STEPS, batch_size=16, seed=seed, evaluate_at=(),
            observe=seen,
        )  # fmt: skip
        assert trace.observed is not None
        late = {name: jnp.median(x[-STEPS // 10 :]) for name, x in trace.observed.items()}
        start = trace.loss[0]
        return {"loss": jnp.median(trace.loss[-STEPS // 10 :]), "start": start, **late}

    return ss.sweep(experiment, learning_rate=list(rates), seed=seeds, progress=False)


def _at(runs: xr.Dataset, rate: float, name: str) -> np.ndarray:
    return np.nan_to_num(
        runs[name].sel(learning_rate=rate).to_numpy().astype(float), nan=np.inf, posinf=np.inf
    )


def _sensitivity(runs: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Each seed's sensitivity to the rate, and its best loss."""
    loss = np.nan_to_num(runs.loss.transpose("learning_rate", "seed").to_numpy(), nan=np.inf)
    capped = np.minimum(loss, runs.start.transpose("learning_rate", "seed").to_numpy())
    return (capped - capped.min(0)).mean(0), capped.min(0)


def attention_becomes_one_hot(seeds: Seeds) -> Outcome:
    """At four times the rate attention logits are over four times as large, and attention is one-hot at 0.25.

    Pada laju empat kali lipat, logit attention menjadi lebih dari empat kali lipat, dan pada 0,25 attention menjadi one-hot.
    """  # noqa: E501
    runs = _attends(seeds, [0.0625, 0.25])
    low, high = _at(runs, 0.0625, "largest"), _at(runs, 0.25, "largest")
    entropy = _at(runs, 0.25, "entropy")
    return Outcome(
        *measured(
            "largest logit {low} at 0.0625, {high} at 0.25, where the attention's entropy is "
            "{entropy} nats of 2.08",
            "logit terbesar {low} pada 0,0625, {high} pada 0,25; di sana entropi attention "
            "{entropy} nat dari 2,08",
            low=low,
            high=high,
            entropy=entropy,
        ),
        [
            part("logits grow", "logit tumbuh", high > 4 * low),
            part("attention is one-hot", "attention one-hot", entropy < 0.05),
        ],
    )


def qk_norm_keeps_attention_open(seeds: Seeds) -> Outcome:
    """At a rate of 0.0625 QK-norm keeps attention's entropy above half a nat, and the loss is lower.

    Pada laju 0,0625, QK-norm menjaga entropi attention di atas setengah nat, dan loss-nya lebih rendah.
    """  # noqa: E501
    plain, normed = (_attends(seeds, [0.0625], qk_norm=norm) for norm in (False, True))
    rate = 0.0625
    return Outcome(
        *measured(
            "entropy {shut} nats without, {open} with; final loss {without} and {with_}",
            "entropi {shut} nat tanpa, {open} dengan QK-norm; loss akhir {without} dan {with_}",
            shut=_at(plain, rate, "entropy"),
            open=_at(normed, rate, "entropy"),
            without=_at(plain, rate, "loss"),
            with_=_at(normed, rate, "loss"),
        ),
        [
            part("attention stays open", "attention tetap terbuka",
                 _at(normed, rate, "entropy") > 0.5, _at(plain, rate, "entropy") < 0.5),
            part("lower loss", "loss lebih rendah",
                 _at(normed, rate, "loss") < _at(plain, rate, "loss")),
        ],
    )  # fmt: skip


def qk_norm_lowers_sensitivity(seeds: Seeds) -> Outcome:
    """QK-norm makes the loss less sensitive to the learning rate, and costs nothing at the best rate.

    QK-norm membuat loss kurang peka terhadap laju pembelajaran, tanpa merugikan pada laju terbaik.
    """  # noqa: E501
    plain, normed = (_attends(seeds, RATES, qk_norm=norm) for norm in (False, True))
    without, best = _sensitivity(plain)
    with_, best_with = _sensitivity(normed)
    return Outcome(
        *measured(
            "sensitivity over rates from 0.001 to 1: {without} without, {with_} with; best loss "
            "{best} and {best_with}",
            "kepekaan terhadap laju dari 0,001 sampai 1: {without} tanpa, {with_} dengan; loss "
            "terbaik {best} dan {best_with}",
            without=without,
            with_=with_,
            best=best,
            best_with=best_with,
        ),
        [
            part("less sensitive", "kurang peka", with_ < without),
            part("no worse at the best rate", "tidak lebih buruk pada laju terbaik",
                 best_with <= best + 0.02),
        ],
    )  # fmt: skip


def caps_and_clips_lower_sensitivity(seeds: Seeds) -> Outcome:
    """A soft cap of 20 on the logits, and clipping q and k at 2, each make the loss less sensitive to the rate.

    Soft cap 20 pada logit, dan pemotongan q dan k pada 2, masing-masing membuat loss kurang peka terhadap laju.
    """  # noqa: E501
    without, _ = _sensitivity(_attends(seeds, RATES))
    cap, _ = _sensitivity(_attends(seeds, RATES, softcap=20.0))
    clip, _ = _sensitivity(_attends(seeds, RATES, qk_clip=2.0))
    return Outcome(
        *measured(
            "sensitivity {without} without, {cap} with the cap, {clip} with the clipping",
            "kepekaan {without} tanpa, {cap} dengan soft cap, {clip} dengan pemotongan",
            without=without,
            cap=cap,
            clip=clip,
        ),
        [
            part("soft cap", "soft cap", cap < without),
            part("clipping", "pemotongan", clip < without),
        ],
    )


def z_loss_lowers_the_loss(seeds: Seeds) -> Outcome:
    """At a rate of 0.25 a z-loss of 1e-3 keeps log Z smaller, and the cross-entropy ends lower.

    Pada laju 0,25, z-loss sebesar 1e-3 menjaga log Z lebih kecil, dan cross-entropy-nya berakhir lebih rendah.
    """  # noqa: E501
    weight, rate = 1e-3, 0.25
    plain = _attends(seeds, [rate])
    held = _attends(seeds, [rate], z_loss=weight)
    # What the penalty adds to the loss is at least weight * mean(log Z)**2.
    without = _at(plain, rate, "loss")
    with_ = _at(held, rate, "loss") - weight * _at(held, rate, "log_z") ** 2
    return Outcome(
        *measured(
            "log Z {drift} without, {kept} with; cross-entropy {without} and {with_}",
            "log Z {drift} tanpa, {kept} dengan z-loss; cross-entropy {without} dan {with_}",
            drift=_at(plain, rate, "log_z"),
            kept=_at(held, rate, "log_z"),
            without=without,
            with_=with_,
        ),
        [
            part("log Z is smaller", "log Z lebih kecil",
                 _at(held, rate, "log_z") < _at(plain, rate, "log_z")),
            part("lower loss", "loss lebih rendah", with_ < without),
        ],
    )  # fmt: skip


def decay_holds_attention_logits(seeds: Seeds) -> Outcome:
    """At a rate of 0.25 a decoupled decay of 0.1 halves the largest attention logit, and lowers the loss.

    Pada laju 0,25, peluruhan terpisah 0,1 memperkecil logit attention terbesar menjadi kurang dari setengahnya, dan menurunkan loss.
    """  # noqa: E501
    rate = 0.25
    plain = _attends(seeds, [rate])
    decayed = _attends(seeds, [rate], rule=lambda eta: ss.adamw(eta, weight_decay=0.1))
    return Outcome(
        *measured(
            "largest logit {large} without, {small} with; final loss {without} and {with_}",
            "logit terbesar {large} tanpa, {small} dengan peluruhan; loss akhir {without} dan "
            "{with_}",
            large=_at(plain, rate, "largest"),
            small=_at(decayed, rate, "largest"),
            without=_at(plain, rate, "loss"),
            with_=_at(decayed, rate, "loss"),
        ),
        [
            part("smaller logits", "logit lebih kecil",
                 _at(decayed, rate, "largest") < 0.5 * _at(plain, rate, "largest")),
            part("lower loss", "loss lebih rendah",
                 _at(decayed, rate, "loss") < _at(plain, rate, "loss")),
        ],
    )  # fmt: skip


def qk_norm_takes_warmups_place(seeds: Seeds) -> Outcome:
    """Warmup helps a transformer at a rate of 0.0625 without QK-norm, and no longer with it.

    Warmup menolong transformer pada laju 0,0625 tanpa QK-norm, dan tidak lagi jika QK-norm dipakai.
    """
    gain = {}
    for norm in (False, True):
        net = transformer(depth=3, width=16, heads=2, norm="pre", qk_norm=norm)

        def experiment(warmup, seed, net=net):
            rule = ss.adam(ss.schedules.linear_warmup(0.0625, warmup))
            return ss.simulate(
                net, rule, steps=120, batch_size=16, seed=seed, evaluate_at=()
            )  # fmt: skip

        runs = ss.sweep(experiment, warmup=[0, 30], seed=seeds, progress=False)
        cold, warm = final(runs.transpose("warmup", ...))
        gain[norm] = cold - warm
    return Outcome(
        *measured(
            "30 steps of warmup lower the final loss by {plain} without QK-norm, by {normed} with",
            "warmup 30 langkah menurunkan loss akhir sebesar {plain} tanpa QK-norm, {normed} "
            "dengan QK-norm",
            plain=gain[False],
            normed=gain[True],
        ),
        [
            part("helps without", "menolong tanpa QK-norm", gain[False] > 0),
            part("no longer with it", "tidak lagi dengan QK-norm", gain[True] <= gain[False] / 2),
        ],
    )


LENGTH, EVERY = 1200, 10
WINDOW = 30


class _Late:
    """What a run of the late-spikes net came to, seed by seed: numbers by name."""

    def __init__(self, seeds: Seeds, measure: str = "update", most: float = 100.0, **adam: Any):
        net = network()
        rule = clip_updates(ss.adam(0.01, **adam), most, measure)

        def seen(now: Moment) -> tuple[Any, Any, Any]:
            def at(preconditioner: Any) -> Any:
                return spectrum(net.loss, now.params, 1, preconditioner, 8)[0]

            share, plain = jax.lax.cond(
                now.step % EVERY == 0,
                lambda: (at(now.preconditioner), at(None)),
                lambda: (jnp.nan, jnp.nan),
            )
            return share / rule.threshold(0.01), plain, update_rms(now.gradient, now.preconditioner)

        @jax.jit
        def run(seed):
            trace = ss.simulate(
                net, rule, steps=LENGTH, seed=seed, evaluate_at=(), observe=seen
            )  # fmt: skip
            return trace.loss, trace.observed

        found = [run(seed) for seed in seeds]
        self.loss = np.array([loss for loss, _ in found])
        self.share = np.array([seen[0] for _, seen in found])[:, ::EVERY]
        self.sharpness = np.array([seen[1] for _, seen in found])[:, ::EVERY]
        self.rms = np.array([seen[2] for _, seen in found])

    @property
    def crossed(self) -> np.ndarray:
        """The step of the first measurement above the threshold; infinity for never."""
        above = self.share[:, 2:] > 1
        first = (above.argmax(1) + 2.0) * EVERY
        return np.where(above.any(1), first, np.inf)

    @property
    def spiked(self) -> np.ndarray:
        """The first step whose loss is 5 times the median of the 30 before; infinity for never."""
        windows = np.lib.stride_tricks.sliding_window_view(self.loss, WINDOW, 1)[:, :-1]
        above = self.loss[:, WINDOW:] > 5 * np.median(windows, -1)
        return np.where(above.any(1), above.argmax(1) + float(WINDOW), np.inf)

    @property
    def height(self) -> np.ndarray:
        """The highest loss of the last two thirds."""
        return self.loss[:, LENGTH // 3 :].max(1)


def spikes_follow_the_crossing(seeds: Seeds) -> Outcome:
    """Adam's first late spike comes within 100 steps after its preconditioned sharpness crosses 38/rate.

    Lonjakan tahap lanjut Adam yang pertama terjadi dalam 100 langkah setelah ketajaman berprakondisi melewati 38/laju.
    """  # noqa: E501
    late = _Late(seeds, beta2=0.99)
    after = late.spiked - late.crossed
    return Outcome(
        *measured(
            "the threshold is crossed at step {crossed}, the first spike comes {after} steps later",
            "ambang dilewati pada langkah {crossed}, lonjakan pertama {after} langkah kemudian",
            crossed=late.crossed,
            after=after,
        ),
        whole(after >= -EVERY, after <= 100),
    )


def beta2_sets_when_spikes_come(seeds: Seeds) -> Outcome:
    """The larger beta2, the later the threshold is crossed, and 0.95 spikes less high than 0.99.

    Makin besar beta2, makin lambat ambangnya dilewati, dan lonjakan pada 0,95 lebih rendah daripada pada 0,99.
    """  # noqa: E501
    short, middle, long = (_Late(seeds, beta2=b) for b in (0.95, 0.99, 0.999))
    return Outcome(
        *measured(
            "crossed at step {short} with 0.95, {middle} with 0.99, {long} with 0.999; highest "
            "loss after step 400 {low}, {high} and {late}",
            "dilewati pada langkah {short} dengan 0,95, {middle} dengan 0,99, {long} dengan 0,999; "
            "loss tertinggi setelah langkah 400 {low}, {high}, dan {late}",
            short=short.crossed,
            middle=middle.crossed,
            long=long.crossed,
            low=short.height,
            high=middle.height,
            late=long.height,
        ),
        [
            part("later", "lebih lambat", short.crossed < middle.crossed,
                 middle.crossed < long.crossed),
            part("less high", "lebih rendah", short.height < middle.height),
        ],
    )  # fmt: skip


def epsilon_ends_late_spikes(seeds: Seeds) -> Outcome:
    """An epsilon of twice rate times sharpness over 38 keeps a net below Adam's threshold, and a quarter of rate times sharpness over 38 does not.

    Epsilon sebesar dua kali laju kali ketajaman dibagi 38 menjaga jaringan di bawah ambang Adam, sedangkan seperempat laju kali ketajaman dibagi 38 tidak.
    """  # noqa: E501
    plain = _Late(seeds, beta2=0.99)
    exact = float(np.median(plain.sharpness[:, LENGTH // EVERY // 2 :])) * 0.01 / 38
    enough, little = (_Late(seeds, beta2=0.99, eps=times * exact) for times in (2, 0.25))
    return Outcome(
        *measured(
            "the sharpness makes this epsilon {exact}; at twice that the preconditioned sharpness "
            "comes up to {enough} of the threshold, at a quarter to {little}; final loss {costs} "
            "against {before} at 1e-8",
            "menurut ketajamannya epsilon itu {exact}; pada dua kalinya ketajaman berprakondisi "
            "mencapai {enough} kali ambang, pada seperempatnya {little}; loss akhir {costs}, "
            "dibandingkan {before} pada 1e-8",
            exact=exact,
            enough=enough.share[:, 10:].max(1),
            little=little.share[:, 10:].max(1),
            costs=np.median(enough.loss[:, -LENGTH // 10 :], 1),
            before=np.median(plain.loss[:, -LENGTH // 10 :], 1),
        ),
        [
            part("enough", "cukup", enough.share[:, 10:].max(1) < 1),
            part("too little", "terlalu kecil", little.share[:, 10:].max(1) > 1),
        ],
    )


def update_clipping_ends_late_spikes(seeds: Seeds) -> Outcome:
    """Dividing the step by the RMS of gradient over root v where that exceeds 1 makes Adam's late spikes less high.

    Membagi langkah dengan RMS gradien per akar v jika RMS itu melebihi 1 membuat lonjakan tahap lanjut Adam lebih rendah.
    """  # noqa: E501
    plain = _Late(seeds, beta2=0.99)
    clipped = _Late(seeds, beta2=0.99, most=1.0, measure="gradient")
    return Outcome(
        *measured(
            "highest loss after step 400: {plain} without, {clipped} with",
            "loss tertinggi setelah langkah 400: {plain} tanpa, {clipped} dengan pemotongan",
            plain=plain.height,
            clipped=clipped.height,
        ),
        whole(clipped.height < plain.height),
    )


def the_rms_warns_of_a_spike(seeds: Seeds) -> Outcome:
    """In the 8 steps before Adam's first late spike the RMS of gradient over root v exceeds 2.3.

    Dalam 8 langkah sebelum lonjakan tahap lanjut Adam pertama, RMS gradien per akar v melebihi 2,3.
    """
    late = _Late(seeds, beta2=0.99)
    before = []
    for rms, spike in zip(late.rms, late.spiked, strict=True):
        end = int(spike) if np.isfinite(spike) else 0
        before.append(rms[max(0, end - 8) : end].max(initial=0.0))
    typical = np.median(late.rms, 1)
    return Outcome(
        *measured(
            "in the 8 steps before the first spike at most {before}, {typical} over the whole run",
            "dalam 8 langkah sebelum lonjakan pertama paling besar {before}, {typical} sepanjang "
            "run",
            before=np.array(before),
            typical=typical,
        ),
        whole(np.array(before) > 2.3),
    )


def the_best_rate_falls_with_width(seeds: Seeds) -> Outcome:
    """In the usual parametrization Adam's best rate is at least four times lower at width 256 than at 32.

    Dalam parametrisasi biasa, laju terbaik Adam pada lebar 256 sedikitnya empat kali lebih rendah daripada pada lebar 32.
    """  # noqa: E501
    best = {}
    for width in (32, 256):

        def experiment(learning_rate, seed, width=width):
            return ss.simulate(
                mlp(width=width), ss.adam(learning_rate), steps=50, batch_size=32, seed=seed,
                evaluate_at=(),
            )  # fmt: skip

        rates = [2.0**k for k in range(-11, -3)]
        runs = ss.sweep(experiment, learning_rate=rates, seed=seeds, progress=False)
        end = final(runs.transpose("learning_rate", ...))
        best[width] = np.array(rates)[end.argmin(0)]
    return Outcome(
        *measured(
            "best rate {narrow} at width 32, {wide} at 256",
            "laju terbaik {narrow} pada lebar 32, {wide} pada 256",
            narrow=best[32],
            wide=best[256],
        ),
        whole(best[256] <= best[32] / 4),
    )


TRANSFORMERS: list[Claim] = [
    attention_becomes_one_hot,
    qk_norm_keeps_attention_open,
    qk_norm_lowers_sensitivity,
    caps_and_clips_lower_sensitivity,
    z_loss_lowers_the_loss,
    decay_holds_attention_logits,
    qk_norm_takes_warmups_place,
    spikes_follow_the_crossing,
    beta2_sets_when_spikes_come,
    epsilon_ends_late_spikes,
    update_clipping_ends_late_spikes,
    the_rms_warns_of_a_spike,
    the_best_rate_falls_with_width,
]
