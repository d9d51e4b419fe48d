// The menus of columns: which column of the log is what.

import { quoted } from "./text.mjs";

/** Menus in a form; `changed` gets the role and its column, null for none. */
export function menus(form, words, changed) {
  let names = [];
  const fields = [...form.querySelectorAll("select")];
  for (const field of fields) {
    field.addEventListener("change", () => changed(field.name, names[field.value] ?? null));
  }

  function fillOne(field, column) {
    const none = words.drop[{ loss: "choose one", step: "number" }[field.name] ?? "none"];
    const first = field.name === "loss" && column !== null ? [] : [new Option(none, "")];
    const options = names.map(
      (name, i) => new Option(name.trim() ? name : quoted(name), String(i)),
    );
    field.replaceChildren(...first, ...options);
    field.value = column === null ? "" : names.indexOf(column);
  }

  return {
    /** Shows the columns of a log, and those that were taken; hides where there are none. */
    show(all, columns) {
      form.hidden = !all;
      names = all ?? [];
      for (const field of fields) fillOne(field, columns?.[field.name] ?? null);
    },
  };
}
