// A minibatch as its digits, with the network's guesses: as stabsim/labs/frame/digits.py.

import { fill, number } from "./numbers.mjs";

const [SIDE, LEVELS] = [8, 8];
const [ROOM, LINE] = [48, 14];
const SHADES = ["0", ".14", ".29", ".43", ".57", ".71", ".86", "1"];
const [WRONG, CORRUPTED] = ["#D55E00", "#E69F00"];

/** The first row of a step's minibatch, and how many there are. */
function rowsAt({ step: steps, scale }, step) {
  const size = steps.findIndex((one) => one !== steps[0]);
  const corrupted = scale.findIndex((one) => one !== 1);
  const wanted = step ?? steps.at(corrupted);
  return { first: Math.min(wanted * size, steps.length - size), size };
}

/** How many guesses are wrong at a step, and whether its minibatch is corrupted. */
export function said({ words }, table, step, language) {
  const { first, size } = rowsAt(table, step);
  return sentences(words, table, first, size, language).join(" ");
}

function sentences(words, table, first, size, language) {
  let wrong = 0;
  for (let i = first; i < first + size; i++) if (table.label[i] !== table.guess[i]) wrong++;
  const lines = [fill(words.said, { step: table.step[first], wrong, size })];
  const scale = table.scale[first];
  if (scale !== 1) lines.push(fill(words.corrupted, { scale: number(scale, language) }));
  return lines;
}

/** The picture, as wide as asked. */
export function svg(spec, table, step, width, language) {
  const { first, size } = rowsAt(table, step);
  const [across, head] = width >= 480 ? [16, 20] : [8, 34]; // two lines of words
  const pitch = Math.floor(width / across);
  const pixel = pitch >= 36 ? 4 : 3;
  const ink = new Array(LEVELS).fill("");
  let [frames, guesses] = ["", ""];
  for (let i = 0; i < size; i++) {
    const left = (i % across) * pitch + Math.floor((pitch - SIDE * pixel) / 2);
    const top = head + Math.floor(i / across) * ROOM;
    for (let row = 0; row < SIDE; row++) {
      const line = table[`line_${row}`][first + i];
      const shade = (x) => Math.floor(line / LEVELS ** (SIDE - 1 - x)) % LEVELS;
      let start = 0;
      for (let x = 1; x <= SIDE; x++) {
        if (x < SIDE && shade(x) === shade(start)) continue;
        const wide = (x - start) * pixel;
        const place = `M${left + start * pixel} ${top + row * pixel}`;
        ink[shade(start)] += `${place}h${wide}v${pixel}h-${wide}z`;
        start = x;
      }
    }
    const place = `x="${left + (SIDE * pixel) / 2}" y="${top + SIDE * pixel + LINE - 2}"`;
    const [label, guess] = [table.label[first + i], table.guess[first + i]];
    if (label === guess) {
      guesses += `<text ${place}>${guess}</text>`;
    } else {
      const side = SIDE * pixel + 2;
      frames += `M${left - 1} ${top - 1}h${side}v${side}h-${side}z`;
      guesses += `<text ${place} font-weight="bold">${guess} ≠ ${label}</text>`;
    }
  }
  const height = head + Math.ceil(size / across) * ROOM;
  const border =
    table.scale[first] === 1
      ? ""
      : `M1 ${head - 4}h${width - 2}v${height - head + 3}h-${width - 2}z`;
  const told = sentences(spec.words, table, first, size, language);
  const title = (across === 16 ? [told.join(" ")] : told)
    .map((line, i) => `<text x="2" y="${11 + 14 * i}">${line}</text>`)
    .join("");
  const shaded = SHADES.slice(1)
    .map((shade, i) => `<path fill-opacity="${shade}" d="${ink[i + 1]}"/>`)
    .join("");
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" fill="currentColor" font-family="sans-serif" ` +
    `font-size="11">${title}${shaded}` +
    `<path fill="none" stroke="${WRONG}" stroke-width="2" d="${frames}"/>` +
    `<path fill="none" stroke="${CORRUPTED}" stroke-width="2" d="${border}"/>` +
    `<g text-anchor="middle">${guesses}</g></svg>`
  );
}
