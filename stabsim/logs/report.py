"""A report on a log: the sections of what is said, as text, as JSON and as a page."""

import base64
import html
import io
from typing import Any, NamedTuple

import numpy as np

from stabsim._diagnosis_words import VERDICTS
from stabsim._extras import extra
from stabsim._plot_words import PLOTS
from stabsim._style import GREY, PALETTE, TOP
from stabsim._words import number, whole
from stabsim.logs.advice import Advice
from stabsim.logs.columns import listed, plain
from stabsim.logs.log import Log, Series
from stabsim.logs.spool import BLOCK
from stabsim.logs.verdict import Reading, diagnose_log
from stabsim.logs.words import REPORT

SHOWN_RISES = 8
"""So many rises are told; a log with more is told of as a whole."""


class Report(NamedTuple):
    """All that is said of a log.

    Attributes:
        log: the log.
        reading: the verdict and the curve that it rests on.
        advice: what to do.
    """

    log: Log
    reading: Reading
    advice: Advice

    def sections(self, language: str) -> dict[str, list[str]]:
        """Sentences by heading, in "en" or "id"."""
        log, diagnosis = self.log, self.reading.diagnosis
        told = diagnosis._replace(rises=diagnosis.rises[:SHOWN_RISES]).sentences(language)
        left = len(diagnosis.rises) - SHOWN_RISES
        if left > 0:
            told.append(REPORT["more"].in_(language).format(count=left))
        said = {
            "verdict": told,
            "clipping": self.advice.clip_sentences(language),
            "next": self.advice.next_sentences(language),
            "log": told_of(log, language),
            "skipped": [note.sentence(language) for note in log.notes],
        }
        return {REPORT[key].in_(language): lines for key, lines in said.items() if lines}

    def text(self, language: str) -> str:
        """The sections as plain text."""
        return "\n\n".join(
            "\n".join([heading, *(f"  {line}" for line in lines)])
            for heading, lines in self.sections(language).items()
        )

    def facts(self) -> dict[str, Any]:
        """The same as numbers and names that JSON can hold; null where one is not finite."""
        diagnosis, advice = self.reading.diagnosis, self.advice
        return _plain({
            "verdict": str(diagnosis.verdict),
            "unstable": diagnosis.unstable,
            "feasible": diagnosis.feasible,
            "initial_loss": diagnosis.initial_loss,
            "final_loss": diagnosis.final_loss,
            "diverged_at": diagnosis.diverged_at,
            "rises": [rise._asdict() for rise in diagnosis.rises],
            "largest_gradient": diagnosis.largest_gradient,
            "clip": advice.clip and advice.clip._asdict(),
            "experiment": advice.experiment,
            "learning_rate": advice.learning_rate,
            "warmup_steps": advice.warmup_steps,
            "log": {
                "name": self.log.name,
                "run": self.log.run,
                "axis": self.log.axis,
                "objective": self.log.objective,
                "resumed": self.log.resumed,
                "changes": self.log.changes,
                "kind": self.log.kind,
                "records": self.log.loss.size,
                "columns": self.log.columns._asdict(),
                "skipped": [
                    {**note._asdict(), "message": note.sentence("en")} for note in self.log.notes
                ],
            },
        })  # fmt: skip

    def page(self, language: str) -> str:
        """One HTML page: no script, nothing from elsewhere, for light and dark screens."""
        title = REPORT["title"].in_(language).format(name=self.log.name)
        sections = self.sections(language)
        verdict, *others = sections.items()
        parts = [_section(verdict), *_figures(self, language), *map(_section, others)]
        return PAGE.format(
            language=language,
            title=html.escape(title),
            content="\n".join(parts),
            by=html.escape(REPORT["by"].in_(language)),
        )


def told_of(log: Log, language: str) -> list[str]:
    """What was read: the records, and what lies beside the loss."""

    def ends(series: Series) -> list[float]:
        return [
            float(spool.read(at, at + 1)[0])
            for spool in (series.step, series.value) for at in (0, series.size - 1)
        ]  # fmt: skip

    def say(name: str, **values: str | int) -> str:
        return REPORT[name].in_(language).format(**values)

    first, last, *_ = ends(log.loss)
    names = [name for name in log.columns if name is not None]
    said = [
        say(f"read by {log.axis}", records=log.loss.size, first=whole(first, language),
            last=whole(last, language), columns=listed(names))
    ]  # fmt: skip
    for role in ("validation_loss", "reward", "kl"):
        series = getattr(log, role)
        if series.size:
            _, _, start, end = ends(series)
            said.append(say(role, start=number(start, language), end=number(end, language),
                            records=series.size))  # fmt: skip
    return said


class Listing(NamedTuple):
    """Several runs, or several losses of one, side by side.

    Attributes:
        logs: the runs.
        readings: the verdict on each.
    """

    logs: list[Log]
    readings: list[Reading]

    @classmethod
    def of(cls, logs: list[Log]) -> "Listing":
        return cls(logs, [diagnose_log(log) for log in logs])

    def lines(self, language: str) -> list[str]:
        """A line a run: its name, how many records, and the verdict."""
        return [
            REPORT["run"].in_(language).format(
                name=plain(log.run), records=log.loss.size,
                verdict=VERDICTS[str(reading.diagnosis.verdict)].in_(language),
            )
            for log, reading in zip(self.logs, self.readings, strict=True)
        ]  # fmt: skip

    def text(self, language: str) -> str:
        lines = [REPORT["runs"].in_(language), *(f"  {line}" for line in self.lines(language))]
        kinds = {log.objective for log in self.logs} & {"rl", "gan", "sum"}
        lines += [REPORT[f"losses of {kind}"].in_(language) for kind in sorted(kinds)]
        example = listed([self.logs[0].run])
        return "\n".join([*lines, "", REPORT["take one"].in_(language).format(example=example)])

    def facts(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "runs": [
                {"run": log.run, "records": log.loss.size, "columns": log.columns._asdict(),
                 "verdict": str(reading.diagnosis.verdict), "unstable": reading.diagnosis.unstable}
                for log, reading in zip(self.logs, self.readings, strict=True)
            ]
        }  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
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


def _section(section: tuple[str, list[str]]) -> str:
    heading, lines = section
    said = "\n".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return f"<section>\n<h2>{html.escape(heading)}</h2>\n{said}\n</section>"


def _figures(report: Report, language: str) -> list[str]:
    with extra("plots"):
        import matplotlib  # here, for nothing but the page needs it

    options: Any = {"svg.fonttype": "none", "svg.hashsalt": "stabsim", "font.family": "sans-serif"}
    with matplotlib.rc_context(options):
        drawn = [_loss(report, language)]
        if report.log.gradient_norm.size and report.advice.clip is not None:
            drawn += [_norms(report, language), _histogram(report, language)]
    return drawn


def _axes(language: str, x: str, y: str) -> tuple[Any, Any]:
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


def _figure(figure: Any, axes: Any, language: str, alt: str, caption: str) -> str:
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


STRETCHES = 600
"""A curve is drawn as the range of each of so many stretches."""


def _band(series: Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first step of each stretch of a log, and its lowest and highest finite values."""
    stretch = -(-series.size // STRETCHES)
    span = max(1, BLOCK // stretch) * stretch
    rows = []
    for at in range(0, series.size, span):
        step = series.step.read(at, min(at + span, series.size))
        value = series.value.read(at, min(at + span, series.size))
        begin = np.arange(0, value.size, stretch)
        low = np.minimum.reduceat(np.where(np.isfinite(value), value, np.inf), begin)
        high = np.maximum.reduceat(np.where(np.isfinite(value), value, -np.inf), begin)
        rows.append(np.stack([step[begin], low, high]))
    step, low, high = np.concatenate(rows, -1)
    finite = low <= high
    return step[finite], low[finite], high[finite]


def _draw_band(axes: Any, series: Series, color: str) -> None:
    """The band, on a logarithmic axis if all is positive, cut off far above its start."""
    step, low, high = _band(series)
    axes.fill_between(step, low, high, color=color, alpha=0.5, linewidth=0.8)
    if low.size and low.min() > 0:
        axes.set_yscale("log")
        top = min(high.max(), TOP * high[0])
        axes.set_ylim(low.min() / 1.3, max(top, low.min()) * 1.3)
    elif low.size and high.max() > (top := TOP * max(abs(high[0]), 1e-30)):
        axes.set_ylim(max(low.min(), -top), top)


def _loss(report: Report, language: str) -> str:
    diagnosis, curve = report.reading
    figure, axes = _axes(language, "step", "loss")
    _draw_band(axes, report.log.loss, PALETTE[0])
    marks = ""
    if curve is not None:
        axes.plot(curve.step, curve.smooth, color=PALETTE[1], linewidth=1)
        back = [r.recovered_at for r in diagnosis.rises if r.recovered_at is not None]
        places = {
            "^": ([r.onset for r in diagnosis.rises], [r.lowest for r in diagnosis.rises]),
            "x": ([r.peak_step for r in diagnosis.rises], [r.peak for r in diagnosis.rises]),
            "o": (back, [float(np.interp(step, curve.step, curve.smooth)) for step in back]),
        }
        for marker, (x, y) in places.items():
            if x:
                marks = REPORT["marks"].in_(language)
                fill = {} if marker == "x" else {"facecolors": "none", "edgecolors": GREY}
                axes.scatter(x, y, marker=marker, zorder=3, s=45,
                             **(fill or {"color": GREY}))  # fmt: skip
    caption = REPORT["loss caption"].in_(language).format(marks=marks)
    told = diagnosis._replace(rises=diagnosis.rises[:SHOWN_RISES], largest_gradient=None)
    return _figure(figure, axes, language, " ".join(told.sentences(language)), caption)


def _norms(report: Report, language: str) -> str:
    assert report.advice.clip is not None
    threshold = report.advice.clip.threshold
    figure, axes = _axes(language, "step", "gradient norm")
    _draw_band(axes, report.log.gradient_norm, PALETTE[2])
    axes.axhline(threshold, color=GREY, linestyle="--", linewidth=1)
    line = REPORT["line"].in_(language).format(threshold=number(threshold, language))
    caption = REPORT["norm caption"].in_(language).format(line=line)
    told = [report.reading.diagnosis.sentences(language)[-1], line.strip()]
    return _figure(figure, axes, language, " ".join(told), caption)


def _histogram(report: Report, language: str) -> str:
    assert report.advice.clip is not None
    threshold, norms = report.advice.clip.threshold, report.log.gradient_norm.value
    kept = [block[np.isfinite(block) & (block > 0)] for block in norms.blocks()]
    low = min((float(block.min()) for block in kept if block.size), default=threshold)
    high = max((float(block.max()) for block in kept if block.size), default=threshold)
    edges = np.geomspace(low, max(high, low * 1.01), 41)
    counts = sum(np.histogram(block, edges)[0] for block in kept)
    figure, axes = _axes(language, "gradient norm", "steps")
    axes.stairs(counts, edges, fill=True, color=PALETTE[2])
    axes.set_xscale("log")
    axes.axvline(threshold, color=GREY, linestyle="--", linewidth=1)
    line = REPORT["line"].in_(language).format(threshold=number(threshold, language))
    caption = REPORT["histogram caption"].in_(language).format(line=line)
    return _figure(figure, axes, language, caption, caption)
