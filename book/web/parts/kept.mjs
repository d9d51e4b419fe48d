// Runs that are kept to compare others with, each with its colour, its setting and its verdict.

import { written } from "./settings.mjs";

export const MOST = 4;

/** Their colours, as in lab.css. */
export const KEPT = ["#7F7F7F", "#009E73", "#CC79A7", "#E69F00"];

/**
 * A list of kept runs in `place`; `changed` is told when one is removed.
 * @param {any} place
 * @param {() => void} changed
 */
export function keeper(place, lab, words, changed) {
  let runs = []; // {slot, values, tables, name, verdict}; another list after each change

  function show() {
    place.hidden = !runs.length;
    place.replaceChildren(
      ...runs.map((run) => {
        const item = document.createElement("li");
        const colour = document.createElement("span");
        const text = document.createElement("span");
        const remove = document.createElement("button");
        colour.className = `lab-colour lab-colour-${run.slot}`;
        text.append(`${run.name}: ${run.verdict}`);
        remove.type = "button";
        remove.textContent = "×";
        const what = words.frame.forget.replace("{run}", run.name);
        remove.setAttribute("aria-label", what);
        remove.title = what;
        remove.addEventListener("click", () => {
          runs = runs.filter((one) => one !== run);
          show();
          changed();
        });
        item.append(colour, text, remove);
        return item;
      }),
    );
  }

  return {
    get runs() {
      return runs;
    },
    add({ values, tables }, first, verdict) {
      const taken = runs.map((run) => run.slot);
      const slot = [0, 1, 2, 3].find((one) => !taken.includes(one));
      const name = named(lab, words, values, first);
      runs = [...runs, { slot, values, tables, name, verdict }];
      show();
    },
  };
}

/** A setting by what is not as it began. */
function named(lab, words, values, first) {
  const said = lab.controls
    .filter(({ name }) => values[name] !== first[name])
    .map((control) => {
      const value = values[control.name];
      const option = control.options?.find(([name]) => name === value);
      return `${control.label} ${option ? option[2] : written(control, value, words.language)}`;
    });
  return said.join(", ") || words.frame.first;
}
