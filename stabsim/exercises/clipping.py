"""Checks of the exercises of the chapter on gradient clipping."""

import math

from stabsim._words import Text
from stabsim.clipping import norm_percentile
from stabsim.exercises.frame.build import Numbers
from stabsim.exercises.frame.exercise import Hint, Number, Select, Variant
from stabsim.exercises.frame.prediction import Choose, Estimate


def _entry(first: float = 6.0, second: float = 8.0, threshold: float = 5.0) -> float:
    """The second entry of a gradient of two, clipped."""
    return second * min(1, threshold / math.hypot(first, second))


def _kick(rate: float = 0.02, gamma: float = 0.95, threshold: float = 2.0) -> float:
    """eta lambda / (1 - gamma)."""
    return rate * threshold / (1 - gamma)


def _gain(threshold: float = 10.0, norm: float = 150.0) -> float:
    """1 / L0 over 2 / (L0 + L1 G), with the threshold L0 / L1 and the largest norm G."""
    return (1 + norm / threshold) / 2


NORMS = (4.0, 2.0, 6.0, 100.0, 3.0)


def _medians() -> tuple[float, ...]:
    """At each step the median of the norms so far."""
    return tuple(norm_percentile(NORMS[: t + 1], 50.0) for t in range(len(NORMS)))


def _median() -> float:
    """The norms, each clipped at the median of those so far."""
    return sum(map(min, NORMS, _medians()))


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
                        "Dengan itu, hanya entri kedua yang dipotong, dan arah gradien berubah.")),
        Hint(3, 3, Text("That is the first entry.", "Itu entri pertama.")),
        Hint(8, 8, Text("The norm is 10, above the threshold.",
                        "Normanya 10, di atas ambang.")),
    ), variant=Variant(
        Text("A net of two parameters has the gradient $({first}, {second})$. What is the second "
             "entry after clipping at $\\lambda = {threshold}$?",
             "Gradien suatu jaringan dengan dua parameter adalah $({first}; {second})$. Berapa "
             "entri kedua setelah dipotong pada $\\lambda = {threshold}$?"),
        {"first": (5.0, 9.0, 12.0), "second": (7.0, 10.0, 15.0), "threshold": (1.0, 2.0, 3.0, 4.0)},
        _entry,
    )),
    Number("clipping-kick", _kick, 0.01, hints=(
        Hint(199, 201, Text("That is without clipping.", "Itu tanpa pemotongan.")),
        Hint(0.04, 0.04, Text("That is the first step. Momentum repeats it, ever more faintly.",
                              "Itu baru langkah pertama. Momentum mengulanginya, makin lama makin "
                              "lemah.")),
    ), variant=Variant(
        Text("Momentum with $\\eta = {rate}$ and $\\gamma = {gamma}$ meets one outlier of norm "
             "$500$, which is clipped at $\\lambda = {threshold}$. How far does this gradient move "
             "the parameters in the end?",
             "Dalam run dengan Momentum, $\\eta = {rate}$ dan $\\gamma = {gamma}$, muncul satu "
             "pencilan dengan norma $500$, yang dipotong pada $\\lambda = {threshold}$. Sejauh apa "
             "parameter pada akhirnya bergeser karena gradien ini?"),
        {"rate": (0.01, 0.03, 0.05), "gamma": (0.8, 0.9, 0.98), "threshold": (1.0, 3.0, 4.0, 7.0)},
        _kick,
    )),
    Select("clipping-aggressive", 2, (
        (Text("Lower the threshold further.", "Menurunkan ambangnya lagi."),
         Text("That is for instability that remains; here nothing is unstable.",
              "Itu jika masih ada ketidakstabilan; di sini tidak ada yang tidak stabil.")),
        (Text("Nothing: it is stable.", "Tidak melakukan apa-apa: pelatihannya stabil."),
         Text("Its rate is not the one that you set, and rises where the gradient is short.",
              "Lajunya bukan laju yang Anda tetapkan, dan naik ketika gradiennya kecil.")),
        (Text("Stop clipping and lower the rate.",
              "Berhenti memotong dan menurunkan laju."),
         Text("With norms all of one size the threshold only acts as a rate.",
              "Jika semua norma hampir sama besar, ambang hanya berperan sebagai laju.")),
    )),
    Number("clipping-product", lambda: 4 * 0.05 / 64, 0.01, variant=Variant(
        Text("A clipped run at a rate of ${rate}$ and a threshold of ${threshold}$ clips every "
             "update. Which threshold makes a run at the rate of ${other}$ the same?",
             "Dalam run dengan laju ${rate}$ dan ambang ${threshold}$, setiap pembaruan dipotong. "
             "Ambang berapa yang menghasilkan run yang sama pada laju ${other}$?"),
        {"rate": (2, 4, 8), "threshold": (0.03, 0.05, 0.07), "other": (16, 32, 50, 100)},
        lambda rate, threshold, other: rate * threshold / other,
    ), hints=(
        Hint(0.8, 0.8, Text("The product must stay the same, not the quotient.",
                            "Yang harus tetap adalah hasil kalinya, bukan hasil baginya.")),
        Hint(0.05, 0.05, Text("Then every step would be sixteen times as long.",
                              "Maka setiap langkah menjadi enam belas kali lebih panjang.")),
    )),
    Number("clipping-gain", _gain, 0.01, hints=(
        Hint(16, 16, Text("The fixed rate's limit is two over the curvature.",
                          "Batas laju tetap adalah dua dibagi kelengkungan.")),
        Hint(15, 15, Text("The curvature is L₀ + L₁|g|, not L₁|g|, and the limit two over it.",
                          "Kelengkungannya L₀ + L₁|g|, bukan L₁|g|, dan batasnya dua dibagi itu.")),
        Hint(7.5, 7.5, Text("The curvature is L₀ + L₁|g|, not L₁|g|.",
                            "Kelengkungannya L₀ + L₁|g|, bukan L₁|g|.")),
    ), variant=Variant(
        Text("A net obeys $h \\le L_0 + L_1|g|$ with $L_0/L_1 = {threshold}$, and its largest norm "
             "is ${norm}$. By what factor may the clipped run's rate $1/L_0$ exceed the highest "
             "fixed rate that the condition guarantees to be stable?",
             "Sebuah jaringan memenuhi $h \\le L_0 + L_1|g|$ dengan $L_0/L_1 = {threshold}$, dan "
             "norma terbesarnya ${norm}$. Laju $1/L_0$ pada run yang dipotong boleh sampai berapa "
             "kali lipat laju tetap tertinggi yang dijamin stabil oleh syarat itu?"),
        {"threshold": (4.0, 5.0, 8.0, 20.0), "norm": (60.0, 100.0, 180.0, 240.0, 300.0)},
        _gain,
    )),
    Number("clipping-median", _median, 0.001, hints=(
        Hint(115, 115, Text("Nothing is clipped yet.", "Belum ada yang dipotong.")),
        Hint(17, 17, Text("That is the median of all five; the later ones are not known yet.",
                          "Itu median dari kelimanya; norma sesudah langkah itu belum diketahui.")),
    )),
)  # fmt: skip

BUILDS = (
    Numbers(
        "clipping-median",
        Text("the five limits, in order", "kelima batas, berurutan"),
        (max(NORMS),) * 5,
        _medians,
    ),
)

PREDICTIONS = (
    Estimate("clipping-step", Text("How long is the step that plain SGD takes?",
                                   "Seberapa panjang langkah SGD biasa?"),
             lambda: 0.1 * min(50.0, 5.0),
             told=Text("No step is longer than the rate times the threshold.",
                       "Tidak ada langkah yang lebih panjang daripada laju kali ambang.")),
    Choose("clipping-turns", Text("As the threshold falls from far above the norms to far below:",
                                  "Jika ambang diturunkan dari jauh di atas sampai jauh di bawah "
                                  "semua norma:"), (
        Text("the final loss only falls.", "loss akhir terus turun."),
        Text("the final loss falls, then rises again.", "loss akhir turun, lalu naik lagi."),
        Text("the final loss only rises.", "loss akhir terus naik."),
    ), 1, Text("And few updates have to be clipped: the corrupted minibatches and little else.",
               "Dan hanya sedikit pembaruan yang perlu dipotong: minibatch yang rusak dan hampir "
               "tidak ada yang lain.")),
    Choose("clipping-twins", Text("Ten times the rate with a tenth of the threshold gives",
                                  "Laju sepuluh kali lipat dengan ambang sepersepuluhnya "
                                  "menghasilkan"), (
        Text("nearly the same curve, and a smaller rate alone ends lower.",
             "kurva yang hampir sama, dan laju kecil tanpa pemotongan hasilnya lebih baik."),
        Text("nearly the same curve, and it ends lower than any smaller rate.",
             "kurva yang hampir sama, dan hasilnya lebih baik daripada laju kecil mana pun."),
        Text("a run that diverges.", "run yang divergen."),
    ), 0),
    Choose("clipping-first-step", Text("Which survive the first step?",
                                       "Dengan strategi mana run selamat melewati langkah "
                                       "pertama?"), (
        Text("The percentile of all norms so far, and ZClip.",
             "Persentil semua norma sejauh ini, dan ZClip."),
        Text("The fixed threshold and the unit-by-unit rule.",
             "Ambang tetap dan aturan per unit."),
        Text("All of them.", "Semuanya."),
    ), 1, Text("A strategy that learns from history has none at the start.",
               "Strategi yang mengandalkan riwayat belum mempunyai riwayat di awal.")),
)  # fmt: skip
