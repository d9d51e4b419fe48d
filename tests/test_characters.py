"""The text, the language model and muP, each against what NumPy computes of its formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stabsim as ss
from stabsim.workloads import character_model, transformer, with_label_noise, with_outliers
from stabsim.workloads.text import ALPHABET, read, text


def test_the_text_is_whole_in_its_alphabet_and_cut_in_two():
    train, validation = text(16)
    letters = np.concatenate([train.inputs, validation.inputs]).ravel()
    words = "".join(ALPHABET[k] for k in letters)
    assert read().startswith(words)
    assert "handwritten digits" in words
    assert len(words) > 30_000
    assert 0.89 < len(train.inputs) / (len(train.inputs) + len(validation.inputs)) < 0.91
    assert (np.asarray(train.targets)[:, :-1] == np.asarray(train.inputs)[:, 1:]).all()
    with pytest.raises(FileNotFoundError, match=r"'sea' is missing.*pip install"):
        read(("iris", "sea"))


def normalized(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def by_hand(p, letters, heads, base, tied):
    """The logits of one window, with the weights as stored, from the docstrings' formulas."""
    p = jax.tree.map(lambda w: np.asarray(w, float), p)
    n = p["in"].shape[1]
    r, d = base / n, n // heads

    def dense(layer, x):
        return x @ (r * layer["w"]) + layer["b"]

    layer = jax.tree.map(lambda w: w[0], p["layers"])
    x = p["in"][letters] + p["place"]
    y, mixed = normalized(x), []
    q, k, v = (dense(layer[name], y) for name in "qkv")
    for h in range(heads):
        part = slice(h * d, (h + 1) * d)
        scores = q[:, part] @ k[:, part].T * np.sqrt(base / heads) / d  # 1/d
        weights = np.exp(scores) * np.tri(len(letters))
        mixed.append(weights / weights.sum(1, keepdims=True) @ v[:, part])
    x = x + dense(layer["mix"], np.concatenate(mixed, 1))
    x = x + dense(layer["down"], np.maximum(dense(layer["up"], normalized(x)), 0))
    out = p["in"].T / np.sqrt(base) if tied else p["out"]["w"]
    return normalized(x) @ (r * out) + p["out"]["b"]


@pytest.mark.parametrize(("width", "base", "tied"), [(8, None, False), (16, 8, True)])
def test_the_model_is_its_formulas(width, base, tied):
    net = character_model(width=width, context=6, tied=tied, mup_base=base)
    params = jax.jit(net.init)(jax.random.key(0))
    found = net.network.apply(params, net.train.inputs[:2])
    for logits, letters in zip(found, np.asarray(net.train.inputs[:2]), strict=True):
        expected = by_hand(params, letters, 2, base or width, tied)
        np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4)


def test_in_mup_weights_start_and_step_as_the_table_says():
    base, width, rate = 32, 128, 0.01
    net = transformer(depth=1, width=width, norm="pre", mup_base=base)
    before = jax.jit(net.init)(jax.random.key(0))
    rule, r = ss.adam(rate), base / width
    update, _ = rule.update(jax.jit(jax.grad(net.loss))(before), rule.init(before))
    for name, size, step in (
        ("in", 1 / np.sqrt(8), 1), ("q", 1 / np.sqrt(width), r),
        ("down", 1 / np.sqrt(2 * width), r), ("out", np.sqrt(r) / np.sqrt(width), r),
    ):  # fmt: skip
        first, moved = (
            np.abs(p[name]["w"] if name in p else p["layers"][name]["w"])
            * (1 if name == "in" else r)
            for p in (before, update)
        )
        np.testing.assert_allclose(np.sqrt((first**2).mean()), size, rtol=0.1, err_msg=name)
        np.testing.assert_allclose(np.median(moved), rate * step, rtol=1e-2, err_msg=name)


def test_at_the_base_width_mup_is_the_usual_parametrization():
    usual, mup = (transformer(depth=1, width=8, mup_base=b) for b in (None, 8))
    params = jax.jit(usual.init)(jax.random.key(0))
    same = jax.jit(mup.init)(jax.random.key(0))
    assert jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.array_equal(a, b)), params, same))
    np.testing.assert_array_equal(usual.loss(params), mup.loss(params))


@pytest.mark.parametrize("tied", [False, pytest.param(True, marks=pytest.mark.long)])
def test_it_starts_at_chance_and_learns(tied):
    net = character_model(width=16, tied=tied)
    trace = ss.simulate(net, ss.adam(0.01), steps=150, batch_size=16)
    assert abs(float(trace.loss[0]) - np.log(len(ALPHABET))) < 1.2
    assert float(trace.loss[-10:].mean()) < 2.8
    # Less than from letters' frequencies alone: it reads what came before.
    share = np.bincount(np.asarray(net.train.targets).ravel(), minlength=len(ALPHABET)) + 1e-9
    share = share / share.sum()
    assert float(trace.validation_loss[-1]) < -(share * np.log(share)).sum()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: character_model(context=0), "context must be at least 1"),
        (lambda: character_model(context=999), "context must be at most 256"),
        (lambda: transformer(mup_base=0), "mup_base must be at least 1"),
        (lambda: with_outliers(character_model(), 0.1, 2.0), "characters reads tokens"),
        (lambda: with_label_noise(character_model(), 0.1), "one label a row"),
    ],
)
def test_bad_models(make, message):
    with pytest.raises(ValueError, match=message):
        make()
