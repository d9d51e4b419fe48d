// Logs as objects, each a record: as stabsim/logs/objects.py.

import { isSet } from "./columns.mjs";

/**
 * The logs of all runs from batches of {place, row}; null if there is not one record.
 * @returns {Promise<any>}
 */
export async function readObjects(batches, start, words) {
  /** @type {any[]} */
  let held = [];
  /** @type {any} */
  let logs = null;

  function begin() {
    const names = new Set(held.flatMap(({ row }) => [...row.keys()]));
    const cells = new Map();
    for (const name of names) {
      cells.set(
        name,
        held.map(({ row }) => cell(row.get(name))),
      );
    }
    logs = start(cells);
    held.forEach(add);
    held = [];
  }

  function add({ place, row }) {
    for (const log of logs) log.add(place, (name) => cell(row.get(name)));
  }

  for await (const rows of batches) {
    if (logs) rows.forEach(add);
    else held = held.concat(rows);
    if (!logs && held.length >= words.head) begin();
  }
  if (!logs && held.length) begin();
  return logs;
}

// Ray writes NaN as the string "null"; a null that is none is an empty cell.
const cell = (value) => (value === "null" ? "nan" : value);

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** The cells of an object by name, those of objects in it with a slash. */
export function flat(row, deepest, cells = new Map(), before = "", depth = 1) {
  for (const [name, value] of Object.entries(row)) {
    if (isObject(value) && depth < deepest) {
      flat(value, deepest, cells, `${before}${name}/`, depth + 1);
    } else cells.set(before + name, value);
  }
  return cells;
}

// Python writes numbers that are not finite as words that JSON has not; strings keep theirs.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;
const WORDS = { NaN, Infinity, "-Infinity": -Infinity };

/** What a text of JSON says; undefined if it is none. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    try {
      const written = text.replace(TOKEN, (one) => (one in WORDS ? `{"\\u0000":"${one}"}` : one));
      return JSON.parse(written, (_, inner) => WORDS[inner?.["\u0000"]] ?? inner);
    } catch {
      return undefined;
    }
  }
}

/** The object that a text is; null if it is none. */
export function objectIn(text) {
  const value = parsed(text);
  return isObject(value) ? value : null;
}

/**
 * The longest list of records in a document: a list of objects, an object of lists of equal
 * length, or an object of objects, whose names are then the steps, or those of sets of rows or of
 * runs, with lists in each.
 * @returns {Map<string, any>[]}
 */
export function records(document, words, depth = 0) {
  const { deepest, columns } = words;
  /** @type {Map<string, any>[][]} */
  const found = [[]];
  if (Array.isArray(document)) {
    found.push(document.filter(isObject).map((row) => flat(row, deepest)));
  } else if (isObject(document)) {
    const all = Object.entries(document);
    found.push(rowsOf(document));
    const inner = all.filter(([, v]) => isObject(v));
    if (inner.length > 1 && inner.every(([name]) => /^\d+$/.test(name))) {
      found.push(inner.map(([step, v]) => new Map([["step", step], ...flat(v, deepest)])));
    }
    const named = inner.length > 1 || inner.some(([name]) => isSet(name, columns));
    if (named && inner.every(([, v]) => listsOf(v).length === Object.keys(v).length)) {
      const lists = inner.flatMap(([k, v]) => listsOf(v).map(([name, x]) => [`${k}/${name}`, x]));
      found.push(rowsOf(Object.fromEntries(lists)));
    }
    if (depth < deepest) found.push(...all.map(([, v]) => records(v, words, depth + 1)));
  }
  const most = Math.max(...found.map((rows) => rows.length));
  return found.find((rows) => rows.length === most) ?? [];
}

/** The lists of numbers or words in an object, with their names. */
const listsOf = (document) =>
  Object.entries(document).filter(
    ([, v]) => Array.isArray(v) && v.length && !v.some((x) => x !== null && typeof x === "object"),
  );

/** The longest lists in an object, side by side; none if they hold but one value. */
function rowsOf(document) {
  const lists = listsOf(document);
  const longest = Math.max(0, ...lists.map(([, v]) => v.length));
  const columns = lists.filter(([, v]) => v.length === longest);
  const row = (_, i) => new Map(columns.map(([name, v]) => [name, v[i]]));
  return longest > 1 ? Array.from({ length: longest }, row) : [];
}
