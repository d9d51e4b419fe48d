// Which column of a log holds what, by its name and its first cells: as stabsim/logs/columns.py.

import { numberIn, ROLES } from "./log.mjs";
import { listed } from "./text.mjs";
import { Unreadable } from "./unreadable.mjs";

const TRAINING = ["train", "training"];
function wordsOf(name, rules) {
  const [last] = name.split(" - ").slice(-1);
  const bare = last.replaceAll("'s ", " ").replace(/(?<=[a-z])(?=[A-Z])/g, " ");
  const parted = bare.toLowerCase().replaceAll("_", " ");
  const words = (parted.match(/\bl[12]\b|[a-z]+|[0-9]+/g) ?? []).map((word) =>
    Object.hasOwn(rules.same, word) ? rules.same[word] : word,
  );
  return words.join(" ").split(" ").filter(Boolean);
}

const writtenOf = (words, without) => words.filter((word) => !without.includes(word)).join(" ");

const hasOne = (words, of) => words.some((word) => of.includes(word));

/** How well a name fits a role, 0 best; null if it does not. */
function rank(role, name, rules) {
  const words = wordsOf(name, rules);
  if (role === "step") {
    if (!words.length) return ["", "#"].includes(name) ? rules.names.step.indexOf("") : null;
    const kept = rules.noMatter.filter((word) => word !== "total");
    const written = writtenOf(words, kept);
    const place = written ? rules.names.step.indexOf(written) : -1;
    return place < 0 ? null : place + (name.startsWith("_") ? 5 : 0);
  }
  if (role === "validation_loss") {
    if (!hasOne(words, rules.heldOut) || words.includes("step")) return null;
    const metric = metricOf(words, rules);
    if (metric !== null) return metric;
    return rank("loss", writtenOf(words, [...rules.heldOut, "epoch"]), rules);
  }
  if (hasOne(words, rules.heldOut) || hasOne(words, rules.others)) return null;
  const known = rules.names[role];
  const place = known.indexOf(writtenOf(words, rules.noMatter));
  const trained = hasOne(words, rules.trained);
  if (place >= 0) return 2 * place + (trained ? 0 : 1);
  const metric = role === "loss" && trained ? metricOf(words, rules) : null;
  if (metric !== null) return metric;
  const rest = words.join(" ");
  const whole = known.filter((one) => one !== "value" && one !== "rate");
  const within = whole.some((one) => new RegExp(`\\b${one}\\b`).test(rest));
  return within ? rules.part + words.length : null;
}

/** How well a name says by what boosted trees are judged; null if it does not. */
function metricOf(words, rules) {
  const sets = [...rules.heldOut, ...rules.trained];
  const written = words.filter((word) => !sets.includes(word) && !/^[0-9]+$/.test(word)).join(" ");
  const place = rules.metrics.indexOf(written);
  return place < 0 ? null : rules.metric + place;
}

/** Whether a name is that of a set of rows, for training or held out. */
export const isSet = (name, rules) =>
  hasOne(wordsOf(name, rules), [...rules.heldOut, ...rules.trained]);

/** Whether a column of this name may hold the step. */
export const isStep = (name, rules) =>
  rank("step", name, rules) !== null && !wordsOf(name, rules).includes("epoch");

/** Whether a column of this name may be a loss. */
export const isLoss = (name, rules) =>
  rank("loss", name, rules) !== null || rank("validation_loss", name, rules) !== null;

/** The first cells of a log by their column, as numbers, each converted when it is asked for. */
class Head {
  #read = new Map();

  constructor(cells, free, words) {
    this.cells = cells;
    this.free = free;
    this.words = words;
    this.rules = words.columns;
  }

  of(name, counted = false) {
    const key = `${counted} ${name}`;
    if (!this.#read.has(key)) {
      const { emptySet } = this.words;
      const read = this.cells.get(name).map((cell) => numberIn(cell, emptySet, counted) ?? null);
      this.#read.set(key, read);
    }
    return this.#read.get(key);
  }

  count(name) {
    return this.of(name).filter((x) => x !== null).length;
  }

  varies(name) {
    return new Set(this.of(name).filter((x) => x !== null)).size > 1;
  }

  ranked(role) {
    const ranks = this.free.map((name) => [name, rank(role, name, this.rules)]);
    return new Map(ranks.filter(([, one]) => one !== null));
  }

  /** Those with at least half as many values as any: a summary at the end has but one. */
  often(ranks) {
    const most = Math.max(0, ...[...ranks.keys()].map((name) => this.count(name)));
    return new Map([...ranks].filter(([name]) => 2 * this.count(name) >= most));
  }
}

/**
 * What each run of a log is read from. `cells` holds the first cells of each column, equally many
 * of each; `given` names the columns of some roles, null for none.
 */
export function choose(cells, given, words) {
  const rules = words.columns;
  const names = [...cells.keys()];
  const taken = Object.values(given);
  const runs = given.loss === undefined ? runsOf(names, rules) : [];
  return (runs.length ? runs : [""]).flatMap((run) => {
    const own = (name) => !run || ["", run].includes(runOf(name));
    const free = names.filter((name) => !taken.includes(name) && own(name));
    return choices(new Head(cells, free, words), given, run);
  });
}

const runOf = (name) => name.split(" - ").slice(0, -1).join(" - ");

/** The runs that have a loss each, by the names of W&B's charts; none if there is but one. */
function runsOf(names, rules) {
  const runs = new Set(names.filter((name) => rank("loss", name, rules) !== null).map(runOf));
  runs.delete("");
  return runs.size > 1 ? [...runs] : [];
}

const least = (ranks) => Math.min(...ranks.values());

const best = (ranks) => [...ranks.keys()].find((name) => ranks.get(name) === least(ranks));

function choices(head, given, run) {
  const notes = [];
  const beside = {};
  const normRanks = head.often(head.ranked("gradient_norm"));
  const norms = [...normRanks.keys()].filter((name) => normRanks.get(name) === least(normRanks));
  const asked = "loss" in given && given.loss !== null;
  const losses = asked ? [given.loss] : lossesOf(head, notes, given, norms[0] ?? null);
  if (norms.length === 1) beside.gradient_norm = norms[0];
  if (norms.length > 1) notes.push("several: gradient_norm");
  const rates = head.often(head.ranked("learning_rate"));
  if (rates.size) beside.learning_rate = best(rates);
  Object.assign(beside, given);
  let objective = objectiveOf([...head.cells.keys()], head.rules);
  const words = wordsOf(losses[0], head.rules);
  if (metricOf(words, head.rules) !== null) {
    notes.push("rounds");
    if (hasOne(words, head.rules.heldOut)) objective = "held out";
  }
  return losses.map((loss) => {
    const columns = Object.fromEntries(ROLES.map((role) => [role, beside[role] ?? null]));
    columns.loss = loss;
    if (!("validation_loss" in given)) columns.validation_loss = heldOut(head, losses, loss);
    if (!("step" in given)) columns.step = stepOf(head, loss);
    const label = [run, losses.length > 1 ? loss : ""].filter(Boolean).join(": ");
    const axis = axisOf(columns, head, "step" in given && given.step === null);
    const there = head.of(loss).flatMap((x, i) => (x === null ? [] : [i]));
    const dense = there.length > 1 && there.at(-1) === there.length - 1;
    const more = moreOf(head, columns, objective);
    if (columns.step === null) {
      const { noMatter } = head.rules;
      for (const name of head.free) {
        if (writtenOf(wordsOf(name, head.rules), noMatter) === "epoch") more.clock = name;
      }
    }
    return { columns, run: label, axis, objective, more, notes, dense };
  });
}

/** The validation loss that belongs to a loss: of several losses that with the same words. */
function heldOut(head, losses, loss) {
  const { rules } = head;
  const ranks = head.ranked("validation_loss");
  for (const one of losses) ranks.delete(one);
  const bare = (name, without) =>
    [...new Set(wordsOf(name, rules).filter((word) => !without.includes(word)))].sort().join(" ");
  const own = bare(loss, TRAINING);
  const alike = [...ranks.keys()].find((name) => bare(name, rules.heldOut) === own);
  if (alike !== undefined || !ranks.size || losses.length > 1) return alike ?? null;
  return best(head.often(ranks)) ?? null;
}

/** The loss; or each of several, if none is their total. */
function lossesOf(head, notes, given, norm) {
  const { rules } = head;
  let ranks = head.ranked("loss");
  if (!ranks.size) {
    // Means of epochs, for want of others.
    for (const name of head.free) {
      const words = wordsOf(name, rules);
      if (!words.includes("epoch") || hasOne(words, rules.heldOut)) continue;
      const found = rank("loss", writtenOf(words, ["epoch"]), rules);
      if (found !== null) ranks.set(name, found);
    }
  }
  if (!ranks.size) {
    ranks = head.ranked("validation_loss");
    if (ranks.size) notes.push("validation only");
  }
  if (!ranks.size) throw noLoss(head, given, norm);
  const often = [...head.often(ranks).keys()];
  const top = Math.min(...often.map((name) => ranks.get(name)));
  if (top < rules.part || top >= rules.metric) {
    const fit = often.filter((name) => ranks.get(name) === top);
    const sizes = new Map(fit.map((name) => [name, wordsOf(name, rules).length]));
    return [best(sizes)];
  }
  const parts = often.filter((name) => ranks.get(name) < rules.metric);
  const several = parts.filter((name) => head.varies(name));
  return (several.length ? several : parts.slice(0, 1)).slice(0, head.words.parts);
}

/** The best column whose values, where the loss has one, are there, change, and do not fall. */
function stepOf(head, loss) {
  const there = head.of(loss);
  const ranks = head.ranked("step");
  for (const [name] of [...ranks].sort((a, b) => a[1] - b[1])) {
    const counted = head.of(name, true);
    const rows = there.map((x, i) => x !== null && counted[i] !== null);
    const step = counted.filter((_, i) => rows[i]);
    const different = new Set(step).size;
    const losses = there.filter((x) => x !== null).length;
    if (2 * step.length < losses || (step.length > 1 && different === 1)) continue;
    if (wordsOf(name, head.rules).join(" ") === "epoch") {
      const moves = step.every((x, i) => !i || x !== step[i - 1]);
      if (step.every(Number.isInteger) && moves) return name;
    } else if (!restartsWithEpoch(head, rows, step)) return name;
  }
  return null;
}

/** Whether the step is one within an epoch: it goes back where the epoch goes on. */
function restartsWithEpoch(head, rows, step) {
  const name = head.free.find((one) => wordsOf(one, head.rules).join(" ") === "epoch");
  if (name === undefined) return false;
  const epoch = head.of(name).filter((_, i) => rows[i]);
  const back = step.map((x, i) => (i && x < step[i - 1] ? i : 0)).filter(Boolean);
  const goesOn = (i) => epoch[i] !== null && epoch[i - 1] !== null && epoch[i] > epoch[i - 1];
  return back.length > 0 && back.every(goesOn);
}

function axisOf(columns, head, numbered) {
  const { step, loss, validation_loss: held } = columns;
  const words = step === null ? [] : wordsOf(step, head.rules);
  if (words.includes("epoch")) return "epoch";
  if (words.includes("tokens")) return "tokens";
  if (words.length) return "step";
  const isBoosted = metricOf(wordsOf(loss, head.rules), head.rules) !== null;
  if (held !== null && held !== loss && !numbered && !isBoosted) {
    const there = head.of(held);
    const losses = head.of(loss).map((x, i) => (x === null ? -1 : i));
    const rows = losses.filter((i) => i >= 0);
    if (rows.length > 1 && rows.every((i) => there[i] !== null)) return "epoch";
  }
  return "row";
}

function moreOf(head, columns, objective) {
  const { changes, noMatter } = head.rules;
  const more = {};
  const taken = Object.values(columns);
  const free = [...head.free].sort((a, b) => head.count(b) - head.count(a));
  for (const name of free) {
    if (taken.includes(name)) continue;
    const words = wordsOf(name, head.rules);
    const written = writtenOf(words, noMatter);
    const scales = hasOne(words, ["loss", "gradient", "scaler"]) || written === "scale";
    const found =
      words.includes("scale") && scales
        ? "scale"
        : changes.some((one) => written.endsWith(one)) && !words.includes("config")
          ? `changes: ${name}`
          : objective === "rl" && head.varies(name)
            ? learnedFrom(words)
            : null;
    if (found?.startsWith("changes") && turnsOften(head, name)) continue;
    if (found && !(found in more)) more[found] = name;
  }
  return more;
}

/** Whether a value changes so often that it is no plan. */
function turnsOften(head, name) {
  const there = head.of(name).filter((x) => x !== null);
  const turns = there.filter((x, i) => i && x !== there[i - 1]).length;
  return turns > Math.max(1, head.rules.often * there.length);
}

function learnedFrom(words) {
  if (words.includes("reward") && !words.includes("std")) return "reward";
  return words.includes("kl") && !words.includes("coef") ? "kl" : null;
}

/** What the loss of a log with such columns measures: "falls", "rl", "gan" or "sum". */
function objectiveOf(names, rules) {
  const words = names.map((name) => wordsOf(name, rules));
  const both = (some, ...all) => all.every((word) => some.includes(word));
  const preferred = words.some(
    (some) => some.includes("reward") && hasOne(some, ["chosen", "rejected", "margins"]),
  );
  const rewarded = words.some((some) => some.includes("reward") || both(some, "actor", "critic"));
  if (!preferred && rewarded) return "rl";
  const every = words.filter((some) => some.includes("loss")).flat();
  if (both(every, "actor", "critic")) return "rl";
  const pairs = [
    ["generator", "discriminator"],
    ["g", "d"],
    ["gen", "disc"],
  ];
  if (pairs.some((pair) => both(every, ...pair))) return "gan";
  const console = ["E", "#", "SCORE"].every((name) => names.includes(name));
  const spacy = names.includes("score") && names.some((name) => name.startsWith("losses/"));
  if (spacy || console) return "sum";
  return "falls";
}

function noLoss(head, given, norm) {
  const { words } = head;
  const names = [...head.cells.keys()];
  const step = best(head.ranked("step")) ?? null;
  const rate = best(head.ranked("learning_rate")) ?? null;
  const guessed = { loss: null, step, gradient_norm: norm, learning_rate: rate };
  const columns = { ...guessed, validation_loss: null, ...given };
  const shown = { names: listed(names), ask: words.unreadable["say one"] };
  return new Unreadable(words, "no loss", shown, { names, columns });
}
