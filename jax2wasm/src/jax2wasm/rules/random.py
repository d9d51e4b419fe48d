"""JAX's counter-based random numbers (Threefry), so that a seed draws the same as in JAX."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax2wasm.value import Keys, UnsupportedError, Value, position
from jax2wasm.writer import Writer


def threefry2x32(w: Writer, eqn: Any, *operands: Value) -> list[Value]:
    shape = eqn.outvars[0].aval.shape
    first, second = w.new("uint32", shape), w.new("uint32", shape)
    k0, k1, x0, x1 = (x.broadcast(shape, range(len(x.shape))) for x in operands)

    def body(i: list[str]) -> None:
        w.line(f"unsigned x0 = {x0.at(i)}, x1 = {x1.at(i)};")
        w.line(f"threefry({k0.at(i)}, {k1.at(i)}, &x0, &x1);")
        w.line(f"{first.at(i)} = x0; {second.at(i)} = x1;")

    with w.block(""):
        w.loops(shape, body)
    return [first, second]


def iota_2x32_shape(w: Writer, eqn: Any) -> list[Value]:
    """The place of each entry, as two words; the high one is 0 below 2**32 entries."""
    shape = eqn.params["shape"]
    if np.prod(shape) >= 2**31:
        raise UnsupportedError(f"random bits of shape {shape}: at most 2**31 at once")
    places = position((int(np.prod(shape)),), 0, "uint32").reshape(shape)
    assert places is not None
    return [Value("uint32", tuple(shape), "0u"), places]


def wrap(w: Writer, eqn: Any, words: Value) -> Keys:
    """An array of two words each becomes an array of keys."""
    return _keys(w.stored(words), eqn.params["impl"])


def _keys(words: Value, impl: Any) -> Keys:
    if impl.name != "threefry2x32":
        raise UnsupportedError(f"{impl.name} keys: only threefry2x32, JAX's default")
    axis = len(words.shape) - 1
    return Keys(words.move(axis, "0"), words.move(axis, "1"), impl)


def unwrap(w: Writer, eqn: Any, keys: Keys) -> Value:
    out = w.new("uint32", (*keys.shape, 2))
    for i, half in enumerate((keys.first, keys.second)):
        w.assign(out.move(len(keys.shape), str(i)), half)
    return out


def seed(w: Writer, eqn: Any, seeds: Value) -> Keys:
    impl = eqn.params["impl"]
    return _keys(_traced(w, eqn, _each(impl.seed), seeds), impl)


def split(w: Writer, eqn: Any, keys: Keys) -> Keys:
    shape = eqn.params["shape"]
    words = unwrap(w, eqn, keys)
    return _keys(_traced(w, eqn, _each(lambda k: keys.impl.split(k, shape), 1), words), keys.impl)


def fold_in(w: Writer, eqn: Any, keys: Keys, data: Value) -> Keys:
    shape = eqn.outvars[0].aval.shape
    words = unwrap(w, eqn, keys._replace(first=_spread(keys.first, shape),
                                         second=_spread(keys.second, shape)))  # fmt: skip
    data = _spread(w.cheap(data), shape)
    return _keys(_traced(w, eqn, _each(keys.impl.fold_in, 1), words, data), keys.impl)


def _spread(x: Value, shape: tuple[int, ...]) -> Value:
    return x.broadcast(shape, range(len(x.shape)))


def bits(w: Writer, eqn: Any, keys: Keys) -> Value:
    width, shape = eqn.params["bit_width"], eqn.params["shape"]
    draw = _each(lambda k: keys.impl.random_bits(k, width, shape), 1)
    return _traced(w, eqn, draw, unwrap(w, eqn, keys))


def _each(function: Callable[..., jax.Array], inner: int = 0) -> Callable[..., jax.Array]:
    """``function`` over all axes of its first operand but the last ``inner``."""

    def mapped(first: jax.Array, *rest: jax.Array) -> jax.Array:
        outer = first.shape[: first.ndim - inner]
        flat = [x.reshape(-1, *x.shape[len(outer) :]) for x in (first, *rest)]
        out = jax.vmap(function)(*flat)
        return out.reshape(*outer, *out.shape[1:])

    return mapped


def _traced(w: Writer, eqn: Any, function: Callable[..., Any], *values: Value) -> Value:
    """What JAX itself would compute, from bare words."""
    like = [jax.ShapeDtypeStruct(v.shape, jnp.dtype(v.dtype)) for v in values]
    traced = jax.make_jaxpr(function)(*like)
    with w.hold(values):
        (out,) = w.interpret(w, traced.jaxpr, traced.consts, values)
    return w.stored(out)


RULES: dict[str, Any] = {
    "threefry2x32": threefry2x32,
    "iota_2x32_shape": iota_2x32_shape,
    "random_wrap": wrap,
    "random_unwrap": unwrap,
    "random_seed": seed,
    "random_split": split,
    "random_fold_in": fold_in,
    "random_bits": bits,
}
