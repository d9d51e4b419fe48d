// Reads and diagnoses logs away from the page. Messages: {words} first, then {id, options} with a
// {files, given} to read, or without for the logs that were read last; {run} is the place of one of
// their runs. Answers: {id, progress}, then {id, sections, chapter, pictures, names, columns, runs,
// unread} or {id, error} with names and columns if columns may be chosen.

import { advise, chapter } from "./parts/advice.mjs";
import { contextOf, diagnose } from "./parts/diagnosis.mjs";
import { fill } from "./parts/numbers.mjs";
import { pictures } from "./parts/pictures.mjs";
import { read } from "./parts/read.mjs";
import { listing, sections } from "./parts/sections.mjs";
import { sweepSection } from "./parts/sweep.mjs";
import { Unreadable } from "./parts/unreadable.mjs";

const EVERY = 100; // milliseconds from one word on progress to the next

let words;
let latest;
let held = null; // the runs that were read last, with their diagnoses

class Superseded extends Error {}

async function load({ id, files, given }) {
  held = null;
  let told = performance.now();

  function advance(share) {
    if (id !== latest) throw new Superseded();
    if (performance.now() < told + EVERY) return;
    told = performance.now();
    self.postMessage({ id, progress: share });
  }

  const logs = [];
  const unread = [];
  let names = /** @type {string[]} */ ([]);
  let failed = /** @type {Error | null} */ (null);
  for (const [i, file] of files.entries()) {
    try {
      const found = await read(file, given, words, (share) => advance((i + share) / files.length));
      if (files.length > 1) {
        for (const log of found.runs) log.run = [file.name, log.run].filter(Boolean).join(": ");
      }
      logs.push(...found.runs);
      names = found.names;
    } catch (/** @type {any} */ error) {
      if (!(error instanceof Unreadable)) throw error;
      failed ??= error;
      unread.push(file.name);
    }
  }
  if (!logs.length) throw failed;
  const all = logs.map((log) => ({
    log,
    found: diagnose(log.loss.value, words.rules, contextOf(log)),
  }));
  held = { all, names, unread };
}

function answer({ id, options, run }) {
  const { all, names, unread } = held;
  const { log, found } = all[run ?? 0] ?? all[0];
  const advice = advise(log, found, options, words);
  self.postMessage({
    id,
    sections: [sweepSection(all, words), ...sections(log, found, advice, words)].filter(Boolean),
    chapter: chapter(advice, words),
    pictures: pictures(log, found, advice.clip, words),
    names,
    columns: log.columns,
    runs: all.length > 1 ? listing(all, words) : [],
    unread,
  });
}

function explain(error) {
  if (error instanceof Unreadable) return error.message;
  // The browser may read a file only as it was when it was chosen.
  const gone = error instanceof DOMException;
  return fill(words.drop[gone ? "gone" : "failed"], { error: error.message });
}

self.onmessage = async ({ data }) => {
  if (data.words) {
    words = data.words;
    return;
  }
  latest = data.id;
  try {
    if (data.files) await load(data);
    else await new Promise((resolve) => setTimeout(resolve)); // so that later wishes are known
    if (held && data.id === latest) answer(data);
  } catch (/** @type {any} */ error) {
    if (error instanceof Superseded) return;
    const { names, columns } = error;
    self.postMessage({ id: data.id, error: explain(error), names, columns });
  }
};
