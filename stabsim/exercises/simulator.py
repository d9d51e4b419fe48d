"""Checks of the exercises on the simulator's page."""

from stabsim._words import Text
from stabsim.exercises.frame.exercise import Hint, Number, Variant
from stabsim.exercises.frame.prediction import Choose
from stabsim.optimizers import adam, momentum

EXERCISES = (
    Number("simulator-momentum", lambda: float(momentum(0.2, 0.9).threshold(0.2)), 0.01, hints=(
        Hint(9.9, 10.1, Text("That is the threshold without momentum.",
                             "Itu ambang tanpa momentum.")),
    ), variant=Variant(
        Text("The tanh net is trained at a rate of ${rate}$ by Momentum with "
             "$\\gamma = {gamma}$: at which sharpness does the threshold lie?",
             "Jaringan tanh dilatih pada laju ${rate}$ dengan Momentum dan $\\gamma = {gamma}$: "
             "berapa ambang ketajamannya?"),
        {"rate": (0.04, 0.05, 0.1, 0.16, 0.25, 0.4), "gamma": (0.5, 0.6, 0.7, 0.8)},
        lambda rate, gamma: float(momentum(rate, gamma).threshold(rate)),
    )),
    Number("simulator-adam", lambda: float(adam(0.001).threshold(0.001)), 0.01, hints=(
        Hint(1990, 2010, Text("That is 2/η; for Adam the average of the gradients counts too.",
                              "Itu 2/η; pada Adam, rata-rata bergerak gradien ikut menentukan.")),
    ), variant=Variant(
        Text("Adam runs at a rate of ${rate}$ with $\\beta_1 = {beta}$: at which *preconditioned* "
             "sharpness does its threshold lie?",
             "Untuk Adam pada laju ${rate}$ dengan $\\beta_1 = {beta}$, berapa ambang ketajaman "
             "*berprakondisi*-nya?"),
        {"rate": (0.002, 0.004, 0.005, 0.01, 0.02), "beta": (0.5, 0.6, 0.8, 0.95)},
        lambda rate, beta: float(adam(rate, beta).threshold(rate)),
    )),
)  # fmt: skip

BUILDS = ()

PREDICTIONS = (
    Choose("simulator-end", Text("Where will a survivor's sharpness be in the end?",
                                 "Berapa ketajaman akhir run yang selamat?"), (
        Text("Where it began, above 30.", "Tetap seperti semula, di atas 30."),
        Text("At 10, whichever seed survives.", "Di 10, dengan seed mana pun."),
        Text("Near 0.", "Di dekat 0."),
    ), 1, Text("Above 10 the run is unstable and is driven away; a minimum need not be flat, so it "
               "does not fall to 0 either.",
               "Di atas 10, run tidak stabil sehingga terdorong menjauh; minimum tidak harus "
               "landai, jadi ketajamannya juga tidak turun ke 0.")),
)  # fmt: skip
