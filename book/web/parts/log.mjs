// A log as it is read: its series, and notes of what was skipped. As stabsim/logs/log.py.

import { before } from "./diagnosis.mjs";
import { fill } from "./numbers.mjs";

export const ROLES = ["loss", "step", "gradient_norm", "learning_rate", "validation_loss"];

const SERIES = [
  "loss",
  "gradient_norm",
  "learning_rate",
  "validation_loss",
  "scale",
  "reward",
  "kl",
];

const NOT_FINITE = new Map([
  ["nan", NaN],
  ["inf", Infinity],
  ["infinity", Infinity],
]);

// As C's libraries write them: "-nan(ind)", "1.#QNAN", "1.#INF".
const ODD = /^([-+]?)(?:nan\(.*\)|[0-9]+\.#(?:(inf)|qnan|snan|ind)0*)$/;

// MLflow writes infinity as the largest number that there is.
const LARGEST = 1.797e308;
const finite = (x) => (Math.abs(x) >= LARGEST ? Math.sign(x) * Infinity : x);

/**
 * A cell as a number: null if it is empty, undefined if it is no number. `counted` is whether
 * "5/60" is 5.
 */
export function numberIn(cell, empty, counted = false) {
  if (typeof cell !== "string") return numberOf(cell);
  const text = cell.trim().toLowerCase();
  if (empty.has(text)) return null;
  const of = counted && /^(\d+)\s*\/\s*\d+$/.exec(text);
  if (of) return Number(of[1]);
  const value = Number(text.split(",").length === 2 ? text.replace(",", ".") : text);
  if (!Number.isNaN(value)) return finite(value);
  const odd = ODD.exec(text);
  const size = NOT_FINITE.get(odd ? (odd[2] ?? "nan") : text.replace(/^[+-]/, ""));
  return text.startsWith("-") && size ? -size : size;
}

function numberOf(value) {
  if (typeof value === "number") return finite(value);
  if (typeof value === "boolean") return Number(value);
  return value === null || value === undefined ? null : undefined;
}

/** Numbers that grow in number. */
class Column {
  #values = new Float64Array(1024);
  #size = 0;

  push(value) {
    if (this.#size === this.#values.length) {
      const larger = new Float64Array(2 * this.#size);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#size++] = value;
  }

  truncate(size) {
    this.#size = size;
  }

  get all() {
    return this.#values.subarray(0, this.#size);
  }
}

/** One quantity against the step, whose steps increase. */
class Series {
  #steps = new Column();
  #values = new Column();
  first = Infinity;
  last = -Infinity;

  /** Keeps what is later than all before it; says whether it was. */
  add(step, value) {
    if (step <= this.last) return false;
    if (!this.#steps.all.length) this.first = step;
    this.last = step;
    this.#steps.push(step);
    this.#values.push(value);
    return true;
  }

  /** Drops what lies at or after a step; returns how much. */
  rewind(step) {
    const steps = this.step;
    const kept = before(steps.length, (i) => steps[i], step);
    this.#steps.truncate(kept);
    this.#values.truncate(kept);
    this.last = kept ? steps[kept - 1] : -Infinity;
    return steps.length - kept;
  }

  get step() {
    return this.#steps.all;
  }

  get value() {
    return this.#values.all;
  }
}

/** The series that a diagnosis reads, by a choice of columns.mjs. As Log of stabsim/logs/log.py. */
export class Log {
  #rows = 0;
  #firstTime = Infinity;
  #time = -Infinity;
  #notes = new Map();
  #held = new Map();

  constructor(choice, words) {
    this.choice = choice;
    this.words = words;
    this.empty = words.emptySet;
    this.columns = choice.columns;
    this.run = choice.run;
    this.read = { ...choice.more };
    for (const role of ROLES) {
      if (choice.columns[role] !== null) this.read[role] = choice.columns[role];
    }
    this.loss = new Series();
    this.gradient_norm = new Series();
    this.learning_rate = new Series();
    this.validation_loss = new Series();
    this.scale = new Series();
    this.reward = new Series();
    this.kl = new Series();
    this.last_step = -Infinity;
    this.resumed = [];
    this.axis = choice.axis;
    this.objective = choice.objective;
    this.changes = [];
    this.appended = [];
    this.unit = "line";
    for (const reason of choice.notes) this.note(reason, 0);
  }

  /** What was skipped, one note a reason, in the order in which they first happened. */
  get notes() {
    return [...this.#notes.values()].sort((a, b) => a.first - b.first);
  }

  note(reason, first, count = 1) {
    if (!count) return;
    const old = this.#notes.get(reason) ?? { reason, count: 0, first, unit: this.unit };
    const least = Math.min(old.first, first);
    this.#notes.set(reason, { ...old, count: old.count + count, first: least });
  }

  /** The row at a line; `cellOf` gives the cell of a column. */
  add(place, cellOf) {
    const read = {};
    for (const [role, name] of Object.entries(this.read)) {
      const value = numberIn(cellOf(name), this.empty, role === "step");
      if (value === undefined) this.note("no number", place);
      read[role] = value ?? null;
    }
    // Without a step the rows are numbered; most often those without a loss are not counted.
    const numbered = this.columns.step === null;
    if (numbered && (this.choice.dense || read.loss !== null)) this.#count(read.clock ?? null);
    const step = numbered ? Math.max(this.#rows - 1, 0) : read.step;
    if (step === null || !Number.isFinite(step)) {
      if (read.loss !== null) this.note("no step", place);
      return;
    }
    this.#at(place, step, read).#append(place, step, read);
  }

  /** Numbers a row, from 0 again where the epoch starts anew. */
  #count(time) {
    if (time !== null) {
      if (this.#firstTime === Infinity) this.#firstTime = time;
      if (time < this.#time && time <= this.#firstTime) {
        this.#rows = 0;
        this.#firstTime = time;
      }
      this.#time = time;
    }
    this.#rows++;
  }

  /** The run that a row belongs to: an appended one, where the steps of the losses start anew. */
  #at(place, step, read) {
    const log = this.appended.at(-1) ?? this;
    if (read.loss === null || step >= log.loss.last) return log;
    if (step <= log.loss.first && this.appended.length < this.words.mostRuns) {
      const next = new Log(this.choice, this.words);
      next.unit = this.unit;
      this.appended.push(next);
      return next;
    }
    log.resumed.push(step);
    log.note("resumed", place, log.loss.rewind(step));
    for (const role of SERIES.slice(1)) log[role].rewind(step);
    return log;
  }

  #append(place, step, read) {
    this.last_step = Math.max(this.last_step, step);
    for (const [role, value] of Object.entries(read)) {
      if (value === null) continue;
      if (SERIES.includes(role)) {
        if (!this[role].add(step, value) && role === "loss") this.note("step back", place);
      } else if (role.startsWith("changes: ")) this.#watch(this.read[role], step, value);
    }
  }

  /** Keeps where the value of a column changes. */
  #watch(name, step, value) {
    const changed = this.#held.has(name) && this.#held.get(name) !== value;
    if (changed && this.changes.length < this.words.mostChanges) this.changes.push([name, step]);
    this.#held.set(name, value);
  }
}

/** A note in words. */
export function sentence({ reason, count, first, unit }, words) {
  return fill(words.logs[reason], { count, first: fill(words.places[unit], { "": first }) });
}
