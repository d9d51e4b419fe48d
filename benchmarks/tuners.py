"""The walk through the playbook against Optuna and a plain grid, on the same two trainings.

``python -m benchmarks.tuners`` writes its table into docs/playbook.md. All choose the learning
rate, the length of a warmup and a clipping threshold of a small network on the digits, in plain
NumPy, by its loss on held-out digits. One network has 10 residual blocks without normalization,
and instability limits it; the other is a perceptron whose present rate is where a sweep puts it.
Each way is repeated over seeds of its own. What it chose is then trained with seeds that none has
seen; steps are those that were really trained, for Optuna prunes and all stop what has diverged.
"""

import argparse
import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stabsim.playbook import Walk, walk_playbook

DOCS = Path(__file__).parent.parent / "docs" / "playbook.md"
STEPS, BATCH, WIDTH, EVERY = 200, 32, 24, 20
REPEATS, FRESH = 15, range(1000, 1015)
GUESSING = 0.9 * np.log(10)
"""A run that ends above it has learned next to nothing: it has failed."""
WARMUPS, CLIPS = (0, 10, 20), (None, 1.0, 4.0)


class Patient(NamedTuple):
    """A network: its residual blocks, its present rate, and whether instability limits it."""

    name: str
    depth: int
    gain: float
    learning_rate: float
    limited: bool


UNSTABLE = Patient("10 residual blocks", 10, 1.0, 2.0**-7, True)
HEALTHY = Patient("perceptron", 0, 1.0, 2.0**-1, False)


@cache
def digits() -> tuple[np.ndarray, ...]:
    """Images and classes to train on, and held out."""
    from sklearn.datasets import load_digits

    images, classes = map(np.asarray, load_digits(return_X_y=True))
    order = np.random.default_rng(0).permutation(len(images))
    images, classes = images[order] / 8.0 - 1.0, classes[order]
    return images[:1297], classes[:1297], images[1297:], classes[1297:]


def records(
    patient: Patient, rate: float, warmup: int, seed: int, clip: float | None
) -> Iterator[tuple[float, float, float]]:
    """Each step's loss, gradient norm and, now and then, loss on held-out digits (or NaN)."""
    x, y, held_x, held_y = digits()
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(64, WIDTH)) / 8.0]
    weights += [
        patient.gain * rng.normal(size=(WIDTH, WIDTH)) / WIDTH**0.5 for _ in range(patient.depth)
    ]
    weights.append(rng.normal(size=(WIDTH, 10)) / WIDTH**0.5)

    def forward(images: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        hidden = [np.maximum(images @ weights[0], 0.0)]
        for one in weights[1:-1]:
            hidden.append(hidden[-1] + np.maximum(hidden[-1] @ one, 0.0))
        logits = hidden[-1] @ weights[-1]
        return hidden, logits - logits.max(-1, keepdims=True)

    def loss_of(logits: np.ndarray, classes: np.ndarray) -> float:
        chosen = np.take_along_axis(logits, classes[:, None], 1)[:, 0]
        return float(np.mean(np.log(np.exp(logits).sum(-1)) - chosen))

    for step in range(STEPS):
        some = rng.integers(0, len(x), BATCH)
        hidden, logits = forward(x[some])
        loss = loss_of(logits, y[some])
        back = np.exp(logits)
        back /= back.sum(-1, keepdims=True)
        back[np.arange(BATCH), y[some]] -= 1.0
        back /= BATCH
        gradients = [hidden[-1].T @ back]
        back = back @ weights[-1].T
        for one, before, after in zip(
            reversed(weights[1:-1]), reversed(hidden[:-1]), reversed(hidden[1:]), strict=True
        ):
            inner = back * (after > before)
            gradients.append(before.T @ inner)
            back = back + inner @ one.T
        gradients.append(x[some].T @ (back * (hidden[0] > 0)))
        gradients.reverse()
        norm = float(np.sqrt(sum((g**2).sum() for g in gradients)))
        now = rate * min(1.0, step / warmup) if warmup else rate
        now *= min(1.0, clip / norm) if clip is not None and norm > 0 else 1.0
        for weight, gradient in zip(weights, gradients, strict=True):
            weight -= now * gradient
        last = step == STEPS - 1 or step % EVERY == EVERY - 1
        yield loss, norm, loss_of(forward(held_x)[1], held_y) if last else np.nan


class Spent:
    """Training steps, counted as they are trained."""

    def __init__(self, patient: Patient) -> None:
        self.patient, self.steps = patient, 0

    def train(
        self, learning_rate: float, warmup_steps: int, steps: int, seed: int,
        clip: float | None = None, report: Callable[[int, float], object] = lambda *_: None,
    ) -> dict[str, list[float]]:  # fmt: skip
        """A run, up to the third loss in a row that is not finite."""
        log, lost = [], 0
        with np.errstate(all="ignore"):
            some = records(self.patient, learning_rate, warmup_steps, seed, clip)
            for row in itertools.islice(some, steps):
                log.append(row)
                self.steps += 1
                lost = 0 if np.isfinite(row[0]) else lost + 1
                if lost == 3:
                    break
                if not np.isnan(row[2]):
                    report(len(log), row[2])
        loss, norm, held_out = map(list, zip(*log, strict=True))
        return {"loss": loss, "gradient_norm": norm, "validation_loss": held_out}

    def value(self, **settings: Any) -> float:
        """The least loss on held-out digits; infinite if the run was lost."""
        log = self.train(steps=STEPS, **settings)
        if not np.isfinite(log["loss"][-1]):
            return np.inf
        return float(np.nanmin(log["validation_loss"]))


class Outcome(NamedTuple):
    """What a way chose, what that cost, and whether it finds an instability that limits."""

    settings: dict[str, Any]
    steps: int
    limited: bool | None = None


def by_walk(patient: Patient, repeat: int) -> Outcome:
    """The walk, but for its comparison with the baseline, which the others lack.

    The cause is what it says at the end of a whole walk.
    """
    spent = Spent(patient)

    def walk(train: Any, skip: Sequence[str]) -> Walk:
        return walk_playbook(
            train, patient.learning_rate, STEPS, seeds=range(3 * repeat, 3 * repeat + 3),
            objective="validation_loss", skip=skip, progress=False,
        )  # fmt: skip

    chosen = walk(spent.train, ["comparison"]).recommended
    settings = {"learning_rate": chosen.learning_rate, "warmup_steps": chosen.warmup_steps,
                "clip": chosen.clip}  # fmt: skip
    return Outcome(settings, spent.steps, walk(Spent(patient).train, []).limited)


def by_optuna(patient: Patient, repeat: int, steps: int) -> Outcome:
    """Optuna's TPE with median pruning, until it has trained for so many steps."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    spent = Spent(patient)

    def objective(trial: Any) -> float:
        settings = {
            "learning_rate": trial.suggest_float(
                "learning_rate", patient.learning_rate / 64, patient.learning_rate * 64, log=True
            ),
            "warmup_steps": trial.suggest_int("warmup_steps", 0, STEPS // 10),
            "clip": trial.suggest_float("clip", 0.1, 100.0, log=True),
        }

        def report(step: int, value: float) -> None:
            trial.report(value if np.isfinite(value) else 1e9, step)
            if trial.should_prune():
                raise optuna.TrialPruned

        return min(spent.value(seed=3 * repeat, report=report, **settings), 1e9)

    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=repeat), pruner=optuna.pruners.MedianPruner()
    )
    while spent.steps < steps:
        study.optimize(objective, n_trials=1)
    return Outcome(study.best_params, spent.steps)


def by_grid(patient: Patient, repeat: int) -> Outcome:
    """All of seven rates, three warmups and three thresholds."""
    spent = Spent(patient)
    found = {}
    for power in range(-3, 4):
        for warmup in WARMUPS:
            for clip in CLIPS:
                settings = {"learning_rate": patient.learning_rate * 4.0**power,
                            "warmup_steps": warmup, "clip": clip}  # fmt: skip
                found[spent.value(seed=3 * repeat, **settings)] = settings
    return Outcome(found[min(found)], spent.steps)


def judged(patient: Patient, settings: dict[str, Any]) -> list[float]:
    """The loss on held-out digits with the seeds that none has seen."""
    return [Spent(patient).value(seed=seed, **settings) for seed in FRESH]


def rows(patient: Patient) -> Iterator[str]:
    """A row of the table for each way, medians and ranges over the repeats."""
    walks = [by_walk(patient, repeat) for repeat in range(REPEATS)]
    present = {"learning_rate": patient.learning_rate, "warmup_steps": 0}
    ways = {
        "present rate": [Outcome(present, 0)],
        "stabsim's walk": walks,
        "Optuna, as many steps": [
            by_optuna(patient, i, walk.steps) for i, walk in enumerate(walks)
        ],
        "Optuna, twice as many": [
            by_optuna(patient, i, 2 * walk.steps) for i, walk in enumerate(walks)
        ],
        "grid": [by_grid(patient, repeat) for repeat in range(REPEATS)],
    }
    for name, outcomes in ways.items():
        values = [judged(patient, outcome.settings) for outcome in outcomes]
        medians = [float(np.median(some)) for some in values]
        failed = sum(one > GUESSING for some in values for one in some)
        steps = int(np.median([outcome.steps for outcome in outcomes]))
        right = sum(outcome.limited is patient.limited for outcome in outcomes)
        cause = "instability" if patient.limited else "healthy"
        yield (
            f"| {patient.name} | {name} | {np.median(medians):.3f} ({min(medians):.3f} to "
            f"{max(medians):.3f}) | {failed} of {len(outcomes) * len(FRESH)} | {steps:,} | "
            f"{f'{cause}, {right} of {len(outcomes)}' if name.startswith('stabsim') else 'no'} |"
        )


HEAD = """\
| training | chosen by | loss on held-out digits, with seeds not seen | of which failed | \
steps trained | cause named |
|---|---|---|---|---|---|"""


def main() -> None:
    """Measure, print the table and write it into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", help="leave docs/playbook.md as it is")
    only_print = parser.parse_args().print
    table = [HEAD]
    print(HEAD)
    for patient in (UNSTABLE, HEALTHY):
        for row in rows(patient):
            print(row, flush=True)
            table.append(row)
    if not only_print:
        begin, end = "<!-- tuners -->", "<!-- end of tuners -->"
        before, rest = DOCS.read_text(encoding="utf8").split(begin)
        new = f"{before}{begin}\n" + "\n".join(table) + f"\n{end}{rest.split(end)[1]}"
        DOCS.write_text(new, encoding="utf8")


if __name__ == "__main__":
    main()
