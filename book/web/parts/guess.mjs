// Holds a guess beside what comes out: as stabsim/exercises/frame/prediction.py does on a kernel.

import { fill, number } from "./numbers.mjs";

/** What to say of a guess. */
export function compare(known, guess) {
  const { kind, say, language, unit, names, right, told } = known;
  let said = say.drawn;
  if (kind === "estimate") {
    const came = number(right, language) + (unit ? ` ${unit}` : "");
    said = fill(say.number, { guess: number(guess, language), right: came });
  } else if (kind !== "draw") {
    // Without full stops of its own: the sentence around it has one.
    const written = (places) => places.map((i) => names[i].replace(/\.$/, "")).join(", ");
    const same = String(guess) === String(right);
    said = fill(same ? say.same : say.other, { guess: written(guess), right: written(right) });
  }
  return `${said} ${told}`.trim();
}

/** The paths of a drawing: the guess, what came out, and its marks; all given as shares. */
export function paths(known, guess, came) {
  const [width, height, left, right, top, bottom] = known.box;
  const place = (x, y) => [
    left + x * (width - left - right),
    height - bottom - y * (height - top - bottom),
  ];
  const line = (points) =>
    points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  const drawn = known.columns.map((x, i) => [x, guess[i]]).filter(([, y]) => y !== null);
  const marks = came.map(([x, y, lost]) => {
    const [px, py] = place(x, y);
    return lost
      ? `M${(px - 5).toFixed(1)} ${(py - 5).toFixed(1)}l10 10m0-10l-10 10`
      : `M${(px - 3).toFixed(1)} ${py.toFixed(1)}l3 -3l3 3l-3 3z`;
  });
  const alive = came.filter(([, , lost]) => !lost).map(([x, y]) => place(x, y));
  return {
    guess: line(drawn.map((point) => place(...point))),
    came: line(alive),
    marks: marks.join(""),
  };
}

/** The column, and the height from 0 to 1, under a place in the drawing. */
export function under(known, x, y) {
  const [width, height, left, right, top, bottom] = known.box;
  const share = (x - left) / (width - left - right);
  const far = known.columns.map((column) => Math.abs(column - share));
  const up = (height - bottom - y) / (height - top - bottom);
  return [far.indexOf(Math.min(...far)), Math.min(Math.max(up, 0), 1)];
}
