"""A learning-rate sweep against its peers, same arithmetic, in one run.

16 rates, 500 steps, batch 64, digits perceptron 64-64-64-10, Momentum 0.9, 50 steps of warmup,
clipping at a global norm of 1. Every peer gets the same initial parameters, rates and
minibatches, and must end at the same losses where training is stable. The rounds run the
peers in turn, so that a busy machine is busy for all; quoted are the median time and the median
of the ratios to stabsim, round by round. Compilation is timed apart. Run as
``python -m benchmarks.sweep``.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

import stabsim as ss
from stabsim.clipping import clip_by_global_norm
from stabsim.schedules import linear_warmup
from stabsim.simulation import RunPlan, draw
from stabsim.workloads import mlp
from stabsim.workloads.workload import cross_entropy

STEPS, BATCH, WARMUP, CLIP, GAMMA = 500, 64, 50, 1.0, 0.9
RATES = np.geomspace(1e-3, 0.2, 16).astype(np.float32)
ROUNDS = 5

NET = mlp()
DRAWS = draw(NET, 0, RunPlan(STEPS, BATCH, (STEPS,), False))
assert NET.train is not None
assert DRAWS.rows is not None
X, Y = NET.train
ROWS = DRAWS.rows


def flops_a_step(batch: int = BATCH, width: int = 64) -> int:
    """Multiplications and additions of the matrix products of one step of one run."""
    layers = [(64, width), (width, width), (width, 10)]
    forward = sum(2 * batch * a * b for a, b in layers)
    return 3 * forward - 2 * batch * 64 * width  # no gradient with respect to the inputs


# --- the peers: each a function from nothing to the last losses, (rates,) ---


def stabsim_sweep() -> np.ndarray:
    def experiment(learning_rate: Any) -> ss.Trace:
        return ss.simulate(
            NET,
            ss.momentum(linear_warmup(learning_rate, WARMUP), GAMMA),
            steps=STEPS,
            batch_size=BATCH,
            clipping=clip_by_global_norm(CLIP),
            evaluate_at=(),
        )

    runs = ss.sweep(experiment, learning_rate=RATES, progress=False)
    return runs.loss.isel(step=-1).to_numpy()


def optax_pair(rate: Any) -> optax.GradientTransformation:
    schedule = optax.linear_schedule(0.0, rate, WARMUP)
    return optax.chain(optax.clip_by_global_norm(CLIP), optax.sgd(schedule, momentum=GAMMA))


def optax_step(rate: Any, carry: Any, rows: Any) -> tuple[Any, Any]:
    params, state = carry
    pair = optax_pair(rate)

    def loss(p: Any) -> Any:
        return cross_entropy(NET.network.apply(p, X[rows]), Y[rows])

    value, grads = jax.value_and_grad(loss)(params)
    updates, state = pair.update(grads, state, params)
    norms = optax.tree_utils.tree_norm(grads), optax.tree_utils.tree_norm(updates)
    return (optax.apply_updates(params, updates), state), (value, *norms)


def optax_run(rate: Any) -> Any:
    start = DRAWS.params, optax_pair(rate).init(DRAWS.params)
    return jax.lax.scan(lambda c, rows: optax_step(rate, c, rows), start, ROWS)[1]


jit_step, jit_run = jax.jit(optax_step), jax.jit(optax_run)
jit_runs = jax.jit(jax.vmap(optax_run))


def optax_python_loop() -> np.ndarray:
    last = []
    for rate in RATES:
        carry = DRAWS.params, optax_pair(rate).init(DRAWS.params)
        records = []
        for t in range(STEPS):
            carry, record = jit_step(rate, carry, ROWS[t])
            records.append(record)
        last.append(float(records[-1][0]))
    return np.array(last)


def optax_scan() -> np.ndarray:
    return np.array([float(jit_run(rate)[0][-1]) for rate in RATES])


def optax_scan_vmap() -> np.ndarray:
    return np.asarray(jit_runs(RATES)[0][:, -1])


TX, TY = torch.tensor(np.asarray(X)), torch.tensor(np.asarray(Y), dtype=torch.long)
TROWS = torch.tensor(np.asarray(ROWS), dtype=torch.long)
TPARAMS = [torch.tensor(np.array(layer[k])) for layer in DRAWS.params for k in ("w", "b")]


def torch_loss(params: Any, x: Any, y: Any) -> Any:
    for i in range(0, 4, 2):
        x = torch.relu(x @ params[i] + params[i + 1])
    return torch.nn.functional.cross_entropy(x @ params[4] + params[5], y)


def torch_eager() -> np.ndarray:
    last = []
    for rate in RATES:
        params = [p.clone().requires_grad_() for p in TPARAMS]
        optimizer = torch.optim.SGD(params, float(rate), momentum=GAMMA)
        for t in range(STEPS):
            optimizer.param_groups[0]["lr"] = float(rate) * min(t / WARMUP, 1.0)
            optimizer.zero_grad()
            loss = torch_loss(params, TX[TROWS[t]], TY[TROWS[t]])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(params, CLIP)
            optimizer.step()
        last.append(loss.item())
    return np.array(last)


def torch_vmap() -> np.ndarray:
    many = len(RATES)
    rates = torch.tensor(RATES)
    params = [p.expand(many, *p.shape).clone() for p in TPARAMS]
    velocity = [torch.zeros_like(p) for p in params]
    gradient = torch.func.vmap(torch.func.grad_and_value(torch_loss), in_dims=(0, None, None))
    with torch.no_grad():
        for t in range(STEPS):
            grads, loss = gradient(params, TX[TROWS[t]], TY[TROWS[t]])
            norm = torch.stack([(g * g).flatten(1).sum(1) for g in grads]).sum(0).sqrt()
            scale = torch.clamp(CLIP / norm, max=1.0)
            eta = rates * min(t / WARMUP, 1.0)
            for p, v, g in zip(params, velocity, grads, strict=True):
                shape = (many, *[1] * (g.dim() - 1))
                v.mul_(GAMMA).add_(scale.view(shape) * g)
                p.sub_(eta.view(shape) * v)
    return loss.numpy()


PEERS: dict[str, Callable[[], np.ndarray]] = {
    "stabsim.sweep": stabsim_sweep,
    "PyTorch eager loop": torch_eager,
    "torch.func.vmap": torch_vmap,
    "optax, Python loop": optax_python_loop,
    "optax, scan a rate": optax_scan,
    "optax, scan + vmap": optax_scan_vmap,
}


def matrix_peak() -> float:
    """The best rate of a 1024 by 1024 product, in floating-point operations a second."""
    a = jnp.ones((1024, 1024), jnp.float32)
    product = jax.jit(lambda a: a @ a)
    product(a).block_until_ready()
    best = np.inf
    for _ in range(20):
        start = time.perf_counter()
        product(a).block_until_ready()
        best = min(best, time.perf_counter() - start)
    return 2 * 1024**3 / best


def compare(peers: dict[str, Callable[[], np.ndarray]], alike: np.ndarray) -> dict[str, np.ndarray]:
    """The seconds of every peer's first run and of each round, after a look at their results.

    Args:
        peers: by name functions that all come to the same numbers; the first is stabsim's.
        alike: which of these must agree, by a hundredth.
    Returns:
        By name the seconds, the first run's first, shape ``(1 + ROUNDS,)``.
    Raises:
        AssertionError: if a peer comes to other numbers than stabsim.
    """
    taken: dict[str, list[float]] = {name: [] for name in peers}
    ends: dict[str, np.ndarray] = {}
    for turn in range(1 + ROUNDS):
        for name, run in peers.items():
            start = time.perf_counter()
            ends[name] = run()
            taken[name].append(time.perf_counter() - start)
            if turn == 0:
                ours = next(iter(ends.values()))
                np.testing.assert_allclose(ends[name][alike], ours[alike], 0.01, err_msg=name)
    return {name: np.array(seconds) for name, seconds in taken.items()}


def over_ours(seconds: np.ndarray, ours: np.ndarray) -> str:
    """The median and the range of a peer's rounds over stabsim's."""
    ratios = seconds[1:] / ours[1:]
    return f"{np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f})"


def main() -> int:
    peaks = [matrix_peak()]
    # Above it the order of a sum decides what comes after the decimal point.
    taken = compare(PEERS, RATES < 0.05)
    peak = np.median([*peaks, matrix_peak()])
    ours = taken["stabsim.sweep"]
    work = len(RATES) * STEPS
    print(f"matrix products: {peak / 1e9:.0f} GFLOP/s; {ROUNDS} rounds, {work} run-steps each\n")
    print("| peer | first run, s | median, s | run-steps/s | share of peak | time over stabsim's |")
    print("|---|---|---|---|---|---|")
    for name, seconds in taken.items():
        middle = float(np.median(seconds[1:]))
        share = work * flops_a_step() / middle / peak
        print(
            f"| {name} | {seconds[0]:.1f} | {middle:.2f} | {work / middle:,.0f} | {share:.0%} | "
            f"{over_ours(seconds, ours)} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
