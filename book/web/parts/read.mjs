// A log of any kind that the page knows, read into series. As stabsim/logs/read.py.

import { choose } from "./columns.mjs";
import { readObjects } from "./jsonl.mjs";
import { lines, marked } from "./lines.mjs";
import { Log, sentence } from "./log.mjs";
import { readTable } from "./table.mjs";
import { listed } from "./text.mjs";
import { Unreadable } from "./unreadable.mjs";

/**
 * The log in a file, and the names of all its columns. `given` names the columns of some roles,
 * null for none; the others are guessed.
 */
export async function read(file, given, words, advance) {
  const head = new Uint8Array(await file.slice(0, 4096).arrayBuffer());
  const readAs = isObjects(head, words) ? readObjects : readTable;
  let names;

  function start(found) {
    names = found;
    const { chosen, unclear } = choose(found, given, words);
    const log = new Log(chosen, new Set(words.empty));
    for (const role of unclear) log.note(`several: ${role}`, 0);
    return log;
  }

  const batches = lines(file, { longest: words.longestLine, advance });
  const log = await readAs(batches, start, words);
  const count = log.loss.value.length;
  if (count < words.least) {
    const values = { name: listed([log.columns.loss]), count, least: words.least };
    const error = new Unreadable(words, "too short", values, { names, columns: log.columns });
    error.message = [error.message, ...log.notes.map((note) => sentence(note, words))].join(" ");
    throw error;
  }
  return { log, names };
}

/** Whether a file that begins so holds JSON lines, or else a table. */
function isObjects(head, words) {
  const text = String.fromCharCode(...head);
  const other = Object.entries(words.otherKinds).find(([mark]) => text.startsWith(mark));
  if (other) throw new Unreadable(words, "other kind", { kind: other[1] });
  if (text.includes("\0") && !marked(head)) throw new Unreadable(words, "binary");
  return /^[\xef\xbb\xbf \t\r\n]*[{[]/.test(text);
}
