// Logs as JSON lines: an object a line. As stabsim/logs/jsonl.py.

import { Unreadable } from "./unreadable.mjs";

// Python writes numbers that are not finite as words that JSON has not; strings keep theirs.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;
const WORDS = { NaN, Infinity, "-Infinity": -Infinity };

/** A log from batches of lines; `start` begins it, given the names of the first objects. */
export async function readObjects(batches, start, words) {
  const skipped = [];
  let held = [];
  /** @type {any} */
  let log = null;

  function begin() {
    if (!held.length) throw new Unreadable(words, "no objects");
    const names = new Set(held.flatMap(({ row }) => [...row.keys()]));
    log = start([...names]);
    for (const { line, row } of held) add(line, row);
    held = [];
  }

  const add = (line, row) => log.add(line, (role) => row.get(log.columns[role]));

  for await (const { first, lines } of batches) {
    lines.forEach((text, i) => {
      if (text === null) {
        skipped.push(["too long", first + i]);
      } else if (text.trim() !== "") {
        const row = objectIn(text, words.deepest);
        if (!row) skipped.push(["no object", first + i]);
        else if (log) add(first + i, row);
        else held.push({ line: first + i, row });
      }
    });
    if (!log && held.length >= words.head) begin();
  }
  if (!log) begin();
  for (const [reason, line] of skipped) log.note(reason, line);
  return log;
}

/** The cells of an object by name, those of objects in it with a slash; null if it is none. */
function objectIn(text, deepest) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    try {
      const written = text.replace(TOKEN, (one) => (one in WORDS ? `{"\\u0000":"${one}"}` : one));
      value = JSON.parse(written, (_, inner) => WORDS[inner?.["\u0000"]] ?? inner);
    } catch {
      return null;
    }
  }
  const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
  return isObject ? flat(value, deepest) : null;
}

function flat(row, deepest, cells = new Map(), before = "", depth = 1) {
  for (const [name, value] of Object.entries(row)) {
    const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
    if (isObject && depth < deepest) flat(value, deepest, cells, `${before}${name}/`, depth + 1);
    else cells.set(before + name, value);
  }
  return cells;
}
