// The sentences of a diagnosis: as Diagnosis.sentences of stabsim/diagnosis.py.

import { fill, number, whole } from "./numbers.mjs";

/** The kind of run in words. */
export const kindOf = ({ verdict, plateau }, words) =>
  words.verdicts[verdict === "stable" && plateau === "start" ? "still" : verdict];

/** The verdict and what it rests on, one sentence each. */
export function evidence(found, words) {
  const write = (x) => number(x, words.language);
  const at = (step) => whole(step, words.language);
  const say = (name, values) => fill(words.evidence[name], values);
  const verdict = words.verdicts[found.verdict];
  const said = [
    `${verdict[0].toUpperCase()}${verdict.slice(1)}.`,
    say("span", { initial: write(found.initial), final: write(found.final) }),
  ];
  if (found.objective !== "falls") said.push(words.evidence[found.objective]);
  const rose = (name, rise, more = {}) =>
    say(name, {
      low: write(rise.low),
      low_step: at(rise.lowStep),
      peak: write(rise.peak),
      peak_step: at(rise.peakStep),
      back:
        rise.recovered === null
          ? words.evidence.lost
          : say(rise.early && rise.peak < found.initial ? "small" : "recovered", {
              step: at(rise.recovered),
            }),
      ...more,
    });
  for (const rise of found.rises) {
    // How it went on after it had blown up is not told.
    if (found.farAt !== null && rise.lowStep >= found.farAt) continue;
    const kind = rise.shape === "climb" ? "climb" : rise.early ? "early" : "mid";
    said.push(rose(found.reason === null ? kind : "up", rise));
  }
  for (const rise of found.explained) {
    const known = ["restart", "resumed"].includes(rise.cause) ? rise.cause : "change";
    said.push(rose("explained", rise, { cause: say(known, { what: rise.cause }) }));
  }
  if (found.reason !== null) {
    said.push(say(found.reason, { step: at(found.end ?? found.farAt) }));
  }
  if (found.plateau !== null) said.push(words.evidence[found.plateau]);
  const survived = [
    ["missing", found.lost],
    ["skipped", found.skipped],
  ];
  for (const [name, some] of survived) {
    if (some) said.push(say(name, { first: at(some.first), count: String(some.count) }));
  }
  if (found.confidence !== "sure") said.push(words.evidence[found.confidence]);
  if (found.largest) {
    const [step, norm] = found.largest;
    said.push(say("gradient", { norm: write(norm), step: at(step) }));
  }
  return said;
}
