"""A report on a log: the sections of what is said, as text, as JSON and as a page."""

from typing import Any, NamedTuple

import numpy as np

from stabsim._style import GREY, PALETTE, TOP
from stabsim._words import number, whole
from stabsim.logs.advice import Advice
from stabsim.logs.columns import listed
from stabsim.logs.log import Log, Series
from stabsim.logs.pages import embedded, facts, in_style, new_axes, page, section
from stabsim.logs.spool import BLOCK
from stabsim.logs.verdict import Reading
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
            "also": self.advice.also_sentences(language),
            "paste": self.advice.pasted(),
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
        return facts({
            "verdict": str(diagnosis.verdict),
            "unstable": diagnosis.unstable,
            "feasible": diagnosis.feasible,
            "initial_loss": diagnosis.initial_loss,
            "final_loss": diagnosis.final_loss,
            "diverged_at": diagnosis.diverged_at,
            "rises": [
                {**rise._asdict(), "duration": rise.duration} for rise in diagnosis.rises
            ],
            "largest_gradient": diagnosis.largest_gradient,
            "clip": advice.clip and advice.clip._asdict(),
            "experiment": advice.experiment,
            "practices": [name for name, _ in advice.practices],
            "learning_rate": advice.learning_rate,
            "warmup_steps": advice.warmup_steps,
            "log": {
                "name": self.log.name,
                "run": self.log.run,
                "axis": self.log.axis,
                "objective": self.log.objective,
                "resumed": self.log.resumed,
                "changes": self.log.changes,
                "edge": {name: part.tolist() for name, part in edge_of(self.log)._asdict().items()},
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
        figures = in_style(lambda: _figures(self, language))
        parts = [section(*verdict), *figures, *(section(*pair) for pair in others)]
        return page(title, parts, language)


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
    for role in ("validation_loss", "sharpness", "reward", "kl"):
        series = getattr(log, role)
        if series.size:
            _, _, start, end = ends(series)
            said.append(say(role, start=number(start, language), end=number(end, language),
                            records=series.size))  # fmt: skip
        if role == "sharpness" and (edge := edge_of(log)).step.size:
            above = edge.step[edge.ratio > 1]
            said.append(
                say("above", count=above.size, records=edge.step.size,
                    first=whole(float(above[0]), language)) if above.size
                else say("never above", records=edge.step.size,
                         share=f"{np.max(edge.ratio):.0%}")
            )  # fmt: skip
    return said


class Edge(NamedTuple):
    """Where both a sharpness and a threshold were measured, and the one over the other."""

    step: np.ndarray
    ratio: np.ndarray


def edge_of(log: Log) -> Edge:
    """How near a run came to its optimizer's threshold."""
    step = log.sharpness.step.read(0, log.sharpness.size)
    other = log.threshold.step.read(0, log.threshold.size)
    both, left, right = np.intersect1d(step, other, return_indices=True)
    sharpness = log.sharpness.value.read(0, log.sharpness.size)[left]
    threshold = log.threshold.value.read(0, log.threshold.size)[right]
    known = np.isfinite(sharpness) & (threshold > 0)
    return Edge(both[known], sharpness[known] / threshold[known])


def _figures(report: Report, language: str) -> list[str]:
    drawn = [_loss(report, language)]
    if report.log.gradient_norm.size and report.advice.clip is not None:
        drawn += [_norms(report, language), _histogram(report, language)]
    if report.log.sharpness.size:
        drawn.append(_sharpness(report, language))
    return drawn


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
    figure, axes = new_axes(language, "step", "loss")
    _draw_band(axes, report.log.loss, PALETTE[0])
    marks = marked = ""
    held_out = report.log.validation_loss
    if held_out.size:
        axes.plot(*_band(held_out)[:2], color=GREY, linewidth=1, linestyle=":")
        marks = REPORT["held out"].in_(language)
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
                marked = REPORT["marks"].in_(language)
                fill = {} if marker == "x" else {"facecolors": "none", "edgecolors": GREY}
                axes.scatter(x, y, marker=marker, zorder=3, s=45,
                             **(fill or {"color": GREY}))  # fmt: skip
    caption = REPORT["loss caption"].in_(language).format(marks=marked + marks)
    told = diagnosis._replace(rises=diagnosis.rises[:SHOWN_RISES], largest_gradient=None)
    return embedded(figure, axes, language, " ".join(told.sentences(language)), caption)


def _norms(report: Report, language: str) -> str:
    assert report.advice.clip is not None
    threshold = report.advice.clip.threshold
    figure, axes = new_axes(language, "step", "gradient norm")
    _draw_band(axes, report.log.gradient_norm, PALETTE[2])
    axes.axhline(threshold, color=GREY, linestyle="--", linewidth=1)
    line = REPORT["line"].in_(language).format(threshold=number(threshold, language))
    caption = REPORT["norm caption"].in_(language).format(line=line)
    told = [report.reading.diagnosis.sentences(language)[-1], line.strip()]
    return embedded(figure, axes, language, " ".join(told), caption)


def _histogram(report: Report, language: str) -> str:
    assert report.advice.clip is not None
    threshold, norms = report.advice.clip.threshold, report.log.gradient_norm.value
    kept = [block[np.isfinite(block) & (block > 0)] for block in norms.blocks()]
    low = min((float(block.min()) for block in kept if block.size), default=threshold)
    high = max((float(block.max()) for block in kept if block.size), default=threshold)
    edges = np.geomspace(low, max(high, low * 1.01), 41)
    counts = sum(np.histogram(block, edges)[0] for block in kept)
    figure, axes = new_axes(language, "gradient norm", "steps")
    axes.stairs(counts, edges, fill=True, color=PALETTE[2])
    axes.set_xscale("log")
    axes.axvline(threshold, color=GREY, linestyle="--", linewidth=1)
    line = REPORT["line"].in_(language).format(threshold=number(threshold, language))
    caption = REPORT["histogram caption"].in_(language).format(line=line)
    return embedded(figure, axes, language, caption, caption)


def _sharpness(report: Report, language: str) -> str:
    log = report.log
    figure, axes = new_axes(language, "step", "sharpness")
    for series, style in ((log.sharpness, "o-"), (log.threshold, "--")):
        if series.size:
            step, low, _ = _band(series)
            color = PALETTE[3] if series is log.sharpness else GREY
            axes.plot(step, low, style, color=color, linewidth=1, markersize=3)
    if min(axes.dataLim.y0, axes.dataLim.y1) > 0:
        axes.set_yscale("log")
    told = told_of(log, language)
    return embedded(
        figure, axes, language, " ".join(told[1:]), REPORT["sharpness caption"].in_(language)
    )
