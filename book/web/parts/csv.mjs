// What a lab downloads as a table.

/** The tables one below the other: a line of names, then a line a row. */
export function csv(tables) {
  const parts = Object.entries(tables).map(([name, table]) => {
    const columns = Object.entries(table);
    const size = Math.min(...columns.map(([, x]) => x.length));
    const head = columns.map(([column]) => `${name}.${column}`).join(",");
    const lines = Array.from({ length: size }, (_, i) => columns.map(([, x]) => x[i]).join(","));
    return [head, ...lines].join("\n");
  });
  return `${parts.join("\n\n")}\n`;
}
