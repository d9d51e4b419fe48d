"""Pages in fewer bytes: what shows in a lab's pictures, and what works in the theme's frame.

A page holds two pictures of each panel of a lab, and most of its bytes would be theirs. Our own
and not SVGO, which knows nothing of clips that cut nothing and of marks for the mouse alone, and
keeps every point of a line: it left a fifth more of the page on instability.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any, NamedTuple
from xml.etree import ElementTree
from xml.sax.saxutils import escape

Point = tuple[float, float]
Style = dict[str, str]

SPACE = "{http://www.w3.org/2000/svg}"

SEEN = 0.01
"""A mark of less opacity is there for the mouse alone."""

NEAR = 0.1
"""Pixels by which a line may pass beside its points, and to which coordinates are rounded."""

USUAL = {
    "fill": "none", "stroke": "none", "stroke-width": "1", "stroke-opacity": "1",
    "stroke-dasharray": "1,0", "stroke-linecap": "butt", "fill-opacity": "1", "opacity": "1",
    "font-size": "10", "font-weight": "normal", "text-anchor": "start",
}  # fmt: skip
"""How a mark is drawn of which nothing else is said."""

MOVED = re.compile(r"translate\(([-\d.e]+),([-\d.e]+)\)")

TOKEN = re.compile(r"[A-Za-z]|[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")
TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "A": 7, "Z": 0}
"""How many numbers follow a command of a path."""


ARTICLE = re.compile(r"(<article.*</article>)", re.DOTALL)
"""What a page says, the blanks of which are its own."""

SCRIPTS = re.compile(r"(?:<script[^>]*>[^<]*</script>\s*){2,}")
SCRIPT = re.compile(r"<script([^>]*)>([^<]*)</script>")


def frame(html: str) -> str:
    """The page without the comments and blank lines around what it says, and with few scripts."""
    parts = ARTICLE.split(SCRIPTS.sub(_together, html))
    for i, part in enumerate(parts):
        if not ARTICLE.match(part):
            said = re.sub(r"<!--.*?-->", "", part, flags=re.DOTALL)
            parts[i] = re.sub(r"\s*\n\s*", "\n", said)
    return "".join(parts)


def _together(scripts: re.Match[str]) -> str:
    """What is written among a row of scripts as one, behind the first: it sets what these read.

    Each would need a digest of its own in the page's policy.
    """
    found = list(SCRIPT.finditer(scripts[0]))
    written = dict.fromkeys(script[2] for script in found if not script[1])
    first, *rest = [script[0] for script in found if script[1]] or [""]
    own = "\n".join(written)
    return "\n".join([first, *([f"<script>{own}</script>"] if own else []), *rest, ""])


class Box(NamedTuple):
    """A rectangle to which marks are clipped."""

    x: float
    y: float
    width: float
    height: float


class Way(NamedTuple):
    """A line from point to point.

    Attributes:
        points: where it leads.
        arcs: for each point but the first the arc that leads there, as SVG has it; "" for none.
        closed: whether it returns to its first point.
    """

    points: list[Point]
    arcs: list[str]
    closed: bool


class Mark(NamedTuple):
    """What a picture is made of.

    Attributes:
        clip: what it is clipped to, if anything.
        style: its attributes, but the usual ones.
        ways: those of a path.
        text: a text's place and words; "" for a path.
    """

    clip: Box | None
    style: Style
    ways: list[Way]
    text: str = ""


def terse(drawn: str) -> str:
    """The same picture in fewer bytes."""
    root = ElementTree.fromstring(drawn)
    clips = {
        clip.get("id"): Box(*(float(clip[0].get(name, 0)) for name in Box._fields))
        for clip in root.iter(f"{SPACE}clipPath")
    }
    body = "".join(map(_plain, root.iter(f"{SPACE}linearGradient")))
    marks = _marks(root, (0.0, 0.0), {}, None, clips)
    for clip, inside in groupby(marks, lambda mark: mark.clip):
        styles = groupby(inside, lambda mark: mark.style)
        shown = "".join(_element(style, list(group)) for style, group in styles)
        if clip:  # An inner picture shows nothing outside itself, and needs no name for that.
            room = " ".join(f'{name}="{_number(x)}"' for name, x in clip._asdict().items())
            shown = f"<svg {room}>{shown}</svg>"
        body += shown
    sizes = " ".join(f'{name}="{root.get(name)}"' for name in ("width", "height", "viewBox"))
    # Its place may be a little wider than it was drawn, and then it is stretched: book/web/lab.css.
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {sizes} preserveAspectRatio="none" fill="none" '
        f'font-family="sans-serif" font-size="10" stroke-miterlimit="10">{body}</svg>'
    )


def _plain(element: ElementTree.Element) -> str:
    """An element as it was written, in the name space of the page."""
    written = ElementTree.tostring(element, "unicode")
    return re.sub(r'\bns0:| xmlns:ns0="[^"]*"', "", written)


def _marks(
    element: ElementTree.Element, at: Point, style: Style, clip: Box | None, clips: dict[Any, Box]
) -> Iterator[Mark]:
    """The marks of an element that show.

    Args:
        element: a mark, or a group.
        at: where its parent's coordinates begin.
        style: the attributes of its parents.
        clip: what its parents are clipped to.
        clips: by its name, what a mark may be clipped to.
    """
    tag, given = element.tag.removeprefix(SPACE), element.attrib
    if tag not in ("svg", "g", "text", "line", "path") or given.get("display") == "none":
        return
    turned = given.get("transform", "")
    if moved := MOVED.match(turned):
        at, turned = (at[0] + float(moved[1]), at[1] + float(moved[2])), turned[moved.end() :]
    style = style | {k: v.removesuffix("px") for k, v in given.items() if k in USUAL}
    if "clip-path" in given:
        box = clips[given["clip-path"].removeprefix("url(#").removesuffix(")")]
        clip = box._replace(x=at[0] + box.x, y=at[1] + box.y)
    if tag in ("svg", "g"):
        for child in element:
            yield from _marks(child, at, style, clip, clips)
    elif float(style.get("opacity", 1)) >= SEEN:
        x, y = (at[0] - clip.x, at[1] - clip.y) if clip else at
        if tag == "text":
            x, y = x + float(given.get("x", 0)), y + float(given.get("y", 0))
            yield Mark(clip, _said(style, "stroke"), [], _text(element, x, y, turned))
        elif tag == "line":
            ways = [Way([(x, y), (x + float(given["x2"]), y + float(given["y2"]))], [""], False)]
            yield Mark(clip, _said(style, "font", "text", "fill"), ways)
        elif ways := list(_ways(given["d"], x, y)):
            yield from _path(Mark(clip, _said(style, "font", "text"), ways))


def _said(style: Style, *but: str) -> Style:
    """What must be said of a style: not what is usual, nor what begins with one of ``but``."""
    return {k: v for k, v in sorted(style.items()) if v != USUAL[k] and not k.startswith(but)}


def _text(element: ElementTree.Element, x: float, y: float, turned: str) -> str:
    words = escape(element.text or "") + "".join(map(_plain, element))
    if turned or any(line.get("x") for line in element):  # lines that all begin at 0
        return f'transform="translate({_number(x)} {_number(y)}){turned}">{words}'
    return f'x="{_number(x)}" y="{_number(y)}">{words}'


def _path(mark: Mark) -> Iterator[Mark]:
    """A path, if it shows: as a line where that says the same as its outline."""
    style, ways = mark.style, mark.ways
    filled, drawn = style.get("fill", ""), style.get("stroke", "")
    if not drawn:
        style = _said(style, "stroke")
    # A line has no area over which a gradient could run.
    if filled and filled == (drawn or filled) and not filled.startswith("url"):
        line = {k.replace("fill", "stroke"): v for k, v in style.items()}
        if radius := _radius(ways):
            thick = 2 * radius + float(style.get("stroke-width", 1)) * bool(drawn)
            middle = ways[0].points[0][0] - radius, ways[0].points[0][1]
            line |= {"stroke-linecap": "round", "stroke-width": _number(thick)}
            yield mark._replace(style=_said(line), ways=[Way([middle, middle], [""], False)])
            return
        if not drawn and (high := _height(ways)):
            line["stroke-width"] = _number(high)
            yield mark._replace(style=_said(line), ways=[_across(way) for way in ways])
            return
    if filled or drawn:
        yield mark._replace(style=style)


def _radius(ways: list[Way]) -> float:
    """That of a disc, which Vega draws as two arcs from its right; 0 for anything else."""
    if len(ways) == 1 and len(ways[0].points) == 3 and all(ways[0].arcs):
        (right, y), (left, middle), end = ways[0].points
        if y == middle and end == (right, y):
            return (right - left) / 2
    return 0.0


def _height(ways: list[Way]) -> float:
    """That of upright rectangles, all as high; 0 for anything else."""
    high = 0.0
    for points, arcs, closed in ways:
        if not closed or len(points) != 4 or any(arcs):
            return 0.0
        (a, top), (b, same), (c, foot), (d, last) = points
        own = abs(foot - top)
        if (top, a, b, last) != (same, d, c, foot) or own != (high or own):
            return 0.0
        high = own
    return high


def _across(way: Way) -> Way:
    """The line along the middle of a rectangle."""
    (left, top), (right, _), (_, foot), _ = way.points
    return Way([(left, (top + foot) / 2), (right, (top + foot) / 2)], [""], False)


def _element(style: Style, marks: list[Mark]) -> str:
    """Marks of one style as an element; one each where they may show through each other."""
    said = "".join(f' {name}="{value}"' for name, value in style.items())
    if marks[0].text:
        if len(marks) == 1:
            return f"<text{said} {marks[0].text}</text>"
        return f"<g{said}>{''.join(f'<text {mark.text}</text>' for mark in marks)}</g>"
    if "fill" in style and {"opacity", "fill-opacity"} & style.keys():
        return "".join(f'<path{said} d="{_d(mark.ways)}"/>' for mark in marks)
    ways = [way for mark in marks for way in mark.ways]
    if not {"fill", "stroke-dasharray"} & style.keys():
        ways = _chained(ways)
    return f'<path{said} d="{_d(ways)}"/>'


def _ways(d: str, x0: float, y0: float) -> Iterator[Way]:
    """The lines of a path, whose coordinates begin at ``x0`` and ``y0``."""
    tokens, place, command = TOKEN.findall(d), 0, ""
    way = Way([], [], False)
    x, y = x0, y0
    while place < len(tokens):
        if tokens[place].isalpha():
            command, place = tokens[place], place + 1
        kind, count = command.upper(), TAKES[command.upper()]
        numbers = tokens[place : place + count]
        place += count
        if kind == "Z":
            points = way.points
            if len(points) > 1 and points[0] == points[-1] and not any(way.arcs):
                points.pop()
            yield way._replace(closed=True)
            (x, y), way = points[0], Way([points[0]], [], False)
            continue
        from_x, from_y = (x, y) if command.islower() else (x0, y0)
        x = x if kind == "V" else from_x + float(numbers[-1 if kind == "H" else -2])
        y = y if kind == "H" else from_y + float(numbers[-1])
        if kind == "M":
            if len(way.points) > 1:
                yield way
            way, command = Way([(x, y)], [], False), "l" if command == "m" else "L"
        else:
            way.points.append((x, y))
            arc = " ".join(_number(float(n)) for n in numbers[:5]) if kind == "A" else ""
            way.arcs.append(arc)
    if len(way.points) > 1:
        yield way


def _chained(ways: list[Way]) -> list[Way]:
    """Lines end to end where they meet, as the pieces of a contour do."""
    ends: dict[Point, list[int]] = defaultdict(list)
    for i, way in enumerate(ways):
        for end in (way.points[0], way.points[-1]):
            ends[_rounded(end)].append(i)
    free = [not way.closed and not any(way.arcs) for way in ways]

    def follow(points: list[Point]) -> list[Point]:
        while found := [i for i in ends[_rounded(points[-1])] if free[i]]:
            free[found[0]] = False
            more = ways[found[0]].points
            forward = _rounded(more[0]) == _rounded(points[-1])
            points = points + (more if forward else more[::-1])[1:]
        return points

    chained: list[Way] = []
    for i, way in enumerate(ways):
        if free[i]:
            free[i] = False
            points = follow(follow(way.points)[::-1])
            chained.append(Way(points, [""] * (len(points) - 1), False))
        elif way.closed or any(way.arcs):
            chained.append(way)
    return chained


def _d(ways: list[Way]) -> str:
    """Lines as a path, each point told from the one before."""
    written, last, pen = "", "", (0.0, 0.0)

    def add(command: str, *numbers: float, arc: str = "") -> None:
        nonlocal written, last
        said = f"{arc} " * bool(arc) + _packed(numbers)
        between = " " if command == last and said[0] != "-" else command * (command != last)
        written, last = written + between + said, command

    for points, arcs, closed in ways:
        kept = points if any(arcs) else _straight(points)
        start = _rounded(kept[0])
        add("m", start[0] - pen[0], start[1] - pen[1])
        pen = start
        for place, (x, y) in enumerate(map(_rounded, kept[1:])):
            dx, dy = x - pen[0], y - pen[1]
            if arcs[place]:
                add("a", dx, dy, arc=arcs[place])
            elif abs(dy) < NEAR / 2:
                add("h", dx)
            elif abs(dx) < NEAR / 2:
                add("v", dy)
            else:
                add("l", dx, dy)
            pen = x, y
        if closed:
            written, last, pen = f"{written}z", "z", start
    return written


def _rounded(point: Point) -> Point:
    return round(point[0], 1), round(point[1], 1)


def _packed(numbers: Sequence[float]) -> str:
    """Numbers with no more between them than is needed to tell them apart."""
    said = [*map(_number, numbers)]
    return said[0] + "".join(b if b[0] == "-" else f" {b}" for _, b in pairwise(said))


def _number(x: float) -> str:
    said = f"{x:.1f}".removesuffix(".0")
    return "0" if said == "-0" else re.sub(r"^(-?)0\.", r"\1.", said)


def _straight(points: list[Point]) -> list[Point]:
    """The points without which a line would pass elsewhere, after Ramer, Douglas and Peucker."""
    kept, parts = {0, len(points) - 1}, [(0, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        (x, y), (x1, y1) = points[first], points[last]
        along = (x1 - x) ** 2 + (y1 - y) ** 2

        def beside(i: int, x: float = x, y: float = y, x1: float = x1, y1: float = y1,
                   along: float = along) -> float:  # fmt: skip
            dx, dy = points[i][0] - x, points[i][1] - y
            share = (dx * (x1 - x) + dy * (y1 - y)) / along if along else 0.0
            share = min(max(share, 0.0), 1.0)
            return math.hypot(dx - share * (x1 - x), dy - share * (y1 - y))

        if last - first > 1:
            far = max(range(first + 1, last), key=beside)
            if beside(far) > NEAR:
                kept.add(far)
                parts += [(first, far), (far, last)]
    return [points[i] for i in sorted(kept)]
