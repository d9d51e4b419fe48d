"""The command ``stabsim``: what it takes and says. What it does lies in other modules.

They are imported when a command runs, so that no command waits for what it does not need.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stabsim._extras import MissingExtra
from stabsim._settings import LANGUAGES
from stabsim.classroom.commands import classroom
from stabsim.logs.experiments import TRIED
from stabsim.logs.rates import SOURCES
from stabsim.logs.source import KINDS, LogError
from stabsim.logs.words import STOPS, WATCH
from stabsim.playbook.stages import STAGES

if TYPE_CHECKING:
    from stabsim.logs.log import Log
    from stabsim.logs.report import Report

STABLE, UNSTABLE, USAGE, UNREADABLE, INTERRUPTED = 0, 1, 2, 3, 130

LONGEST_HOOK = 600
"""So many seconds a command may take that is run when a log becomes unstable."""

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


def columns_named(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that say which column of a log holds what, and how it is read."""
    options = [
        click.option("--loss", metavar="NAME", help="Column, key or tag of the training loss."),
        click.option("--step", metavar="NAME", help="Column or key of the step."),
        click.option("--gradient-norm", metavar="NAME", help="... of the unclipped gradient norm."),
        click.option("--learning-rate", metavar="NAME", help="... of the learning rate."),
        click.option(
            "--format", "kind", type=click.Choice(KINDS), help="Judged by content if not given."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


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
@columns_named
@click.option("--validation-loss", metavar="NAME", help="... of the loss on held-out data.")
@click.option("--run", metavar="NAME", help="Which run (or loss), of a log that holds several.")
@click.option(
    "--learning-rate-from", "source", type=click.Choice(SOURCES),
    help="Where the rates of several runs stand: in their logs, in a configuration beside them, or "
    "in their names; all are tried if not given.",
)  # fmt: skip
@click.option("--number-rows", is_flag=True, help="Number the records; read no step.")
@click.option(
    "--percentile", type=click.FloatRange(0, 100), default=90.0, show_default=True,
    help="Clip at this percentile of the gradient norms.",
)  # fmt: skip
@click.option("--threshold", type=Positive(), help="Judge this clipping threshold instead.")
@click.option(
    "--tried", type=click.Choice(TRIED), multiple=True,
    help="An experiment or a practice that was tried already; may be repeated.",
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
    source: str | None,
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
    each; --run takes one. Runs that differ in learning rate are read as the playbook reads a sweep:
    the best rate, the edge of instability, and what to try next.

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
            sys.exit(_list(several, source, html, as_json, language))
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


def _list(
    logs: "list[Log]", source: str | None, html: str | None, as_json: bool, language: str
) -> int:
    """Tells of several runs, together if they are a sweep; returns the exit status."""
    from stabsim.logs.listing import Listing

    listing = Listing.of(logs, source)
    if html is not None:
        _write(Path(html), listing.page(language))
    if as_json:
        click.echo(json.dumps(listing.facts(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(listing.text(language))
    return UNSTABLE if any(one.diagnosis.unstable for one in listing.readings) else STABLE


@app.command(
    epilog="""\b
Examples:
  stabsim watch run.jsonl
  stabsim watch runs/2024-05-01 --stop-when diverged || echo "lower the rate"
  stabsim watch run.jsonl --stop-when unstable --on-unstable 'kill "$TRAINER"'

\b
Exit status:
    0  the log has not grown for --idle seconds, and the run is stable
    1  ... and it is unstable, or --stop-when has come true
    2  the command was used wrongly
    3  ... and it could not be read
  130  interrupted
"""
)
@click.argument("log")
@columns_named
@click.option("--run", metavar="NAME", help="Which run (or loss), of a log that holds several.")
@click.option(
    "--stop-when", type=click.Choice(STOPS), default="never", show_default=True,
    help="End when a loss is not finite; or also when a rise has not recovered in 100 records.",
)  # fmt: skip
@click.option(
    "--on-unstable", metavar="CMD",
    help="Run this in the shell, once, when --stop-when comes true, or at the first verdict that "
    "is not stable; STABSIM_LOG, STABSIM_STEP and STABSIM_VERDICT say of what.",
)  # fmt: skip
@click.option(
    "--interval", type=Positive(), default=5.0, show_default=True,
    help="Seconds between looks, at least; more for a log that takes long to read.",
)  # fmt: skip
@click.option("--idle", type=Positive(), help="End after so many seconds without growth.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", envvar="STABSIM_LANGUAGE",
    show_default=True, show_envvar=True, help="Of what is said.",
)  # fmt: skip
def watch(
    log: str,
    loss: str | None,
    step: str | None,
    gradient_norm: str | None,
    learning_rate: str | None,
    kind: str | None,
    run: str | None,
    stop_when: str,
    on_unstable: str | None,
    interval: float,
    idle: float | None,
    language: str,
) -> None:
    """Follow a log while it grows, and say when something begins.

    LOG is a file or a folder that `stabsim diagnose` reads; it need not exist yet. A line is
    printed when the verdict changes: when the loss begins to rise, when it has recovered, when it
    is no longer finite. Of runs that were appended to one file the last is followed.
    """
    from stabsim.logs import Columns
    from stabsim.logs.watch import failing, follow

    columns, status, done = Columns(loss, step, gradient_norm, learning_rate), UNREADABLE, False
    try:
        patience = idle or float("inf")
        for look in follow(log, columns, run=run, interval=interval, idle=patience, kind=kind):
            if look.news:
                click.echo(look.sentence(language), err=look.reading is None)
            if look.log is None or look.reading is None:
                continue
            diagnosis, steps = look.reading.diagnosis, look.log.loss.step
            status = UNSTABLE if diagnosis.unstable else STABLE
            over = failing(diagnosis, steps.blocks(), stop_when)
            if on_unstable and not done and (over or (stop_when == "never" and status)):
                done = True
                last = steps.read(steps.size - 1, steps.size)[0]
                _run(on_unstable, language, LOG=log, STEP=f"{last:g}", VERDICT=diagnosis.verdict)
            if over:
                click.echo(WATCH["failing"].in_(language))
                break
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(status)


@app.command(
    epilog="""\b
Examples:
  stabsim playbook --rate 0.1 --max-steps 2000 -- \\
      python train.py --lr {learning_rate} --warmup {warmup_steps} --max-steps {steps} \\
      --seed {seed} --clip {clip} --out {out}
  stabsim playbook --rate 3e-4 --max-steps 500 --plan -- python train.py {learning_rate} {steps}

\b
The words of the command may hold
  {learning_rate}  the rate, or where a warmup leads      (needed)
  {steps}          how long to train                      (needed)
  {warmup_steps}   the length of a linear warmup from 0; without it no warmup is tried
  {seed}           the seed; without it the runs differ by their own chance
  {clip}           the clipping threshold; without it clipping is not tried
  {optimizer}      a name given by --optimizer
  {out}            where to write the log, a file or a folder; without it, what is printed is read
Where a run does not clip, or keeps its optimizer, that word is left out, and so is an option
before it, as in --clip {clip}.

\b
Exit status:
    0  the walk has ended
    2  the command was used wrongly, or the report could not be written
    3  no run left a log that could be read
  130  interrupted; the same command goes on from there
"""
)
@click.argument("command", nargs=-1, required=True)
@click.option("--rate", type=Positive(), required=True, help="The present learning rate.")
@click.option(
    "--max-steps", type=click.IntRange(min=10), required=True, help="The length of a full training."
)
@click.option(
    "--seeds", type=click.IntRange(min=1), default=3, show_default=True,
    help="Seeds of the search.",
)  # fmt: skip
@click.option(
    "--comparison", type=click.IntRange(min=2), default=5, show_default=True,
    help="Other seeds, over which the result is compared with the present training.",
)  # fmt: skip
@click.option(
    "--factor", "factors", type=Positive(), multiple=True, default=(10.0,), show_default=True,
    help="Search for a warmup to so many times the unstable rate; may be repeated.",
)  # fmt: skip
@click.option(
    "--optimizer", "optimizers", metavar="NAME", multiple=True,
    help="Another optimizer to try, for {optimizer}; may be repeated.",
)  # fmt: skip
@click.option(
    "--objective", type=click.Choice(["final_loss", "validation_loss"]), default="final_loss",
    show_default=True, help="What is compared.",
)  # fmt: skip
@click.option(
    "--budget", type=click.IntRange(min=1), metavar="STEPS",
    help="Plan at most so many training steps; what does not fit is left out.",
)  # fmt: skip
@click.option("--only", type=click.Choice(STAGES), multiple=True, help="Walk this stage alone; may "
              "be repeated.")  # fmt: skip
@click.option("--skip", type=click.Choice(STAGES[1:]), multiple=True, help="Leave this stage out; "
              "may be repeated.")  # fmt: skip
@click.option(
    "--store", type=click.Path(file_okay=False), default="stabsim-playbook", show_default=True,
    help="The folder that keeps every run as it ends.",
)  # fmt: skip
@click.option(
    "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Runs at once."
)
@click.option("--time-limit", type=Positive(), help="Seconds that a run may take.")
@click.option("--plan", "plan_only", is_flag=True, help="Show the plan and its cost, and end.")
@columns_named
@click.option("--validation-loss", metavar="NAME", help="... of the loss on held-out data.")
@click.option("--html", type=click.Path(dir_okay=False), help="Write a report with plots there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", envvar="STABSIM_LANGUAGE",
    show_default=True, show_envvar=True, help="Of the text and the report.",
)  # fmt: skip
@click.option("--progress/--no-progress", default=None, help="In a terminal if not given.")
def playbook(
    command: tuple[str, ...],
    rate: float,
    max_steps: int,
    seeds: int,
    comparison: int,
    factors: tuple[float, ...],
    optimizers: tuple[str, ...],
    objective: str,
    budget: int | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    store: str,
    jobs: int,
    time_limit: float | None,
    plan_only: bool,
    loss: str | None,
    step: str | None,
    gradient_norm: str | None,
    learning_rate: str | None,
    validation_loss: str | None,
    kind: str | None,
    html: str | None,
    as_json: bool,
    language: str,
    progress: bool | None,
) -> None:
    """Walk the playbook on a training of yours, unattended.

    COMMAND, after "--", trains once. It is run again and again with other values: a sweep of the
    learning rate, coarse and then finer about the edge of instability; 500 steps at twice the best
    rate; trainings at five and ten times the best rate; and, where instability limits the
    training, the shortest stable warmup, clipping, another optimizer, and a lower rate last. What
    comes of it is compared with the present training on seeds of their own. The log of a run may be
    any that `stabsim diagnose` reads.

    The plan, with what it costs at most, is shown first, on standard error.
    """
    from concurrent.futures import ThreadPoolExecutor

    from stabsim.logs import Columns
    from stabsim.playbook.command import Reading
    from stabsim.playbook.plan import plan_walk
    from stabsim.playbook.walk import carry_out
    from stabsim.playbook.words import HEADS

    columns = Columns(loss, step, gradient_norm, learning_rate, validation_loss)
    try:
        plan = plan_walk(
            command, rate, max_steps, seeds=range(seeds), comparison=comparison, factors=factors,
            optimizers=optimizers, objective=objective, budget=budget, only=only, skip=skip,
            reading=Reading(columns, kind),
        )  # fmt: skip
        click.echo(HEADS["plan"].in_(language), err=True)
        for line in plan.sentences(language):
            click.echo(f"  {line}", err=True)
        if plan_only:
            return
        executor = ThreadPoolExecutor(jobs) if jobs > 1 else None
        wanted = sys.stderr.isatty() if progress is None else progress
        with _interrupted_when_asked_to_end():
            walk = carry_out(
                plan, store=store, executor=executor, time_limit=time_limit, progress=wanted
            )
        if html is not None:
            _write(Path(html), walk.page(language))
    except (MissingExtra, ValueError) as error:
        raise click.UsageError(str(error)) from None
    except RuntimeError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(UNREADABLE)
    except KeyboardInterrupt:
        click.echo(HEADS["interrupted"].in_(language), err=True)
        sys.exit(INTERRUPTED)
    if as_json:
        click.echo(json.dumps(walk.facts(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(walk.text(language))


@contextlib.contextmanager
def _interrupted_when_asked_to_end() -> Iterator[None]:
    """A polite kill is as Ctrl-C here, so that what this process runs is ended with it."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(command: str, language: str, **values: str) -> None:
    """Runs the reader's own command in the shell, with values named ``STABSIM_...``.

    It is ended, with all that it started, after :data:`LONGEST_HOOK` seconds, or with us.
    """
    from stabsim.playbook.command import end

    named = {f"STABSIM_{name}": str(value) for name, value in values.items()}
    process = subprocess.Popen(
        command, shell=True, env=os.environ | named, stdin=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        status = process.wait(LONGEST_HOOK)
        said = WATCH["hook"].in_(language).format(command=command, status=status)
    except subprocess.TimeoutExpired:
        end(process)
        said = WATCH["hook ended"].in_(language).format(command=command, seconds=LONGEST_HOOK)
    except KeyboardInterrupt:
        end(process)
        raise
    click.echo(said, err=True)


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
