"""Where entries lie: most of it changes strides only. Random keys are two values, moved alike."""

from collections.abc import Callable
from typing import Any

from jax2wasm.value import Keys, Value, dtype_of, literal, position
from jax2wasm.writer import Writer

Rule = Callable[..., Any]


def for_keys_too(rule: Rule) -> Rule:
    def both(w: Writer, eqn: Any, x: Value | Keys) -> Value | Keys:
        if isinstance(x, Keys):
            return x._replace(first=rule(w, eqn, x.first), second=rule(w, eqn, x.second))
        return rule(w, eqn, x)

    return both


@for_keys_too
def broadcast_in_dim(w: Writer, eqn: Any, x: Value) -> Value:
    shape = eqn.outvars[0].aval.shape
    if x.size < eqn.outvars[0].aval.size:
        x = w.cheap(x)
    return x.broadcast(shape, eqn.params["broadcast_dimensions"])


@for_keys_too
def transpose(w: Writer, eqn: Any, x: Value) -> Value:
    return x.transpose(eqn.params["permutation"])


@for_keys_too
def reshape(w: Writer, eqn: Any, x: Value) -> Value:
    """Also squeeze, whose ``dimensions`` the shapes say already."""
    if eqn.primitive.name == "reshape" and eqn.params["dimensions"] is not None:
        x = x.transpose(eqn.params["dimensions"])
    return reshaped(w, x, eqn.outvars[0].aval.shape)


def reshaped(w: Writer, x: Value, shape: tuple[int, ...]) -> Value:
    new = x.reshape(shape)
    if new is None:
        new = w.copied(x).reshape(shape)
    assert new is not None
    return new


def tile(w: Writer, eqn: Any, x: Value) -> Value:
    """Each axis repeated as a whole: an axis before it, and both made one."""
    repeats = eqn.params["reps"]
    pairs = [n for pair in zip(repeats, x.shape, strict=True) for n in pair]
    spread = w.cheap(x).broadcast(pairs, range(1, len(pairs), 2))
    return reshaped(w, spread, eqn.outvars[0].aval.shape)


@for_keys_too
def slice_(w: Writer, eqn: Any, x: Value) -> Value:
    steps = eqn.params["strides"] or (1,) * len(x.shape)
    return x.slice(eqn.params["start_indices"], eqn.outvars[0].aval.shape, steps)


def rev(w: Writer, eqn: Any, x: Value) -> Value:
    return x.reverse(eqn.params["dimensions"])


def split(w: Writer, eqn: Any, x: Value) -> list[Value]:
    axis, start, parts = eqn.params["axis"], 0, []
    for size in eqn.params["sizes"]:
        starts = [start if i == axis else 0 for i in range(len(x.shape))]
        sizes = [size if i == axis else n for i, n in enumerate(x.shape)]
        parts.append(x.slice(starts, sizes, [1] * len(sizes)))
        start += size
    return parts


def iota(w: Writer, eqn: Any) -> Value:
    p = eqn.params
    return position(p["shape"], p["dimension"], dtype_of(p["dtype"]))


def empty(w: Writer, eqn: Any) -> Value:
    """What is there to be overwritten, or never read: a branch's share of another's residuals."""
    return literal(0, dtype_of(eqn.params["dtype"]))


def concatenate(w: Writer, eqn: Any, *parts: Value) -> Value:
    axis, start = eqn.params["dimension"], 0
    out = w.new(parts[0].dtype, eqn.outvars[0].aval.shape)
    ones = [1] * len(out.shape)
    for part in parts:
        starts = [start if i == axis else 0 for i in range(len(ones))]
        w.assign(out.slice(starts, part.shape, ones), part)
        start += part.shape[axis]
    return out


def stack(w: Writer, eqn: Any, *parts: Value) -> Value:
    out = w.new(parts[0].dtype, eqn.outvars[0].aval.shape)
    for i, part in enumerate(parts):
        w.assign(out.move(eqn.params["axis"], str(i)), part)
    return out


def unstack(w: Writer, eqn: Any, x: Value) -> list[Value]:
    axis = eqn.params["axis"]
    return [x.move(axis, str(i)) for i in range(x.shape[axis])]


def pad(w: Writer, eqn: Any, x: Value, filling: Value) -> Value:
    """Low and high padding, where negative cuts, and gaps between the entries."""
    out = w.new(x.dtype, eqn.outvars[0].aval.shape)
    w.assign(out, filling.broadcast(out.shape, ()))
    from_, to, sizes, steps = [], [], [], []
    for (low, _, gap), n, m in zip(eqn.params["padding_config"], x.shape, out.shape, strict=True):
        kept = [i for i in range(n) if 0 <= low + i * (gap + 1) < m]
        first = kept[0] if kept else 0
        from_.append(first)
        to.append(low + first * (gap + 1) if kept else 0)
        sizes.append(len(kept))
        steps.append(gap + 1)
    ones = [1] * len(sizes)
    w.assign(out.slice(to, sizes, steps), x.slice(from_, sizes, ones))
    return out


RULES = {
    "broadcast_in_dim": broadcast_in_dim,
    "transpose": transpose,
    "reshape": reshape,
    "squeeze": reshape,
    "tile": tile,
    "slice": slice_,
    "rev": rev,
    "split": split,
    "iota": iota,
    "empty2": empty,
    "concatenate": concatenate,
    "stack": stack,
    "unstack": unstack,
    "pad": pad,
}
