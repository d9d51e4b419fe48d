// A minibatch as its digits, with the network's guesses: as stabsim/labs/frame/digits.py.

import { KEPT } from "./kept.mjs";
import { fill, number } from "./numbers.mjs";

const [SIDE, LEVELS] = [8, 8];
const [ROOM, LINE] = [48, 14];
const SHADES = ["0", ".14", ".29", ".43", ".57", ".71", ".86", "1"];
const [WRONG, CORRUPTED] = ["#D55E00", "#E69F00"];
const STRIP = 26;

/** The first row of a step's minibatch, and how many there are. */
function rowsAt({ step: steps }, step) {
  const size = steps.findIndex((one) => one !== steps[0]);
  return { first: Math.min(step * size, steps.length - size), size };
}

/** How many guesses are wrong at a step, the kept runs' too, and whether it is corrupted. */
export function said({ words }, table, step, language, kept = []) {
  const { first, size } = rowsAt(table, step);
  return sentences(words, table, first, size, language, kept).join(" ");
}

/** How many guesses are wrong at each step. */
function wrongOf({ step, label, guess }) {
  const size = step.findIndex((one) => one !== step[0]);
  const wrong = new Array(step.length / size).fill(0);
  for (let i = 0; i < step.length; i++) if (label[i] !== guess[i]) wrong[Math.floor(i / size)]++;
  return wrong;
}

function sentences(words, table, first, size, language, kept) {
  const step = table.step[first];
  const lines = [fill(words.said, { step, wrong: wrongOf(table)[step], size })];
  // A kept run's digits would be another picture, or the same digits with guesses beside guesses:
  // its number of wrong guesses is said, and its strip drawn.
  if (kept.length) {
    const numbers = kept.map((one) => wrongOf(one.table));
    const wrong = numbers.map((known) => known[Math.min(step, known.length - 1)]).join(", ");
    lines[0] += ` ${fill(words.kept, { wrong })}`;
  }
  const scale = table.scale[first];
  if (scale !== 1) lines.push(fill(words.corrupted, { scale: number(scale, language) }));
  return lines;
}

/** The share of wrong guesses at every step, the kept runs' as lines, and where we are. */
function strip(table, kept, step, width, top) {
  const foot = top + STRIP;
  const known = wrongOf(table);
  const steps = known.length;
  const size = table.step.length / steps;
  const at = (t, all = steps) => Math.floor((t * width) / all);
  const way = (wrong) =>
    wrong
      .map((n, t) => `V${foot - Math.floor((n * STRIP) / size)}H${at(t + 1, wrong.length)}`)
      .join("");
  let bad = "";
  for (let t = 0; t < steps; t++) {
    if (table.scale[t * size] === 1) continue;
    bad += `M${at(t)} ${top}H${Math.max(at(t + 1), at(t) + 2)}v${STRIP}H${at(t)}z`;
  }
  const lines = kept
    .map(
      ({ slot, table: own }) =>
        `<path fill="none" stroke="${KEPT[slot]}" d="M0 ${foot}${way(wrongOf(own))}"/>`,
    )
    .join("");
  const here = Math.floor(((2 * step + 1) * width) / (2 * steps));
  return (
    `<path fill="${CORRUPTED}" fill-opacity=".5" d="${bad}"/>` +
    `<path fill-opacity=".3" d="M0 ${foot}${way(known)}V${foot}z"/>${lines}` +
    `<path stroke="currentColor" d="M0 ${foot}H${width}M${here} ${top}v${STRIP}"/>`
  );
}

/** The step of a place in the picture; null but in the strip: there the digits would not stay. */
export function stepAt(table, x, y, width, height) {
  if (y < height - STRIP - LINE) return null;
  const steps = wrongOf(table).length;
  return Math.min(steps - 1, Math.max(0, Math.floor((x / width) * steps)));
}

/** The picture, as wide as asked. */
export function svg(spec, table, step, width, language, kept = []) {
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
  const foot = height + LINE;
  const whole = foot + STRIP + 1;
  const below =
    `<text x="2" y="${foot - 3}">${spec.words.strip}</text>` +
    strip(table, kept, first / size, width, foot);
  const border =
    table.scale[first] === 1
      ? ""
      : `M1 ${head - 4}h${width - 2}v${height - head + 3}h-${width - 2}z`;
  const told = sentences(spec.words, table, first, size, language, kept);
  const title = (across === 16 ? [told.join(" ")] : told)
    .map((line, i) => `<text x="2" y="${11 + 14 * i}">${line}</text>`)
    .join("");
  const shaded = SHADES.slice(1)
    .map((shade, i) => `<path fill-opacity="${shade}" d="${ink[i + 1]}"/>`)
    .join("");
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${whole}" ` +
    `viewBox="0 0 ${width} ${whole}" fill="currentColor" font-family="sans-serif" ` +
    `font-size="11">${title}${shaded}${below}` +
    `<path fill="none" stroke="${WRONG}" stroke-width="2" d="${frames}"/>` +
    `<path fill="none" stroke="${CORRUPTED}" stroke-width="2" d="${border}"/>` +
    `<g text-anchor="middle">${guesses}</g></svg>`
  );
}
