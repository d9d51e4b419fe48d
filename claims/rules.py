"""The rules that came after: where Lion and Muon break, and what a schedule's last fifth brings."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

import stabsim as ss
from claims.outcome import Claim, Outcome, measured, part, whole
from claims.runs import final
from stabsim.optimizers import Optimizer
from stabsim.schedules import constant, cosine_decay, prepend_warmup, warmup_stable_decay
from stabsim.workloads import mlp

Seeds = Sequence[int]

RATES = [2.0**k for k in range(-14, 4)]
"""From what hardly learns under any of the rules to what none of them stands."""

STEPS, WARMUP = 400, 20
"""Of the runs under a schedule, the last fifth of which is the decay."""

PEAKS = [2.0**k for k in range(-10, -4)]


def _hidden(path: str, w: Any) -> bool:
    """The matrix between hidden layers: the input's and the output's are none of Muon's."""
    return w.ndim == 2 and path.startswith("[1]")


def _muon(rate: Any) -> Optimizer:
    """Muon on the hidden matrix, beside an AdamW that stays at a rate of its own."""
    return ss.muon(rate, rest=ss.adamw(0.005), where=_hidden)


class Edge(NamedTuple):
    """What a sweep over the rate says of each seed.

    Attributes:
        best: the best rate.
        unstable: the first unstable rate; infinite if there is none.
        beyond: the final loss at eight times the best rate.
    """

    best: np.ndarray
    unstable: np.ndarray
    beyond: np.ndarray

    @property
    def room(self) -> np.ndarray:
        """The first unstable rate over the best."""
        return self.unstable / self.best


def _edge(seeds: Seeds, rule: Callable[[Any], Optimizer]) -> Edge:
    net = mlp(depth=3, width=32)

    def experiment(learning_rate, seed):
        return ss.simulate(
            net, rule(learning_rate), steps=200, batch_size=64, seed=seed, evaluate_at=()
        )

    runs = ss.sweep(experiment, learning_rate=RATES, seed=seeds, progress=False)
    found = [_read(runs.sel(seed=[seed])) for seed in seeds]
    return Edge(*map(np.array, zip(*found, strict=True)))


def _read(runs: xr.Dataset) -> tuple[float, float, float]:
    reading = ss.diagnose_sweep(runs)
    best, unstable = reading.best_learning_rate, reading.unstable_base_learning_rate
    beyond = runs.sel(learning_rate=[min(8 * best, RATES[-1])])
    return best, np.inf if unstable is None else unstable, float(final(beyond).squeeze())


def lions_best_rate_is_three_to_ten_times_lower(seeds: Seeds) -> Outcome:
    """Lion's best learning rate is 3 to 10 times below AdamW's.

    Laju pembelajaran terbaik Lion adalah 3 sampai 10 kali lebih rendah daripada laju terbaik AdamW.
    """
    lion, adamw = _edge(seeds, ss.lion).best, _edge(seeds, ss.adamw).best
    return Outcome(
        *measured(
            "best rate {lion} under Lion, {adamw} under AdamW",
            "laju terbaik {lion} dengan Lion, {adamw} dengan AdamW",
            lion=lion, adamw=adamw,
        ),
        whole(adamw / lion >= 3, adamw / lion <= 10),
    )  # fmt: skip


def lions_edge_lies_below_adamws(seeds: Seeds) -> Outcome:
    """Lion is unstable from a quarter of AdamW's first unstable rate, or less, with no less room above its best rate.

    Lion tidak stabil mulai seperempat laju tidak stabil pertama AdamW, atau kurang, dan rentang stabil di atas laju terbaiknya tidak lebih sempit.
    """  # noqa: E501
    lion, adamw = _edge(seeds, ss.lion), _edge(seeds, ss.adamw)
    return Outcome(
        *measured(
            "unstable from {lion} under Lion, {adamw} under AdamW; the first unstable rate over "
            "the best is {lion_room} and {adamw_room}",
            "tidak stabil mulai {lion} dengan Lion, {adamw} dengan AdamW; laju tidak stabil "
            "pertama dibagi laju terbaik: {lion_room} dan {adamw_room}",
            lion=lion.unstable, adamw=adamw.unstable, lion_room=lion.room, adamw_room=adamw.room,
        ),
        [
            part("a quarter or less", "seperempat atau kurang",
                 lion.unstable <= adamw.unstable / 4),
            part("no less room", "ruangnya tidak lebih sempit", lion.room >= adamw.room),
        ],
    )  # fmt: skip


def muon_has_more_room_than_adamw(seeds: Seeds) -> Outcome:
    """On a hidden matrix Muon has twice AdamW's room between the best rate and the first unstable one, or more.

    Pada matriks tersembunyi, rentang Muon dari laju terbaik sampai laju tidak stabil pertama dua kali rentang AdamW, atau lebih.
    """  # noqa: E501
    muon, adamw = _edge(seeds, _muon), _edge(seeds, ss.adamw)
    return Outcome(
        *measured(
            "Muon is best at {muon_best} and unstable from {muon}, AdamW at {adamw_best} and from "
            "{adamw}; the one over the other is {muon_room} and {adamw_room}",
            "Muon terbaik pada {muon_best} dan tidak stabil mulai {muon}, AdamW pada {adamw_best} "
            "dan mulai {adamw}; nisbah keduanya {muon_room} dan {adamw_room}",
            muon_best=muon.best, muon=muon.unstable, adamw_best=adamw.best, adamw=adamw.unstable,
            muon_room=muon.room, adamw_room=adamw.room,
        ),
        whole(muon.room >= 2 * adamw.room),
    )  # fmt: skip


def muon_at_one_rate_breaks_where_adamw_does(seeds: Seeds) -> Outcome:
    """At one rate for its matrices and for the AdamW beside them, Muon is unstable within a factor 2 of AdamW alone.

    Dengan satu laju untuk matriksnya dan untuk AdamW pendampingnya, Muon mulai tidak stabil dalam faktor 2 dari AdamW saja.
    """  # noqa: E501
    tied = _edge(seeds, lambda rate: ss.muon(rate, where=_hidden))
    adamw = _edge(seeds, ss.adamw)
    ratio = tied.unstable / adamw.unstable
    return Outcome(
        *measured(
            "unstable from {tied} at one rate, {adamw} under AdamW alone",
            "tidak stabil mulai {tied} pada satu laju, {adamw} dengan AdamW saja",
            tied=tied.unstable, adamw=adamw.unstable,
        ),
        whole(ratio >= 0.5, ratio <= 2),
    )  # fmt: skip


def a_bounded_step_has_no_cliff(seeds: Seeds) -> Outcome:
    """At eight times its best rate Momentum is worse than guessing, and Lion and Muon are not.

    Pada delapan kali laju terbaiknya, Momentum lebih buruk daripada tebakan, sedangkan Lion dan Muon tidak.
    """  # noqa: E501
    lion, muon, momentum = (_edge(seeds, rule).beyond for rule in (ss.lion, _muon, ss.momentum))
    guess = np.log(10)
    return Outcome(
        *measured(
            "final loss at eight times the best rate: Lion {lion}, Muon {muon}, Momentum "
            "{momentum}; guessing costs {guess}",
            "loss akhir pada delapan kali laju terbaik: Lion {lion}, Muon {muon}, Momentum "
            "{momentum}; tebakan {guess}",
            lion=lion, muon=muon, momentum=momentum, guess=guess,
        ),
        [
            part("Momentum is lost", "Momentum gagal", momentum > guess),
            part("Lion trains", "Lion terlatih", lion < guess),
            part("Muon trains", "Muon terlatih", muon < guess),
        ],
    )  # fmt: skip


def _scheduled(seeds: Seeds, schedule: Callable[[Any], Any], peaks: Sequence[float]) -> xr.Dataset:
    """Adam on small minibatches, whose noise is what a falling rate takes out."""
    net = mlp(depth=3, width=32)

    def experiment(learning_rate, seed):
        return ss.simulate(
            net, ss.adam(schedule(learning_rate)), steps=STEPS, batch_size=8, seed=seed,
            evaluate_at=(),
        )  # fmt: skip

    return ss.sweep(experiment, learning_rate=list(peaks), seed=seeds, progress=False)


def _stable_decay(peak: Any) -> Any:
    decay = STEPS // 5
    return warmup_stable_decay(peak, WARMUP, STEPS - WARMUP - decay, decay)


def _cosine(peak: Any) -> Any:
    return prepend_warmup(cosine_decay(peak, STEPS - WARMUP), WARMUP)


def _held(peak: Any) -> Any:
    return prepend_warmup(constant(peak), WARMUP)


def _fall(runs: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each seed's loss at the start, before the last fifth, and at the end."""
    loss = runs.loss.squeeze("learning_rate").transpose("seed", "step").to_numpy()
    fifth = STEPS // 5
    before = np.median(loss[:, -fifth - fifth // 2 : -fifth], axis=1)
    return np.median(loss[:, :5], axis=1), before, final(runs).squeeze()


def the_decay_halves_the_loss(seeds: Seeds) -> Outcome:
    """In its last fifth, where the rate falls, warmup-stable-decay halves its loss, and a rate that stays does not.

    Pada seperlima terakhir, saat lajunya turun, warmup-stable-decay memotong loss menjadi separuh, sedangkan dengan laju tetap, loss tidak turun sebanyak itu.
    """  # noqa: E501
    start, before, end = _fall(_scheduled(seeds, _stable_decay, [2.0**-7]))
    _, plain, stayed = _fall(_scheduled(seeds, _held, [2.0**-7]))
    return Outcome(
        *measured(
            "the loss falls from {before} to {end}, at a rate that stays from {plain} to "
            "{stayed}; of all that is gained from {start} on, the last fifth brings {share}%",
            "loss turun dari {before} ke {end}, pada laju tetap dari {plain} ke {stayed}; "
            "dari seluruh penurunan sejak {start}, seperlima terakhir menyumbang {share}%",
            before=before, end=end, plain=plain, stayed=stayed, start=start,
            share=100 * (before - end) / (start - end),
        ),
        [
            part("the decay halves it", "peluruhan menjadikannya separuh", end <= before / 2),
            part("a rate that stays does not", "tanpa peluruhan tidak", stayed > plain / 2),
        ],
    )  # fmt: skip


def stable_decay_ends_where_cosine_does(seeds: Seeds) -> Outcome:
    """After equal steps, each at its best peak rate, warmup-stable-decay ends within a tenth of a cosine's loss.

    Setelah langkah yang sama banyak, masing-masing pada laju puncak terbaiknya, warmup-stable-decay berakhir dengan selisih paling banyak sepersepuluh dari loss kosinus.
    """  # noqa: E501
    ours, cosine = (
        final(_scheduled(seeds, schedule, PEAKS)).min(0) for schedule in (_stable_decay, _cosine)
    )
    return Outcome(
        *measured(
            "final loss {ours} after warmup-stable-decay, {cosine} after a cosine",
            "loss akhir {ours} setelah warmup-stable-decay, {cosine} setelah kosinus",
            ours=ours, cosine=cosine,
        ),
        whole(np.abs(ours / cosine - 1) <= 0.1),
    )  # fmt: skip


RULES: list[Claim] = [
    lions_best_rate_is_three_to_ten_times_lower,
    lions_edge_lies_below_adamws,
    muon_has_more_room_than_adamw,
    muon_at_one_rate_breaks_where_adamw_does,
    a_bounded_step_has_no_cliff,
    the_decay_halves_the_loss,
    stable_decay_ends_where_cosine_does,
]
