"""What trains once and gives a log: a function that JAX traces, any function, or a command."""

import inspect
import re
import shlex
import shutil
import tempfile
import traceback
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stabsim._extras import extra
from stabsim.playbook import command
from stabsim.playbook.command import PLACEHOLDER, Reading
from stabsim.playbook.runs import Ended, Run, Settings, series_of
from stabsim.playbook.store import Store

OPTIONAL = ("warmup_steps", "seed", "clip", "optimizer")
"""What a training may take beside the learning rate and the steps."""


Results = Generator[tuple[Settings, Ended], None, None]
"""Runs as they end."""


class Place(NamedTuple):
    """Where runs go.

    Attributes:
        store: what holds those that have ended.
        executor: where they run: see :func:`stabsim.playbook.walk`.
        time_limit: the seconds that each may take; None for as long as it likes.
    """

    store: Store
    executor: Any = None
    time_limit: float | None = None


class Traced(NamedTuple):
    """A function ``train(learning_rate, steps, seed) -> Trace`` that JAX traces.

    Attributes:
        train: the function; the learning rate is a number or a schedule.
        takes: which of :data:`OPTIONAL` it takes. A warmup is in the schedule.
    """

    train: Callable[..., Any]
    takes: frozenset[str]

    @property
    def name(self) -> str:
        return _name(self.train)

    def results(self, wanted: Sequence[Settings], place: Place) -> Results:
        """Runs of one kind in one program, all as long as the longest, each cut to its length."""
        kinds: dict[tuple[bool, bool, str | None], list[Settings]] = {}
        for one in wanted:
            kind = (one.warmup_steps > 0, one.clip is not None, one.optimizer)
            kinds.setdefault(kind, []).append(one)
        for kind, some in kinds.items():
            yield from self._sweep(some, *kind, place.executor)

    def _sweep(
        self, wanted: list[Settings], warm: bool, clips: bool, optimizer: str | None, executor: Any
    ) -> Results:
        import jax.numpy as jnp

        from stabsim.schedules import warmup_then_constant
        from stabsim.sweeps.sweep import sweep
        from stabsim.trace import Trace

        steps = max(one.steps for one in wanted)
        points = [*dict.fromkeys(one._replace(seed=0) for one in wanted)]
        seeds = [*dict.fromkeys(one.seed for one in wanted)]
        rates = jnp.asarray([one.learning_rate for one in points], jnp.float32)
        lengths = jnp.asarray([one.warmup_steps for one in points])
        clip = jnp.asarray([one.clip or 0.0 for one in points], jnp.float32)

        def experiment(point: Any, seed: Any) -> Trace:
            rate = warmup_then_constant(rates[point], lengths[point]) if warm else rates[point]
            more: dict[str, Any] = {"clip": clip[point]} if clips else {}
            if optimizer is not None:
                more["optimizer"] = optimizer
            return self.train(rate, steps, seed, **more)

        runs = sweep(
            experiment, point=list(range(len(points))), seed=seeds, progress=False,
            executor=executor,
        )  # fmt: skip
        for one in wanted:
            run = runs.sel(point=points.index(one._replace(seed=0)), seed=one.seed)
            step = np.arange(float(one.steps))
            names = {"loss": "loss", "gradient_norm": "gradient_norm",
                     "learning_rate": "learning_rate_at_step"}  # fmt: skip
            series = {
                name: (step, run[column].to_numpy()[: one.steps].astype(float))
                for name, column in names.items()
            }
            if "validation_loss" in run:
                at = run["evaluation_step"].to_numpy().astype(float)
                value = run["validation_loss"].to_numpy().astype(float)
                series["validation_loss"] = (at[at <= one.steps], value[at <= one.steps])
            yield one, Ended("done", series)


class Function(NamedTuple):
    """Any function ``train(learning_rate, warmup_steps, steps, seed, clip=None)``.

    Attributes:
        train: the function, called once a run with plain numbers, by name; what it returns is read
            by :func:`stabsim.playbook.runs.series_of`.
        takes: which of :data:`OPTIONAL` it takes.
    """

    train: Callable[..., Any]
    takes: frozenset[str]

    @property
    def name(self) -> str:
        return _name(self.train)

    def results(self, wanted: Sequence[Settings], place: Place) -> Results:
        """Runs one by one, or on the executor."""
        return _results(self, wanted, place)

    def attempt(self, settings: Settings, time_limit: float | None) -> Ended:
        """A call here; in a process of its own, which can be ended, if its time is limited."""
        given = {"learning_rate": settings.learning_rate, "steps": settings.steps}
        given |= {name: getattr(settings, name) for name in self.takes}
        given = {name: value for name, value in given.items() if value is not None}
        if time_limit is not None:
            return self._alone(given, settings, time_limit)
        try:
            return Ended("done", *series_of(self.train(**given)))
        except Exception as error:
            if isinstance(error, TypeError) and "a training function must" in str(error):
                raise
            return Ended("crashed", output=traceback.format_exc())

    def _alone(self, given: dict[str, Any], settings: Settings, time_limit: float) -> Ended:
        import sys

        with extra("cluster"):
            import cloudpickle
        with tempfile.TemporaryDirectory(prefix="stabsim-") as scratch:
            call = Path(scratch) / "call"
            call.write_bytes(cloudpickle.dumps((self.train, given)))
            template = (sys.executable, "-m", "stabsim.playbook.alone", str(call), "{out}")
            return command.attempt(template, settings, Reading(kind="jsonl"), time_limit)


class Command(NamedTuple):
    """A command line with placeholders, ``python train.py --lr {learning_rate} ...``.

    Attributes:
        template: its words.
        reading: how its log is read.
    """

    template: tuple[str, ...]
    reading: Reading = Reading()

    @property
    def name(self) -> str:
        return shlex.join(self.template)

    @property
    def takes(self) -> frozenset[str]:
        return frozenset(PLACEHOLDER.findall(self.name)) & frozenset(OPTIONAL)

    def results(self, wanted: Sequence[Settings], place: Place) -> Results:
        """Runs one by one, or on the executor."""
        return _results(self, wanted, place)

    def attempt(self, settings: Settings, time_limit: float | None) -> Ended:
        return command.attempt(self.template, settings, self.reading, time_limit)


Training = Traced | Function | Command


def training(given: Any, reading: Reading = Reading()) -> Training:  # noqa: B008, a constant
    """What trains, found by what is given.

    Args:
        given: a function that takes ``warmup_steps`` (:class:`Function`) or does not
            (:class:`Traced`), or a command as one string or a list of words (:class:`Command`).
        reading: how a command's log is read.
    Raises:
        TypeError: if it is neither, or the function lacks an argument that is needed.
        ValueError: if the command lacks a placeholder that is needed, or is not to be found.
    """
    if isinstance(given, Traced | Function | Command):
        return given
    if callable(given):
        names = inspect.signature(given).parameters
        anything = any(one.kind is one.VAR_KEYWORD for one in names.values())
        takes = frozenset(name for name in OPTIONAL if name in names or anything)
        if "warmup_steps" in takes:
            for name in ("learning_rate", "steps"):
                if name not in names and not anything:
                    raise TypeError(
                        "a training function must take learning_rate, warmup_steps, steps and "
                        f"perhaps seed, clip and optimizer; {_name(given)} takes {[*names]}."
                    )
            return Function(given, takes)
        if len(names) < 3:
            raise TypeError(
                "a training function that JAX traces must take learning_rate, steps and seed; "
                f"{_name(given)} takes {[*names]}."
            )
        return Traced(given, takes | {"warmup_steps", "seed"})
    words = shlex.split(given) if isinstance(given, str) else given
    if not isinstance(words, Sequence) or not all(isinstance(word, str) for word in words):
        raise TypeError(f"train must be a function or a command, not {given!r}.")
    made = Command(tuple(words), reading)
    for name in ("learning_rate", "steps"):
        if f"{{{name}}}" not in made.name:
            raise ValueError(
                f"the command must say where {{{name}}} goes, as in python train.py --lr "
                f"{{learning_rate}} --max-steps {{steps}}; it is {made.name!r}."
            )
    for name in re.findall(r"\{([a-z_]+)\}", made.name):
        if not PLACEHOLDER.fullmatch(f"{{{name}}}"):
            raise ValueError(
                f"the command holds {{{name}}}, which is none of its placeholders: "
                "{learning_rate}, {steps}, {warmup_steps}, {seed}, {clip}, {optimizer} and {out}."
            )
    if shutil.which(words[0]) is None:
        raise ValueError(f"the command {words[0]!r} is not to be found.")
    return made


def _name(train: Callable[..., Any]) -> str:
    return getattr(train, "__qualname__", None) or repr(train)


def run_all(
    train: Training,
    wanted: Sequence[Settings],
    place: Place,
    advance: Callable[[Run], object] = lambda _: None,
) -> list[Run]:
    """The runs with these settings, in their order: those that are not stored are run.

    Args:
        train: what trains.
        wanted: the settings.
        place: where the runs go.
        advance: called with each run as it ends, or as it is found.
    """
    found: dict[Settings, Run] = {}
    for one in dict.fromkeys(wanted):
        if (run := place.store.get(one)) is not None:
            found[one] = run
            advance(run)
    missing = [one for one in dict.fromkeys(wanted) if one not in found]
    with closing(train.results(missing, place)) as results:
        for one, ended in results:
            found[one] = place.store.keep(one, ended)
            advance(found[one])
    return [found[one] for one in wanted]


def _results(train: Function | Command, wanted: Sequence[Settings], place: Place) -> Results:
    """Runs as they end, here one by one or on an executor.

    Where a worker dies, the runs that were under way are run again one by one, so that it is
    known of which it dies: that one was killed.
    """
    if place.executor is None:
        for one in wanted:
            yield one, train.attempt(one, place.time_limit)
        return
    from stabsim.sweeps.workers import Pool, is_death

    pool, rounds = Pool(place.executor), [list(wanted)]
    try:
        while rounds:
            some = rounds.pop(0)
            futures = {
                _submit(pool, train, one, place.time_limit): one for one in some
            }  # fmt: skip
            lost, death = [], None
            try:
                for future in as_completed(futures):
                    try:
                        yield futures[future], future.result()
                    except Exception as error:
                        if not is_death(error):
                            raise
                        lost.append(futures[future])
                        death = error
            except BaseException:
                for future in futures:
                    future.cancel()
                command.end_all()
                raise
            if death is not None:
                pool.mend(death)
                if len(some) == 1:
                    yield some[0], Ended("killed", output=f"Its worker died: {death}")
                else:
                    rounds += [[one] for one in lost]
    finally:
        pool.close()


def _submit(pool: Any, train: Function | Command, settings: Settings, limit: float | None) -> Any:
    if isinstance(pool.executor, ThreadPoolExecutor):
        return pool.submit(train.attempt, settings, limit)
    if isinstance(train, Command):
        return pool.submit(command.attempt, train.template, settings, train.reading, limit)
    with extra("cluster"):
        import cloudpickle
    return pool.submit(attempt_there, cloudpickle.dumps(train), settings, limit)


def attempt_there(pickled: bytes, settings: Settings, time_limit: float | None) -> Ended:
    """A call of a function on a worker, to which it travels by value."""
    import cloudpickle

    return cloudpickle.loads(pickled).attempt(settings, time_limit)
