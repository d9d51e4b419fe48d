// Logs as tables: CSV with any usual delimiter. As stabsim/logs/table.py.

import { numberIn } from "./log.mjs";
import { Unreadable } from "./unreadable.mjs";

/** A log from batches of lines; `start` begins it, given the names that it has. */
export async function readTable(batches, start, words) {
  let log = null;
  let delimiter;
  let width;
  let place;
  for await (const { first, lines } of batches) {
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i];
      if (!log) {
        if (line !== null && line.trim() === "") continue;
        if (line === null) throw new Unreadable(words, "long header");
        delimiter = commonest(line, words.delimiters);
        const header = splitRow(line.replace(/^[# ]+/, ""), delimiter);
        let names = header.map((name) => name.trim());
        const empty = new Set(words.empty);
        const isData =
          names.every((name) => numberIn(name, empty) !== undefined) && names.length > 1;
        if (isData) names = names.map((_, column) => String(column + 1));
        log = start(names);
        width = names.length;
        place = Object.fromEntries(
          Object.entries(log.columns).map(([role, name]) => [role, names.indexOf(name)]),
        );
        if (!isData) continue;
      }
      if (line === null) {
        log.note("too long", first + i);
      } else if (line) {
        const row = splitRow(line, delimiter);
        if (row.length !== width) log.note("other width", first + i);
        else log.add(first + i, (role) => row[place[role]]);
      }
    }
  }
  if (!log) throw new Unreadable(words, "empty");
  return log;
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
