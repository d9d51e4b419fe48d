// An answer that lines of arithmetic compute, where a page has no Python.

import { parse, runner } from "./typed.mjs";

/**
 * What theta is after the last step; stabsim.exercises.frame.exercise.Lines says how lines run.
 * @returns {number}
 */
export function computed({ lines, words }, text) {
  const { after, steps, given } = lines;
  const step = runner(parse(`${text}\n${after}`, words), 1, Float64Array);
  const theta = new Float64Array([1]);
  for (let i = 0; i < steps; i++) step(theta, given.length ? [given[i]] : theta, 0);
  return theta[0];
}
