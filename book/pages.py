"""What pages write instead of prose: the scoreboard, the glossary, and links to its terms.

```{scoreboard}            the claims, what was measured, and the verdicts
```{scoreboard} headline   how many of them hold, in a sentence
```{concepts}              the glossary
{concept}`rates <learning-rate>`   a link to a term of the glossary
"""

import json
from html import escape
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

from book import BOOK, ROOT
from stabsim.words import Text

RESULTS = ROOT / "claims/results.json"
GLOSSARY = BOOK / "glossary.yml"

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
    "others": Text("elsewhere also: {words}", "di tempat lain juga: {words}"),
}


def results() -> list[dict[str, Any]]:
    """The claims as they came out."""
    return json.loads(RESULTS.read_text(encoding="utf8"))


def glossary() -> dict[str, dict[str, Any]]:
    """The concepts by key."""
    return {entry["key"]: entry for entry in yaml.safe_load(GLOSSARY.read_text(encoding="utf8"))}


class Scoreboard(SphinxDirective):
    """The claims, or their headline."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(RESULTS))
        language = self.config.language
        if self.arguments:
            return [nodes.paragraph("", _headline(language))]
        return [nodes.raw("", _table(language), format="html")]


def _headline(language: str) -> str:
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
        return (
            f'<tr id="claim-{row["name"]}"><th scope="row">{escape(row["claim"][language])}</th>'
            f"<td>{escape(row['effect'][language])}</td><td>{held}</td>"
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


class Concepts(SphinxDirective):
    """The glossary: each term in this language, in the other, and what it means."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(GLOSSARY))
        own = self.config.language
        other = "en" if own == "id" else "id"
        entries = sorted(glossary().values(), key=lambda entry: entry[own].lower())
        items = "".join(_entry(entry, own, other) for entry in entries)
        return [nodes.raw("", f'<dl class="concepts">{items}</dl>', format="html")]


def _entry(entry: dict[str, Any], own: str, other: str) -> str:
    words = entry.get("others", {}).get(own, [])
    elsewhere = SAID["others"].in_(own).format(words=", ".join(words)) if words else ""
    return (
        f'<dt id="concept-{entry["key"]}">{escape(entry[own])} '
        f'<span lang="{other}">({escape(entry[other])})</span></dt>'
        f"<dd>{escape(entry['about'][own])} {f'({escape(elsewhere)})' if elsewhere else ''}</dd>"
    )


class Concept(SphinxRole):
    """A link to a term of the glossary: its words, and its key in angle brackets."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        words, _, key = self.text.rstrip(">").rpartition("<")
        key, words = key.strip(), words.strip() or key
        if key not in glossary():
            problem = f"The glossary has no concept {key!r}: see {GLOSSARY.name}."
            message = self.inliner.reporter.error(problem, line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        address = f"glossary.html#concept-{key}"
        return [nodes.reference("", words, refuri=address, classes=["concept"])], []


def setup(app: Sphinx) -> None:
    """Register them."""
    app.add_directive("scoreboard", Scoreboard)
    app.add_directive("concepts", Concepts)
    app.add_role("concept", Concept())
