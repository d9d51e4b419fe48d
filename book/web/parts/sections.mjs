// All that is said of a log, sentences by heading: as Report.sections of stabsim/logs/report.py.

import { alsoSentences, clipSentences, nextSentences, pasted } from "./advice.mjs";
import { evidence } from "./evidence.mjs";
import { ROLES, sentence } from "./log.mjs";
import { fill, whole } from "./numbers.mjs";
import { listed } from "./text.mjs";

/** Pairs of a heading and its sentences, in the order in which they are read. */
export function sections(log, found, advice, words) {
  const { rises } = found;
  const told = evidence({ ...found, rises: rises.slice(0, words.shownRises) }, words);
  const left = rises.length - words.shownRises;
  if (left > 0) told.push(fill(words.report.more, { count: left }));
  const steps = log.loss.step;
  const read = fill(words.report.read, {
    records: steps.length,
    first: whole(steps[0], words.language),
    last: whole(steps.at(-1), words.language),
    columns: listed(ROLES.map((role) => log.columns[role]).filter((name) => name !== null)),
  });
  const said = {
    verdict: told,
    clipping: clipSentences(advice, words),
    next: nextSentences(advice, words),
    also: alsoSentences(advice, words),
    paste: pasted(advice, words),
    log: [read],
    skipped: log.notes.map((note) => sentence(note, words)),
  };
  return Object.entries(said)
    .filter(([, lines]) => lines.length)
    .map(([name, lines]) => [words.report[name], lines]);
}
