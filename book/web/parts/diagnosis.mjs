// The rules of stabsim/diagnosis.py, for a page without Python. A test holds the two together.

import { median, runningMedian, runningPercentile } from "./statistics.mjs";

/**
 * The verdict on a list of losses, with its evidence; `rules` are diagnosis.py's numbers. The
 * `steps` of the losses are 0, 1, 2, ... if not given; `norms` and `rate` are {step, value} on
 * their own; the others are as of a Context in Python.
 * @param {any} loss
 * @param {any} rules
 * @param {any} given
 */
export function diagnose(loss, rules, given = {}) {
  const { steps = null, norms = null, objective = "falls" } = given;
  const at = (i) => (steps ? steps[i] : i);
  const ends = ending(
    finiteParts(loss, at, rules),
    norms && finiteParts(norms.value, (i) => norms.step[i], rules),
    given.lastStep ?? null,
    rules,
  );
  const until = ends.reason === "stops" ? null : ends.at;
  const kept = [];
  for (let i = 0; i < loss.length; i++) {
    if (isReal(loss[i], rules) && (until === null || at(i) < until)) kept.push(i);
  }
  const curve = kept.length
    ? smoothed(
        Float64Array.from(kept, (i) => at(i)),
        Float64Array.from(kept, (i) => loss[i]),
        rules,
        given.means ?? false,
      )
    : null;
  /** @type {any[]} */
  const all = curve && objective === "falls" ? findRises(curve, given, rules) : [];
  const rises = all.filter((rise) => rise.cause === null);
  let reason = ends.reason;
  let farAt = null;
  if (reason === null && curve && objective === "falls") {
    const power = rises.length ? (rises.at(-1).early ? 1 : 2) : 3;
    if (!curve.late && curve.final > rules.RUNAWAY ** power * Math.abs(loss[0])) {
      reason = "runaway";
      let near = curve.size - tail(curve.size);
      while (near && !(curve.smooth[near - 1] <= rules.RUNAWAY * Math.abs(loss[0]))) near--;
      farAt = curve.step[near];
    }
  }
  let confidence = "sure";
  if (curve && ends.at === null && curve.size < rules.FEW) confidence = "open";
  else if (
    ["zero", "stops", "norm"].includes(reason) ||
    (rises.length && !rises.some((rise) => rise.sure))
  )
    confidence = "likely";
  return {
    verdict: decide(rises, reason),
    rises,
    initial: loss[0],
    final: finalLoss(Float64Array.from(loss, (x) => (isReal(x, rules) ? x : NaN))),
    end: ends.at,
    farAt,
    largest: norms && largestOf(norms),
    reason,
    explained: all.filter((rise) => rise.cause !== null),
    lost: ends.lost,
    skipped: ends.skipped,
    plateau: curve && reason === null && objective === "falls" ? plateauOf(curve, rules) : null,
    objective,
    confidence,
    step: curve ? curve.step : new Float64Array(0),
    smooth: curve ? curve.smooth : new Float64Array(0),
  };
}

/** What a log says beside its losses. */
export function contextOf(log) {
  const { step, value } = log.learning_rate;
  const real = Array.from(value.keys()).filter((i) => Number.isFinite(value[i]));
  return {
    steps: log.loss.step,
    norms: log.gradient_norm,
    rate: { step: real.map((i) => step[i]), value: real.map((i) => value[i]) },
    resumed: log.resumed,
    changes: log.changes,
    objective: log.objective,
    means: log.axis === "epoch",
    lastStep: Number.isFinite(log.last_step) ? log.last_step : null,
  };
}

const isReal = (x, rules) => Number.isFinite(x) && Math.abs(x) < rules.HUGE;

/** Where a series is finite: as Finite of diagnosis.py; null if it is empty. */
function finiteParts(value, at, rules) {
  const n = value.length;
  if (!n) return null;
  let [gap, row, longest, rowStep, since] = [0, 0, 0, 0, 0];
  /** @type {any} */
  let bad = null;
  /** @type {any} */
  let long = null;
  /** @type {number[]} */
  const head = [];
  for (let i = 0; i < n; i++) {
    if (i) gap = Math.max(gap, at(i) - at(i - 1));
    if (isReal(value[i], rules)) {
      longest = Math.max(longest, row);
      row = 0;
      since++;
      if (head.length < rules.WINDOW) head.push(Math.abs(value[i]));
      continue;
    }
    if (bad === null) bad = { first: at(i), count: 0 };
    bad.count++;
    if (!row++) rowStep = at(i);
    since = 0;
    if (row > Math.floor(rules.WINDOW / 2) && long === null) long = rowStep;
  }
  if (bad !== null && long === null && since < rules.WINDOW) long = rowStep;
  let until = n;
  while (until > 0 && value[until - 1] === 0) until--;
  let hasOther = false; // exact zeros before those at the end
  for (let i = 0; i < until && !hasOther; i++) hasOther = value[i] === 0;
  const isZero = !hasOther && n - until > Math.floor(rules.WINDOW / 2);
  const near = Array.from(value.slice(Math.max(until - rules.WINDOW, 0), until))
    .filter(Number.isFinite)
    .map(Math.abs);
  return {
    last: at(n - 1),
    gap,
    bad,
    long,
    toEnd: row > longest ? rowStep : null,
    zeros: isZero ? at(until) : null,
    before: [near.length ? median(near) : 0, Math.max(0, ...head)],
  };
}

/** Whether and how a run stopped being finite. */
function ending(loss, norm, lastStep, rules) {
  const found = [];
  if (loss.long !== null) found.push([loss.long, "loss"]);
  if (norm && norm.toEnd !== null) found.push([norm.toEnd, "norm"]);
  if (loss.zeros !== null && loss.before[0] > rules.GUESS * loss.before[1])
    found.push([loss.zeros, "zero"]);
  found.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1));
  if (found.length) return { at: found[0][0], reason: found[0][1], lost: null, skipped: null };
  const known = { lost: loss.bad, skipped: norm ? norm.bad : null };
  if (lastStep !== null && loss.gap > 0 && lastStep - loss.last > rules.MISSED * loss.gap)
    return { at: loss.last, reason: "stops", ...known };
  return { at: null, reason: null, ...known };
}

/** Whether a run ends at one number, or where it began. */
function plateauOf(curve, rules) {
  if (curve.size < rules.FEW) return null;
  const tailed = curve.loss.slice(-Math.max(rules.WINDOW, roundHalfEven(0.1 * curve.size)));
  const isOne = (x) => x.every((y) => y === x[0]);
  if (isOne(tailed) && !isOne(curve.loss)) return "constant";
  const near = Math.abs(curve.final - curve.smooth[0]) < 0.05 * Math.abs(curve.smooth[0]);
  return curve.stuck && near ? "start" : null;
}

/** How many of the steps, which increase, lie before one. */
export function before(size, at, step) {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(middle) < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The step and the size of the largest finite norm; null if none is. */
function largestOf({ step, value }) {
  let place = -1;
  for (let i = 0; i < value.length; i++) {
    if (Number.isFinite(value[i]) && (place < 0 || value[i] > value[place])) place = i;
  }
  return place < 0 ? null : [step[place], value[place]];
}

function decide(rises, reason) {
  if (reason !== null) return "diverged";
  if (!rises.length) return "stable";
  if (rises.some((rise) => !rise.early)) return "mid-training instability";
  if (rises.at(-1).recovered === null) return "early instability";
  return "early instability with recovery";
}

/** The median of the last tenth; NaN if one of it is not finite. */
export function finalLoss(loss) {
  const last = loss.slice(-tail(loss.length));
  return last.every(Number.isFinite) ? median(last) : NaN;
}

/** How many of the steps are the last of a run: a tenth, at least one. */
export const tail = (steps) => Math.max(1, roundHalfEven(0.1 * steps));

function roundHalfEven(x) {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 ? floor + 1 : floor;
}

/** How many records a running median takes in a log of that many. */
function windowFor(records, rules) {
  return Math.max(rules.WINDOW, roundHalfEven(1.4 * records ** (1 / 3)));
}

/** How many records the quick median takes. */
function quickWindowFor(records, rules) {
  return rules.WINDOW + 2 * Math.max(0, roundHalfEven(Math.log10(records / 1000)));
}

/** Where the equal stretches of a log begin whose medians are compared. */
function levelEdges(records, rules) {
  const least = 2 * windowFor(records, rules);
  const size = Math.max(least, Math.ceil(records / rules.LEVELS));
  const count = Math.max(Math.floor(records / size), 1);
  return Array.from({ length: count }, (_, i) => Math.floor((i * records) / count));
}

/** A finite loss as the rule reads it: as Smoothed of diagnosis.py. */
function smoothed(step, loss, rules, means) {
  const n = loss.length;
  const noise = noiseBefore(loss, rules);
  let typical = typicalNoise(loss, rules);
  let quiet = Infinity;
  for (const x of noise) if (x < quiet) quiet = x;
  let beginning = typical;
  if (Number.isFinite(quiet)) {
    typical = n > rules.LONG ? quiet : Math.min(typical, quiet);
    const lag = rules.NOISE_WINDOW + windowFor(n, rules);
    beginning = Infinity;
    for (let i = lag; i < Math.min(rules.BEGINNING * lag, n); i++) {
      if (noise[i] < beginning) beginning = noise[i];
    }
  }
  const apart = (step[n - 1] - step[0]) / Math.max(n - 1, 1);
  const late = step[0] > rules.WINDOW * apart;
  const edges = levelEdges(n, rules);
  const level = new Float64Array(n);
  const stretch = new Int32Array(n);
  edges.forEach((from, i) => {
    const to = edges[i + 1] ?? n;
    level.fill(median(loss.slice(from, to)), from, to);
    stretch.fill(i, from, to);
  });
  const quarter = Math.floor(n / 4);
  const second = quarter ? median(loss.slice(quarter, 2 * quarter)) : NaN;
  const last = quarter ? median(loss.slice(-quarter)) : NaN;
  return {
    step,
    loss,
    size: n,
    window: windowFor(n, rules),
    smooth: runningMedian(loss, windowFor(n, rules)),
    quick: means ? loss : runningMedian(loss, quickWindowFor(n, rules)),
    noise,
    level,
    stretch,
    levels: edges.length,
    typical,
    beginning,
    late, // where the log begins after the training, its first loss says nothing
    begun: late ? 0 : step[0], // the step at which training began
    means,
    final: finalLoss(loss),
    stuck: !(last <= second - 0.01 * Math.abs(second)),
  };
}

/** What the median distance of a record from the median of its four neighbours shows. */
function typicalNoise(loss, rules) {
  const n = loss.length;
  const half = Math.floor(rules.WINDOW / 2);
  if (n <= half) return Math.abs(loss[n - 1] - loss[0]);
  const mirrored = (i) => loss[i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i];
  const apart = loss.map((x, i) => {
    const near = [];
    for (let k = -half; k <= half; k++) if (k) near.push(mirrored(i + k));
    return Math.abs(x - median(near));
  });
  return rules.APART * median(apart);
}

/** The changes from record to record, none of them infinite. */
function changes(loss) {
  const change = new Float64Array(Math.max(loss.length - 1, 0));
  for (let i = 0; i < change.length; i++) {
    change[i] = Math.min(Math.abs(loss[i + 1] - loss[i]), Number.MAX_VALUE);
  }
  return change;
}

function findRises(curve, given, rules) {
  const { step, loss, smooth, quick, level, size: n, window } = curve;
  const duration = step[n - 1] - curve.begun;
  const earlyUntil = Math.max(
    curve.begun + rules.EARLY_SHARE * duration,
    warmUntil(given.rate, step[n - 1], rules),
  );
  const unlearnedUntil = curve.begun + rules.UNLEARNED_SHARE * duration;
  /** @type {any[]} */
  const rises = [];
  let start = 0;
  /** @type {any} */
  let top = null;
  let goal = Infinity;
  let told = -1; // the peak and the end of the rises so far
  let ended = -1;
  while (start < n) {
    const seen = nextRise(curve, start, top, rules);
    if (seen === null) break;
    const { at, least, onset, margin, slow } = seen;
    if (top === null) top = smooth[highest(smooth, 0, onset + 1)];
    const lowest = smooth[onset];
    const learned = top - lowest >= (1 - rules.LEARNED) * Math.abs(top);
    const early = step[onset] <= (learned ? earlyUntil : Math.max(earlyUntil, unlearnedUntil));
    goal = early ? top - (1 - rules.LEARNED) * Math.abs(top) : lowest + margin / 2;
    let recovered = null;
    const isBack = (i) => (slow ? level[i] < goal : smooth[i] < goal && quick[i] < goal);
    for (let i = at; i < n && recovered === null; i++) if (isBack(i)) recovered = i;
    const until = recovered === null ? n : Math.max(recovered, at + 1);
    const seenBy = Math.max(until, Math.min(at + (window >> 1) + 1, n));
    let [low, peak] = extremes(curve, onset, seenBy, told);
    if (slow && loss[low] >= loss[peak]) [low, peak] = extremes(curve, least, seenBy, told);
    let end = Math.max(recovered ?? n, peak + 1);
    while (end < n && !isBack(end)) end++;
    if (end === n && recovered !== null) end = Math.min(Math.max(recovered, peak + 1), n - 1);
    const risen = smooth[highest(smooth, onset, until)];
    let cause = causeOf(given, step[Math.max(least - 2 * window, 0)], step[at], rules);
    if (cause === "restart" && risen > rules.SPIKE * Math.abs(top)) cause = null;
    let nearly = onset;
    while (smooth[nearly] < lowest + rules.NEARLY * (risen - lowest)) nearly++;
    const slowly =
      step[nearly] - step[onset] > rules.UNLEARNED_SHARE * duration && nearly - onset > window;
    const rise = {
      onset: step[onset],
      lowest,
      lowStep: step[low],
      low: loss[low],
      peakStep: step[peak],
      peak: loss[peak],
      recovered: recovered === null ? null : step[end],
      early,
      shape: recovered !== null ? "spike" : slowly ? "climb" : "shift",
      sure: Math.max(risen, level[at]) - lowest > rules.SURE * margin,
      cause,
    };
    const one = rises.at(-1);
    const again = onset < ended || low <= told || loss[low] >= loss[peak];
    const isSame = again && one?.cause === cause;
    if (isSame) rises.pop();
    rises.push(isSame ? joined(one, rise) : rise);
    told = Math.max(told, peak);
    ended = end;
    if (recovered !== null) start = Math.max(recovered, at + 1);
    else if (cause !== null) start = at + window;
    else break;
  }
  if (rises.length && rises.at(-1).recovered !== null && curve.final >= goal) {
    Object.assign(rises.at(-1), { recovered: null, shape: "shift" }); // it came back, and left
  }
  if (!rises.length && stoppedByASpike(curve, rules)) {
    const peak = highest(loss, 0, n);
    const onset = placeOfLowest(smooth, 0, peak);
    const low = lowestNear(curve, onset, peak, told);
    rises.push({
      onset: step[onset],
      lowest: smooth[onset],
      lowStep: step[low],
      low: loss[low],
      peakStep: step[peak],
      peak: loss[peak],
      recovered: null,
      early: true,
      shape: "spike",
      sure: true,
      cause: null,
    });
  }
  return rises;
}

/** The next rise from `start` on: as _seen of diagnosis.py. */
function nextRise(curve, start, top, rules) {
  const { smooth, quick, level, stretch, typical, beginning, size: n, window, means } = curve;
  let highestYet = -Infinity; // up to the lowest record so far
  let highestOfAll = -Infinity;
  for (let i = 0; i < start; i++) highestOfAll = Math.max(highestOfAll, smooth[i]);
  let low = start;
  let lowLevel = start;
  for (let i = start; i < n; i++) {
    highestOfAll = Math.max(highestOfAll, smooth[i]);
    if (smooth[i] <= smooth[low]) {
      if (smooth[i] < smooth[low]) low = i;
      highestYet = highestOfAll;
    }
    if (level[i] < level[lowLevel]) lowLevel = i;
    const scale = Math.max(Math.abs(smooth[low]), ((top ?? highestYet) - smooth[low]) / 2);
    const least = rules.RISE * scale;
    const known = i >= start + rules.NOISE_WINDOW + window;
    const noise = known ? curve.noise[i] : beginning;
    const margin = Math.max(least, rules.NOISE * noise);
    const inside = i < n - 1 || n < rules.WINDOW; // the last median is of one record alone
    const loud = means && Number.isNaN(curve.noise[i]) ? noise : curve.noise[i];
    const climbs =
      (inside && smooth[i] - smooth[low] > margin) ||
      ((inside || means) && quick[i] - smooth[low] > Math.max(least, rules.NOISE * loud));
    const around = known ? Math.max(curve.noise[i], typical) : typical;
    const apart = Math.max(least, (rules.NOISE * around) / Math.sqrt(n / curve.levels));
    const slow = // a stretch is judged at its end
      (i === n - 1 || stretch[i + 1] > stretch[i]) &&
      level[i] - level[lowLevel] > apart &&
      stretch[i] > stretch[start];
    if (!climbs && !slow) continue;
    let first = low;
    let allowed = noise;
    if (!climbs) {
      let end = lowLevel;
      while (end < n && stretch[end] === stretch[lowLevel]) end++;
      first = placeOfLowest(smooth, lowLevel, end);
      allowed = around;
    }
    let onset = first;
    for (let j = first; j < i; j++) if (smooth[j] <= smooth[first] + allowed / 2) onset = j;
    const height = climbs ? margin : Math.max(apart + level[lowLevel] - smooth[onset], least);
    return { at: i, least: first, onset, margin: height, slow: !climbs };
  }
  return null;
}

/** The step at which the rate had warmed up; -Infinity if it did not. */
function warmUntil(rate, last, rules) {
  if (!rate || rate.value.length < 2) return -Infinity;
  const { step, value } = rate;
  let falls = 1;
  while (falls < value.length && !(value[falls] < value[falls - 1])) falls++;
  const top = highest(value, 0, falls);
  const soon = value[value.length > 2 ? Math.floor(rules.EARLY_SHARE * value.length) + 1 : 1];
  const warms = value[0] < value[top] / 2 && soon > 1.01 * value[0];
  return warms && step[top] - step[0] <= (last - step[0]) / 2 ? step[top] : -Infinity;
}

/** What explains a rise between two steps; null if nothing does. @param {any} given */
function causeOf({ rate, resumed = [], changes: changed = [] }, start, end, rules) {
  if (resumed.some((step) => start <= step && step <= end)) return "resumed";
  for (const [name, step] of changed) if (start <= step && step <= end) return name;
  if (!rate) return null;
  const { step, value } = rate;
  const upTo = (x) => before(step.length, (i) => (step[i] <= x ? -1 : 1), 0);
  const [first, last] = [Math.max(upTo(start) - 1, 0), upTo(end)];
  if (first >= last) return null;
  const least = placeOfLowest(value, first, last);
  const fell = value[highest(value, 0, least + 1)] > rules.RESTART * value[least];
  const grew = value[highest(value, least, last)] > rules.RESTART * value[least];
  return fell && grew ? "restart" : null;
}

function highest(x, from, to) {
  let place = from;
  for (let i = from; i < to; i++) if (x[i] > x[place]) place = i;
  return place;
}

/** The records of the lowest loss near the begin of a rise, and of the highest thereafter. */
function extremes(curve, begin, until, after) {
  const { quick, loss, window } = curve;
  const high = highest(quick, begin + 1, until);
  const from = Math.max(high - window, begin + 1);
  const peak = highest(loss, from, Math.min(high + window + 1, until));
  return [lowestNear(curve, begin, peak, after), peak];
}

/** The last record with the lowest loss within half a window of one, between two others. */
function lowestNear({ loss, window }, place, until, after) {
  const half = window >> 1;
  let low = Math.max(place - half, 0, Math.min(after + 1, until - 1));
  for (let i = low; i < Math.min(place + half + 1, until); i++) if (loss[i] <= loss[low]) low = i;
  return low;
}

/** A rise that was seen twice: the smoothed loss was back before the loss itself was. */
function joined(one, other) {
  const { onset, lowest, lowStep, low, recovered } = one;
  const { peakStep, peak } = one.peak >= other.peak ? one : other;
  return {
    ...other,
    ...{ onset, lowest, lowStep, low, peakStep, peak },
    recovered: other.recovered && Math.max(other.recovered, recovered),
    early: one.early && other.early,
    sure: one.sure || other.sure,
  };
}

function placeOfLowest(x, from, to) {
  let place = from;
  for (let i = from; i < to; i++) if (x[i] < x[place]) place = i;
  return place;
}

function stoppedByASpike({ late, loss, smooth, size, typical, stuck }, rules) {
  const start = Math.abs(smooth[0]);
  const top = loss[highest(loss, 0, size)];
  if (late || size < rules.FEW || top <= rules.SPIKE * start || top - start <= 10 * typical)
    return false;
  return smooth[size - 1] > rules.LEARNED * smooth[0] && stuck;
}

/** The noise up to a window before each record; NaN where it is not known. */
export function noiseBefore(loss, rules) {
  const window = windowFor(loss.length, rules);
  const noise = new Float64Array(loss.length).fill(NaN);
  const first = rules.NOISE_WINDOW + window;
  if (loss.length <= first) return noise;
  const seen = runningPercentile(changes(loss), rules.NOISE_WINDOW, rules.NOISE_PERCENTILE);
  for (let i = first; i < loss.length; i++) noise[i] = seen[i - window - 1];
  return noise;
}

/** The reading of a learning-rate sweep with one seed, as diagnose_sweep; null if none is feasible. */
export function diagnoseSweep(rates, losses, rules) {
  const runs = losses.map((loss) => [diagnose(loss, rules)]);
  return concludeSweep(rates, runs, rules);
}

/** The same from the diagnoses of each rate's runs, as conclude_sweep. */
export function concludeSweep(rates, runs, rules) {
  const half = (some, holds) => some.filter(holds).length >= some.length / 2;
  const feasible = runs.map((some) => half(some, isFeasible));
  if (!feasible.some(Boolean)) return null;
  const compared = runs.map((some, i) => (feasible[i] ? middle(some) : Infinity));
  let star = 0;
  compared.forEach((x, i) => {
    if (x < compared[star]) star = i;
  });
  const learned = runs.map((some) =>
    half(some, (found) => found.final < rules.LEARNED * found.initial),
  );
  const kept = feasible.map((ok, i) => ok && (learned[i] || i < star || !learned[star]));
  const edge = kept.findIndex((ok, i) => i >= star && !ok);
  const isUnstable = (found) => found.verdict !== "stable";
  const unstable = runs.findIndex((some, i) => i >= star && half(some, isUnstable));
  return {
    feasible: kept,
    star,
    atBoundary: star === 0 || star === rates.length - 1,
    edge: edge < 0 ? null : [rates[edge - 1], rates[edge]],
    unstable: unstable < 0 ? null : rates[unstable],
    limited: unstable >= 0 && rates[unstable] <= 1.001 * rules.NEAR * rates[star],
  };
}

const isFeasible = (found) =>
  found.verdict === "stable" ||
  (found.verdict !== "diverged" && found.rises.every((rise) => rise.recovered !== null));

/** The median of the final losses, of which one that is not finite counts as infinite. */
function middle(some) {
  const finals = some.map(({ final }) => (Number.isNaN(final) ? Infinity : final));
  finals.sort((a, b) => a - b);
  const last = finals.length - 1;
  return (finals[Math.floor(last / 2)] + finals[Math.ceil(last / 2)]) / 2;
}
