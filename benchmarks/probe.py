"""The sharpness of a network: the probe against power iteration, ARPACK, curvlinops and matfree.

``python -m benchmarks.probe`` trains a residual network on the digits for a while, measures its
preconditioned sharpness by each of them, in turn and five times, and writes the table into
docs/probe.md. It needs ``pip install curvlinops-for-pytorch matfree``, as nothing else here does.

Power iteration is PyHessian's: products until the quotient changes by less than a tolerance; it and
ARPACK, SciPy's solver, take the probe's own products. ``curvlinops`` has products of its own for
the same solver. ``matfree`` is of JAX: it is held against the probe for JAX on the same weights,
its program compiled before, and takes as many products as it is told.
"""

import importlib
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import scipy.sparse.linalg as sparse
import torch
from torch import nn
from torch.nn import functional as F

from stabsim.probe import jax as in_jax
from stabsim.probe import lanczos
from stabsim.probe.rules import diagonal
from stabsim.probe.torch import Hessian, of_optimizer

DOCS = Path(__file__).parent.parent / "docs" / "probe.md"
WIDTH, BLOCKS, BATCH, ROUNDS = 128, 6, 512, 5


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


def trained(adaptive: bool) -> tuple[nn.Sequential, Any, Any]:
    """A model, its optimizer after 60 steps, and a batch."""
    from sklearn.datasets import load_digits

    torch.manual_seed(0)
    digits: Any = load_digits()
    x = torch.tensor(digits.data / 16, dtype=torch.float32)
    y = torch.tensor(digits.target)
    model = nn.Sequential(
        nn.Linear(64, WIDTH), *(Block() for _ in range(BLOCKS)), nn.Linear(WIDTH, 10)
    )

    params = model.parameters()
    optimizer = torch.optim.Adam(params, 1e-3) if adaptive else torch.optim.SGD(params, 0.05)
    for step in range(60):
        rows = torch.arange(step * 64, step * 64 + 64) % len(x)
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    return model, optimizer, (x[:BATCH], y[:BATCH])


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


def root_of(space: Any) -> torch.Tensor:
    """The root of P, flat."""
    shapes = [param.shape for param in space._params]
    roots = [
        torch.as_tensor(space._scale(i, slice(None))).expand(shape) ** 0.5
        for i, shape in enumerate(shapes)
    ]
    return torch.cat([root.flatten() for root in roots])


def eigsh(of_flat: Callable[[torch.Tensor], torch.Tensor], size: int, tolerance: float) -> Found:
    """SciPy's solver on a symmetric operator, which keeps 20 vectors by default."""
    began, count = time.perf_counter(), 0

    def product(flat: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        return of_flat(torch.tensor(flat.reshape(-1), dtype=torch.float32)).numpy()

    operator = sparse.LinearOperator((size, size), matvec=product, dtype=np.float32)  # pyright: ignore[reportCallIssue]
    start = np.random.default_rng(0).normal(size=size).astype(np.float32)
    options: dict[str, Any] = {"tol": tolerance, "v0": start, "return_eigenvectors": False}
    value = sparse.eigsh(operator, k=1, which="LA", **options)
    return Found(float(value[0]), count, 20, time.perf_counter() - began)


def arpack(space: Any, tolerance: float) -> Found:
    """On the probe's own products."""
    shapes, root = [param.shape for param in space._params], root_of(space)
    sizes = [shape.numel() for shape in shapes]

    def product(flat: torch.Tensor) -> torch.Tensor:
        parts = (flat / root).split(sizes)
        w = space.product([x.view(shape) for x, shape in zip(parts, shapes, strict=True)])
        return torch.cat([one.flatten() for one in w]) * root

    return eigsh(product, space.size, tolerance)


def with_curvlinops(model: nn.Module, root: torch.Tensor, batch: Any, tolerance: float) -> Found:
    """On the products of curvlinops."""
    hessian = importlib.import_module("curvlinops").HessianLinearOperator(
        model, nn.CrossEntropyLoss(), list(model.parameters()), [batch], check_deterministic=False
    )
    return eigsh(lambda flat: (hessian @ (flat / root)) / root, root.numel(), tolerance)


class InJax:
    """The same network in JAX: the probe's space, and matfree's Lanczos.

    Args:
        model: the network of PyTorch, whose weights these are.
        rule: that of its optimizer.
        batch: the data.
    """

    def __init__(self, model: nn.Module, rule: Any, batch: Any) -> None:
        params = [jnp.asarray(param.detach().numpy()) for param in model.parameters()]
        x, y = (jnp.asarray(part.numpy()) for part in batch)
        states = [tuple(jnp.asarray(one.numpy()) for one in some) for some in rule.states]

        def loss(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
            layers = [*zip(params[::2], params[1::2], strict=True)]
            (first, bias), *blocks, (last, end) = layers
            h = x @ first.T + bias
            for (up, b), (down, c) in zip(blocks[::2], blocks[1::2], strict=True):
                h = h + jnp.tanh(h @ up.T + b) @ down.T + c
            scores = jax.nn.log_softmax(h @ last.T + end)
            return -jnp.mean(jnp.take_along_axis(scores, y[:, None], 1))

        def product(v: Any, data: Any) -> Any:
            params, x, y = data
            return jax.jvp(lambda some: jax.grad(loss)(some, x, y), (params,), (v,))[1]

        self._data, self._product = (params, x, y), jax.jit(product)
        rule = rule._replace(states=states)
        self._space = in_jax.Hessian(self._product, params, rule, [self._data])
        flat, self._unravel = jax.flatten_util.ravel_pytree(params)
        p = [
            jnp.broadcast_to(diagonal(n, *s), one.shape)
            for n, s, one in zip(rule.numbers, states, params, strict=True)
        ]
        self._root = jax.flatten_util.ravel_pytree(p)[0] ** 0.5
        self._start = jnp.asarray(np.random.default_rng(0).normal(size=flat.size), flat.dtype)
        self._solvers: dict[int, Callable[..., Any]] = {}

    def probe(self) -> Found:
        return probe(self._space, 1e-3)

    def matfree(self, products: int) -> Found:
        """Lanczos with so many products, which keeps as many vectors."""
        decomp = importlib.import_module("matfree.decomp")
        partial = importlib.import_module("matfree.eig").eigh_partial(decomp.tridiag_sym(products))

        def operator(flat: jax.Array, root: jax.Array, data: Any) -> jax.Array:
            w = self._product(self._unravel(flat / root), data)
            return jax.flatten_util.ravel_pytree(w)[0] / root

        given = self._start, self._root, self._data
        if products not in self._solvers:
            self._solvers[products] = jax.jit(lambda *some: partial(operator, *some)[0])
            self._solvers[products](*given)
        began = time.perf_counter()
        value = float(jnp.max(self._solvers[products](*given)))
        return Found(value, products, products, time.perf_counter() - began)


def spaces(model: nn.Module, params: Any, rule: Any, batch: Any) -> Callable[[], Hessian]:
    """A new operator each time, for it keeps the gradient's graph."""

    def loss(some: Any) -> torch.Tensor:
        return F.cross_entropy(model(some[0]), some[1])

    return lambda: Hessian(loss, params, rule, [batch])


def table() -> str:
    """The table, in Markdown."""
    rows = [
        "| optimizer | solver | error | products | vectors kept | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for name, adaptive in (("SGD", False), ("Adam", True)):
        model, optimizer, batch = trained(adaptive)
        params, rule = of_optimizer(optimizer)
        jaxed, space = InJax(model, rule, batch), spaces(model, params, rule, batch)
        root = root_of(space())
        exact = lanczos.largest(space(), 1, 1e-7, 300).eigenvalues[0]
        eigsh_ = "SciPy's eigsh (ARPACK), tolerance 1e-3"
        solvers: dict[str, Callable[[], Found]] = {
            "`stabsim.probe.torch`": lambda: probe(space(), 1e-3),  # noqa: B023
            "power iteration, tolerance 1e-3": lambda: power(space(), 1e-3),  # noqa: B023
            "power iteration, tolerance 1e-5": lambda: power(space(), 1e-5),  # noqa: B023
            eigsh_: lambda: arpack(space(), 1e-3),  # noqa: B023
            f"{eigsh_}, products of `curvlinops`": (
                lambda: with_curvlinops(model, root, batch, 1e-3)  # noqa: B023
            ),
            "`stabsim.probe.jax`": jaxed.probe,
            "`matfree`, 10 products": lambda: jaxed.matfree(10),  # noqa: B023
            "`matfree`, 20 products": lambda: jaxed.matfree(20),  # noqa: B023
        }
        jaxed.probe()  # compiles
        found: dict[str, list[Found]] = {solver: [] for solver in solvers}
        for _ in range(ROUNDS):
            for solver, run in solvers.items():
                found[solver].append(run())
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
