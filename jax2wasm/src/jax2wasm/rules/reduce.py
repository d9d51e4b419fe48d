"""Sums and their kin over axes, and cumulative ones along an axis."""

from typing import Any

from jax2wasm.value import SUFFIX, Ints, UnsupportedError, Value
from jax2wasm.writer import Writer, aligned

START = {
    "sum": {"f": "0", "i": "0", "u": "0"},
    "prod": {"f": "1", "i": "1", "u": "1"},
    "max": {"f": "-INFINITY", "i": "INT32_MIN", "u": "0"},
    "min": {"f": "INFINITY", "i": "INT32_MAX", "u": "UINT32_MAX"},
    "and": {"i": "-1", "u": "UINT32_MAX"},
    "or": {"i": "0", "u": "0"},
    "xor": {"i": "0", "u": "0"},
}
BITWISE = {"and": "&", "or": "|", "xor": "^"}
C = {"f": "float", "i": "int", "u": "unsigned"}


def _step(kind: str, suffix: str, a: str, b: str) -> str:
    if kind in BITWISE:
        return f"{a} {BITWISE[kind]} ({b})"
    return f"{kind}_{suffix}({a}, {b})"


def reduce(w: Writer, eqn: Any, x: Value) -> Value:
    kind = eqn.primitive.name.removeprefix("reduce_")
    axes = eqn.params["axes"]
    kept = [i for i in range(len(x.shape)) if i not in axes]
    if all(x.shape[i] == 1 for i in axes):
        same = x.reshape([x.shape[i] for i in kept])
        assert same is not None
        return same
    t = SUFFIX[x.dtype]
    start = "1" if kind == "and" and x.dtype == "bool" else START[kind][t]
    out = w.new(x.dtype, [x.shape[i] for i in kept])
    # The order of a sum is free: along memory, in as few loops as will do.
    along = sorted(axes, key=lambda i: -max((abs(leaf.strides[i]) for leaf in x.leaves), default=0))
    down = _columns(x, kept, axes)
    order = [*along, *kept] if down else [*kept, *along]
    shape, target, source = aligned(
        out.broadcast(x.shape, kept).transpose(order), x.transpose(order)
    )

    def add(i: list[str]) -> None:
        w.line(f"{target.at(i)} = {_step(kind, t, target.at(i), source.at(i))};")

    def total(i: list[str]) -> None:
        w.line(f"{{ {C[t]} s = {start};")
        w.loops(
            shape[len(i) :], lambda j: w.line(f"s = {_step(kind, t, 's', source.at([*i, *j]))};")
        )
        w.line(f"{target.at([*i, *'0' * (len(shape) - len(i))])} = s; }}")

    if down:  # the columns, a row at a time, so that the inner loop runs along memory
        w.assign(out, Value(x.dtype, out.shape, start))
        w.loops(shape, add)
    elif out.size:
        w.loops(shape[: sum(s != 0 for s in target.view.strides)], total)
    return out


def _columns(x: Value, kept: Ints, axes: Ints) -> bool:
    """Whether most of memory runs along the last kept axis."""
    long = [i for i in kept if x.shape[i] > 3]
    if not long or all(x.shape[i] == 1 for i in axes):
        return False
    votes = [leaf.strides[long[-1]] == 1 for leaf in x.leaves if any(leaf.strides)]
    return sum(votes) * 2 > len(votes)


def argument(w: Writer, eqn: Any, x: Value) -> Value:
    """argmax, argmin: the first place of the extreme; a NaN counts as the extreme."""
    (axis,) = eqn.params["axes"]
    sign = ">" if eqn.primitive.name == "argmax" else "<"
    t = SUFFIX[x.dtype]
    kept = [i for i in range(len(x.shape)) if i != axis]
    out = w.new(str(eqn.outvars[0].aval.dtype), [x.shape[i] for i in kept])
    inner = x.transpose([*kept, axis])

    def find(i: list[str]) -> None:
        w.line(f"{{ int place = 0; {C[t]} best = {inner.at([*i, '0'])};")
        w.line(f"for (int j = 1; j < {x.shape[axis]}; j++) {{")
        w.line(f"{C[t]} now = {inner.at([*i, 'j'])};")
        better = f"now {sign} best"
        if t == "f":
            better += " || (now != now && best == best)"
        w.line(f"if ({better}) {{ best = now; place = j; }} }}")
        w.line(f"{out.at(i)} = place; }}")

    w.loops(out.shape, find)
    return out


def cumulative(w: Writer, eqn: Any, x: Value) -> Value:
    kind = eqn.primitive.name.removeprefix("cum")
    if kind not in START:
        raise UnsupportedError(eqn.primitive.name)
    axis, t = eqn.params["axis"], SUFFIX[x.dtype]
    out = w.new(x.dtype, x.shape)
    others = [i for i in range(len(x.shape)) if i != axis]
    order = [*others, axis]
    from_, to = (v.reverse([axis]) if eqn.params["reverse"] else v for v in (x, out))

    def run(i: list[str]) -> None:
        w.line(f"{{ {C[t]} s = {START[kind][t]};")
        w.line(f"for (int j = 0; j < {x.shape[axis]}; j++) {{")
        w.line(f"s = {_step(kind, t, 's', from_.transpose(order).at([*i, 'j']))};")
        w.line(f"{to.transpose(order).at([*i, 'j'])} = s; }} }}")

    w.loops([x.shape[i] for i in others], run)
    return out


RULES: dict[str, Any] = {
    **{f"reduce_{kind}": reduce for kind in START},
    "argmax": argument,
    "argmin": argument,
    **{f"cum{kind}": cumulative for kind in ("sum", "prod", "max", "min")},
}
