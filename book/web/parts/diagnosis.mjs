// The rules of stabsim/diagnosis.py, for a page without Python. A test holds the two together.

/** The verdict on a list of losses, with its evidence; `rules` are diagnosis.py's numbers. */
export function diagnose(loss, rules) {
  const finite = loss.findIndex((x) => !Number.isFinite(x));
  const end = finite < 0 ? null : finite;
  const shown = end === null ? loss : loss.slice(0, end);
  const rises = shown.length ? findRises(shown, rules) : [];
  const initial = loss[0];
  const final = finalLoss(loss);
  return { verdict: decide(rises, initial, final, end, rules), rises, initial, final, end };
}

function decide(rises, initial, final, end, rules) {
  if (end !== null || (rises.length && final > rules.RUNAWAY * Math.abs(initial))) return "diverged";
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

export function median(values) {
  return percentile(values, 50);
}

function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = (share / 100) * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (place - low);
}

function runningMedian(x, window) {
  const half = Math.min(Math.floor(window / 2), Math.floor((x.length - 1) / 2));
  return x.map((_, i) => {
    const reach = Math.min(half, i, x.length - 1 - i);
    return median(x.slice(i - reach, i + reach + 1));
  });
}

function findRises(loss, rules) {
  const n = loss.length;
  const window = Math.max(rules.WINDOW, roundHalfEven(1.4 * n ** (1 / 3)));
  const smooth = runningMedian(loss, window);
  const initial = Math.abs(loss[0]);
  const least = rules.RISE * initial;
  const earlyUntil = rules.EARLY_SHARE * (n - 1);
  const rises = [];
  let start = 0;
  let goal = Infinity;
  while (start < n) {
    const margin = margins(loss.slice(start), window, initial, rules);
    let seen = -1;
    let onset = start;
    for (let i = start; i < n; i++) {
      if (smooth[i] < smooth[onset]) onset = i;
      if (smooth[i] - smooth[onset] > margin[i - start]) {
        seen = i;
        break;
      }
    }
    if (seen < 0) break;
    const early = onset <= earlyUntil || smooth[onset] > rules.LEARNED * initial;
    goal = early ? rules.LEARNED * loss[0] : smooth[onset] + least;
    let recovered = null;
    for (let i = seen; i < n && recovered === null; i++) if (smooth[i] < goal) recovered = i;
    let peak = recovered === seen ? seen : highest(smooth, seen, recovered ?? n);
    const half = Math.floor(window / 2);
    peak = highest(loss, Math.max(peak - half, onset), Math.min(peak + half + 1, n));
    rises.push({ onset, lowest: smooth[onset], peakStep: peak, peak: loss[peak], recovered, early });
    if (recovered === null) break;
    start = Math.max(recovered, seen + 1);
  }
  if (rises.length && smooth[n - 1] >= goal) rises.at(-1).recovered = null; // it came back, and left
  if (!rises.length && stoppedByASpike(loss, smooth, rules)) {
    const peak = highest(loss, 0, n);
    let onset = 0;
    for (let i = 0; i <= peak; i++) if (smooth[i] < smooth[onset]) onset = i;
    const lowest = smooth[onset];
    rises.push({ onset, lowest, peakStep: peak, peak: loss[peak], recovered: null, early: true });
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

/** How far the smoothed loss must climb at each record for a rise. */
function margins(loss, lag, initial, rules) {
  const window = 50;
  const change = loss.slice(1).map((x, i) => Math.abs(x - loss[i]));
  return loss.map((_, i) => {
    if (i < window + lag) return rules.RISE_UNSEEN * initial;
    const noise = percentile(change.slice(i - lag - window, i - lag), 90);
    return Math.max(rules.RISE * initial, rules.NOISE * noise);
  });
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
