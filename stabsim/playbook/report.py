"""The report on a walk: as text, as JSON and as a page, in the order of the playbook."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim._diagnosis_words import VERDICTS
from stabsim._style import GREY, PALETTE, TOP
from stabsim._sweep_reading import SweepDiagnosis
from stabsim._words import default_language, number
from stabsim.diagnosis import Diagnosis
from stabsim.logs.lines import LINES
from stabsim.logs.listing import axis_figure
from stabsim.logs.log import Log
from stabsim.logs.pages import embedded, facts, in_style, new_axes, page, section, table
from stabsim.logs.sweep import LogSweep
from stabsim.logs.sweep import Run as SweptRun
from stabsim.playbook.procedures import WarmupSearch
from stabsim.playbook.runs import Run, Settings
from stabsim.playbook.stages import FIXES
from stabsim.playbook.words import FOUND, HEADS, NAMES, OUTCOMES, RESULT, WHY

if TYPE_CHECKING:
    from stabsim.playbook.walk import Said, Stage, Trial, Walk

SHOWN = 3
"""So many runs that failed are named."""


def settings_in_words(settings: Settings, language: str) -> str:
    """What a training is given, but for its length and seed."""
    said = [RESULT["rate"].in_(language).format(number(settings.learning_rate, language))]
    if settings.warmup_steps:
        said.append(RESULT["warmup"].in_(language).format(settings.warmup_steps))
    if settings.clip is not None:
        said.append(RESULT["clip"].in_(language).format(number(settings.clip, language)))
    if settings.optimizer is not None:
        said.append(RESULT["optimizer"].in_(language).format(settings.optimizer))
    return RESULT["and"].in_(language).join([", ".join(said[:-1]), said[-1]] if said[1:] else said)


def sections(walk: "Walk", language: str | None = None) -> dict[str, list[str]]:
    """Sentences by heading, in "en" or "id"."""
    language = default_language() if language is None else language
    said = {HEADS["result"].in_(language): result(walk, language)}
    left = []
    for stage in walk.stages:
        lines = [one for said_ in stage.said for one in sentence(said_, language)]
        name = NAMES[stage.name].in_(language)
        if not stage.done:
            left += [f"{name}: {line}" for line in lines]
            continue
        if stage.name == "sweep" and walk.sweep is not None:
            lines = [*swept(walk.sweep, language), *lines]
        said[name] = lines
    if lines := code(walk):
        said[HEADS["code"].in_(language)] = [*lines, HEADS["any optimizer"].in_(language)]
    left.append(RESULT["architecture"].in_(language))
    said[HEADS["not tried"].in_(language)] = left
    said[HEADS["cost"].in_(language)] = cost(walk, language)
    return {name: lines for name, lines in said.items() if lines}


def swept(sweep: SweepDiagnosis, language: str) -> list[str]:
    """The reading of the sweep, whose suspicion the fixes are yet to confirm."""
    *lines, last = sweep.sentences(language)
    return [*lines, FOUND["suspected"].in_(language) if sweep.limited_by_instability else last]


def result(walk: "Walk", language: str) -> list[str]:
    """The answer first, and the cause."""

    def say(key: str, **values: Any) -> str:
        return RESULT[key].in_(language).format(**values)

    chosen = settings_in_words(walk.recommended, language)
    if walk.sweep is None:
        return [say("none")]
    compared = walk.stage("comparison")
    if walk.gained is None:
        said = [say("not compared", settings=chosen)]
    elif walk.gained:
        old, new = (trial.objective(walk.plan.objective) for trial in compared.trials)
        said = [say("gained", settings=chosen),
                say("gained by", new=number(new, language), old=number(old, language))]  # fmt: skip
    else:
        said = [say("nothing", settings=chosen)]
        if compared.done:
            from stabsim.playbook.walk import GAIN

            best = settings_in_words(compared.trials[1].settings, language)
            share = number(100 * GAIN, language)
            said.append(say("not better", settings=best, share=share))
    said.append(cause(walk, walk.sweep, language))
    if walk.ignored:
        said.append(say("ignored", names=", ".join(walk.ignored)))
    return said


def cause(walk: "Walk", sweep: SweepDiagnosis, language: str) -> str:
    """Whether instability costs the training something, and where it begins."""
    if walk.limited and any(said.key == "hidden" for said in walk.stage("above").said):
        key = "hidden cause"
    elif walk.unstable_rate is None:
        key = "never unstable"
    elif walk.limited is None:
        key = "not known"
    elif not walk.limited:
        tried = any(
            stage.done and stage.trials for stage in walk.stages if stage.name in FIXES[:-1]
        )
        key = "healthy" if tried else "far"
    elif any(stage.helped for stage in walk.stages if stage.name in FIXES[:-1]):
        key = "limited"
    else:
        key = "too high"
    values = {
        "rate": number(walk.unstable_rate or 0.0, language),
        "best": number(sweep.best_learning_rate, language),
        "present": number(walk.plan.learning_rate, language),
    }
    return RESULT[key].in_(language).format(**values)


def sentence(said: "Said", language: str) -> list[str]:
    """A sentence of a stage, or those of a search."""
    values = dict(said.values)
    search = values.pop("search", None)
    if isinstance(search, WarmupSearch):
        return search.sentences(language)
    for name, value in values.items():
        if isinstance(value, Settings):
            values[name] = settings_in_words(value, language)
        elif name == "verdict":
            values[name] = (VERDICTS.get(value) or OUTCOMES[value]).in_(language)
        elif name == "share":
            values[name] = number(100 * value, language)
        elif isinstance(value, float):
            values[name] = number(value, language)
    return [(FOUND.get(said.key) or WHY[said.key]).in_(language).format(**values)]


def code(walk: "Walk") -> list[str]:
    """The recommended rate, warmup and threshold, a line for each library."""
    if not walk.gained:
        return []
    chosen, rate = walk.recommended, repr(float(f"{walk.recommended.learning_rate:.6g}"))
    wanted = ["lower-rate"]
    if chosen.warmup_steps:
        wanted.append("warmup")
    if chosen.clip is not None:
        wanted.append("clipping")
    values = {
        "rate": rate, "half": rate, "steps": chosen.warmup_steps, "duration": chosen.steps,
        "threshold": chosen.clip,
    }  # fmt: skip
    return [
        f"{library}: {line.format(**values)}"
        for name in wanted for library, line in LINES[name].items()
    ]  # fmt: skip


def cost(walk: "Walk", language: str) -> list[str]:
    """What was run, and which runs failed otherwise than by diverging."""

    def say(key: str, **values: Any) -> str:
        return RESULT[key].in_(language).format(**values)

    said = [say("spent", runs=len(walk.runs), steps=walk.trained)]
    for outcome, count in walk.failures.items():
        names = [run.settings.name for run in walk.runs if run.outcome == outcome]
        more = ", …" if count > SHOWN else ""
        said.append(say(outcome, count=count, names=", ".join(names[:SHOWN]) + more))
    every = _every(walk.runs)
    if every is not None and every > 1:
        said.append(say("sparse", every=number(every, language)))
    return said


def _every(runs: Iterable[Run]) -> float | None:
    """The steps from record to record of the first run that was done; None if not counted so."""
    for run in runs:
        if run.outcome == "done" and run.log is not None and run.log.axis == "step":
            step = run.log.loss.step.read(0, run.log.loss.size)
            return float(np.median(np.diff(step)))
    return None


def text(walk: "Walk", language: str | None = None) -> str:
    """The sections as plain text, with the table of the sweep."""
    language = default_language() if language is None else language
    of_sweep = NAMES["sweep"].in_(language)
    parts = []
    for name, lines in sections(walk, language).items():
        if name == of_sweep and (sweep := log_sweep(walk)) is not None:
            rows = [row[:-1] for row in sweep_table(walk, sweep, language)]
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            lines = [*("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))
                       for row in rows), *lines]  # fmt: skip
        parts.append("\n".join([name, *(f"  {line}".rstrip() for line in lines)]))
    return "\n\n".join(parts)


def log_sweep(walk: "Walk") -> LogSweep | None:
    """The sweep as of several logs, for its table and its axis plot."""
    if walk.sweep is None:
        return None
    runs = tuple(
        SweptRun(run.settings.name, run.settings.learning_rate, log.loss.size,
                 float(run.settings.steps), diagnosis)
        for run, log, diagnosis in _swept(walk, walk.sweep)
    )  # fmt: skip
    return LogSweep(runs, 0, walk.sweep)


def _swept(walk: "Walk", sweep: SweepDiagnosis) -> list[tuple[Run, Log, Diagnosis]]:
    """The runs of the sweep that left a log with a verdict."""
    known = set(sweep.learning_rate.tolist())
    return [
        (run, run.log, run.diagnosis)
        for trial in walk.stages[0].trials for run in trial.runs
        if run.log is not None and run.diagnosis is not None
        and run.settings.learning_rate in known
    ]  # fmt: skip


def sweep_table(walk: "Walk", sweep: LogSweep, language: str) -> list[list[str]]:
    """The sweep's table, with what the rates are compared by if it is not the final loss."""
    heads, *rows = sweep.table(language)
    name = walk.plan.objective
    if name == "final_loss" or walk.sweep is None:
        return [heads, *rows]
    from stabsim._plot_words import PLOTS

    compared = [number(run.objective(name), language) for run, *_ in _swept(walk, walk.sweep)]
    said = PLOTS[name.replace("_", " ")].in_(language)
    table = zip([heads, *rows], [said, *compared], strict=True)
    return [[*row[:2], value, *row[2:]] for row, value in table]


def walk_facts(walk: "Walk") -> dict[str, Any]:
    """The walk as numbers and names that JSON can hold; null where one is not finite."""
    name = walk.plan.objective
    sweep = walk.sweep

    def of_trial(trial: "Trial") -> dict[str, Any]:
        return {
            **_settings(trial.settings), "seeds": [run.settings.seed for run in trial.runs],
            "objective": trial.objectives(name),
            "verdicts": [str(run.diagnosis.verdict) if run.diagnosis else run.outcome
                         for run in trial.runs],
        }  # fmt: skip

    def of_stage(stage: "Stage") -> dict[str, Any]:
        return {
            "name": stage.name, "done": stage.done, "helped": stage.helped,
            "said": [one for said in stage.said for one in sentence(said, "en")],
            "searches": [
                {"base_learning_rate": one.base_learning_rate, "warmup_steps": one.warmup_steps,
                 "stable": one.stable, "shortest": one.shortest}
                for one in stage.searches
            ],
            "trials": [of_trial(trial) for trial in stage.trials],
        }  # fmt: skip

    return facts({
        "training": walk.plan.training.name,
        "objective": name,
        "baseline": _settings(walk.plan.baseline),
        "recommended": _settings(walk.recommended),
        "gained": walk.gained,
        "ignored": walk.ignored,
        "unstable_learning_rate": walk.unstable_rate,
        "best_learning_rate": sweep and sweep.best_learning_rate,
        "edge": sweep and sweep.edge,
        "unstable_base_learning_rate": sweep and sweep.unstable_base_learning_rate,
        "limited_by_instability": walk.limited,
        "stages": [of_stage(stage) for stage in walk.stages],
        "code": code(walk),
        "runs": len(walk.runs),
        "trained_steps": walk.trained,
        "failures": dict(walk.failures),
    })  # fmt: skip


def _settings(settings: Settings) -> dict[str, Any]:
    return {name: value for name, value in settings._asdict().items() if name != "seed"}


def parts(walk: "Walk", language: str) -> list[str]:
    """Sections, tables and figures in the order of the walk."""
    made = []
    for name, lines in sections(walk, language).items():
        made.append(section(name, lines))
        stage = next((one for one in walk.stages if NAMES[one.name].in_(language) == name), None)
        if stage is not None and stage.done:
            made += _illustrated(walk, stage, language)
    return made


def whole_page(walk: "Walk", language: str | None = None) -> str:
    """One HTML page: no script, nothing from elsewhere, for light and dark screens."""
    language = default_language() if language is None else language
    return page(HEADS["title"].in_(language), parts(walk, language), language)


def fragment(walk: "Walk") -> str:
    """The same for a notebook, in the language of the settings."""
    return f"<div>{''.join(parts(walk, default_language()))}</div>"


def _illustrated(walk: "Walk", stage: "Stage", language: str) -> list[str]:
    if stage.name == "sweep":
        sweep = log_sweep(walk)
        if sweep is None:
            return []
        return [
            *in_style(lambda: [axis_figure(sweep, language)]),
            table(sweep_table(walk, sweep, language)),
        ]
    if stage.name == "above":
        times = HEADS["times"].in_(language)
        assert walk.sweep is not None  # or no stage after it was walked
        star = walk.sweep.best_learning_rate
        shown = [*walk.stage("every-step").trials, *stage.trials]
        runs = [
            (times.format(number(trial.settings.learning_rate / star, language)), trial.runs[:1])
            for trial in shown
            if not trial.settings.warmup_steps
        ]
        return in_style(lambda: [_curves(runs, HEADS["curves"].in_(language), language)])
    if stage.name == "comparison":
        names = (HEADS[key].in_(language) for key in ("present", "recommended"))
        runs = [(name, trial.runs) for name, trial in zip(names, stage.trials, strict=True)]
        return in_style(lambda: [_curves(runs, HEADS["result curves"].in_(language), language)])
    if stage.trials:
        return [_trials(walk, stage, language)]
    return []


def _trials(walk: "Walk", stage: "Stage", language: str) -> str:
    """A table of what a fix was tried with."""
    heads = [HEADS[key].in_(language) for key in ("settings", "seeds", "unstable")]
    rows = [
        [settings_in_words(trial.settings, language), str(len(trial.runs)),
         str(sum(run.unstable == 1 for run in trial.runs)),
         number(trial.objective(walk.plan.objective), language)]
        for trial in stage.trials
    ]  # fmt: skip
    from stabsim._plot_words import PLOTS

    return table([[*heads, PLOTS[walk.plan.objective.replace("_", " ")].in_(language)], *rows])


def _curves(
    runs: list[tuple[str, tuple[Run, ...]]], caption: str, language: str
) -> str:  # fmt: skip
    """Training loss against step, a colour a label and a line a run."""
    figure, axes = new_axes(language, "step", "loss")
    starts, least = [], np.inf
    dashes = ("-", "--", ":", "-.")
    for (label, some), color, dash in zip(runs, PALETTE, dashes * 3, strict=False):
        for i, run in enumerate(run for run in some if run.log is not None):
            loss = run.log.loss  # pyright: ignore[reportOptionalMemberAccess]
            step, value = loss.step.read(0, loss.size), loss.value.read(0, loss.size)
            real = np.isfinite(value)
            starts.append(abs(float(value[real][0])) if real.any() else 1.0)
            least = min(least, float(value[real].min(initial=np.inf)))
            axes.plot(step[real], value[real], color=color, linestyle=dash, linewidth=1,
                      alpha=0.8, label=label if i == 0 else None)  # fmt: skip
    if starts and least > 0:
        axes.set_yscale("log")
        axes.set_ylim(least / 1.3, TOP * max(starts))
    axes.legend(labelcolor=GREY, facecolor="none", edgecolor=GREY)
    return embedded(figure, axes, language, caption, caption)
