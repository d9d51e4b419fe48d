"""Hypothesis draws small functions of each family of primitives, with arguments for them."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st
from jax import lax

WHOLE_DTYPES = ("int32", "uint32", "int8", "uint8", "int16", "uint16")
LIMITS = {dtype: np.iinfo(dtype) for dtype in WHOLE_DTYPES}
EDGES = {
    "float32": [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, np.inf, -np.inf, np.nan],
    "bool": [False, True],
    **{
        dtype: [0, 1, 2, 7, 8, 31, 32, 33, limits.max // 2 + 1, limits.max, limits.min]
        + [-1, -7] * (limits.min < 0)
        for dtype, limits in LIMITS.items()
    },
}


class Case(NamedTuple):
    """One small function and its arguments; the text is what a failure shows."""

    text: str
    function: Callable[..., Any]
    arguments: tuple[np.ndarray, ...]

    def __repr__(self) -> str:
        return f"{self.text} of {[(x.dtype.name, x.shape) for x in self.arguments]}"


seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 5)


def plain(draw: Any, shape: Any, dtype: str = "float32", high: int = 9) -> np.ndarray:
    random = np.random.default_rng(draw(seeds))
    if dtype == "float32":
        return np.asarray(random.normal(size=shape), dtype)
    low = 0 if dtype[0] in "ub" else -high
    return np.asarray(random.integers(low, 2 if dtype == "bool" else high, shape), dtype)


def edged(draw: Any, shape: Any, dtype: str) -> np.ndarray:
    """Ordinary numbers, of which a third are the ones that go wrong."""
    x, random = plain(draw, shape, dtype, 1000), np.random.default_rng(draw(seeds))
    return np.where(random.random(shape) < 0.35, random.choice(EDGES[dtype], shape), x).astype(
        dtype
    )


@st.composite
def shapes(draw: Any, most: int = 4, least: int = 0) -> tuple[int, ...]:
    """Small sizes above 0; one time in ten, an axis is empty."""
    shape = draw(st.lists(sizes, min_size=least, max_size=most))
    if shape and draw(st.integers(0, 9)) == 9:
        shape[draw(st.integers(0, len(shape) - 1))] = 0
    return tuple(shape)


# --- where entries lie ---


@st.composite
def layouts(draw: Any) -> Case:
    """A chain of views, of a stored array and of an expression."""
    shape = draw(shapes(4, 2))
    steps, now = [], jax.ShapeDtypeStruct(shape, jnp.float32)
    for _ in range(draw(st.integers(1, 4))):
        steps.append(draw(st.sampled_from([_transpose, _slice, _reverse, _reshape, _spread]))(
            draw, now.shape
        ))  # fmt: skip
        now = jax.eval_shape(steps[-1], now)

    def chain(x: jax.Array) -> jax.Array:
        for step in steps:
            x = step(x)
        return x

    text = " ".join(f"{s.func.__name__}{s.args[1:] or s.keywords}" for s in steps)
    return Case(text, lambda x: (chain(x), chain(x * 2 + 1) * 3), (plain(draw, shape),))


def _transpose(draw: Any, shape: Any) -> Any:
    return partial(lax.transpose, permutation=draw(st.permutations(range(len(shape)))))


def _slice(draw: Any, shape: Any) -> Any:
    starts = [draw(st.integers(0, max(0, n - 1))) for n in shape]
    bounds = [(a, draw(st.integers(min(a + 1, n), n))) for a, n in zip(starts, shape, strict=True)]
    return partial(
        lax.slice,
        start_indices=[a for a, _ in bounds],
        limit_indices=[b for _, b in bounds],
        strides=[draw(st.integers(1, 3)) for _ in shape],
    )


def _reverse(draw: Any, shape: Any) -> Any:
    return partial(lax.rev, dimensions=[i for i in range(len(shape)) if draw(st.booleans())])


def _reshape(draw: Any, shape: Any) -> Any:
    left, new = int(np.prod(shape)), []
    while left > 1 and len(new) < 3:
        new.append(draw(st.sampled_from([d for d in range(1, left + 1) if left % d == 0])))
        left //= new[-1]
    return partial(jnp.reshape, shape=(*new, left))


def _spread(draw: Any, shape: Any) -> Any:
    rank = len(shape) + draw(st.integers(0, 1))
    axes = sorted(draw(st.permutations(range(rank)))[: len(shape)])
    full = [draw(sizes) for _ in range(rank)]
    for axis, n in zip(axes, shape, strict=True):
        full[axis] = full[axis] if n == 1 else n
    return partial(lax.broadcast_in_dim, shape=full, broadcast_dimensions=axes)


@st.composite
def joins(draw: Any) -> Case:
    """Concatenation, stacks and their halves."""
    shape = draw(shapes(3, 1))
    axis = draw(st.integers(0, len(shape) - 1))
    other = tuple(draw(sizes) if i == axis else n for i, n in enumerate(shape))
    cut = draw(st.integers(0, shape[axis]))

    def function(x: jax.Array, y: jax.Array) -> Any:
        halves = jnp.split(x, [cut], axis)
        repeats = [2 if i == axis else 1 + i for i in range(x.ndim)]
        tiled = jnp.tile(x, repeats), jnp.tile(x * 2, (3, *repeats))
        return lax.concatenate([x, y * 2, x[::1]], axis), halves, jnp.stack([x, -x], axis), tiled

    return Case(f"axis {axis}, cut {cut}", function, (plain(draw, shape), plain(draw, other)))


@st.composite
def pads(draw: Any) -> Case:
    shape, config = draw(shapes(3)), []
    for n in shape:
        low, high, gap = (draw(st.integers(a, b)) for a, b in ((-3, 3), (-3, 3), (0, 2)))
        short = low + high + n + max(0, n - 1) * gap
        config.append((low, high - min(0, short), gap))
    filling = np.float32(draw(st.sampled_from([0.0, np.inf, 2.5])))
    return Case(
        f"pad {config}", lambda x, f: (lax.pad(x, f, config), lax.pad(x - 1, f * 1, config)),
        (plain(draw, shape), filling),
    )  # fmt: skip


# --- one entry from one entry ---

UNARY = [
    lax.exp, lax.exp2, lax.log, lax.log1p, lax.expm1, lax.sin, lax.cos, lax.tan, lax.asin, lax.acos,
    lax.atan, lax.sinh, lax.cosh, lax.tanh, lax.asinh, lax.acosh, lax.atanh, lax.sqrt, lax.cbrt,
    lax.erf, lax.erfc, lax.floor, lax.ceil, lax.rsqrt,
    lax.logistic, lax.erf_inv, lax.is_finite,
    lax.neg, lax.abs, lax.sign, lax.square, jnp.round, jnp.isnan, jnp.positive, lax.round,
    partial(lax.integer_pow, y=3), partial(lax.integer_pow, y=-2), partial(lax.integer_pow, y=2),
    jax.nn.gelu, jax.nn.softplus, jax.nn.silu, jnp.sinc,
]  # fmt: skip
BINARY = [lax.add, lax.sub, lax.mul, lax.div, lax.rem, lax.max, lax.min, lax.pow, lax.atan2,
          lax.nextafter, lax.eq, lax.ne, lax.lt, lax.le, lax.gt, lax.ge, jnp.logaddexp, jnp.hypot,
          jnp.floor_divide, jnp.mod]  # fmt: skip
WHOLE = [lax.add, lax.sub, lax.mul, lax.div, lax.rem, lax.max, lax.min, lax.eq, lax.ne, lax.lt,
         lax.le, lax.gt, lax.ge, lax.bitwise_and, lax.bitwise_or, lax.bitwise_xor, lax.shift_left,
         lax.shift_right_logical, lax.shift_right_arithmetic, jnp.floor_divide,
         jnp.mod]  # fmt: skip
WHOLE_UNARY = [lax.neg, lax.abs, lax.sign, lax.square, lax.bitwise_not, lax.clz,
               lax.population_count, partial(lax.integer_pow, y=3),
               partial(lax.integer_pow, y=2)]  # fmt: skip


def name_of(function: Any) -> str:
    name = getattr(function, "__name__", None) or f"{function.func.__name__}{function.keywords}"
    return str(name)


def elementwise() -> list[Case]:
    """Each function over ordinary numbers and the edges: all pairs of them."""
    edges = np.float32([*EDGES["float32"], 3.25, -0.3, 1e-3, 20.0, -20.0])
    numbers = np.append(edges, np.random.default_rng(0).normal(size=300).astype(np.float32) * 2)
    pairs = tuple(x.ravel() for x in np.meshgrid(edges, edges))
    found = [Case(name_of(f), f, (numbers,)) for f in UNARY]
    found += [Case(name_of(f), f, pairs) for f in BINARY]
    for dtype in WHOLE_DTYPES:
        pairs = tuple(x.ravel() for x in np.meshgrid(*[np.array(EDGES[dtype], dtype)] * 2))
        unary = [f for f in WHOLE_UNARY if dtype[0] != "u" or f is not lax.abs]
        found += [Case(name_of(f), f, pairs[:1]) for f in unary]
        found += [Case(name_of(f), f, pairs) for f in WHOLE]
    return found


@st.composite
def conversions(draw: Any) -> Case:
    """Between dtypes, by bits too; booleans; and choices among arrays."""
    dtype, to = (draw(st.sampled_from(list(EDGES))) for _ in range(2))
    width = 8 * np.dtype(dtype).itemsize
    shape = draw(shapes(2))
    x, y = edged(draw, shape, dtype), edged(draw, shape, dtype)
    which, yes = plain(draw, shape, "int32", 5), plain(draw, shape, "bool")

    def function(x: jax.Array, y: jax.Array, which: jax.Array, yes: jax.Array) -> Any:
        chosen = lax.select_n(jnp.clip(which, 0, 2), x, y, x)
        bits = lax.bitcast_convert_type(x, f"uint{width}") if dtype != "bool" else x
        logic = (yes & (x == y)) | ~yes, yes ^ (x != y), jnp.logical_not(yes)
        return lax.convert_element_type(x, to), chosen, bits, logic, jnp.where(yes, x, y)

    return Case(f"{dtype} to {to}", function, (x, y, which, yes))


@st.composite
def broadcasts(draw: Any) -> Case:
    """NumPy's rules, with expressions on either side and a value read twice."""
    shape = draw(shapes(3))
    part = tuple(1 if draw(st.booleans()) else n for n in shape)[draw(st.integers(0, len(shape))) :]

    def function(x: jax.Array, y: jax.Array) -> Any:
        z = jnp.tanh(x) + y + 3
        return z * (y - 1), (z * z).sum(), jnp.clip(x, -0.5, y), jnp.minimum(z.T, 0.3)

    return Case(f"{part} to {shape}", function, (plain(draw, shape), plain(draw, part)))


# --- many entries to one ---

BITWISE = [lax.bitwise_and, lax.bitwise_or, lax.bitwise_xor]
REDUCTIONS = {
    "float32": [lax.add, lax.mul, lax.max, lax.min],
    "bool": [lax.bitwise_and, lax.bitwise_or, lax.max, lax.min],
    **{dtype: [lax.add, lax.mul, lax.max, lax.min, *BITWISE] for dtype in WHOLE_DTYPES},
}
IDENTITY = {
    lax.add: 0, lax.mul: 1, lax.bitwise_or: 0, lax.bitwise_xor: 0,
    lax.max: {"float32": -np.inf, "bool": False, **{d: x.min for d, x in LIMITS.items()}},
    lax.min: {"float32": np.inf, "bool": True, **{d: x.max for d, x in LIMITS.items()}},
    lax.bitwise_and: {"bool": True, **{d: x.max if d[0] == "u" else -1 for d, x in LIMITS.items()}},
}  # fmt: skip


def _grown(x: jax.Array, y: jax.Array) -> jax.Array:
    """A computation that no primitive has: it joins shares of growth, and 0 changes nothing."""
    return x + y + x * y


@st.composite
def reductions(draw: Any) -> Case:
    shape, dtype = draw(shapes()), draw(st.sampled_from(list(REDUCTIONS)))
    step = draw(st.sampled_from(REDUCTIONS[dtype]))
    axes = [i for i in range(len(shape)) if draw(st.booleans())]
    start = IDENTITY[step]
    start = np.array(start[dtype] if isinstance(start, dict) else start, dtype)
    order = draw(st.permutations(range(len(shape))))
    zero = np.zeros((), dtype)

    def function(x: jax.Array) -> Any:
        turned = lax.transpose(x, order)
        if dtype == "bool":
            return lax.reduce(turned, start, step, axes)
        return lax.reduce(turned, start, step, axes), lax.reduce(turned, zero, _grown, axes)

    edges = step in (lax.max, lax.min) or dtype != "float32"
    x = edged(draw, shape, dtype) if edges else plain(draw, shape)
    return Case(f"{name_of(step)} over {axes} of {order}", function, (x,))


@st.composite
def scans(draw: Any) -> Case:
    """Cumulative ones, and the places of extremes, ties and NaN included."""
    shape = draw(shapes(3, 1).filter(lambda s: 0 not in s))
    axis, back = draw(st.integers(0, len(shape) - 1)), draw(st.booleans())
    step = draw(st.sampled_from([lax.cumsum, lax.cumprod, lax.cummax, lax.cummin]))
    x = np.round(plain(draw, shape) * 2) / 2
    places = edged(draw, shape, "float32")

    def function(x: jax.Array, y: jax.Array, z: jax.Array) -> Any:
        seen = step(x, axis=axis, reverse=back), step(z, axis=axis, reverse=back)
        return seen, [f(v, axis) for f in (jnp.argmax, jnp.argmin) for v in (x, y, z)]

    whole = plain(draw, shape, "int32", 4)
    return Case(f"{name_of(step)} {axis} {back}", function, (x, places, whole))


@st.composite
def products(draw: Any) -> Case:
    """dot_general over any axes of stored, transposed and computed operands."""
    long = st.sampled_from([2, 1, 3, 4, 5, 7, 8, 9, 13, 17, 0])
    groups = [
        [draw(long) for _ in range(draw(st.integers(0, most)))] for most in (1, 2, 2, 2)
    ]  # batch, summed, free of a, free of b
    batch, summed, free_a, free_b = groups
    a_order = draw(st.permutations(range(len(batch) + len(summed) + len(free_a))))
    b_order = draw(st.permutations(range(len(batch) + len(summed) + len(free_b))))
    a_sizes, b_sizes = [*batch, *summed, *free_a], [*batch, *summed, *free_b]
    at_a, at_b = np.argsort(a_order).tolist(), np.argsort(b_order).tolist()
    k, n = len(batch), len(batch) + len(summed)
    numbers = ((at_a[k:n], at_b[k:n]), (at_a[:k], at_b[:k]))

    rank = len(batch) + len(free_a) + len(free_b)
    middle = len(batch) + len(free_a)
    turned = (*range(len(batch)), *range(middle, rank), *range(len(batch), middle))
    order = draw(st.one_of(st.just(turned), st.permutations(range(rank))))

    def function(a: jax.Array, b: jax.Array) -> Any:
        product = lax.dot_general(a * 2, lax.rev(b, range(b.ndim)), numbers)
        return lax.dot_general(a, b, numbers), lax.transpose(product, order)

    a = plain(draw, [a_sizes[i] for i in a_order])
    b = plain(draw, [b_sizes[i] for i in b_order])
    return Case(f"dot_general {numbers} {order}", function, (a, b))


@st.composite
def whole_products(draw: Any) -> Case:
    """Products of integers and booleans, of one dtype or two."""
    a, b = draw(st.sampled_from(list(REDUCTIONS))), draw(st.sampled_from(list(REDUCTIONS)))
    batch, m, k, n = (draw(sizes) for _ in range(4))
    x, y = edged(draw, (batch, m, k), a), edged(draw, (n, batch, k), b)
    x, y = (
        np.nan_to_num(v, nan=1, posinf=2, neginf=3) if v.dtype == "float32" else v for v in (x, y)
    )
    numbers = (((2,), (2,)), ((0,), (1,)))

    def function(x: jax.Array, y: jax.Array) -> Any:
        same = jnp.matmul(x, lax.convert_element_type(jnp.moveaxis(y, 0, 2), x.dtype))
        if "bool" in (a, b):
            return same
        wide = lax.dot_general(x, y, numbers, preferred_element_type=jnp.float32)
        return same, wide, lax.dot_general(x, y, numbers) if a == b else same

    return Case(f"{a} and {b}", function, (x, y))


@st.composite
def systems(draw: Any) -> Case:
    """LU and QR of any shape, and what NumPy has on top of them."""
    batch, m, n = draw(shapes(1)), draw(st.integers(1, 6)), draw(st.integers(1, 6))
    a, square = plain(draw, (*batch, m, n)), plain(draw, (*batch, n, n))
    full = draw(st.booleans())

    def function(a: jax.Array, square: jax.Array) -> Any:
        heavy = square / 4 + 2 * jnp.eye(n)
        return (
            lax.linalg.lu(a), lax.linalg.qr(a, full_matrices=full), jnp.linalg.inv(heavy),
            jnp.linalg.solve(heavy, square), jnp.linalg.slogdet(heavy), jnp.linalg.det(heavy),
            jax.grad(lambda x: jnp.linalg.det(x).sum())(heavy),
        )  # fmt: skip

    return Case(f"{m} by {n}, full {full}", function, (a, square))


@st.composite
def triangles(draw: Any) -> Case:
    """Cholesky factors, and triangular systems of every kind, of stored and computed matrices."""
    batch, n, m = draw(shapes(2)), draw(st.integers(1, 6)), draw(st.integers(0, 4))
    left, lower, transposed, unit = (draw(st.booleans()) for _ in range(4))
    a = plain(draw, (*batch, n, n))
    b = plain(draw, (*batch, n, m) if left else (*batch, m, n))

    def function(a: jax.Array, b: jax.Array) -> Any:
        turned = jnp.swapaxes(a, -1, -2)
        positive = a @ turned + 2 * jnp.eye(n)
        solve = partial(
            lax.linalg.triangular_solve, left_side=left, lower=lower, transpose_a=transposed,
            unit_diagonal=unit,
        )  # fmt: skip
        heavy = a / 4 + 2 * jnp.eye(n)  # else solutions grow, and rounding with them
        return (
            lax.linalg.cholesky(positive), lax.linalg.cholesky(positive - 9 * jnp.eye(n)),
            lax.linalg.cholesky(a * 0.1 + 2 * jnp.eye(n), symmetrize_input=False),
            solve(heavy, b), solve(jnp.swapaxes(heavy, -1, -2), b * 2),
        )  # fmt: skip

    return Case(f"{left} {lower} {transposed} {unit} {m}", function, (a, b))


# --- computed places ---


@st.composite
def places(draw: Any) -> Case:
    """gather and scatter with any dimension numbers, at places within and outside the array."""
    shape = tuple(draw(st.lists(sizes, min_size=1, max_size=3)))
    rank, axes = len(shape), draw(st.permutations(range(len(shape))))
    n_batching = draw(st.integers(0, min(1, rank - 1)))
    batching, rest = axes[:n_batching], axes[n_batching:]
    starts = rest[: draw(st.integers(1, len(rest)))]
    window = [draw(st.integers(1, n)) for n in shape]
    collapsed = sorted(i for i in rest if draw(st.booleans()))
    for i in (*collapsed, *batching):
        window[i] = 1
    outer = [shape[i] for i in batching] + draw(st.lists(sizes, max_size=2))
    n_inner = rank - len(collapsed) - n_batching
    offset = tuple(sorted(draw(st.permutations(range(len(outer) + n_inner)))[:n_inner]))
    mode = draw(st.sampled_from(["fill", "clip"]))
    meet = draw(st.sampled_from(["add", "mul", "min", "max", "sub", "apply"]))
    indices = plain(draw, (*outer, len(starts)), "int32", 7)
    reads = lax.GatherDimensionNumbers(
        offset, tuple(collapsed), tuple(starts), tuple(batching), tuple(range(n_batching))
    )
    writes = lax.ScatterDimensionNumbers(
        offset, tuple(collapsed), tuple(starts), tuple(batching), tuple(range(n_batching))
    )
    scatter = {
        "add": lax.scatter_add, "mul": lax.scatter_mul, "min": lax.scatter_min,
        "max": lax.scatter_max, "sub": lax.scatter_sub, "apply": lax.scatter,
    }[meet]  # fmt: skip

    def function(x: jax.Array, where: jax.Array) -> Any:
        read = lax.gather(x, where, reads, window, mode=mode)
        # The same number everywhere, where the order of writing would be seen.
        update = jnp.full(read.shape, 2.5) if meet == "apply" else jnp.cos(
            jnp.arange(read.size, dtype=jnp.float32).reshape(read.shape)
        )  # fmt: skip
        return read, scatter(x, where, update, writes, mode=mode)

    return Case(f"{reads} {window} {mode} {meet}", function, (plain(draw, shape), indices))


@st.composite
def rows(draw: Any) -> Case:
    """NumPy's indexing of rows and entries, and slices that begin at computed places."""
    shape = tuple(draw(st.lists(sizes, min_size=1, max_size=3)))
    count = draw(sizes)
    window = [draw(st.integers(1, n)) for n in shape]
    whole = draw(st.sampled_from(["int32", "uint32"]))
    at = [plain(draw, (), whole, 6) for _ in shape]
    order = np.random.default_rng(draw(seeds)).permutation(shape[0])

    def function(x: jax.Array, i: jax.Array, row: Any, *at: jax.Array) -> Any:
        part = lax.dynamic_slice(x, at, window)
        return (
            x[i], x[..., i], x.at[row].set(7.0), x.at[i].add(x[i] * 2), x[i % shape[0], ...],
            jnp.take(x, i, axis=0, mode="clip"), part * 2, x.at[i].multiply(3.0, mode="drop"),
            lax.dynamic_update_slice(x, part + 1, at), jnp.take_along_axis(x, x.argsort(0), 0),
            x.at[order].set(x),
        )  # fmt: skip

    i, row = plain(draw, (count,), "int32", 6), plain(draw, (), "int32", 6)
    return Case(f"window {window}", function, (plain(draw, shape), i, row, *at))


@st.composite
def sorts(draw: Any) -> Case:
    shape = draw(shapes(3, 1))
    axis, dtype = draw(st.integers(0, len(shape) - 1)), draw(st.sampled_from(list(REDUCTIONS)))
    x = edged(draw, shape, dtype)
    x = np.where(np.abs(plain(draw, shape)) < 0.7, x, np.asarray(1, dtype))

    k = draw(st.integers(1, shape[axis])) if shape[axis] else 0
    ties = plain(draw, shape, "int8", 2)

    def function(x: jax.Array, y: jax.Array, ties: jax.Array) -> Any:
        return (
            lax.sort((x, y), axis, num_keys=1), jnp.argsort(x, axis), jnp.sort(-y, axis),
            lax.sort((ties, x, y), axis, num_keys=2),
            lax.sort((y > 0, ties, x, y), axis, num_keys=4),
            lax.top_k(jnp.moveaxis(x, axis, -1), k), lax.top_k(ties[..., :1], min(1, shape[-1])),
        )  # fmt: skip

    return Case(f"sort {axis}", function, (x, plain(draw, shape), ties))


# --- windows ---


@st.composite
def convolutions(draw: Any) -> Case:
    """Any strides, paddings, dilations, groups and orders of the axes, in one or two dimensions."""
    rank = draw(st.integers(1, 2))
    one_to = lambda n: [draw(st.integers(1, n)) for _ in range(rank)]  # noqa: E731
    groups, batches = draw(st.sampled_from([(1, 1), (2, 1), (1, 2)]))
    kernel, strides, gaps, holes = one_to(3), one_to(3), one_to(2), one_to(2)
    space = [draw(st.integers(5, 7)) for _ in range(rank)]
    # Only such paddings as jaxlib 0.10.2 itself computes rightly on CPUs: openxla/xla#48713.
    before = [draw(st.integers(-1, 2)) for _ in range(rank)]
    padding = [(low, draw(st.integers(-1, 0 if low < 0 else 2))) for low in before]
    features, out = groups * draw(st.integers(1, 2)), groups * batches * draw(st.integers(1, 3))
    orders = [draw(st.permutations(range(rank + 2))) for _ in range(3)]
    numbers = lax.ConvDimensionNumbers(*(tuple(np.argsort(o).tolist()) for o in orders))
    full = [(2 * batches, features, *space), (out, features // groups, *kernel)]
    x, w = (plain(draw, [s[i] for i in order]) for s, order in zip(full, orders[:2], strict=True))

    def function(x: jax.Array, w: jax.Array) -> Any:
        return lax.conv_general_dilated(
            x, w, strides, padding, gaps, holes, numbers, groups, batches
        )

    text = f"{strides} {padding} {gaps} {holes} {groups} {batches} {numbers}"
    return Case(text, function, (x, w))


@st.composite
def pools(draw: Any) -> Case:
    shape = tuple(draw(st.integers(3, 6)) for _ in range(draw(st.integers(1, 2))))
    window, strides, gaps, holes = (
        [draw(st.integers(1, most)) for _ in shape] for most in (3, 3, 2, 2)
    )
    padding = [(draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in shape]

    def pool(x: jax.Array, start: float, step: Any) -> jax.Array:
        return lax.reduce_window(x, start, step, window, strides, padding)

    whole = plain(draw, shape, draw(st.sampled_from(WHOLE_DTYPES)), 100)

    def each(x: jax.Array, start: Any, step: Any) -> jax.Array:
        start = np.asarray(start, x.dtype)
        return lax.reduce_window(x, start, step, window, strides, padding, gaps, holes)

    def function(x: jax.Array, whole: jax.Array) -> Any:
        apart = [
            each(v, start, step)
            for v in (x, whole)
            for start, step in ((0, _grown), (1, lax.mul), (0, lax.add), (3, lax.max))
        ]
        slope = jax.grad(lambda x: jnp.sum(jnp.sin(pool(x, -jnp.inf, lax.max))))
        tangent = jax.jvp(lambda x: pool(x, jnp.inf, lax.min), (x,), (x * x,))[1]
        every = jax.jvp(lambda x: each(x, np.inf, lax.min), (x,), (x * x,))[1]
        return (
            apart, pool(x, -jnp.inf, lax.max), jnp.nan_to_num(slope(x)), jnp.nan_to_num(tangent),
            jnp.nan_to_num(every),
        )  # fmt: skip

    text = f"{window} {strides} {padding} {gaps} {holes}"
    return Case(text, function, (plain(draw, shape), whole))


FAMILIES = [layouts, joins, pads, conversions, broadcasts, reductions, scans, products,
            whole_products, triangles, systems, places, rows, sorts, convolutions,
            pools]  # fmt: skip
