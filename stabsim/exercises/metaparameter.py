"""Checks of the exercises of the chapter on the word metaparameter."""

import math

import jax.numpy as jnp
import numpy as np

from stabsim._words import Text
from stabsim.exercises.frame.build import Notebook
from stabsim.exercises.frame.exercise import Hint, Number, Select, Variant
from stabsim.exercises.frame.prediction import Choose, Estimate


def _most_evident(readings: list[float], noise: float) -> float:
    """The standard deviation of the prior under which readings are most probable."""
    return math.sqrt(np.mean(np.square(readings)) - noise**2)


def _improvement(deviation: float = 0.2) -> float:
    """At a rate at which the mean equals the best score."""
    from stabsim import tuner  # charts need Altair, and checks do not

    given = (jnp.asarray(x, jnp.float32) for x in (-1, deviation, -1))
    return float(tuner.expected_improvement(*given))


EXERCISES = (
    Select("metaparameter-strict", 2, (
        (Text("Momentum's coefficient γ.", "Koefisien γ pada Momentum."),
         Text("Of which distribution would it be a parameter?",
              "Itu parameter dari distribusi apa?")),
        (Text("The number of layers.", "Banyaknya lapisan."),
         Text("It shapes the network; no prior has it as a parameter here.",
              "Itu menentukan bentuk jaringan; di sini bukan parameter dari prior apa pun.")),
        (Text("The length-scale of a Gaussian process.", "Skala panjang suatu proses Gauss."),
         Text("It is a parameter of a prior over functions.",
              "Itu parameter dari prior atas fungsi.")),
        (Text("A weight of the first layer.", "Sebuah bobot lapisan pertama."),
         Text("Training finds it: a parameter.",
              "Bobot ditemukan lewat pelatihan: itu parameter.")),
    )),
    Number("metaparameter-tau", lambda: _most_evident([3.0, -1.0, 2.0], 1.0), 0.01, hints=(
        Hint(3.6, 3.7, Text("That is τ squared.", "Itu τ kuadrat.")),
        Hint(2.15, 2.17, Text("Part of the spread is the measurement's own error.",
                              "Sebagian sebarannya berasal dari galat pengukuran.")),
    ), variant=Variant(
        Text("Three quantities were read once each, with $\\sigma = {noise}$: ${a}$, ${b}$ and "
             "${c}$. At which $\\tau$ is the evidence highest?",
             "Tiga besaran masing-masing diukur sekali, dengan $\\sigma = {noise}$: ${a}$, ${b}$, "
             "dan ${c}$. Buktinya tertinggi pada $\\tau$ berapa?"),
        {"a": (3.0, 4.0, 5.0), "b": (-1.0, -2.0, -3.0), "c": (1.0, 2.0), "noise": (0.5, 1.0, 1.5)},
        lambda a, b, c, noise: _most_evident([a, b, c], noise),
    )),
    Number("metaparameter-improvement", _improvement, 0.02, Text("decades", "dekade"), hints=(
        Hint(0.39, 0.41, Text("That is φ(0). How wide is the band?",
                              "Itu φ(0). Seberapa lebar pitanya?")),
        Hint(0.099, 0.101, Text("What is the density of a standard normal at 0?",
                                "Berapa densitas normal baku di 0?")),
    ), variant=Variant(
        Text("At some rate the process's mean equals the best score so far, and its standard "
             "deviation is ${deviation}$ decades. How large is the expected improvement there?",
             "Pada suatu laju, rata-rata proses sama dengan skor terbaik sejauh ini, dan simpangan "
             "bakunya ${deviation}$ dekade. Berapa harapan perbaikan di sana?"),
        {"deviation": (0.1, 0.12, 0.15, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)},
        _improvement,
    )),
    Select("metaparameter-long", 1, (
        (Text("It explores too much.", "Pencariannya terlalu banyak menjelajah."),
         Text("Look at the band in the first lab at a length-scale of 30: is it wide anywhere?",
              "Lihat pita di lab pertama pada skala panjang 30: adakah yang lebar?")),
        (Text("After a few runs it is sure of the whole curve, and wrongly so.",
              "Setelah beberapa run, prosesnya sudah yakin akan seluruh kurva, padahal keliru."),
         Text("Its band is narrow where it has seen nothing.",
              "Pitanya sempit di tempat yang belum pernah dicoba.")),
        (Text("Its noise is too large.", "Deraunya terlalu besar."),
         Text("The noise is the same as in the other searches.",
              "Deraunya sama seperti pada pencarian lainnya.")),
    )),
    Number("metaparameter-evidence", lambda: _most_evident([2.0, -0.5, 1.5, -3.0, 0.5], 1.0), 0.002,
           hints=(
        Hint(0.99, 1.01, Text("The function is still the one that was there.",
                              "Fungsinya masih yang semula.")),
        Hint(1.77, 1.78, Text("That is the root of the mean square: the noise has its part in it.",
                              "Itu akar rata-rata kuadrat: di dalamnya masih ada derau.")),
    )),
)  # fmt: skip


def _well_set() -> float:
    """After how many runs half of the searches have arrived, at a length-scale of 4 octaves."""
    from stabsim import tuner  # charts need Altair, and predictions do not

    arrived = tuner.compare([0.5, 4, 32]).median("seed")
    return float(arrived.sel({"method": "4"}))


BUILDS = (Notebook("metaparameter-evidence"),)

PREDICTIONS = (
    Estimate("metaparameter-between", Text("Where do you now believe that the number lies?",
                                           "Sekarang, berapa dugaan Anda tentang bilangan itu?"),
             lambda: 1.0 / (1.0 + 1.0) * 2.0,
             told=Text("Halfway: what you believed and what you read are equally uncertain.",
                       "Di tengah: dugaan semula dan hasil pengukuran sama besar "
                       "ketidakpastiannya.")),
    Choose("metaparameter-halfway", Text("Halfway between two runs three octaves apart, at a "
                                         "length-scale of half an octave, the curve",
                                         "Di tengah dua run yang berjarak tiga oktaf, dengan skala "
                                         "panjang setengah oktaf, kurvanya"), (
        Text("is the straight line between the two.", "adalah garis lurus di antara keduanya."),
        Text("returns to what was guessed before any run.",
             "kembali ke nilai tebakan, seperti sebelum ada run."),
        Text("is narrow and sure.", "sempit dan pasti."),
    ), 1),
    Estimate("metaparameter-runs", Text("How many runs will a process need whose length-scale is "
                                        "set well?",
                                        "Berapa run yang diperlukan proses yang skala panjangnya "
                                        "disetel dengan baik?"),
             _well_set, Text("runs", "run"),
             Text("And one that is wrong by a factor of eight on the long side needs more than "
                  "random search.",
                  "Proses yang skala panjangnya delapan kali lebih panjang daripada semestinya "
                  "memerlukan lebih banyak run daripada pencarian acak.")),
)  # fmt: skip
