// What a lab downloads, as a table or as Python: fetched when it is asked for.

import * as parts from "./parts/csv.mjs";
import * as code from "./parts/python.mjs";

export const csv = (lab, tables) => save(lab, parts.csv(tables), "csv", "text/csv");
export const python = (lab, values) => save(lab, code.python(lab, values), "py", "text/x-python");

function save(lab, text, ending, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = `${lab.name}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
