"""Checks of the exercises of the chapter on the batch size."""

from itertools import permutations
from statistics import mean

import jax.numpy as jnp

from stabsim._words import Text
from stabsim.exercises.frame.build import Notebook
from stabsim.exercises.frame.exercise import Hint, Number, Select, Variant
from stabsim.exercises.frame.prediction import Choose
from stabsim.noise import GradientNoise


def _scaled(rate: float = 0.012, small: int = 32, large: int = 160) -> float:
    """Where to start at a larger batch size, with plain SGD and the same number of epochs."""
    return rate * large / small


def _variance(measured: float = 0.38, small: int = 50, large: int = 200) -> float:
    """tr S from the variance at one batch size, and that at another, of 1,000 examples."""
    noise = measured * small / (1 - small / 1000)
    whole = GradientNoise(signal=jnp.ones(()), noise=jnp.asarray(noise), rows=1000)
    return float(whole.variance(large))


def _critical(times: float = 2.0, noise: float = 44.0) -> float:
    """At which batch size training takes so many times the least number of steps."""
    return noise / (times - 1)


def _pairs() -> float:
    """The variance of the mean of two of eight squares, over all pairs that can occur."""
    values = [k**2 for k in range(8)]
    whole = mean(values)
    return mean((mean(pair) - whole) ** 2 for pair in permutations(values, 2))


EXERCISES = (
    Select("batch-colleague", 2, (
        (Text("Small batches generalize better.", "Generalisasi batch kecil lebih baik."),
         Text("At the first rate in this chapter they did, at the second they did not.",
              "Pada laju pertama di bab ini memang begitu, pada laju kedua sebaliknya.")),
        (Text("Batches of 4,096 need more epochs.", "Batch 4.096 memerlukan lebih banyak epoch."),
         Text("Perhaps. But its rate has not been tuned yet.",
              "Mungkin. Namun, lajunya belum disetel.")),
        (Text("Nothing, until the rate has been tuned for 4,096 as well.",
              "Tidak ada, sebelum lajunya disetel pula untuk 4.096."),
         Text("With as many trials as 256 had.", "Dengan percobaan sebanyak untuk 256.")),
        (Text("The difference is too small to be real.",
              "Bedanya terlalu kecil, mungkin hanya kebetulan."),
         Text("It may well be real. The question is what causes it.",
              "Bisa jadi memang nyata. Pertanyaannya: apa penyebabnya?")),
    )),
    Number("batch-scaled", _scaled, 0.01, hints=(
        Hint(0.012, 0.012, Text("Then a step would be worth five times as many examples, and no "
                                "longer.",
                                "Dengan itu, satu langkah memakai lima kali lebih banyak "
                                "contoh, tetapi tidak lebih panjang.")),
        Hint(0.0267, 0.027, Text("The square root is for Adam. Here η/B stays the same.",
                                 "Akar kuadrat itu untuk Adam. Di sini η/B yang tetap.")),
        Hint(0.0024, 0.0024, Text("The other way round.", "Itu terbalik.")),
    ), variant=Variant(
        Text("With batches of {small} the best rate of plain SGD is ${rate}$. Where would you "
             "start the search for batches of {large}, at the same number of epochs?",
             "Dengan batch {small}, laju terbaik SGD biasa adalah ${rate}$. Dari mana Anda "
             "memulai pencarian untuk batch {large}, pada jumlah epoch yang sama?"),
        {"small": (16, 24, 32), "large": (96, 144, 240), "rate": (0.004, 0.006, 0.01, 0.014, 0.02)},
        lambda small, large, rate: _scaled(rate, small, large),
    )),
    Number("batch-variance", _variance, 0.01, hints=(
        Hint(0.0949, 0.0951, Text("Without the factor 1 - B/N, which is not the same at 200.",
                                  "Itu tanpa faktor 1 - B/N, yang pada 200 berbeda.")),
        Hint(0.0759, 0.0761, Text("At 50 the factor is not 1 either.",
                                  "Pada 50 pun faktor itu bukan 1.")),
    ), variant=Variant(
        Text("There are 1,000 training examples, and the minibatch gradient at $B = {small}$ has "
             "variance ${measured}$. What is it at $B = {large}$, drawn without replacement?",
             "Ada 1.000 contoh pelatihan, dan ragam gradien minibatch pada $B = {small}$ adalah "
             "${measured}$. Berapa ragamnya pada $B = {large}$, jika contoh diambil tanpa "
             "pengembalian?"),
        {"small": (40, 60, 80), "large": (160, 250, 400, 500), "measured": (0.24, 0.46, 0.57)},
        lambda small, large, measured: _variance(measured, small, large),
    )),
    Select("batch-regions", 1, (
        (Text("Steps fall by a factor of 64.", "Langkahnya 64 kali lebih sedikit."),
         Text("So they would on the dashed line.",
              "Itu jika langkahnya mengikuti garis putus-putus.")),
        (Text("Steps fall by less than a factor of three, and examples grow more than twentyfold.",
              "Langkahnya kurang dari tiga kali lebih sedikit, sedangkan contohnya lebih dari "
              "dua puluh kali lebih banyak."),
         Text("Most of what was added buys nothing.",
              "Sebagian besar contoh tambahan itu tidak ada gunanya.")),
        (Text("Steps rise, since large batches generalize worse.",
              "Langkahnya bertambah, sebab generalisasi batch besar lebih buruk."),
         Text("The target is a validation error, and 1,024 reaches it too, in fewer steps.",
              "Targetnya galat validasi, dan 1.024 pun mencapainya, dalam lebih sedikit langkah.")),
    )),
    Number("batch-critical", _critical, 0.01, hints=(
        Hint(22, 22, Text("There it takes three times the least number.",
                          "Di situ langkahnya tiga kali minimumnya.")),
        Hint(88, 88, Text("There it takes one and a half times the least number.",
                          "Di situ langkahnya satu setengah kali minimumnya.")),
    ), variant=Variant(
        Text("In the model $S(B) = S_0\\,(1 + b/B)$ let $b$, the noise scale, be ${noise}$. At "
             "which batch size does training take exactly ${times}$ times the least number of "
             "steps, $S_0$?",
             "Dalam model $S(B) = S_0\\,(1 + b/B)$, misalkan $b$, skala derau, sama dengan "
             "${noise}$. Banyaknya langkah tepat ${times}$ kali minimumnya, $S_0$, pada ukuran "
             "batch berapa?"),
        {"noise": (36, 48, 72, 90, 120), "times": (1.25, 1.5, 3, 5)},
        _critical,
    )),
    Number("batch-pairs", _pairs, 0.001, hints=(
        Hint(139, 139.25, Text("That is with replacement: no minibatch holds an example twice.",
                              "Itu dengan pengembalian: tidak ada minibatch yang memuat satu "
                              "contoh dua kali.")),
    )),
)  # fmt: skip

BUILDS = (Notebook("batch-pairs"),)

PREDICTIONS = (
    Choose("batch-shared", Text("Which batch size ends with the lowest validation error?",
                                "Ukuran batch mana yang menghasilkan galat validasi terendah?"), (
        Text("8, at both rates.", "8, pada kedua laju."),
        Text("512, at both rates.", "512, pada kedua laju."),
        Text("A small one at the low rate, a large one at the high rate.",
             "Yang kecil pada laju rendah, yang besar pada laju tinggi."),
    ), 2),
    Choose("batch-tuned", Text("With a rate of its own for each, which of the four is best?",
                               "Jika masing-masing memakai lajunya sendiri, mana yang terbaik?"), (
        Text("8", "8"), Text("512", "512"),
        Text("They are nearly equal, and the best rate grows with the batch.",
             "Hampir sama, dan laju terbaiknya naik bersama ukuran batch."),
    ), 2),
    Choose("batch-untouched", Text("At 512 with the rate untouched, the error will be",
                                   "Pada 512 dengan laju yang tidak diubah, galatnya"), (
        Text("below 12%.", "di bawah 12%."),
        Text("12 to 30%.", "12 sampai 30%."),
        Text("above 30%.", "di atas 30%."),
    ), 2, Text("A rate of 1/2 is still stable, and most seeds then end below 12%.",
               "Laju 1/2 masih stabil, dan dengan itu kebanyakan seed berakhir di bawah 12%.")),
    Choose("batch-fewer", Text("From batches of 1 to 16, and from 256 to 1,024, the steps fall",
                               "Dari batch 1 ke 16, lalu dari 256 ke 1.024, banyaknya "
                               "langkah menjadi"), (
        Text("16 times, then 4 times.", "seperenam belasnya, lalu seperempatnya."),
        Text("nearly 16 times, then hardly at all.", "hampir seperenam belasnya, lalu "
                                                     "hampir sama."),
        Text("4 times, then twice.", "seperempatnya, lalu separuhnya."),
    ), 1),
)  # fmt: skip
