"""Checks of the exercises of the chapter on instability types."""

import numpy as np

from stabsim._words import Text
from stabsim.exercises.frame.build import Curve
from stabsim.exercises.frame.exercise import Hint, Number, Select, Variant
from stabsim.exercises.frame.prediction import Choose
from stabsim.optimizers import momentum
from stabsim.simulation import simulate
from stabsim.workloads import resnet


def _edge() -> float:
    """The rate at which Momentum's threshold equals the changed network's sharpness."""
    net = resnet(blocks=2, channels=4, stride=1)
    trace = simulate(net, momentum(0.01), steps=1, batch_size=64, measure_sharpness_at=[0])
    return float(momentum(1.0).threshold(1.0)) / float(np.asarray(trace.sharpness)[0])


EXERCISES = (
    Select("instability-sparse", 2, (
        (Text("Nothing: where the loss fell, training was stable.",
              "Tidak ada: jika loss turun, pelatihannya stabil."),
         Text("Two points far apart can lie on any curve at all.",
              "Dua titik yang berjauhan dapat terletak pada kurva apa pun.")),
        (Text("A divergence.", "Sebuah divergensi."),
         Text("A run that diverged would show as NaN even in a sparse log.",
              "Run yang divergen akan tampak sebagai NaN, bahkan dalam log yang jarang.")),
        (Text("An early instability from which the run recovered.",
              "Ketidakstabilan awal yang kemudian pulih."),
         Text("Ask for the loss at every one of the first few hundred steps.",
              "Minta loss pada setiap langkah dari beberapa ratus langkah pertama.")),
    )),
    Number("instability-edge", _edge, 0.02, hints=(
        Hint(0.5, 10, Text("Is that the threshold of the network with stride 2?",
                           "Bukankah itu batas untuk jaringan dengan langkah geser 2?")),
    ), variant=Variant(
        Text("A network's sharpness at initialization is ${sharpness}$. At which learning rate "
             "does the threshold of Momentum, with $\\gamma = {gamma}$, come down to it?",
             "Ketajaman sebuah jaringan saat inisialisasi adalah ${sharpness}$. Pada laju "
             "pembelajaran berapa ambang Momentum, dengan $\\gamma = {gamma}$, turun sampai "
             "sama dengan ketajaman itu?"),
        {"sharpness": (12, 17, 24, 34, 46, 62, 85), "gamma": (0.5, 0.7, 0.8, 0.95)},
        lambda sharpness, gamma: float(momentum(1.0, gamma).threshold(1.0)) / sharpness,
    )),
    Number("instability-factor", lambda: 1 - 0.25 * 10, 0.0, hints=(
        Hint(1.4, 1.6, Text("Mind the sign: on which side of the bottom does the step end?",
                            "Perhatikan tandanya: di sisi mana dari dasar langkah itu berakhir?")),
        Hint(2.4, 2.6, Text("That is rate times curvature; the factor is one minus it.",
                            "Itu hasil kali laju dan kelengkungan; faktornya satu dikurangi hasil "
                            "itu.")),
    ), variant=Variant(
        Text("On a parabola of curvature $h = {curvature}$ gradient descent runs with "
             "$\\eta = {rate}$. By which factor does every step multiply the distance from the "
             "bottom?",
             "Pada parabola dengan kelengkungan $h = {curvature}$, penurunan gradien dijalankan "
             "dengan $\\eta = {rate}$. Pada setiap langkah, jarak ke dasar dikalikan "
             "dengan faktor berapa?"),
        {"curvature": (6, 8, 12, 14, 16, 24), "rate": (0.15, 0.2, 0.3, 0.35, 0.45)},
        lambda curvature, rate: 1 - rate * curvature,
    )),
)  # fmt: skip

BUILDS = (
    Curve(
        "instability-curve",
        Text("the loss at each step", "loss pada setiap langkah"),
        (2.3, 2.9, 6.1, 9.0, 8.0, 6.5, 5.0, 3.5, 2.2, 1.6, 1.2, 1.0, 0.9, 0.8, 0.7),
    ),
)

PREDICTIONS = (
    Choose("instability-where", Text("At which rates will the two networks differ most?",
                                     "Pada laju mana kedua jaringan paling berbeda?"), (
        Text("At the low ones.", "Pada laju rendah."),
        Text("At the high ones.", "Pada laju tinggi."),
        Text("At all of them alike.", "Pada semua laju sama saja."),
    ), 1, Text("At low rates the changed network even ends lower; at high ones it fails first.",
               "Pada laju rendah, hasil jaringan ubahan bahkan lebih baik; pada laju tinggi, "
               "jaringan itu lebih dahulu gagal.")),
    Choose("instability-step", Text("Where does the step land, and where at twice the rate?",
                                    "Di mana langkah itu mendarat, dan di mana pada dua kali laju "
                                    "itu?"), (
        Text("On the same side and nearer; then on the other side and nearer.",
             "Di sisi yang sama dan lebih dekat; lalu di sisi seberang dan lebih dekat."),
        Text("On the other side and nearer; then on the other side and farther.",
             "Di sisi seberang dan lebih dekat; lalu di sisi seberang dan lebih jauh."),
        Text("On the other side and farther, both times.",
             "Di sisi seberang dan lebih jauh, dua-duanya."),
    ), 1, Text("The factor 1 - ηh is about -0.4, and at twice the rate about -1.8.",
               "Faktor 1 - ηh kira-kira -0,4, dan pada dua kali laju itu kira-kira -1,8.")),
)  # fmt: skip
