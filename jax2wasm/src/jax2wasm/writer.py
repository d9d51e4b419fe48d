"""Writing C: static arrays and their reuse, constants, loops."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from jax2wasm.value import (
    C_TYPE,
    Buffer,
    Keys,
    Leaf,
    Value,
    dtype_of,
    full_view,
    literal,
    stored_as,
)

SHARED_BYTES = 4096  # constants above it lie outside the module, for modules to share
ROOM = 8  # numbers behind each array, which matmul may read and not use


class Constants(NamedTuple):
    """A constant array that travels beside the module: ``data`` fills the C array ``name``."""

    name: str
    data: bytes


@dataclass
class Writer:
    """C in the making. Every array is static: nothing is ever allocated when it runs."""

    interpret: Callable[..., list[Value]]  # writes a jaxpr inside a rule
    declarations: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    start: list[str] = field(default_factory=list)  # runs once, before the first run
    lines: list[str] = field(default_factory=list)
    shared: list[Constants] = field(default_factory=list)
    panels: int = 1  # the room that matmul asks for

    def __post_init__(self) -> None:
        self._names = Counter[str]()
        self._free: list[Buffer] = []
        self._users = Counter[Buffer]()
        self._fresh: list[Buffer] = []
        self._constants: dict[tuple, Buffer] = {}
        self._given_up: list[Buffer] = []

    def name(self, kind: str) -> str:
        self._names[kind] += 1
        return f"{kind}{self._names[kind]}"

    def line(self, text: str) -> None:
        self.lines.append(text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.line(head + " {")
        yield
        self.line("}")

    @contextmanager
    def function(self, name: str) -> Iterator[None]:
        """What is written inside becomes the body of a function of its own.

        Engines optimize a function between calls of it, so a loop's body should be one.
        """
        outer, self.lines = self.lines, []
        yield
        body = "\n".join(self.lines)
        self.functions.append(f"NOINLINE void {name}(void) {{\n{body}\n}}")
        self.lines = outer

    @contextmanager
    def once(self) -> Iterator[None]:
        """What is written inside runs in ``start()``, before the first run."""
        outer, self.lines = self.lines, []
        yield
        self.start += self.lines
        self.lines = outer

    def counter(self) -> str:
        """A new global integer, which functions written inside a loop can read."""
        name = self.name("t")
        self.declarations.append(f"static int {name};")
        return name

    @contextmanager
    def giving_up(self, arrays: Sequence[Value]) -> Iterator[None]:
        """Whole arrays that what is written inside reads no more once it updates them."""
        outer = self._given_up
        self._given_up = [*outer, *(x.view.buffer for x in arrays if x.view.buffer is not None)]
        yield
        self._given_up = outer

    def taken(self, x: Value) -> Value:
        """An array with the numbers of ``x``, to write to: ``x`` itself if it is given up."""
        if x.is_view and any(x.view.buffer is buffer for buffer in self._given_up):
            return x
        return self.copied(x)

    # --- arrays ---

    def new(self, dtype: str, shape: Sequence[int]) -> Value:
        """An array to write to: one that is free, or a new one."""
        size = max(1, int(np.prod(shape, dtype=np.int64)))
        kind = stored_as(dtype)
        fits = [b for b in self._free if b.dtype == kind and size <= b.size <= 2 * size]
        if fits:
            buffer = min(fits, key=lambda b: b.size)
            self._free.remove(buffer)
        else:
            buffer = Buffer(self.name("a"), kind, size)
            self._declare(buffer)
        self._fresh.append(buffer)
        return replace(full_view(buffer, shape), dtype=dtype)

    def _declare(self, buffer: Buffer) -> None:
        self.declarations.append(
            f"static {C_TYPE[buffer.dtype]} {buffer.name}[{buffer.size + ROOM}] "
            f"__attribute__((aligned(16)));"
        )

    def interface(self, name: str, dtype: str, shape: Sequence[int]) -> Value:
        """An input or output of the program: an array that is never reused."""
        size = max(1, int(np.prod(shape, dtype=np.int64)))
        buffer = Buffer(name, stored_as(dtype), size, reusable=False)
        self._declare(buffer)
        return replace(full_view(buffer, shape), dtype=dtype)

    def retain(self, values: Iterable[Value | Keys]) -> None:
        for buffer in _buffers(values):
            self._users[buffer] += 1

    def release(self, values: Iterable[Value | Keys], free: bool = True) -> None:
        for buffer in _buffers(values):
            self._users[buffer] -= 1
            if free and self._users[buffer] == 0 and buffer.reusable:
                self._free.append(buffer)

    @contextmanager
    def hold(self, values: Sequence[Value | Keys]) -> Iterator[None]:
        """Keep arrays from reuse while something else is written."""
        self.retain(values)
        yield
        self.release(values, free=False)

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """Arrays made inside, and used by nothing at its end, are free again."""
        outer, self._fresh = self._fresh, []
        yield
        for buffer in self._fresh:
            if self._users[buffer] == 0 and buffer not in self._free:
                self._free.append(buffer)
        self._fresh = outer

    # --- constants ---

    def constant(self, array: object) -> Value:
        """A constant: a literal where all entries are equal, else an array."""
        x = np.asarray(array)
        dtype = dtype_of(x.dtype)
        # As bits, so that no NaN and no -0 is mistaken for its like.
        kept = np.ascontiguousarray(x, stored_as(dtype))
        bits = kept.view(f"uint{8 * kept.itemsize}")
        if x.size and (bits == bits.flat[0]).all():
            return literal(x.flat[0], dtype, x.shape)
        key = (dtype, x.shape, bits.tobytes())
        if key not in self._constants:
            self._constants[key] = self._store(dtype, bits.ravel())
        return replace(full_view(self._constants[key], x.shape), dtype=dtype)

    def _store(self, dtype: str, bits: np.ndarray) -> Buffer:
        kind = stored_as(dtype)
        buffer = Buffer(self.name("k"), kind, max(1, bits.size), reusable=False, constant=True)
        if bits.nbytes <= SHARED_BYTES:
            entries = ", ".join(literal(x, kind).code for x in bits.view(kind))
            self.declarations.append(
                f"static const {C_TYPE[kind]} {buffer.name}[{buffer.size + ROOM}] "
                f"__attribute__((aligned(16))) = {{{entries}}};"
            )
            return buffer
        self._declare(buffer)
        different, codes = np.unique(bits, return_inverse=True)
        if len(different) > 256 or bits.itemsize == 1:
            little = bits.astype(bits.dtype.newbyteorder("<"))
            self.shared.append(Constants(buffer.name, little.tobytes()))
            return buffer
        # Few different values, as in images: a byte for each entry, and a table of values.
        table, source = self.name("k"), self.name("codes")
        self.declarations += [
            f"static const unsigned {table}[256] = {{{', '.join(f'{x}u' for x in different)}}};",
            f"static unsigned char {source}[{bits.size}];",
        ]
        self.shared.append(Constants(source, codes.astype(np.uint8).tobytes()))
        self.start.append(
            f"for (int i = 0; i < {bits.size}; i++) "
            f"memcpy(&{buffer.name}[i], &{table}[{source}[i]], {bits.itemsize});"
        )
        return buffer

    def kept(self, value: Value) -> Value:
        """An array that holds, from ``start()`` on, what is written ``once``."""
        kind = stored_as(value.dtype)
        buffer = Buffer(self.name("k"), kind, max(1, value.size), reusable=False, constant=True)
        self._declare(buffer)
        out = replace(full_view(buffer, value.shape), dtype=value.dtype)
        self.assign(out, value)
        return out

    # --- loops ---

    def loops(self, shape: Sequence[int], body: Callable[[list[str]], None]) -> None:
        """Nested loops over ``shape``; ``body`` gets the names of the indices."""
        names = [self.name("i") if n != 1 else "0" for n in shape]
        heads = [
            f"for (int {i} = 0; {i} < {n}; {i}++)"
            for i, n in zip(names, shape, strict=True)
            if n != 1
        ]
        for head in heads:
            self.line(head + " {")
        body(names)
        self.lines += ["}"] * len(heads)

    def assign(self, out: Value, value: Value) -> None:
        """``out[...] = value``"""
        shape, out, value = aligned(out, value)
        if 0 not in shape:
            self.loops(shape, lambda i: self.line(f"{out.at(i)} = {value.at(i)};"))

    def stored(self, value: Value) -> Value:
        """A view: the value itself if it is one, else a new array that holds it."""
        return value if value.is_view else self.copied(value)

    def copied(self, value: Value) -> Value:
        out = self.new(value.dtype, value.shape)
        self.assign(out, value)
        return out

    def cheap(self, value: Value) -> Value:
        """The value, stored unless it costs nothing to read it again and again."""
        return value if value.is_trivial else self.copied(value)


def _buffers(values: Iterable[Value | Keys]) -> list[Buffer]:
    return [leaf.buffer for v in values for leaf in v.leaves if leaf.buffer is not None]


def aligned(out: Value, value: Value) -> tuple[tuple[int, ...], Value, Value]:
    """Both in as few axes as will do: those that lie alike in all arrays become one."""
    shape, (target, *sources) = merged(out.shape, (out.view, *value.leaves))
    value = replace(value, shape=shape, leaves=tuple(sources))
    return shape, replace(out, shape=shape, leaves=(target,)), value


def merged(
    shape: Sequence[int], leaves: Sequence[Leaf]
) -> tuple[tuple[int, ...], tuple[Leaf, ...]]:
    """The same loops with fewer axes: none of size 1, neighbours merged where all allow it."""
    axes = [i for i, n in enumerate(shape) if n != 1]
    sizes: list[int] = []
    strides: list[list[int]] = []  # by axis, then by leaf
    for i in axes:
        here = [leaf.strides[i] for leaf in leaves]
        if strides and strides[-1] == [s * shape[i] for s in here]:
            sizes[-1] *= shape[i]
            strides[-1] = here
        else:
            sizes.append(shape[i])
            strides.append(here)
    columns = zip(*strides, strict=True) if strides else ((),) * len(leaves)
    return tuple(sizes), tuple(
        replace(leaf, strides=tuple(new)) for leaf, new in zip(leaves, columns, strict=True)
    )
