// Logs as lines of a console: numbers with their names. As stabsim/logs/text.py.

import { isLoss, isStep } from "./columns.mjs";
import { readObjects } from "./objects.mjs";
import { Unreadable } from "./unreadable.mjs";

/** Lines of a console in their order, and the records in them. */
class Console {
  #epoch = 0;
  #done = 0;
  #offset = 0;
  /** @type {any} */
  #row = null;
  #place = 0;
  #again = false;

  constructor({ console: rules, columns }) {
    this.columns = columns;
    const { pair, quoted, colours, keras, bar, level, iter, whole, held, terse, longest } = rules;
    this.terse = terse;
    this.longest = longest;
    this.unnamed = rules.unnamed.map(([begin, names]) => [new RegExp(begin), names]);
    this.again = new RegExp(rules.again);
    this.partial = new RegExp(rules.partial);
    this.pair = new RegExp(pair, "g");
    this.quoted = new RegExp(quoted, "g");
    this.colours = new RegExp(colours, "g");
    this.keras = new RegExp(keras);
    this.bar = new RegExp(bar);
    this.level = new RegExp(level);
    this.iter = new RegExp(iter);
    this.whole = new RegExp(whole);
    this.held = new RegExp(held);
  }

  /** The record that a line ends, with its place; null if none ends there. */
  take(place, written) {
    const line = written.replace(this.colours, "").split("\b").slice(-1)[0];
    const row = this.#numbers(line);
    if (!row.size) {
      this.#again = this.again.test(line);
      return null;
    }
    if (this.#again) {
      this.#again = false;
      return null;
    }
    if (["  ", "| "].includes(line.slice(0, 2)) && row.size === 1 && this.#row) {
      const [[name, value]] = row;
      if (!this.#row.has(name)) {
        this.#row.set(name, value);
        return null;
      }
    }
    const keras = this.keras.exec(line);
    const bar = keras ? null : this.bar.exec(line);
    const iter = this.iter.exec(line);
    if (keras) {
      if (keras[1] !== keras[2]) return null;
      row.set("epoch", String(this.#epoch++));
    } else if (bar) row.set("step", String(this.#position(bar)));
    else if (iter) row.set("step", iter[1]);
    const ended = this.end();
    this.#row = row;
    this.#place = place;
    return ended;
  }

  /** The numbers of a line by their names. */
  #numbers(line) {
    if (this.partial.test(line)) return new Map();
    const held = this.held.exec(line);
    const own = held ? line.slice(0, held.index) : line;
    const unnamed = new Map();
    let at = 0;
    for (const [begin, names] of this.unnamed) {
      const first = begin.exec(own);
      if (!first) continue;
      names.forEach((name, i) => {
        if (first[i + 1] !== undefined) unnamed.set(name, first[i + 1].replaceAll(",", ""));
      });
      at = first[0].length;
      break;
    }
    const pairs = this.#pairs(own.slice(at), this.whole.test(own) ? "epoch " : "");
    if ([...pairs.keys()].some((name) => isStep(name, this.columns))) unnamed.delete("step");
    const row = new Map([...unnamed, ...pairs]);
    if (!held) return row;
    const after = line.slice(held.index + held[0].length);
    return new Map([...this.#pairs(after, "valid "), ...row]);
  }

  /** The numbers of a part of a line by their names; before those of losses stands what they are `of`. */
  #pairs(line, of) {
    let pairs = [...line.matchAll(this.quoted)];
    if (!pairs.length) pairs = [...line.matchAll(this.pair)];
    const row = new Map();
    for (const [, found, value] of pairs) {
      const bare = found.replace(this.level, "");
      const lower = bare.toLowerCase();
      const known = Object.hasOwn(this.terse, lower) ? this.terse[lower] : bare;
      const name = isLoss(known, this.columns) ? of + known : known;
      if (!row.has(name)) row.set(name, value.replaceAll(",", ""));
    }
    return row;
  }

  /** The record that no line follows. */
  end() {
    const row = this.#row;
    this.#row = null;
    return row && { place: this.#place, row };
  }

  /** The step that a bar shows: each bar begins where that before it ended. */
  #position(bar) {
    const [, epoch, done, of] = bar;
    const at = Number(done.slice(0, 15));
    if (epoch !== undefined) return Number(epoch.slice(0, 15)) * Number(of.slice(0, 15)) + at;
    if (at < this.#done) this.#offset += this.#done;
    this.#done = at;
    return this.#offset + at;
  }
}

/** Whether lines with a loss come at least twice. */
export function isConsole(lines, words) {
  const console = new Console(words);
  let found = 0;
  const count = (ended) => {
    if (ended && [...ended.row.keys()].some((name) => isLoss(name, words.columns))) found++;
  };
  for (const line of lines) if (line.length <= console.longest) count(console.take(0, line));
  count(console.end());
  return found > 1;
}

/** The logs from batches of lines; `start` begins them, given the first cells of each column. */
export async function readConsole(batches, start, words) {
  const skipped = [];
  const console = new Console(words);

  async function* rows() {
    for await (const { first, lines } of batches) {
      const found = [];
      lines.forEach((line, i) => {
        if (line === null || line.length > console.longest) skipped.push(["too long", first + i]);
        else if (line) found.push(console.take(first + i, line));
      });
      yield found.filter(Boolean);
    }
    yield [console.end()].filter(Boolean);
  }

  const logs = await readObjects(rows(), start, words);
  if (!logs) throw new Unreadable(words, "no pairs");
  for (const [reason, line] of skipped) logs[0].note(reason, line);
  return logs;
}
