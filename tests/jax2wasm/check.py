"""What a compiled function is held to: the arrays that ``jax.jit`` makes of it."""

from typing import Any

import jax
import numpy as np

import jax2wasm

TOLERANCE = 5e-6  # of the largest entry: sums are taken in another order
QUICK = {"xla_backend_optimization_level": 0}  # halves the time of a test and moves no last bit


def assert_alike(
    ours: Any, theirs: Any, tolerance: float = TOLERANCE, entrywise: bool = False
) -> None:
    """Shapes, dtypes, whole numbers, and where NaN and inf stand are equal; the rest is near.

    Near is a share of the array's largest entry, or entrywise of each, or of 1 if that is more.
    """
    paths, structure = jax.tree_util.tree_flatten_with_path(theirs)
    assert jax.tree.structure(ours) == structure
    for (path, right), left in zip(paths, jax.tree.leaves(ours), strict=True):
        where, right = jax.tree_util.keystr(path) or "the result", np.asarray(right)
        assert (left.shape, left.dtype) == (right.shape, right.dtype), where
        if right.dtype != np.float32:
            np.testing.assert_array_equal(left, right, where)
            continue
        finite = np.isfinite(right)
        np.testing.assert_array_equal(left[~finite], right[~finite], where)
        left, right = left[finite], right[finite]
        scale = np.maximum(np.abs(right), 1) if entrywise else np.abs(right).max(initial=1e-37)
        np.testing.assert_allclose(
            left / scale, right / scale, rtol=0, atol=tolerance, err_msg=where
        )


def check(
    function: Any, *calls: tuple, tolerance: float = TOLERANCE, entrywise: bool = False
) -> list[Any]:
    """Compile a function once, run it on each tuple of arguments; returns what it gave."""
    engine = jax2wasm.Engine(jax2wasm.compile(function, *calls[0]))
    right = jax.jit(function).lower(*calls[0]).compile(compiler_options=QUICK)
    results = [engine(*arguments) for arguments in calls]
    for ours, arguments in zip(results, calls, strict=True):
        assert_alike(ours, right(*arguments), tolerance, entrywise)
    return results
