#!/bin/sh
# jax 0.10.2 with jaxlib 0.10.2, on a CPU.
#
# Guess: lax.reduce(x, init, add, (0,)) is init plus the sum of x, whatever the length of x.
# Behaviour: over an axis of length 1 the start is dropped, jitted or not; over 2 it counts.
# Seen: length 1 with start 5: 1.0 (by the guess 6.0); length 2: 7.0. The same with max: 1.0, then 5.0.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import jax
import jax.numpy as jnp


def total(x):
    return float(jax.jit(lambda x: jax.lax.reduce(x, jnp.float32(5), jax.lax.add, (0,)))(x))


def largest(x):
    return float(jax.lax.reduce(x, jnp.float32(5), jax.lax.max, (0,)))


seen = [f(jnp.ones(n, jnp.float32)) for f in (total, largest) for n in (1, 2)]
print(seen)
assert seen == [1.0, 7.0, 1.0, 5.0]
PYTHON
