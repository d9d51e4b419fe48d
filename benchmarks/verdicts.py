"""Verdicts on logs that nobody shaped for the diagnosis: PyTorch, failures made on purpose.

``python -m benchmarks.verdicts`` trains each of the networks below over ten seeds, logs them
through the PyTorch hook, has ``stabsim diagnose`` read the logs, and writes the table of what was
done against what was said into docs/diagnose.md.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from stabsim.diagnosis import Verdict
from stabsim.logs import Log, diagnose_log, read
from stabsim.logs.advice import advise
from stabsim.logs.hooks.torch import StepLog
from stabsim.logs.report import Report

DOCS = Path(__file__).parent.parent / "docs" / "diagnose.md"


class Case(NamedTuple):
    """A network, what is wrong with its training, and the verdict that this should get.

    Attributes:
        what: what was done.
        expected: the verdict.
        network: makes the network.
        optimizer: makes the optimizer of its parameters.
        batch_size: of the minibatches, drawn with replacement.
        outliers: the share of minibatches whose inputs are multiplied by 30.
        loss: the loss of outputs and labels.
        steps: how many.
    """

    what: str
    expected: Verdict
    network: Callable[[], nn.Module]
    optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
    batch_size: int = 64
    outliers: float = 0.0
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = nn.functional.cross_entropy
    steps: int = 400


def mlp(*, norm: Callable[[], nn.Module] = nn.Identity, gain: float = 1.0) -> nn.Module:
    """64 pixels, two hidden layers of 64 units, 10 classes; weights as He et al. (2015)."""
    layers: list[nn.Module] = []
    for _ in range(2):
        layers += [nn.Linear(64, 64), norm(), nn.ReLU()]
    net = nn.Sequential(*layers, nn.Linear(64, 10))
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=gain * (2 / 64) ** 0.5)
            nn.init.zeros_(layer.bias)
    return net


def plain_norm() -> nn.Module:
    return nn.LayerNorm(64, elementwise_affine=False)


def affine_norm() -> nn.Module:
    return nn.LayerNorm(64)


def squared(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return (outputs - nn.functional.one_hot(labels, 10)).square().sum(-1).mean()


def sgd(rate: float, momentum: float = 0.9) -> Callable[..., torch.optim.Optimizer]:
    return lambda parameters: torch.optim.SGD(parameters, rate, momentum)


CASES = [
    Case("nothing: Momentum at 0.05", Verdict.STABLE, mlp, sgd(0.05)),
    Case("nothing, with minibatches of 8", Verdict.STABLE, mlp, sgd(0.005), batch_size=8),
    Case("nothing: Adam at 0.001", Verdict.STABLE, mlp, lambda p: torch.optim.Adam(p, 1e-3)),
    Case("layer norm, a rate of 1 without warmup",
         Verdict.EARLY_RECOVERED, lambda: mlp(norm=plain_norm), sgd(1.0), 256),
    Case("no normalization, a rate of 3 without warmup", Verdict.EARLY, mlp, sgd(3.0)),
    Case("layer norm with learned scales, large weights: units die at a rate of 1",
         Verdict.EARLY, lambda: mlp(norm=affine_norm, gain=1.4), sgd(1.0), 256),
    Case("inputs of 0.5% of the minibatches times 30, Momentum at 0.1",
         Verdict.MID_TRAINING, mlp, sgd(0.1), 32, outliers=0.005, steps=1000),
    Case("squared loss, a rate of 1", Verdict.DIVERGED, mlp, sgd(1.0), loss=squared),
]  # fmt: skip


def train(case: Case, seed: int, path: Path) -> Log:
    """Trains, logging to a file, and reads the file."""
    images, labels = load_digits(return_X_y=True)
    inputs = torch.tensor(images / 16.0, dtype=torch.float32)
    targets = torch.tensor(labels)
    torch.manual_seed(seed)
    net = case.network()
    optimizer = case.optimizer(net.parameters())
    log = StepLog(path, optimizer)
    for _ in range(case.steps):
        rows = torch.randint(len(inputs), (case.batch_size,))
        scale = 30.0 if torch.rand(()) < case.outliers else 1.0
        optimizer.zero_grad()
        log.loss(case.loss(net(scale * inputs[rows]), targets[rows])).backward()
        optimizer.step()
    log.close()
    return read(path)


def verdicts(cases: Iterable[Case], seeds: Iterable[int]) -> dict[str, Counter[Verdict]]:
    """For each case, how often each verdict was given."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            logs = (train(case, seed, Path(folder) / "run.jsonl") for seed in seeds)
            found[case.what] = Counter(diagnose_log(log).diagnosis.verdict for log in logs)
    return found


def table(found: dict[str, Counter[Verdict]]) -> str:
    """Markdown, with what was expected in bold."""
    rows = [
        "| what was done | " + " | ".join(Verdict) + " |",
        "|---" * (1 + len(Verdict)) + "|",
    ]
    for case in CASES:
        counts = found[case.what]
        cells = [
            f"**{counts[v]}**" if v is case.expected else str(counts[v] or "") for v in Verdict
        ]
        rows.append(f"| {case.what} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def example(seed: int = 1) -> str:
    """What the command prints on one of these runs."""
    case = next(case for case in CASES if case.outliers)
    with tempfile.TemporaryDirectory() as folder:
        log = train(case, seed, Path(folder) / "run.jsonl")
    reading = diagnose_log(log)
    said = Report(log, reading, advise(log, reading)).text("en")
    return f"```console\n$ stabsim diagnose run.jsonl --html report.html\n{said}\n```"


def put(name: str, written: str) -> None:
    """Writes a part of the document, between its marks."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = DOCS.read_text().split(begin)
    DOCS.write_text(f"{before}{begin}\n{written}\n{end}{rest.split(end)[1]}")


def main() -> int:
    torch.set_num_threads(1)
    put("example", example())
    found = verdicts(CASES, range(10))
    put("verdicts", table(found))
    print(table(found))
    right = np.mean([found[case.what][case.expected] for case in CASES]) / 10
    print(f"{right:.0%} as expected.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
