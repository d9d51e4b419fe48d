// The sentences of a diagnosis: as Diagnosis.sentences of stabsim/diagnosis.py.

import { fill, number, whole } from "./numbers.mjs";

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
  for (const rise of found.rises) {
    const back =
      rise.recovered === null
        ? words.evidence.lost
        : say("recovered", { step: at(rise.recovered) });
    said.push(
      say(rise.early ? "early" : "mid", {
        lowest: write(rise.lowest),
        onset: at(rise.onset),
        peak: write(rise.peak),
        peak_step: at(rise.peakStep),
        back,
      }),
    );
  }
  if (found.end !== null) said.push(say("diverged", { step: at(found.end) }));
  if (found.largest) {
    const [step, norm] = found.largest;
    said.push(say("gradient", { norm: write(norm), step: at(step) }));
  }
  return said;
}
