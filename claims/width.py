"""What a rate depends on besides the workload: the width and its parametrization, tied weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

import stabsim as ss
from claims.outcome import Claim, Outcome, measured, part, whole
from claims.runs import final
from stabsim.schedules import cosine_decay, prepend_warmup
from stabsim.sweeps.sensitivity import learning_rate_sensitivity
from stabsim.workloads import character_model

Seeds = Sequence[int]

STEPS, WARMUP = 100, 10

LEARNED = 2.9
"""A loss in nats just below that of the letters' frequencies alone, 2.98."""


def _reads(seeds: Seeds, rates: Sequence[float], **options: Any) -> xr.Dataset:
    """Runs of the language model on characters: a warmup, then half a cosine."""
    net = character_model(**options)

    def experiment(learning_rate, seed):
        schedule = prepend_warmup(cosine_decay(learning_rate, STEPS - WARMUP), WARMUP)
        return ss.simulate(
            net, ss.adam(schedule), steps=STEPS, batch_size=8, seed=seed, evaluate_at=()
        )

    return ss.sweep(experiment, learning_rate=list(rates), seed=seeds, progress=False)


def _best(seeds: Seeds, **options: Any) -> np.ndarray:
    """Each seed's best rate."""
    rates = [2.0**k for k in range(-8, -1)]
    runs = _reads(seeds, rates, **options)
    return np.array(rates)[final(runs.transpose("learning_rate", ...)).argmin(0)]


def mup_keeps_the_best_rate(seeds: Seeds) -> Outcome:
    """From width 16 to 64 a language model's best rate falls at least fourfold, and in muP changes at most twofold.

    Dari lebar 16 ke 64, laju terbaik model bahasa turun menjadi seperempatnya atau kurang, sedangkan dalam muP laju itu berubah paling banyak dua kali lipat.
    """  # noqa: E501
    narrow = _best(seeds, width=16)
    usual, mup = (_best(seeds, width=64, mup_base=base) for base in (None, 16))
    return Outcome(
        *measured(
            "best rate {narrow} at width 16; at width 64 {usual}, in muP {mup}",
            "laju terbaik {narrow} pada lebar 16; pada lebar 64 {usual}, dalam muP {mup}",
            narrow=narrow,
            usual=usual,
            mup=mup,
        ),
        [
            part("it falls", "turun", usual <= narrow / 4),
            part("muP keeps it", "muP mempertahankannya", mup >= narrow / 2, mup <= narrow * 2),
        ],
    )


def qk_norm_steadies_a_language_model(seeds: Seeds) -> Outcome:
    """On characters, too, QK-norm makes the loss less sensitive to the rate.

    Pada model bahasa berbasis karakter pun, QK-norm membuat loss kurang peka terhadap laju.
    """
    rates = [4.0**k for k in range(-5, 1)]
    without, with_ = (
        learning_rate_sensitivity(_reads(seeds, rates, qk_norm=norm)).to_numpy()
        for norm in (False, True)
    )
    return Outcome(
        *measured(
            "sensitivity over rates from 0.001 to 1: {without} without, {with_} with",
            "kepekaan terhadap laju dari 0,001 sampai 1: {without} tanpa, {with_} dengan",
            without=without,
            with_=with_,
        ),
        whole(with_ < without),
    )


def tied_embeddings_lower_the_edge(seeds: Seeds) -> Outcome:
    """With tied embeddings the highest rate at which a language model learns is at least halved.

    Jika embedding-nya diikat, laju tertinggi yang masih melatih model bahasa turun sedikitnya menjadi separuhnya.
    """  # noqa: E501
    rates = 2.0 ** np.arange(-6, 1)
    own, tied = (
        np.where(
            final(_reads(seeds, rates.tolist(), tied=tie).transpose("learning_rate", ...))
            < LEARNED,
            rates[:, None],
            0.0,
        ).max(0)
        for tie in (False, True)
    )
    return Outcome(
        *measured(
            "the highest rate that ends below 2.9 nats is {own}, with tied embeddings {tied}",
            "laju tertinggi yang berakhir di bawah 2,9 nat adalah {own}, dengan embedding terikat "
            "{tied}",
            own=own,
            tied=tied,
        ),
        whole(tied <= own / 2),
    )


WIDTH: list[Claim] = [
    mup_keeps_the_best_rate,
    qk_norm_steadies_a_language_model,
    tied_embeddings_lower_the_edge,
]
