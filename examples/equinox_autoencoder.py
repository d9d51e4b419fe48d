"""A deep autoencoder of handwritten digits, in Equinox and optax, with a log of JSON lines."""

import argparse
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.datasets import load_digits

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--warmup", type=int, default=0)
parser.add_argument("--max-steps", type=int, default=600)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--clip", type=float)
parser.add_argument("--optimizer", choices=["sgd", "momentum", "adam"], default="adam")
parser.add_argument("--out", default="autoencoder.jsonl")
args = parser.parse_args()

images = (load_digits().data / 16).astype(np.float32)
train, val = jnp.asarray(images[:1400]), jnp.asarray(images[1400:])


class Autoencoder(eqx.Module):
    layers: list

    def __init__(self, key):
        sizes = [64, 128, 64, 32, 8, 32, 64, 128, 64]
        keys = jax.random.split(key, len(sizes) - 1)
        self.layers = [
            eqx.nn.Linear(a, b, key=k) for a, b, k in zip(sizes, sizes[1:], keys, strict=False)
        ]

    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = jax.nn.relu(layer(x))
        return self.layers[-1](x)


def loss_fn(model, x):
    return optax.sigmoid_binary_cross_entropy(jax.vmap(model)(x), x).sum(-1).mean()


schedule = optax.linear_schedule(0.0, args.lr, args.warmup) if args.warmup else args.lr
optimizer = {
    "sgd": lambda: optax.sgd(schedule),
    "momentum": lambda: optax.sgd(schedule, momentum=0.9),
    "adam": lambda: optax.adam(schedule),
}[args.optimizer]()
if args.clip:
    optimizer = optax.chain(optax.clip_by_global_norm(args.clip), optimizer)

model_key, key = jax.random.split(jax.random.key(args.seed))
model = Autoencoder(model_key)
opt_state = optimizer.init(eqx.filter(model, eqx.is_array))


@eqx.filter_jit
def make_step(model, opt_state, key):
    x = jax.random.choice(key, train, (64,))
    loss, grads = eqx.filter_value_and_grad(loss_fn)(model, x)
    updates, opt_state = optimizer.update(grads, opt_state, model)
    return eqx.apply_updates(model, updates), opt_state, loss, optax.global_norm(grads)


evaluate = eqx.filter_jit(loss_fn)

with open(args.out, "w") as file:
    for step in range(args.max_steps):
        key, batch_key = jax.random.split(key)
        model, opt_state, loss, norm = make_step(model, opt_state, batch_key)
        record = {"step": step, "train_loss": loss.item(), "grad_norm": norm.item()}
        record["lr"] = float(schedule(step) if callable(schedule) else schedule)
        if step % 50 == 49 or step == args.max_steps - 1:
            record["val_loss"] = evaluate(model, val).item()
            print(record)
        file.write(json.dumps(record) + "\n")
