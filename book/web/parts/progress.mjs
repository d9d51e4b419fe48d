// What a reader has done, kept on this device and nowhere else.

const KEY = "stabsim-progress";
const VERSION = 1;
const KINDS = ["answers", "guesses", "goals", "runs"];

/** Nothing done. */
const nothing = () => ({ stabsim: VERSION, answers: {}, guesses: {}, goals: {}, runs: {} });

/** What is kept; nothing where there is none, or the browser keeps nothing. */
export function kept() {
  try {
    return checked(JSON.parse(localStorage.getItem(KEY) ?? "null")) ?? nothing();
  } catch {
    return nothing();
  }
}

/** Keeps one thing: of a kind, by a name; null forgets it. */
export function keep(kind, name, value) {
  const all = kept();
  if (value === null) delete all[kind][name];
  else all[kind][name] = value;
  replace(all);
}

/** Keeps all of this instead. */
export function replace(all) {
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // A browser may keep nothing, and the book can be read all the same.
  }
  dispatchEvent(new Event("stabsim-progress"));
}

/** Forgets everything. */
export function erase() {
  replace(nothing());
}

/** A file's text as what was kept, or null if it is none. */
export function read(text) {
  try {
    return checked(JSON.parse(text));
  } catch {
    return null;
  }
}

function checked(given) {
  if (given?.stabsim !== VERSION) return null;
  const whole = KINDS.every((kind) => given[kind] && typeof given[kind] === "object");
  return whole ? given : null;
}
