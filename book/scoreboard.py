"""The scoreboard: what came of every claim, from what ``python -m claims`` recorded.

```{scoreboard}            the claims, what was measured, and the verdicts
```{scoreboard} headline   how many of them hold, and over what they were tested, in sentences
"""

from collections import Counter
from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from claims.outcome import Outcome
from claims.recorded import RESULTS, Row, load
from stabsim._words import Text

MARKS = {"reproduced": "✓", "partly reproduced": "◐", "not reproduced": "✗"}
VERDICTS = {
    "reproduced": Text("reproduced", "tereproduksi"),
    "partly reproduced": Text("partly reproduced", "tereproduksi sebagian"),
    "not reproduced": Text("not reproduced", "tidak tereproduksi"),
}
SAID = {
    "claim": Text("Claim", "Klaim"),
    "effect": Text("Measured, median (range)", "Hasil ukur, median (rentang)"),
    "held": Text("Seeds in which it held", "Seed yang memenuhi"),
    "verdict": Text("Verdict", "Kesimpulan"),
    "count": Text("{held} of {seeds}", "{held} dari {seeds}"),
    "otherwise": Text("{verdict} with {sets}", "{verdict} dengan {sets}"),
    "headline": Text(
        "Of {claims} claims, {reproduced} were reproduced on the {seeds} seeds {first} to {last}, "
        "{partly} partly, and {failed} not. One machine computed them ({processor}, {cores} cores, "
        "jaxlib {jaxlib}), under these instruction sets: {sets}. {same}",
        "Dari {claims} klaim, {reproduced} tereproduksi pada {seeds} seed, {first} sampai "
        "{last}, {partly} tereproduksi sebagian, dan {failed} tidak. Semuanya dihitung oleh satu "
        "mesin ({processor}, {cores} inti, jaxlib {jaxlib}) dengan set instruksi berikut: {sets}. "
        "{same}",
    ),
    "set": Text(
        "{name}, {block} runs together ({claims} claims)",
        "{name}, {block} run sekaligus ({claims} klaim)",
    ),
    "same": Text(
        "Where several were used, all led to the same verdict.",
        "Klaim yang dihitung dengan beberapa set instruksi selalu mendapat kesimpulan yang sama.",
    ),
    "untested": Text(
        " Not tested in this way yet: {names}.", " Belum diuji dengan cara ini: {names}."
    ),
    "not same": Text(
        "Where they led to different verdicts, the row says so.",
        "Jika kesimpulannya berbeda menurut set instruksi, barisnya menyebutkannya.",
    ),
}


class Scoreboard(SphinxDirective):
    """The claims, or their headline."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(RESULTS))
        language = self.config.language
        if self.arguments:
            return [nodes.paragraph("", headline(language))]
        return [nodes.raw("", table(language), format="html")]


def headline(language: str) -> str:
    """How many of the claims hold, and over what they were tested."""
    record = load()
    verdicts = [row.published.verdict for row in record.tested]
    reproduced, partly, failed = (verdicts.count(verdict) for verdict in MARKS)
    tested = Counter((name, row.block) for row in record.tested for name in row.outcomes)
    sets = [
        SAID["set"].in_(language).format(name=name, block=block, claims=claims)
        for (name, block), claims in tested.items()
    ]
    same = SAID["not same" if any(row.otherwise for row in record.tested) else "same"]
    values = {
        "claims": len(verdicts), "reproduced": reproduced, "partly": partly, "failed": failed,
        "seeds": len(record.seeds), "first": record.seeds[0], "last": record.seeds[-1],
        "sets": "; ".join(sets), "same": same.in_(language),
    }  # fmt: skip
    words = SAID["headline"].in_(language).format(**values, **record.machine)
    if record.untested:
        words += SAID["untested"].in_(language).format(names=", ".join(record.untested))
    return words


def table(language: str) -> str:
    head = SAID["held"].in_(language)  # shown where the table has no room for one

    def line(row: Row) -> str:
        return (
            f'<tr id="claim-{row.name}"><th scope="row">{escape(row.claim.in_(language))}</th>'
            f"<td>{escape(row.published.effect.in_(language))}</td>"
            f'<td data-head="{head}: ">{_held(row.published, language)}</td>'
            f"<td>{'; '.join(_verdicts(row, language))}</td></tr>"
        )

    heads = "".join(
        f'<th scope="col">{SAID[name].in_(language)}</th>'
        for name in ("claim", "effect", "held", "verdict")
    )
    body = "".join(map(line, load().tested))
    return (
        f'<div class="pst-scrollable-table-container" tabindex="0"><table class="table scoreboard">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _held(outcome: Outcome, language: str) -> str:
    """In how many seeds a claim held, and where that is not all, each of its parts."""
    words = SAID["count"].in_(language).format(held=outcome.held, seeds=len(outcome.holds))
    if all(outcome.holds) or len(outcome.parts) == 1:
        return words
    parts = (f"{part.text.in_(language)} {part.held}" for part in outcome.parts)
    return f"{words} ({escape(', '.join(parts))})"


def _verdicts(row: Row, language: str) -> list[str]:
    """The verdict, and those of other instruction sets where they differ."""
    verdict = row.published.verdict
    found = [f"{MARKS[verdict]} {VERDICTS[verdict].in_(language)}"]
    for other, said in VERDICTS.items():
        if sets := [name for name, one in row.otherwise.items() if one.verdict == other]:
            words = SAID["otherwise"].in_(language)
            found.append(words.format(verdict=said.in_(language), sets=", ".join(sets)))
    return found


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("scoreboard", Scoreboard)
