"""The command ``stabsim``: what it takes and says. What it does lies in other modules.

They are imported when a command runs, so that no command waits for what it does not need.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stabsim._extras import MissingExtra
from stabsim._settings import LANGUAGES
from stabsim.classroom.commands import classroom
from stabsim.logs.experiments import EXPERIMENTS
from stabsim.logs.source import KINDS, LogError

if TYPE_CHECKING:
    from stabsim.logs.log import Log
    from stabsim.logs.report import Report

STABLE, UNSTABLE, USAGE, UNREADABLE, INTERRUPTED = 0, 1, 2, 3, 130

LARGE = 4 << 20
"""A file of more bytes gets a progress bar."""


@click.group(
    "stabsim",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Run 'stabsim COMMAND --help' for the options of a command.",
)
@click.version_option(package_name="stabsim")
def app() -> None:
    """Find, explain and fix optimization failures in neural-network training."""


app.add_command(classroom)


class Positive(click.ParamType):
    """A finite number above 0."""

    name = "number"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number.", param, ctx)
        if not 0 < number < float("inf"):
            self.fail(f"{value!r} is not a finite number above 0.", param, ctx)
        return number


@app.command(
    epilog="""\b
Examples:
  stabsim diagnose run.csv
  stabsim diagnose run.jsonl --loss train/loss --html report.html
  stabsim diagnose runs/ --run 2024-05-01 --language id
  cat run.csv | stabsim diagnose - --json

\b
Exit status:
    0  the run is stable
    1  the run is unstable
    2  the command was used wrongly, or the report could not be written
    3  the log could not be read
  130  interrupted
"""
)
@click.argument("log")
@click.option("--loss", metavar="NAME", help="Column, key or tag of the training loss.")
@click.option("--step", metavar="NAME", help="Column or key of the step.")
@click.option("--gradient-norm", metavar="NAME", help="... of the unclipped gradient norm.")
@click.option("--learning-rate", metavar="NAME", help="... of the learning rate.")
@click.option("--validation-loss", metavar="NAME", help="... of the loss on held-out data.")
@click.option("--run", metavar="NAME", help="Which run (or loss), of a log that holds several.")
@click.option("--number-rows", is_flag=True, help="Number the records; read no step.")
@click.option("--format", "kind", type=click.Choice(KINDS), help="Judged by content if not given.")
@click.option(
    "--percentile", type=click.FloatRange(0, 100), default=90.0, show_default=True,
    help="Clip at this percentile of the gradient norms.",
)  # fmt: skip
@click.option("--threshold", type=Positive(), help="Judge this clipping threshold instead.")
@click.option(
    "--tried", type=click.Choice(EXPERIMENTS), multiple=True,
    help="An experiment that was tried already; may be repeated.",
)  # fmt: skip
@click.option("--html", type=click.Path(dir_okay=False), help="Write a report with plots there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", envvar="STABSIM_LANGUAGE",
    show_default=True, show_envvar=True, help="Of the text and the report.",
)  # fmt: skip
@click.option(
    "--progress/--no-progress", default=None, help="On large files in a terminal if not given."
)
def diagnose(
    log: str,
    loss: str | None,
    step: str | None,
    gradient_norm: str | None,
    learning_rate: str | None,
    validation_loss: str | None,
    run: str | None,
    number_rows: bool,
    kind: str | None,
    percentile: float,
    threshold: float | None,
    tried: tuple[str, ...],
    html: str | None,
    as_json: bool,
    language: str,
    progress: bool | None,
) -> None:
    """Diagnose a training log: is it unstable, which kind, and what to do next?

    LOG is a CSV file, JSON lines or a JSON document, the text that a trainer prints, a TensorBoard
    event file, or a folder of any of these; "-" reads standard input. What it is, and which column
    holds what, is judged by its content unless given. A log of several runs is listed, one line
    each; --run takes one.

    The report says the verdict with its evidence, where to clip gradients and what that would
    have clipped, and the next experiment in the order of the Deep Learning Tuning Playbook.
    """
    from stabsim.logs import Columns, advise, diagnose_log
    from stabsim.logs.reader import pick, runs
    from stabsim.logs.report import Report

    if step is not None and number_rows:
        raise click.UsageError("--step and --number-rows exclude each other.")
    columns = Columns(loss, step, gradient_norm, learning_rate, validation_loss)
    try:
        with _progress(log, progress) as advance:
            several = runs(log, columns, kind=kind, number_rows=number_rows, advance=advance)
        if run is None and len(several) > 1:
            sys.exit(_list(several, as_json, language))
        found = pick(several, run)
        reading = diagnose_log(found)
        advice = advise(found, reading, percentile=percentile, threshold=threshold, tried=tried)
        report = Report(found, reading, advice)
        if html is not None:
            _write(Path(html), report.page(language))
    except MissingExtra as error:
        raise click.UsageError(str(error)) from None
    except LogError as error:
        click.echo(f"Error: {error.text.in_(language)}", err=True)
        sys.exit(UNREADABLE)
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)
    if as_json:
        click.echo(json.dumps(report.facts(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(_coloured(report, language))
    sys.exit(UNSTABLE if reading.diagnosis.unstable else STABLE)


def _list(logs: "list[Log]", as_json: bool, language: str) -> int:
    """Tells each of several runs in one line; returns the exit status."""
    from stabsim.logs.report import Listing

    listing = Listing.of(logs)
    if as_json:
        click.echo(json.dumps(listing.facts(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(listing.text(language))
    return UNSTABLE if any(one.diagnosis.unstable for one in listing.readings) else STABLE


def _coloured(report: "Report", language: str) -> str:
    """The text, with its verdict in colour where a terminal shows it."""
    text = report.text(language)
    if "NO_COLOR" in os.environ:
        return text
    verdict = report.reading.diagnosis.sentences(language)[0]
    color = "red" if report.reading.diagnosis.unstable else "green"
    return text.replace(verdict, click.style(verdict, fg=color, bold=True), 1)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"Cannot write {str(path)!r}: {error.strerror}.") from None


@contextlib.contextmanager
def _progress(log: str, wanted: bool | None) -> Iterator[Callable[[int], object]]:
    """A bar on standard error that grows with the bytes read."""
    from stabsim.logs import folders

    path = Path(log)
    size = None
    with contextlib.suppress(OSError, ValueError, LogError):
        runs = folders.runs(path) if path.is_dir() else {"": [path]}
        files = [file for some in runs.values() for file in some]
        size = sum(file.stat().st_size for file in files)
    if wanted is None:
        wanted = sys.stderr.isatty() and (size or 0) > LARGE
    if not wanted:
        yield lambda _: None
        return
    from tqdm import tqdm

    with tqdm(total=size, unit="B", unit_scale=True, desc=path.name, leave=False) as bar:
        yield bar.update
