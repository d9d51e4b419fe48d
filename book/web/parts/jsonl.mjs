// Logs as JSON lines: an object a line. As stabsim/logs/jsonl.py.

import { flat, objectIn, readObjects } from "./objects.mjs";
import { Unreadable } from "./unreadable.mjs";

/** The logs from batches of lines; `start` begins them, given the first cells of each column. */
export async function readLines(batches, start, words) {
  const skipped = [];

  async function* rows() {
    for await (const { first, lines } of batches) {
      const found = [];
      lines.forEach((text, i) => {
        if (text === null) {
          skipped.push(["too long", first + i]);
        } else if (text.trim() !== "") {
          const row = objectIn(text);
          if (row) found.push({ place: first + i, row: flat(row, words.deepest) });
          else skipped.push(["no object", first + i]);
        }
      });
      yield found;
    }
  }

  const logs = await readObjects(rows(), start, words);
  if (!logs) throw new Unreadable(words, "no objects");
  for (const [reason, line] of skipped) logs[0].note(reason, line);
  return logs;
}
