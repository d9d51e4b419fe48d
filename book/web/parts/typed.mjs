// Reads a typed update rule, and runs it: stabsim/rules/typed.py for a page without Python. A parser
// for arithmetic alone; what is typed is never run as code. A test holds the two together.

import { fill } from "./numbers.mjs";

const GIVEN = ["theta", "g", "t", "lr"];
const GREEK = new Map([
  ["θ", "theta"],
  ["η", "lr"],
]);
const SETTING = ["=", "+=", "-=", "*=", "/=", "**="];

const PIECE = new RegExp(
  [
    "(?<space>[ \\t]+|#.*)",
    "(?<number>(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?)",
    "(?<name>[A-Za-zΑ-Ωα-ω_][A-Za-zΑ-Ωα-ω_0-9]*)",
    "(?<sign>\\*\\*=?|[-+*/]=?|[=(),])",
  ].join("|"),
  "y",
);

/** A rule that cannot be read: which of the words' errors, and where, counted from 1. */
export class RuleError extends Error {
  constructor(words, key, line, column, values = {}) {
    super(fill(words.errors.place, { line, column }) + fill(words.errors[key], values));
    Object.assign(this, { key, line, column });
  }
}

function tokens(words, line, place) {
  const found = [];
  let at = 0;
  while (at < line.length) {
    PIECE.lastIndex = at;
    const groups = PIECE.exec(line)?.groups;
    if (!groups) {
      const key = line[at] === "^" ? "caret" : "character";
      throw new RuleError(words, key, place, at + 1, { found: line[at] });
    }
    const [[kind, text]] = Object.entries(groups).filter(([, piece]) => piece !== undefined);
    const column = at + 1;
    at += text.length;
    if (kind === "space") continue;
    found.push({ kind, text: GREEK.get(text) ?? text, column });
  }
  return [...found, { kind: "end", text: "", column: at + 1 }];
}

/** The expressions of one line, by recursive descent: one function a level of precedence. */
function reader(words, list, place) {
  let at = 0;
  let depth = 0;
  const names = [];

  const next = () => list[at];
  const foundAs = (token) => (token.kind === "end" ? words.finish : token.text);
  const fail = (key, token, values = {}) =>
    new RuleError(words, key, place, token.column, { found: foundAs(token), ...values });

  function take(...texts) {
    if (next().kind !== "sign" || !texts.includes(next().text)) return null;
    return list[at++];
  }

  function deeper(token, read) {
    depth += 1;
    if (depth > words.deepest) throw fail("deep", token, { most: words.deepest });
    const node = read();
    depth -= 1;
    return node;
  }

  function close() {
    if (!take(")")) throw fail("close", next());
  }

  function call(name) {
    if (!Object.hasOwn(words.functions, name.text)) {
      const known = Object.keys(words.functions).join(", ");
      throw fail("function", name, { name: name.text, known });
    }
    const given = [deeper(name, sum)];
    while (take(",")) given.push(deeper(name, sum));
    close();
    const wanted = words.functions[name.text];
    if (given.length !== wanted) {
      throw fail("arguments", name, { name: name.text, wanted, count: given.length });
    }
    return [name.text, ...given];
  }

  function value() {
    const token = next();
    if (token.kind === "number") {
      at += 1;
      return ["number", Number(token.text)];
    }
    if (token.kind === "name") {
      at += 1;
      if (take("(")) return call(token);
      if (Object.hasOwn(words.functions, token.text)) {
        throw fail("bare function", token, { name: token.text });
      }
      names.push(token);
      return ["name", token.text];
    }
    const bracket = take("(");
    if (!bracket) throw fail("value", token);
    const node = deeper(bracket, sum);
    close();
    return node;
  }

  function power() {
    const node = value();
    const sign = take("**");
    return sign ? ["**", node, deeper(sign, signed)] : node;
  }

  function signed() {
    const sign = take("-", "+");
    if (!sign) return power();
    const inner = deeper(sign, signed);
    return sign.text === "-" ? ["-", inner] : inner;
  }

  function chain(read, ...signs) {
    let node = read();
    for (let sign = take(...signs); sign; sign = take(...signs)) node = [sign.text, node, read()];
    return node;
  }

  const product = () => chain(signed, "*", "/");
  const sum = () => chain(product, "+", "-");

  return {
    names,
    fail,
    /** The name that the line sets, and the sign before the = of += and the like. */
    target() {
      const token = next();
      if (token.kind !== "name") throw fail("target", token);
      at += 1;
      const sign = take(...SETTING);
      if (!sign) throw fail("equals", next(), { name: token.text });
      if (["t", "lr"].includes(token.text) || Object.hasOwn(words.functions, token.text)) {
        throw fail("fixed", token, { name: token.text });
      }
      if (sign.text !== "=") names.push(token);
      return [token, sign.text.slice(0, -1)];
    },
    /** An expression up to the end of the line. */
    whole() {
      const node = sum();
      if (next().kind === "end") return node;
      const comma = next().text === "," && list[at - 1].kind === "number";
      throw fail(comma ? "comma" : "end", next());
    },
  };
}

/**
 * Reads a rule: its `lines` are [name, expression] pairs, `starts` a Map of the numbers that names
 * start at, and `vectors` the names that hold a number for each parameter.
 */
export function parse(text, words) {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === "") lines.pop();
  if (text.length > words.longest || lines.length > words.mostLines) {
    throw new RuleError(words, "long", 1, 1, { most: words.longest, lines: words.mostLines });
  }
  const setBy = new Map();
  const read = [];
  const rule = [];
  const starts = new Map();
  lines.forEach((line, i) => {
    const place = i + 1;
    const list = tokens(words, line, place);
    if (list.length === 1) return;
    const here = reader(words, list, place);
    const [target, sign] = here.target();
    let node = here.whole();
    if (target.text.endsWith("_0")) {
      const of = target.text.slice(0, -2);
      if (here.names.length || sign || GIVEN.includes(of)) {
        throw here.fail("start", target, { name: target.text, of });
      }
      const size = () => 1;
      starts.set(of, {
        place,
        target,
        value: compiled(node, new Set(), size, Float32Array)({})[0],
      });
      return;
    }
    if (sign) node = [sign, ["name", target.text], node];
    for (const token of here.names) read.push([place, token]);
    setBy.set(target.text, place);
    rule.push([target.text, node]);
  });
  if (!rule.length && !starts.size) throw new RuleError(words, "empty", 1, 1);
  for (const [place, { text: name, column }] of read) {
    if (!GIVEN.includes(name) && !setBy.has(name)) {
      throw new RuleError(words, "unknown", place, column, { name });
    }
  }
  for (const [of, { place, target }] of starts) {
    if (!setBy.has(of)) {
      const values = { name: target.text, of };
      throw new RuleError(words, "start of none", place, target.column, values);
    }
  }
  if (!setBy.has("theta")) throw new RuleError(words, "no theta", lines.length, 1);
  const given = new Map([...starts].map(([name, { value }]) => [name, value]));
  return { lines: rule, starts: given, vectors: vectorsOf(rule) };
}

/** The names that hold a number for each parameter: those that are made of such names. */
function vectorsOf(lines) {
  const known = new Set(["theta", "g"]);
  for (let before = -1; before !== known.size; ) {
    before = known.size;
    for (const [name, node] of lines) if (isVector(node, known)) known.add(name);
  }
  return known;
}

function isVector([kind, ...parts], known) {
  if (kind === "name") return known.has(parts[0]);
  if (kind === "number" || kind === "norm") return false;
  return parts.some((part) => isVector(part, known));
}

// --- computing ---

const ONE = {
  "-": (x) => -x,
  sqrt: Math.sqrt,
  abs: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
};

// The four that rules are made of have loops of their own, which engines make fast.
const TWO = {
  "+": (out, x, y, a, b) => {
    for (let i = 0; i < out.length; i++) out[i] = x[i * a] + y[i * b];
  },
  "-": (out, x, y, a, b) => {
    for (let i = 0; i < out.length; i++) out[i] = x[i * a] - y[i * b];
  },
  "*": (out, x, y, a, b) => {
    for (let i = 0; i < out.length; i++) out[i] = x[i * a] * y[i * b];
  },
  "/": (out, x, y, a, b) => {
    for (let i = 0; i < out.length; i++) out[i] = x[i * a] / y[i * b];
  },
  "**": (out, x, y, a, b) => {
    for (let i = 0; i < out.length; i++) out[i] = x[i * a] ** y[i * b];
  },
  min: (out, x, y, a, b) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.min(x[i * a], y[i * b]);
  },
  max: (out, x, y, a, b) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.max(x[i * a], y[i * b]);
  },
};

/**
 * An expression as a function of the names' values, which are arrays: of one number, or of one
 * for each parameter. Each holds its result in an array of its own, of the given `Kind`.
 */
function compiled([kind, ...parts], vectors, size, Kind) {
  if (kind === "number") {
    const out = new Kind([parts[0]]);
    return () => out;
  }
  if (kind === "name") return (values) => values[parts[0]];
  if (kind === "clip") {
    const [x, low, high] = parts;
    return compiled(["min", ["max", x, low], high], vectors, size, Kind);
  }
  const given = parts.map((part) => compiled(part, vectors, size, Kind));
  const wide = parts.map((part) => (isVector(part, vectors) ? 1 : 0));
  const [f, h] = given;
  if (kind === "norm") {
    const out = new Kind(1);
    return (values) => {
      let total = 0;
      for (const x of f(values)) total += x * x;
      out[0] = Math.sqrt(total);
      return out;
    };
  }
  const out = new Kind(wide.includes(1) ? size() : 1);
  if (given.length === 1) {
    const one = ONE[kind];
    return (values) => {
      const x = f(values);
      for (let i = 0; i < out.length; i++) out[i] = one(x[i]);
      return out;
    };
  }
  const [a, b] = wide;
  const two = TWO[kind];
  return (values) => {
    two(out, f(values), h(values), a, b);
    return out;
  };
}

/**
 * A rule that is about to train `n` parameters: a function of the parameters, which it changes,
 * their gradient and the rate, to be called once a step. `Kind` is the arrays' class.
 * @param {any} Kind
 */
export function runner(rule, n, Kind = Float32Array) {
  const sizes = (name) => (rule.vectors.has(name) ? n : 1);
  const given = { t: new Kind(1), lr: new Kind(1), theta: new Kind(n), g: new Kind(n) };
  // A name may be one of those that every object has, such as constructor.
  const values = Object.assign(Object.create(null), given);
  for (const [name] of rule.lines) {
    values[name] ??= new Kind(sizes(name)).fill(rule.starts.get(name) ?? 0);
  }
  const lines = rule.lines.map(([name, node]) => {
    const run = compiled(node, rule.vectors, () => n, Kind);
    return () => {
      const got = run(values);
      if (got.length === values[name].length) values[name].set(got);
      else values[name].fill(got[0]);
    };
  });
  let step = 0;
  return (theta, g, rate) => {
    values.theta.set(theta);
    values.g.set(g);
    values.t[0] = step++;
    values.lr[0] = rate;
    for (const run of lines) run();
    // As an optimizer does, which gives what is to be added.
    for (let i = 0; i < n; i++) theta[i] += fround(values.theta[i] - theta[i], Kind);
  };
}

const fround = (x, Kind) => (Kind === Float32Array ? Math.fround(x) : x);

// --- the edge ---

/** Whether a run from 1 on the parabola of curvature 1 grows. */
function grows(rule, rate, { steps, grown, blown }) {
  const theta = new Float64Array([1]);
  const step = runner(rule, 1, Float64Array);
  let before = 0;
  let last = 0;
  for (let i = 0; i < steps; i++) {
    const far = Math.abs(theta[0]);
    if (!(far < blown)) return true;
    if (i < steps - steps / 3) before = Math.max(before, far);
    else last = Math.max(last, far);
    step(theta, theta, rate);
  }
  return last > grown * before;
}

/** The least rate times curvature at which a run on a parabola grows; null if none was seen to. */
export function edge(rule, range) {
  const { least, most, tried, halvings } = range;
  const rateAt = (i) => least * (most / least) ** (i / (tried - 1));
  for (let i = 0; i < tried; i++) {
    if (!grows(rule, rateAt(i), range)) continue;
    if (i === 0) return least;
    let [low, high] = [rateAt(i - 1), rateAt(i)];
    for (let k = 0; k < halvings; k++) {
      const middle = Math.sqrt(low * high);
      if (grows(rule, middle, range)) high = middle;
      else low = middle;
    }
    return high;
  }
  return null;
}
