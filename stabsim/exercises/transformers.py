"""Checks of the exercises of the chapter on transformers."""

import math

import numpy as np

from stabsim._words import Text
from stabsim.exercises.frame.build import Numbers
from stabsim.exercises.frame.exercise import Hint, Number, Select, Variant
from stabsim.exercises.frame.prediction import Axis, Choose, Draw
from stabsim.optimizers import adam


def _largest(size: int = 64) -> float:
    """The largest attention logit with QK-norm: vectors of mean square 1 in one direction."""
    q = np.ones(size)
    return float(q @ q / np.sqrt(size))


def _exact(curvature: float = 20.0, rate: float = 0.001) -> float:
    """The least epsilon that keeps curvature over epsilon below Adam's threshold."""
    return curvature / float(adam(rate).threshold(rate))


def _forgotten(beta2: float = 0.98, share: float = 1e-3) -> float:
    """Steps in which the root of v falls to a share of itself while gradients vanish."""
    return 2 * math.log(share) / math.log(beta2)


LOSSES = (1.2, 0.4, 0.3, 0.9, 7.0)


def _counted(start: float = 2.3) -> tuple[float, ...]:
    """The losses, none worse than the start."""
    return tuple(min(loss, start) for loss in LOSSES)


def _sensitivity() -> float:
    return sum(_counted()) / len(LOSSES) - min(_counted())


EXERCISES = (
    Number("transformers-largest", _largest, 0.01, hints=(
        Hint(63.9, 64.1, Text("Divide by the root of d, as every attention logit is.",
                              "Bagi dengan akar d, seperti setiap logit attention.")),
        Hint(0.99, 1.01, Text("Normalized vectors have mean square 1 here, not length 1.",
                              "Di sini vektor yang dinormalkan mempunyai rata-rata kuadrat 1, "
                              "bukan panjang 1.")),
    ), variant=Variant(
        Text("A head has $d = {size}$ entries a query. With QK-norm, without learned gains, how "
             "large can an attention logit be?",
             "Sebuah head mempunyai $d = {size}$ entri per query. Dengan QK-norm tanpa penguatan "
             "yang dipelajari, berapa nilai terbesar logit attention?"),
        {"size": (16, 25, 36, 49, 81, 100, 121, 144, 169, 196, 225, 256, 324, 400)},
        _largest,
    )),
    Number("transformers-eps", _exact, 0.02, hints=(
        Hint(0.0099, 0.0101, Text("That is for SGD's threshold, 2 over the rate.",
                                  "Itu untuk ambang SGD, 2 dibagi laju.")),
        Hint(0.0052, 0.0053, Text("That is for Momentum's threshold, 3.8 over the rate.",
                                  "Itu untuk ambang Momentum, 3,8 dibagi laju.")),
    ), variant=Variant(
        Text("The sharpest direction of a network has curvature $h = {curvature}$. Which "
             "$\\epsilon$ just keeps Adam, with $\\beta_1 = 0.9$ and a rate of {rate}, from "
             "spiking late in it?",
             "Arah yang paling melengkung pada sebuah jaringan mempunyai kelengkungan "
             "$h = {curvature}$. Berapa $\\epsilon$ terkecil yang mencegah lonjakan tahap lanjut "
             "Adam pada arah itu, dengan $\\beta_1 = 0{{,}}9$ dan laju {rate}?"),
        {"curvature": (5.0, 10.0, 30.0, 40.0, 80.0), "rate": (0.0003, 0.002, 0.003, 0.01)},
        _exact,
    )),
    Number("transformers-forget", _forgotten, 0.02, hints=(
        Hint(330, 350, Text("That is for v itself. Its root falls half as fast.",
                            "Itu untuk v sendiri. Akarnya turun dua kali lebih lambat.")),
    ), variant=Variant(
        Text("After a first gradient of size 1 all further gradients vanish. For how many steps at "
             "least does Adam, with $\\beta_2 = {beta2}$, need to forget it so far that $\\sqrt v$ "
             "is {share} times what it was?",
             "Setelah gradien pertama berukuran 1, semua gradien berikutnya nol. Dengan Adam "
             "pada $\\beta_2 = {beta2}$, paling sedikit berapa langkah yang diperlukan sampai "
             "$\\sqrt v$ tinggal {share} kali nilai semula?"),
        {"beta2": (0.95, 0.97, 0.99, 0.995), "share": (0.02, 0.01, 0.005, 0.002)},
        _forgotten,
    )),
    Select("transformers-entropy-log", 2, (
        (Text("Clipping gradients at a small norm.", "Memotong gradien pada norma yang kecil."),
         Text("Adam divides the gradient by its own size: all steps keep their length.",
              "Adam membagi gradien dengan ukurannya sendiri: panjang langkahnya tetap.")),
        (Text("A soft cap of 100 on the attention logits.", "Soft cap 100 pada logit attention."),
         Text("A softmax of logits that differ by 100 is as one-hot as before.",
              "Softmax dari logit yang selisihnya 100 tetap one-hot seperti semula.")),
        (Text("Normalizing queries and keys.", "Menormalkan query dan key."),
         Text("The logits can no longer grow with the weights, and the gradient returns.",
              "Logit tidak lagi membesar bersama bobot, dan gradiennya muncul kembali.")),
        (Text("A z-loss on the output logits.", "z-loss pada logit keluaran."),
         Text("It holds the logits of the last layer, not those of attention.",
              "z-loss membatasi logit lapisan terakhir, bukan logit attention.")),
    )),
    Number("transformers-build", _sensitivity, 0.005, hints=(
        Hint(1.65, 1.67, Text("The loss of 7 still counts in full.",
                              "Loss 7 masih dihitung penuh.")),
    )),
)  # fmt: skip


def _entropy() -> list[tuple[float, float]]:
    """Step and attention entropy in the chapter's lab at a rate of 0.1."""
    from stabsim.labs.attention import LAB  # the labs' charts take long to import

    run = LAB.compute(LAB.setting({"learning_rate": 0.1}))["run"]
    return list(zip(map(float, run["step"]), map(float, run["entropy"]), strict=True))


BUILDS = (
    Numbers(
        "transformers-build",
        Text(
            "the five losses as they should be counted", "kelima loss sebagaimana mestinya dihitung"
        ),
        LOSSES,
        _counted,
    ),
)

PREDICTIONS = (
    Choose("transformers-grow", Text("At ten times the rate the largest attention logit is about",
                                     "Pada laju sepuluh kali lipat, logit attention terbesar "
                                     "kira-kira"), (
        Text("60: it grows with the root of the rate.", "60: tumbuh sebanding dengan akar laju."),
        Text("200: it grows with the rate.", "200: tumbuh sebanding dengan laju."),
        Text("2,000: it grows with the rate's square.",
             "2.000: tumbuh sebanding dengan kuadrat laju."),
    ), 2),
    Draw("transformers-entropy",
         Text("How does the attention's entropy go on?", "Bagaimana kelanjutan entropi attention?"),
         Axis(Text("step", "langkah"), 0, 80, (0.0, 20.0, 40.0, 60.0, 80.0), log=False),
         Axis(Text("entropy, nats", "entropi, nat"), 0, 2.2, (0.0, 0.5, 1.0, 1.5, 2.0), log=False),
         tuple(float(step) for step in range(0, 81, 10)), _entropy),
    Choose("transformers-quiet", Text("After it has arrived, Adam's loss",
                                      "Setelah tiba di dasar, loss Adam"), (
        Text("falls on for good.", "terus turun."),
        Text("stays at a floor that the rate sets.",
             "bertahan di batas bawah yang ditentukan oleh laju."),
        Text("falls, leaps up by many orders of magnitude, and falls again, over and over.",
             "turun, melonjak beberapa orde magnitudo, lalu turun lagi, berulang-ulang."),
    ), 2),
    Choose("transformers-which", Text("The late spikes get worse with",
                                      "Lonjakan tahap lanjut memburuk karena"), (
        Text("a smaller β₂.", "β₂ yang lebih kecil."),
        Text("a larger ε.", "ε yang lebih besar."),
        Text("a limit on the step's length.", "pembatasan panjang langkah."),
    ), 2),
)  # fmt: skip
