// Losses that stand alone, without names: as `numbers` of stabsim/logs/document.py.

const NUMBER = "[+-]?(?:(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|inf(?:inity)?)";
const BETWEEN = "[\\s,;]+";
const NUMBERS = new RegExp(
  "^(?:[a-z_][a-z0-9_]{0,99}[ \\t]{0,9}[=:][ \\t]{0,9})?(?<open>[\\[(]?)\\s*" +
    `(?<numbers>${NUMBER}(?:${BETWEEN}${NUMBER})*)[\\s,;\\])]*$`,
  "i",
);

const value = (cell) =>
  /inf/i.test(cell) ? (cell[0] === "-" ? -1 : 1) * Number.POSITIVE_INFINITY : Number(cell);

/** A record of each loss; null if there is anything else, or a table of several columns. */
export function alone(text) {
  const found = NUMBERS.exec(text)?.groups;
  if (!found) return null;
  const cells = found.numbers.split(new RegExp(BETWEEN));
  const rows = found.numbers.split(/\r\n?|\n/).filter((line) => line.trim());
  const isSeries = found.open || rows.length === 1 || rows.length === cells.length;
  if (cells.length < 2 || !isSeries) return null;
  return cells.map((cell) => new Map([["loss", value(cell)]]));
}
