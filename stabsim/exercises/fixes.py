"""Checks of the exercises of the chapter on other fixes."""

import math

from stabsim._words import Text
from stabsim.exercises.frame.build import Lines
from stabsim.exercises.frame.exercise import Hint, Number, Select, Variant
from stabsim.exercises.frame.prediction import Choose


def growth(gain: float, blocks: int, residual: bool) -> float:
    """By what the mean square grows, the terms of a residual block taken as uncorrelated."""
    return (residual + gain**2 / 2) ** blocks


EXERCISES = (
    Select("fixes-identity", 2, (
        (Text("Norm(f(x))", "Norm(f(x))"),
         Text("Nothing of the input goes past f.", "Tidak ada bagian masukan yang sampai ke "
                                                   "keluaran tanpa melalui f.")),
        (Text("Norm(x + f(x))", "Norm(x + f(x))"),
         Text("The sum is normalized, and the copy with it.",
              "Jumlahnya dinormalisasi, begitu pula salinan itu.")),
        (Text("x + Norm(f(x))", "x + Norm(f(x))"),
         Text("Only the branch is normalized.", "Hanya cabangnya yang dinormalisasi.")),
    )),
    Number("fixes-shrink", lambda: math.sqrt(growth(1.0, 20, residual=False)), 0.03, hints=(
        Hint(9e-7, 1e-6, Text("That is the mean square; take its root.",
                              "Itu rata-rata kuadratnya; ambil akarnya.")),
        Hint(0.9, 1.1, Text("The rectifier takes half of the mean square in every layer.",
                            "Penyearah menghilangkan separuh rata-rata kuadrat di setiap "
                            "lapisan.")),
    ), variant=Variant(
        Text("A plain net of ${layers}$ rectified layers starts with a gain of ${gain}$. By which "
             "factor does the signal's root mean square change, on average over the weights as "
             "in the text?",
             "Sebuah jaringan polos terdiri atas ${layers}$ lapisan berpenyearah, dengan penguatan "
             "awal ${gain}$. Akar rata-rata kuadrat sinyalnya menjadi berapa kali lipat, secara "
             "rata-rata atas bobot seperti dalam teks?"),
        {"layers": (6, 10, 14, 18, 24, 30), "gain": (0.8, 1.0, 1.2, 1.6, 2.0)},
        lambda layers, gain: math.sqrt(growth(gain, layers, residual=False)),
    )),
    Number("fixes-residual", lambda: growth(1.0, 16, residual=True), 0.02, hints=(
        Hint(60000, 70000, Text("The rectifier halves the branch's share: 1.5, not 2.",
                                "Karena penyearah, sumbangan cabang tinggal separuh: 1,5, bukan "
                                "2.")),
        Hint(25, 26, Text("That is the root mean square.", "Itu akar rata-rata kuadratnya.")),
    ), variant=Variant(
        Text("A net of ${blocks}$ blocks $x + f(x)$ starts with a gain of ${gain}$. By which "
             "factor does the mean square grow, if the two terms are taken as uncorrelated?",
             "Sebuah jaringan terdiri atas ${blocks}$ blok $x + f(x)$, penguatan awalnya ${gain}$. "
             "Rata-rata kuadratnya menjadi berapa kali lipat, jika kedua suku dianggap tidak "
             "berkorelasi?"),
        {"blocks": (4, 6, 8, 12, 20, 24), "gain": (0.5, 0.8, 1.0, 1.2, 1.4)},
        lambda blocks, gain: growth(gain, blocks, residual=True),
    )),
    Select("fixes-table", 1, (
        (Text("ReZero is better than pre-norm.", "ReZero lebih baik daripada pra-norm."),
         Text("Look at a rate of 0.004 too.", "Lihat juga laju 0,004.")),
        (Text("At this rate and on this net ReZero is stable and pre-norm is not.",
              "Pada laju ini dan jaringan ini, ReZero stabil, sedangkan pra-norm tidak."),
         Text("Whole rows may be compared, single columns may not.",
              "Yang boleh dibandingkan adalah baris utuh, bukan satu kolom.")),
        (Text("Pre-norm cannot be trained at 32 blocks.",
              "Pra-norm tidak dapat dilatih pada 32 blok."),
         Text("Its row comes down to 0.3 at a lower rate.",
              "Barisnya turun sampai 0,3 pada laju yang lebih rendah.")),
    )),
    Number("fixes-build", lambda: (1 + 0.5 / 100) ** 100, 0.001, hints=(
        Hint(1e16, 1e19, Text("The branch is not scaled yet.", "Cabangnya belum diskalakan.")),
        Hint(100, 200, Text("A factor of 0.1 on the branch is one of 0.01 on its mean square.",
                            "Faktor 0,1 pada cabang berarti 0,01 pada rata-rata kuadratnya.")),
    )),
)  # fmt: skip

BUILDS = (Lines("fixes-build", "gain = 1\nblocks = 100\ntheta = theta + theta*gain**2/2", 100),)

PREDICTIONS = (
    Choose("fixes-rule", Text("Whose best run ends at the lower loss?",
                              "Optimizer mana yang loss akhir terbaiknya lebih rendah?"), (
        Text("Momentum's.", "Momentum."),
        Text("Adam's.", "Adam."),
        Text("Both end alike: only their best rates differ.",
             "Keduanya sama: yang berbeda hanya laju terbaiknya."),
    ), 1),
    Choose("fixes-signal", Text("Does a block that keeps the signal always train?",
                                "Apakah blok yang menjaga ukuran sinyal pasti dapat dilatih?"), (
        Text("Yes.", "Ya."),
        Text("No, the gradient may still vary from block to block.",
             "Tidak, gradiennya masih bisa berbeda di tiap blok."),
    ), 1, Text("Norm(f(x)) keeps it, and does not train.",
               "Norm(f(x)) menjaganya, tetapi tidak dapat dilatih.")),
    Choose("fixes-places", Text("Which of the three forms trains worst at 32 blocks?",
                                "Bentuk mana yang hasilnya paling buruk pada 32 blok?"), (
        Text("Norm(x + f(x))", "Norm(x + f(x))"),
        Text("x + Norm(f(x))", "x + Norm(f(x))"),
        Text("x + f(Norm(x))", "x + f(Norm(x))"),
    ), 0),
    Choose("fixes-warmup", Text("Will warmup be among the pairs that mend the net?",
                                "Apakah warmup ada dalam pasangan yang memperbaiki jaringan "
                                "itu?"), (
        Text("Yes, in most of them.", "Ya, dalam kebanyakan pasangan."),
        Text("Hardly.", "Hampir tidak pernah."),
    ), 1, Text("The net is so steep that the first rates of the ramp are already too high.",
               "Loss jaringan itu begitu terjal sehingga laju pertama dalam warmup pun sudah "
               "terlalu tinggi.")),
)  # fmt: skip
