"""Checks of the exercises of the chapter on update rules."""

from stabsim.exercises.exercise import Hint, Number, Select
from stabsim.optimizers import adam, nesterov
from stabsim.simulate import simulate
from stabsim.words import Text
from stabsim.workloads import quadratic

STATE = {"sgd": 0, "momentum": 1, "nesterov": 1, "rmsprop": 2, "adam": 2, "nadam": 2}
"""How many numbers each rule remembers for a parameter."""


def _after_ten_steps(rule) -> float:
    trace = simulate(quadratic([1.0]), rule, steps=10, record_parameters=True)
    return float(trace.parameters[-1, 0])


def _first_step() -> float:
    start = 0.003  # on this parabola the gradient is the parameter
    trace = simulate(quadratic([1.0], start), adam(0.01), steps=1)
    return float(trace.update_norm[0])


EXERCISES = (
    Number("optimizers-memory", lambda: 4.0 * STATE["adam"], 0.01, Text("GB", "GB"), hints=(
        Hint(3.9, 4.1, Text("Adam remembers two averages for each parameter.",
                            "Adam mengingat dua rata-rata untuk setiap parameter.")),
        Hint(11.9, 16.1, Text("The state alone, without the parameters and the gradients.",
                              "Keadaannya saja, tanpa parameter dan gradien.")),
    )),
    Number("optimizers-nesterov", lambda: float(nesterov(1.0).threshold(1.0)) / 50, 0.01, hints=(
        Hint(0.0755, 0.0765, Text("That is Momentum's threshold.", "Itu ambang Momentum.")),
        Hint(0.0395, 0.0405, Text("That is SGD's threshold.", "Itu ambang SGD.")),
    )),
    Number("optimizers-first-step", _first_step, 0.02, hints=(
        Hint(0.00002, 0.00004, Text("That is SGD's step: rate times gradient.",
                                    "Itu langkah SGD: laju kali gradien.")),
        Hint(0.031, 0.032, Text("That is the step without the bias correction.",
                                "Itu langkah tanpa koreksi bias.")),
    )),
    Select("optimizers-paper", 1, (
        (Text("That Momentum is the better rule for this workload.",
              "Bahwa Momentum aturan yang lebih baik untuk beban kerja ini."),
         Text("One rule was tuned and the other was not.",
              "Satu aturan disetel, yang lain tidak.")),
        (Text("That Adam's default metaparameters do not suit this workload.",
              "Bahwa metaparameter bawaan Adam tidak cocok untuk beban kerja ini."),
         Text("Tuned as well, Adam could at least have imitated Momentum.",
              "Jika disetel juga, Adam sekurang-kurangnya dapat meniru Momentum.")),
        (Text("That adaptive rules lead to a worse minimum.",
              "Bahwa aturan adaptif menuju minimum yang lebih buruk."),
         Text("An untuned run says nothing about what a rule can reach.",
              "Run yang tidak disetel tidak mengatakan apa-apa tentang kemampuan suatu aturan.")),
        (Text("Nothing at all.", "Tidak ada sama sekali."),
         Text("It does say something of the two settings that were run.",
              "Setidaknya ada yang dikatakannya tentang dua setelan yang dijalankan.")),
    )),
    Number("optimizers-build", lambda: _after_ten_steps(nesterov(0.1, 0.9)), 0.01, hints=(
        Hint(-0.6, -0.57, Text("That is still Momentum.", "Itu masih Momentum.")),
    )),
)  # fmt: skip
