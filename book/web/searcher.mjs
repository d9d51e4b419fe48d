// Finds sections of the book: ranked by MiniSearch, with words cut to their stems.

import { stemmer as english } from "@orama/stemmers/english";
import { stemmer as indonesian } from "@orama/stemmers/indonesian";
import MiniSearch from "minisearch";

const STEMMERS = { en: english, id: indonesian };
const WORD = /[\p{L}\p{N}]+/gu;
const LONG = 220; // characters of a paragraph that are shown
const BEFORE = 60; // of these before the first word that was found
const LED = 6; // words by which a browser finds the paragraph

/** What finds sections in the index of a language. */
export function searcher({ language, sections, synonyms, commonest }) {
  const stem = STEMMERS[language];
  const common = new Set(commonest);

  function termOf(word) {
    const low = word.toLowerCase();
    return common.has(low) ? null : stem(low);
  }
  /** @type {Set<string>} */
  const known = new Set();
  const termsOf = (text) => (text.match(WORD) ?? []).map(termOf).filter(Boolean);

  const engine = new MiniSearch({
    fields: ["title", "chapter", "text"],
    extractField: (section, field) =>
      field === "text" ? section.paragraphs.join("\n") : section[field],
    tokenize: (text) => text.match(WORD) ?? [],
    processTerm: (word) => {
      const term = termOf(word);
      if (term) known.add(term);
      return term;
    },
    searchOptions: {
      processTerm: (term) => term, // it is a stem already
      boost: { title: 4, chapter: 1.5 },
      boostDocument: (id) => sections[id].weight,
      prefix: (term) => term.length > 2,
      // A word that the book has is no other misspelt: "hilang" is not "silang".
      fuzzy: (term) => (term.length > 5 && !known.has(term) ? 0.15 : false),
      weights: { prefix: 0.3, fuzzy: 0.2 },
    },
  });
  engine.addAll(sections.map((section, id) => ({ id, ...section })));
  const pairs = synonyms.map(([typed, own]) => [termsOf(typed), termsOf(own)]);

  /** The query, and the same with what is typed put into the book's words. */
  function ways(typed) {
    const own = termsOf(typed);
    const others = pairs.flatMap(([from, to]) => {
      const at = own.findIndex((_, i) => from.every((term, j) => own[i + j] === term));
      return from.length && at >= 0
        ? [[...own.slice(0, at), ...to, ...own.slice(at + from.length)]]
        : [];
    });
    return own.length ? [own, ...others] : [];
  }

  /** The best sections, best first, each with the paragraph that says most of what was typed. */
  return function find(typed, most = 20) {
    const asked = ways(typed).map((terms) => terms.join(" "));
    for (const combineWith of /** @type {const} */ (["AND", "OR"])) {
      // The book's words for a thing say more than the same letters strewn over a section.
      const queries = asked.map((words, i) => {
        const boost = i ? 2 : asked.length > 1 ? 0.25 : 1;
        return { queries: [words], combineWith, boostTerm: () => boost };
      });
      const found = engine.search({ combineWith: "OR", queries });
      if (found.length) {
        return found.slice(0, most).map(({ id, terms }) => {
          return { ...sections[id], ...shown(sections[id], new Set(terms)) };
        });
      }
    }
    return [];
  };

  /** A part of the paragraph with the most of the terms, and the words that lead to it. */
  function shown({ paragraphs }, terms) {
    const matches = paragraphs.map((text) =>
      [...text.matchAll(WORD)].filter(([word]) => terms.has(termOf(word))),
    );
    const kinds = matches.map((words) => new Set(words.map(([word]) => termOf(word))).size);
    const best = Math.max(0, kinds.indexOf(Math.max(...kinds)));
    const text = paragraphs[best] ?? "";
    const first = matches[best]?.[0]?.index ?? 0;
    const start = first > BEFORE ? text.lastIndexOf(" ", first - BEFORE) + 1 : 0;
    const end = start + LONG < text.length ? text.lastIndexOf(" ", start + LONG) : text.length;
    const pieces = [];
    let at = start;
    for (const { 0: word, index } of matches[best] ?? []) {
      if (index < at || index + word.length > end) continue;
      pieces.push([text.slice(at, index), false], [word, true]);
      at = index + word.length;
    }
    pieces.push([text.slice(at, end), false]);
    return { pieces, cut: [start > 0, end < text.length], led: led(text, first) };
  }

  /** Words of a paragraph from a place on, as they stand there: no formula among them. */
  function led(text, from) {
    const [part] = text.slice(from).split("…");
    const words = part.trim().split(" ").slice(0, LED);
    return words.length > 2 ? words.join(" ") : "";
  }
}
