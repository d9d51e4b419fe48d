"""The scoreboard: what came of every claim, from the table that ``make claims`` writes.

```{scoreboard}            the claims, what was measured, and the verdicts
```{scoreboard} headline   how many of them hold, in a sentence
"""

import json
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book import ROOT
from stabsim._words import Text

RESULTS = ROOT / "claims/results.json"

MARKS = {"reproduced": "✓", "partly reproduced": "◐", "not reproduced": "✗"}
VERDICTS = {
    "reproduced": Text("reproduced", "tereproduksi"),
    "partly reproduced": Text("partly reproduced", "tereproduksi sebagian"),
    "not reproduced": Text("not reproduced", "tidak tereproduksi"),
}
SAID = {
    "claim": Text("Claim", "Klaim"),
    "effect": Text("Measured, median (range)", "Hasil ukur, median (rentang)"),
    "held": Text("Seeds in which it held", "Benih acak yang memenuhi"),
    "verdict": Text("Verdict", "Putusan"),
    "count": Text("{held} of {seeds}", "{held} dari {seeds}"),
    "headline": Text(
        "Of {claims} claims, {reproduced} were reproduced on {seeds} seeds each, {partly} partly, "
        "and {failed} not.",
        "Dari {claims} klaim, masing-masing diuji pada {seeds} benih acak, {reproduced} "
        "tereproduksi, {partly} tereproduksi sebagian, dan {failed} tidak.",
    ),
}


def results() -> list[dict[str, Any]]:
    """The claims as they came out."""
    return json.loads(RESULTS.read_text(encoding="utf8"))


class Scoreboard(SphinxDirective):
    """The claims, or their headline."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(RESULTS))
        language = self.config.language
        if self.arguments:
            return [nodes.paragraph("", headline(language))]
        return [nodes.raw("", _table(language), format="html")]


def headline(language: str) -> str:
    """How many of the claims hold, in a sentence."""
    rows = results()
    count = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in MARKS}
    reproduced, partly, failed = count.values()
    seeds = min(row["seeds"] for row in rows)
    said = SAID["headline"].in_(language)
    return said.format(
        claims=len(rows), reproduced=reproduced, partly=partly, failed=failed, seeds=seeds
    )


def _table(language: str) -> str:
    def cell(row: dict[str, Any]) -> str:
        verdict = row["verdict"]
        held = SAID["count"].in_(language).format(**row)
        head = SAID["held"].in_(language)  # shown where the table has no room for one
        return (
            f'<tr id="claim-{row["name"]}"><th scope="row">{escape(row["claim"][language])}</th>'
            f'<td>{escape(row["effect"][language])}</td><td data-head="{head}: ">{held}</td>'
            f"<td>{MARKS[verdict]} {VERDICTS[verdict].in_(language)}</td></tr>"
        )

    heads = "".join(
        f'<th scope="col">{SAID[name].in_(language)}</th>'
        for name in ("claim", "effect", "held", "verdict")
    )
    body = "".join(map(cell, results()))
    return (
        f'<div class="pst-scrollable-table-container" tabindex="0"><table class="table scoreboard">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("scoreboard", Scoreboard)
