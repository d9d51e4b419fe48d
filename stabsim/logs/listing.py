"""Several runs, or several losses of one, side by side; a sweep, where they make one."""

from typing import Any, NamedTuple

import numpy as np

from stabsim._style import GREY, PALETTE, TOP
from stabsim.logs.columns import listed, plain
from stabsim.logs.log import Log
from stabsim.logs.pages import embedded, facts, in_style, new_axes, page, section, table
from stabsim.logs.rates import rate_of
from stabsim.logs.sweep import LogSweep, read_sweep
from stabsim.logs.verdict import Reading, diagnose_log
from stabsim.logs.words import REPORT, SWEEPS


class Listing(NamedTuple):
    """Several runs, or several losses of one, side by side.

    Attributes:
        logs: the runs.
        readings: the verdict on each.
        sweep: the playbook's reading of them, if they differ in learning rate.
    """

    logs: list[Log]
    readings: list[Reading]
    sweep: LogSweep | None

    @classmethod
    def of(cls, logs: list[Log], source: str | None = None) -> "Listing":
        """The verdict on each, and on all; ``source`` as of :func:`stabsim.logs.rates.rate_of`."""
        readings = [diagnose_log(log) for log in logs]
        rates = [rate_of(log, source) for log in logs]
        return cls(logs, readings, read_sweep(logs, readings, rates))

    def lines(self, language: str) -> list[str]:
        """A line a run: its name, how many records, and the verdict."""
        return [
            REPORT["run"].in_(language).format(
                name=plain(log.run), records=log.loss.size,
                verdict=reading.diagnosis.kind(language),
            )
            for log, reading in zip(self.logs, self.readings, strict=True)
        ]  # fmt: skip

    def text(self, language: str) -> str:
        """The runs, or what they say together, as plain text."""
        lines = [REPORT["runs"].in_(language), *(f"  {line}" for line in self.lines(language))]
        kinds = {log.objective for log in self.logs} & {"rl", "gan", "sum"}
        if any(log.axis == "row" for log in self.logs):
            lines.append(REPORT["numbered"].in_(language))
        lines += [REPORT[f"losses of {kind}"].in_(language) for kind in sorted(kinds)]
        said = "\n".join(lines) if self.sweep is None else self.sweep.text(language)
        example = listed([self.logs[0].run])
        return f"{said}\n\n{REPORT['take one'].in_(language).format(example=example)}"

    def facts(self) -> dict[str, Any]:
        """The same as numbers and names that JSON can hold; null where one is not finite."""
        return facts({
            "sweep": self.sweep and self.sweep.facts(),
            "runs": [
                {"run": log.run, "records": log.loss.size, "columns": log.columns._asdict(),
                 "verdict": str(reading.diagnosis.verdict), "unstable": reading.diagnosis.unstable}
                for log, reading in zip(self.logs, self.readings, strict=True)
            ],
        })  # fmt: skip

    def page(self, language: str) -> str:
        """One HTML page, as of :meth:`Report.page`: the sweep with its axis plot, or the runs."""
        title, sweep = REPORT["runs"].in_(language), self.sweep
        if sweep is None:
            return page(title, [section(title, self.lines(language))], language)
        parts = [
            section(SWEEPS["heading"].in_(language), sweep.sentences(language)),
            *in_style(lambda: [axis_figure(sweep, language)]),
            table(sweep.table(language)),
        ]
        return page(title, parts, language)


def axis_figure(sweep: LogSweep, language: str) -> str:
    """The axis plot: a point a run, a star at the best rate, crosses where one is not feasible."""
    figure, axes = new_axes(language, "learning rate", "final loss")
    axes.set_xscale("log")
    finite = [run.diagnosis.final_loss for run in sweep.runs
              if np.isfinite(run.diagnosis.final_loss)]  # fmt: skip
    start = float(np.median([run.diagnosis.initial_loss for run in sweep.runs]))
    top = 2 * max([*(loss for loss in finite if loss < TOP * start), start])
    styles: dict[str, Any] = {
        "": {"marker": "o", "color": PALETTE[0]},
        " ×": {"marker": "x", "color": GREY},
        " ★": {"marker": "*", "color": PALETTE[1], "s": 160},
    }
    for mark, style in styles.items():
        runs = [run for run in sweep.runs if sweep.mark(run) == mark]
        losses = [run.diagnosis.final_loss for run in runs]
        y = [loss if np.isfinite(loss) and loss < top else top for loss in losses]
        axes.scatter([run.learning_rate for run in runs], y, zorder=3, **style)
    if finite and min(finite) > 0:
        axes.set_yscale("log")
    axes.set_ylim(top=1.1 * top)
    caption = SWEEPS["caption"].in_(language)
    return embedded(figure, axes, language, " ".join(sweep.sentences(language)), caption)
