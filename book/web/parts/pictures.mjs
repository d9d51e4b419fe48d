// What is drawn of a log: rows for the charts of book/diagnose/charts.py, and words for each.

import { before } from "./diagnosis.mjs";
import { evidence } from "./evidence.mjs";
import { fill, number } from "./numbers.mjs";

const BARS = 40;
const [ONSET, PEAK, BACK] = [0, 1, 2];

/** By chart: which specification it takes, its rows, what is said below it and instead of it. */
export function pictures(log, found, clip, words) {
  const drawn = { loss: lossPicture(log, found, words) };
  if (!clip) return drawn;
  const line = fill(words.report.line, { threshold: number(clip.threshold, words.language) });
  const last = evidence(found, words).at(-1);
  const caption = fill(words.report["histogram caption"], { line });
  drawn.norm = {
    ...normPicture(log.gradient_norm, clip.threshold, words),
    caption: fill(words.report["norm caption"], { line }),
    alt: `${last} ${line.trim()}`,
  };
  drawn.histogram = {
    chart: "histogram",
    rows: histogram(log.gradient_norm.value, clip.threshold),
    caption,
    alt: caption,
  };
  return drawn;
}

/** Rows of the same columns, null where they do not say. */
function filled(rows, columns) {
  const empty = Object.fromEntries(columns.map((name) => [name, null]));
  return rows.map((row) => ({ ...empty, ...row }));
}

/** The lowest and highest finite value of each stretch, at its first step. */
function band({ step, value }, stretches) {
  const stretch = Math.ceil(value.length / stretches);
  const rows = [];
  for (let at = 0; at < value.length; at += stretch) {
    let [low, high] = [Infinity, -Infinity];
    for (let i = at; i < Math.min(at + stretch, value.length); i++) {
      if (!Number.isFinite(value[i])) continue;
      low = Math.min(low, value[i]);
      high = Math.max(high, value[i]);
    }
    if (low <= high) rows.push({ step: step[at], low, high });
  }
  return rows;
}

/** On a logarithmic axis if all is positive; cut off far above the start. */
function axisOf(rows, words) {
  const isLog = rows.every(({ low }) => low > 0);
  const top = words.top * Math.max(Math.abs(rows[0]?.high ?? 1), isLog ? 0 : 1e-30);
  const kept = (x) => Math.max(Math.min(x, top), isLog ? 0 : -top);
  return { scale: isLog ? "log" : "linear", kept };
}

function lossPicture({ loss, validation_loss: heldOut }, found, words) {
  const wide = band(loss, words.stretches);
  const beside = band(heldOut, words.stretches);
  const { scale, kept } = axisOf([...wide, ...beside], words);
  /** @type {Record<string, any>[]} */
  const rows = wide.map((row) => ({ ...row, low: kept(row.low), high: kept(row.high) }));
  rows.push(...curve(found.step, found.smooth, words.stretches, kept));
  rows.push(...beside.map(({ step, low }) => ({ step, held: kept(low) })));
  const bad = notFinite(loss, words.stretches);
  rows.push(...bad.map((step) => ({ step, bad: 1 })));
  for (const rise of found.rises.slice(0, words.stretches)) {
    rows.push({ step: rise.onset, mark: kept(rise.lowest), kind: ONSET });
    rows.push({ step: rise.peakStep, mark: kept(rise.peak), kind: PEAK });
    if (rise.recovered === null) continue;
    const place = before(found.smooth.length, (i) => found.step[i], rise.recovered);
    rows.push({ step: rise.recovered, mark: kept(found.smooth[place]), kind: BACK });
  }
  const marked = found.rises.length ? words.report.marks : "";
  const marks = marked + (beside.length ? words.report["held out"] : "");
  const told = { ...found, rises: found.rises.slice(0, words.shownRises), largest: null };
  return {
    chart: `loss ${scale}`,
    rows: filled(rows, ["step", "low", "high", "smooth", "held", "mark", "kind", "bad"]),
    caption:
      fill(words.report["loss caption"], { marks }) + (bad.length ? words.drop["not finite"] : ""),
    alt: evidence(told, words).join(" "),
  };
}

/** The running median, of a long one the lowest and the highest of each stretch, in their order. */
function curve(step, smooth, stretches, kept) {
  const stretch = Math.ceil(smooth.length / stretches);
  const rows = [];
  for (let at = 0; at < smooth.length; at += stretch) {
    let [low, high] = [at, at];
    for (let i = at; i < Math.min(at + stretch, smooth.length); i++) {
      if (smooth[i] < smooth[low]) low = i;
      if (smooth[i] > smooth[high]) high = i;
    }
    const places = low === high ? [low] : [Math.min(low, high), Math.max(low, high)];
    rows.push(...places.map((i) => ({ step: step[i], smooth: kept(smooth[i]) })));
  }
  return rows;
}

/** The first step of each stretch at which a value is not finite. */
function notFinite({ step, value }, stretches) {
  const stretch = Math.ceil(value.length / stretches);
  const steps = [];
  for (let i = 0; i < value.length; i++) {
    if (Number.isFinite(value[i])) continue;
    steps.push(step[i]);
    i = (Math.floor(i / stretch) + 1) * stretch - 1;
  }
  return steps;
}

function normPicture(norms, threshold, words) {
  const wide = band(norms, words.stretches);
  const { scale, kept } = axisOf(wide, words);
  /** @type {Record<string, any>[]} */
  const rows = wide.map((row) => ({ ...row, low: kept(row.low), high: kept(row.high) }));
  rows.push({ threshold });
  return { chart: `norm ${scale}`, rows: filled(rows, ["step", "low", "high", "threshold"]) };
}

/** How many norms lie in each of some bars, equally wide on a logarithmic axis. */
function histogram(norms, threshold) {
  let [low, high] = [Infinity, -Infinity];
  for (const norm of norms) {
    if (!(norm > 0 && norm < Infinity)) continue;
    low = Math.min(low, norm);
    high = Math.max(high, norm);
  }
  const width = Math.log(Math.max(high / low, 1.01)) / BARS;
  const counts = new Array(BARS).fill(0);
  for (const norm of norms) {
    if (!(norm > 0 && norm < Infinity)) continue;
    counts[Math.min(Math.floor(Math.log(norm / low) / width), BARS - 1)]++;
  }
  const bars = counts.map((count, i) => ({
    low: low * Math.exp(i * width),
    high: low * Math.exp((i + 1) * width),
    count: count || null,
  }));
  return filled([...bars, { threshold }], ["low", "high", "count", "threshold"]);
}
