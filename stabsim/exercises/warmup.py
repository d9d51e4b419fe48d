"""Checks of the exercises of the chapter on learning-rate warmup."""

import numpy as np

from stabsim._words import Text
from stabsim.exercises.frame.build import Lines
from stabsim.exercises.frame.exercise import Hint, Number, Select, Variant
from stabsim.exercises.frame.prediction import Choose
from stabsim.optimizers import sgd
from stabsim.schedules import cosine_decay, prepend_warmup
from stabsim.simulation import simulate
from stabsim.workloads import small_sharp_net, surface


def _lengthened(steps: int = 30_000, warmup: int = 1_500) -> float:
    return float(prepend_warmup(cosine_decay(0.1, steps), warmup).steps or 0)


def _crossing(sharpness: float, warmup: int, peak: float) -> float:
    """The step t at which 2 W / (peak t) is the sharpness."""
    return 2 * warmup / (peak * sharpness)


def _meets() -> float:

    trace = simulate(small_sharp_net(), sgd(0.0), steps=1, evaluate_at=(), measure_sharpness_at=[0])
    return _crossing(float(np.asarray(trace.sharpness)[0]), warmup=40, peak=0.35)


def _uv() -> float:
    """The curvature u^2 + v^2 after a catapult."""
    start = (2.0, 0.4)
    rate = 3 / (start[0] ** 2 + start[1] ** 2)
    run = simulate(surface("uv", start=start), sgd(rate), steps=60, record_parameters=True)
    return float((run.parameters[-1] ** 2).sum())


EXERCISES = (
    Select("warmup-when", 1, (
        (Text("The loss falls for an hour, then spikes once and comes back.",
              "Loss turun selama satu jam, lalu melonjak sekali dan pulih."),
         Text("By then a ramp is long over. Think of clipping.",
              "Saat itu warmup sudah lama selesai. Pertimbangkan pemotongan gradien.")),
        (Text("At twice its best rate the loss leaps within the first ten steps.",
              "Pada dua kali laju terbaiknya, loss melonjak dalam sepuluh langkah pertama."),
         Text("The best rate is at the edge, and the trouble is early.",
              "Laju terbaiknya ada di tepi, dan masalahnya timbul di awal.")),
        (Text("The first unstable rate is fifty times the best one.",
              "Laju tidak stabil yang pertama lima puluh kali laju terbaiknya."),
         Text("Then something other than stability sets the best rate.",
              "Kalau begitu, bukan kestabilan yang menentukan laju terbaiknya.")),
    )),
    Number("warmup-lengthened", _lengthened, 0.0, Text("steps", "langkah"), hints=(
        Hint(30_000, 30_000, Text("Then the ramp would have been cut out of the old schedule.",
                                  "Itu berarti warmup diambil dari jadwal yang lama.")),
        Hint(33_000, 33_000, Text("The constant rate for twice the ramp is only for the search.",
                                  "Laju tetap selama dua kali warmup hanya untuk pencarian.")),
    ), variant=Variant(
        Text("A training job has a cosine schedule of ${steps}$ steps. You prepend ${warmup}$ "
             "steps of warmup as the playbook prescribes. How many steps does it take now?",
             "Sebuah pelatihan memakai jadwal kosinus ${steps}$ langkah. Anda memasang warmup "
             "${warmup}$ langkah di depannya sesuai anjuran playbook. Berapa langkah pelatihannya "
             "sekarang?"),
        {"steps": (12_000, 20_000, 24_000, 40_000, 50_000), "warmup": (400, 500, 700, 900, 1_200)},
        _lengthened,
    )),
    Number("warmup-meets", _meets, 0.05, Text("steps", "langkah"), hints=(
        Hint(0.7, 0.9, Text("The threshold is two over the rate, not one.",
                            "Ambangnya dua dibagi laju, bukan satu dibagi laju.")),
        Hint(10, 40, Text("That is where the lines cross in the lab. Suppose that the sharpness "
                          "stays as it was at step 0.",
                          "Itu titik potong kedua garis di lab. Andaikan ketajamannya tetap "
                          "seperti pada langkah 0.")),
    ), variant=Variant(
        Text("A network starts with a sharpness of ${sharpness}$. On a ramp of $W = {warmup}$ "
             "steps to a peak of ${peak}$, at which (fractional) step would the threshold "
             "$2/\\eta_t$ reach it, if the sharpness did not change?",
             "Ketajaman awal sebuah jaringan ${sharpness}$. Dengan warmup $W = {warmup}$ "
             "langkah menuju puncak ${peak}$, ambang $2/\\eta_t$ mencapainya pada langkah "
             "(pecahan) berapa, andaikan ketajamannya tidak berubah?"),
        {
            "sharpness": (60.0, 90.0, 120.0, 160.0), "warmup": (30, 50, 80),
            "peak": (0.1, 0.2, 0.25, 0.5),
        },
        _crossing,
    )),
    Select("warmup-scaling", 1, (
        (Text("It stays the same.", "Tetap sama."),
         Text("Follow the border between the crosses and the triangles to the right.",
              "Ikuti batas antara tanda silang dan segitiga ke arah kanan.")),
        (Text("It doubles.", "Menjadi dua kali lipat."),
         Text("What counts is the growth of the rate per step.",
              "Yang menentukan adalah kenaikan laju per langkah.")),
        (Text("It grows fourfold.", "Menjadi empat kali lipat."),
         Text("Read off the shortest at 0.25 and at 1: that is two doublings.",
              "Baca warmup terpendek pada 0,25 dan pada 1: dari 0,25 ke 1, laju "
              "digandakan dua kali.")),
    )),
    Number("warmup-uv", _uv, 0.01, hints=(
        Hint(4.159, 4.161, Text("Nothing has moved yet: write the update.",
                                "Belum ada yang berubah: tulis pembaruannya.")),
    )),
)  # fmt: skip

BUILDS = (
    Lines(
        "warmup-uv",
        "u_0 = 2\nv_0 = 0.4\neta = 3/(2**2 + 0.4**2)\nf = u*v\nu = u\nv = v\ntheta = u**2 + v**2",
        60,
    ),
)

PREDICTIONS = (
    Choose("warmup-edge", Text("Where will the best of these rates stand?",
                               "Di mana letak laju terbaik di antara laju-laju itu?"), (
        Text("In the middle: on both sides of it the loss ends a little higher.",
             "Di tengah: di kedua sisinya, loss akhir sedikit lebih tinggi."),
        Text("At the edge: a few steps of the grid further, runs come to nothing.",
             "Di tepi: beberapa tingkat sweep lebih tinggi, run sudah gagal."),
        Text("At the lowest rate of all.", "Pada laju yang paling rendah."),
    ), 1),
    Choose("warmup-length", Text("How many of the 400 steps must the ramp take?",
                                 "Berapa dari 400 langkah itu yang diperlukan untuk warmup?"), (
        Text("5", "5"), Text("10", "10"), Text("20 or 40", "20 atau 40"),
        Text("more than 40", "lebih dari 40"),
    ), 2),
    Choose("warmup-doubled", Text("When the peak doubles, the shortest warmup that survives",
                                  "Jika puncaknya digandakan, panjang warmup terpendek yang "
                                  "berhasil"), (
        Text("stays the same.", "tetap sama."),
        Text("doubles.", "menjadi dua kali lipat."),
        Text("grows fourfold.", "menjadi empat kali lipat."),
    ), 1, Text("Follow the border on the map to the right.",
               "Ikuti batasnya ke kanan pada peta.")),
)  # fmt: skip
