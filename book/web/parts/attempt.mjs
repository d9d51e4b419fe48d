// Tries a typed rule: as stabsim/rules/experiment.py, with the same beginnings and gradients.

import { load } from "../../../jax2wasm/src/jax2wasm/loader/loader.mjs";
import { runner } from "./typed.mjs";

const NAMES = ["digits_start", "digits_step", "surface_start", "surface_step"];

/** The compiled programs in the folder of an address. */
export async function programs(source) {
  const found = await Promise.all(NAMES.map((name) => load(new URL(`${name}.json`, source))));
  return Object.fromEntries(NAMES.map((name, i) => [name, found[i]]));
}

/** The loss on the digits, and the path on the surface as x, y, x, y, ... */
export function attempt(found, known, rule, { rate, surface, seed }) {
  const lr = Math.fround(rate);
  const loss = new Float32Array(known.steps);
  const [theta, rows] = found.digits_start(seed);
  const learn = runner(rule, theta.length);
  for (let i = 0; i < known.steps; i++) {
    const [value, g] = found.digits_step(
      theta,
      rows.subarray(i * known.batch, (i + 1) * known.batch),
    );
    loss[i] = value[0];
    learn(theta, g, lr);
  }
  const which = Object.keys(known.boxes).indexOf(surface);
  const path = new Float32Array(2 * (known.raceSteps + 1));
  const [place] = found.surface_start(which, seed);
  const walk = runner(rule, 2);
  path.set(place);
  for (let i = 0; i < known.raceSteps; i++) {
    const [, g] = found.surface_step(which, place);
    walk(place, g, lr);
    path.set(place, 2 * (i + 1));
  }
  return { loss, path };
}
