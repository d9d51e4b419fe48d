// Logs as tables: CSV with any usual delimiter. As stabsim/logs/table.py.

import { numberIn } from "./log.mjs";
import { Unreadable } from "./unreadable.mjs";

/** The logs from batches of lines; `start` begins them, given the first cells of each column. */
export async function readTable(batches, start, words) {
  /** @type {any} */
  let logs = null;
  let delimiter;
  let width;
  let places;
  let isAligned = false;
  const rule = new RegExp(`^${words.rule}$`);

  /** Reads the row of names; returns how many lines it is, if it is one. */
  function begin(lines) {
    const looked = lines.slice(0, 20).filter((line) => line !== null);
    const found = isTable(looked, words) ? null : aligned(lines, words);
    isAligned = found !== null;
    const { first, names } = found ?? header(lines);
    if (isAligned) delimiter = " ";
    width = names.length;
    const known = lines.slice(first, 2 * words.head + first);
    const rows = known
      .map(single)
      .filter(Boolean)
      .map((one) => splitRow(one, delimiter));
    const whole = rows.filter((row) => row.length === width).slice(0, words.head);
    logs = start(new Map(names.map((name, i) => [name, whole.map((row) => row[i])])));
    places = new Map(names.map((name) => [name, names.indexOf(name)]));
    return first;
  }

  function header([line]) {
    if (line === null) throw new Unreadable(words, "long header");
    delimiter = commonest(line, words.delimiters);
    const names = splitRow(line.replace(/^[# ]+/, ""), delimiter).map((name) => name.trim());
    const isData =
      names.every((name) => numberIn(name, words.emptySet) !== undefined) && names.length > 1;
    return { first: isData ? 0 : 1, names: isData ? counted(names) : names };
  }

  /** An aligned line with one blank where there are some, and without what is drawn. */
  function single(line) {
    if (!isAligned || !line) return line;
    return rule.test(line) ? "" : trimmed(line).replace(/[ \t]+/g, " ");
  }

  for await (const { first, lines } of batches) {
    let at = 0;
    if (!logs) {
      while (at < lines.length && lines[at] !== null && lines[at].trim() === "") at++;
      if (at === lines.length) continue;
      at += begin(lines.slice(at));
    }
    for (; at < lines.length; at++) {
      const line = single(lines[at]);
      if (line === null) {
        logs[0].note("too long", first + at);
      } else if (line) {
        const row = splitRow(line, delimiter);
        if (row.length !== width) logs[0].note("other width", first + at);
        else for (const log of logs) log.add(first + at, (name) => row[places.get(name)]);
      }
    }
  }
  if (!logs) throw new Unreadable(words, "empty");
  return logs;
}

/** A text without some characters at its ends. */
function stripped(text, characters) {
  let [from, to] = [0, text.length];
  while (from < to && characters.includes(text[from])) from++;
  while (from < to && characters.includes(text[to - 1])) to--;
  return text.slice(from, to);
}

const trimmed = (line) => stripped(line, " \t");

const counted = (cells) => cells.map((_, place) => String(place + 1));

/**
 * Where the rows begin of a table whose columns are set apart by blanks, and its names; null if
 * there is none. Its first row holds more numbers than words, and the line above it, but for a
 * drawn one, as many names.
 */
export function aligned(lines, words) {
  const rule = new RegExp(`^${words.rule}$`);
  const numberAt = (cell) => numberIn(cell, words.emptySet);
  let above = "";
  for (const [first, line] of lines.slice(0, words.looked).entries()) {
    const cells = trimmed(line ?? "").split(/[ \t]+/);
    const count = cells.filter((cell) => (numberAt(cell) ?? null) !== null).length;
    if (line !== null && cells.length > 1 && 2 * count > cells.length) {
      if (!above && count === cells.length) return { first, names: counted(cells) };
      const isNames = (names) =>
        names.length === cells.length && names.every((name) => numberAt(name) === undefined);
      const names = namesIn(above, words.delimiters).find(isNames);
      if (names) return { first, names };
    }
    if (line && !rule.test(line)) above = line;
  }
  return null;
}

/** The names that a line may hold: a mark of a comment may be one of them. */
function namesIn(line, delimiters) {
  const without = (name) => stripped(name, delimiters);
  return [trimmed(line).replace(/^[# ]+/, ""), trimmed(line)].flatMap((text) =>
    [/[ \t]{2,}/, /[ \t]+/].map((apart) => text.split(apart).map(without)),
  );
}

/** Whether lines are those of a table: a row of names, and rows as wide with a number. */
export function isTable(lines, words) {
  const rows = lines.slice(0, 20).filter((line) => line.trim());
  if (!rows.length) return false;
  const delimiter = commonest(rows[0], words.delimiters);
  const width = splitRow(rows[0], delimiter).length;
  return rows.slice(1).some((line) => {
    const cells = splitRow(line, delimiter).map((cell) => numberIn(cell, words.emptySet));
    return cells.length === width && cells.some((x) => x !== null && x !== undefined);
  });
}

/** Of the delimiters the one that a line has most of. */
function commonest(line, delimiters) {
  const counts = [...delimiters].map((one) => line.split(one).length);
  return delimiters[counts.indexOf(Math.max(...counts))];
}

/** The cells of a line. A quotation mark is not sought beyond its line. */
function splitRow(line, delimiter) {
  if (!line.includes('"')) return line.split(delimiter);
  const cells = [];
  let at = 0;
  while (at <= line.length) {
    let cell = "";
    if (line[at] === '"') {
      let end = line.indexOf('"', ++at);
      while (end >= 0 && line[end + 1] === '"') {
        cell += line.slice(at, end + 1);
        at = end + 2;
        end = line.indexOf('"', at);
      }
      cell += line.slice(at, end < 0 ? undefined : end);
      at = end < 0 ? line.length : end + 1;
    }
    const next = line.indexOf(delimiter, at);
    cell += line.slice(at, next < 0 ? undefined : next);
    cells.push(cell);
    at = next < 0 ? line.length + 1 : next + 1;
  }
  return cells;
}
