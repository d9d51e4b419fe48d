"""Whether a compiled program computes what JAX computes.

Each of its pieces is given what JAX's own run gave JAX's, and must come to the same but for
rounding. The whole program must come to the same as its pieces do one after another, to the bit.
Nothing is compared over many steps, so it does not matter whether a run is chaotic.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Literal

import jax2wasm
from book.pieces import Arrays, Call, Program

QUICK: Any = {"xla_backend_optimization_level": 0}
"""JAX's pieces are compiled quickly: they run a few times, and move by last bits alone."""

ROUNDING = 1e-6
"""How far an operation whose last bits are open may be off, as a share of its result."""

AT_ONCE = 32
"""A sum of more terms may be off by more, as the square root of their number."""

OPEN = {
    "cholesky", "conv_general_dilated", "cos", "cumsum", "div", "dot_general", "erf_inv", "exp",
    "expm1", "integer_pow", "log", "log1p", "logistic", "pow", "reduce_sum", "rsqrt", "sin",
    "sqrt", "tanh", "triangular_solve",
}  # fmt: skip
"""The operations whose last bits are open: sums, and what is approximated."""

MARGIN = 4.0
"""How much further than rounding moves a result ours may be from JAX's."""

STATES = 6
"""So many calls of a piece are compared in each run, spread over those that stay finite."""


class Parity(NamedTuple):
    """How a compiled program compares with JAX.

    Attributes:
        calls: how many calls of its pieces were compared.
        apart: the largest difference, as a multiple of what rounding may do.
    """

    calls: int
    apart: float


def check(function: Callable[..., Any], module: jax2wasm.Module, settings: Sequence[Any]) -> Parity:
    """Compare a module with the function that it was made of, at some settings of its argument.

    With its own pieces the whole is compared at the first setting alone: whether one overwrites
    what another needs does not depend on numbers.

    Raises:
        ArithmeticError: if it computes something else.
    """
    program = Program(function, settings[0])
    ours, theirs = program.compiled(_in_wasm), program.compiled(_in_jax)
    given = [[np.asarray(x) for x in jax.tree.leaves(one)] for one in settings]
    whole = jax.tree.leaves(jax2wasm.Engine(module)(given[0]))
    if not all(map(_equal, whole, ours.run(given[0])[0])):
        raise ArithmeticError("the whole program is not its pieces one after another")
    calls, apart = 0, 0.0
    for one in given:
        for call in _some(theirs.run(one)[1]):
            here = _apart(call, ours.functions[call.piece], theirs.functions[call.piece])
            if here > MARGIN:
                raise ArithmeticError(
                    f"{call.piece} differs from JAX's by {here:g} times what rounding does"
                )
            calls, apart = calls + 1, max(apart, here)
    return Parity(calls, apart)


def _in_wasm(function: Callable[..., Any], *example: Any) -> Callable[..., Any]:
    return jax2wasm.Engine(jax2wasm.compile(function, *example))


def _in_jax(function: Callable[..., Any], *example: Any) -> Callable[..., Any]:
    """The function by XLA; with ``off``, its operations are off by a share of their results."""
    closed, shapes = jax.make_jaxpr(function, return_shape=True)(*example)

    def rounded(off: Any, *given: Any) -> Any:
        results = _rounded(closed, off, jax.tree.leaves(given))
        return jax.tree.unflatten(jax.tree.structure(shapes), results)

    none = jax.ShapeDtypeStruct((), np.float32)
    compiled = jax.jit(rounded).lower(none, *example).compile(compiler_options=QUICK)
    return lambda *given, off=0.0: compiled(np.float32(off), *given)


# --- how far apart ---


def _equal(a: Any, b: Any) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def _some(calls: Sequence[Call]) -> list[Call]:
    """Of each piece some calls, spread over the run while its state is as finite as it began."""
    some = []
    for piece in dict.fromkeys(call.piece for call in calls):
        sound = [call for call in calls if call.piece == piece and _stays_finite(call)]
        places = np.linspace(0, len(sound) - 1, min(STATES, len(sound))).astype(int)
        some += [sound[i] for i in places]
    return some


def _is_steps(call: Call) -> bool:
    return not call.piece.endswith("straight")


def _stays_finite(call: Call) -> bool:
    return not _is_steps(call) or all(
        np.array_equal(np.isfinite(before), np.isfinite(after))
        for before, after in zip(call.given[1], call.result[0], strict=True)
    )


def _changes(call: Call, result: Any) -> list[np.ndarray]:
    """A result in float64; of a loop's state only how it changes, which is far smaller."""
    leaves = [np.asarray(x, float) for x in jax.tree.leaves(result)]
    if not _is_steps(call):
        return leaves
    state = [np.asarray(x, float) for x in call.given[1]]
    with np.errstate(invalid="ignore"):  # infinity less infinity
        changes = [after - before for after, before in zip(leaves, state, strict=False)]
    return changes + leaves[len(state) :]


def _apart(call: Call, ours: Callable[..., Any], theirs: Callable[..., Any]) -> float:
    """How far ours lies from what JAX came to, as a multiple of what rounding may do.

    Rounding moves numbers by a share of the largest in their array, and by what the piece makes
    of its operations' rounding. Whole numbers are the same, unless that changes them.
    """
    there = _changes(call, call.result)
    here = _changes(call, ours(*call.given))
    near = [_changes(call, theirs(*call.given, off=way * ROUNDING)) for way in (1, -1)]
    leaves = [np.asarray(x) for x in jax.tree.leaves(call.result)]
    return max(map(_leaf_apart, leaves, here, there, *near), default=0.0)


def _leaf_apart(leaf: np.ndarray, here: np.ndarray, there: np.ndarray, *near: np.ndarray) -> float:
    finite = np.isfinite(there)
    if not np.array_equal(np.isfinite(here), finite):
        return np.inf
    if not finite.any():
        return 0.0
    moved = max(
        np.max(np.abs(np.where(np.isfinite(x), x, np.inf)[finite] - there[finite])) for x in near
    )
    difference = np.max(np.abs(here[finite] - there[finite]))
    if leaf.dtype == np.float32:
        difference -= np.finfo(np.float32).eps * np.max(np.abs(leaf[finite].astype(float)))
        moved += ROUNDING * np.max(np.abs(there[finite]))
    return 0.0 if difference <= 0 else float(difference / moved) if moved else np.inf


# --- what rounding does ---


def _rounded(closed: Any, off: Any, arguments: Sequence[Any]) -> Arrays:
    """What a jaxpr comes to if its operations whose last bits are open are ``off`` by a share."""
    jaxpr = closed.jaxpr
    values = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*closed.consts, *arguments], strict=True))

    def read(variable: Any) -> Any:
        return variable.val if isinstance(variable, Literal) else values[variable]

    for seed, eqn in enumerate(jaxpr.eqns):
        operands = [read(v) for v in eqn.invars]
        p, name = eqn.params, eqn.primitive.name
        if name == "scan":
            results = _rounded_loop(p, off, operands)
        elif name == "cond":
            branches = [partial(_rounded_branch, branch, off) for branch in p["branches"]]
            results = jax.lax.switch(operands[0], branches, *operands[1:])
        elif name in ("jit", "custom_jvp_call"):
            results = _rounded(p["jaxpr" if name == "jit" else "call_jaxpr"], off, operands)
        else:
            results = eqn.primitive.bind(*operands, **eqn.primitive.get_bind_params(p))
            results = results if eqn.primitive.multiple_results else [results]
        if name in OPEN:
            terms = operands[0].size / results[0].size if name == "reduce_sum" else 1
            share = off * max(1.0, (terms / AT_ONCE) ** 0.5)
            results = [_off(x, share, seed) for x in results]
        values |= zip(eqn.outvars, results, strict=True)
    return [read(v) for v in jaxpr.outvars]


def _rounded_branch(branch: Any, off: Any, *operands: Any) -> Arrays:
    return _rounded(branch, off, operands)


def _rounded_loop(p: Any, off: Any, operands: Arrays) -> Arrays:
    begin, end = p["num_consts"], p["num_consts"] + p["num_carry"]

    def step(state: Arrays, row: Arrays) -> tuple[Arrays, Arrays]:
        results = _rounded(p["jaxpr"], off, [*operands[:begin], *state, *row])
        return results[: end - begin], results[end - begin :]

    state, rows = jax.lax.scan(step, operands[begin:end], operands[end:], p["length"], p["reverse"])
    return [*state, *rows]


def _off(x: Any, share: Any, seed: int) -> Any:
    """Numbers that are off by a share, up or down by their places along the outermost axes."""
    if x.dtype != jnp.float32:
        return x
    rng = np.random.default_rng(seed)
    signs = np.ones([1] * x.ndim, np.float32)
    for axis in {0, x.ndim - 1} if x.ndim else ():
        shape = [n if i == axis else 1 for i, n in enumerate(x.shape)]
        signs = signs * rng.choice(np.array([-1, 1], np.float32), shape)
    return x * (1 + share * signs)
