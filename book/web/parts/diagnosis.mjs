// The rules of stabsim/diagnosis.py, for a page without Python. A test holds the two together.

import { median, runningMedian, runningPercentile } from "./statistics.mjs";

/**
 * The verdict on a list of losses, with its evidence; `rules` are diagnosis.py's numbers. The
 * `steps` of the losses are 0, 1, 2, ... if not given; `norms` are {step, value} on their own.
 * @param {any} loss
 * @param {any} rules
 * @param {{steps?: any, norms?: any}} given
 */
export function diagnose(loss, rules, { steps = null, norms = null } = {}) {
  const at = (i) => (steps ? steps[i] : i);
  const bad = [
    firstNotFinite(loss, at),
    norms && firstNotFinite(norms.value, (i) => norms.step[i]),
  ];
  const known = bad.filter((step) => step !== null);
  const end = known.length ? Math.min(...known) : null;
  const size = end === null ? loss.length : before(loss.length, at, end);
  const shown = loss.slice(0, size);
  const smooth = size ? runningMedian(shown, windowFor(size, rules)) : new Float64Array(0);
  const rises = size ? findRises(shown, smooth, at, rules) : [];
  const initial = loss[0];
  const final = finalLoss(loss);
  const verdict = decide(rises, initial, final, end, rules);
  return { verdict, rises, initial, final, end, largest: norms && largestOf(norms), smooth };
}

function firstNotFinite(values, at) {
  const place = values.findIndex((x) => !Number.isFinite(x));
  return place < 0 ? null : at(place);
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

function decide(rises, initial, final, end, rules) {
  if (end !== null || (rises.length && final > rules.RUNAWAY * Math.abs(initial)))
    return "diverged";
  if (!rises.length) return "stable";
  if (rises.some((rise) => !rise.early)) return "mid-training instability";
  if (rises.at(-1).recovered === null) return "early instability";
  return "early instability with recovery";
}

/** The median of the last tenth; NaN if one of it is not finite. */
export function finalLoss(loss) {
  const tail = loss.slice(-Math.max(1, roundHalfEven(0.1 * loss.length)));
  return tail.every(Number.isFinite) ? median(tail) : NaN;
}

function roundHalfEven(x) {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 ? floor + 1 : floor;
}

/** How many records a running median takes in a log of that many. */
function windowFor(records, rules) {
  return Math.max(rules.WINDOW, roundHalfEven(1.4 * records ** (1 / 3)));
}

function findRises(loss, smooth, at, rules) {
  const n = loss.length;
  const window = windowFor(n, rules);
  const noise = noiseBefore(loss, rules);
  const initial = Math.abs(loss[0]);
  const least = rules.RISE * initial;
  const earlyUntil = at(0) + rules.EARLY_SHARE * (at(n - 1) - at(0));
  const rises = [];
  let start = 0;
  let goal = Infinity;

  function add(onset, peak, recovered, early) {
    rises.push({
      onset: at(onset),
      lowest: smooth[onset],
      peakStep: at(peak),
      peak: loss[peak],
      recovered: recovered === null ? null : at(recovered),
      early,
    });
  }

  // How far the smoothed loss must climb: the noise counts once enough has been seen of it.
  function margin(i) {
    if (i < start + rules.NOISE_WINDOW + window) return rules.RISE_UNSEEN * initial;
    return Math.max(least, rules.NOISE * noise[i]);
  }

  while (start < n) {
    let seen = -1;
    let onset = start;
    for (let i = start; i < n; i++) {
      if (smooth[i] < smooth[onset]) onset = i;
      if (smooth[i] - smooth[onset] > margin(i)) {
        seen = i;
        break;
      }
    }
    if (seen < 0) break;
    const early = at(onset) <= earlyUntil || smooth[onset] > rules.LEARNED * initial;
    goal = early ? rules.LEARNED * loss[0] : smooth[onset] + least;
    let recovered = null;
    for (let i = seen; i < n && recovered === null; i++) if (smooth[i] < goal) recovered = i;
    let peak = recovered === seen ? seen : highest(smooth, seen, recovered ?? n);
    const half = Math.floor(window / 2);
    peak = highest(loss, Math.max(peak - half, onset), Math.min(peak + half + 1, n));
    add(onset, peak, recovered, early);
    if (recovered === null) break;
    start = Math.max(recovered, seen + 1);
  }
  if (rises.length && smooth[n - 1] >= goal) rises.at(-1).recovered = null; // it came back, and left
  if (!rises.length && stoppedByASpike(loss, smooth, rules)) {
    const peak = highest(loss, 0, n);
    let onset = 0;
    for (let i = 0; i <= peak; i++) if (smooth[i] < smooth[onset]) onset = i;
    add(onset, peak, null, true);
  }
  return rises;
}

function highest(x, from, to) {
  let place = from;
  for (let i = from; i < to; i++) if (x[i] > x[place]) place = i;
  return place;
}

function stoppedByASpike(loss, smooth, rules) {
  const quarter = Math.floor(loss.length / 4);
  const top = loss[highest(loss, 0, loss.length)];
  if (!quarter || top <= rules.SPIKE * Math.abs(loss[0])) return false;
  if (smooth.at(-1) <= rules.LEARNED * loss[0]) return false;
  return median(loss.slice(-quarter)) > 0.99 * median(loss.slice(quarter, 2 * quarter));
}

/** The noise up to a window before each record; NaN where it is not known. */
export function noiseBefore(loss, rules) {
  const window = windowFor(loss.length, rules);
  const noise = new Float64Array(loss.length).fill(NaN);
  const first = rules.NOISE_WINDOW + window;
  if (loss.length <= first) return noise;
  const change = new Float64Array(loss.length - 1);
  for (let i = 0; i < change.length; i++) {
    change[i] = Math.min(Math.abs(loss[i + 1] - loss[i]), Number.MAX_VALUE);
  }
  const seen = runningPercentile(change, rules.NOISE_WINDOW, rules.NOISE_PERCENTILE);
  for (let i = first; i < loss.length; i++) noise[i] = seen[i - window - 1];
  return noise;
}

/** The reading of a learning-rate sweep with one seed, as diagnose_sweep; null if none is feasible. */
export function diagnoseSweep(rates, losses, rules) {
  const runs = losses.map((loss) => diagnose(loss, rules));
  const finals = losses.map(finalLoss);
  const feasible = runs.map(
    (run) =>
      run.verdict === "stable" ||
      (run.verdict !== "diverged" && run.rises.every((rise) => rise.recovered !== null)),
  );
  const compared = finals.map((x, i) => (feasible[i] && !Number.isNaN(x) ? x : Infinity));
  if (!feasible.some(Boolean)) return null;
  let star = 0;
  compared.forEach((x, i) => {
    if (x < compared[star]) star = i;
  });
  const kept = feasible.map(
    (ok, i) => ok && (finals[i] < rules.LEARNED * losses[i][0] || i < star),
  );
  const edge = kept.findIndex((ok, i) => i >= star && !ok);
  const unstable = runs.findIndex((run, i) => i >= star && run.verdict !== "stable");
  return {
    feasible: kept,
    star,
    atBoundary: star === 0 || star === rates.length - 1,
    edge: edge < 0 ? null : [rates[edge - 1], rates[edge]],
    unstable: unstable < 0 ? null : rates[unstable],
    limited: unstable >= 0 && rates[unstable] <= 1.001 * rules.NEAR * rates[star],
  };
}
