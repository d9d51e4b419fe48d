// Judges what is written in a page: the lines of a rule, numbers, or a loss curve.

import { diagnose } from "./parts/diagnosis.mjs";
import { evidence } from "./parts/evidence.mjs";
import { held } from "./parts/judge.mjs";
import { listed } from "./parts/listed.mjs";
import { json } from "./parts/needed.mjs";
import { fill, number } from "./parts/numbers.mjs";
import { parse, RuleError, runner } from "./parts/typed.mjs";

/** Whether what was written is right, and what to say of it. */
export async function judge(known, text) {
  if (known.build.kind === "lines") return lines(known, text);
  const { values, unread } = listed(text, known.language);
  if (unread !== null) return wrong(fill(known.build.unread, { found: unread }));
  if (known.build.kind === "numbers") return numbers(known, values);
  const address = `models/frame.${known.language}.json`;
  return curve(known, values, await json(new URL(address, import.meta.url).href));
}

const wrong = (text) => ({ right: false, text });

/** Runs the lines on a parabola of curvature 1, and holds the last theta against the solution. */
export function lines(known, text) {
  const { words, steps, rate, came, lost } = known.build;
  let rule;
  try {
    rule = parse(text, words);
  } catch (/** @type {any} */ error) {
    if (error instanceof RuleError) return wrong(error.message);
    throw error;
  }
  const theta = new Float64Array([1]);
  const step = runner(rule, 1, Float64Array);
  for (let i = 0; i < steps; i++) step(theta, theta.slice(), rate);
  if (!Number.isFinite(theta[0])) return wrong(fill(lost, { steps }));
  const judged = held(known, theta[0]);
  const value = number(theta[0], known.language);
  return { right: judged.right, text: `${fill(came, { value, steps })} ${judged.text}` };
}

/** Holds each number against its own. */
export function numbers({ right, wrong: not, language, build }, values) {
  const count = build.numbers.length;
  if (values.length !== count) {
    return wrong(`${not} ${fill(build.count, { count, found: values.length })}`);
  }
  const bad = values.findIndex((x, i) => Math.abs(x - build.numbers[i]) > 1e-6);
  if (bad < 0) return { right: true, text: right };
  const found = number(values[bad], language);
  return wrong(`${not} ${fill(build.entry, { place: bad + 1, found })}`);
}

/** Diagnoses a curve: right where an entry stands above the first and no rise is seen. */
export function curve({ right, wrong: not, build }, values, frame) {
  if (values.length < 3) return wrong(build.few);
  const found = diagnose(values, frame.rules);
  const said = evidence(found, frame).join(" ");
  const isSeen = found.verdict !== "stable";
  if (isSeen) return wrong(said);
  if (Math.max(...values) <= values[0]) return wrong(`${not} ${said} ${build.flat}`);
  return { right: true, text: `${right} ${said} ${build.remains}` };
}
