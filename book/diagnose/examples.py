"""Logs to try the page with: real runs of stabsim, made when the book is built."""

from collections.abc import Callable
from typing import NamedTuple

from stabsim._words import Text, number
from stabsim.optimizers import momentum
from stabsim.simulation import simulate
from stabsim.trace import Trace
from stabsim.workloads import Workload, mlp, with_outliers


class Example(NamedTuple):
    """A run to be logged.

    Attributes:
        name: of the file.
        label: of the button.
        what: what was trained, with places for the numbers.
        workload: makes the workload.
        learning_rate: of Momentum.
        steps: how many.
        seed: of the run.
    """

    name: str
    label: Text
    what: Text
    workload: Callable[[], Workload]
    learning_rate: float
    steps: int
    seed: int

    def about(self, language: str) -> str:
        """What the log is of."""
        return self.what.in_(language).format(
            rate=number(self.learning_rate, language), steps=self.steps, seed=self.seed,
            share=number(100 * OUTLIERS, language), times=number(TIMES, language),
        )  # fmt: skip

    def run(self) -> Trace:
        """Train."""
        return simulate(
            self.workload(), momentum(self.learning_rate), steps=self.steps, batch_size=32,
            seed=self.seed, evaluate_at=(),
        )  # fmt: skip


OUTLIERS, TIMES = 0.01, 100.0
"""The share of the minibatches that are corrupted, and by which factor."""

EXAMPLES = (
    Example(
        "spike",
        Text("Example: spikes in mid-training", "Contoh: lonjakan di tengah pelatihan"),
        Text(
            "A real run of stabsim: a small perceptron learns to read handwritten digits with "
            "Momentum at a rate of {rate}, {steps} steps, seed {seed}. About {share}% of the "
            "minibatches are corrupted on purpose: their inputs are multiplied by {times}.",
            "Run sungguhan dari stabsim: sebuah perceptron kecil belajar membaca angka tulisan "
            "tangan "
            "dengan Momentum pada laju {rate}, {steps} langkah, seed {seed}. Sekitar "
            "{share}% minibatch sengaja dirusak: masukannya dikalikan {times}.",
        ),
        lambda: with_outliers(mlp(width=32), OUTLIERS, TIMES), 2.0**-8, 500, 0,
    ),
    Example(
        "stable",
        Text("Example: a stable run", "Contoh: run yang stabil"),
        Text(
            "A real run of stabsim: the same perceptron with its data intact, Momentum at a rate "
            "of {rate}, {steps} steps, seed {seed}.",
            "Run sungguhan dari stabsim: perceptron yang sama dengan data yang utuh, Momentum pada "
            "laju {rate}, {steps} langkah, seed {seed}.",
        ),
        lambda: mlp(width=32), 2.0**-8, 500, 0,
    ),
)  # fmt: skip


def csv(trace: Trace) -> str:
    """A run as a log: a line of names, then a line a step."""
    rows = zip(
        range(trace.steps), trace.loss, trace.gradient_norm, trace.learning_rate, strict=True
    )
    lines = [f"{step},{loss},{norm},{rate}" for step, loss, norm, rate in rows]
    return "\n".join(["step,train_loss,grad_norm,lr", *lines, ""])
