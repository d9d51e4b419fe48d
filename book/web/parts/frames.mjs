// Pictures that change with the cursor: as as_of and within of stabsim/labs/frame/frames.py.

/** The rows of a table that are seen while the cursor stands at a step. */
export function asOf(table, step) {
  if (!table.since) return table;
  return only(table, (i) => table.since[i] <= step && step <= table.until[i]);
}

/** The rows of a kept run that lie where a run is seen, so that they widen no view. */
export function within(ghost, run) {
  // A valley that was cut is as deep as it is: only how far it goes across is bounded.
  const ranges = (ghost.line ? ["x", "y"] : ["x"]).map((name) => {
    const known = run[name].filter(Number.isFinite);
    return [name, Math.min(...known), Math.max(...known)];
  });
  const inside = (i) =>
    ranges.every(([name, low, high]) => low <= ghost[name][i] && ghost[name][i] <= high);
  // Of a landscape its path alone, and none of the path on another surface.
  const isOther = (i) => ghost.line?.[i] < 0 || ghost.surface?.[i] !== run.surface?.[0];
  return only(ghost, (i) => !isOther(i) && inside(i));
}

function only(table, wanted) {
  return Object.fromEntries(
    Object.entries(table).map(([name, x]) => [name, x.filter((_, i) => wanted(i))]),
  );
}
