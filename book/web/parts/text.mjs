// Names of columns in a message.

/** A name in quotation marks. */
export const quoted = (name) => `'${name}'`;

/** Names for a message: as stabsim.logs.columns.listed. */
export function listed(names, most = 12) {
  const shown = names.slice(0, most).map((name) => quoted(name));
  return shown.length ? shown.join(", ") + (names.length > most ? ", …" : "") : "-";
}
