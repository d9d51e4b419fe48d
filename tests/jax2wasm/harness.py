"""JAX's own cases of its primitives, compiled and held against JAX.

``python -m tests.jax2wasm.harness`` runs them all and says which do not agree; with ``--write``
the count goes into ``harness.json`` beside this file and into the compiler's README. A part of
them runs with the tests.
"""

import argparse
import json
import re
import sys
import textwrap
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import jax2wasm
from book import ROOT
from tests.jax2wasm.check import QUICK, assert_alike

KEPT = Path(__file__).with_name("harness.json")
README = ROOT / "jax2wasm" / "README.md"
WIDE = ("float32", "int32", "uint32", "bool")
NARROW = ("int8", "uint8", "int16", "uint16")
TOGETHER = 40
"""Cases in a module: the compilers take most of their time to start."""
ALONE = {"xla_cpu_multi_thread_eigen": False}
"""Many operations in one program may wait for one another's threads, on two cores for ever."""

AT_ONCE = 200
"""Cases that a process is given at a time."""


SUMS = re.compile("conv|dot|cum|reduce|select_and|triangular|linear_solve|lu|qr|scatter|random")
"""What adds up many terms, in another order than XLA: held to a share of the largest entry."""

NEAR = {
    # XLA is 3e-6 away itself where they cross 0.
    "lgamma": {"tolerance": 5e-6, "entrywise": True},
    "digamma": {"tolerance": 5e-6, "entrywise": True},
    # One of the matrices has the condition number 2e5; XLA is 2e-5 from float64's factor itself.
    "cholesky": {"tolerance": 1e-4},
}


class Outcome(NamedTuple):
    """What came of a case.

    Attributes:
        kind: "agrees" with JAX, "differs" from it, is "refused" by an UnsupportedError, "fails"
            with any other error, or is "not in JAX" on a processor itself.
        why: what was said.
    """

    name: str
    kind: str
    why: str = ""


@cache
def cases(dtypes: tuple[str, ...] = WIDE) -> dict[str, Any]:
    """The cases whose main dtype is one of these, by name and in JAX's order."""
    from jax._src.internal_test_util.test_harnesses import all_harnesses

    return {case.fullname: case for case in all_harnesses if np.dtype(case.dtype).name in dtypes}


def sample(count: int) -> list[str]:
    """So many cases, always the same ones: first one of each primitive, then a second, ..."""
    seen: Counter[str] = Counter()
    turns = []
    for name in sorted(cases(), key=lambda name: zlib.crc32(name.encode())):
        group = cases()[name].group_name
        turns.append((seen[group], name))
        seen[group] += 1
    return [name for _, name in sorted(turns)[:count]]


def generator(name: str) -> np.random.RandomState:
    """What draws a case's arguments, always the same ones."""
    return np.random.RandomState(zlib.crc32(name.encode()))


def run(names: Sequence[str], dtypes: tuple[str, ...] = WIDE) -> list[Outcome]:
    """Compile each case, and run many in a module."""
    outcomes, ready = [], []
    for name in names:
        case = cases(dtypes)[name]
        if not case.filter("cpu"):
            outcomes.append(Outcome(name, "not in JAX"))
            continue
        arguments = case.dyn_args_maker(generator(name))
        try:
            jax2wasm.compile(case.dyn_fun, *arguments)
            ready.append((case, arguments))
        except jax2wasm.UnsupportedError as error:
            outcomes.append(Outcome(name, "refused", error.what))
        except Exception as error:
            outcomes.append(Outcome(name, "fails", repr(error)))
    for group in _parts(ready, TOGETHER):
        outcomes += _compared(group)
    return outcomes


def _compared(group: Sequence[tuple[Any, Any]]) -> Iterable[Outcome]:
    functions = [case.dyn_fun for case, _ in group]
    arguments = [given for _, given in group]

    def together(lists: Any) -> list[Any]:
        return [function(*given) for function, given in zip(functions, lists, strict=True)]

    try:
        ours = jax2wasm.Engine(jax2wasm.compile(together, arguments))(arguments)
    except Exception as error:
        if len(group) == 1:
            return [Outcome(group[0][0].fullname, "fails", repr(error))]
        return [outcome for one in group for outcome in _compared([one])]
    compiled = jax.jit(together).lower(arguments).compile(compiler_options=QUICK | ALONE)
    right = compiled(arguments)
    cases = [case for case, _ in group]
    return [verdict(*three) for three in zip(cases, ours, right, strict=True)]


def verdict(case: Any, ours: Any, right: Any) -> Outcome:
    try:
        assert_alike(defined(case, ours), defined(case, right), **near(case))
    except AssertionError as error:
        return Outcome(case.fullname, "differs", str(error))
    return Outcome(case.fullname, "agrees")


def near(case: Any) -> dict[str, Any]:
    """How near a case must be: in each entry, but for sums and what is ill-conditioned."""
    if case.group_name in NEAR:
        return NEAR[case.group_name]
    return {} if SUMS.search(case.group_name) else {"tolerance": 1e-6, "entrywise": True}


def defined(case: Any, result: Any) -> Any:
    """What JAX says of a result, without what it leaves open."""
    if case.group_name == "cholesky":  # the bare primitive's upper half may hold anything
        return np.tril(result)
    if case.group_name == "sort" and not case.params.get("is_stable", True):
        # Rows with the same keys may come in any order.
        rows = [np.asarray(x) for x in jax.tree.leaves(result)]
        order = np.lexsort(rows[::-1]) if rows[0].ndim == 1 else ...
        keys = case.params.get("num_keys", 1)
        return [*rows[:keys], *(x[order] for x in rows)]
    return result


def _parts(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[i : i + size] for i in range(0, len(items), size)]


def run_all(dtypes: tuple[str, ...], processes: int) -> list[Outcome]:
    parts = _parts(list(cases(dtypes)), AT_ONCE)
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        return [x for part in pool.map(run, parts, [dtypes] * len(parts)) for x in part]


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The counts, and why what is refused is."""
    refused = Counter(outcome.why for outcome in outcomes if outcome.kind == "refused")
    return {
        "cases": len(outcomes),
        **Counter(outcome.kind for outcome in outcomes),
        "why": dict(sorted(refused.items())),
    }


def sentence(kept: dict[str, Any]) -> str:
    """What the README says of the counts."""

    def part(of: dict[str, Any]) -> str:
        share = of["agrees"] / of["cases"]
        return (
            f"of {of['cases']:,} cases {of['agrees']:,} ({share:.1%}) agree with JAX, "
            f"{of.get('refused', 0)} are refused in words, {of.get('not in JAX', 0)} are refused "
            f"by JAX itself, {of.get('differs', 0)} differ and {of.get('fails', 0)} fail"
        )

    said = (
        f"JAX {kept['jax']} tests its primitives with cases of its own. "
        f"With float32, int32, uint32 and bool, {part(kept['wide'])}; "
        f"with integers of 8 and 16 bits, {part(kept['narrow'])}."
    )
    return textwrap.fill(said, 100)


MARKED = re.compile(r"(<!-- harness -->\n)(.*?)(\n<!-- /harness -->)", re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the counts down")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    kept: dict[str, Any] = {"jax": jax.__version__}
    bad = []
    for key, dtypes in (("wide", WIDE), ("narrow", NARROW)):
        outcomes = run_all(dtypes, given.processes)
        kept[key] = summary(outcomes)
        bad += [x for x in outcomes if x.kind in ("differs", "fails")]
    for outcome in bad:
        print(outcome.kind, outcome.name, outcome.why, sep="\n  ")
    print(sentence(kept))
    if given.write:
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", "utf8")
        text = README.read_text("utf8")
        README.write_text(MARKED.sub(rf"\1{sentence(kept)}\3", text), "utf8")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
