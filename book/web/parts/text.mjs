// Strings as Python has them: what is blank, and how a name is quoted in a message.

const BLANK =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const AROUND = new RegExp(`^${BLANK}|${BLANK}$`, "g");

/** The text without the blanks around it: as str.strip. */
export const strip = (text) => text.replace(AROUND, "");

const DIGIT = /\p{Nd}/u;

/** The text with the digits of all scripts written 0 to 9, which float reads alike. */
export const westernDigits = (text) => text.replace(/\p{Nd}/gu, (c) => digitOf(c.codePointAt(0)));

function digitOf(code) {
  let first = code;
  while (DIGIT.test(String.fromCodePoint(first - 1))) first--;
  return (code - first) % 10; // digits lie side by side, ten a script or style
}

const HIDDEN = /[\p{C}\p{Z}]/u;
const ESCAPES = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The text in quotation marks, without characters that would change how it is read. */
export function quoted(text) {
  const isPlain = [...text].every((c) => c === " " || !HIDDEN.test(c));
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  return mark + [...text].map((c) => escaped(c, mark, isPlain)).join("") + mark;
}

function escaped(character, mark, isPlain) {
  if (character === mark) return `\\${mark}`;
  if (character in ESCAPES) return ESCAPES[character];
  const code = character.codePointAt(0);
  if (isPlain || (code >= 0x20 && code < 0x7f)) return character;
  const digits = code.toString(16);
  if (code < 0x100) return `\\x${digits.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}

/** Names for a message, shortened: as stabsim.logs.columns.listed. */
export function listed(names, most = 12) {
  const shown = names.slice(0, most).map((name) => quoted([...name].slice(0, 40).join("")));
  return shown.length ? shown.join(", ") + (names.length > most ? ", …" : "") : "-";
}
