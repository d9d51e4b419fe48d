"""The record as RESULTS.md shows it."""

from claims.outcome import Outcome
from claims.recorded import Record, Row

HEAD = """# What came of the claims

Written by `make claims`. Each claim is a function in this folder, tested on the seeds {first} to
{last} with jaxlib {jaxlib}, on

{machines}

Numbers are those of the first instruction set named in a row. Runs are computed in blocks, whose
size decides their last bits, too.

A claim is *reproduced* if it surely holds for the median run: the exact 95% interval of the share
of seeds in which all its parts hold (Clopper and Pearson 1934) lies above a half. It is *not
reproduced* if that interval lies below a half, and *partly reproduced* if a half lies within.

| claim | measured effect, median (range) over seeds | held in | verdict | tested under |
|---|---|---|---|---|
"""


def held(outcome: Outcome) -> str:
    """In how many seeds a claim held, and where that is not all, each of its parts."""
    words = f"{outcome.held} of {len(outcome.holds)}"
    if all(outcome.holds) or len(outcome.parts) == 1:
        return words
    return f"{words} ({', '.join(f'{part.text.en} {part.held}' for part in outcome.parts)})"


def table(record: Record) -> str:
    """The record for readers of the repository."""
    first, last = record.seeds[0], record.seeds[-1]
    machines = "\n".join(f"- {machine}" for machine in record.machines)
    head = HEAD.format(first=first, last=last, jaxlib=record.jaxlib, machines=machines)
    found = head + "".join(map(_line, record.tested))
    if record.untested:
        found += f"\nNot tested in this way yet: {', '.join(record.untested)}.\n"
    return found


def _line(row: Row) -> str:
    outcome = row.published
    effect = outcome.effect.en.replace("|", "\\|")
    tested = [
        f"{name} (**{one.verdict}**, {one.held})" if name in row.otherwise else name
        for name, one in row.outcomes.items()
    ]
    return (
        f"| {row.claim.en} (`{row.name}`) | {effect} | {held(outcome)} | "
        f"{outcome.verdict} | {'; '.join(tested)}; in blocks of {row.block} |\n"
    )
