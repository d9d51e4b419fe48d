// All that is said of a log, sentences by heading: as Report.sections of stabsim/logs/report.py.

import { alsoSentences, clipSentences, nextSentences, pasted } from "./advice.mjs";
import { evidence, kindOf } from "./evidence.mjs";
import { ROLES, sentence } from "./log.mjs";
import { fill, number, whole } from "./numbers.mjs";
import { listed } from "./text.mjs";

/** Pairs of a heading and its sentences, in the order in which they are read. */
export function sections(log, found, advice, words) {
  const { rises } = found;
  const told = evidence({ ...found, rises: rises.slice(0, words.shownRises) }, words);
  const left = rises.length - words.shownRises;
  if (left > 0) told.push(fill(words.report.more, { count: left }));
  const said = {
    verdict: told,
    clipping: clipSentences(advice, words),
    next: nextSentences(advice, words),
    also: alsoSentences(advice, words),
    paste: pasted(advice, words),
    log: toldOf(log, words),
    skipped: log.notes.map((note) => sentence(note, words)),
  };
  return Object.entries(said)
    .filter(([, lines]) => lines.length)
    .map(([name, lines]) => [words.report[name], lines]);
}

/** What was read: the records, and what lies beside the loss. */
function toldOf(log, words) {
  const { step } = log.loss;
  const names = ROLES.map((role) => log.columns[role]).filter((name) => name !== null);
  const read = fill(words.report[`read by ${log.axis}`], {
    records: step.length,
    first: whole(step[0], words.language),
    last: whole(step.at(-1), words.language),
    columns: listed(names),
  });
  const beside = ["validation_loss", "reward", "kl"].filter((role) => log[role].value.length);
  const ends = beside.map((role) => {
    const { value } = log[role];
    const [start, end] = [value[0], value.at(-1)].map((x) => number(x, words.language));
    return fill(words.report[role], { start, end, records: value.length });
  });
  return [read, ...ends];
}

/** A line a run: its name, how many records, and the verdict. */
export function listing(runs, words) {
  return runs.map(({ log, found }) =>
    fill(words.report.run, {
      name: log.run,
      records: log.loss.value.length,
      verdict: kindOf(found, words),
    }),
  );
}
