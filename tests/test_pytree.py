"""Our dataclasses as pytrees: those of different classes never share a compiled program."""

from itertools import combinations

import jax
import jax.numpy as jnp
import pytest

import stabsim as ss
from stabsim._pytree import pytree, static
from stabsim.clipping import adaptive_clip, autoclip, clip_by_global_norm, zclip
from stabsim.workloads import mlp, quadratic, residual_mlp, resnet, transformer

NODES = [
    *(rule(0.1) for rule in (ss.sgd, ss.momentum, ss.nesterov, ss.rmsprop, ss.adam, ss.nadam)),
    *(clip_by_global_norm(1.0), autoclip(), zclip(), adaptive_clip()),
    *(mlp(), residual_mlp(), resnet(), transformer(), quadratic([1.0])),
]


@pytree
class Here:
    x: float
    kind: str = static(default="a")


@pytree
class There:
    x: float
    kind: str = static(default="a")


def test_no_two_classes_have_equal_structures():
    structures = [jax.tree.structure(node) for node in [*NODES, Here(1.0), There(1.0)]]
    assert all(a != b for a, b in combinations(structures, 2))


@pytest.mark.parametrize("node", NODES, ids=lambda node: type(node).__name__)
def test_flattened_and_back(node):
    leaves, structure = jax.tree.flatten(node)
    again = jax.tree.unflatten(structure, leaves)
    assert type(again) is type(node)
    assert jax.tree.structure(again) == structure
    assert all(a is b for a, b in zip(jax.tree.leaves(again), leaves, strict=True))


def test_a_static_field_is_structure():
    assert jax.tree.leaves(Here(1.0)) == [1.0]
    assert jax.tree.structure(Here(1.0)) == jax.tree.structure(Here(2.0))
    assert jax.tree.structure(Here(1.0)) != jax.tree.structure(Here(1.0, "b"))
    ((path, _),) = jax.tree.leaves_with_path(Here(jnp.ones(())))
    assert jax.tree_util.keystr(path) == ".x"
