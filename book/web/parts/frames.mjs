// Pictures that change with the cursor: as as_of and within of stabsim/labs/frame/frames.py.

/** The rows of a table that are seen while the cursor stands at a step. */
export function asOf(table, step) {
  if (!table.since) return table;
  return only(table, (i) => table.since[i] <= step && step <= table.until[i]);
}

/** The rows of a kept run's path that lie where a run is seen, so that they widen no view. */
export function within(ghost, run) {
  const ranges = ["x", "y"].map((name) => {
    const known = run[name].filter(Number.isFinite);
    return [name, Math.min(...known), Math.max(...known)];
  });
  const inside = (i) =>
    ranges.every(([name, low, high]) => low <= ghost[name][i] && ghost[name][i] <= high);
  return only(ghost, (i) => ghost.line[i] >= 0 && inside(i));
}

function only(table, wanted) {
  return Object.fromEntries(
    Object.entries(table).map(([name, x]) => [name, x.filter((_, i) => wanted(i))]),
  );
}
