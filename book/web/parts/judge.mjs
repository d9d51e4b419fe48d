// Holds an answer against an exercise's solution, as stabsim.exercises does on a kernel.

import { fill } from "./numbers.mjs";
import { plain, read } from "./numerals.mjs";

/** Whether what was typed or chosen is right, and what to say of it. */
export function judge(known, given) {
  if (known.remarks) {
    if (given === "") return { right: false, text: known.empty };
    return { right: Number(given) === known.place, text: known.remarks[given] };
  }
  const value = read(given, known.language, known.units);
  if (Number.isNaN(value)) return { right: false, text: known.unread };
  return held(known, value);
}

/** The same of a number. */
export function held(known, value) {
  const distance = Math.abs(value - known.answer);
  const size = Math.abs(known.answer);
  if (distance <= (known.tolerance + 1e-9) * size) return { right: true, text: known.right };
  const hint = known.hints.find(([low, high]) => low <= value && value <= high);
  if (hint) return { right: false, text: hint[2] };
  return { right: false, text: distance <= known.near * size ? known.close : known.wrong };
}

/** How a number is read, where that is not as it was written; else nothing. */
export function reads(known, given) {
  const value = read(given, known.language, known.units);
  const written = plain(value, known.language);
  const asWritten = Number.isNaN(value) || written === given.trim();
  return asWritten ? "" : fill(known.reads, { value: written });
}
