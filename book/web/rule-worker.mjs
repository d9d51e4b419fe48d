// Tries typed rules away from the page. Messages: {source, known, given}; answers: {tried} or
// {error}.

import { attempt, programs } from "./parts/attempt.mjs";
import { edge, parse } from "./parts/typed.mjs";

let loaded = null;
let last = { text: "", edge: null }; // the edge hangs on the text alone

self.onmessage = async ({ data }) => {
  const { source, known, given } = data;
  try {
    loaded ??= programs(source);
    const rule = parse(given.text, known.words);
    const { loss, path } = attempt(await loaded, known, rule, given);
    if (given.text !== last.text) last = { text: given.text, edge: edge(rule, known.words.edge) };
    self.postMessage({ tried: { loss, path, edge: last.edge } });
  } catch (/** @type {any} */ error) {
    loaded = null;
    self.postMessage({ error: String(error?.message ?? error) });
  }
};
