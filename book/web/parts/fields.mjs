// A lab's controls: a slider with a field to type its number in, or a menu.

import { fill } from "./numbers.mjs";
import { plain, read } from "./numerals.mjs";
import { isIdle, positionOf, typed, unitOf, valueAt, written } from "./settings.mjs";

/**
 * Wakes the controls, whose values they change in place.
 * @param {any} section
 * @param {(name: string | null, message: string) => void} told of each change, or of what was
 *   typed and is no value
 */
export function fields(section, lab, words, values, told) {
  const { language, frame } = words;
  const find = (control) => section.querySelector(`[name="${control.name}"]`);
  const textOf = (control) => find(control).closest(".lab-field").querySelector("[type=text]");

  function show(control) {
    const field = find(control);
    const off = isIdle(control, values);
    field.disabled = off;
    field.nextElementSibling.textContent = off ? control.idle[2] : "";
    field.closest(".lab-field").classList.toggle("is-idle", off);
    if (control.options) {
      field.value = values[control.name];
      return;
    }
    field.value = positionOf(control, values[control.name]);
    field.setAttribute("aria-valuetext", written(control, values[control.name], language));
    const text = textOf(control);
    text.disabled = off;
    text.value = plain(values[control.name], language);
    if (text.nextElementSibling) {
      text.nextElementSibling.textContent = unitOf(control, values[control.name]);
    }
    text.removeAttribute("aria-invalid");
  }

  function take(control) {
    const text = textOf(control);
    if (text.value === plain(values[control.name], language)) return;
    const value = typed(control, text.value, language);
    if (value === null) {
      text.setAttribute("aria-invalid", "true");
      const { label } = control;
      const [low, high] = [control.low, control.high].map((x) => plain(x, language));
      const which = control.scale === "whole" ? frame.whole : frame.range;
      const asked = read(text.value, language, control.unit);
      const reads = Number.isNaN(asked)
        ? ""
        : ` ${fill(frame.reads, { value: plain(asked, language) })}`;
      told(null, fill(which, { label, low, high }) + reads);
      return;
    }
    values[control.name] = value;
    told(control.name, "");
  }

  for (const control of lab.controls) {
    find(control).addEventListener("input", ({ target }) => {
      values[control.name] = control.options
        ? target.value
        : valueAt(control, Number(target.value));
      told(control.name, "");
    });
    if (!control.options) textOf(control).addEventListener("change", () => take(control));
  }

  return () => lab.controls.forEach(show);
}
