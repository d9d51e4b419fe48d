// Wakes the exercises of a page: a form each, which knows its answer.

import { judge, reads } from "./parts/judge.mjs";
import { awaited } from "./parts/needed.mjs";
import { keep, kept } from "./parts/progress.mjs";

/** What is written in a page is judged by a script that few pages need. */
async function built(known, text) {
  const script = await awaited(new URL("build.mjs", import.meta.url).href);
  return script.judge(known, text);
}

/** @type {NodeListOf<HTMLFormElement>} */
const forms = document.querySelectorAll("form[data-exercise]");
for (const form of forms) {
  const elements = /** @type {any} */ (form.elements); // a field by its name
  const known = JSON.parse(form.dataset.exercise ?? "");
  const said = /** @type {Element} */ (form.querySelector(".exercise-said"));
  for (const field of elements) field.disabled = false;
  const name = form.id.replace("exercise-", "");
  const output = form.querySelector("output");
  if (output) {
    elements.answer.addEventListener("input", () => {
      output.textContent = reads(known, elements.answer.value);
    });
  }

  async function check() {
    const judged = known.build ? await built(known, elements.answer.value) : null;
    const { right, text } = judged ?? judge(known, elements.answer.value);
    form.dataset.right = String(right);
    said.textContent = `${right ? "✓" : "✗"} ${text}`;
    return right;
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = elements.answer.value;
    const right = await check();
    if (given !== "") keep("answers", name, { given, right });
  });
  const before = kept().answers[name];
  if (before) {
    elements.answer.value = before.given;
    check();
  }
}
