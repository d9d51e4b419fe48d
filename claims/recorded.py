"""What came of the claims, as results.json keeps it: each seed's numbers, by where they ran."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from claims.kept import plain_values, written
from claims.outcome import Outcome, Part
from claims.processors import Machine
from stabsim._words import Text

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"


class Row(NamedTuple):
    """A claim and its outcomes.

    Attributes:
        name: the claim's function.
        claim: what is claimed.
        code: the digest of the module that holds the function.
        block: how many runs were computed at once, which decides their last bits, too.
        outcomes: the outcome by machine and instruction set; the first is published.
    """

    name: str
    claim: Text
    code: str
    block: int
    outcomes: dict[str, Outcome]

    @property
    def published(self) -> Outcome:
        return next(iter(self.outcomes.values()))

    @property
    def otherwise(self) -> dict[str, Outcome]:
        """The outcomes whose verdict is not the published one, by machine and instruction set."""
        verdict = self.published.verdict
        return {name: one for name, one in self.outcomes.items() if one.verdict != verdict}


class Record(NamedTuple):
    """All that is recorded.

    Attributes:
        jaxlib: the version that compiled all runs.
        machines: what computed them, one after another.
        seeds: the seeds of every claim.
        rows: the claims in the order of the table.
    """

    jaxlib: str
    machines: list[Machine]
    seeds: list[int]
    rows: list[Row]

    @property
    def tested(self) -> list[Row]:
        """The claims that have an outcome: all, unless the tests were interrupted."""
        return [row for row in self.rows if row.outcomes]

    @property
    def untested(self) -> list[str]:
        """The names of the others."""
        return [row.name for row in self.rows if not row.outcomes]


def load(file: Path = RESULTS) -> Record:
    """What the file holds."""
    kept = json.loads(file.read_text(encoding="utf8"))
    rows = [_read(row) for row in kept["claims"]]
    machines = [Machine(**machine) for machine in kept["machines"]]
    return Record(kept["jaxlib"], machines, kept["seeds"], rows)


def save(record: Record, file: Path = RESULTS) -> None:
    """Write all that is recorded, whole."""
    kept = {
        "jaxlib": record.jaxlib,
        "machines": [machine._asdict() for machine in record.machines],
        "seeds": record.seeds,
        "claims": [_row(row) for row in record.rows],
    }
    ours = file.with_suffix(".new")
    ours.write_text(written(kept) + "\n", encoding="utf8")
    ours.replace(file)


def plain(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON has it."""
    parts = [{"text": p.text._asdict(), "holds": [int(x) for x in p.holds]} for p in outcome.parts]
    return {"says": outcome.says._asdict(), "values": plain_values(outcome.values), "parts": parts}


def read(kept: dict[str, Any]) -> Outcome:
    """The outcome that :func:`plain` made this of."""
    parts = [Part(Text(**p["text"]), [bool(x) for x in p["holds"]]) for p in kept["parts"]]
    return Outcome(Text(**kept["says"]), _numbers(kept["values"]), parts)


def _row(row: Row) -> dict[str, Any]:
    sets = {name: plain(outcome) for name, outcome in row.outcomes.items()}
    return row._asdict() | {"claim": row.claim._asdict(), "outcomes": sets}


def _read(kept: dict[str, Any]) -> Row:
    outcomes = {name: read(outcome) for name, outcome in kept["outcomes"].items()}
    return Row(kept["name"], Text(**kept["claim"]), kept["code"], kept["block"], outcomes)


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _numbers(v) for k, v in value.items()}
    return [float(v) for v in value] if isinstance(value, list) else float(value)
