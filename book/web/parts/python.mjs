// A lab as Python.

import { pythonFloat } from "./numbers.mjs";

/** Python that repeats a setting: controls' values in their places, other braces as they are. */
export function python(lab, values) {
  const written = new Map(lab.controls.map((c) => [c.name, inPython(c, values[c.name])]));
  const filled = (code) => code.replace(/\{(\w+)\}/g, (place, name) => written.get(name) ?? place);
  return filled(filled(lab.code)); // twice, for an option's code may hold controls too
}

function inPython(control, value) {
  if (control.options) return control.options.find(([name]) => name === value)[1];
  return control.scale === "whole" ? String(value) : pythonFloat(value);
}
