"""Checks of the exercises of the chapter on gradient clipping."""

import math

from stabsim.clipping import norm_percentile
from stabsim.exercises.exercise import Hint, Number, Select
from stabsim.words import Text


def _entry() -> float:
    """The second entry of (6, 8), clipped at 5."""
    return 8 * min(1, 5 / math.hypot(6, 8))


def _kick() -> float:
    """eta lambda / (1 - gamma)."""
    return 0.02 * 2 / (1 - 0.95)


def _gain() -> float:
    """1 / L0 over 2 / (L0 + L1 G), with L0 / L1 = 10 and G = 150."""
    return (1 + 150 / 10) / 2


def _median() -> float:
    """The norms, each clipped at the median of those so far."""
    norms = [4.0, 2.0, 6.0, 100.0, 3.0]
    return sum(min(norm, norm_percentile(norms[: t + 1], 50.0)) for t, norm in enumerate(norms))


EXERCISES = (
    Select("clipping-direction", 1, (
        (Text("Its length.", "Panjangnya."),
         Text("That is what it bounds.", "Justru panjangnya yang dibatasi.")),
        (Text("Its direction.", "Arahnya."),
         Text("One positive number multiplies all entries.",
              "Semua entri dikalikan dengan satu bilangan positif yang sama.")),
        (Text("Its largest entry.", "Entrinya yang terbesar."),
         Text("If the norm is above the threshold, every entry shrinks.",
              "Jika normanya di atas ambang, semua entri mengecil.")),
    )),
    Number("clipping-entry", _entry, 0.01, hints=(
        Hint(5, 5, Text("That cuts the entry off by itself, and turns the gradient.",
                        "Itu memotong entri itu sendiri dan membelokkan gradien.")),
        Hint(3, 3, Text("That is the first entry.", "Itu entri pertama.")),
        Hint(8, 8, Text("The norm is 10, above the threshold.",
                        "Normanya 10, di atas ambang.")),
    )),
    Number("clipping-kick", _kick, 0.01, hints=(
        Hint(199, 201, Text("That is without clipping.", "Itu tanpa pemotongan.")),
        Hint(0.04, 0.04, Text("That is the first step. Momentum repeats it, ever more faintly.",
                              "Itu baru langkah pertama. Momentum mengulanginya, makin lama makin "
                              "lemah.")),
    )),
    Select("clipping-aggressive", 2, (
        (Text("Lower the threshold further.", "Menurunkan ambangnya lagi."),
         Text("That is for instability that remains; here nothing is unstable.",
              "Itu untuk ketidakstabilan yang tersisa; di sini tidak ada yang tidak stabil.")),
        (Text("Nothing: it is stable.", "Tidak ada: pelatihannya stabil."),
         Text("Its rate is not the one that you set, and rises where the gradient is short.",
              "Lajunya bukan laju yang Anda tetapkan, dan naik ketika gradiennya pendek.")),
        (Text("Stop clipping and lower the rate.",
              "Berhenti memotong dan menurunkan laju."),
         Text("With norms all of one size the threshold only acts as a rate.",
              "Jika norma semuanya hampir sama besar, ambang hanya berperan sebagai laju.")),
    )),
    Number("clipping-product", lambda: 4 * 0.05 / 64, 0.01, hints=(
        Hint(0.8, 0.8, Text("The product must stay the same, not the quotient.",
                            "Yang harus tetap ialah hasil kalinya, bukan hasil baginya.")),
        Hint(0.05, 0.05, Text("Then every step would be sixteen times as long.",
                              "Maka setiap langkah menjadi enam belas kali lebih panjang.")),
    )),
    Number("clipping-gain", _gain, 0.01, hints=(
        Hint(16, 16, Text("The fixed rate's limit is two over the curvature.",
                          "Batas laju tetap ialah dua per kelengkungan.")),
        Hint(15, 15, Text("The curvature is L₀ + L₁|g|, not L₁|g|, and the limit two over it.",
                          "Kelengkungannya L₀ + L₁|g|, bukan L₁|g|, dan batasnya dua per itu.")),
        Hint(7.5, 7.5, Text("The curvature is L₀ + L₁|g|, not L₁|g|.",
                            "Kelengkungannya L₀ + L₁|g|, bukan L₁|g|.")),
    )),
    Number("clipping-median", _median, 0.001, hints=(
        Hint(115, 115, Text("Nothing is clipped yet.", "Belum ada yang dipotong.")),
        Hint(17, 17, Text("That is the median of all five, which looks into the future.",
                          "Itu median kelimanya, yang melihat ke masa depan.")),
    )),
)  # fmt: skip
