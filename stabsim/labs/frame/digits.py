"""A minibatch as its digits, with the network's guesses: what a run sees at a step.

``book/web/parts/minibatch.mjs`` draws the same in the page; a test holds the two together.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped

from stabsim._words import Text, number
from stabsim.labs.frame.charts import KEPT_COLORS
from stabsim.labs.frame.lab import Panel
from stabsim.simulation import Moment, Observer
from stabsim.workloads import Workload
from stabsim.workloads.digits import grey

PART = "minibatch"
"""The page's half, in book/web/parts."""

SIDE, LEVELS = 8, 8
"""Pixels of a digit's side, and shades of grey."""

ROOM, LINE = 48, 14
"""Pixels down from one row of digits to the next, and of it for the guess."""

SHADES = ("0", ".14", ".29", ".43", ".57", ".71", ".86", "1")
"""Their opacities."""

WRONG, CORRUPTED = "#D55E00", "#E69F00"

STRIP = 26
"""How high the strip below them stands, of the share of wrong guesses at every step."""

WORDS = {
    "said": Text("Minibatch of step {step}: wrong guesses {wrong} of {size}.",
                 "Minibatch langkah {step}: tebakan salah {wrong} dari {size}."),
    "kept": Text("Kept runs: {wrong}.", "Run pembanding: {wrong}."),
    "corrupted": Text("Corrupted: inputs × {scale}.", "Rusak: masukan × {scale}."),
    "strip": Text("wrong guesses at every step", "tebakan salah pada setiap langkah"),
}  # fmt: skip


def observe(workload: Workload) -> Observer:
    """Records what :func:`table` needs: lines of pixels, labels, guesses, and the scale.

    A line of eight pixels is one number, each pixel an octal digit of it, 7 for full ink. The
    pixels are those that the network is given: a minibatch of enlarged inputs is all ink or none.
    """
    powers = LEVELS ** np.arange(SIDE - 1, -1, -1)

    def look(now: Moment) -> dict[str, Array]:
        assert now.batch is not None
        inputs, label = now.batch
        shade = jnp.clip(jnp.round(grey(inputs) * (LEVELS - 1)), 0, LEVELS - 1).astype(jnp.int32)
        line = jnp.sum(shade.reshape(-1, SIDE, SIDE) * powers.astype(np.int32), -1)
        guess = workload.network.apply(now.params, inputs).argmax(-1).astype(jnp.int32)
        scale = jnp.ones(()) if now.scale is None else now.scale
        return {"line": line, "label": label, "guess": guess, "scale": scale}

    return look


def table(seen: dict[str, Shaped[Array, "steps ..."]]) -> dict[str, Array]:
    """One row for each digit of each minibatch."""
    steps, size = seen["label"].shape
    lines = {f"line_{i}": seen["line"][:, :, i].ravel() for i in range(SIDE)}
    return {
        "step": jnp.repeat(jnp.arange(steps), size),
        "label": seen["label"].ravel(),
        "guess": seen["guess"].ravel(),
        "scale": jnp.repeat(seen["scale"], size),
        **lines,
    }


def minibatch(name: str = "batch") -> Panel:
    """The panel over the table of that name: the minibatch at the cursor."""

    def chart(language: str) -> dict[str, Any]:
        words = {key: text.in_(language) for key, text in WORDS.items()}
        return {"picture": "digits", "words": words}

    return Panel(name, chart, Text(
        "The digits of one minibatch, the one at the cursor, as the network gets them, each with "
        "the network's guess. A wrong guess is framed and says the label too. Below them the share "
        "of wrong guesses at every step.",
        "Angka dalam satu minibatch, yaitu minibatch pada kursor, sebagaimana diterima jaringan, "
        "masing-masing dengan tebakan jaringan. Tebakan yang salah diberi bingkai dan disertai "
        "label yang benar. Di bawahnya bagian tebakan yang salah di setiap langkah."))  # fmt: skip


def rows_at(table: dict[str, Any], step: int) -> slice:
    """The rows of a step's minibatch."""
    steps = np.asarray(table["step"])
    size = int(np.count_nonzero(steps == steps[0]))
    first = min(step * size, steps.size - size)
    return slice(first, first + size)


def said(
    spec: dict[str, Any],
    table: dict[str, Any],
    step: int,
    language: str,
    kept: Sequence[dict[str, Any]] = (),
) -> str:
    """How many guesses are wrong at a step, and whether its minibatch is corrupted."""
    return " ".join(_sentences(spec, table, rows_at(table, step), language, kept))


def _wrong(table: dict[str, Any]) -> np.ndarray:
    """How many guesses are wrong at each step."""
    label, guess, steps = (np.asarray(table[name]) for name in ("label", "guess", "step"))
    return (label != guess).reshape(-1, np.count_nonzero(steps == steps[0])).sum(1)


def _sentences(
    spec: dict[str, Any],
    table: dict[str, Any],
    rows: slice,
    language: str,
    kept: Sequence[dict[str, Any]],
) -> list[str]:
    step, size = int(table["step"][rows][0]), rows.stop - rows.start
    lines = [spec["words"]["said"].format(step=step, wrong=_wrong(table)[step], size=size)]
    # A kept run's digits would be another picture, or the same digits with guesses beside guesses:
    # its number of wrong guesses is said, and its strip drawn.
    if kept:
        numbers = [_wrong(run) for run in kept]
        there = ", ".join(str(wrong[min(step, wrong.size - 1)]) for wrong in numbers)
        lines[0] += " " + spec["words"]["kept"].format(wrong=there)
    if (scale := float(table["scale"][rows][0])) != 1:
        lines.append(spec["words"]["corrupted"].format(scale=number(scale, language)))
    return lines


def _strip(
    table: dict[str, Any], kept: Sequence[dict[str, Any]], step: int, width: int, top: int
) -> str:
    """The share of wrong guesses at every step, the kept runs' as lines, and where we are."""
    scale = np.asarray(table["scale"])

    def way(run: dict[str, Any]) -> str:
        wrong, size = _wrong(run), np.count_nonzero(run["step"] == run["step"][0])
        foot = top + STRIP
        return "".join(
            f"V{foot - int(count) * STRIP // size}H{(t + 1) * width // wrong.size}"
            for t, count in enumerate(wrong)
        )

    steps = _wrong(table).size
    size = scale.size // steps
    bad = "".join(
        f"M{t * width // steps} {top}H{max((t + 1) * width // steps, t * width // steps + 2)}"
        f"v{STRIP}H{t * width // steps}z"
        for t in range(steps)
        if scale[t * size] != 1
    )
    lines = "".join(
        f'<path fill="none" stroke="{color}" d="M0 {top + STRIP}{way(run)}"/>'
        for run, color in zip(kept, KEPT_COLORS, strict=False)
    )
    here = (2 * step + 1) * width // (2 * steps)
    return (
        f'<path fill="{CORRUPTED}" fill-opacity=".5" d="{bad}"/>'
        f'<path fill-opacity=".3" d="M0 {top + STRIP}{way(table)}V{top + STRIP}z"/>{lines}'
        f'<path stroke="currentColor" d="M0 {top + STRIP}H{width}M{here} {top}v{STRIP}"/>'
    )


def svg(
    spec: dict[str, Any],
    table: dict[str, Any],
    step: int,
    width: int,
    language: str,
    kept: Sequence[dict[str, Any]] = (),
) -> str:
    """The picture, as wide as asked."""
    rows = rows_at(table, step)
    label, guess = (np.asarray(table[name])[rows].astype(int) for name in ("label", "guess"))
    across, head = (16, 20) if width >= 480 else (8, 34)  # on a telephone two lines of words
    pitch = width // across
    pixel = 4 if pitch >= 36 else 3
    ink = ["" for _ in range(LEVELS)]
    frames, guesses = "", ""
    for i in range(label.size):
        left = i % across * pitch + (pitch - SIDE * pixel) // 2
        top = head + i // across * ROOM
        for row in range(SIDE):
            line = int(table[f"line_{row}"][rows][i])
            shades = [line // LEVELS ** (SIDE - 1 - x) % LEVELS for x in range(SIDE)]
            start = 0
            for x in range(1, SIDE + 1):
                if x < SIDE and shades[x] == shades[start]:
                    continue
                wide = (x - start) * pixel
                ink[shades[start]] += (
                    f"M{left + start * pixel} {top + row * pixel}h{wide}v{pixel}h-{wide}z"
                )
                start = x
        middle, foot = left + SIDE * pixel // 2, top + SIDE * pixel + LINE - 2
        if label[i] == guess[i]:
            guesses += f'<text x="{middle}" y="{foot}">{guess[i]}</text>'
        else:
            side = SIDE * pixel + 2
            frames += f"M{left - 1} {top - 1}h{side}v{side}h-{side}z"
            guesses += (
                f'<text x="{middle}" y="{foot}" font-weight="bold">{guess[i]} ≠ {label[i]}</text>'
            )
    height = head + -(-label.size // across) * ROOM
    foot = height + LINE
    whole = foot + STRIP + 1
    strip = (
        f'<text x="2" y="{foot - 3}">{spec["words"]["strip"]}</text>'
        + _strip(table, kept, rows.start // label.size, width, foot)
    )  # fmt: skip
    corrupted = float(table["scale"][rows][0]) != 1
    border = f"M1 {head - 4}h{width - 2}v{height - head + 3}h-{width - 2}z" if corrupted else ""
    sentences = _sentences(spec, table, rows, language, kept)
    lines = [" ".join(sentences)] if across == 16 else sentences
    title = "".join(f'<text x="2" y="{11 + 14 * i}">{line}</text>' for i, line in enumerate(lines))
    shaded = "".join(
        f'<path fill-opacity="{shade}" d="{path}"/>'
        for shade, path in zip(SHADES[1:], ink[1:], strict=True)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{whole}" '
        f'viewBox="0 0 {width} {whole}" fill="currentColor" font-family="sans-serif" '
        f'font-size="11">{title}{shaded}{strip}'
        f'<path fill="none" stroke="{WRONG}" stroke-width="2" d="{frames}"/>'
        f'<path fill="none" stroke="{CORRUPTED}" stroke-width="2" d="{border}"/>'
        f'<g text-anchor="middle">{guesses}</g></svg>'
    )
