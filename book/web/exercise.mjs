// Wakes the exercises of a page: a form each, which knows its answer.

import { judge } from "./parts/judge.mjs";

for (const form of document.querySelectorAll("form[data-exercise]")) {
  const known = JSON.parse(form.dataset.exercise);
  const said = form.querySelector(".exercise-said");
  for (const field of form.elements) field.disabled = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { right, text } = judge(known, form.elements.answer.value);
    form.dataset.right = right;
    said.textContent = `${right ? "✓" : "✗"} ${text}`;
  });
}
