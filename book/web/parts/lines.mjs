// The lines of a text file, some at a time, so that no file has to fit in memory as a whole.

const BLOCK = 1 << 18; // bytes read at once, as Python does

/** @type {[number[], string][]} */
const MARKS = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe], "utf-16le"],
  [[0xfe, 0xff], "utf-16be"],
];

/** The encoding that a file's mark gives; null if it has no mark. */
export function marked(head) {
  return MARKS.find(([mark]) => mark.every((byte, i) => head[i] === byte))?.[1] ?? null;
}

/**
 * Batches {first, lines}: the number of the first line, from 1, and the lines, null for one that
 * has more than `longest` characters. `advance` is told after each block how much was read.
 */
export async function* lines(file, { longest, advance }) {
  let decoder;
  let rest = "";
  let tooLong = false;
  let first = 1;
  for (let at = 0; at <= file.size; at += BLOCK) {
    const bytes = new Uint8Array(await file.slice(at, at + BLOCK).arrayBuffer());
    if (!decoder) {
      decoder = new TextDecoder(marked(bytes) ?? "utf-8");
    }
    const isLast = at + BLOCK > file.size;
    let text = rest + decoder.decode(bytes, { stream: !isLast });
    // A line may end in two characters, and a block between them.
    const held = !isLast && text.endsWith("\r") ? "\r" : "";
    if (held) text = text.slice(0, -1);
    const whole = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
    /** @type {(string | null)[]} */
    const found = whole.split("\n");
    rest = isLast ? "" : (found.pop() ?? "");
    if (tooLong && found.length) {
      found[0] = null;
      tooLong = false;
    }
    found.forEach((line, i) => {
      if (line !== null && line.length > longest) found[i] = null;
    });
    if (found.length) {
      yield { first, lines: found };
      first += found.length;
    }
    if (tooLong || rest.length > longest) {
      rest = "";
      tooLong = true;
    }
    rest += held;
    await advance(Math.min(1, (at + BLOCK) / file.size));
  }
}
