"""Workloads: fixed disjoint splits, shapes, known facts and bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stabsim as ss
from stabsim.curvature import sharpness
from stabsim.workloads import (
    digits,
    mlp,
    quadratic,
    residual_mlp,
    resnet,
    smoothed_cross_entropy,
    surface,
    transformer,
    with_label_noise,
    with_outliers,
)
from stabsim.workloads.conv import conv
from stabsim.workloads.residual import BLOCKS
from stabsim.workloads.synthetic import SURFACES
from stabsim.workloads.workload import cross_entropy, squared_error
from tests.tiers import in_short

REAL = {
    "mlp": lambda: mlp(),
    "mlp normalized": lambda: mlp(depth=4, activation="tanh", normalize=True),
    "linear": lambda: mlp(depth=1),
    "squared": lambda: mlp(objective="squared_error", rows=100),
    **{block: lambda block=block: residual_mlp(depth=3, block=block) for block in BLOCKS},
    "resnet 2": lambda: resnet(blocks=2, channels=3, stride=2),
    "resnet 1": lambda: resnet(blocks=2, channels=3, stride=1, normalize=False),
    "post-LN": lambda: transformer(depth=2, norm="post"),
    "pre-LN": lambda: transformer(depth=2, norm="pre"),
    "pre-LN, mended": lambda: transformer(
        depth=2, norm="pre", qk_norm=True, softcap=20.0, z_loss=1e-4, label_smoothing=0.1
    ),
}


def test_split_is_fixed_disjoint_and_whole():
    train, validation = digits()
    assert train.inputs.shape == (1437, 64)
    assert validation.inputs.shape == (360, 64)
    rows = np.concatenate([train.inputs, validation.inputs])
    assert len(np.unique(rows.round(4), axis=0)) == 1797
    assert abs(float(train.inputs.mean())) < 1e-5
    assert abs(float(train.inputs.std()) - 1) < 1e-5
    counts = np.bincount(train.targets), np.bincount(validation.targets)
    assert counts[0].min() > 100
    assert counts[1].min() > 20


def test_attention_logits_are_bounded_by_each_mend(rng):
    q, k = (jnp.asarray(100 * rng.normal(size=(2, 5, 9)), jnp.float32) for _ in "qk")

    def largest(**options):
        network = transformer(depth=1, width=9, heads=1, **options).network
        return float(jnp.abs(network.scores(q, k)).max())

    assert largest() > 1e4
    assert largest(qk_norm=True) <= 3 * (1 + 1e-6)
    assert 19 < largest(softcap=20.0) <= 20
    capped = transformer(depth=1, width=9, heads=1, softcap=1e6).network.scores(q, k)
    plain = transformer(depth=1, width=9, heads=1).network.scores(q, k)
    np.testing.assert_allclose(capped, plain, rtol=1e-2)


def test_smoothed_cross_entropy_is_the_formula(rng):
    logits, labels = rng.normal(size=(6, 4)) * 5, rng.integers(0, 4, 6)
    z = np.exp(logits).sum(1)
    p = 0.8 * np.eye(4)[labels] + 0.2 / 4
    expected = np.mean(-(p * np.log(np.exp(logits) / z[:, None])).sum(1) + 0.3 * np.log(z) ** 2)
    given = jnp.asarray(logits, jnp.float32), jnp.asarray(labels)
    np.testing.assert_allclose(smoothed_cross_entropy(0.3, 0.2)(*given), expected, rtol=1e-5)
    assert smoothed_cross_entropy() is cross_entropy
    assert smoothed_cross_entropy(0.3, 0.2) == smoothed_cross_entropy(0.3, 0.2)
    shift = smoothed_cross_entropy(0.0, 0.2)
    np.testing.assert_allclose(shift(given[0] + 7, given[1]), shift(*given), rtol=1e-5)
    slope = jax.grad(lambda c: smoothed_cross_entropy(0.3)(given[0] + c, given[1]))(7.0)
    np.testing.assert_allclose(slope, np.mean(0.6 * (np.log(z) + 7)), rtol=1e-5)


@pytest.mark.parametrize("name", REAL)
def test_real_workload_starts_near_chance(name):
    workload = REAL[name]()
    assert not workload.synthetic
    assert workload.validation is not None
    held_out = workload.validation

    @jax.jit
    def start(key):
        params = workload.init(key)
        outputs = workload.network.apply(params, held_out.inputs[:7])
        return outputs, workload.loss(params), workload.error(params, held_out)

    outputs, loss, error = start(jax.random.key(0))
    assert outputs.shape == (7, 10)
    assert np.isfinite(loss)
    assert error > 0.6


# One of each kind; what the others differ in, the chapters' tests train.
@pytest.mark.parametrize("name", in_short(REAL, "mlp", "x + f(Norm(x))", "resnet 2", "pre-LN"))
def test_real_workload_learns(name):
    workload = REAL[name]()
    trace = ss.simulate(workload, ss.adam(0.003), steps=60, batch_size=64)
    assert float(trace.loss[-5:].mean()) < 0.9 * float(trace.loss[0])


@pytest.mark.parametrize("name", in_short(REAL, "mlp", "x + f(Norm(x))", "resnet 2", "pre-LN"))
def test_initial_parameters_depend_on_the_key_alone(name):
    workload = REAL[name]()
    initial = jax.jit(workload.init)
    same = [initial(jax.random.key(k)) for k in (1, 1, 2)]
    equal = [
        all(
            np.array_equal(a, b)
            for a, b in zip(jax.tree.leaves(same[0]), jax.tree.leaves(t), strict=True)
        )
        for t in same[1:]
    ]
    assert equal == [True, False]


def test_rezero_starts_as_the_identity():
    workload = residual_mlp(depth=5, block="x + a f(x)")
    params = workload.init(jax.random.key(0))
    x = workload.train.inputs[:4]
    direct = (x @ params["in"]["w"]) @ params["out"]["w"]
    np.testing.assert_allclose(workload.network.apply(params, x), direct, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_convolution_is_xla_s(stride, rng):
    x = jnp.asarray(rng.normal(size=(2, 8, 8, 3)), jnp.float32)
    params = {
        "w": jnp.asarray(rng.normal(size=(27, 5)), jnp.float32),
        "b": jnp.zeros(5, jnp.float32),
    }
    expected = jax.lax.conv_general_dilated(
        x,
        params["w"].reshape(3, 3, 3, 5),
        (stride, stride),
        ((1, 1), (1, 1)),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    np.testing.assert_allclose(conv(params, x, stride), expected, rtol=1e-4, atol=1e-4)


def test_objectives(rng):
    outputs = rng.normal(size=(6, 10)).astype(np.float32)
    labels = np.array([0, 3, 9, 3, 1, 5], np.int32)
    p = np.exp(outputs) / np.exp(outputs).sum(-1, keepdims=True)
    expected = -np.log(p[np.arange(6), labels]).mean()
    np.testing.assert_allclose(
        cross_entropy(jnp.asarray(outputs), jnp.asarray(labels)), expected, rtol=1e-5
    )
    expected = ((outputs - np.eye(10)[labels]) ** 2).sum(-1).mean() / 2
    np.testing.assert_allclose(
        squared_error(jnp.asarray(outputs), jnp.asarray(labels)), expected, rtol=1e-5
    )


def test_quadratic_has_the_spectrum_it_was_given():
    bowl = quadratic([0.5, 3.0, 7.0], start=2.0)
    params = bowl.init(jax.random.key(0))
    np.testing.assert_allclose(bowl.loss(params), 2.0 * (0.5 + 3 + 7), rtol=1e-6)
    np.testing.assert_allclose(np.diag(jax.hessian(bowl.loss)(params)), [0.5, 3, 7], rtol=1e-6)
    assert bowl.synthetic


@pytest.mark.parametrize("name", SURFACES)
def test_surfaces_are_two_dimensional_and_labelled_synthetic(name):
    shape = surface(name)
    left, right, bottom, top = SURFACES[name].box
    x, y = SURFACES[name].start
    assert left <= x <= right
    assert bottom <= y <= top
    assert shape.synthetic
    assert np.isfinite(float(shape.loss(shape.init(jax.random.key(0)))))


def test_uv_sharpness_at_a_minimum_is_the_squared_distance():
    params = jnp.array([3.0, 0.0])
    measured = sharpness(surface("uv").loss, params)
    np.testing.assert_allclose(measured, 9.0, rtol=1e-4)


def test_outliers_are_as_rare_and_as_large_as_told():
    workload = with_outliers(mlp(width=8), 0.1, 50.0)
    trace = ss.simulate(workload, ss.sgd(1e-8), steps=1000, batch_size=8)
    hit = np.asarray(trace.gradient_norm) > 20 * np.median(trace.gradient_norm)
    assert 70 < hit.sum() < 130


def test_gain_may_be_swept():
    def experiment(gain):
        return ss.simulate(mlp(width=8, gain=gain), ss.sgd(0.01), steps=2)

    runs = ss.sweep(experiment, gain=[0.5, 2.0])
    alone = ss.simulate(mlp(width=8, gain=2.0), ss.sgd(0.01), steps=2)
    np.testing.assert_allclose(runs.loss.sel(gain=2.0), alone.loss, rtol=1e-5)


def test_label_noise_mislabels_the_share_and_nothing_else():
    clean = mlp(width=8)
    noisy = with_label_noise(clean, 0.2)
    before, after = (np.asarray(net.train.targets) for net in (clean, noisy))
    wrong = before != after
    assert wrong.sum() == round(0.2 * len(before))
    assert set(after) == set(range(10))
    # Evenly: each of the nine distances from the right class about as often.
    assert np.bincount((after - before)[wrong] % 10, minlength=10)[1:] / wrong.sum() == (
        pytest.approx(np.full(9, 1 / 9), abs=0.05)
    )
    assert noisy.train.inputs is clean.train.inputs
    assert noisy.validation is clean.validation
    assert "label noise" in noisy.name
    again = with_label_noise(clean, 0.2).train.targets
    assert (np.asarray(again) == after).all()
    assert (np.asarray(with_label_noise(clean, 0.0).train.targets) == before).all()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: mlp(depth=0), ValueError, "depth must be at least 1; it is 0"),
        (lambda: mlp(width=2.5), TypeError, "width must be a whole number, not 2.5"),
        (lambda: mlp(activation="swish"), ValueError, "activation must be one of 'tanh'"),
        (lambda: mlp(objective="hinge"), ValueError, "objective"),
        (lambda: mlp(gain=0.0), ValueError, "gain must be a finite number above 0"),
        (lambda: mlp(rows=0), ValueError, "rows"),
        (lambda: mlp(rows=5000), ValueError, "rows must be at most 1437"),
        (lambda: residual_mlp(block="x + g(x)"), ValueError, "block must be one of"),
        (lambda: resnet(stride=3), ValueError, "stride must be 1 or 2; it is 3"),
        (lambda: resnet(pool=3), ValueError, "pool"),
        (lambda: transformer(width=15, heads=2), ValueError, "multiple of heads=2; it is 15"),
        (lambda: transformer(softcap=0.0), ValueError, "softcap must be a finite number above 0"),
        (lambda: transformer(z_loss=-1.0), ValueError, "z_loss"),
        (lambda: transformer(label_smoothing=1.5), ValueError, "label_smoothing must be a prob"),
        (lambda: transformer(norm="mid"), ValueError, "norm must be one of 'pre', 'post'"),
        (lambda: quadratic([]), ValueError, "spectrum"),
        (lambda: quadratic([1.0, float("nan")]), ValueError, "spectrum must be finite"),
        (lambda: quadratic([1.0, 2.0], start=[1.0, 2.0, 3.0]), ValueError, "start"),
        (lambda: surface("bowl"), ValueError, "name must be one of 'valley'"),
        (lambda: surface("uv", start=(1.0, float("inf"))), ValueError, "start must be finite"),
        (lambda: with_label_noise(quadratic([1.0]), 0.1), ValueError, "training data"),
        (lambda: with_label_noise(mlp(), 1.5), ValueError, "share"),
        (lambda: with_outliers(quadratic([1.0]), 0.1, 2.0), ValueError, "training data"),
        (lambda: with_outliers(mlp(), 1.5, 2.0), ValueError, "probability"),
        (lambda: with_outliers(mlp(), 0.5, -2.0), ValueError, "scale"),
    ],
)
def test_bad_workloads(make, error, message, unchecked):
    with pytest.raises(error, match=message):
        make()
