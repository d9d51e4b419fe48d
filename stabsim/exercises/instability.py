"""Checks of the exercises of the chapter on instability types."""

import numpy as np

from stabsim.exercises.exercise import Hint, Number, Select
from stabsim.optimizers import momentum
from stabsim.simulate import simulate
from stabsim.words import Text
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
              "Run yang divergen akan tampak sebagai NaN, bahkan dalam catatan yang jarang.")),
        (Text("An early instability from which the run recovered.",
              "Ketidakstabilan awal yang kemudian pulih."),
         Text("Ask for the loss at every one of the first few hundred steps.",
              "Mintalah loss pada setiap langkah dari beberapa ratus langkah pertama.")),
    )),
    Number("instability-edge", _edge, 0.02, hints=(
        Hint(0.5, 10, Text("Is that the threshold of the network with stride 2?",
                           "Bukankah itu batas untuk jaringan dengan langkah geser 2?")),
    )),
    Number("instability-factor", lambda: 1 - 0.25 * 10, 0.0, hints=(
        Hint(1.4, 1.6, Text("Mind the sign: on which side of the bottom does the step end?",
                            "Perhatikan tandanya: di sisi mana dari dasar langkah itu berakhir?")),
        Hint(2.4, 2.6, Text("That is rate times curvature; the factor is one minus it.",
                            "Itu hasil kali laju dan kelengkungan; faktornya satu dikurangi itu.")),
    )),
)  # fmt: skip
