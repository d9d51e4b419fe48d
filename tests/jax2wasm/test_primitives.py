"""Primitives with drawn parameters. A module holds many cases, since a compile takes a while."""

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy import special

import jax2wasm
from tests.jax2wasm.cases import FAMILIES, elementwise
from tests.jax2wasm.check import check

CASES = {
    "triangles": 3,
    "rows": 3,
    "scans": 6,
    "sorts": 4,
    "systems": 3,
    "convolutions": 5,
    "pools": 2,
}  # in a module


def check_together(cases, **near):
    functions = [case.function for case in cases]
    together = lambda lists: [f(*x) for f, x in zip(functions, lists, strict=True)]  # noqa: E731
    try:
        check(together, ([case.arguments for case in cases],), **near)
    except Exception as error:
        error.add_note("\n".join(f"[{i}] {case}" for i, case in enumerate(cases)))
        raise


def test_elementwise_functions():
    check_together(elementwise(), tolerance=1e-6, entrywise=True)


def test_our_own_functions_over_all_floats():
    """Within 3 units in the last place (or of 0), at every 40,009th of all floats."""
    x = np.arange(0, 2**32, 40_009).astype(np.uint32).view(np.float32)
    names = ["exp", "expm1", "log", "log1p", "tanh", "logistic"]
    engine = jax2wasm.Engine(
        jax2wasm.compile(lambda x: [getattr(jax.lax, name)(x) for name in names], x)
    )
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)  # which notices the NaN that signal
        exact = [getattr(np, name)(wide) for name in names[:-1]] + [1 / (1 + np.exp(-wide))]
        rounded = np.float32(exact)
    for name, ours, right, near in zip(names, engine(x), exact, rounded, strict=True):
        finite = np.isfinite(near)
        np.testing.assert_array_equal(ours[~finite], near[~finite], name)
        away = np.abs(ours[finite] - right[finite]) - np.finfo(np.float32).tiny
        off = np.maximum(away, 0) / np.spacing(np.abs(near[finite]))
        assert off.max() < 3, (name, x[finite][off.argmax()])


def test_a_computation_over_no_entries():
    """Where there are no rows, and where each has none."""

    def joined(x):
        return [jax.lax.reduce(x, np.float32(0), lambda a, b: a + b + a * b, (axis,))
                for axis in (0, 1)]  # fmt: skip

    check(joined, (np.zeros((3, 0), np.float32),))


def test_special_functions():
    """Against SciPy in double precision, since XLA's lgamma is 5e-6 away from it."""
    near = np.linspace(-30, 60, 20_001)
    far = np.geomspace(1e-30, 1e30, 2001)
    x = np.append(near, [*far, *-far[:1300], 0, -0.0, 1, -1, np.inf, -np.inf, np.nan])
    x = x.astype(np.float32)
    right = {
        "lgamma": special.gammaln, "digamma": special.digamma, "bessel_i0e": special.i0e,
        "bessel_i1e": special.i1e,
    }  # fmt: skip
    each = jax2wasm.compile(lambda x: {name: getattr(jax.lax, name)(x) for name in right}, x)
    ours = jax2wasm.Engine(each)(x)
    for name, function in right.items():
        exact = function(x.astype(np.float64))
        if name == "digamma":  # NaN at every pole, as in JAX
            exact = np.where((x <= 0) & (x == np.round(x)), np.nan, exact)
        with np.errstate(over="ignore"):
            bound = np.float32(exact)
        np.testing.assert_array_equal(np.isfinite(ours[name]), np.isfinite(bound), name)
        finite = np.isfinite(bound)
        off = np.abs(ours[name][finite] - exact[finite]) / np.maximum(np.abs(exact[finite]), 1)
        assert off.max() < 2e-6, (name, x[finite][off.argmax()], off.max())


@pytest.mark.parametrize("modules", [1, pytest.param(8, marks=pytest.mark.long)])
@pytest.mark.parametrize("family", FAMILIES)
def test_family(family, modules):
    size = CASES.get(family.__name__, 12)

    @settings(
        max_examples=modules,
        phases=[Phase.generate],  # a failure names its case: shrinking would only compile on
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(family(), min_size=size, max_size=size))
    def run(cases):
        check_together(cases)

    run()


def test_windows_that_do_not_fit():
    def function(x, w):
        convolved = jax.lax.conv_general_dilated(x, w, (1,), [(0, -2)])
        pooled = jax.lax.reduce_window(x, 0.0, jax.lax.add, (1, 1, 9), (1, 1, 1), "VALID")
        return convolved, pooled

    ((convolved, pooled),) = check(function, (np.ones((2, 3, 4), np.float32),) * 2)
    assert convolved.shape == (2, 2, 0)
    assert pooled.shape == (2, 3, 0)
