// The playbook's sweep on logs that differ in learning rate: as stabsim/logs/sweep.py.

import { warmups } from "./advice.mjs";
import { concludeSweep } from "./diagnosis.mjs";
import { kindOf } from "./evidence.mjs";
import { fill, number } from "./numbers.mjs";

const LEAST = 3; // so many different rates make a sweep

const IN_NAME = /(?:^|[^a-z])(?:lr|eta|learning[-_ ]?rate)[-_=: ]?(\d*\.?\d+(?:e[-+]?\d+)?)/i;

/** The learning rate of a run: the largest in its log, or that in its name; null if it has none. */
export function rateOf(log) {
  const known = log.learning_rate.value.filter((rate) => rate > 0 && Number.isFinite(rate));
  if (known.length) return known.reduce((a, b) => Math.max(a, b));
  const named = Number(IN_NAME.exec(log.run)?.[1] ?? NaN);
  return named > 0 ? named : null;
}

/** What several runs say together: a heading with lines; null if they are no sweep. */
export function sweepSection(all, words) {
  const known = all.map((one) => ({ ...one, rate: rateOf(one.log) }));
  const runs = known.filter(({ rate }) => rate !== null).sort((a, b) => a.rate - b.rate);
  const rates = [...new Set(runs.map(({ rate }) => rate))];
  if (rates.length < LEAST) return null;
  const byRate = rates.map((rate) => runs.filter((run) => run.rate === rate));
  const found = byRate.map((some) => some.map((run) => run.found));
  const reading = concludeSweep(rates, found, words.rules);
  const left = all.length - runs.length;
  const told = said(runs, rates, reading, left, words);
  return [words.sweeps.heading, [...table(runs, rates, reading, words), ...told]];
}

/** A line a run: its rate with a star or a cross, its final loss, its verdict and its name. */
function table(runs, rates, reading, words) {
  const write = (x) => number(x, words.language);
  return runs.map(({ rate, found, log }) => {
    const place = rates.indexOf(rate);
    const mark = reading?.star === place ? " ★" : reading?.feasible[place] ? "" : " ×";
    const verdict = kindOf(found, words);
    return [write(rate) + mark, write(found.final), verdict, log.run].join("; ");
  });
}

/** The reading and what comes next. */
function said(runs, rates, reading, left, words) {
  const write = (x) => number(x, words.language);
  const say = (name, values) => fill(words.sweeps[name], values);
  const read = (name, values) => fill(words.sweep[name], values);
  const sizes = runs.map(({ log }) => log.loss.value.length);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const limits = least === most ? [] : [say("lengths", { least, most })];
  if (left) limits.push(say("unknown", { count: left }));
  if (!reading) return [read("none"), ...limits];
  const best = write(rates[reading.star]);
  const lines = [read("best", { best })];
  if (reading.atBoundary) lines.push(read("boundary"));
  if (reading.edge) {
    const [low, high] = reading.edge.map(write);
    lines.push(read("edge", { low, high }));
  }
  if (reading.unstable === null) {
    lines.push(reading.edge ? read("still", { high: write(reading.edge[1]) }) : read("higher"));
  } else {
    lines.push(read("unstable", { unstable: write(reading.unstable) }));
    lines.push(read(reading.limited ? "limited" : "free"));
  }
  return [...lines, ...limits, next(runs, rates, reading, words, say)];
}

function next(runs, rates, reading, words, say) {
  const write = (x) => number(x, words.language);
  const best = rates[reading.star];
  if (reading.atBoundary) return say("extend", { best: write(best) });
  if (reading.unstable === null) return say("check", { twice: write(2 * best) });
  if (!reading.limited) return say("settled", { best: write(best) });
  const longest = Math.max(...runs.map(({ log }) => log.loss.step.at(-1) - log.loss.step[0]));
  const lengths = warmups(longest, words).join(", ");
  return say("stabilize", { ten: write(10 * reading.unstable), lengths });
}
