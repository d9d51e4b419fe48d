// Layers by steps, a map for each of several sizes: as stabsim/labs/frame/layers.py.

import { fill, number } from "./numbers.mjs";

const COLORS = "#440154 #482878 #3e4a89 #31688e #26838f #1f9d8a #6cce59 #b6de2b #fee825".split(" ");
const TICKS = [0, 1, 2, 5, 10, 20, 50, 100];
const LOST = "#D55E00";
const [LEFT, HEAD, CELL, GAP, FOOT] = [22, 17, 4, 8, 29];

/** Which colour a value has; the one past the last for what is not finite. */
function level(value, low, high) {
  if (!Number.isFinite(value)) return COLORS.length;
  const share = value > 0 ? (Math.log10(value) - low) / (high - low) : 0;
  return Math.min(Math.max(Math.floor(share * COLORS.length), 0), COLORS.length - 1);
}

function sizeOf({ block }) {
  const blocks = block.reduce((a, b) => Math.max(a, b), 1);
  return { steps: block.length / blocks, blocks };
}

/** In which block each is largest at a step; the kept runs' too. */
export function said(spec, table, step, language, kept = []) {
  const { steps } = sizeOf(table);
  const here = Math.min(step, steps - 1);
  const lines = values(spec, table, here, language, kept).map(([title, ...there]) =>
    fill(spec.words.largest, { title, there: there.join(" / ") }),
  );
  return [fill(spec.words.said, { step: here }), ...lines].join(" ");
}

/** The title of each map, and its largest value at a step: of the run, and of each kept one. */
export function values({ maps, words }, table, step, language, kept) {
  const runs = [table, ...kept.map((one) => one.table)];
  return maps.map(([column, title]) => [
    title,
    ...runs.map((run) => largest(words, run, column, step, language)),
  ]);
}

function largest(words, table, column, step, language) {
  const { steps, blocks } = sizeOf(table);
  const here = Math.min(step, steps - 1);
  const all = [...table[column].slice(here * blocks, (here + 1) * blocks)];
  const sized = all.map((x) => (Number.isFinite(x) ? x : Infinity));
  const place = sized.indexOf(Math.max(...sized));
  return fill(words.there, { value: number(all[place], language), block: place + 1 });
}

const perOf = (width, steps) => (width - LEFT - 4) / Math.log(1 + steps);

/** The step of a place in the picture. */
export function stepAt(table, x, _y, width) {
  const { steps } = sizeOf(table);
  const step = Math.floor(Math.exp((x - LEFT) / perOf(width, steps)) - 1);
  return Math.min(steps - 1, Math.max(0, step));
}

/** Where a step lies in the picture. */
export function placeOf(table, step, width) {
  const { steps } = sizeOf(table);
  return { x: LEFT + perOf(width, steps) * Math.log(1.5 + Math.min(step, steps - 1)), y: HEAD };
}

/**
 * The picture, as wide as asked: the first block at the bottom of each map.
 *
 * A map has a colour in every place, so that no second run can be drawn in it: the cursor says the
 * kept runs' values.
 */
export function svg({ maps, words }, table, step, width, language) {
  const { steps, blocks } = sizeOf(table);
  const [room, tall] = [width - LEFT - 4, blocks * CELL];
  const per = perOf(width, steps);
  const edges = Array.from(
    { length: steps + 1 },
    (_, t) => LEFT + Math.floor(per * Math.log(1 + t)),
  );
  let drawn = "";
  maps.forEach(([column, title, low, high], place) => {
    const top = HEAD + place * (HEAD + tall + GAP);
    const paths = new Array(COLORS.length + 1).fill("");
    for (let block = 0; block < blocks; block++) {
      const at = (t) => level(table[column][t * blocks + block], low, high);
      const y = top + (blocks - 1 - block) * CELL;
      let [start, held] = [0, at(0)];
      for (let t = 1; t <= steps; t++) {
        const next = t < steps ? at(t) : -1;
        if (next === held) continue;
        const wide = edges[t] - edges[start];
        if (wide) paths[held] += `M${edges[start]} ${y}h${wide}v${CELL}h-${wide}z`;
        [start, held] = [t, next];
      }
    }
    [...COLORS, LOST].forEach((color, i) => {
      if (paths[i]) drawn += `<path fill="${color}" d="${paths[i]}"/>`;
    });
    const right = LEFT + room;
    const bar = right - 40 - COLORS.length * 6;
    const ends = [low, high].map((power) => number(10 ** power, language));
    drawn +=
      `<text x="${LEFT}" y="${top - 5}">${title}</text>` +
      `<text x="${bar - 3}" y="${top - 5}" text-anchor="end">${ends[0]}</text>` +
      `<text x="${right - 37}" y="${top - 5}">${ends[1]}</text>` +
      `<text x="${LEFT - 4}" y="${top + 8}" text-anchor="end">${blocks}</text>` +
      `<text x="${LEFT - 4}" y="${top + tall}" text-anchor="end">1</text>`;
    COLORS.forEach((color, i) => {
      drawn += `<path fill="${color}" d="M${bar + 6 * i} ${top - 13}h6v8h-6z"/>`;
    });
  });
  const foot = maps.length * (HEAD + tall + GAP) - GAP;
  const height = foot + FOOT;
  for (const t of TICKS.filter((one) => one <= steps)) {
    drawn += `<text x="${edges[t]}" y="${foot + 12}" text-anchor="middle">${t}</text>`;
  }
  drawn +=
    `<text x="${LEFT}" y="${height - 3}">${words.along}</text>` +
    `<text x="${width - 4}" y="${height - 3}" text-anchor="end">` +
    `<tspan fill="${LOST}">■</tspan> ${words.lost}</text>`;
  const here = Math.min(step, steps - 1);
  const x = Math.floor((edges[here] + edges[here + 1]) / 2);
  const line = maps
    .map((_, place) => `M${x} ${HEAD + place * (HEAD + tall + GAP)}v${tall}`)
    .join("");
  drawn += `<path stroke="#000" stroke-width="3" d="${line}"/><path stroke="#fff" d="${line}"/>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" fill="currentColor" font-family="sans-serif" ` +
    `font-size="11">${drawn}</svg>`
  );
}
