"""Half precision: what float16 and bfloat16 lose, and what brings it back."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

import stabsim as ss
from claims.outcome import Claim, Outcome, measured, part, whole
from claims.runs import final
from stabsim.labs.first_nan import chain
from stabsim.labs.loss_scale import reader
from stabsim.labs.stall import learner
from stabsim.precision import computed_in, rounded, stored_in, with_loss_scale

Seeds = Sequence[int]

STALLED_RATE = 1e-4


def _trained(seeds: Seeds, net, rule, steps=150, batch_size=128):
    """The loss and the gradient norm of a run for every seed."""

    def experiment(seed):
        return ss.simulate(
            net, rule, steps=steps, batch_size=batch_size, seed=seed, evaluate_at=()
        )  # fmt: skip

    return ss.sweep(experiment, seed=seeds, progress=False)


def _held(scale):
    """Momentum under a scale that stays."""
    return with_loss_scale(ss.momentum(0.1), scale, growth=1.0, backoff=1.0)


def _skips(runs) -> np.ndarray:
    return (~np.isfinite(runs.gradient_norm.transpose("seed", "step").to_numpy())).sum(1)


def loss_scale_saves_what_float8_loses(seeds: Seeds) -> Outcome:
    """In eight bits (E4M3) a loss scale of 256 ends at half the loss or less that a scale of 1 does.

    Dalam delapan bit (E4M3), loss akhir pada skala 256 paling banyak separuh loss akhir pada skala 1.
    """  # noqa: E501
    net = computed_in(reader(), "float8_e4m3fn")
    one, scaled = (final(_trained(seeds, net, _held(s))) for s in (1.0, 256.0))
    exact = final(_trained(seeds, reader(), ss.momentum(0.1)))
    return Outcome(
        *measured(
            "final loss {one} at a scale of 1, {scaled} at 256; in float32 {exact}",
            "loss akhir {one} pada skala 1, {scaled} pada 256; dalam float32 {exact}",
            one=one, scaled=scaled, exact=exact,
        ),
        whole(scaled <= one / 2),
    )  # fmt: skip


def float16_needs_a_loss_scale_on_digits(seeds: Seeds) -> Outcome:
    """In float16 a network that reads digits ends worse, by a tenth or more, without a loss scale.

    Dalam float16, loss akhir jaringan pembaca angka tanpa skala loss sedikitnya sepersepuluh lebih tinggi.
    """  # noqa: E501
    net = computed_in(reader(), "float16")
    one, scaled = (final(_trained(seeds, net, _held(s))) for s in (1.0, 2.0**10))
    small = final(_trained(seeds, net, _held(2.0**-16)))
    return Outcome(
        *measured(
            "final loss {one} at a scale of 1, {scaled} at 1,024; at 2^-16, as if the loss were a "
            "mean over 65,536 times as many rows, {small}",
            "loss akhir {one} pada skala 1, {scaled} pada 1.024; pada 2^-16, seakan-akan loss "
            "adalah rata-rata atas baris yang 65.536 kali lebih banyak, {small}",
            one=one, scaled=scaled, small=small,
        ),
        whole(one >= 1.1 * scaled),
    )  # fmt: skip


def control_finds_the_scale(seeds: Seeds) -> Outcome:
    """From scales of 2^-16 and 2^30, at both of which float16 fails, control ends within a factor 4 of float32.

    Dari skala 2^-16 dan 2^30, yang keduanya gagal dalam float16, kendali membuat loss akhirnya paling banyak empat kali loss float32.
    """  # noqa: E501
    net = computed_in(reader(), "float16")
    exact = final(_trained(seeds, reader(), ss.momentum(0.1)))
    low, high = 2.0**-16, 2.0**30
    held = {s: final(_trained(seeds, net, _held(s))) for s in (low, high)}
    found = {
        s: final(_trained(seeds, net, with_loss_scale(ss.momentum(0.1), s, interval=20)))
        for s in (low, high)
    }
    return Outcome(
        *measured(
            "final loss from 2^-16 {low} held, {from_low} controlled; from 2^30 {high} held, "
            "{from_high} controlled; float32 {exact}",
            "loss akhir dari 2^-16 {low} dengan skala tetap, {from_low} jika dikendalikan; dari "
            "2^30 {high} dengan skala tetap, {from_high} jika dikendalikan; float32 {exact}",
            low=held[low], high=held[high], from_low=found[low], from_high=found[high], exact=exact,
        ),
        [
            part("held they fail", "dengan skala tetap, keduanya gagal", held[low] > 10 * exact,
                 held[high] > 10 * exact),
            part("controlled they train", "jika dikendalikan, keduanya terlatih",
                 found[low] <= 4 * exact, found[high] <= 4 * exact),
        ],
    )  # fmt: skip


def skipped_steps_do_no_harm(seeds: Seeds) -> Outcome:
    """A healthy run skips steps again and again, and its loss is within a quarter of float32's.

    Run yang sehat berulang kali melewati langkah, dan loss-nya berselisih paling banyak seperempat dari float32.
    """  # noqa: E501
    rule = with_loss_scale(ss.momentum(0.1), 2.0**16, interval=10)
    runs = _trained(seeds, computed_in(reader(), "float16"), rule)
    exact = final(_trained(seeds, reader(), ss.momentum(0.1)))
    skipped = _skips(runs)
    return Outcome(
        *measured(
            "{skipped} of 150 gradient norms are not finite; final loss {ours} against {exact}",
            "{skipped} dari 150 norma gradien tidak berhingga; loss akhir {ours} terhadap {exact}",
            skipped=skipped, ours=final(runs), exact=exact,
        ),
        [
            part("it skips three or more", "melewati tiga atau lebih", skipped >= 3),
            part("the loss is the same", "loss-nya sama", np.abs(final(runs) / exact - 1) <= 0.25),
        ],
    )  # fmt: skip


def bfloat16_weights_stall(seeds: Seeds) -> Outcome:
    """At Adam's rate of 1e-4 weights in bfloat16 learn less than half of what float32 does.

    Pada laju Adam 1e-4, penurunan loss bobot bfloat16 kurang dari separuh penurunan float32.
    """
    rule = ss.adam(STALLED_RATE)
    stalled = _trained(seeds, learner(), stored_in(rule, "bfloat16"), 250, 64)
    free = _trained(seeds, learner(), rule, 250, 64)
    start = free.loss.transpose("seed", "step").to_numpy()[:, 0]
    share = (start - final(stalled)) / (start - final(free))
    return Outcome(
        *measured(
            "final loss {stalled} in bfloat16, {free} in float32, from {start}",
            "loss akhir {stalled} dalam bfloat16, {free} dalam float32, dari {start}",
            stalled=final(stalled), free=final(free), start=start,
        ),
        whole(share < 0.5),
    )  # fmt: skip


def _mended(seeds: Seeds, net, rule) -> Outcome:
    free = final(_trained(seeds, learner(), ss.adam(STALLED_RATE), 250, 64))
    ours = final(_trained(seeds, net, rule, 250, 64))
    return Outcome(
        *measured(
            "final loss {ours} against {free} in float32",
            "loss akhir {ours} terhadap {free} dalam float32",
            ours=ours, free=free,
        ),
        whole(np.abs(ours / free - 1) <= 0.05),
    )  # fmt: skip


def master_weights_mend_the_stall(seeds: Seeds) -> Outcome:
    """With master weights in float32 the same run in bfloat16 ends within a twentieth of float32.

    Dengan bobot induk float32, run bfloat16 yang sama berakhir dengan selisih paling banyak seperdua puluh dari float32.
    """  # noqa: E501
    return _mended(seeds, computed_in(learner(), "bfloat16"), ss.adam(STALLED_RATE))


def stochastic_rounding_mends_the_stall(seeds: Seeds) -> Outcome:
    """Rounded stochastically, weights in bfloat16 alone end within a twentieth of float32.

    Dibulatkan secara stokastik, bobot bfloat16 saja berakhir dengan selisih paling banyak seperdua puluh dari float32.
    """  # noqa: E501
    return _mended(seeds, learner(), stored_in(ss.adam(STALLED_RATE), "bfloat16", stochastic=True))


def a_high_rate_hides_the_stall(seeds: Seeds) -> Outcome:
    """At a rate of 1e-2 weights in bfloat16 end at no more than twice the loss of float32.

    Pada laju 1e-2, loss akhir dengan bobot bfloat16 tidak lebih dari dua kali loss float32.
    """
    stalled, free = (
        final(_trained(seeds, learner(), rule, 250, 64))
        for rule in (stored_in(ss.adam(1e-2), "bfloat16"), ss.adam(1e-2))
    )
    return Outcome(
        *measured(
            "final loss {stalled} in bfloat16, {free} in float32",
            "loss akhir {stalled} dalam bfloat16, {free} dalam float32",
            stalled=stalled, free=free,
        ),
        whole(stalled <= 2 * free),
    )  # fmt: skip


def float16_overflows_where_bfloat16_does_not(seeds: Seeds) -> Outcome:
    """Inputs 5,000 times too large end in infinity in float16, and in no more than a bad loss in bfloat16.

    Masukan yang 5.000 kali terlalu besar menjadi tak hingga dalam float16, dan hanya membuat loss buruk dalam bfloat16.
    """  # noqa: E501

    def finite(name: str) -> np.ndarray:
        net = chain(name)
        assert net.train is not None
        rows = type(net.train)(5000.0 * net.train.inputs[:16], net.train.targets[:16])
        keys = jnp.stack([jax.random.key(seed) for seed in seeds])
        return np.asarray(jax.vmap(lambda key: jnp.isfinite(net.loss(net.init(key), rows)))(keys))

    half, brain = finite("float16"), finite("bfloat16")
    return Outcome(
        *measured(
            "the loss is finite in {half} of {runs} networks in float16, in {brain} in bfloat16",
            "loss berhingga pada {half} dari {runs} jaringan dalam float16, pada {brain} dalam "
            "bfloat16",
            half=half.sum(), brain=brain.sum(), runs=len(seeds),
        ),
        whole(~half, brain),
    )  # fmt: skip


def adams_second_moment_underflows(seeds: Seeds) -> Outcome:
    """Half or more of the squares that Adam averages are 0 in float16, and its epsilon of 1e-8 too.

    Separuh atau lebih kuadrat yang dirata-ratakan Adam menjadi 0 dalam float16, demikian pula epsilon-nya yang 1e-8.
    """  # noqa: E501
    net = learner()

    def lost(key):
        grads = jax.tree.leaves(jax.grad(net.loss)(net.init(key))[1:])
        squares = jnp.concatenate([jnp.ravel(g) for g in grads if g.ndim > 1]) ** 2 * 0.001
        return jnp.mean(rounded(squares, "float16") == 0)

    keys = jnp.stack([jax.random.key(seed) for seed in seeds])
    share = np.asarray(jax.vmap(lost)(keys))
    eps = float(rounded(jnp.float32(1e-8), "float16"))
    return Outcome(
        *measured(
            "{share}% of (1 - b2) g^2 are 0 in float16 at the start, with b2 = 0.999; 1e-8 is "
            "{eps}",
            "{share}% dari (1 - b2) g^2 menjadi 0 dalam float16 di awal, dengan b2 = 0,999; 1e-8 "
            "menjadi {eps}",
            share=100 * share, eps=eps,
        ),
        whole(share >= 0.5, np.full(share.shape, eps == 0)),
    )  # fmt: skip


HALF: list[Claim] = [
    loss_scale_saves_what_float8_loses,
    float16_needs_a_loss_scale_on_digits,
    control_finds_the_scale,
    skipped_steps_do_no_harm,
    bfloat16_weights_stall,
    master_weights_mend_the_stall,
    stochastic_rounding_mends_the_stall,
    a_high_rate_hides_the_stall,
    float16_overflows_where_bfloat16_does_not,
    adams_second_moment_underflows,
]
