"""Random numbers in a module are those of JAX: bits are equal, and what is made of them near."""

import jax
import numpy as np
from jax import random

from tests.jax2wasm.check import check


def test_draws_of_a_seed():
    def draws(seed):
        key = random.key(seed)
        keys = random.split(key, (2, 3))
        return {
            "data": random.key_data(keys),
            "folded": random.key_data(random.fold_in(key, seed + 1)),
            "bits": random.bits(keys[0, 1], (5, 3)),
            "odd": random.bits(keys[1, 2], (7,)),
            "one": random.bits(key),
            "mapped": jax.vmap(lambda k: random.bits(k, (3,)))(keys.ravel()),
            "old": random.uniform(random.PRNGKey(seed), (4,)),
            "uniform": random.uniform(keys[0, 0], (6, 4), minval=-2.0, maxval=3.0),
            "normal": random.normal(keys[0, 2], (50,)),
            "whole": random.randint(keys[1, 0], (20,), -5, 17),
            "permutation": random.permutation(keys[1, 1], 33),
            "shuffled": random.permutation(keys[1, 1], np.arange(12.0, dtype=np.float32), axis=0),
            "choice": random.choice(key, 9, (4,), replace=False),
            "truncated": random.truncated_normal(key, -1.0, 2.0, (9,)),
            "yes": random.bernoulli(key, 0.3, (11,)),
            "categorical": random.categorical(key, np.zeros((4, 5), np.float32)),
        }

    seeds = [(np.int32(s),) for s in (0, 3, 2**31 - 1)]
    first, second, _ = check(draws, *seeds, tolerance=2e-6)
    assert not np.array_equal(first["bits"], second["bits"])


def test_keys_in_loops_and_branches():
    def run(seed):
        key = random.key(seed)

        def step(key, t):
            key, now = random.split(key)
            fresh = random.fold_in(random.wrap_key_data(random.key_data(key)), t)
            chosen = jax.lax.cond(t > 2, lambda: now, lambda: fresh)
            return key, (random.uniform(chosen, (3,)), now, random.normal(fresh))

        last, (drawn, keys, normal) = jax.lax.scan(step, key, np.arange(5))
        again = jax.lax.map(lambda k: random.bits(k, (2,)), keys)
        twice = jax.lax.fori_loop(0, 3, lambda i, k: random.fold_in(k, i), last)
        return drawn, random.key_data(keys), normal, again, random.key_data(twice)

    check(run, (np.uint32(7),))
