"""What a report is made of as a page: one HTML file with sections, tables and figures."""

import base64
import html
import io
from collections.abc import Callable
from typing import Any

import numpy as np

from stabsim._extras import extra
from stabsim._plot_words import PLOTS
from stabsim._style import GREY
from stabsim._words import number, whole
from stabsim.logs.words import REPORT


def facts(value: Any) -> Any:
    """Numbers and names that JSON can hold; null for a number that is not finite."""
    if isinstance(value, dict):
        return {key: facts(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [facts(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif;
  max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.1rem; margin-bottom: 0.25rem; }}
section p {{ margin: 0.25rem 0; overflow-wrap: anywhere; }}
section:first-of-type p:first-of-type {{ font-size: 1.3rem; font-weight: bold; }}
figure {{ margin: 1.5rem 0; }}
figure img {{ width: 100%; height: auto; }}
figcaption, footer {{ font-size: 0.875rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: 0.25rem 0.75rem 0.25rem 0; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
<footer><p>{by}</p></footer>
</body>
</html>
"""


def page(title: str, parts: list[str], language: str) -> str:
    """The page of some parts: no script, nothing from elsewhere, for light and dark screens."""
    return PAGE.format(
        language=language,
        title=html.escape(title),
        content="\n".join(parts),
        by=html.escape(REPORT["by"].in_(language)),
    )


def table(rows: list[list[str]]) -> str:
    """A table whose first row names its columns."""
    tags = ["th", *("td" for _ in rows[1:])]
    head, *body = [
        "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)
        for tag, row in zip(tags, rows, strict=True)
    ]
    lines = "\n".join(f"<tr>{row}</tr>" for row in body)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table>"


def section(heading: str, lines: list[str]) -> str:
    """A heading and a paragraph a line."""
    said = "\n".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return f"<section>\n<h2>{html.escape(heading)}</h2>\n{said}\n</section>"


def in_style(draw: Callable[[], list[str]]) -> list[str]:
    """Figures drawn in the report's style."""
    with extra("plots"):
        import matplotlib  # here, for nothing but the page needs it

    options: Any = {"svg.fonttype": "none", "svg.hashsalt": "stabsim", "font.family": "sans-serif"}
    with matplotlib.rc_context(options):
        return draw()


def new_axes(language: str, x: str, y: str) -> tuple[Any, Any]:
    """A figure with one pair of axes, in grey that reads on white and on black."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(PLOTS[x].in_(language), color=GREY)
    axes.set_ylabel(PLOTS[y].in_(language), color=GREY)
    axes.tick_params(colors=GREY, which="both")
    axes.grid(alpha=0.2, color=GREY)
    for side, spine in axes.spines.items():
        spine.set_color(GREY)
        spine.set_visible(side in ("left", "bottom"))
    return figure, axes


def embedded(figure: Any, axes: Any, language: str, alt: str, caption: str) -> str:
    """A figure as an image within the page, with numbers as the language writes them."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    for axis in (axes.xaxis, axes.yaxis):
        say = whole if axis is axes.xaxis and axis.get_scale() == "linear" else number
        axis.set_major_formatter(FuncFormatter(lambda x, _, say=say: say(x, language)))
        if axis.get_scale() == "log":
            axis.set_minor_formatter(NullFormatter())
    file = io.BytesIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    data = base64.b64encode(file.getvalue()).decode()
    return (
        f'<figure>\n<img alt="{html.escape(alt)}" src="data:image/svg+xml;base64,{data}">\n'
        f"<figcaption>{html.escape(caption)}</figcaption>\n</figure>"
    )
