"""The picture that stands beside a link to the book, where links are shown with one: real runs."""

import hashlib
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from book import BOOK, labs, repository
from stabsim._words import Text

NAME = "card.png"
SIZE = WIDTH, HEIGHT = 1200, 630
"""In pixels: what Open Graph and its readers crop least."""

TITLE = Text("Why training blows up", "Mengapa pelatihan jaringan saraf bisa meledak")
SAID = Text(
    "Train small networks, break them, explain why, and mend them: in your browser.",
    "Latih jaringan kecil, buat gagal, pahami sebabnya, lalu perbaiki: di peramban Anda.",
)
RATES = {2.0**-9: "#56b4e9", 2.0**-8: "#9ad0f5", 2.0**-7: "#f0883e"}
"""Rates on either side of the edge, each with its colour."""

LOCALES = {"en": "en_GB", "id": "id_ID"}
STEPS = 60
LOW, HIGH = 0.3, 1e5
"""The loss at the edges of the picture."""

LINE = 15
"""Characters of the title on a line, at most; words are not cut."""


def picture(language: str) -> str:
    """The card as SVG: the title, and the loss of one network at each rate."""
    return labs.kept(
        f"card.{language}.svg", lambda: _drawn(language),
        "book.card", "stabsim.sweep", "stabsim.simulate", "stabsim.workloads",
    )  # fmt: skip


def tags(title: str, description: str, language: str, page: str) -> str:
    """What a page says of itself to who links to it: its title, its description, the card.

    The card's address is whole, since whoever fetches it does not read the page as a browser does.
    """
    site = f"{repository.site()}/{language}"
    known = {
        "og:type": "article", "og:title": title, "og:description": description,
        "og:url": f"{site}/{page}.html", "og:image": f"{site}/_static/{NAME}",
        "og:image:alt": TITLE.in_(language), "og:locale": LOCALES[language],
        "og:site_name": TITLE.in_(language),
    }  # fmt: skip
    named = {"description": description, "twitter:card": "summary_large_image"}
    return "".join(
        f'\n    <meta {kind}="{name}" content="{escape(text)}" />'
        for kind, all_of_them in (("name", named), ("property", known))
        for name, text in all_of_them.items()
    )


def publish(folder: Path, language: str) -> None:
    """Write the card of a language."""
    svg = picture(language)
    kept = labs.KEPT / f"{hashlib.sha256(svg.encode()).hexdigest()[:16]}.png"
    if not kept.exists():
        import vl_convert  # a tool of builds

        kept.write_bytes(vl_convert.svg_to_png(svg))
    (folder / NAME).write_bytes(kept.read_bytes())


def _losses() -> np.ndarray:
    """The loss of the welcome page's network at each rate, ``(rates, steps)``."""
    import stabsim as ss

    net = ss.workloads.residual_mlp(depth=16)

    def experiment(learning_rate: Any) -> Any:
        return ss.simulate(net, ss.sgd(learning_rate), steps=STEPS, batch_size=64)

    runs = ss.sweep(experiment, learning_rate=list(RATES), progress=False)
    return runs.loss.transpose("learning_rate", "step").to_numpy()


def _drawn(language: str) -> str:
    curves = "".join(
        f'<path d="{_curve(loss)}" fill="none" stroke="{colour}" stroke-width="4" '
        f'stroke-linejoin="round"/>'
        for loss, colour in zip(_losses(), RATES.values(), strict=True)
    )
    lines = [""]
    for word in TITLE.in_(language).split():
        if lines[-1] and len(f"{lines[-1]} {word}") > LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    title = "".join(
        f'<text x="70" y="{230 + 84 * i}" font-size="76">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    first, second = SAID.in_(language).split(": ")
    mark = (BOOK / "web/favicon.svg").read_text(encoding="utf8")
    mark = mark.replace("<svg ", '<svg x="70" y="60" width="84" height="84" ', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}"><rect width="{WIDTH}" height="{HEIGHT}" fill="#0b2239"/>'
        f'{mark}{curves}<g fill="#fff" font-family="serif" font-weight="bold">{title}</g>'
        f'<g fill="#d6e4f0" font-family="sans-serif" font-size="28">'
        f'<text x="70" y="550">{escape(first)}</text>'
        f'<text x="70" y="588">{escape(second)}</text></g></svg>'
    )


def _curve(loss: np.ndarray) -> str:
    """A run in the right half, on a logarithmic axis; it ends where it leaves the picture."""
    known = np.clip(np.nan_to_num(loss, nan=np.inf), LOW, HIGH)
    shown = known[: int(np.argmax(known)) + 1] if known.max() == HIGH else known
    y = 490 - 450 * np.log10(shown / LOW) / np.log10(HIGH / LOW)
    x = np.linspace(620, WIDTH - 60, STEPS)[: len(shown)]
    return "M" + "L".join(f"{a:.0f} {b:.0f}" for a, b in zip(x, y, strict=True))
