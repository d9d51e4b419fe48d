// On every page: fetches the scripts of what there is on it.

import { awaited } from "./parts/needed.mjs";

const scripts = {
  lab: "lab",
  exercise: "exercise",
  prediction: "predict",
  drop: "drop",
  rule: "rule",
  progress: "progress",
  "progress-here": "progress",
  search: "search",
};
for (const [name, script] of Object.entries(scripts)) {
  if (document.querySelector(`[data-${name}]`))
    awaited(new URL(`${script}.mjs`, import.meta.url).href);
}

// The same section, with the labs set the same way, in the other language.
/** @type {NodeListOf<HTMLAnchorElement>} */
const switches = document.querySelectorAll("a.language-switch");
for (const link of switches) {
  link.addEventListener("click", () => {
    link.search = location.search;
    link.hash = location.hash;
  });
}

// A formula that scrolls can be scrolled by keyboard too.
const watch = new ResizeObserver((formulas) => {
  for (const { target } of formulas) {
    if (!(target instanceof HTMLElement)) continue;
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const formula of document.querySelectorAll("mjx-container[display]")) watch.observe(formula);
