// Numbers that readers write one after the other.

import { read } from "./numerals.mjs";

const BRACKETS = /^\s*\[|\]\s*$/g;
const BETWEEN = { en: /[\s;,]+/, id: /[\s;]+|,\s+/ };

/** The numbers of a text; `unread` is the first that is none, else null. */
export function listed(text, language) {
  const between = /** @type {RegExp} */ (BETWEEN[language]);
  const pieces = text
    .replace(BRACKETS, "")
    .split(between)
    .filter((piece) => piece !== "");
  const values = pieces.map((piece) => read(piece, language));
  const bad = values.findIndex(Number.isNaN);
  return { values, unread: bad < 0 ? null : pieces[bad] };
}
