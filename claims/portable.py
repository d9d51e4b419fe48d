"""How much room each statement has that pages make of what their cells compute.

``python -m claims.portable [PAGE ...]`` runs them under every instruction set of this machine that
computes other bits, each with the initial weights as drawn and moved by up to a millionth both
ways. It keeps the numbers in portable.json and writes PORTABLE.md. What is kept already, of the
same code on the same machine, is not computed again; a page that is named is, which takes minutes.
What another machine computed stays, and stands beside.
"""

import argparse
import inspect
import json
import sys
import time
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from claims.kept import code, plain_values, written
from claims.processors import SETS, Machine, here, under
from claims.statement import Nudge, Said, Statement
from claims.statements import (
    batch_size,
    clipping,
    fixes,
    half_precision,
    index,
    instability,
    metaparameter,
    optimizers,
    transformers,
    warmup,
)
from stabsim.sweeps.sweep import RUNS_AT_ONCE

HERE = Path(__file__).parent
KEPT = HERE / "portable.json"

MODULES = (
    index, instability, optimizers, batch_size, warmup, clipping, fixes, metaparameter,
    half_precision, transformers,
)  # fmt: skip
HOMES = {module.__name__.rsplit(".", 1)[-1]: module for module in MODULES}
PAGES: dict[str, list[Said]] = {page: module.STATEMENTS for page, module in HOMES.items()}

CONVOLUTIONAL = {"instability"}
"""The pages that train convolutional networks beside dense ones."""

NUDGES = (0.0, 1e-6, -1e-6)


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m claims.portable", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("page", nargs="*", help=f"one of {', '.join(PAGES)}")
    names: list[str] = parser.parse_args().page
    if unknown := sorted(set(names) - set(PAGES)):
        print(f"There is no page {', '.join(unknown)}. The pages are {', '.join(PAGES)}.")
        return 2
    kept, machine = begun(names)
    for instruction_set in SETS:
        for page in PAGES:
            found = kept["pages"][page]["under"]
            kind = machine.alike["convolution" if page in CONVOLUTIONAL else "dense"]
            label = machine.label(instruction_set)
            done = label in found or (names and page not in names)
            if done or kind.get(instruction_set) != instruction_set:
                continue
            found[label] = json.loads(under(instruction_set, "claims.measured", page))
            print(f"{page}, {instruction_set}", flush=True)
            KEPT.write_text(written(kept) + "\n", encoding="utf8")
            (HERE / "PORTABLE.md").write_text(table(kept), encoding="utf8")
    short = [one for row in rows(kept) for one in row if not one.holds]
    for one in short:
        print(f"does not hold: {one}")
    return bool(short)


def begun(anew: Sequence[str]) -> tuple[dict[str, Any], Machine]:
    """What is kept of the same code, but for the pages named, and this machine in it."""
    kept = json.loads(KEPT.read_text(encoding="utf8")) if KEPT.exists() else {}
    if kept.get("jaxlib") != version("jaxlib"):
        kept = {"jaxlib": version("jaxlib"), "machines": [], "pages": {}}
    machines = [Machine(**one) for one in kept["machines"]]
    machine = here(machines)
    if machine not in machines:
        kept["machines"].append(machine._asdict())
    for page in PAGES:
        before = kept["pages"].get(page)
        now = {"code": code(HOMES[page]), "block": RUNS_AT_ONCE}
        if before is None or not now.items() <= before.items():
            kept["pages"][page] = now | {"under": {}}
        elif page in anew:
            found = before["under"].items()
            before["under"] = {k: v for k, v in found if not k.startswith(machine.label(""))}
    return kept, machine


def measure(page: str) -> list[list[Any]]:
    """Each statement's text, ends, and values by :data:`NUDGES`; one value where none is used."""
    found: list[list[Any]] = []
    for said in PAGES[page]:
        start = time.process_time()
        sizes = NUDGES if "nudge" in inspect.signature(said).parameters else NUDGES[:1]
        for same in zip(*(said(Nudge(size)) for size in sizes), strict=True):
            values = (same[0].low, same[0].high, *(one.value for one in same))
            text = f"{said.__name__.replace('_', ' ')}: {same[0].text}"
            found.append([text, *map(plain_values, values)])
        print(f"{said.__name__} ({time.process_time() - start:.0f} s)", file=sys.stderr)
    return found


def rows(kept: dict[str, Any]) -> Iterable[list[Statement]]:
    """For each statement what was measured of it, under each instruction set and nudge."""
    for page in kept["pages"].values():
        for same in zip(*page["under"].values(), strict=True):
            low, high = map(float, same[0][1:3])
            yield [Statement(one[0], float(x), low, high) for one in same for x in one[3:]]


HEAD = """# What room the pages' statements have

Written by `python -m claims.portable`: what pages say of the runs that their cells compute, with
the initial weights as drawn and moved by up to a millionth, both ways, with jaxlib {jaxlib}, on

{machines}

The margin is how far the value nearest to an end of the allowed range stays within it, as a share
of that end. A count or a choice that must be just this one, and was it each time, is exact.
"""


def table(kept: dict[str, Any]) -> str:
    """The statements page by page, those with the least room first."""
    machines = "\n".join(f"- {Machine(**one)}" for one in kept["machines"])
    lines = [HEAD.format(jaxlib=kept["jaxlib"], machines=machines)]
    for page, one in kept["pages"].items():
        if not one["under"]:
            continue
        sets = "; ".join(one["under"])
        lines.append(f"\n## {page}\n\nUnder {sets}; in blocks of {one['block']} runs.\n\n")
        lines.append("| statement | measured | allowed | margin |\n|---|---|---|---|\n")
        found = list(rows({"pages": {page: one}}))
        for row in sorted(found, key=lambda row: min(s.margin for s in row)):
            first, values = row[0], [s.value for s in row]
            span = f"{min(values):.4g} to {max(values):.4g}"
            allowed = f"{first.low:.4g} to {first.high:.4g}"
            margin = min(s.margin for s in row)
            room = f"{margin:.0%}" if margin else "exact"
            lines.append(f"| {first.text} | {span} | {allowed} | {room} |\n")
    if unmeasured := [page for page, one in kept["pages"].items() if not one["under"]]:
        lines.append(f"\nNot measured yet: {', '.join(unmeasured)}.\n")
    return "".join(lines)


if __name__ == "__main__":
    sys.exit(main())
