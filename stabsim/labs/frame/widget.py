"""A lab on a kernel: ipywidgets controls, and pictures that the kernel draws."""

import html
import threading
from typing import Any

import ipywidgets as widgets

from stabsim.labs.frame.charts import WIDTH
from stabsim.labs.frame.lab import Choice, Control, Lab, Tables, Values
from stabsim.labs.frame.picture import pictures
from stabsim.labs.frame.report import reached, report
from stabsim.labs.frame.words import FRAME


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
        self._tables: Tables | None = None
        self._ghost: Tables | None = None
        self._turn = threading.Condition()
        self._asked = self._done = 0
        self._fields = {c.name: self._field(c) for c in lab.controls}
        self._pictures = [widgets.HTML() for _ in lab.panels]
        self._report, self._note = widgets.HTML(), widgets.HTML()
        goal = widgets.HTML()
        if lab.goal is not None:
            goal.value = f"<b>{self._say('goal')}:</b> {html.escape(lab.goal.text.in_(language))}"
        self._goal = widgets.HTML()
        buttons = [("reset", self.reset), ("keep", self.keep), ("python", self._show_code)]
        row = widgets.HBox([self._button(name, act) for name, act in buttons])
        super().__init__([
            widgets.HTML(f"<b>{html.escape(lab.title.in_(language))}</b>"), goal, self._goal,
            *self._pictures, self._report, *self._fields.values(), row, self._note,
        ])  # fmt: skip
        threading.Thread(target=self._serve, daemon=True).start()
        self.ask()

    def _say(self, name: str) -> str:
        return FRAME[name].in_(self.language)

    def _button(self, name: str, act: Any) -> widgets.Button:
        button = widgets.Button(description=self._say(name), layout={"width": "auto"})
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
        shown = widgets.Label(control.written(value, self.language))  # type: ignore[arg-type]

        def moved(change: Any) -> None:
            new = control.at(change["new"])
            shown.value = control.written(new, self.language)
            self._set(control, new)

        slider.observe(moved, "value")
        return widgets.HBox([slider, shown])

    def _set(self, control: Control, value: Any) -> None:
        self.values[control.name] = value
        self.ask()

    # --- what the buttons do ---

    def reset(self) -> None:
        """Back to the first setting."""
        for control in self.lab.controls:
            field = self._fields[control.name]
            value = self._first[control.name]
            if isinstance(control, Choice):
                field.value = value  # type: ignore[attr-defined]
            else:
                position = control.position(float(value))
                field.children[0].value = position  # type: ignore[attr-defined]
            self.values[control.name] = value
        self.ask()

    def keep(self) -> None:
        """Keep this run to compare the next with, or forget the kept one."""
        self._ghost = None if self._ghost else self._tables
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

    def _run(self, values: Values) -> None:
        tables = self.lab.compute(values)
        said = report(self.lab, tables, values, self.language)
        drawn = pictures(self.lab, tables, self.language, WIDTH, self._ghost)
        self._tables = tables
        for place, panel, svg in zip(self._pictures, self.lab.panels, drawn, strict=True):
            alt = html.escape(panel.alt.in_(self.language))
            place.value = f'<div role="img" aria-label="{alt}">{svg}</div>' if svg else ""
        self._report.value = "<br>".join(map(html.escape, said.sentences))
        done = reached(self.lab, said.facts)
        self._goal.value = f"✓ {self._say('reached')}" if done else ""
        self._note.value = self._say("kernel")
        self.runs += 1
