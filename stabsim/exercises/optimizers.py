"""Checks of the exercises of the chapter on update rules."""

import numpy as np

from stabsim._words import Text
from stabsim.exercises.frame.build import Lines
from stabsim.exercises.frame.exercise import Hint, Number, Select, Variant
from stabsim.exercises.frame.prediction import Axis, Choose, Draw, Order
from stabsim.optimizers import adam, momentum, nesterov, sgd
from stabsim.simulation import simulate
from stabsim.workloads import mlp, quadratic

STATE = {"sgd": 0, "momentum": 1, "nesterov": 1, "rmsprop": 2, "adam": 2, "nadam": 2}
"""How many numbers each rule remembers for a parameter."""


def _after_ten_steps(rule) -> float:
    trace = simulate(quadratic([1.0]), rule, steps=10, record_parameters=True)
    return float(trace.parameters[-1, 0])


def _first_step(gradient: float = 0.003, rate: float = 0.01) -> float:
    # On this parabola the gradient is the parameter.
    trace = simulate(quadratic([1.0], gradient), adam(rate), steps=1)
    return float(trace.update_norm[0])


EXERCISES = (
    Number("optimizers-memory", lambda: 4.0 * STATE["adam"], 0.01, Text("GB", "GB"), hints=(
        Hint(3.9, 4.1, Text("Adam remembers two averages for each parameter.",
                            "Adam menyimpan dua rata-rata untuk setiap parameter.")),
        Hint(11.9, 16.1, Text("The state alone, without the parameters and the gradients.",
                              "Keadaannya saja, tanpa parameter dan gradien.")),
    ), variant=Variant(
        Text("A model has ${billions} \\cdot 10^9$ parameters in 32-bit floats. How many gigabytes "
             "($10^9$ bytes) does the state of {rule} take?",
             "Sebuah model mempunyai ${billions} \\cdot 10^9$ parameter berupa bilangan 32 bit. "
             "Berapa gigabyte ($10^9$ byte) yang diperlukan keadaan {rule}?"),
        {"billions": (2, 3, 5, 7, 11, 13), "rule": ("Momentum", "Nesterov", "Adam", "NAdam")},
        lambda billions, rule: 4.0 * billions * STATE[rule.lower()],
    )),
    Number("optimizers-nesterov", lambda: float(nesterov(1.0).threshold(1.0)) / 50, 0.01, hints=(
        Hint(0.0755, 0.0765, Text("That is Momentum's threshold.", "Itu ambang Momentum.")),
        Hint(0.0395, 0.0405, Text("That is SGD's threshold.", "Itu ambang SGD.")),
    ), variant=Variant(
        Text("A direction has curvature $h = {curvature}$. What is the largest rate at which "
             "Nesterov with $\\gamma = {gamma}$ is stable in it?",
             "Suatu arah mempunyai kelengkungan $h = {curvature}$. Berapa laju terbesar yang "
             "masih membuat Nesterov dengan $\\gamma = {gamma}$ stabil pada arah itu?"),
        {"curvature": (20, 40, 60, 80, 120, 160), "gamma": (0.5, 0.6, 0.7, 0.8)},
        lambda curvature, gamma: float(nesterov(1.0, gamma).threshold(1.0)) / curvature,
    )),
    Number("optimizers-first-step", _first_step, 0.02, hints=(
        Hint(0.00002, 0.00004, Text("That is SGD's step: rate times gradient.",
                                    "Itu langkah SGD, yaitu laju kali gradien.")),
        Hint(0.031, 0.032, Text("That is the step without the bias correction.",
                                "Itu langkah tanpa koreksi bias.")),
    ), variant=Variant(
        Text("Adam's very first gradient in some coordinate is ${gradient}$. By how much does the "
             "parameter move, with $\\alpha = {rate}$ and a negligible $\\epsilon$?",
             "Pada suatu koordinat, gradien pertama untuk Adam adalah ${gradient}$. Sejauh "
             "apa parameternya bergeser, dengan $\\alpha = {rate}$ dan $\\epsilon$ yang dapat "
             "diabaikan?"),
        {"gradient": (0.002, 0.005, 0.04, 0.7), "rate": (0.001, 0.003, 0.005, 0.02, 0.03, 0.05)},
        _first_step,
    )),
    Select("optimizers-paper", 1, (
        (Text("That Momentum is the better rule for this workload.",
              "Bahwa Momentum aturan yang lebih baik untuk workload ini."),
         Text("One rule was tuned and the other was not.",
              "Satu aturan disetel, yang lain tidak.")),
        (Text("That Adam's default metaparameters do not suit this workload.",
              "Bahwa metaparameter bawaan Adam tidak cocok untuk workload ini."),
         Text("Tuned as well, Adam could at least have imitated Momentum.",
              "Jika disetel juga, Adam sekurang-kurangnya dapat meniru Momentum.")),
        (Text("That adaptive rules lead to a worse minimum.",
              "Bahwa aturan adaptif menuju minimum yang lebih buruk."),
         Text("An untuned run says nothing about what a rule can reach.",
              "Run yang tidak disetel tidak menunjukkan apa-apa tentang kemampuan suatu aturan.")),
        (Text("Nothing at all.", "Tidak ada sama sekali."),
         Text("It does say something of the two settings that were run.",
              "Setidaknya ada kesimpulan tentang dua setelan yang dijalankan.")),
    )),
    Number("optimizers-build", lambda: _after_ten_steps(nesterov(0.1, 0.9)), 0.01, hints=(
        Hint(-0.6, -0.57, Text("That is still Momentum.", "Itu masih Momentum.")),
    )),
)  # fmt: skip

PLAIN = {"SGD": sgd(1.0), "Momentum": momentum(1.0), "Nesterov": nesterov(1.0)}


def _leave() -> list[int]:
    """The plain rules in the order of the curvature that they bear at one rate."""
    bears = [float(rule.threshold(1.0)) for rule in PLAIN.values()]
    return sorted(range(len(bears)), key=lambda i: bears[i])


def _sharpness() -> list[tuple[float, float]]:
    """Step and sharpness in the chapter's lab as it begins."""
    net = mlp(depth=3, width=12, activation="tanh", gain=0.5, objective="squared_error", rows=32)
    at = range(0, 400, 16)
    trace = simulate(net, sgd(0.2), steps=400, evaluate_at=(), measure_sharpness_at=at)
    return list(zip(map(float, at), map(float, np.asarray(trace.sharpness)), strict=True))


BUILDS = (Lines("optimizers-build", "v = 0.9*v + g\ntheta = theta - lr*v", 10),)

PREDICTIONS = (
    Order("optimizers-leave", Text("Which rule leaves the valley first, which last?",
                                   "Aturan mana yang paling dahulu keluar dari lembah, dan mana "
                                   "yang terakhir?"),
          tuple(Text(name, name) for name in PLAIN), _leave),
    Draw("optimizers-sharpness",
         Text("Where does the sharpness go? The threshold is at 10.",
              "Ke mana ketajamannya bergerak? Ambangnya di 10."),
         Axis(Text("step", "langkah"), 0, 400, (0.0, 100.0, 200.0, 300.0, 400.0), log=False),
         Axis(Text("sharpness", "ketajaman"), 0, 20, (0.0, 5.0, 10.0, 15.0, 20.0), log=False),
         tuple(float(step) for step in range(0, 401, 50)), _sharpness),
    Choose("optimizers-sign", Text("At a fixed rate, however curved the parabola, Lion ...",
                                   "Dengan laju tetap, selengkung apa pun parabolanya, Lion ..."), (
        Text("diverges where the curvature exceeds 2/rate.",
             "divergen jika kelengkungannya melebihi 2/laju."),
        Text("never diverges, and comes to rest at the bottom.",
             "tidak pernah divergen, lalu berhenti tepat di dasar."),
        Text("never diverges, and swings about the bottom.",
             "tidak pernah divergen, tetapi terus berayun di sekitar dasar."),
    ), 2),
    Choose("optimizers-winner", Text("The winner at a rate of 0.25, and in the full sweep:",
                                     "Pemenang pada laju 0,25, dan dalam sweep lengkap:"), (
        Text("SGD, and the sweep agrees.", "SGD, dan menurut sweep lengkap juga SGD."),
        Text("Momentum, and the sweep does not agree.",
             "Momentum, tetapi tidak menurut sweep lengkap."),
        Text("Adam, and the sweep agrees.", "Adam, dan menurut sweep lengkap juga Adam."),
    ), 1),
    Choose("optimizers-cross", Text("Where will the cross go?",
                                    "Ke mana tanda silang berpindah?"), (
        Text("To the right of Momentum's point.", "Ke kanan titik Momentum."),
        Text("Between Momentum's and SGD's.", "Ke antara titik Momentum dan titik SGD."),
        Text("To the left of both.", "Ke kiri keduanya."),
    ), 2),
)  # fmt: skip
