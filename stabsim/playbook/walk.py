"""The walk: the playbook's FAQ from the sweep to the comparison, on any training function."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from stabsim._advice import AGGRESSIVE, LARGEST_WARMUP, advise_clipping, warmup_candidates
from stabsim._sweep_reading import SweepDiagnosis, conclude_sweep
from stabsim.diagnosis import NEAR
from stabsim.logs.advice import ENOUGH
from stabsim.playbook.command import Reading
from stabsim.playbook.ignored import ignored
from stabsim.playbook.plan import (
    ABOVE,
    BACK_OFF,
    CLIPPED_RATES,
    COARSE,
    EVERY_STEP,
    EXTENSIONS,
    FAR,
    GENTLE,
    OTHER_FINER,
    OTHER_RATES,
    PEAKS,
    PERCENTILES,
    TRIES,
    Plan,
    plan_walk,
)
from stabsim.playbook.procedures import WarmupSearch, search_warmup
from stabsim.playbook.runs import Run, Settings
from stabsim.playbook.stages import FIXES, STAGES
from stabsim.playbook.store import Store
from stabsim.playbook.training import Place, run_all

GAIN = 0.02
"""A change by less than this share of the loss is none worth making."""


HOW = {"crashed": "The first one crashed", "hung": "The first one took too long",
       "killed": "The first one was killed"}  # fmt: skip
"""How a run failed that left no log."""


class Trial(NamedTuple):
    """One choice of settings, and its runs.

    Attributes:
        settings: what was tried, with the seed 0.
        runs: a run a seed.
    """

    settings: Settings
    runs: tuple[Run, ...]

    def objectives(self, name: str) -> list[float]:
        """What is compared, a number a run."""
        return [run.objective(name) for run in self.runs]

    def objective(self, name: str) -> float:
        """Its median over the runs, infinite where at least half of them failed."""
        return float(np.median(self.objectives(name)))

    @property
    def unstable(self) -> bool:
        """Whether at least half of those runs of which it is known were unstable."""
        known = [run.unstable for run in self.runs if not np.isnan(run.unstable)]
        return bool(known) and float(np.mean(known)) >= 0.5


class Said(NamedTuple):
    """A sentence of the report: its key, and what fills it in."""

    key: str
    values: Mapping[str, Any] = MappingProxyType({})


class Stage(NamedTuple):
    """What a stage of the walk came to.

    Attributes:
        name: one of :data:`stabsim.playbook.stages.STAGES`.
        done: whether it was walked.
        trials: what it ran, or found among what had been run.
        said: what is to be said of it; why, if it was not walked.
        searches: the searches for a warmup, if it made some.
        helped: whether it changed what is recommended.
    """

    name: str
    done: bool
    trials: tuple[Trial, ...] = ()
    said: tuple[Said, ...] = ()
    searches: tuple[WarmupSearch, ...] = ()
    helped: bool = False


class State(NamedTuple):
    """What is known so far.

    Attributes:
        sweep: the reading of the sweep.
        best: the best settings so far, with their runs.
        suspected: whether instability may limit the best rate: it is unstable near it, or hidden.
        unstable_rate: where it is unstable; None if no loss shows it anywhere.
        hidden: whether a gentle start does better well above the best rate.
        late: whether well above the best rate it fails after the longest warmup would be over.
    """

    sweep: SweepDiagnosis
    best: Trial
    suspected: bool
    unstable_rate: float | None
    hidden: bool = False
    late: bool = False

    @property
    def lowest_unstable(self) -> float:
        """The rate that a warmup is to overcome: the least above the best if no loss shows one."""
        if self.hidden or self.unstable_rate is None:
            return 2 * self.sweep.best_learning_rate
        return self.unstable_rate


class OverBudget(Exception):
    """What was to be run next does not fit into the budget."""


class Bench:
    """Where the walk's runs are made and counted.

    Attributes:
        plan: the plan.
        runs: every run so far, by its settings.
        reserved: the steps that are kept for the comparison.
    """

    def __init__(self, plan: Plan, place: Place, advance: Callable[[Run], object]) -> None:
        self.plan, self.place, self.runs = plan, place, dict[Settings, Run]()
        self.reserved, self._advance = plan.reserved, advance

    def check(self, wanted: Iterable[Settings]) -> None:
        """Whether some more runs fit into the budget.

        Raises:
            OverBudget: if they do not.
        """
        steps = sum(one.steps for one in {*wanted, *self.runs})
        if self.plan.budget is not None and steps + self.reserved > self.plan.budget:
            raise OverBudget

    def advance(self, run: Run) -> None:
        if run.settings not in self.runs:
            self.runs[run.settings] = run
            self._advance(run)

    def run(self, points: Sequence[Settings], seeds: Sequence[int]) -> list[Trial]:
        """Some settings, each with some seeds.

        Raises:
            OverBudget: if they do not fit into the budget.
        """
        wanted = [one._replace(seed=seed) for one in points for seed in seeds]
        self.check(wanted)
        runs = run_all(self.plan.training, wanted, self.place, self.advance)
        n = len(seeds)
        return [
            Trial(one._replace(seed=0), tuple(runs[n * i : n * (i + 1)]))
            for i, one in enumerate(points)
        ]

    def tune(self, points: Sequence[Settings]) -> tuple[list[Trial], Trial | None]:
        """Some settings with the first seed, and the best of them that every seed can train with.

        Returns:
            All trials, and the best; None if there is none.
        """
        trials = self.run([*dict.fromkeys(points)], self.plan.seeds[:1])
        ranked = [trial for trial in sorted(trials, key=self.of) if np.isfinite(self.of(trial))]
        for trial in ranked[:TRIES]:
            [whole] = self.run([trial.settings], self.plan.seeds)
            trials = [whole if one is trial else one for one in trials]
            if not self.failed(whole):
                return trials, whole
        return trials, None

    def failed(self, trial: Trial) -> int:
        """How many of its runs failed."""
        return int(np.isinf(trial.objectives(self.plan.objective)).sum())

    def of(self, trial: Trial) -> float:
        """What is compared."""
        return trial.objective(self.plan.objective)

    def better(self, trial: Trial | None, than: Trial) -> bool:
        """Whether a trial is better in the median, by enough to count."""
        if trial is None or not np.isfinite(self.of(trial)):
            return False
        other = self.of(than)
        return not np.isfinite(other) or other - self.of(trial) >= GAIN * abs(other)


def sweep_stage(bench: Bench) -> tuple[Stage, State | None]:
    """The sweep over the learning rate, coarse and then finer about the best rate and the edge.

    Runs that show that the training itself is not yet right are not kept: it will be mended.

    Raises:
        RuntimeError: if no run leaves a log, with what the first one printed.
        ValueError: if the rate makes no difference.
    """
    plan = bench.plan
    by_rate: dict[float, dict[int, Run]] = {}

    def add(rates: Iterable[float], seeds: Sequence[int]) -> SweepDiagnosis | None:
        points = [plan.baseline._replace(learning_rate=rate) for rate in rates]
        for trial in bench.run(points, seeds):
            row = by_rate.setdefault(trial.settings.learning_rate, {})
            row |= {run.settings.seed: run for run in trial.runs}
        return read_sweep(by_rate, plan)

    def trials() -> tuple[Trial, ...]:
        return tuple(
            Trial(plan.baseline._replace(learning_rate=rate), tuple(by_rate[rate].values()))
            for rate in sorted(by_rate)
        )

    read = add([plan.learning_rate * factor for factor in COARSE], plan.seeds[:1])
    coarse = [run for row in by_rate.values() for run in row.values()]
    unread, unmoved = all(run.reading is None for run in coarse), "learning_rate" in ignored(coarse)
    for run in coarse if unread or unmoved else ():
        bench.place.store.forget(run.settings)
    if unmoved:
        raise ValueError(
            f"the training ignores learning_rate: from {min(by_rate):g} to {max(by_rate):g} its "
            "losses are the same to the last digit."
        )
    if unread:
        first = by_rate[plan.learning_rate][plan.seeds[0]]
        raise RuntimeError(
            "No run left a log that can be read. "
            f"{HOW.get(first.outcome, 'The first one ended')}: {first.output[-2000:]}"
        )
    said = []
    try:
        for _ in range(EXTENSIONS):
            rates, low, high = sorted(by_rate), min(by_rate), max(by_rate)
            if read is None or read.best_learning_rate == low:
                read = add([low / 16, low / 4], plan.seeds[:1])
            elif (read.unstable_base_learning_rate is None and read.edge is None
                  and not hopeless(by_rate[high], by_rate[read.best_learning_rate])):  # fmt: skip
                read = add([high * 4, high * 16], plan.seeds[:1])
            else:
                break
        if read is None:
            return Stage("sweep", True, trials(), (Said("none feasible"),)), None
        star, rates = read.best_learning_rate, sorted(by_rate)
        near = [star / 2, star, star * 2]
        first_bad = min(
            (rate for rate in (read.unstable_base_learning_rate, read.edge and read.edge[1])
             if rate is not None and star < rate <= FAR * star), default=None,
        )  # fmt: skip
        if first_bad is not None:
            below = max(rate for rate in rates if rate < first_bad)
            near.append((below * first_bad) ** 0.5)
        read = add(dict.fromkeys(near), plan.seeds)
        while read is not None and len(by_rate[read.best_learning_rate]) < len(plan.seeds):
            read = add([read.best_learning_rate], plan.seeds)
    except OverBudget:
        said.append(Said("budget"))
    if read is None:
        return Stage("sweep", True, trials(), (Said("none feasible"),)), None
    best = next(t for t in trials() if t.settings.learning_rate == read.best_learning_rate)
    near = read.edge is not None and read.edge[1] <= 1.001 * NEAR * read.best_learning_rate
    state = State(
        read, best, read.limited_by_instability or near, read.unstable_base_learning_rate
    )  # fmt: skip
    return Stage("sweep", True, trials(), tuple(said)), state


def hopeless(high: dict[int, Run], best: dict[int, Run]) -> bool:
    """Whether a rate learns less than half of what the best one does, which settles that it is
    beyond all that is worth a try, though nothing in its losses rises."""

    def learned(row: dict[int, Run]) -> float:
        found = next(iter(row.values())).diagnosis
        return 0.0 if found is None else found.initial_loss - found.final_loss

    return bool(learned(high) < learned(best) / 2)


def read_sweep(by_rate: dict[float, dict[int, Run]], plan: Plan) -> SweepDiagnosis | None:
    """The reading of a sweep, from the runs by rate and seed; None if no rate is feasible."""
    rates = sorted(
        rate for rate, row in by_rate.items()
        if not all(np.isnan(run.feasible) for run in row.values())
    )  # fmt: skip
    shape = len(rates), max(map(len, by_rate.values()))
    compared, feasible, unstable, learned = np.full((4, *shape), np.nan)
    for i, rate in enumerate(rates):
        for j, run in enumerate(by_rate[rate].values()):
            compared[i, j] = run.objective(plan.objective)
            feasible[i, j], unstable[i, j], learned[i, j] = run.feasible, run.unstable, run.learned
    try:
        return conclude_sweep(np.array(rates), compared, feasible, unstable, learned)
    except ValueError:  # no rate is feasible
        return None


def every_step_stage(bench: Bench, state: State) -> tuple[Stage, State]:
    """The short check at twice the best rate."""
    rate, steps = 2 * state.sweep.best_learning_rate, min(EVERY_STEP, bench.plan.steps)
    trials = bench.run([Settings(rate, steps)], bench.plan.seeds)
    unstable = trials[0].unstable
    said = [Said("short unstable" if unstable else "short calm", {"rate": rate, "steps": steps})]
    if unstable:
        lower = min(rate, state.unstable_rate or rate)
        state = state._replace(suspected=True, unstable_rate=lower)
    return Stage("every-step", True, tuple(trials), tuple(said)), state


def above_stage(bench: Bench, state: State) -> tuple[Stage, State]:
    """The check well above the best rate: does it fail, and early or late?"""
    star = state.sweep.best_learning_rate
    points = [bench.plan.baseline._replace(learning_rate=star * factor) for factor in ABOVE]
    trials = bench.run(points, bench.plan.seeds[:1])
    said = [
        Said("above", {
            "factor": factor, "rate": trial.settings.learning_rate,
            "verdict": str(run.diagnosis.verdict) if run.diagnosis else run.outcome,
        })
        for factor, trial in zip(ABOVE, trials, strict=True) for run in trial.runs
    ]  # fmt: skip
    begun = [first for trial in trials if (first := failed_at(trial.runs[0])) is not None]
    late = bool(begun) and min(begun) > LARGEST_WARMUP * bench.plan.steps
    state = state._replace(late=late)
    if not state.suspected and (points := gentler(state, bench.plan)):
        gentle = bench.run(points, bench.plan.seeds[:1])
        trials += gentle
        best, plain = min(gentle, key=bench.of), Trial(state.best.settings, state.best.runs[:1])
        hidden = bench.better(best, plain)
        said.append(Said("hidden" if hidden else "not hidden", {
            "settings": best.settings, "new": bench.of(best), "old": bench.of(plain),
        }))  # fmt: skip
        if hidden:
            state = state._replace(suspected=True, hidden=True, late=False)
    return Stage("above", True, tuple(trials), tuple(said)), state


def gentler(state: State, plan: Plan) -> list[Settings]:
    """Rates above the best with the longest warmup, or with gradients clipped.

    Where one of them is better, an instability holds the rate down, though no loss shows it: units
    that have died leave a network that learns slowly, as at a rate that is too low.
    """
    star, points = state.sweep.best_learning_rate, []
    if "warmup_steps" in plan.training.takes:
        longest = warmup_candidates(plan.steps)[-1]
        points += [
            plan.baseline._replace(learning_rate=factor * star, warmup_steps=longest)
            for factor in GENTLE
        ]
    if "clip" in plan.training.takes and (clip := threshold(state.best, PERCENTILES[0])):
        points.append(plan.baseline._replace(learning_rate=GENTLE[0] * star, clip=clip))
    return points


def threshold(trial: Trial, percentile: float) -> float | None:
    """A percentile of the gradient norms of its first run; None where there are too few."""
    log = trial.runs[0].log
    if log is None or log.gradient_norm.size < ENOUGH:
        return None
    try:
        found = advise_clipping(log.gradient_norm.value, percentile=percentile).threshold
    except ValueError:  # no norm is finite, or nearly all are 0
        return None
    return float(f"{found:.3g}")


def failed_at(run: Run) -> float | None:
    """The step at which an instability begins; None if none does."""
    if run.diagnosis is None or not run.unstable:
        return None
    begins = [rise.onset for rise in run.diagnosis.rises]
    if run.diagnosis.diverged_at is not None:
        begins.append(run.diagnosis.diverged_at)
    return min(begins, default=0.0)


def warmup_stage(bench: Bench, state: State) -> tuple[Stage, State]:
    """The search for a warmup, and full trainings with it at higher rates."""
    plan = bench.plan
    unstable = state.lowest_unstable
    searches: list[WarmupSearch] = []
    lengths = warmup_candidates(plan.steps)
    warmup, reach = lengths[-1], plan.factors[0]
    for factor in plan.factors:
        # The search makes the runs whose cost is checked here.
        bench.check(
            Settings(factor * unstable, 3 * length, seed, length)
            for length in lengths for seed in plan.seeds
        )  # fmt: skip
        search = search_warmup(
            plan.training, unstable, plan.steps, factor=factor, seeds=plan.seeds,
            place=bench.place, advance=bench.advance,
        )  # fmt: skip
        searches.append(search)
        if search.shortest is None:
            break
        warmup, reach = search.shortest, factor
    said = [Said("search", {"search": one}) for one in searches]
    if searches[0].shortest is None:
        said.append(Said("longest", {"warmup": warmup}))
    points = [
        plan.baseline._replace(learning_rate=unstable * peak, warmup_steps=warmup)
        for peak in PEAKS if peak <= reach
    ]  # fmt: skip
    trials, best = bench.tune(points)
    return _conclude("warmup", bench, state, trials, best, said, tuple(searches))


def clipping_stage(bench: Bench, state: State) -> tuple[Stage, State]:
    """Clipping at the 90th percentile of the norms of the best run so far, and harder."""
    points, said = [], []
    for percentile in PERCENTILES:
        clip = threshold(state.best, percentile)
        if clip is None:
            return Stage("clipping", False, said=(Said("few norms"),)), state
        said.append(Said("threshold", {"percentile": percentile, "threshold": clip}))
        rate = state.best.settings.learning_rate
        points += [
            state.best.settings._replace(learning_rate=factor * rate, clip=clip)
            for factor in CLIPPED_RATES
        ]
    trials, best = bench.tune(points)
    if bench.better(best, state.best) and best is not None and (log := best.runs[0].log):
        norms = log.gradient_norm.value
        share = advise_clipping(norms, threshold=best.settings.clip).clipped_of_all
        if share > AGGRESSIVE:
            said.append(Said("clips much", {"share": share}))
    return _conclude("clipping", bench, state, trials, best, said)


def optimizer_stage(bench: Bench, state: State) -> tuple[Stage, State]:
    """Other optimizers, each at rates of its own."""
    plan, trials, said = bench.plan, [], []
    stage, helped = None, False
    for name in plan.optimizers:
        base = plan.baseline._replace(
            optimizer=name, warmup_steps=state.best.settings.warmup_steps
        )  # fmt: skip
        rates = [plan.learning_rate * factor for factor in OTHER_RATES]
        some, best = bench.tune([base._replace(learning_rate=rate) for rate in rates])
        if best is not None:
            finer = [best.settings.learning_rate * factor for factor in OTHER_FINER]
            more, other = bench.tune([base._replace(learning_rate=rate) for rate in finer])
            some += more
            best = other if other is not None and bench.of(other) < bench.of(best) else best
        stage, state = _conclude("optimizer", bench, state, some, best, said)
        trials, said, helped = [*trials, *stage.trials], [*stage.said], helped or stage.helped
    return Stage("optimizer", True, tuple(trials), tuple(said), helped=helped), state


def lower_rate_stage(bench: Bench, state: State) -> tuple[Stage, State]:
    """The lower rate, which the sweep has tried already: the last of the fixes."""
    plain = state.best.settings == plan_point(state, bench.plan)
    if not plain:
        return Stage("lower-rate", False, said=(Said("not needed"),)), state
    lower = state.sweep.best_learning_rate < bench.plan.learning_rate
    key = "lower" if lower else "at the edge"
    said = Said(key, {"rate": state.sweep.best_learning_rate})
    return Stage("lower-rate", True, (state.best,), (said,), helped=lower), state


def plan_point(state: State, plan: Plan) -> Settings:
    """The present training at the best rate of the sweep."""
    return plan.baseline._replace(learning_rate=state.sweep.best_learning_rate)


def comparison_stage(bench: Bench, state: State) -> tuple[Stage, State]:
    """The best settings against the present ones, on seeds that the search did not see."""
    plan = bench.plan
    bench.reserved = 0
    if state.best.settings == plan.baseline:
        return Stage("comparison", False, said=(Said("same"),)), state
    old, new = bench.run([plan.baseline, state.best.settings], plan.comparison_seeds)
    said = []
    for _ in range(BACK_OFF):
        if not (failed := bench.failed(new)):
            break
        rate = new.settings.learning_rate / 2
        said.append(Said("back off", {"failed": failed, "settings": new.settings, "rate": rate}))
        [new] = bench.run([new.settings._replace(learning_rate=rate)], plan.comparison_seeds)
    wins = sum(b < a for a, b in zip(old.objectives(plan.objective),
                                     new.objectives(plan.objective), strict=True))  # fmt: skip
    n = len(plan.comparison_seeds)
    gained = wins == n and bench.better(new, old)
    said.append(
        Said("compared", {"old": bench.of(old), "new": bench.of(new), "wins": wins, "count": n})
    )
    state = state._replace(best=new)
    return Stage("comparison", True, (old, new), tuple(said), helped=gained), state


def _conclude(
    name: str,
    bench: Bench,
    state: State,
    trials: Sequence[Trial],
    best: Trial | None,
    said: Sequence[Said],
    searches: tuple[WarmupSearch, ...] = (),
) -> tuple[Stage, State]:
    """What a fix came to: it is kept if it is better than what was best before."""
    helped = bench.better(best, state.best)
    told = Said("no feasible") if best is None else Said(
        "helped" if helped else "no help",
        {"settings": best.settings, "new": bench.of(best), "old": bench.of(state.best)},
    )  # fmt: skip
    stage = Stage(name, True, tuple(trials), (*said, told), searches, helped)
    return stage, state._replace(best=best) if helped and best is not None else state


WALKED: dict[str, Callable[[Bench, State], tuple[Stage, State]]] = {
    "every-step": every_step_stage,
    "above": above_stage,
    "warmup": warmup_stage,
    "clipping": clipping_stage,
    "optimizer": optimizer_stage,
    "lower-rate": lower_rate_stage,
    "comparison": comparison_stage,
}
"""What each stage after the sweep does."""


class Walk(NamedTuple):
    """What a walk through the playbook came to.

    Attributes:
        plan: what was planned.
        stages: what each stage came to, in order.
        sweep: the reading of the sweep, a :class:`stabsim.sweeps.SweepDiagnosis`; None if no rate
            was feasible.
        unstable_rate: from which rate on it is unstable; None if no loss shows that at any rate
            from the best on.
        limited: whether that costs something: with a fix it is better than at the best rate without
            one, or the present rate is above the best and unstable; None where no fix was tried
            that could show it.
        recommended: what to train with: the best settings, or the present ones if nothing was to
            be gained.
        gained: whether the best settings were better than the present ones on every seed of the
            comparison, by enough to count; None if they were not compared.
        ignored: names of settings that made no difference to any loss: the training seems not to
            heed them.
        runs: all runs.
        trained: the steps that they trained for.
    """

    plan: Plan
    stages: tuple[Stage, ...]
    sweep: SweepDiagnosis | None
    unstable_rate: float | None
    limited: bool | None
    recommended: Settings
    gained: bool | None
    ignored: tuple[str, ...]
    runs: tuple[Run, ...]
    trained: int

    def stage(self, name: str) -> Stage:
        """The stage of that name."""
        return next(stage for stage in self.stages if stage.name == name)

    @property
    def failures(self) -> Counter[str]:
        """How many runs crashed, hung, were killed or left no log, by the outcome."""
        return Counter(run.outcome for run in self.runs
                       if run.outcome not in ("done", "diverged"))  # fmt: skip

    def sentences(self, language: str | None = None) -> list[str]:
        """What came of it, one sentence each, in "en" or "id"."""
        from stabsim.playbook import report

        return [line for lines in report.sections(self, language).values() for line in lines]

    def __str__(self) -> str:
        return self.text()

    def text(self, language: str | None = None) -> str:
        """The report as plain text."""
        from stabsim.playbook import report

        return report.text(self, language)

    def facts(self) -> dict[str, Any]:
        """The report as numbers and names that JSON can hold; null where one is not finite."""
        from stabsim.playbook import report

        return report.walk_facts(self)

    def page(self, language: str | None = None) -> str:
        """The report as one HTML page: no script, nothing from elsewhere."""
        from stabsim.playbook import report

        return report.whole_page(self, language)

    def _repr_html_(self) -> str:
        from stabsim.playbook import report

        return report.fragment(self)


def walk_playbook(
    train: Any,
    learning_rate: float,
    steps: int,
    *,
    seeds: Iterable[int] = range(3),
    comparison: int = 5,
    factors: Sequence[float] = (10.0,),
    optimizers: Sequence[str] = (),
    objective: str = "final_loss",
    budget: int | None = None,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    reading: Reading = Reading(),  # noqa: B008, a constant
    store: str | os.PathLike[str] | None = None,
    executor: Any = None,
    time_limit: float | None = None,
    progress: bool = True,
) -> Walk:
    """Walks the playbook's FAQ on a training of yours, from the sweep to a comparison.

    Args:
        train: a function that JAX traces, any function, or a command: see
            :func:`stabsim.playbook.training.training`.
        learning_rate: the present rate: the baseline, and the middle of the first sweep.
        steps: max_train_steps, the length of a full training.
        seeds: the seeds of the search.
        comparison: over how many other seeds the result is compared with the baseline.
        factors: the peaks that a warmup is searched for, over the unstable rate: 10, then
            perhaps 100.
        optimizers: names of other optimizers to try, which ``train`` takes.
        objective: "final_loss", the median of the last tenth of the training losses, or
            "validation_loss", the least loss on held-out data.
        budget: how many training steps the walk may plan; what does not fit is left out, and
            the report says so. Each run counts in full, also one that is stopped early.
        only: the stages to walk, of :data:`stabsim.playbook.stages.STAGES`, whether or not the
            sweep finds an instability; the sweep, on which all rest, is always walked.
        skip: the stages to leave out.
        reading: how a command's log is read.
        store: a folder that keeps every run as it ends, so that the same call goes on from
            there and runs nothing twice; none is kept if not given.
        executor: where runs go, several at once: a Dask client, an executor as of
            ``concurrent.futures`` (threads suffice for commands), or a function that makes
            one, such as :func:`stabsim.processes` returns. Here, one by one, if not given.
        time_limit: the seconds that a run may take; one that takes longer is ended. A function
            then runs in a process of its own. One that JAX traces cannot be limited.
        progress: whether a bar appears once the walk has taken two seconds.
    Raises:
        TypeError: if ``train`` is no training function, or the executor is none.
        ValueError: if a number is out of its range, if a stage is unknown, if the store holds
            the runs of another training, or if the training ignores the rate.
        RuntimeError: if no run left a log.
        KeyboardInterrupt: from the keyboard; what was done is in the store.
    """
    plan = plan_walk(
        train, learning_rate, steps, seeds=seeds, comparison=comparison, factors=factors,
        optimizers=optimizers, objective=objective, budget=budget, only=only, skip=skip,
        reading=reading,
    )  # fmt: skip
    return carry_out(plan, store=store, executor=executor, time_limit=time_limit,
                     progress=progress)  # fmt: skip


def carry_out(
    plan: Plan,
    *,
    store: str | os.PathLike[str] | None = None,
    executor: Any = None,
    time_limit: float | None = None,
    progress: bool = True,
) -> Walk:
    """Walks as planned: see :func:`walk_playbook`."""
    place = Place(Store(store, plan.training.name), executor, time_limit)
    with tqdm(total=plan.cost.runs, unit="run", delay=2, disable=not progress) as bar:
        bench = Bench(plan, place, lambda _: bar.update())
        bar.set_description("sweep")
        stage, state = sweep_stage(bench)
        stages = [stage]
        for name in STAGES[1:]:
            bar.set_description(name)
            why = _why_not(name, plan, state)
            if why is not None or state is None:
                stages.append(Stage(name, False, said=(Said(why or "none feasible"),)))
                continue
            try:
                stage, state = WALKED[name](bench, state)
            except OverBudget:
                stage = Stage(name, False, said=(Said("budget"),))
            stages.append(stage)
    compared = stages[-1]
    same = state is None or state.best.settings == plan.baseline
    gained = compared.helped if compared.done else (False if same and state else None)
    chosen = plan.baseline if gained is False or state is None else state.best.settings
    runs = tuple(bench.runs.values())
    return Walk(
        plan, tuple(stages), state and state.sweep, state and state.unstable_rate,
        limited(plan, stages, state), chosen, gained, tuple(ignored(runs)), runs,
        sum(run.trained for run in runs),
    )  # fmt: skip


def limited(plan: Plan, stages: Sequence[Stage], state: State | None) -> bool | None:
    """Whether instability costs the training something: see :class:`Walk`.

    That an unstable rate lies near the best one is only a suspicion, for where the loss is least
    just below the edge by itself, no fix makes a higher rate pay. And that a fix did better with
    the few seeds of the search may be chance, which the comparison shows.
    """
    if state is None:
        return None
    present = next(t for t in stages[0].trials if t.settings == plan.baseline)
    too_high = present.unstable and plan.learning_rate > state.sweep.best_learning_rate
    fixes = [stage for stage in stages if stage.name in FIXES[:-1] and stage.done]
    refuted = stages[-1].done and not stages[-1].helped
    if too_high or (any(stage.helped for stage in fixes) and not refuted):
        return True
    return None if state.suspected and not fixes else False


def _why_not(name: str, plan: Plan, state: State | None) -> str | None:
    """Why a stage is not walked, a key of words; None if it is."""
    if name in plan.left_out:
        return plan.left_out[name]
    if state is None:
        return "none feasible"
    if name in FIXES and name not in plan.only:
        if not state.suspected:
            return "healthy"
        if name == "warmup" and state.late:
            return "late"
    if name == "warmup" and state.unstable_rate is None and not state.suspected:
        return "no edge"
    return None
