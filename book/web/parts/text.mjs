// Names of columns in a message.

/** A name in quotation marks, as Python's repr has it. */
export const quoted = (name) =>
  name.includes("'") && !name.includes('"') ? `"${name}"` : `'${name}'`;

/** Names for a message: as stabsim.logs.columns.listed. */
export function listed(names, most = 12) {
  const shown = names.slice(0, most).map((name) => quoted(name));
  return shown.length ? shown.join(", ") + (names.length > most ? ", …" : "") : "-";
}
