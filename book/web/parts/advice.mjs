// What to do about a log: where to clip, and which experiment comes next. As stabsim/logs/advice.py.

import { before } from "./diagnosis.mjs";
import { fill, number, pythonFloat, whole } from "./numbers.mjs";
import { percentile } from "./statistics.mjs";

/**
 * What follows from a log and its diagnosis. `options` are the `percentile` of the norms to clip
 * at, a `threshold` to judge instead or null, and the experiments that were `tried`.
 */
export function advise(log, found, options, words) {
  const steps = log.loss.step;
  const [first, last] = [steps[0], steps.at(-1)];
  const { rate, warmed } = rates(log.learning_rate, first, last);
  const { clip, norms, until } = clipAt(log.gradient_norm, found, options, words);
  let order = orderOf(log, found, words);
  if (order !== words.orders.stable && clip && clip.share > words.aggressive)
    order = ["lower-rate"];
  const done = [...options.tried, ...(warmed === null ? [] : ["warmup"])];
  const experiment = order.find((one) => !done.includes(one)) ?? null;
  done.push(experiment);
  const practices = practicesFor(found, words).filter(([name]) => !done.includes(name));
  const [failed, every, duration] = [found.end, everyOf(steps), last - first];
  return { clip, norms, until, experiment, practices, failed, rate, warmed, every, duration };
}

/** What today's practice adds, with the step at which it is needed. */
function practicesFor(found, words) {
  const [least, most] = words.languageModel;
  const all = [];
  const add = (name, step) => all.push(...words.practices[name].map((one) => [one, step]));
  const mid = found.rises.find((rise) => !rise.early);
  const climb = found.rises.find((rise) => rise.shape === "climb");
  const restart = found.explained.find((rise) => rise.cause === "restart");
  if (found.end !== null && !found.rises.length) add("sudden", found.end);
  if (mid) add("spike", mid.onset);
  if (climb) add("climb", climb.onset);
  if (found.verdict !== "stable" && found.initial > least && found.initial < most) {
    add("language", 0);
  }
  if (restart) add("restart", restart.peakStep);
  if (found.skipped) add("skipped", found.skipped.first);
  return all;
}

function orderOf(log, found, words) {
  const { stable, early, mid, sudden } = words.orders;
  if (found.verdict === "stable") return stable;
  if (found.verdict === "mid-training instability") return mid;
  if (found.rises.length) return found.rises.at(-1).early ? early : mid;
  // Not finite without a rise before: early if nothing had been learned.
  const goal = words.rules.LEARNED * Math.abs(log.loss.value[0]);
  return found.smooth.some((x) => x <= goal) ? sudden : early;
}

/** The steps from record to record; null where they differ. */
function everyOf(steps) {
  const every = steps[1] - steps[0];
  for (let i = 2; i < steps.length; i++) if (steps[i] - steps[i - 1] !== every) return null;
  return every;
}

/** The largest rate, and how long it took to reach it if that was a warmup. */
function rates({ step, value }, first, last) {
  const finite = (i) => (Number.isFinite(value[i]) ? value[i] : -Infinity);
  let top = -1;
  for (let i = 0; i < value.length; i++) {
    if (Number.isFinite(value[i]) && (top < 0 || value[i] > value[top])) top = i;
  }
  if (top < 0 || value[top] <= 0) return { rate: null, warmed: null };
  const took = step[top] - first;
  const isWarmup = finite(0) < value[top] / 2 && took <= (last - first) / 2 && took > 0;
  return { rate: value[top], warmed: isWarmup ? took : null };
}

/**
 * Where to clip, and what that would do, null if too few norms are positive; how many finite norms
 * say so; and the step `until` which they lie, from which the run did not recover.
 */
function clipAt({ step, value }, found, options, words) {
  const none = { clip: null, norms: 0, until: null };
  const until = soundUntil(found);
  const stop = until === null ? value.length : before(value.length, (i) => step[i], until);
  const norms = value.subarray(0, stop).filter(Number.isFinite);
  if (!norms.length) return none;
  if (norms.length < words.enough && options.threshold === null)
    return { clip: null, norms: norms.length, until };
  const threshold = options.threshold ?? percentile(norms, options.percentile);
  if (threshold <= 0) return none;
  const above = (some) => some.reduce((count, norm) => count + !(norm <= threshold), 0);
  const clip = {
    threshold,
    percentile: options.threshold === null ? options.percentile : null,
    norms: norms.length,
    before: until,
    share: above(norms) / norms.length,
    ofAll: above(value) / value.length,
  };
  return { clip, norms: norms.length, until };
}

/** The step from which the run never recovered; null if it did. */
function soundUntil(found) {
  const lost = found.rises.filter((rise) => rise.recovered === null).map((rise) => rise.onset);
  if (found.end !== null) lost.push(found.end);
  return lost.length ? Math.min(...lost) : null;
}

/** On clipping, one sentence each. */
export function clipSentences({ clip, norms, until }, words) {
  const { advice, enough, language } = words;
  if (!clip) {
    const key = norms ? "few norms" : "no norms";
    const step = whole(until ?? 0, language);
    return [fill(advice[until === null ? key : "few before"], { norms, enough, step })];
  }
  const base = fill(advice[clip.before === null ? "all" : "before"], {
    norms: clip.norms,
    step: whole(clip.before ?? 0, language),
  });
  const values = {
    threshold: number(clip.threshold, language),
    percentile: number(clip.percentile ?? 0, language),
    base,
    share: percent(clip.share, language),
    of_all: percent(clip.ofAll, language),
  };
  const said = [fill(advice[clip.percentile === null ? "judged" : "threshold"], values)];
  if (values.share !== values.of_all) said.push(fill(advice["of all"], values));
  if (clip.share > words.aggressive) said.push(advice.aggressive);
  return said;
}

/** On the next experiment, one sentence each. */
export function nextSentences(found, words) {
  const { advice, language } = words;
  const quantity = (name, value, factor = 1) =>
    value === null
      ? advice[`${name} unknown`]
      : fill(advice[name], { "": number(factor * value, language) });
  const said = [];
  if (found.warmed !== null) {
    said.push(fill(advice.warmed, { steps: whole(found.warmed, language) }));
  }
  said.push(
    fill(advice[found.experiment ?? "nothing left"], {
      rate: quantity("rate", found.rate),
      twice: quantity("twice", found.rate, 2),
      lengths: warmups(found.duration, words).join(", "),
      threshold: quantity("at", found.clip?.threshold ?? null),
      step: whole(found.failed ?? 0, language),
    }),
  );
  if (words.orders.stable.includes(found.experiment) && found.every !== 1) {
    const every = whole(found.every ?? 0, language);
    said.push(fill(advice[found.every === null ? "uneven" : "sparse"], { every }));
  }
  return said;
}

/** What today's practice adds, with its source. */
export function alsoSentences({ practices }, words) {
  return practices.map(([name, step]) =>
    fill(words.advice[name], { step: whole(step, words.language) }),
  );
}

/** The experiment, or else the first practice that has one, as a line for each library. */
export function pasted({ clip, rate, experiment, practices, duration }, words) {
  const known = { steps: warmups(duration, words)[0], duration: Math.floor(duration) + 1 };
  if (clip) known.threshold = inCode(clip.threshold, 3);
  if (rate !== null) Object.assign(known, { rate: inCode(rate, 6), half: inCode(rate / 2, 6) });
  const names = [experiment, ...practices.map(([name]) => name)];
  const lines = words.lines[names.find((name) => name in words.lines)] ?? {};
  const needs = (line) => Array.from(line.matchAll(/\{(\w+)\}/g), ([, name]) => name);
  return Object.entries(lines)
    .filter(([, line]) => needs(line).every((name) => name in known))
    .map(([library, line]) => `${library}: ${fill(line, known)}`);
}

const inCode = (x, digits) => pythonFloat(Number(x.toPrecision(digits)));

/** Where the book says more: [words, address]; null if there is nothing to try. */
export const chapter = ({ experiment }, words) => words.chapters[experiment] ?? null;

const percent = (share, language) => `${number(100 * share, language)}%`;

/** Warmup lengths to try: as stabsim.playbook.warmup_candidates. */
export function warmups(duration, words) {
  const largest = Math.floor(words.largestWarmup * Math.max(10, Math.floor(duration)));
  const lengths = [];
  for (let n = 10; n < largest && n < 1e10; n *= 10) lengths.push(n);
  return [...lengths, largest].map(BigInt); // which are written in full
}
