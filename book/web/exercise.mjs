// Wakes the exercises of a page: a form each, which knows its answer.

import { judge, reads } from "./parts/judge.mjs";
import { needed } from "./parts/needed.mjs";
import { fill, number } from "./parts/numbers.mjs";
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

  /** What lines of arithmetic come to, or what was typed or chosen. */
  async function verdict(given) {
    if (!known.lines) return judge(known, given);
    try {
      const { computed } = await needed(new URL("parts/computed.mjs", import.meta.url).href);
      const value = computed(known, given);
      const { right, text } = judge(known, value);
      const comes = fill(known.comes, { value: number(value, known.language) });
      return { right, text: `${comes} ${text}` };
    } catch (/** @type {any} */ error) {
      return { right: false, text: error.message };
    }
  }

  async function check() {
    const { right, text } = await verdict(elements.answer.value);
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
