"""The scoreboard: what came of every claim, from what ``python -m claims`` recorded.

```{scoreboard}            the claims as cards: their seeds drawn, what failed, and the verdicts
```{scoreboard} headline   how many of them hold, and over what they were tested, in sentences
"""

import csv
import inspect
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book import outputs, strip
from claims import CLAIMS
from claims.outcome import Outcome, verdict
from claims.recorded import RESULTS, Row, load
from claims.strips import SHOWN
from stabsim._words import Text

FOLDER = "claims"
"""Of each claim's code and numbers, under _static."""

SECTION = re.compile(r"^\(([\w-]+)\)=\n#+ (.+)$", re.MULTILINE)

MARKS = {"reproduced": "✓", "partly reproduced": "◐", "not reproduced": "✗"}
VERDICTS = {
    "reproduced": Text("reproduced", "tereproduksi"),
    "partly reproduced": Text("partly reproduced", "tereproduksi sebagian"),
    "not reproduced": Text("not reproduced", "tidak tereproduksi"),
}
SAID = {
    "effect": Text("Measured, median (range)", "Hasil ukur, median (rentang)"),
    "verdict": Text("Verdict", "Kesimpulan"),
    "chapter": Text("Chapter", "Bab"),
    "every": Text("all", "semua"),
    "shown": Text("{shown} of {claims} claims", "{shown} dari {claims} klaim"),
    "count": Text("{held} of {seeds} seeds", "{held} dari {seeds} seed"),
    "code": Text("Code", "Kode"),
    "numbers": Text("Numbers (CSV)", "Angka (CSV)"),
    "failed": Text(
        "It did not hold in these seeds: {parts}.", "Tidak terpenuhi pada seed: {parts}."
    ),
    "enough": Text(
        "{enough} of {seeds} would have been enough.",
        "Sebenarnya {enough} dari {seeds} sudah cukup.",
    ),
    "strips": Text(
        "In each strip stand {seeds} seeds, each at a height of its own: a dot where the claim "
        "holds, a cross where it fails. The shaded part is where a seed has to lie. Without "
        "shade, whole curves were judged, and the number shows how much they differ.",
        "Setiap pita memuat {seeds} seed, masing-masing pada ketinggiannya sendiri: titik jika "
        "klaim terpenuhi, silang jika tidak. Seed yang memenuhi syarat terletak di bagian yang "
        "diarsir. Tanpa arsiran, yang dinilai adalah seluruh kurvanya, dan angkanya menunjukkan "
        "seberapa besar perbedaannya.",
    ),
    "otherwise": Text("{verdict} with {sets}", "{verdict} dengan {sets}"),
    "headline": Text(
        "Of {claims} claims, {reproduced} were reproduced on the {seeds} seeds {first} to {last}, "
        "{partly} partly, and {failed} not. They were computed with jaxlib {jaxlib} on these "
        "processors and under these instruction sets: {sets}. {same}",
        "Dari {claims} klaim, {reproduced} tereproduksi pada {seeds} seed ({first} sampai "
        "{last}), {partly} tereproduksi sebagian, dan {failed} tidak. Semuanya dihitung dengan "
        "jaxlib {jaxlib} pada prosesor dan set instruksi berikut: {sets}. {same}",
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
        "Where they led to different verdicts, the card says so.",
        "Jika kesimpulannya berbeda menurut set instruksi, kartunya menyebutkannya.",
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
        for page in outputs.pages():  # whose titles it shows
            self.env.note_dependency(str(outputs.source(language, page)))
        return [nodes.raw("", board(language), format="html")]


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
        "jaxlib": record.jaxlib, "sets": "; ".join(sets), "same": same.in_(language),
    }  # fmt: skip
    words = SAID["headline"].in_(language).format(**values)
    if record.untested:
        words += SAID["untested"].in_(language).format(names=", ".join(record.untested))
    return words


def board(language: str) -> str:
    """A card for each claim, and what chooses among them."""
    record = load()
    pages = dict.fromkeys(_place(row, language)[0] for row in record.tested)
    chapters = {page: _titles(page, language)[page] for page in pages}
    cards = "".join(card(row, record.seeds, language) for row in record.tested)
    verdicts = {name: said.in_(language) for name, said in VERDICTS.items()}
    chosen = _choice("verdict", verdicts, language) + _choice("chapter", chapters, language)
    shown = escape(SAID["shown"].in_(language))
    said = SAID["strips"].in_(language).format(seeds=len(record.seeds))
    return (
        f'<div class="board" data-board="{shown}"><p>{said}</p>'
        f'<form class="board-choice" hidden>{chosen}<output></output></form>'
        f'<div class="board-claims">{cards}</div></div>'
        # Here, since no other page needs it.
        f'<script type="module" src="_static/lab/board.mjs"></script>'
    )


def _choice(name: str, options: dict[str, str], language: str) -> str:
    every = SAID["every"].in_(language)
    rows = "".join(
        f'<option value="{value}">{escape(text)}</option>'
        for value, text in {"": every, **options}.items()
    )
    label = SAID[name].in_(language)
    return f'<label>{label} <select name="{name}">{rows}</select></label> '


def card(row: Row, seeds: list[int], language: str) -> str:
    """A claim: its verdict, its strips, what failed, and where all of it is."""
    outcome, (page, section) = row.published, _place(row, language)
    strips = "".join(strip.drawn(one, outcome, language) for one in SHOWN[row.name].strips)
    failed = _failed(outcome, seeds, language)
    links = " · ".join(
        f'<a href="{address}">{escape(text)}</a>'
        for address, text in (
            (f"{page}.html#{SHOWN[row.name].section}", section),
            (f"_static/{FOLDER}/{row.name}.py.txt", SAID["code"].in_(language)),
            (f"_static/{FOLDER}/{row.name}.csv", SAID["numbers"].in_(language)),
        )
    )
    return (
        f'<article class="claim" id="claim-{row.name}" data-verdict="{outcome.verdict}" '
        f'data-chapter="{page}"><h2>{escape(row.claim.in_(language))}</h2>'
        f'<p class="claim-verdict">{"; ".join(_verdicts(row, language))}: '
        f"{_count(outcome.held, outcome, language)}</p>{strips}"
        f"{failed and f'<p>{escape(failed)}</p>'}"
        f"<details><summary>{SAID['effect'].in_(language)}</summary>"
        f"<p>{escape(outcome.effect.in_(language))}</p></details><p>{links}</p></article>"
    )


def _place(row: Row, language: str) -> tuple[str, str]:
    """The page on which a claim is, and the title of its section.

    Raises:
        KeyError: if nothing is said of where it is, or no page has the section.
    """
    if row.name not in SHOWN:
        raise KeyError(f"claims/strips.py must say where {row.name} is, and what is drawn of it.")
    label = SHOWN[row.name].section
    for page in outputs.pages():
        if label in (titles := _titles(page, language)):
            return page, titles[label]
    raise KeyError(f"No page of chapters/{language} has the section ({label})=.")


@cache
def _titles(page: str, language: str) -> dict[str, str]:
    """The titles of a page's sections by label, and its own by its name."""
    text = outputs.source(language, page).read_text(encoding="utf8")
    found = SECTION.findall(text)
    return {page: found[0][1], **dict(found)}


def _count(held: int, outcome: Outcome, language: str) -> str:
    return SAID["count"].in_(language).format(held=held, seeds=len(outcome.holds))


def _failed(outcome: Outcome, seeds: list[int], language: str) -> str:
    """In which seeds what did not hold, and how many would have been enough."""
    if all(outcome.holds):
        return ""
    parts = []
    for part in outcome.parts:
        if where := [str(seed) for seed, held in zip(seeds, part.holds, strict=True) if not held]:
            named = f"{part.text.in_(language)}: " if part.text.en else ""
            parts.append(named + ", ".join(where))
    words = SAID["failed"].in_(language).format(parts="; ".join(parts))
    if outcome.verdict != "reproduced":
        total = len(outcome.holds)
        enough = next(n for n in range(total + 1) if verdict(n, total) == "reproduced")
        words += " " + SAID["enough"].in_(language).format(enough=enough, seeds=total)
    return words


def _verdicts(row: Row, language: str) -> list[str]:
    """The verdict, and those of other instruction sets where they differ."""
    verdict = row.published.verdict
    found = [f"{MARKS[verdict]} {VERDICTS[verdict].in_(language)}"]
    for other, said in VERDICTS.items():
        if sets := [name for name, one in row.otherwise.items() if one.verdict == other]:
            words = SAID["otherwise"].in_(language)
            found.append(words.format(verdict=said.in_(language), sets=", ".join(sets)))
    return found


def publish(folder: Path) -> None:
    """Write each claim's code, and all of its numbers as a table."""
    folder.mkdir(parents=True, exist_ok=True)
    record = load()
    for claim in CLAIMS:
        module = claim.__module__.replace(".", "/") + ".py"
        line = inspect.getsourcelines(claim)[1]
        code = f"# {module}, line {line}\n\n{inspect.getsource(claim)}"
        (folder / f"{claim.__name__}.py.txt").write_text(code, encoding="utf8")
    for row in record.tested:
        with (folder / f"{row.name}.csv").open("w", newline="", encoding="utf8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(("instruction_set", "quantity", "seed", "value"))
            for name, outcome in row.outcomes.items():
                table.writerows((name, *line) for line in numbers(outcome, record.seeds))


def numbers(outcome: Outcome, seeds: list[int]) -> Iterator[tuple[str, Any, Any]]:
    """All that was measured, and in which seeds what holds: quantity, seed, value.

    What is no seed's own has none.
    """
    for name, value in outcome.values.items():
        cases = value if isinstance(value, Mapping) else {"": value}
        for case, given in cases.items():
            row = np.atleast_1d(given).tolist()
            whose = seeds if len(row) == len(seeds) else [""] * len(row)
            quantity = f"{name} {case}".strip()
            yield from ((quantity, seed, one) for seed, one in zip(whose, row, strict=True))
    for part in outcome.parts:
        quantity = f"holds {part.text.en}".strip()
        yield from ((quantity, seed, int(h)) for seed, h in zip(seeds, part.holds, strict=True))


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("scoreboard", Scoreboard)
