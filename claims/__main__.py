"""Test every claim: ``python -m claims [NAME ...]`` writes claims/results.json and RESULTS.md.

Each claim is tested once for every instruction set of this machine that computes other bits. What
is recorded already, of the same code on the same machine, is not tested again; a claim that is
named is. What another machine recorded stays, and stands beside. Words that a claim's outcome says
change no number: who changes them changes them in results.json too, as a test asks.
"""

import json
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version

from claims import CLAIMS, CONVOLUTIONAL
from claims.kept import code
from claims.outcome import SEEDS, statement
from claims.processors import SETS, Machine, here, under
from claims.recorded import HERE, RESULTS, Record, Row, load, read, save
from claims.table import table
from stabsim.sweeps.sweep import RUNS_AT_ONCE


def main() -> int:
    names = sys.argv[1:]
    if unknown := sorted(set(names) - {claim.__name__ for claim in CLAIMS}):
        known = ", ".join(claim.__name__ for claim in CLAIMS)
        print(f"There is no claim {', '.join(unknown)}. The claims are {known}.")
        return 2
    record, machine = begun(names)
    for instruction_set in SETS:
        for row, claim in zip(record.rows, CLAIMS, strict=True):
            kind = machine.alike["convolution" if claim in CONVOLUTIONAL else "dense"]
            label = machine.label(instruction_set)
            done = label in row.outcomes or (names and row.name not in names)
            if done or kind.get(instruction_set) != instruction_set:
                continue
            start = time.perf_counter()
            outcome = read(json.loads(under(instruction_set, "claims.once", claim.__name__)))
            seconds = time.perf_counter() - start
            row.outcomes[label] = outcome
            print(f"{row.name}, {instruction_set} ({seconds:.0f} s): {outcome.verdict}.")
            print(f"  {outcome.effect.en}", flush=True)
            save(record)
            (HERE / "RESULTS.md").write_text(table(load()), encoding="utf8")
    return 0


def begun(anew: Sequence[str]) -> tuple[Record, Machine]:
    """What is recorded of the same code, but for the claims named, and this machine in it."""
    old = load() if RESULTS.exists() else None
    if old is None or (old.jaxlib, old.seeds) != (version("jaxlib"), list(SEEDS)):
        old = Record(version("jaxlib"), [], list(SEEDS), [])
    machine = here(old.machines)
    machines = old.machines if machine in old.machines else [*old.machines, machine]
    outcomes = {
        (row.name, row.code, row.block): {
            label: outcome for label, outcome in row.outcomes.items()
            if not (row.name in anew and label.startswith(machine.label("")))
        }
        for row in old.rows
    }  # fmt: skip
    rows = []
    for claim in CLAIMS:
        name, now = claim.__name__, code(sys.modules[claim.__module__])
        known = outcomes.get((name, now, RUNS_AT_ONCE), {})
        rows.append(Row(name, statement(claim), now, RUNS_AT_ONCE, known))
    return old._replace(machines=machines, rows=rows), machine


if __name__ == "__main__":
    sys.exit(main())
