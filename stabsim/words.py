"""Words in both languages, and numbers as each writes them."""

import math
import os
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

import numpy as np

LANGUAGES = ("en", "id")
THREE_DIGITS = Context(prec=3, rounding=ROUND_HALF_UP)  # browsers round a tie up
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Text(NamedTuple):
    """The same words in English and in Indonesian."""

    en: str
    id: str

    def in_(self, language: str) -> str:
        return getattr(self, checked(language))


def checked(language: str) -> str:
    """The language's name, if it is one of ours.

    Raises:
        ValueError: if it is not.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, not {language!r}.")
    return language


def default_language() -> str:
    """The language of the environment variable ``STABSIM_LANGUAGE``; English if not set."""
    return checked(os.environ.get("STABSIM_LANGUAGE", "en"))


def number(x: float | int | np.number, language: str | None = None) -> str:
    """Three significant digits, with a decimal comma in Indonesian: 0.000488, 4,88·10⁻⁷.

    Args:
        x: the number, finite or not.
        language: "en" or "id"; that of ``STABSIM_LANGUAGE`` if not given.
    Raises:
        ValueError: if the language is another.
    """
    language = checked(language or default_language())
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "∞" if x > 0 else "-∞"
    rounded = f"{THREE_DIGITS.create_decimal(Decimal(float(x))):.2e}"
    mantissa, exponent = rounded.split("e")
    if x == 0 or 1e-4 <= abs(float(rounded)) < 1e5:
        written = f"{float(rounded):.6f}".rstrip("0").rstrip(".")
    else:
        mantissa = mantissa.rstrip("0").rstrip(".")
        written = f"{mantissa}·10{str(int(exponent)).translate(SUPERSCRIPT)}"
    return written.replace(".", ",") if language == "id" else written


VERDICTS = {
    "stable": Text("stable", "stabil"),
    "early instability": Text("early instability", "ketidakstabilan awal"),
    "early instability with recovery": Text(
        "early instability with recovery", "ketidakstabilan awal yang pulih"
    ),
    "mid-training instability": Text(
        "mid-training instability", "ketidakstabilan di tengah pelatihan"
    ),
    "diverged": Text("diverged", "divergen"),
}

PLOTS = {
    "step": Text("step", "langkah"),
    "steps": Text("steps", "banyaknya langkah"),
    "loss": Text("loss", "loss"),
    "final loss": Text("final loss", "loss akhir"),
    "validation loss": Text("validation loss", "loss validasi"),
    "validation error": Text("validation error", "galat validasi"),
    "gradient norm": Text("gradient norm", "norma gradien"),
    "learning rate": Text("learning rate", "laju pembelajaran"),
    "stride": Text("stride", "langkah geser"),
    "rule": Text("rule", "aturan"),
    "Final loss by block and rate": Text(
        "Final loss by block and rate", "Loss akhir menurut blok dan laju"
    ),
    "threshold": Text("threshold", "ambang"),
    "curvature": Text("curvature", "kelengkungan"),
    "sharpness": Text("sharpness", "ketajaman"),
    "stability threshold": Text("stability threshold", "ambang kestabilan"),
    "feasible": Text("feasible", "layak"),
    "best": Text("best", "terbaik"),
    "infeasible": Text("infeasible", "tidak layak"),
    "Training loss": Text("Training loss", "Loss pelatihan"),
    "Unclipped gradient norm": Text("Unclipped gradient norm", "Norma gradien sebelum pemotongan"),
    "Gradient norms of all steps": Text(
        "Gradient norms of all steps", "Norma gradien pada semua langkah"
    ),
    "Learning-rate sweep": Text("Learning-rate sweep", "Penyapuan laju pembelajaran"),
    "Learning-rate schedule": Text("Learning-rate schedule", "Jadwal laju pembelajaran"),
    "Sharpness against its threshold": Text(
        "Sharpness against its threshold", "Ketajaman terhadap ambangnya"
    ),
    "batch size": Text("batch size", "ukuran batch"),
    "theory": Text("theory", "teori"),
    "gradient variance": Text("gradient variance", "ragam gradien"),
    "Means with 95% intervals": Text(
        "Means with 95% intervals", "Rata-rata dengan selang kepercayaan 95%"
    ),
    "Trajectories": Text("Trajectories", "Lintasan"),
}
"""The words of figures, by themselves in English."""

LOCALES = {"en": "en-US", "id": {"decimal": ",", "thousands": ".", "grouping": [3],
                                  "currency": ["Rp", ""]}}  # fmt: skip
"""How Vega writes numbers in each language."""

SWEEP = {
    "best": Text("Best learning rate: {best}.", "Laju pembelajaran terbaik: {best}."),
    "boundary": Text(
        "It lies at the end of the sweep: sweep further that way.",
        "Laju itu terletak di ujung penyapuan: sapulah lebih jauh ke arah itu.",
    ),
    "edge": Text(
        "Feasible up to {low}, infeasible from {high}.",
        "Layak sampai {low}, tidak layak mulai {high}.",
    ),
    "higher": Text(
        "No rate above it is unstable in this sweep: sweep higher.",
        "Dalam penyapuan ini tidak ada laju di atasnya yang tidak stabil: sapulah lebih tinggi.",
    ),
    "unstable": Text("Unstable from {unstable} on.", "Tidak stabil mulai {unstable}."),
    "limited": Text(
        "The workload is limited by instability: fix that first.",
        "Beban kerja ini dibatasi oleh ketidakstabilan: atasi itu terlebih dahulu.",
    ),
    "free": Text(
        "The best rate lies well below the unstable ones.",
        "Laju terbaik jauh di bawah laju yang tidak stabil.",
    ),
    "none": Text(
        "No learning rate of this sweep is feasible.",
        "Tidak ada laju pembelajaran yang layak dalam penyapuan ini.",
    ),
}

EVIDENCE = {
    "span": Text(
        "The loss starts at {initial} and ends at {final}.",
        "Loss bermula di {initial} dan berakhir di {final}.",
    ),
    "early": Text(
        "It rises early: from {lowest} at step {onset} to {peak} at step {peak_step}, {back}.",
        "Loss naik di awal: dari {lowest} pada langkah {onset} ke {peak} pada langkah "
        "{peak_step}, {back}.",
    ),
    "mid": Text(
        "It rises in mid-training: from {lowest} at step {onset} to {peak} at step "
        "{peak_step}, {back}.",
        "Loss naik di tengah pelatihan: dari {lowest} pada langkah {onset} ke {peak} pada "
        "langkah {peak_step}, {back}.",
    ),
    "recovered": Text("and is back by step {step}", "lalu pulih pada langkah {step}"),
    "lost": Text("and never comes back", "dan tidak pernah pulih"),
    "diverged": Text(
        "It is not finite from step {step} on.",
        "Nilainya tidak lagi berhingga sejak langkah {step}.",
    ),
    "changes": Text("Controls changed: {changes}.", "Kendali yang diubah: {changes}."),
    "gradient": Text(
        "The largest gradient norm is {norm}, at step {step}.",
        "Norma gradien terbesar {norm}, pada langkah {step}.",
    ),
}
