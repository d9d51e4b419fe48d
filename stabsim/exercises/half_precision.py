"""Checks of the exercises of the chapter on half precision."""

import math

from stabsim._words import Text
from stabsim.exercises.frame.exercise import Hint, Number, Select, Variant
from stabsim.exercises.frame.prediction import Choose

LEAST = 2.0**-24
"""The least number of float16 above 0."""


def _half_gap(weight: float = 0.3) -> float:
    """Half the gap to a weight's neighbour in bfloat16."""
    return 2.0 ** (math.floor(math.log2(weight)) - 8)


def _scale(entry: float = 1e-9) -> float:
    """The least power of two that brings an entry to float16's least number."""
    return 2.0 ** math.ceil(math.log2(LEAST / entry))


def _skipped(interval: int = 2000, steps: int = 100_000) -> float:
    """How many steps a scale skips that overflows whenever it is doubled."""
    return steps / (interval + 1)


EXERCISES = (
    Select("half-finite", 1, (
        (Text("Gradients that are rounded to 0.", "Gradien yang dibulatkan menjadi 0."),
         Text("With bfloat16 that is the one thing that hardly happens: it has float32's range.",
              "Justru itu yang hampir tidak terjadi dengan bfloat16: jangkauannya sama dengan "
              "float32.")),
        (Text("Weights that stand still.", "Bobot yang diam."),
         Text("Eight bits of precision make gaps of up to 1/128 of a weight.",
              "Dengan ketelitian delapan bit, jarak antarbilangan mencapai 1/128 dari besarnya "
              "bobot.")),
        (Text("Outputs that overflow at 100,000.", "Keluaran yang overflow pada 100.000."),
         Text("That is float16, which ends at 65,504.",
              "Itu float16, yang berakhir pada 65.504.")),
    )),
    Number("half-gap", _half_gap, 0.01, hints=(
        Hint(0.00195, 0.00196, Text("That is the whole gap. From its middle on one rounds on.",
                                    "Itu seluruh jaraknya. Mulai dari tengahnya, hasil sudah "
                                    "dibulatkan ke tetangga berikutnya.")),
        Hint(0.00117, 0.00118, Text("The gap is that of the power of two below the weight.",
                                    "Jarak itu ditentukan oleh pangkat dari dua di bawah "
                                    "bobotnya.")),
    ), variant=Variant(
        Text("A weight of ${weight}$ is kept in bfloat16 and rounded to the nearest. How long must "
             "a step be at least to move it?",
             "Sebuah bobot ${weight}$ disimpan dalam bfloat16 dan dibulatkan ke yang terdekat. "
             "Berapa panjang langkah terpendek yang masih menggerakkan bobot itu?"),
        {"weight": (0.03, 0.04, 0.05, 0.07, 0.09, 0.1, 0.15, 0.2, 0.4, 0.6, 0.7, 0.9, 1.5, 3.0)},
        _half_gap,
    )),
    Number("half-scale", _scale, 0.0, hints=(
        Hint(59, 60.5, Text("Now the next power of two.", "Sekarang pangkat dari dua berikutnya.")),
        Hint(32, 32, Text("That leaves it under the least number.",
                          "Dengan itu, entrinya masih di bawah bilangan terkecil.")),
        Hint(65536, 65536, Text("That brings it to the least normal number. Subnormal ones go on "
                                "below.",
                                "Dengan skala itu, entrinya mencapai bilangan normal terkecil. "
                                "Di bawahnya masih ada bilangan subnormal.")),
    ), variant=Variant(
        Text("An entry of a gradient is ${entry}$. What is the least loss scale, a power of two, "
             "that brings it to float16's least positive number or above?",
             "Sebuah entri gradien bernilai ${entry}$. Berapa skala loss terkecil, berupa "
             "pangkat dari dua, yang membuat entri itu sebesar bilangan positif terkecil float16 "
             "atau lebih?"),
        {"entry": (2e-12, 3e-12, 7e-12, 2e-11, 3e-11, 7e-11, 2e-10, 4e-10, 7e-10, 2e-9, 3e-9,
                   5e-9, 1e-8, 2e-8)}, _scale,
    )),
    Number("half-skipped", _skipped, 0.01, hints=(
        Hint(0, 0, Text("Each doubling overflows, and is taken back.",
                        "Setiap penggandaan menimbulkan overflow, lalu dibatalkan.")),
    ), variant=Variant(
        Text("A scaler doubles its scale after ${interval}$ good steps, and the gradients are "
             "finite at the scale as it is but not at its double. How many of ${steps}$ steps are "
             "skipped, about?",
             "Sebuah penskala menggandakan skalanya setelah ${interval}$ langkah baik; gradien "
             "berhingga pada skala sekarang tetapi tidak pada dua kalinya. Kira-kira berapa dari "
             "${steps}$ langkah yang dilewati?"),
        {"interval": (100, 200, 500, 1000), "steps": (20_000, 50_000, 200_000)}, _skipped,
    )),
    Select("half-log", 2, (
        (Text("Clip the gradients.", "Memotong gradien."),
         Text("An infinite norm cannot be shortened: infinity times 0 is no number.",
              "Norma tak hingga tidak dapat dipotong: tak hingga kali 0 bukan bilangan.")),
        (Text("Lower the learning rate.", "Menurunkan laju pembelajaran."),
         Text("Nothing is unstable: those steps were not taken.",
              "Tidak ada yang tidak stabil: langkah-langkah itu tidak diambil.")),
        (Text("Nothing.", "Tidak melakukan apa-apa."),
         Text("The scaler seeks the highest scale at which the gradients are finite, and has to "
              "pass it for that.",
              "Penskala mencari skala tertinggi yang gradiennya masih berhingga, dan untuk itu, "
              "skala harus melampauinya.")),
    )),
    Select("half-patient", 2, (
        (Text("In an output, on the way forward.", "Pada keluaran, dalam lintasan maju."),
         Text("At that step the first map is finite throughout.",
              "Pada langkah itu, seluruh peta pertama berhingga.")),
        (Text("In a gradient, on the way back.", "Pada gradien, dalam lintasan mundur."),
         Text("At that step the second map is finite throughout.",
              "Pada langkah itu, seluruh peta kedua berhingga.")),
        (Text("In the update.", "Pada pembaruan."),
         Text("A second moment that became 0, and an epsilon that became 0: m/0.",
              "Momen kedua yang menjadi 0, dan epsilon yang menjadi 0: m/0.")),
    )),
)  # fmt: skip

BUILDS = ()

PREDICTIONS = (
    Choose("half-lose", Text("Of 70,000 and 1.001", "Dari 70.000 dan 1,001"), (
        Text("float16 loses the first, bfloat16 the second.",
             "yang pertama hilang dalam float16, yang kedua dalam bfloat16."),
        Text("float16 loses the second, bfloat16 the first.",
             "yang kedua hilang dalam float16, yang pertama dalam bfloat16."),
        Text("both lose both.", "keduanya hilang dalam kedua format."),
    ), 0, Text("Float16 ends at 65,504, and beside 1 bfloat16 has nothing before 1.0078.",
               "Float16 berakhir pada 65.504, dan bilangan bfloat16 berikutnya sesudah 1 adalah "
               "1,0078.")),
    Choose("half-control", Text("A scale that is doubled after every 20 good steps will",
                                "Skala yang digandakan setiap 20 langkah baik akan"), (
        Text("rescue the run from below, and not from above.",
             "menyelamatkan run dari ujung bawah, tetapi tidak dari ujung atas."),
        Text("rescue the run from both ends.", "menyelamatkan run dari kedua ujung."),
        Text("make the healthy run in the middle fail too.",
             "membuat run yang sehat di tengah ikut gagal."),
    ), 1, Text("From below it climbs, and from above it comes down at once, a skipped step at a "
               "time.",
               "Dari bawah, skala itu naik; dari atas, skala itu langsung turun, dengan satu "
               "langkah dilewati setiap kali.")),
    Choose("half-still", Text("Of the weights, a step of Adam at a rate of 0.0001 moves",
                              "Dari semua bobot, satu langkah Adam pada laju 0,0001 menggerakkan"),
           (
        Text("nearly all.", "hampir semuanya."),
        Text("about half.", "kira-kira separuh."),
        Text("about one in ten.", "kira-kira sepersepuluh."),
    ), 2, Text("Only those are moved whose half gap is shorter than the step: the small ones.",
               "Yang bergerak hanya bobot yang setengah jaraknya lebih pendek daripada langkah "
               "itu, yaitu bobot yang kecil.")),
    Choose("half-image", Text("With one broken image among the training data:",
                              "Dengan satu gambar rusak di antara data latih:"), (
        Text("float16 is lost from then on, and bfloat16 goes on.",
             "float16 gagal sejak saat itu, sedangkan bfloat16 terus berjalan."),
        Text("bfloat16 is lost from then on, and float16 goes on.",
             "bfloat16 gagal sejak saat itu, sedangkan float16 terus berjalan."),
        Text("both are lost.", "keduanya gagal."),
    ), 0),
)  # fmt: skip
