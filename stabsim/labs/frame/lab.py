"""A lab: one experiment, declared once, that runs on a kernel and in a static page alike."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import product
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from stabsim._numerals import read
from stabsim._words import Text, number, three_digits
from stabsim.labs.frame.units import NOTHING, Unit

Values = dict[str, float | int | str]
"""A setting: each control's value by its name."""

PLACE = re.compile(r"\{(\w+)\}")
"""Where a control's value stands in a lab's Python. Other braces are Python's own."""

Tables = dict[str, dict[str, Any]]
"""What a run comes to: columns by name, in tables by name."""


class Idle(NamedTuple):
    """Where a control does nothing: another's values, and why."""

    control: str
    values: tuple[str, ...]
    reason: Text


@dataclass(frozen=True)
class Slider:
    """A number.

    Attributes:
        name: the keyword that the lab's function gets.
        label: what it is called.
        low, high: its range.
        default: where it begins.
        scale: "log", "linear" or "whole" (whole numbers).
        positions: how many steps the slider has, but for whole numbers.
        unit: what it counts.
        idle: where it does nothing.
    """

    name: str
    label: Text
    low: float | int
    high: float | int
    default: float | int
    scale: str = "linear"
    positions: int = 100
    unit: Unit = NOTHING
    idle: Idle | None = None

    def check(self, value: Any) -> float | int:
        """The value, if it lies in the range.

        Raises:
            TypeError: if it is no number.
            ValueError: if it is out of range, or not whole where it must be.
        """
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise TypeError(f"{self.name} must be a number, not {value!r}.")
        if not self.low <= value <= self.high:
            raise ValueError(
                f"{self.name} must be from {self.low:g} to {self.high:g}; it is {value}."
            )
        if self.scale != "whole":
            return float(value)
        if value != int(value):
            raise ValueError(f"{self.name} must be a whole number; it is {value}.")
        return int(value)

    @property
    def ends(self) -> tuple[int, int]:
        """The slider's first and last position."""
        return (int(self.low), int(self.high)) if self.scale == "whole" else (0, self.positions)

    def position(self, value: float | int) -> int:
        """The position nearest to a value."""
        if self.scale == "whole":
            return int(value)
        if self.scale == "log":
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(share * self.positions)

    def at(self, position: int) -> float | int:
        """The value at a position."""
        if self.scale == "whole":
            return position
        share = position / self.positions
        if self.scale == "log":
            return three_digits(self.low * (self.high / self.low) ** share)
        return three_digits(self.low + (self.high - self.low) * share)

    def sample(self, rng: np.random.Generator) -> float | int:
        """The value at a position drawn at random."""
        low, high = self.ends
        return self.at(int(rng.integers(low, high + 1)))

    def typed(self, text: str, language: str) -> float | int | None:
        """The value that a reader typed; None if it is no number of the range."""
        value = read(text, language, self.unit.names(language))
        return self.check(value) if self._takes(value) else None

    def _takes(self, value: float) -> bool:
        in_range = self.low <= value <= self.high
        return in_range and (self.scale != "whole" or value == int(value))

    def written(self, value: float | int, language: str) -> str:
        unit = self.unit.of(value, language)
        return number(value, language) + (f" {unit}" if unit else "")

    def python(self, value: Any) -> str:
        """The value as Python writes it: a point in every number but the whole ones."""
        return str(self.check(value))


class Option(NamedTuple):
    """One choice: its value, what it is called, and the Python that stands for it."""

    value: str
    label: Text
    code: str = ""


@dataclass(frozen=True)
class Choice:
    """One of several.

    Attributes:
        name: the keyword that the lab's function gets, as the position of the chosen option;
            or as its value, where the choice is static.
        label: what it is called.
        options: what can be chosen; the first is the default.
        static: whether it changes the program: then each option is compiled by itself.
        idle: where it does nothing.
    """

    name: str
    label: Text
    options: tuple[Option, ...]
    static: bool = False
    idle: Idle | None = None

    @property
    def default(self) -> str:
        return self.options[0].value

    def check(self, value: Any) -> str:
        """The value, if it is an option.

        Raises:
            ValueError: if it is not.
        """
        known = [option.value for option in self.options]
        if value not in known:
            raise ValueError(f"{self.name} must be one of {', '.join(known)}; it is {value!r}.")
        return value

    def sample(self, rng: np.random.Generator) -> str:
        return str(rng.choice([option.value for option in self.options]))

    def position(self, value: str) -> int:
        return [option.value for option in self.options].index(value)

    def written(self, value: str, language: str) -> str:
        return self.options[self.position(value)].label.in_(language)

    def python(self, value: str) -> str:
        """The Python that stands for the option."""
        option = self.options[self.position(value)]
        return option.code or option.value


Control = Slider | Choice


class Curve(NamedTuple):
    """A loss curve that the lab's report diagnoses: where it lies, and what it is called."""

    table: str
    column: str
    label: Text = Text("", "")


class Fact(NamedTuple):
    """A number that the lab's report states: the first entry of a column, whose name it bears.

    Attributes:
        table, column: where it lies.
        text: the sentence that states it, in place of ``{value}``. One that is NaN is not stated.
    """

    table: str
    column: str
    text: Text


class Panel(NamedTuple):
    """A chart over one of the tables.

    Attributes:
        table: its name; the chart's data are the named data "run", "ghost" for the kept runs, by
            number in the column ``kept``, and "marks" for what :func:`report.marks` adds. Where the
            table has columns ``since`` and ``until``, a row is seen only while the cursor stands
            from the one to the other.
        chart: from a language to an Altair chart of a single view.
        alt: what it shows, for those who do not see it.
        click: sliders that a click on a mark sets, in the page, to the mark's columns of the
            same names.
        over: the column that a cursor goes along, if a cursor does; the horizontal axis, but
            where ``columns`` are ``x`` and ``y``, a place in the plane.
        along: what that is called.
        columns: what is drawn over it, and what that is called.
        level: the slider whose value is a height in the chart: a line that can be dragged.
        ends: the fact that is where its line ends.
        under: the slider under which it stands, small, because it draws what that slider changes.
            Such panels come last.
    """

    table: str
    chart: Callable[[str], Any]
    alt: Text
    click: tuple[str, ...] = ()
    over: str = ""
    along: Text = Text("", "")
    columns: tuple[tuple[str, Text], ...] = ()
    level: str = ""
    ends: str = ""
    under: str = ""

    @property
    def names(self) -> list[str]:
        """The columns that are drawn, by their names alone."""
        return [name for name, _ in self.columns]


class Goal(NamedTuple):
    """What the reader should reach, and how the lab knows.

    Attributes:
        text: the task.
        conditions: (name, relation, value) triples that must hold, the relation one of "<",
            ">", "=="; a name is a control or one of the report's facts, among them
            ``changes``, the number of controls, but for the seed, that are not as they began.
    """

    text: Text
    conditions: tuple[tuple[str, str, float | str], ...]


class GoalLine(NamedTuple):
    """A goal's height in a chart.

    Attributes:
        y: the height.
        of: the curve of which it is asked, where several are drawn.
        where: the menus of a setting in which it is drawn, by control; none if in all.
    """

    y: float
    of: Text
    where: dict[str, float | str]


@dataclass(frozen=True)
class Lab:
    """One experiment.

    Attributes:
        name: as in ``stabsim.labs.show(name)``.
        title: what it is called.
        controls: what can be set.
        run: from the controls' values to tables, a function that ``jax.jit`` takes.
        panels: the charts.
        curves: the loss curves to diagnose. Their facts are ``verdict``, ``initial_loss``,
            ``final_loss`` and ``peak_loss`` for the first, and the same with ``_2``, ... for
            the others.
        code: Python that repeats the run; ``{name}`` stands for a control's value, other braces
            for themselves.
        goals: what to reach, if anything. With several, each speaks of settings of its own: those
            in which its menus are chosen as its conditions say.
        facts: numbers to state, by the names of their columns.
        sweep: whether the table "sweep" holds a ``learning_rate`` and a ``loss`` of shape
            ``(rates, steps)``. Their reading is added to the table "axis", and the report.
        parts: into how many runs it falls that need nothing of each other. If more than 1, ``run``
            gets the place of one as ``part`` and gives that one's share of the tables; the page
            has as many of them computed at once as the device has cores.
        rows: the tables whose rows are those of the parts, one after the other; the others' columns
            are added up.
        opens: the step at which the cursor stands at first, and as of which pictures that change
            with it are drawn; infinity for the end of the run.
    """

    name: str
    title: Text
    controls: tuple[Control, ...]
    run: Callable[..., Tables]
    panels: tuple[Panel, ...]
    curves: tuple[Curve, ...]
    code: str
    goals: tuple[Goal, ...] = ()
    sweep: bool = False
    facts: tuple[Fact, ...] = ()
    parts: int = 1
    rows: tuple[str, ...] = ()
    opens: float | int = math.inf

    @property
    def defaults(self) -> Values:
        return {control.name: control.default for control in self.controls}

    def control(self, name: str) -> Control:
        return next(c for c in self.controls if c.name == name)

    @property
    def cursor(self) -> str:
        """The column that the cursor goes along: steps, where there are any; "" for no cursor."""
        along = [panel.over for panel in self.panels if panel.over]
        return "step" if "step" in along else next(iter(along), "")

    def idle(self, values: Values) -> dict[str, Text]:
        """The controls that do nothing in a setting, and why."""
        return {
            c.name: c.idle.reason
            for c in self.controls
            if c.idle is not None and values[c.idle.control] in c.idle.values
        }

    @property
    def asked(self) -> set[str]:
        """What the goals rest on: controls and facts."""
        return {name for goal in self.goals for name, *_ in goal.conditions}

    def goal_key(self, place: int) -> str:
        """What the goal at a place is called where it is kept that it was reached."""
        return self.name if place == 0 else f"{self.name}-{place + 1}"

    def goal_lines(self, panel: Panel) -> list[GoalLine]:
        """The heights in a panel that the goals ask a final value to lie below, or above."""
        drawn = {
            "final_loss" + ("" if place == 1 else f"_{place}"): curve.label
            for place, curve in enumerate(self.curves, 1)
            if curve.table == panel.table and curve.column in panel.names
        } | {panel.ends: Text("", "")}
        return [
            GoalLine(float(value), drawn[name], self._menus(goal) if len(self.goals) > 1 else {})
            for goal in self.goals
            for name, how, value in goal.conditions
            if name in drawn and how != "=="
        ]

    def _menus(self, goal: Goal) -> dict[str, float | str]:
        """The menus that a goal asks for."""
        names = {control.name for control in self.controls if isinstance(control, Choice)}
        return {
            name: value for name, how, value in goal.conditions if name in names and how == "=="
        }

    def setting(self, changes: Mapping[str, Any]) -> Values:
        """The defaults with ``changes``.

        Raises:
            TypeError: if a control is unknown, or a value of the wrong kind.
            ValueError: if a value is out of range.
        """
        known = {control.name: control for control in self.controls}
        if unknown := sorted(set(changes) - set(known)):
            raise TypeError(f"{self.name} has no control {', '.join(unknown)}: it has "
                            f"{', '.join(known)}.")  # fmt: skip
        return self.defaults | {name: known[name].check(value) for name, value in changes.items()}

    # --- running ---

    @property
    def _static(self) -> list[Choice]:
        return [c for c in self.controls if isinstance(c, Choice) and c.static]

    def variant(self, values: Values) -> str:
        """The name of the program that runs a setting."""
        return "-".join([self.name, *(str(values[c.name]) for c in self._static)])

    def variants(self) -> dict[str, Values]:
        """Every program, by name, with the static choices that make it."""
        named = [[(c.name, option.value) for option in c.options] for c in self._static]
        chosen: list[Values] = [dict(pairs) for pairs in product(*named)]
        return {self.variant(self.defaults | one): one for one in chosen}

    def arguments(self, values: Values, part: int = 0) -> dict[str, np.ndarray]:
        """What the program of a setting is given: float32 numbers, int32 counts and positions."""
        given: dict[str, np.ndarray] = {}
        if self.parts > 1:
            given["part"] = np.asarray(part, np.int32)
        for control in self.controls:
            value = values[control.name]
            if isinstance(control, Slider):
                kind = np.int32 if control.scale == "whole" else np.float32
                given[control.name] = np.asarray(value, kind)
            elif not control.static:
                given[control.name] = np.asarray(control.position(str(value)), np.int32)
        return given

    def program(self, static: Values) -> Callable[[dict[str, Any]], Tables]:
        """The function of :meth:`arguments` that is jitted here and compiled for the page."""

        def run(given: dict[str, Any]) -> Tables:
            tables = self.run(**static, **given)
            return {name: {k: jnp.asarray(v) for k, v in t.items()} for name, t in tables.items()}

        return run

    def joined(self, parts: Sequence[Tables]) -> Tables:
        """The whole of what the parts come to."""
        if self.parts == 1:
            return parts[0]

        def column(table: str, name: str) -> np.ndarray:
            every = [np.asarray(part[table][name]) for part in parts]
            return np.concatenate(every) if table in self.rows else reduce(np.add, every)

        return {t: {name: column(t, name) for name in columns} for t, columns in parts[0].items()}

    @cached_property
    def _jitted(self) -> dict[str, Any]:
        return {}

    def compute(self, values: Values) -> Tables:
        """Run a setting here."""
        variant = self.variant(values)
        if variant not in self._jitted:
            static = {c.name: values[c.name] for c in self._static}
            self._jitted[variant] = jax.jit(self.program(static))
        run = self._jitted[variant]
        found = [run(self.arguments(values, part)) for part in range(self.parts)]
        return self.joined([
            {n: {k: np.asarray(v) for k, v in t.items()} for n, t in part.items()} for part in found
        ])  # fmt: skip

    def python(self, values: Values) -> str:
        """Python that repeats a setting with stabsim."""
        written = {c.name: c.python(values[c.name]) for c in self.controls}  # type: ignore[arg-type]

        def filled(code: str) -> str:
            return PLACE.sub(lambda m: written.get(m[1], m[0]), code)

        return filled(filled(self.code))  # twice, for an option's code may hold controls too
