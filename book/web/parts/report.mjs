// What a lab says about a run: the facts and sentences of stabsim/labs/frame/report.py.

import { diagnose, diagnoseSweep, tail } from "./diagnosis.mjs";
import { evidence } from "./evidence.mjs";
import { fill, number } from "./numbers.mjs";
import { isIdle } from "./settings.mjs";

/** Facts by name, a sentence a curve, and those of the facts. Completes the table "axis" of a sweep. */
export function report(lab, words, tables, values) {
  const write = (x) => number(x, words.language);
  const changed = lab.controls.filter((c) => c.name !== "seed" && values[c.name] !== c.default);
  const facts = { ...values, changes: changed.length };
  const sentences = lab.sweep ? readSweep(words, tables, facts, write) : [];
  lab.curves.forEach(([table, column, label], place) => {
    const loss = Array.from(tables[table][column]);
    const found = diagnose(loss, words.rules);
    sentences.push(sentence(found, words, label, loss));
    const suffix = place ? `_${place + 1}` : "";
    const peaks = found.rises.map((rise) => rise.peak);
    if (found.end !== null) peaks.push(Infinity);
    facts[`verdict${suffix}`] = found.verdict;
    facts[`initial_loss${suffix}`] = found.initial;
    facts[`final_loss${suffix}`] = found.final;
    facts[`peak_loss${suffix}`] = Math.max(found.initial, ...peaks);
    facts[`diverged_at${suffix}`] = found.end ?? NaN;
  });
  const asked = lab.goals.flatMap(([, conditions]) => conditions.map(([name]) => name));
  const isAsked = (fact) => asked.includes(fact);
  for (const [table, column] of lab.facts) facts[column] = tables[table][column][0];
  const known = lab.facts.filter(([, column]) => !Number.isNaN(facts[column]));
  const told = known.map(([, column, text]) => fill(text, { value: write(facts[column]) }));
  if (isAsked("changes")) told.push(fill(words.evidence.changes, facts));
  // What the goal rests on comes first, for a long report is seen from its beginning.
  const isFirst = isAsked("changes") || known.some(([, column]) => isAsked(column));
  if (told.length) sentences.splice(isFirst ? 0 : sentences.length, 0, told.join(" "));
  return { facts, sentences };
}

function sentence(found, words, label, loss) {
  const [verdict, ...others] = evidence(found, words);
  const top = Math.max(...loss);
  if (found.verdict === "stable" && top > words.rules.CATAPULT * found.initial) {
    const values = { peak: number(top, words.language), step: loss.indexOf(top) };
    others.splice(1, 0, fill(words.evidence.leap, values));
  }
  const first = label ? `${label}: ${verdict[0].toLowerCase()}${verdict.slice(1)}` : verdict;
  return [first, ...others].join(" ");
}

function readSweep(words, tables, facts, write) {
  const rates = Array.from(tables.sweep.learning_rate);
  const steps = tables.sweep.loss.length / rates.length;
  const losses = rates.map((_, i) =>
    Array.from(tables.sweep.loss.slice(i * steps, (i + 1) * steps)),
  );
  const reading = diagnoseSweep(rates, losses, words.rules);
  tables.axis.kind = rates.map((_, i) => (reading?.star === i ? 2 : reading?.feasible[i] ? 0 : 1));
  facts.best_learning_rate = reading ? rates[reading.star] : NaN;
  if (!reading) return [words.sweep.none];
  facts.best_loss = tables.axis.final_loss[reading.star];
  const say = (name, values) => fill(words.sweep[name], values);
  const said = [say("best", { best: write(facts.best_learning_rate) })];
  if (reading.atBoundary) said.push(say("boundary"));
  if (reading.edge) {
    const [low, high] = reading.edge.map(write);
    said.push(say("edge", { low, high }));
  }
  if (reading.unstable === null) {
    const limit = reading.edge ? say("still", { high: write(reading.edge[1]) }) : say("higher");
    return [[...said, limit].join(" ")];
  }
  said.push(say("unstable", { unstable: write(reading.unstable) }));
  said.push(say(reading.limited ? "limited" : "free"));
  return [said.join(" ")];
}

/** Whether a run fulfils the conditions of a goal. */
export function reached(conditions, facts) {
  const relations = { "<": (a, b) => a < b, ">": (a, b) => a > b, "==": (a, b) => a === b };
  return conditions.every(([name, how, value]) => relations[how](facts[name], value));
}

/** What is marked in a chart over steps, one row each, by its kind: as marks of report.py. */
export function marks(lab, panel, tables, values, facts) {
  if (!panel.columns.length) return [];
  const along = tables[panel.table][panel.over];
  const found = panel.goals
    .filter(([, , where]) => Object.entries(where).every(([name, value]) => values[name] === value))
    .map(([y, text]) => mark("goal", { y, text }));
  const level = lab.controls.find(({ name }) => name === panel.level);
  if (level && !isIdle(level, values)) {
    found.push(mark("level", { y: values[level.name], text: level.label }));
  }
  lab.curves.forEach(([table, column], place) => {
    const series = panel.series[place];
    const suffix = place ? `_${place + 1}` : "";
    if (facts[`verdict${suffix}`] === "diverged") {
      const end = facts[`diverged_at${suffix}`];
      const when = tables[table][panel.over];
      if (!when || series === null) return;
      const x = when[Number.isNaN(end) ? when.length - 1 : end];
      found.push(mark("diverged", { x, series }));
      return;
    }
    if (table !== panel.table || !panel.columns.some(([name]) => name === column)) return;
    const [x, x2] = [along[along.length - tail(along.length)], along[along.length - 1]];
    found.push(mark("final", { x, x2, y: facts[`final_loss${suffix}`], series }));
  });
  return found;
}

const mark = (kind, given) => ({
  kind,
  x: null,
  x2: null,
  y: null,
  series: null,
  text: null,
  ...given,
});

/** The verdicts of a run's curves; what its facts say, if it has none. */
export function verdicts(lab, words, facts, sentences) {
  if (!lab.curves.length) return sentences.at(-1);
  const said = lab.curves.map(([, , label], place) => {
    const verdict = words.verdicts[facts[`verdict${place ? `_${place + 1}` : ""}`]];
    return label ? `${label}: ${verdict}` : verdict;
  });
  if (said.length === 1 && Number.isFinite(facts.final_loss)) {
    said.push(number(facts.final_loss, words.language));
  }
  return said.join("; ");
}

/** Columns of a table as rows; null where a number is not finite. */
export function rows(table) {
  const names = Object.keys(table);
  return Array.from(table[names[0]], (_, i) => {
    const row = {};
    for (const name of names) row[name] = Number.isFinite(table[name][i]) ? table[name][i] : null;
    return row;
  });
}

/** Whether no number but the steps is finite. */
export function isEmpty(table) {
  const isWhen = (name) => ["step", "since", "until"].includes(name);
  return !Object.entries(table).some(([name, x]) => !isWhen(name) && x.some(Number.isFinite));
}
