"""A lab's first picture and report are those of its compiled program, in Python and in the page."""

import numpy as np
import pytest

from book import BOOK, lab_page, labs
from stabsim.labs import LABS
from stabsim.labs.frame.lab import Lab, Values
from stabsim.labs.frame.picture import is_empty, rows
from stabsim.labs.frame.report import marks, reached, report
from tests.node import READ, in_node
from tests.tiers import in_turn

SCRIPT = (
    READ
    + 'import { sum, together } from "./engine.mjs";\n'
    + 'import { isEmpty, marks, reached, report, rows } from "./report.mjs";\n'
    + f"""import {{ readFile }} from "node:fs/promises";
const wasm = {{ headers: {{ "Content-Type": "application/wasm" }} }};
globalThis.fetch = async (file) =>
  new Response(await readFile(file), file.endsWith(".wasm") ? wasm : {{}});
globalThis.self = {{}};
await import("{BOOK}/web/worker.mjs");
"""
    + """
function run(program, values) {
  return new Promise((resolve, reject) => {
    self.postMessage = (answer) => (answer.error ? reject(answer.error) : resolve(answer.columns));
    self.onmessage({ data: { id: 1, models: given.models, program, values } });
  });
}
const said = [];
for (const [variant, inputs, values] of given.runs) {
  const program = given.lab.programs[variant];
  const parts = [];
  for (const own of inputs) parts.push(await run(program, own));
  const tables = {};
  program.outputs.forEach(([table, column], i) => {
    const join = given.lab.rows.includes(table) ? together : sum;
    (tables[table] ??= {})[column] = join(parts.map((part) => part[i]));
  });
  const { facts, sentences } = report(given.lab, given.words, tables, values);
  const drawn = given.lab.panels.map(({ table }) =>
    isEmpty(tables[table]) ? [] : rows(tables[table]));
  const marked = given.lab.panels.map((panel) => marks(given.lab, panel, tables, values, facts));
  const goals = given.lab.goals.map(([, conditions]) => reached(conditions, facts));
  said.push([sentences, goals, drawn, marked]);
}
console.log(JSON.stringify(said));
"""
)


@pytest.mark.parametrize("case", in_turn(LABS, *list(LABS)[::3]))
def test_first_words_are_those_of_the_first_touch_and_those_after_reset(site, case):
    name, language = case.split("-")
    lab = LABS[name]
    prepared = labs.prepare(name)
    firsts = prepared["first"]
    assert firsts
    away = {control.name: control.sample(np.random.default_rng(1)) for control in lab.controls}
    settings = [*(values for values, _ in firsts), away, firsts[0][0]]
    *there, _, reset = in_node(SCRIPT, {
        "models": f"{labs.MODELS}/",
        "runs": [[lab.variant(v), inputs(lab, v), v] for v in settings],
        "words": lab_page.frame(language),
        "lab": lab_page.description(lab, language, prepared["programs"]) | {"charts": []},
    })  # fmt: skip
    assert reset == there[0]
    for (values, columns), (sentences, done, drawn, marked) in zip(firsts, there, strict=True):
        tables = {n: {k: np.asarray(x, float) for k, x in t.items()} for n, t in columns.items()}
        said = report(lab, tables, values, language)
        assert sentences == said.sentences
        assert done == [reached(lab, said.facts, i) for i in range(len(lab.goals))]
        assert marked == [marks(lab, p, tables, values, said.facts, language) for p in lab.panels]
        for panel, points in zip(lab.panels, drawn, strict=True):
            table = tables[panel.table]
            # JSON writes the same number without its point, which Python then reads as another.
            read = [{k: x if x is None else float(x) for k, x in row.items()} for row in points]
            assert read == ([] if is_empty(table) else rows(table))


def inputs(lab: Lab, values: Values) -> list[dict[str, float]]:
    """What the page gives a program for each part: numbers, and positions of options."""
    given = [lab.arguments(values, part) for part in range(lab.parts)]
    return [{name: x.item() for name, x in one.items()} for one in given]
