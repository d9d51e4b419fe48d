"""What a jaxpr's variable stands for in C: an expression over strided views, not yet computed.

Broadcasting, transposing, slicing and reversing only change strides and cost nothing, and
elementwise rules only grow the expression, so that a chain of them becomes one loop.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

C_TYPE = {"float32": "float", "int32": "int", "uint32": "unsigned", "bool": "int",
          "int16": "short", "uint16": "unsigned short",
          "int8": "signed char", "uint8": "unsigned char"}  # fmt: skip
SUFFIX = {name: "f" if name == "float32" else "u" if name[0] == "u" else "i" for name in C_TYPE}
NARROW = ("int16", "uint16", "int8", "uint8")  # C computes with them as ints
INSTEAD = {
    "bfloat16": "use float32, which lax.reduce_precision rounds to it",
    "float16": "use float32, which lax.reduce_precision rounds to it",
    "float64": "use float32",
    "int64": "use int32",
    "uint64": "use uint32",
    "complex64": "keep real and imaginary parts as two arrays of float32",
    "complex128": "keep real and imaginary parts as two arrays of float32",
}
Ints = Sequence[Any]  # of int and of NumPy's: the parameters of JAX's primitives hold both


class UnsupportedError(NotImplementedError):
    """The program holds something that is not compiled.

    Attributes:
        what: the primitive or dtype, and what would be compiled instead.
        where: the file, line and function it comes from, if known.
    """

    def __init__(self, what: str, where: str = "") -> None:
        self.what, self.where = what, where
        place = f", which comes from {where}" if where else ""
        super().__init__(f"cannot compile {what}{place}")


def dtype_of(dtype: object) -> str:
    """The name of a dtype that is compiled."""
    name = str(dtype)
    if name not in C_TYPE:
        instead = INSTEAD.get(name, f"use one of {', '.join(C_TYPE)}")
        raise UnsupportedError(f"{name} values: {instead}")
    return name


def stored_as(dtype: str) -> str:
    """The dtype that holds it in memory."""
    return "int32" if dtype == "bool" else dtype


def is_signed(dtype: str) -> bool:
    return SUFFIX[dtype] == "i"


def least(dtype: str) -> Any:
    """The number below all others: of max, what leaves all others as they are."""
    if dtype == "float32":
        return -np.inf
    return False if dtype == "bool" else np.iinfo(dtype).min


def greatest(dtype: str) -> Any:
    """The number above all others."""
    if dtype == "float32":
        return np.inf
    return True if dtype == "bool" else np.iinfo(dtype).max


def row_major(shape: Ints) -> tuple[int, ...]:
    """The strides of a contiguous array."""
    return tuple(itertools.accumulate([1, *reversed(shape[1:])], int.__mul__))[::-1] * bool(shape)


@dataclass(eq=False)
class Buffer:
    """A static C array: scratch, or ``constant`` from ``start()`` on, or an input or output."""

    name: str
    dtype: str
    size: int
    reusable: bool = True
    constant: bool = False


@dataclass(frozen=True)
class Leaf:
    """A strided view of a buffer, or without a buffer the position itself, as for iota."""

    buffer: Buffer | None
    strides: tuple[int, ...]
    offset: int = 0
    moving: str = ""  # a C expression that is added to the offset

    def at(self, indices: Sequence[str], shape: Sequence[int]) -> str:
        terms = [
            name if stride == 1 else f"{name} * {stride}"
            for name, stride, size in zip(indices, self.strides, shape, strict=True)
            if stride and size != 1
        ]
        if self.moving:
            terms.append(self.moving)
        if self.offset or not terms:
            terms.append(str(self.offset))
        place = " + ".join(terms)
        return f"{self.buffer.name}[{place}]" if self.buffer else f"({place})"


@dataclass(frozen=True)
class Value:
    """A C expression ``code`` in which ``{0}``, ``{1}``, ... are the leaves at one index."""

    dtype: str
    shape: tuple[int, ...]
    code: str
    leaves: tuple[Leaf, ...] = ()

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def is_view(self) -> bool:
        return self.code == "{0}" and self.leaves[0].buffer is not None

    @property
    def is_trivial(self) -> bool:
        """Whether it is as cheap to compute twice as to store."""
        return len(self.leaves) == 0 or self.code == "{0}"

    @property
    def is_constant(self) -> bool:
        """Whether it is the same in every run and step."""
        return all(x.buffer is None or x.buffer.constant for x in self.leaves) and not any(
            x.moving for x in self.leaves
        )

    @property
    def view(self) -> Leaf:
        assert self.is_view
        return self.leaves[0]

    def at(self, indices: Sequence[str]) -> str:
        return self.code.format(*(leaf.at(indices, self.shape) for leaf in self.leaves))

    # --- views ---

    def _restride(
        self, shape: Ints, strides: Sequence[Ints], offsets: Ints | None = None
    ) -> "Value":
        """New strides for each leaf, and what is added to its offset."""
        leaves = (
            replace(leaf, strides=tuple(map(int, new)), offset=leaf.offset + int(offset))
            for leaf, new, offset in zip(
                self.leaves, strides, offsets or [0] * len(self.leaves), strict=True
            )
        )
        return replace(self, shape=tuple(map(int, shape)), leaves=tuple(leaves))

    def broadcast(self, shape: Ints, dimensions: Ints) -> "Value":
        """Axis i becomes axis ``dimensions[i]`` of ``shape``; the rest repeats."""
        strides = [[0] * len(shape) for _ in self.leaves]
        for new, leaf in zip(strides, self.leaves, strict=True):
            for axis, size, stride in zip(dimensions, self.shape, leaf.strides, strict=True):
                new[axis] = 0 if size == 1 else stride
        return self._restride(shape, strides)

    def transpose(self, order: Ints) -> "Value":
        strides = [[leaf.strides[i] for i in order] for leaf in self.leaves]
        return self._restride([self.shape[i] for i in order], strides)

    def slice(self, starts: Ints, sizes: Ints, steps: Ints) -> "Value":
        strides = [[s * k for s, k in zip(x.strides, steps, strict=True)] for x in self.leaves]
        offsets = [sum(s * k for s, k in zip(x.strides, starts, strict=True)) for x in self.leaves]
        return self._restride(sizes, strides, offsets)

    def reverse(self, dimensions: Ints) -> "Value":
        steps = [-1 if i in dimensions else 1 for i in range(len(self.shape))]
        starts = [n - 1 if i in dimensions else 0 for i, n in enumerate(self.shape)]
        return self.slice(starts, self.shape, steps)

    def move(self, axis: int, place: str, size: int | None = None) -> "Value":
        """Begin ``axis`` at the C expression ``place``: ``size`` entries, or one and no axis."""
        shape = list(self.shape)
        shape[axis : axis + 1] = [] if size is None else [size]

        leaves = []
        for leaf in self.leaves:
            strides, offset = list(leaf.strides), leaf.offset
            term = f"{place} * {strides[axis]}" if strides[axis] else ""
            if place.isdecimal():
                offset, term = offset + int(place) * strides[axis], ""
            if size is None:
                del strides[axis]
            moving = " + ".join(filter(None, [leaf.moving, term]))
            leaves.append(replace(leaf, strides=tuple(strides), offset=offset, moving=moving))
        return replace(self, shape=tuple(shape), leaves=tuple(leaves))

    def reshape(self, shape: Ints) -> "Value | None":
        """The reshaped value, or None if its entries do not lie that way in memory."""
        try:
            strides = [_reshaped(self.shape, leaf.strides, shape) for leaf in self.leaves]
        except ValueError:
            return None
        return self._restride(shape, strides)


def _reshaped(shape: Ints, strides: Ints, new: Ints) -> tuple[int, ...]:
    """NumPy knows when a reshape needs no copy; no entry is ever read."""
    if 0 in shape:
        return (0,) * len(new)
    seen = np.lib.stride_tricks.as_strided(np.empty(1, np.int8), shape, strides, writeable=False)
    return np.reshape(seen, new, copy=False).strides


class Keys(NamedTuple):
    """An array of keys: their first and second words, and JAX's own functions of keys."""

    first: Value
    second: Value
    impl: Any

    @property
    def shape(self) -> tuple[int, ...]:
        return self.first.shape

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        return self.first.leaves + self.second.leaves

    @property
    def is_trivial(self) -> bool:
        return self.first.is_trivial and self.second.is_trivial

    @property
    def is_constant(self) -> bool:
        return self.first.is_constant and self.second.is_constant


def combine(dtype: str, shape: Ints, template: str, *parts: Value) -> Value:
    """The expression ``template`` in which ``{0}``, ``{1}``, ... are ``parts``, entry by entry.

    Axes of size 1 repeat, and so do scalars.
    """
    leaves: list[Leaf] = []
    codes = []
    for part in parts:
        part = part.broadcast(shape, range(len(part.shape)))
        places = []
        for leaf in part.leaves:
            if leaf not in leaves:
                leaves.append(leaf)
            places.append(f"{{{leaves.index(leaf)}}}")
        codes.append(part.code.format(*places))
    code = f"({template.format(*codes)})"
    if dtype in NARROW:  # back from C's int, wrapped around
        code = f"(({C_TYPE[dtype]}){code})"
    return Value(dtype, tuple(shape), code, tuple(leaves))


def literal(number: object, dtype: str, shape: Ints = ()) -> Value:
    """One number, repeated."""
    if dtype == "float32":
        x = float(np.float32(number))  # type: ignore[arg-type]
        if np.isnan(x):
            code = "NAN"
        elif np.isinf(x):
            code = "INFINITY" if x > 0 else "(-INFINITY)"
        else:
            code = f"{x.hex()}f" if x >= 0 and not np.signbit(x) else f"({x.hex()}f)"
    else:
        n = int(number)  # type: ignore[call-overload]
        code = f"{n}u" if dtype == "uint32" else f"({n - 1} + 1)" if n < 0 else str(n)
    return Value(dtype, tuple(shape), code)


def position(shape: Ints, axis: int, dtype: str) -> Value:
    """At each index, its place along ``axis``."""
    strides = tuple(int(i == axis) for i in range(len(shape)))
    value = Value("int32", tuple(shape), "{0}", (Leaf(None, strides),))
    return value if dtype == "int32" else combine(dtype, shape, f"({C_TYPE[dtype]}){{0}}", value)


def full_view(buffer: Buffer, shape: Ints) -> Value:
    """All of a buffer, in row-major order."""
    return Value(buffer.dtype, tuple(shape), "{0}", (Leaf(buffer, row_major(shape)),))
