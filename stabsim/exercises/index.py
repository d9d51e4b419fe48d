"""Checks of the exercises of the welcome page."""

from typing import Any

from stabsim._words import Text
from stabsim.diagnosis import Verdict, diagnose
from stabsim.exercises.frame.build import Notebook
from stabsim.exercises.frame.exercise import Hint, Number, Select, Variant
from stabsim.exercises.frame.prediction import Axis, Draw
from stabsim.optimizers import sgd
from stabsim.schedules import linear_warmup
from stabsim.simulation import simulate
from stabsim.sweeps.diagnosis import diagnose_sweep
from stabsim.sweeps.sweep import sweep
from stabsim.workloads import residual_mlp


def _run(learning_rate: float, warmup: int) -> Any:
    """The diagnosis of a run of the first lab."""
    from stabsim.labs.first import LAB  # charts need Altair, and checks do not

    setting = LAB.defaults | {"learning_rate": learning_rate, "warmup": warmup}
    return diagnose(LAB.compute(setting)["run"]["loss"])


def _step() -> float:
    return float(_run(0.00776, 0).diverged_at)


def _highest() -> float:
    return max(4.0**k for k in range(-5, 0) if _run(4.0**k, 20).verdict is Verdict.STABLE)


EXERCISES = (
    Number("index-step", _step, 0.0),
    Number("index-climb", lambda: float(linear_warmup(0.02, 40)(10)), 0.001, hints=(
        Hint(0.0199, 0.0201, Text("That is the peak, which is reached after 40 steps.",
                                  "Itu puncaknya, yang dicapai setelah 40 langkah.")),
    ), variant=Variant(
        Text("A warmup of ${warmup}$ steps climbs in a straight line from zero to a peak of "
             "${peak}$. What is the learning rate after ${step}$ steps?",
             "Warmup ${warmup}$ langkah menaikkan laju secara linear dari nol sampai puncak "
             "${peak}$. Berapa laju pembelajaran sesudah ${step}$ langkah?"),
        {"warmup": (40, 80, 160, 200), "peak": (0.04, 0.08, 0.12, 0.24), "step": (5, 10, 25, 30)},
        lambda warmup, peak, step: float(linear_warmup(peak, warmup)(step)),
    )),
    Select("index-cliff", 1, (
        (Text("The best rate has been found: there is nothing left to gain.",
              "Laju terbaik sudah ditemukan: tidak ada lagi yang dapat diperbaiki."),
         Text("It is the best of those that survive. What would a network gain that survived more?",
              "Itu yang terbaik di antara yang selamat. Bagaimana jika jaringannya stabil "
              "sampai laju yang lebih tinggi?")),
        (Text("Stability, not learning, decides the rate here.",
              "Di sini laju ditentukan oleh kestabilan, bukan oleh kemampuan belajar."),
         Text("So it pays to mend the instability before tuning anything else.",
              "Jadi, ada untungnya mengatasi ketidakstabilan itu sebelum menyetel yang lain.")),
        (Text("The network is too small for the data.",
              "Jaringannya terlalu kecil untuk datanya."),
         Text("The sweep says nothing about that: its losses were still falling.",
              "Hal itu tidak terlihat dari sweep: loss-nya masih turun.")),
    )),
    Number("index-highest", _highest, 0.0, hints=(
        Hint(-20, -1, Text("Give the rate itself, such as 4^-5, not the exponent.",
                           "Tuliskan lajunya, misalnya 4^-5, bukan pangkatnya.")),
    )),
)  # fmt: skip

RATES = tuple(2.0**k for k in range(-14, -3))


def _sweep() -> list[tuple[float, float]]:
    """The chapter's sweep: each rate, and the median final loss at it."""
    net = residual_mlp(depth=16)

    def experiment(learning_rate, seed):
        return simulate(net, sgd(learning_rate), steps=400, batch_size=64, seed=seed)

    runs = sweep(experiment, learning_rate=list(RATES), seed=range(5), progress=False)
    found = diagnose_sweep(runs)
    return list(zip(map(float, found.learning_rate), map(float, found.objective), strict=True))


BUILDS = (Notebook("index-highest"),)

PREDICTIONS = (
    Draw(
        "index-rates",
        Text("How does the final loss depend on the learning rate? Where you expect no result at "
             "all, draw at the top.",
             "Bagaimana loss akhir bergantung pada laju pembelajaran? Untuk laju yang menurut Anda "
             "tidak memberi hasil sama sekali, gambar di tepi atas."),
        Axis(Text("learning rate", "laju pembelajaran"), RATES[0] / 1.3, RATES[-1] * 1.3,
             (1e-4, 1e-3, 1e-2)),
        Axis(Text("final loss", "loss akhir"), 0.1, 10, (0.1, 1.0, 10.0)),
        RATES, _sweep,
    ),
)  # fmt: skip
