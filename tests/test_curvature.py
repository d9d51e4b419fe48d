"""Fast curvature against slow, and every threshold against where runs really diverge."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from jax.flatten_util import ravel_pytree

import stabsim as ss
from stabsim.curvature import (
    hessian_vector_product,
    lanczos,
    largest_eigenvalues,
    sharpest_direction,
    sharpness,
    spectrum,
)
from stabsim.workloads import mlp, quadratic, residual_mlp, transformer
from tests.tiers import in_short


@given(
    diagonal=arrays(np.float64, 9, elements=st.floats(-10, 10)),
    off=arrays(np.float64, 9, elements=st.floats(0, 10)),
)
def test_bisection_is_eigh(diagonal, off):
    full = np.diag(diagonal) + np.diag(off[:-1], 1) + np.diag(off[:-1], -1)
    with jax.enable_x64(True):
        found = np.asarray(largest_eigenvalues(jnp.asarray(diagonal), jnp.asarray(off), 4))
    expected = np.linalg.eigvalsh(full)[:-5:-1]
    assert np.abs(found - expected).max() < 1e-9 * (1 + np.abs(full).sum(1).max())


@pytest.mark.parametrize("n", [1, 2, 5, 60])
def test_lanczos_finds_the_top_of_a_matrix(n, rng, x64):
    a = rng.normal(size=(n, n))
    a = jnp.asarray(a + a.T)
    alpha, beta = lanczos(lambda v: a @ v, jnp.asarray(rng.normal(size=n)), n)
    found = largest_eigenvalues(alpha, beta, min(n, 3))
    np.testing.assert_allclose(found, np.linalg.eigvalsh(a)[::-1][:3], rtol=1e-8)


def test_lanczos_stops_in_a_small_krylov_space(x64):
    values = jnp.array([1.0, 1.0, 1.0, 5.0, 5.0, -2.0])
    alpha, beta = lanczos(lambda v: values * v, jnp.ones(6), 6)
    np.testing.assert_allclose(largest_eigenvalues(alpha, beta, 1), 5.0, rtol=1e-9)


def test_the_spectrum_of_a_nets_hessian_is_eighs():
    """At the start and where training has parted the eigenvalues, on the net of a lab."""
    net = mlp(depth=3, width=12, activation="tanh", gain=0.5, objective="squared_error", rows=32)
    trace = ss.simulate(net, ss.sgd(0.2), steps=300, record_parameters=True, evaluate_at=())
    _, unravel = ravel_pytree(trace.final_parameters)
    hessian = jax.jit(jax.hessian(lambda p: net.loss(unravel(p))))
    largest = jax.jit(lambda p: spectrum(net.loss, unravel(p), 5))
    for flat in trace.parameters[jnp.array([0, 300])]:
        expected = np.linalg.eigvalsh(np.asarray(hessian(flat), float))[:-6:-1]
        found = largest(flat)
        np.testing.assert_allclose(found, expected, rtol=0.01)


def small(workload):
    """The workload on 40 rows, so that its whole Hessian is quick."""
    from dataclasses import replace

    train = workload.train
    return replace(workload, train=type(train)(train.inputs[:40], train.targets[:40]))


NETS = {
    "mlp": lambda: small(mlp(width=6, activation="tanh")),
    "residual": lambda: small(residual_mlp(depth=3, width=6, block="x + f(Norm(x))")),
    "transformer": lambda: small(transformer(depth=1, width=4)),
}


@pytest.mark.parametrize("name", in_short(NETS, "mlp", "residual"))
def test_sharpness_is_the_full_hessian_s(name, rng, x64):
    workload = NETS[name]()
    params = workload.init(jax.random.key(1))
    flat, unravel = ravel_pytree(params)
    hessian = np.asarray(jax.jit(jax.hessian(lambda p: workload.loss(unravel(p))))(flat))
    plain = jax.jit(lambda q: sharpness(workload.loss, q))(params)
    np.testing.assert_allclose(plain, np.linalg.eigvalsh(hessian)[-1], rtol=1e-3)
    p = np.exp(rng.normal(size=flat.size))
    expected = np.linalg.eigvalsh(hessian / np.sqrt(np.outer(p, p)))[-1]
    found = jax.jit(lambda q: sharpness(workload.loss, q, unravel(jnp.asarray(p))))(params)
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    v = jnp.asarray(rng.normal(size=flat.size))
    times = jax.jit(lambda p: hessian_vector_product(lambda q: workload.loss(unravel(q)), p, v))
    product = times(flat)
    np.testing.assert_allclose(product, hessian @ v, rtol=1e-8, atol=1e-10)


def test_sharpness_of_what_is_not_finite_is_nan():
    assert np.isnan(float(sharpness(lambda p: jnp.sum(p**4), jnp.array([jnp.nan, 1.0]))))


# With a large eps and a tiny start, v is nothing beside eps: the preconditioner is constant
# and the quadratic linear, as the thresholds assume.
TINY = 1e-9
EDGES = {
    "sgd": (lambda lr: ss.sgd(lr), 1.0, 2.0),
    "momentum": (lambda lr: ss.momentum(lr), 1.0, 3.8),
    "momentum .5": (lambda lr: ss.momentum(lr, gamma=0.5), 1.0, 3.0),
    "nesterov": (lambda lr: ss.nesterov(lr), 1.0, 3.8 / 2.8),
    "rmsprop": (lambda lr: ss.rmsprop(lr, eps=1.0), 1.0, 2.0),
    "rmsprop .9": (lambda lr: ss.rmsprop(lr, gamma=0.9, eps=1.0), 1.0, 3.8),
    "adam": (lambda lr: ss.adam(lr, eps=1.0, beta2=0.99), 1.0, 38.0),
    "nadam": (lambda lr: ss.nadam(lr, eps=1.0, beta2=0.99), 1.0, 3.8 / (2.8 * 0.1)),
}


@pytest.mark.parametrize("name", EDGES)
def test_runs_on_a_quadratic_diverge_at_the_threshold(name, x64):
    make, curvature, threshold = EDGES[name]
    np.testing.assert_allclose(make(1.0).threshold(1.0), threshold, rtol=1e-12)
    share = np.linspace(0.99, 1.01, 41)

    def experiment(rate):
        return ss.simulate(
            quadratic([curvature], start=TINY), make(rate), steps=6000, record_parameters=True
        )

    runs = ss.sweep(experiment, rate=share * threshold / curvature, progress=False)
    size = np.abs(runs.parameters.squeeze("parameter"))
    middle, late = (
        size.isel(point=slice(t, t + 20)).max("point", skipna=False).to_numpy()
        for t in (5000, 5980)
    )
    grew = ~(late < 100 * TINY) | (late > middle)
    edge = share[grew.argmax()]
    assert grew.any()
    assert not grew.all()
    assert grew[grew.argmax() :].all()
    print(f"{name}: measured edge at {edge:.4f} of {threshold:.4f}")
    assert abs(edge - 1) < 0.005


def test_adam_spikes_late_on_a_quadratic_when_its_threshold_falls_below(x64):
    # As gradients shrink so does v, and the preconditioned curvature h / P rises to 38 / lr.
    rule = ss.adam(0.01, beta2=0.99)
    trace = ss.simulate(quadratic([1.0]), rule, steps=3000, measure_sharpness_at=range(0, 3000, 10))
    ratio = np.asarray(trace.sharpness / trace.threshold)
    loss = np.asarray(trace.loss)
    crossed = int(trace.sharpness_step[(ratio > 1).argmax()])
    assert (ratio > 1).any()
    assert loss[crossed : crossed + 500].max() > 1e6 * loss[crossed - 10 : crossed].max()


@pytest.mark.parametrize("spectrum", [[3.0, 1.0, 0.5], [3.0, -2.5, 1.0], [2.0, -2.9, 0.1]])
def test_sharpest_direction_is_the_top_eigenvector(spectrum, rng):
    """Also where the most negative eigenvalue is nearly as large, or larger, in size."""
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    hessian = jnp.asarray(turn @ np.diag(spectrum) @ turn.T, jnp.float32)
    start = jnp.asarray(rng.normal(size=3), jnp.float32)
    found, curvature = sharpest_direction(lambda x: x @ hessian @ x / 2, jnp.zeros(3), start, 200)
    top = np.argmax(spectrum)
    assert abs(float(found @ turn[:, top])) == pytest.approx(1, abs=1e-3)
    assert float(curvature) == pytest.approx(spectrum[top], rel=1e-3)
