"""A program in pieces: its straight code, and a few steps of each of its long loops.

A chaotic run cannot be compared with another that rounds otherwise, but its every step can.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.core import Tracer
from jax.extend.core import Literal, jaxpr_as_fun
from jax.interpreters.partial_eval import dce_jaxpr

LONG = 20
"""A loop of fewer steps, as over a network's layers, is part of the code around it."""

Arrays = list[Any]

How = Callable[..., Callable[..., Any]]
"""Compiles a function for arguments of the shapes of an example."""


class Call(NamedTuple):
    """A piece that ran.

    Attributes:
        piece: its name.
        given: its arguments.
        result: what it returned.
    """

    piece: str
    given: tuple[Any, ...]
    result: Any


class Operands(NamedTuple):
    """What a loop begins with: what it closes over, its first state, and a row a step."""

    given: Arrays
    state: Arrays
    rows: Arrays


@dataclass(frozen=True)
class Loop:
    """A long loop of a program.

    Attributes:
        eqn: the ``scan``.
        known: the constants that its body closes over; None for what it is given.
    """

    eqn: Any
    known: tuple[Any, ...]

    @property
    def length(self) -> int:
        return self.eqn.params["length"]

    @property
    def stride(self) -> int:
        """How many steps are taken at once: as few as will do, but two, for one follows another."""
        return next(n for n in range(2, self.length + 1) if self.length % n == 0)

    @property
    def shapes(self) -> Arrays:
        return _shapes(self.eqn.outvars)

    def operands(self, all_: Sequence[Any]) -> Operands:
        closed, state = len(self.known), self.eqn.params["num_carry"]
        given = [x for x, known in zip(all_[:closed], self.known, strict=True) if known is None]
        return Operands(given, [*all_[closed:][:state]], [*all_[closed + state :]])

    def body(self, given: Arrays, state: Arrays, row: Arrays) -> tuple[Arrays, Arrays]:
        rest = iter(given)
        closed = [next(rest) if known is None else known for known in self.known]
        results = jaxpr_as_fun(self.eqn.params["jaxpr"])(*closed, *state, *row)
        return results[: len(state)], results[len(state) :]

    def steps(self, given: Arrays, state: Arrays, rows: Arrays) -> tuple[Arrays, Arrays]:
        """A stride from a state: the state behind it, and what its steps put out."""
        return jax.lax.scan(lambda s, row: self.body(given, s, row), state, rows, self.stride)


class Program:
    """A function taken apart, for arguments of the shapes of an example.

    Attributes:
        loops: its long loops, in order.
    """

    def __init__(self, function: Callable[..., Any], *example: Any) -> None:
        closed = jax.make_jaxpr(function)(*example)
        every = [True] * len(closed.jaxpr.outvars)
        self._jaxpr, _ = dce_jaxpr(closed.jaxpr, every, instantiate=True)
        self._consts = closed.consts
        self._arguments = _shapes(self._jaxpr.invars)
        self.loops: list[Loop] = []

        def find(eqn: Any, operands: Arrays) -> Arrays:
            closed = operands[: eqn.params["num_consts"]]
            known = tuple(None if isinstance(x, Tracer) else x for x in closed)
            self.loops.append(Loop(eqn, known))
            return self.blank[-1]

        def trace(*arguments: Any) -> Arrays:
            return _evaluate(self._jaxpr, self._consts, arguments, find)

        jax.eval_shape(trace, *self._arguments)

    def straight(self, arguments: Arrays, results: list[Arrays]) -> tuple[list[Operands], Arrays]:
        """All but the loops, whose results are given: their operands, and the program's results."""
        operands: list[Operands] = []

        def skip(_: Any, all_: Arrays) -> Arrays:
            operands.append(self.loops[len(operands)].operands(all_))
            return results[len(operands) - 1]

        return operands, _evaluate(self._jaxpr, self._consts, arguments, skip)

    @property
    def blank(self) -> list[Arrays]:
        """Zeros for the results of the loops, until they have run."""
        return [[np.zeros(x.shape, x.dtype) for x in loop.shapes] for loop in self.loops]

    def compiled(self, how: How, name: str = "") -> "Pieces":
        """Its pieces, each compiled. ``name`` is that of the loop whose body it is, if any."""
        straight = how(self.straight, self._arguments, self.blank)
        operands = jax.eval_shape(self.straight, self._arguments, self.blank)[0]
        steps: list[Any] = []
        for i, (loop, one) in enumerate(zip(self.loops, operands, strict=True)):
            body = _body(loop, one)
            steps.append(
                body.compiled(how, f"{name}loop {i}, ")
                if body
                else how(loop.steps, one.given, one.state, _rows(one, loop.stride))
            )
        return Pieces(self, name, straight, steps)


def _shapes(variables: Sequence[Any]) -> Arrays:
    return [jax.ShapeDtypeStruct(v.aval.shape, v.aval.dtype) for v in variables]


def _rows(operands: Operands, count: int) -> Arrays:
    return [jax.ShapeDtypeStruct((count, *x.shape[1:]), x.dtype) for x in operands.rows]


def _body(loop: Loop, operands: Operands) -> Program | None:
    """The body of a loop that keeps no state, as a program, if it holds a long loop itself."""
    if operands.state:
        return None

    def body(given: Arrays, row: Arrays) -> Arrays:
        return loop.body(given, [], row)[1]

    row = [jax.ShapeDtypeStruct(x.shape[1:], x.dtype) for x in operands.rows]
    program = Program(body, operands.given, row)
    return program if program.loops else None


@dataclass(frozen=True)
class Pieces:
    """A program whose pieces are compiled, and can be run one after another.

    Attributes:
        program: what was taken apart.
        name: of the program that it lies in.
        straight: its straight code.
        steps: of each loop a stride, or the pieces of its body.
    """

    program: Program
    name: str
    straight: Callable[..., Any]
    steps: list[Any]

    @property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """Every piece by its name."""
        found = {f"{self.name}straight": self.straight}
        for i, steps in enumerate(self.steps):
            found |= (
                steps.functions if isinstance(steps, Pieces) else {f"{self.name}loop {i}": steps}
            )
        return found

    def run(self, arguments: Arrays) -> tuple[Arrays, list[Call]]:
        """The program's results, and every call of a piece."""
        calls: list[Call] = []
        results = [*self.program.blank]
        for i, loop in enumerate(self.program.loops):
            operands = self.straight(arguments, results)[0][i]
            results[i] = self._loop(i, loop, Operands(*operands), calls)
        out = self.straight(arguments, results)
        calls.append(Call(f"{self.name}straight", (arguments, results), out))
        return out[1], calls

    def _loop(self, i: int, loop: Loop, operands: Operands, calls: list[Call]) -> Arrays:
        given, state, out, steps = operands.given, operands.state, [], self.steps[i]
        table = [np.asarray(x) for x in operands.rows]
        if isinstance(steps, Pieces):
            for t in range(loop.length):
                row, made = steps.run([*given, *(x[t] for x in table)])
                calls += made
                out.append([np.asarray(x)[None] for x in row])
        else:
            for t in range(0, loop.length, loop.stride):
                rows = [x[t : t + loop.stride] for x in table]
                result = steps(given, state, rows)
                calls.append(Call(f"{self.name}loop {i}", (given, state, rows), result))
                state = result[0]
                out.append(result[1])
        return [*map(np.asarray, state), *(np.concatenate(x) for x in zip(*out, strict=True))]


def _evaluate(
    jaxpr: Any, consts: Sequence[Any], arguments: Sequence[Any], loop: Callable[..., Arrays]
) -> Arrays:
    """A jaxpr's results, and so of those that it calls; ``loop`` gives those of a long loop."""
    values = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *arguments], strict=True))

    def read(variable: Any) -> Any:
        return variable.val if isinstance(variable, Literal) else values[variable]

    for eqn in jaxpr.eqns:
        operands = [read(v) for v in eqn.invars]
        p, name = eqn.params, eqn.primitive.name
        if name == "scan" and p["length"] >= LONG and not p["reverse"]:
            results = loop(eqn, operands)
        elif name == "jit":
            results = _evaluate(p["jaxpr"].jaxpr, p["jaxpr"].consts, operands, loop)
        else:
            results = eqn.primitive.bind(*operands, **eqn.primitive.get_bind_params(p))
            results = results if eqn.primitive.multiple_results else [results]
        values |= zip(eqn.outvars, results, strict=True)
    return [read(v) for v in jaxpr.outvars]
