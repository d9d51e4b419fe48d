"""Layers by steps: where in a network something grows or dies, and when.

``book/web/parts/maps.mjs`` draws the same in the page; a test holds the two together.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from stabsim._words import Text, number
from stabsim.labs.frame.lab import Panel

PART = "maps"
"""The page's half, in book/web/parts."""

COLORS = ("#440154", "#482878", "#3e4a89", "#31688e", "#26838f", "#1f9d8a", "#6cce59", "#b6de2b",
          "#fee825")  # fmt: skip
"""From low to high, viridis."""

LOST = "#D55E00"
"""Of what is not finite any more."""

LEFT, HEAD, CELL, GAP, FOOT = 22, 17, 4, 8, 29
"""Pixels to the left of a map, above it, of a layer, below it, and below them all."""

TICKS = (0, 1, 2, 5, 10, 20, 50, 100)
"""Steps that are marked, as far as the run goes."""

WORDS = {
    "said": Text("Step {step}.", "Langkah {step}."),
    "largest": Text("{title}, largest: {there}.", "{title}, terbesar: {there}."),
    "there": Text("{value} in block {block}", "{value} di blok {block}"),
    "along": Text("step; block 1 is at the bottom", "langkah; blok 1 paling bawah"),
    "lost": Text("not finite", "tidak berhingga"),
}  # fmt: skip


class Map(NamedTuple):
    """A map: the column that it shows, its title, and the ends of its colours, powers of ten."""

    column: str
    title: Text
    low: int
    high: int


def maps(table: str, each: tuple[Map, ...], shows: Text) -> Panel:
    """A panel of maps over a table with a row for each ``step`` and ``block``, in their order."""

    def chart(language: str) -> dict[str, Any]:
        return {
            "picture": "layers",
            "maps": [[m.column, m.title.in_(language), m.low, m.high] for m in each],
            "words": {key: text.in_(language) for key, text in WORDS.items()},
        }

    return Panel(table, chart, shows)


def _level(value: float, low: int, high: int) -> int:
    """Which colour a value has; -1 for what is not finite."""
    if not math.isfinite(value):
        return -1
    share = (math.log10(value) - low) / (high - low) if value > 0 else 0.0
    return min(max(math.floor(share * len(COLORS)), 0), len(COLORS) - 1)


def _size(table: dict[str, Any]) -> tuple[int, int]:
    blocks = int(np.max(table["block"]))
    return len(table["block"]) // blocks, blocks


def said(
    spec: dict[str, Any],
    table: dict[str, Any],
    step: int,
    language: str,
    kept: Sequence[dict[str, Any]] = (),
) -> str:
    """In which block each is largest at a step; the kept runs' too."""
    steps, _ = _size(table)
    here = min(step, steps - 1)
    lines = [
        spec["words"]["largest"].format(
            title=title, there=" / ".join(_largest(spec, run, column, here, language)
                                          for run in (table, *kept))
        )
        for column, title, *_ in spec["maps"]
    ]  # fmt: skip
    return " ".join([spec["words"]["said"].format(step=here), *lines])


def _largest(
    spec: dict[str, Any], table: dict[str, Any], column: str, step: int, language: str
) -> str:
    """The largest value of a column at a step, and its block."""
    steps, blocks = _size(table)
    here = min(step, steps - 1)
    values = [float(x) for x in table[column][here * blocks : (here + 1) * blocks]]
    sized = [x if math.isfinite(x) else math.inf for x in values]
    place = sized.index(max(sized))
    value = number(values[place], language)
    return spec["words"]["there"].format(value=value, block=place + 1)


def svg(
    spec: dict[str, Any],
    table: dict[str, Any],
    step: int,
    width: int,
    language: str,
    _: Sequence[dict[str, Any]] = (),
) -> str:
    """The picture, as wide as asked: the first block at the bottom of each map.

    A map has a colour in every place, so that no second run can be drawn in it: the cursor says
    the kept runs' values.
    """
    steps, blocks = _size(table)
    room, tall = width - LEFT - 4, blocks * CELL
    # As log(1 + t): what goes wrong does so within few steps, and those need room.
    per = room / math.log(1 + steps)
    edges = [LEFT + math.floor(per * math.log(1 + t)) for t in range(steps + 1)]
    drawn = ""
    for place, (column, title, low, high) in enumerate(spec["maps"]):
        top = HEAD + place * (HEAD + tall + GAP)
        values = [float(x) for x in table[column]]
        paths = ["" for _ in range(len(COLORS) + 1)]
        for block in range(blocks):
            levels = [_level(values[t * blocks + block], low, high) for t in range(steps)]
            y = top + (blocks - 1 - block) * CELL
            start = 0
            for t in range(1, steps + 1):
                if t < steps and levels[t] == levels[start]:
                    continue
                if wide := edges[t] - edges[start]:
                    paths[levels[start]] += f"M{edges[start]} {y}h{wide}v{CELL}h-{wide}z"
                start = t
        drawn += "".join(
            f'<path fill="{color}" d="{path}"/>'
            for color, path in zip([*COLORS, LOST], paths, strict=True)
            if path
        )
        right = LEFT + room
        bar = right - 40 - len(COLORS) * 6
        ends = (number(10.0**low, language), number(10.0**high, language))
        drawn += (
            f'<text x="{LEFT}" y="{top - 5}">{title}</text>'
            f'<text x="{bar - 3}" y="{top - 5}" text-anchor="end">{ends[0]}</text>'
            f'<text x="{right - 37}" y="{top - 5}">{ends[1]}</text>'
            f'<text x="{LEFT - 4}" y="{top + 8}" text-anchor="end">{blocks}</text>'
            f'<text x="{LEFT - 4}" y="{top + tall}" text-anchor="end">1</text>'
        )
        drawn += "".join(
            f'<path fill="{color}" d="M{bar + 6 * i} {top - 13}h6v8h-6z"/>'
            for i, color in enumerate(COLORS)
        )
    foot = len(spec["maps"]) * (HEAD + tall + GAP) - GAP
    height = foot + FOOT
    drawn += "".join(
        f'<text x="{edges[t]}" y="{foot + 12}" text-anchor="middle">{t}</text>'
        for t in TICKS
        if t <= steps
    )
    words = spec["words"]
    drawn += (
        f'<text x="{LEFT}" y="{height - 3}">{words["along"]}</text>'
        f'<text x="{width - 4}" y="{height - 3}" text-anchor="end">'
        f'<tspan fill="{LOST}">■</tspan> {words["lost"]}</text>'
    )
    x = (edges[min(step, steps - 1)] + edges[min(step, steps - 1) + 1]) // 2
    tops = (HEAD + place * (HEAD + tall + GAP) for place in range(len(spec["maps"])))
    line = "".join(f"M{x} {top}v{tall}" for top in tops)
    drawn += f'<path stroke="#000" stroke-width="3" d="{line}"/><path stroke="#fff" d="{line}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" fill="currentColor" font-family="sans-serif" '
        f'font-size="11">{drawn}</svg>'
    )
