// Wakes the exercises of a page: a form each, which knows its answer.

import { judge, reads } from "./parts/judge.mjs";
import { keep, kept } from "./parts/progress.mjs";

/** @type {NodeListOf<HTMLFormElement>} */
const forms = document.querySelectorAll("form[data-exercise]");
for (const form of forms) {
  const elements = /** @type {any} */ (form.elements); // a field by its name
  const known = JSON.parse(form.dataset.exercise ?? "");
  const said = /** @type {Element} */ (form.querySelector(".exercise-said"));
  for (const field of elements) field.disabled = false;
  const output = form.querySelector("output");
  if (output) {
    elements.answer.addEventListener("input", () => {
      output.textContent = reads(known, elements.answer.value);
    });
  }
  const name = form.id.replace("exercise-", "");

  function check() {
    const { right, text } = judge(known, elements.answer.value);
    form.dataset.right = String(right);
    said.textContent = `${right ? "✓" : "✗"} ${text}`;
    return right;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const right = check();
    const given = elements.answer.value;
    if (given !== "") keep("answers", name, { given, right });
  });
  const before = kept().answers[name];
  if (before) {
    elements.answer.value = before.given;
    check();
  }
}
