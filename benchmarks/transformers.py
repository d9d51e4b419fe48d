"""A sweep of transformers against its peers, same arithmetic, in one run.

8 rates, 100 steps, batch 64 of the digits, AdamW, two layers of width 16 with two heads. Every
peer gets the same initial parameters, rates and minibatches, and must end at the same losses.
Rounds and ratios are those of :mod:`benchmarks.sweep`. Run as
``python -m benchmarks.transformers``.
"""

import sys
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
import torch
from torch.nn.functional import cross_entropy, softmax

import stabsim as ss
from benchmarks.sweep import compare, over_ours
from stabsim.simulation import RunPlan, draw
from stabsim.workloads import Batch, transformer
from stabsim.workloads.transformer import PIXELS, TOKENS

STEPS, BATCH, DECAY, HEADS = 100, 64, 0.01, 2
RATES = np.geomspace(1e-4, 1e-2, 8).astype(np.float32)

NET = transformer(depth=2, heads=HEADS, norm="pre")
DRAWS = draw(NET, 0, RunPlan(STEPS, BATCH, (STEPS,), False))
assert NET.train is not None
assert DRAWS.rows is not None
X, Y = NET.train
ROWS = DRAWS.rows

# --- the peers: each a function from nothing to the last losses, (rates,) ---


def stabsim_sweep() -> np.ndarray:
    def experiment(learning_rate: Any) -> ss.Trace:
        rule = ss.adamw(learning_rate, weight_decay=DECAY)
        return ss.simulate(NET, rule, steps=STEPS, batch_size=BATCH, evaluate_at=())

    runs = ss.sweep(experiment, learning_rate=RATES, progress=False)
    return runs.loss.isel(step=-1).to_numpy()


def optax_run(rate: Any) -> Any:
    rule = optax.adamw(rate, weight_decay=DECAY)

    def step(carry: Any, rows: Any) -> tuple[Any, Any]:
        params, state = carry
        value, grads = jax.value_and_grad(NET.loss)(params, Batch(X[rows], Y[rows]))
        updates, state = rule.update(grads, state, params)
        norms = optax.tree_utils.tree_norm(grads), optax.tree_utils.tree_norm(updates)
        return (optax.apply_updates(params, updates), state), (value, *norms)

    return jax.lax.scan(step, (DRAWS.params, rule.init(DRAWS.params)), ROWS)[1]


jit_run, jit_runs = jax.jit(optax_run), jax.jit(jax.vmap(optax_run))


def optax_scan() -> np.ndarray:
    return np.array([float(jit_run(rate)[0][-1]) for rate in RATES])


def optax_scan_vmap() -> np.ndarray:
    return np.asarray(jit_runs(RATES)[0][:, -1])


TX, TY = torch.tensor(np.asarray(X)), torch.tensor(np.asarray(Y), dtype=torch.long)
TROWS = torch.tensor(np.asarray(ROWS), dtype=torch.long)
LEAVES, TREE = jax.tree.flatten(DRAWS.params)
TPARAMS = [torch.tensor(np.array(leaf)) for leaf in LEAVES]


def normalized(x: Any) -> Any:
    return (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + 1e-5).sqrt()


def torch_loss(leaves: Any, x: Any, y: Any) -> Any:
    params = jax.tree.unflatten(TREE, list(leaves))

    def dense(p: Any, x: Any) -> Any:
        return x @ p["w"] + p["b"]

    def split(h: Any) -> Any:
        return h.unflatten(-1, (HEADS, -1)).transpose(1, 2)

    x = dense(params["in"], x.reshape(-1, TOKENS, PIXELS)) + params["place"]
    for place in range(2):
        p = jax.tree.map(lambda leaf: leaf[place], params["layers"])  # noqa: B023
        q, k, v = (split(dense(p[name], normalized(x))) for name in "qkv")
        mixed = softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5, -1) @ v
        x = x + dense(p["mix"], mixed.transpose(1, 2).flatten(2))
        x = x + dense(p["down"], torch.relu(dense(p["up"], normalized(x))))
    return cross_entropy(dense(params["out"], normalized(x).mean(1)), y)


many_gradients = torch.func.vmap(torch.func.grad_and_value(torch_loss), in_dims=(0, None, None))
compiled_gradients = torch.compile(many_gradients)


def torch_runs(gradients: Callable[..., Any]) -> np.ndarray:
    many = len(RATES)
    rates = torch.tensor(RATES)
    params = [p.expand(many, *p.shape).clone() for p in TPARAMS]
    m, v = ([torch.zeros_like(p) for p in params] for _ in range(2))
    with torch.no_grad():
        for t in range(STEPS):
            grads, loss = gradients(params, TX[TROWS[t]], TY[TROWS[t]])
            for p, first, second, g in zip(params, m, v, grads, strict=True):
                eta = rates.view(many, *[1] * (g.dim() - 1))
                first.mul_(0.9).add_(0.1 * g)
                second.mul_(0.999).add_(0.001 * g * g)
                square = second / (1 - 0.999 ** (t + 1))
                step = first / (1 - 0.9 ** (t + 1)) / (square.sqrt() + 1e-8)
                p.sub_(eta * (step + DECAY * p))
    return loss.numpy()


PEERS: dict[str, Callable[[], np.ndarray]] = {
    "stabsim.sweep": stabsim_sweep,
    "optax, scan + vmap": optax_scan_vmap,
    "optax, scan a rate": optax_scan,
    "torch.func.vmap": lambda: torch_runs(many_gradients),
    "torch.func.vmap, torch.compile": lambda: torch_runs(compiled_gradients),
}


def main() -> int:
    # Above it the order of a sum decides what comes after the decimal point.
    taken = compare(PEERS, RATES < 0.005)
    work = len(RATES) * STEPS
    print("| peer | first run, s | run-steps/s | time over stabsim's |\n|---|---|---|---|")
    for name, seconds in taken.items():
        print(f"| {name} | {seconds[0]:.1f} | {work / np.median(seconds[1:]):,.0f} | "
              f"{over_ours(seconds, taken['stabsim.sweep'])} |")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
