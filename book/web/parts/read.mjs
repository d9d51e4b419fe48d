// A log of any kind that the page knows, read into series. As stabsim/logs/reader.py.

import { alone } from "./alone.mjs";
import { choose } from "./columns.mjs";
import { isConsole, readConsole } from "./console.mjs";
import { readLines } from "./jsonl.mjs";
import { lines, marked } from "./lines.mjs";
import { Log, sentence } from "./log.mjs";
import { objectIn, parsed, readObjects, records } from "./objects.mjs";
import { aligned, isTable, readTable } from "./table.mjs";
import { listed } from "./text.mjs";
import { Unreadable } from "./unreadable.mjs";

/**
 * The runs in a file, a log each, and the names of all its columns. `given` names the columns of
 * some roles, null for none; the others are chosen.
 */
export async function read(dropped, given, words, advance) {
  words.emptySet ??= new Set(words.empty);
  const file = await pastNulls(dropped);
  const { readAs, document } = await kindOf(file, words);
  let names = [];

  function start(cells) {
    names = [...cells.keys()];
    return choose(cells, given, words).map((choice) => {
      // But in a table records of other things lie between those of the loss.
      const log = new Log({ ...choice, dense: choice.dense && readAs === readTable }, words);
      if (document) log.unit = "record";
      return log;
    });
  }

  const logs = document
    ? await readObjects([document.map((row, i) => ({ place: i + 1, row }))], start, words)
    : await readAs(lines(file, { longest: words.longestLine, advance }), start, words);
  const runs = toldApart(logs, words).filter((log) => log.loss.value.length >= words.least);
  if (!runs.length) throw tooShort(logs[0], names, words);
  if (runs.length === 1) runs[0].run = "";
  return { runs, names };
}

/** Each run, and after it those that were appended to it, by their numbers. */
function toldApart(logs, words) {
  return logs.flatMap((log) => {
    const parts = [log, ...log.appended];
    const long = parts.filter((part) => part.loss.value.length >= words.least);
    if (long.length < 2) return parts;
    long.forEach((part, i) => {
      part.run = [log.choice.run, String(i + 1)].filter(Boolean).join(": ");
    });
    return long;
  });
}

function tooShort(log, names, words) {
  const count = log.loss.value.length;
  const values = { name: listed([log.columns.loss]), count, least: words.least };
  const error = new Unreadable(words, "too short", values, { names, columns: log.columns });
  error.message = [error.message, ...log.notes.map((note) => sentence(note, words))].join(" ");
  return error;
}

const HEAD = 1 << 18;

/** What follows the null bytes with which a log begins that was emptied while it was written. */
async function pastNulls(file) {
  const bytesAt = async (at, size) => new Uint8Array(await file.slice(at, at + size).arrayBuffer());
  const head = await bytesAt(0, 16);
  if (head.length < 16 || head.some(Boolean)) return file;
  for (let at = 0; at < file.size; at += HEAD) {
    const place = (await bytesAt(at, HEAD)).findIndex(Boolean);
    if (place >= 0) return file.slice(at + place);
  }
  return file.slice(file.size);
}

/** How to read a file, judged by its content; or the records of the document that it is. */
async function kindOf(file, words) {
  const bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  const start = bytes.subarray(0, 4096);
  const raw = String.fromCharCode(...start);
  const other = Object.entries(words.otherKinds).find(([mark]) => raw.startsWith(mark));
  if (other) throw new Unreadable(words, "other kind", { kind: other[1] });
  const own = Object.entries(words.commandOnly).find(([mark]) => raw.startsWith(mark));
  if (own) throw new Unreadable(words, "command only", { kind: own[1] });
  const mark = marked(bytes);
  if (raw.includes("\0") && !mark) throw new Unreadable(words, "binary");
  const head = new TextDecoder(mark ?? "utf-8").decode(bytes).trimStart();
  const losses = file.size <= HEAD && alone(head);
  if (losses) return { document: losses };
  const found = head.split(/\r\n?|\n/);
  const isObject = head[0] === "{" && head[1] !== "'"; // a Python dict is a line of a console
  const isList =
    head[0] === "[" && ["{", "[", "]", ""].includes(head.slice(1).trimStart().slice(0, 1));
  if (isObject || isList) {
    const written = found.filter((line) => line.trim());
    if (!(objectIn(written[0]) && written.length > 1) && file.size <= words.largestDocument) {
      const whole = new TextDecoder(mark ?? "utf-8").decode(await file.arrayBuffer());
      const rows = records(parsed(whole), words);
      if (rows.length) return { document: rows };
    }
    return { readAs: readLines };
  }
  // The line of a console may hold as many commas as the next.
  const plain = found.map((line) => line.replace(new RegExp(words.console.colours, "g"), ""));
  const tabular = head[0] !== "[" && isTable(plain, words);
  if (!tabular && isConsole(found, words)) return { readAs: readConsole };
  const isMarked = "{[".includes(head[0] ?? " ") && !aligned(plain, words);
  return { readAs: isMarked ? readLines : readTable };
}
