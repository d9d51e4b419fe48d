#!/bin/sh
# jax 0.10.2 with jaxlib 0.10.2.
#
# Guess: the tree structures of two classes registered by jax.tree_util.register_dataclass differ,
# as those of two NamedTuples do.
# Behaviour: they compare equal if their fields match in number, and only their hashes differ. What
# keeps compiled programs by structure may hand one class the other's program where hashes meet.
# Seen: True for the dataclasses, False for the NamedTuples.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
from dataclasses import dataclass
from typing import NamedTuple

import jax


@jax.tree_util.register_dataclass
@dataclass
class Metres:
    value: float


@jax.tree_util.register_dataclass
@dataclass
class Seconds:
    value: float


class Litres(NamedTuple):
    value: float


class Grams(NamedTuple):
    value: float


def alike(one, other):
    return jax.tree.structure(one(1.0)) == jax.tree.structure(other(1.0))


seen = [alike(Metres, Seconds), alike(Litres, Grams)]
print(seen)
assert seen == [True, False]
PYTHON
