// Percentiles, at once and of a window that moves: as stabsim/logs/spool.py and numpy have them.

/** The percentile of some numbers, none of them NaN. */
export function percentile(values, share) {
  return ofSorted(new Float64Array(values).sort(), share);
}

export const median = (values) => percentile(values, 50);

function ofSorted(sorted, share, size = sorted.length) {
  const place = (share / 100) * (size - 1);
  const low = Math.floor(place);
  if (low === place) return sorted[low]; // 0 times a difference that is infinite is no number
  const high = Math.min(low + 1, size - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (place - low);
}

/** Numbers kept in order while some come and others go, for a window that moves over a series. */
class Sorted {
  #values;
  #size = 0;

  constructor(most) {
    this.#values = new Float64Array(most);
  }

  /** The place of the first that is not below x. */
  #place(x) {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#values[middle] < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  add(x) {
    const place = this.#place(x);
    this.#values.copyWithin(place + 1, place, this.#size++);
    this.#values[place] = x;
  }

  remove(x) {
    this.#values.copyWithin(this.#place(x), this.#place(x) + 1, this.#size--);
  }

  /** One goes and one comes: only those between the two move. */
  replace(old, x) {
    const values = this.#values;
    let place = this.#place(old);
    for (; place + 1 < this.#size && values[place + 1] < x; place++)
      values[place] = values[place + 1];
    for (; place > 0 && values[place - 1] > x; place--) values[place] = values[place - 1];
    values[place] = x;
  }

  percentile(share) {
    return ofSorted(this.#values, share, this.#size);
  }
}

/** The median of up to `window` numbers around each; fewer, but as many on both sides, at the ends. */
export function runningMedian(x, window) {
  const n = x.length;
  const half = Math.min(Math.floor(window / 2), Math.floor((n - 1) / 2));
  const near = new Sorted(2 * half + 1);
  const smooth = new Float64Array(n);
  let from = 0;
  let to = 0;
  for (let i = 0; i < n; i++) {
    const reach = Math.min(half, i, n - 1 - i);
    if (reach === half && to === i + half && from === i - half - 1)
      near.replace(x[from++], x[to++]);
    while (to <= i + reach) near.add(x[to++]);
    while (from < i - reach) near.remove(x[from++]);
    smooth[i] = near.percentile(50);
  }
  return smooth;
}

/** The percentile of the `window` numbers that end at each place; NaN where there are fewer. */
export function runningPercentile(x, window, share) {
  const last = new Sorted(window);
  const found = new Float64Array(x.length).fill(NaN);
  for (let i = 0; i < x.length; i++) {
    if (i < window) last.add(x[i]);
    else last.replace(x[i - window], x[i]);
    if (i >= window - 1) found[i] = last.percentile(share);
  }
  return found;
}
