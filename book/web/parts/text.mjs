// Names of columns in a message.

/** A name in quotation marks. */
export const quoted = (name) => `'${name}'`;

/** Names for a message, shortened: as stabsim.logs.columns.listed. */
export function listed(names, most = 12) {
  const shown = names.slice(0, most).map((name) => quoted([...name].slice(0, 40).join("")));
  return shown.length ? shown.join(", ") + (names.length > most ? ", …" : "") : "-";
}
