// A log as it is read: its series, and notes of what was skipped. As stabsim/logs/log.py.

import { fill } from "./numbers.mjs";

export const ROLES = ["loss", "step", "gradient_norm", "learning_rate"];

const NOT_FINITE = new Map([
  ["nan", NaN],
  ["inf", Infinity],
  ["infinity", Infinity],
]);

/** A cell as a number: null if it is empty, undefined if it is no number. */
export function numberIn(cell, empty) {
  if (typeof cell !== "string") return numberOf(cell);
  const text = cell.trim().toLowerCase();
  if (empty.has(text)) return null;
  const value = Number(text.split(",").length === 2 ? text.replace(",", ".") : text);
  if (!Number.isNaN(value)) return value;
  const size = NOT_FINITE.get(text.replace(/^[+-]/, ""));
  return text.startsWith("-") && size ? -size : size;
}

function numberOf(value) {
  if (typeof value === "number") return value;
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

  get all() {
    return this.#values.subarray(0, this.#size);
  }
}

/** One quantity against the step, whose steps increase. */
class Series {
  #steps = new Column();
  #values = new Column();
  #last = -Infinity;

  /** Keeps what is later than all before it; says whether it was. */
  add(step, value) {
    if (step <= this.#last) return false;
    this.#last = step;
    this.#steps.push(step);
    this.#values.push(value);
    return true;
  }

  get step() {
    return this.#steps.all;
  }

  get value() {
    return this.#values.all;
  }
}

/** The series that a diagnosis reads. `columns` names the column of each role that has one. */
export class Log {
  #rows = 0;
  #notes = new Map();

  constructor(columns, empty) {
    this.columns = columns;
    this.empty = empty;
    this.loss = new Series();
    this.gradient_norm = new Series();
    this.learning_rate = new Series();
    this.validation_loss = new Series();
    this.scale = new Series();
    this.last_step = -Infinity;
    this.resumed = [];
    this.axis = columns.step === null ? "row" : "step";
    this.objective = "falls";
    this.changes = [];
  }

  /** What was skipped, one note a reason, in the order in which they first happened. */
  get notes() {
    return [...this.#notes.values()].sort((a, b) => a.first - b.first);
  }

  note(reason, first) {
    const old = this.#notes.get(reason) ?? { reason, count: 0, first };
    this.#notes.set(reason, { reason, count: old.count + 1, first: Math.min(old.first, first) });
  }

  /** The row at a line; `cellOf` gives the cell of a role. */
  add(place, cellOf) {
    const read = {};
    for (const role of ROLES) {
      if (this.columns[role] === null) continue;
      const value = numberIn(cellOf(role), this.empty);
      if (value === undefined) this.note("no number", place);
      read[role] = value ?? null;
    }
    // Without a step the rows are numbered, and those without a loss are not counted.
    const step = this.columns.step === null ? this.#rows : read.step;
    if (this.columns.step === null && read.loss !== null) this.#rows++;
    if (Number.isFinite(step)) this.last_step = Math.max(this.last_step, step);
    for (const role of ["loss", "gradient_norm", "learning_rate"]) {
      if ((read[role] ?? null) === null) continue;
      if (step === null || !Number.isFinite(step)) {
        if (role === "loss") this.note("no step", place);
      } else if (!this[role].add(step, read[role]) && role === "loss") {
        this.note("step back", place);
      }
    }
  }
}

/** A note in words. */
export function sentence({ reason, count, first }, words) {
  return fill(words.logs[reason], { count, first: fill(words.places.line, { "": first }) });
}
