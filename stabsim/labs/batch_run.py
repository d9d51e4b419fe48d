"""One training of forty epochs: batch size, learning rate, penalty, and the gradient's noise."""

from typing import Any

import jax.numpy as jnp

from stabsim._words import Text
from stabsim.labs.frame import charts
from stabsim.labs.frame.lab import Choice, Curve, Fact, Goal, Lab, Option, Slider, Tables
from stabsim.noise import gradient_noise
from stabsim.optimizers import sgd
from stabsim.regularization import with_l2
from stabsim.simulation import simulate
from stabsim.workloads import noisy_net
from stabsim.workloads.examples import ROWS

EPOCHS = 40
EVERY = 2
"""Epochs between evaluations."""

ORDER = (32, 8, 128, 512)

CONTROLS = (
    Choice("batch_size", Text("Batch size", "Ukuran batch"),
           tuple(Option(str(n), Text(str(n), str(n))) for n in ORDER), static=True),
    Slider("learning_rate", Text("Learning rate", "Laju pembelajaran"), 0.00195, 2, 2.0**-5, "log"),
    Slider("l2", Text("L2 penalty", "Penalti L2"), 0, 0.05, 0.0, positions=50),
    Slider("seed", Text("Seed", "Seed"), 0, 9, 0, "whole"),
)  # fmt: skip


def run(batch_size: str, learning_rate: Any, l2: Any, seed: Any) -> Tables:
    size, net = int(batch_size), noisy_net()
    steps = EPOCHS * ROWS // size
    per_epoch = ROWS // size
    trace = simulate(
        net, with_l2(sgd(learning_rate), l2), steps=steps, batch_size=size, seed=seed,
        evaluate_at=range(0, steps + 1, EVERY * per_epoch),
    )  # fmt: skip
    end = gradient_noise(net, trace.final_parameters)
    variance = end.variance(size)
    share = 100 * variance / (variance + end.signal)
    return {
        "run": {"epoch": jnp.arange(steps) / per_epoch, "loss": trace.loss},
        "validation": {
            "epoch": jnp.arange(0, EPOCHS + 1, EVERY),
            "validation_error": 100 * trace.validation_error,
        },
        "facts": {
            "validation_error": 100 * trace.validation_error[-1:],
            "noise": share[None],
        },
    }


LOSS = Text("loss of each minibatch", "loss tiap minibatch")
ERROR = Text("validation error in %", "galat validasi dalam %")
EPOCH = ("epoch", Text("epoch", "epoch"))


LAB = Lab(
    "batch_run",
    Text("Forty epochs", "Empat puluh epoch"),
    CONTROLS,
    run,
    (
        charts.over_steps("run", {"loss": LOSS}, LOSS, (0.01, 30), EPOCHS, Text(
            "The training loss of every minibatch: the smaller the batch, the more it scatters.",
            "Loss pelatihan setiap minibatch: makin kecil batch-nya, makin tersebar nilainya."),
            height=170, over=EPOCH),
        charts.over_steps("validation", {"validation_error": ERROR}, ERROR, (5, 100), EPOCHS, Text(
            "The validation error every two epochs.",
            "Galat validasi setiap dua epoch."),
            height=170, points=True, over=EPOCH, ends="validation_error"),
    ),
    (Curve("run", "loss"),),
    """import stabsim as ss

net = ss.workloads.noisy_net()
rule = ss.with_l2(ss.sgd({learning_rate}), {l2})
trace = ss.simulate(
    net, rule, steps=40 * 512 // {batch_size}, batch_size={batch_size}, seed={seed}
)
print(ss.diagnose(trace.loss))
print(f"validation error {100 * float(trace.validation_error[-1]):.3g} %")
""",
    (Goal(
        Text(
            "Bring the full batch, 512, to a validation error below 12% in its forty steps.",
            "Turunkan galat validasi batch penuh, 512, sampai di bawah 12% dalam keempat puluh "
            "langkahnya.",
        ),
        (("batch_size", "==", "512"), ("validation_error", "<", 12)),
    ),),
    facts=(
        Fact("facts", "validation_error", Text(
            "Validation error at the end: {value}%.", "Galat validasi di akhir: {value}%.")),
        Fact("facts", "noise", Text(
            "Share of noise in the expected squared gradient: {value}%.",
            "Bagian derau dalam nilai harapan kuadrat gradien: {value}%.")),
    ),
)  # fmt: skip
