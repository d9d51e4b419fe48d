"""A lab on a kernel: ipywidgets controls, and pictures that the kernel draws."""

import html
import math
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import ipywidgets as widgets

from stabsim._numerals import plain, read
from stabsim.labs.frame.charts import KEPT_COLORS, WIDTH
from stabsim.labs.frame.lab import Choice, Control, Lab, Panel, Slider, Tables, Values
from stabsim.labs.frame.picture import is_own, pictures, specifications
from stabsim.labs.frame.reading import at_cursor, opening, steps
from stabsim.labs.frame.report import Report, reached, report, setting, verdicts
from stabsim.labs.frame.words import FRAME


class Shown(NamedTuple):
    """A run that is, or was, seen."""

    values: Values
    tables: Tables
    said: Report


class LabWidget(widgets.VBox):
    """A lab's controls, pictures and report.

    A change of a control asks for a run. One thread runs, always the latest setting, so that
    a slider moved quickly never leaves a queue of stale runs behind.

    Attributes:
        values: the setting.
        runs: how many runs have been drawn.
    """

    def __init__(self, lab: Lab, values: Values, language: str) -> None:
        self.lab, self.values, self.language = lab, dict(values), language
        self.runs = 0
        self._first = dict(values)
        self._shown: Shown | None = None
        self._kept: list[tuple[Shown, str]] = []
        self._turn = threading.Condition()
        self._asked = self._done = 0
        self._fields = {c.name: self._field(c) for c in lab.controls}
        self._pictures = [widgets.HTML() for _ in lab.panels]
        self._report, self._note, self._there = (widgets.HTML() for _ in range(3))
        self._ticked: set[int] = set()
        self._goals, self._reached = widgets.HTML(), widgets.HTML()
        self._tick()
        self._list = widgets.VBox()
        buttons = [("reset", self.reset), ("keep", self.keep), ("python", self._show_code)]
        row = widgets.HBox([self._button(self._say(name), act) for name, act in buttons])
        super().__init__([
            widgets.HTML(f"<b>{html.escape(lab.title.in_(language))}</b>"), self._goals,
            self._reached,
            *self._under(""), *self._scrub(), self._there,
            *(part for name, field in self._fields.items() for part in (field, *self._under(name))),
            self._report, self._list, row, self._note,
        ])  # fmt: skip
        self._show_idle()
        threading.Thread(target=self._serve, daemon=True).start()
        self.ask()

    def _under(self, name: str) -> list[widgets.Widget]:
        """The pictures under a control; those above all of them for ""."""
        placed = zip(self._pictures, self.lab.panels, strict=True)
        return [picture for picture, panel in placed if panel.under == name]

    def _tick(self) -> None:
        """Show the goals, with a tick at each that was reached."""
        rows = [
            html.escape(goal.text.in_(self.language)) + " ✓" * (place in self._ticked)
            for place, goal in enumerate(self.lab.goals)
        ]
        title = f"<b>{self._say('goal' if len(rows) == 1 else 'goals')}:</b>"
        listed = f"<ol>{''.join(f'<li>{row}</li>' for row in rows)}</ol>"
        self._goals.value = f"{title} {rows[0] if len(rows) == 1 else listed}" if rows else ""

    def _say(self, name: str) -> str:
        return FRAME[name].in_(self.language)

    def _button(self, text: str, act: Any) -> widgets.Button:
        button = widgets.Button(description=text, layout={"width": "auto"})
        button.on_click(lambda _: act())
        return button

    def _field(self, control: Control) -> widgets.Widget:
        label = control.label.in_(self.language)
        style = {"description_width": "14em"}
        layout = {"width": "100%", "max_width": "44em"}
        value = self.values[control.name]
        if isinstance(control, Choice):
            options = [(o.label.in_(self.language), o.value) for o in control.options]
            field = widgets.Dropdown(options=options, value=value, description=label,
                                     style=style, layout=layout)  # fmt: skip
            field.observe(lambda change: self._set(control, change["new"]), "value")
            return field
        slider = widgets.IntSlider(
            control.position(float(value)),
            *control.ends,
            description=label,
            readout=False,
            style=style,
            layout=layout,
        )
        typed = widgets.Text(
            plain(value, self.language),  # type: ignore[arg-type]
            continuous_update=False,
            layout={"width": "7em"},
        )
        unit = widgets.Label(control.unit.of(value, self.language))  # type: ignore[arg-type]

        def moved(change: Any) -> None:
            # A number that was typed moves the slider too, and may lie between its positions.
            if change["new"] != control.position(float(self.values[control.name])):
                self._set(control, control.at(change["new"]))

        def written(change: Any) -> None:
            if change["new"] == plain(self.values[control.name], self.language):  # type: ignore[arg-type]
                return
            new = control.typed(change["new"], self.language)
            if new is None:
                low, high = (plain(x, self.language) for x in (control.low, control.high))
                which = "whole" if control.scale == "whole" else "range"
                asked = read(change["new"], self.language, control.unit.names(self.language))
                said = self._say(which).format(label=label, low=low, high=high)
                if not math.isnan(asked):
                    said += " " + self._say("reads").format(value=plain(asked, self.language))
                self._note.value = html.escape(said)
            else:
                self._set(control, new)

        slider.observe(moved, "value")
        typed.observe(written, "value")
        return widgets.HBox([slider, typed, unit])

    def _set(self, control: Control, value: Any) -> None:
        self.values[control.name] = value
        self._show(control)
        self._show_idle()
        self.ask()

    def _show(self, control: Control) -> None:
        """Bring a control to the setting."""
        field: Any = self._fields[control.name]
        value = self.values[control.name]
        if isinstance(control, Choice):
            field.value = value
            return
        slider, typed, unit = field.children
        slider.value = control.position(float(value))
        unit.value = control.unit.of(value, self.language)  # type: ignore[arg-type]
        typed.value = plain(value, self.language)  # type: ignore[arg-type]

    def _show_idle(self) -> None:
        """Disable what does nothing in the setting, and say why."""
        idle = self.lab.idle(self.values)
        for control in self.lab.controls:
            field: Any = self._fields[control.name]
            parts = field.children if isinstance(control, Slider) else (field,)
            for part in parts[:2]:
                part.disabled = control.name in idle
            why = idle[control.name].in_(self.language) if control.name in idle else ""
            if isinstance(control, Slider):
                unit = control.unit.of(self.values[control.name], self.language)  # type: ignore[arg-type]
                parts[2].value = why or unit  # type: ignore[misc]
            else:
                field.tooltip = why

    # --- the cursor ---

    def _scrub(self) -> list[widgets.Widget]:
        """What moves the cursor: Play, or a slider over the steps."""
        self._step = widgets.IntSlider(0, 0, 0, description=self._say("cursor"), readout=False,
                                       style={"description_width": "14em"},
                                       layout={"width": "100%", "max_width": "44em"})  # fmt: skip
        if not self.lab.cursor:
            return []
        self._play = widgets.Play(min=0, max=0, interval=200)
        widgets.link((self._play, "value"), (self._step, "value"))
        self._step.observe(lambda _: self._turn_to(), "value")
        return [widgets.HBox([self._play, self._step])]

    def _turn_to(self) -> None:
        """Draw what changes with the cursor, and say the values there."""
        if self._shown is not None:
            tables, specs = self._shown.tables, specifications(self.lab, self.language)
            changing = [
                panel
                for panel, spec in zip(self.lab.panels, specs, strict=True)
                if "since" in tables[panel.table] or is_own(spec)
            ]
            self._draw(self._shown, changing)
        self._look()

    def _look(self) -> None:
        """Say the values at the cursor, the kept runs' too."""
        if self._shown is not None and self.lab.cursor:
            runs = [self._shown.tables, *(run.tables for run, _ in self._kept)]
            lines = at_cursor(self.lab, runs, self._step.value, self.language)
            self._there.value = "<br>".join(map(html.escape, lines))

    # --- what the buttons do ---

    def reset(self) -> None:
        """Back to the first setting."""
        for control in self.lab.controls:
            self.values[control.name] = self._first[control.name]
            self._show(control)
        self._show_idle()
        self.ask()

    def keep(self) -> None:
        """Keep the run that is shown, to compare others with; up to four."""
        if len(self._kept) == len(KEPT_COLORS):
            self._note.value = html.escape(self._say("full"))
        elif self._shown is not None:
            run = self._shown
            name = setting(self.lab, run.values, self._first, self.language)
            verdict = verdicts(self.lab, run.said, self.language)
            self._kept = [*self._kept, (run, f"{name}: {verdict}")]
            self._show_kept()

    def _show_kept(self) -> None:
        def line(one: tuple[Shown, str], color: str) -> widgets.Widget:
            def remove() -> None:
                self._kept = [other for other in self._kept if other is not one]
                self._show_kept()

            text = one[1]
            button = self._button("×", remove)
            button.tooltip = self._say("forget").format(run=text)
            named = f'<span style="color: {color}">●</span> {html.escape(text)}'
            return widgets.HBox([widgets.HTML(named), button])

        self._list.children = [
            line(one, color) for one, color in zip(self._kept, KEPT_COLORS, strict=False)
        ]
        self.ask()

    def _show_code(self) -> None:
        self._note.value = f"<pre>{html.escape(self.lab.python(self.values))}</pre>"

    # --- running ---

    def ask(self) -> None:
        """Ask for a run of the present setting."""
        with self._turn:
            self._asked += 1
            self._turn.notify_all()

    def wait(self, seconds: float = 120.0) -> bool:
        """Wait until the latest setting is drawn; whether it was."""
        with self._turn:
            return self._turn.wait_for(lambda: self._done == self._asked, seconds)

    def _serve(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._done != self._asked)
                asked, values = self._asked, dict(self.values)
            try:
                self._run(values)
            except Exception as error:  # whatever it is, the reader sees it here or nowhere
                message = self._say("failed").format(error=error)
                self._note.value = f'<span role="alert">{html.escape(message)}</span>'
            with self._turn:
                self._done = asked
                self._turn.notify_all()

    def _draw(self, shown: Shown, panels: Sequence[Panel]) -> None:
        """Draw some panels as of the cursor."""
        lab = replace(self.lab, panels=tuple(panels))
        at = float(steps(self.lab, shown.tables)[self._step.value]) if self.lab.cursor else None
        kept = [run.tables for run, _ in self._kept]
        drawn = pictures(lab, shown.tables, shown.values, shown.said.facts, self.language, WIDTH,
                         kept, at)  # fmt: skip
        for panel, svg in zip(panels, drawn, strict=True):
            alt = html.escape(panel.alt.in_(self.language))
            place = self._pictures[self.lab.panels.index(panel)]
            place.value = f'<div role="img" aria-label="{alt}">{svg}</div>' if svg else ""

    def _run(self, values: Values) -> None:
        tables = self.lab.compute(values)
        said = report(self.lab, tables, values, self.language)
        first, self._shown = self._shown is None, Shown(values, tables, said)
        if self.lab.cursor:
            along = steps(self.lab, tables)
            self._step.max = self._play.max = len(along) - 1
            if first:
                self._step.value = opening(self.lab, along)
            self._look()
        self._draw(self._shown, self.lab.panels)
        self._report.value = "<br>".join(map(html.escape, said.sentences))
        now = [i for i in range(len(self.lab.goals)) if reached(self.lab, said.facts, i)]
        self._ticked.update(now)
        self._tick()
        self._reached.value = f"✓ {self._say('reached')}" if now else ""
        self._note.value = self._say("kernel")
        self.runs += 1
