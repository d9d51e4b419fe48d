"""The sharpness of a PyTorch network: the probe against power iteration and ARPACK.

``python -m benchmarks.probe`` trains a residual network on the digits for a while, measures its
preconditioned sharpness by each of them, in turn and three times, and writes the table into
docs/probe.md. All solve the same operator. Power iteration is PyHessian's: products until the
quotient changes by less than a tolerance. ARPACK is the solver that SciPy has for the operators of
``curvlinops``, whose own products are not timed here.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse.linalg as sparse
import torch
from torch import nn
from torch.nn import functional as F

from stabsim.probe import lanczos
from stabsim.probe.torch import Hessian, of_optimizer

DOCS = Path(__file__).parent.parent / "docs" / "probe.md"
WIDTH, BLOCKS, BATCH, ROUNDS = 128, 6, 512, 3


class Found(NamedTuple):
    """What a solver found, with how many products, vectors kept, and seconds."""

    value: float
    products: int
    vectors: int
    seconds: float


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.down(torch.tanh(self.up(x)))


def trained(adaptive: bool) -> tuple[Callable[[Any], torch.Tensor], Any, Any]:
    """A loss, its optimizer after 60 steps, and a batch."""
    from sklearn.datasets import load_digits

    torch.manual_seed(0)
    digits: Any = load_digits()
    x = torch.tensor(digits.data / 16, dtype=torch.float32)
    y = torch.tensor(digits.target)
    model = nn.Sequential(
        nn.Linear(64, WIDTH), *(Block() for _ in range(BLOCKS)), nn.Linear(WIDTH, 10)
    )

    def loss(batch: Any) -> torch.Tensor:
        return F.cross_entropy(model(batch[0]), batch[1])

    params = model.parameters()
    optimizer = torch.optim.Adam(params, 1e-3) if adaptive else torch.optim.SGD(params, 0.05)
    for step in range(60):
        rows = torch.arange(step * 64, step * 64 + 64) % len(x)
        optimizer.zero_grad()
        loss((x[rows], y[rows])).backward()
        optimizer.step()
    return loss, optimizer, (x[:BATCH], y[:BATCH])


def probe(space: Any, tolerance: float) -> Found:
    began = time.perf_counter()
    found = lanczos.largest(space, 1, tolerance, 1000)
    return Found(float(found.eigenvalues[0]), found.products, 2, time.perf_counter() - began)


def power(space: Any, tolerance: float) -> Found:
    """As PyHessian: until the Rayleigh quotient changes by less than the tolerance."""
    began, value, products = time.perf_counter(), None, 0
    x = space.start()
    x = space.combined(space.inner(x, x) ** -0.5, x, 0.0, x)
    while True:
        products += 1
        w = space.product(x)
        new = space.inner(x, w)
        x = space.combined(space.inner(w, w) ** -0.5, w, 0.0, w)
        if value is not None and abs(new - value) / (abs(value) + 1e-6) < tolerance:
            break
        value = new
    return Found(new, products, 1, time.perf_counter() - began)


def arpack(space: Any, tolerance: float) -> Found:
    """SciPy's eigsh on the symmetric operator, which keeps 20 vectors by default."""
    shapes = [param.shape for param in space._params]
    root = [
        torch.as_tensor(space._scale(i, slice(None))).expand(shape) ** 0.5
        for i, shape in enumerate(shapes)
    ]
    sizes, count = [shape.numel() for shape in shapes], 0

    def product(flat: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        parts = torch.tensor(flat.reshape(-1), dtype=torch.float32).split(sizes)
        x = [part.view(shape) / r for part, shape, r in zip(parts, shapes, root, strict=True)]
        w = space.product(x)
        return torch.cat([(a * r).flatten() for a, r in zip(w, root, strict=True)]).numpy()

    began = time.perf_counter()
    operator = sparse.LinearOperator((sum(sizes),) * 2, matvec=product, dtype=np.float32)  # pyright: ignore[reportCallIssue]
    start = np.random.default_rng(0).normal(size=sum(sizes)).astype(np.float32)
    options: dict[str, Any] = {"tol": tolerance, "v0": start, "return_eigenvectors": False}
    value = sparse.eigsh(operator, k=1, which="LA", **options)
    return Found(float(value[0]), count, 20, time.perf_counter() - began)


SOLVERS = {
    "`stabsim.probe`": (probe, 1e-3),
    "power iteration, tolerance 1e-3": (power, 1e-3),
    "power iteration, tolerance 1e-5": (power, 1e-5),
    "ARPACK (SciPy's eigsh), tolerance 1e-3": (arpack, 1e-3),
}
"""What is compared, with its own tolerance."""


def table() -> str:
    """The table, in Markdown."""
    rows = [
        "| optimizer | solver | error | products | vectors kept | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for name, adaptive in (("SGD", False), ("Adam", True)):
        loss, optimizer, batch = trained(adaptive)
        params, rule = of_optimizer(optimizer)
        exact = lanczos.largest(Hessian(loss, params, rule, [batch]), 1, 1e-7, 300).eigenvalues[0]
        found: dict[str, list[Found]] = {solver: [] for solver in SOLVERS}
        for _ in range(ROUNDS):
            for solver, (run, tolerance) in SOLVERS.items():
                found[solver].append(run(Hessian(loss, params, rule, [batch]), tolerance))
        for solver, all_of in found.items():
            one = all_of[0]
            seconds = np.median([each.seconds for each in all_of])
            rows.append(
                f"| {name} | {solver} | {abs(one.value / exact - 1):.0e} | {one.products} | "
                f"{one.vectors} | {seconds:.2f} |"
            )
    return "\n".join(rows)


MARK = "<!-- python -m benchmarks.probe writes what follows -->\n"


def main() -> None:
    """Writes the table into the document."""
    torch.set_num_threads(1)
    made = table()
    print(made)
    text = DOCS.read_text()
    pattern = rf"{re.escape(MARK)}\n(\|[^\n]*\n)*"
    DOCS.write_text(re.sub(pattern, lambda _: f"{MARK}\n{made}\n", text))


if __name__ == "__main__":
    main()
