"""Reading and writing at computed places, and sorting."""

from typing import Any

import numpy as np
from jax import Array, lax

from jax2wasm.rules.rewrite import rewritten
from jax2wasm.value import C_TYPE, SUFFIX, UnsupportedError, Value, greatest, least, literal
from jax2wasm.writer import Writer


def dynamic_slice(w: Writer, eqn: Any, x: Value, *starts: Value) -> Value:
    """A view that begins at computed places, held within the array as in JAX."""
    for axis, (start, size) in enumerate(zip(starts, eqn.params["slice_sizes"], strict=True)):
        x = x.move(axis, _clamped(w, start, x.shape[axis] - size), size)
    return x


def dynamic_update_slice(w: Writer, eqn: Any, x: Value, update: Value, *starts: Value) -> Value:
    out = w.taken(x)
    window = out
    for axis, (start, size) in enumerate(zip(starts, update.shape, strict=True)):
        window = window.move(axis, _clamped(w, start, x.shape[axis] - size), size)
    w.assign(window, update)
    return out


def _clamped(w: Writer, start: Value, last: int) -> str:
    if last == 0:
        return "0"
    place = w.counter()
    t, from_ = SUFFIX[start.dtype], start.at([])
    w.line(f"{place} = (int)min_{t}({f'max_i({from_}, 0)' if t == 'i' else from_}, {last});")
    return place


class _Window:
    """The common half of gather and scatter: where in the operand each window begins.

    Attributes:
        batch: the axes of the result (or updates) that walk over the index vectors.
        offset: the axes that walk within a window, and ``inner`` the operand's axes they walk.
    """

    def __init__(self, numbers: Any, rank: int, collapsed: Any, offset: Any, batching: Any) -> None:
        operand_batching, self.index_batching = batching
        self.operand_batching = tuple(operand_batching)
        self.offset = tuple(offset)
        self.inner = [i for i in range(rank) if i not in (*collapsed, *operand_batching)]
        self.starts = numbers

    def begin(self, w: Writer, indices: Value, i: list[str], limits: list[int], clip: bool) -> str:
        """Write the start in each axis as ``s0``, ``s1``, ...; returns the test of being inside."""
        tests = []
        for place, axis in enumerate(self.starts):
            start = indices.at([*i, str(place)])
            if indices.dtype == "uint32":
                start = f"(int)min_u({start}, INT32_MAX)"
            w.line(f"int s{axis} = {start};")
            if clip:
                w.line(f"s{axis} = max_i(0, min_i(s{axis}, {limits[axis]}));")
            else:
                tests.append(f"s{axis} >= 0 && s{axis} <= {limits[axis]}")
        for axis, place in zip(self.operand_batching, self.index_batching, strict=True):
            w.line(f"int s{axis} = {i[place]};")
        return " && ".join(tests) or "1"

    def inside(self, rank: int, j: list[str]) -> list[str]:
        """The index into the operand, ``j`` within the window."""
        known = {*self.starts, *self.operand_batching}
        index = [f"s{axis}" if axis in known else "0" for axis in range(rank)]
        for axis, name in zip(self.inner, j, strict=True):
            index[axis] = f"({index[axis]} + {name})"
        return index


def gather(w: Writer, eqn: Any, x: Value, indices: Value) -> Value:
    p, numbers = eqn.params, eqn.params["dimension_numbers"]
    x, indices = w.stored(x), w.stored(indices)
    out = w.new(x.dtype, eqn.outvars[0].aval.shape)
    window = _Window(
        numbers.start_index_map,
        len(x.shape),
        numbers.collapsed_slice_dims,
        numbers.offset_dims,
        (numbers.operand_batching_dims, numbers.start_indices_batching_dims),
    )
    batch = [i for i in range(len(out.shape)) if i not in window.offset]
    target = out.transpose([*batch, *window.offset])
    limits = [n - size for n, size in zip(x.shape, p["slice_sizes"], strict=True)]
    fill = _is(p["mode"], "FILL_OR_DROP")
    filling = _filling(p["fill_value"], x.dtype)

    def read(i: list[str]) -> None:
        w.line("{")
        inside = window.begin(w, indices, i, limits, clip=not fill)
        sizes = [out.shape[a] for a in window.offset]

        def entry(j: list[str]) -> None:
            value = x.at(window.inside(len(x.shape), j))
            if fill:
                value = f"inside ? {value} : {filling}"
            w.line(f"{target.at([*i, *j])} = {value};")

        w.line(f"int inside = {inside};")
        w.loops(sizes, entry)
        w.line("(void)inside; }")

    w.loops([out.shape[i] for i in batch], read)
    return out


def _is(mode: Any, name: str) -> bool:
    return getattr(mode, "name", str(mode)).upper().endswith(name)


def _filling(value: Any, dtype: str) -> str:
    if value is None:
        value = np.nan if dtype == "float32" else (least if dtype[:3] == "int" else greatest)(dtype)
    return literal(value, dtype).code


def scatter(w: Writer, eqn: Any, x: Value, indices: Value, updates: Value) -> Value:
    """All scatters: the primitive's name says how an update meets what is there."""
    p, numbers = eqn.params, eqn.params["dimension_numbers"]
    how = eqn.primitive.name.partition("-")[2] or "set"
    t = SUFFIX[x.dtype]
    meet = {"set": "{1}", "add": "sum_%s({0}, {1})", "sub": "{0} - {1}", "mul": "{0} * {1}",
            "max": "max_%s({0}, {1})", "min": "min_%s({0}, {1})"}  # fmt: skip
    if how not in meet:
        raise UnsupportedError(eqn.primitive.name)
    template = meet[how].replace("%s", t)
    indices, updates = w.stored(indices), w.cheap(updates)
    out = w.taken(x)
    window = _Window(
        numbers.scatter_dims_to_operand_dims,
        len(x.shape),
        numbers.inserted_window_dims,
        numbers.update_window_dims,
        (numbers.operand_batching_dims, numbers.scatter_indices_batching_dims),
    )
    batch = [i for i in range(len(updates.shape)) if i not in window.offset]
    source = updates.transpose([*batch, *window.offset])
    sizes = [updates.shape[a] for a in window.offset]
    spans = dict(zip(window.inner, sizes, strict=True))
    limits = [n - spans.get(i, 1) for i, n in enumerate(x.shape)]

    def write(i: list[str]) -> None:
        w.line("{")
        inside = window.begin(w, indices, i, limits, clip=_is(p["mode"], "CLIP"))
        w.line(f"if ({inside}) {{")

        def entry(j: list[str]) -> None:
            there = out.at(window.inside(len(x.shape), j))
            w.line(f"{there} = {template.format(there, source.at([*i, *j]))};")

        w.loops(sizes, entry)
        w.line("} }")

    w.loops([updates.shape[i] for i in batch], write)
    return out


def sort(w: Writer, eqn: Any, *operands: Value) -> list[Value]:
    """Sort by the first operand, stably, and carry the others along."""
    if eqn.params["num_keys"] != 1:
        return sort_by_last_key_first(w, eqn, *operands)
    axis = eqn.params["dimension"]
    n = operands[0].shape[axis]
    others = [i for i in range(len(operands[0].shape)) if i != axis]
    results = [w.new(x.dtype, x.shape) for x in operands]
    pairs = [w.name("pairs"), w.name("pairs")]
    w.declarations += [f"static uint64_t {name}[{n}];" for name in pairs]
    order = [*others, axis]
    keys = operands[0].transpose(order)

    def lane(i: list[str]) -> None:
        key = f"order_{SUFFIX[keys.dtype]}({keys.at([*i, 'j'])})"
        w.line(f"for (int j = 0; j < {n}; j++) {pairs[0]}[j] = (uint64_t){key} << 32 | j;")
        w.line(f"merge_sort({pairs[0]}, {pairs[1]}, {n});")
        w.line(f"for (int j = 0; j < {n}; j++) {{ int from = (int)(unsigned){pairs[0]}[j];")
        for x, out in zip(operands, results, strict=True):
            from_, to = x.transpose(order).at([*i, "from"]), out.transpose(order).at([*i, "j"])
            w.line(f"{to} = {from_};")
        w.line("}")

    w.loops([operands[0].shape[i] for i in others], lane)
    return results


@rewritten
def sort_by_last_key_first(p: Any, *operands: Array) -> list[Array]:
    """By several keys: by each alone, stably, the first key last."""
    sorted_ = list(operands)
    for key in reversed(range(p["num_keys"])):
        sorted_.insert(0, sorted_.pop(key))
        sorted_ = list(lax.sort(sorted_, p["dimension"], num_keys=1))
        sorted_.insert(key, sorted_.pop(0))
    return sorted_


@rewritten
def top_k(p: Any, x: Array) -> list[Array]:
    """The largest entries and their places, the first first where entries are equal."""
    return _largest(x, p["k"], p["axis"])


@rewritten
def approx_top_k(p: Any, x: Array) -> list[Array]:
    """The exact ones, as JAX takes on a processor."""
    if not p["aggregate_to_topk"]:
        raise UnsupportedError("approx_top_k without aggregate_to_topk: leave it true")
    k, axis = p["k"], p["reduction_dimension"] % x.ndim
    if p["is_max_k"]:
        return _largest(x, k, axis)
    values, places = _largest(-x, k, axis)
    return [-values, places]


def _largest(x: Array, k: int, axis: int) -> list[Array]:
    """Sorted backwards, so that what is equal turns round twice."""
    places = lax.broadcasted_iota(np.int32, x.shape, axis)
    backwards = [lax.rev(_ordered(x), [axis]), lax.rev(places, [axis])]
    values, places = (
        lax.slice_in_dim(lax.rev(y, [axis]), 0, k, axis=axis)
        for y in lax.sort(backwards, axis, num_keys=1)
    )
    if x.dtype == np.float32:
        values = lax.bitcast_convert_type(_turned(values), x.dtype)
    return [values, places]


def _ordered(x: Array) -> Array:
    """Whole numbers in the order of the entries: -NaN, -inf, ..., -0, 0, ..., inf, NaN."""
    return _turned(lax.bitcast_convert_type(x, np.int32)) if x.dtype == np.float32 else x


def _turned(bits: Array) -> Array:
    """Below 0, the bits of a float grow with its size. Twice is as it was."""
    return lax.select(bits < 0, bits ^ np.int32(2**31 - 1), bits)


assert C_TYPE["bool"] == "int"  # windows of booleans are copied as ints

SCATTERS = ["scatter", "scatter-add", "scatter-sub", "scatter-mul", "scatter-max", "scatter-min"]

RULES: dict[str, Any] = {
    "dynamic_slice": dynamic_slice,
    "dynamic_update_slice": dynamic_update_slice,
    "gather": gather,
    **dict.fromkeys(SCATTERS, scatter),
    "sort": sort,
    "top_k": top_k,
    "approx_top_k": approx_top_k,
}
