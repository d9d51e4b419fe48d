// Which column of a log holds what, guessed from its name: as stabsim/logs/columns.py.

import { ROLES } from "./log.mjs";
import { listed } from "./text.mjs";
import { Unreadable } from "./unreadable.mjs";

function wordsOf(name, rules) {
  const [last] = name.split(" - ").slice(-1);
  const parted = last.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
  return (parted.match(/[a-z]+|[0-9]+/g) ?? []).map((word) =>
    Object.hasOwn(rules.same, word) ? rules.same[word] : word,
  );
}

const TRAINING = ["train", "training"];

/** How well a name fits a role, 0 best; null if it does not. */
function rank(role, name, rules) {
  const words = wordsOf(name, rules);
  const known = rules.names[role];
  const written = words.filter((word) => !rules.noMatter.includes(word)).join(" ");
  const place = known.indexOf(written);
  if (role === "step") return place < 0 ? null : place;
  if (words.some((word) => rules.others.includes(word))) return null;
  if (place >= 0) return 2 * place + (words.some((word) => TRAINING.includes(word)) ? 0 : 1);
  const rest = words.join(" ");
  const whole = known.filter((one) => one !== "value" && one !== "rate");
  const within = whole.some((one) => new RegExp(`\\b${one}\\b`).test(rest));
  return within ? 100 + words.length : null;
}

/**
 * The column of each role, null for none, and the roles for which several columns fit and none was
 * taken. `given` names some: null for none of them.
 */
export function choose(names, given, words) {
  const rules = words.columns;
  const chosen = {};
  const unclear = [];
  let wrong = null;
  for (const role of ROLES) {
    if (role in given) {
      chosen[role] = given[role];
      continue;
    }
    const taken = Object.values(given);
    const ranks = new Map();
    let least = Infinity;
    for (const name of names) {
      const found = taken.includes(name) ? null : rank(role, name, rules);
      if (found === null) continue;
      ranks.set(name, found);
      least = Math.min(least, found);
    }
    const best = [...ranks.keys()].filter((name) => ranks.get(name) === least);
    if (role === "loss" && best.length !== 1) wrong = noLoss(names, best, chosen, words);
    if (role === "gradient_norm" && best.length > 1) unclear.push(role);
    const isUnclear = best.length > 1 && ["loss", "gradient_norm"].includes(role);
    chosen[role] = isUnclear ? null : (best[0] ?? null);
  }
  if (wrong) throw wrong;
  return { chosen, unclear };
}

function noLoss(names, several, columns, words) {
  const reason = several.length ? "several losses" : "no loss";
  const ask = words.unreadable[several.length ? "say which" : "say one"];
  const shown = listed(several.length ? several : names);
  return new Unreadable(words, reason, { names: shown, ask }, { names, columns });
}
