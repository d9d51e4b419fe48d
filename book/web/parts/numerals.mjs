// Numbers as readers write them: as stabsim/_numerals.py reads them on a kernel.

const LONGEST = 100;
const GROUPS = { en: ",", id: "." };
const MULTIPLES = { k: 1e3, M: 1e6, rb: 1e3, ribu: 1e3, jt: 1e6, juta: 1e6, "%": 0.01 };
const SIGNS = {
  ...{ "−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", ":": "/" },
  ...{ "\u00a0": " ", "\u202f": " ", "\u2009": " " },
};
const POWER = /[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+/g;
const HIGH = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const TIMES = /(?<=\d)\s*[x×]\s*(?=\d)/g;
const TOKEN =
  /\s*(?:(?<numeral>(?:\d{1,3}(?: \d{3})+(?:[.,]\d+)?(?![\d.,])|(?=[.,]?\d)[\d.,]+)(?:[eE][-+]?\d+)?)|(?<word>√|%|[A-Za-z]+)|(?<sign>\*\*|[-+*/^()]))/y;
const GROUPED = /^[1-9]\d{0,2}(?:[.,]\d{3})+$/;

/**
 * A number, or a calculation with numbers; NaN if it is no finite one.
 * @param {string} text
 * @param {string} language where a point or comma may mean either, it decides
 * @param {string[]} units what may follow the number
 */
export function read(text, language, units = []) {
  let left = [...text]
    .map((c) => SIGNS[c] ?? c)
    .join("")
    .trim();
  for (const unit of units) {
    const escaped = unit.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    left = left.replace(new RegExp(`(?<![a-z])${escaped}$`, "i"), "");
  }
  const lowered = (c) => (HIGH.includes(c) ? HIGH.indexOf(c) : c === "⁻" ? "-" : "+");
  left = left.replace(POWER, (power) => `^(${[...power].map(lowered).join("")})`);
  left = left.replace(TIMES, "*").trimEnd();
  try {
    return calculated(tokens(left), language);
  } catch (error) {
    if (error instanceof RangeError) return NaN;
    throw error;
  }
}

/** A number as it stands in a field, where it can be typed over. */
export function plain(value, language) {
  const written = String(Number(value.toPrecision(6)));
  return language === "id" ? written.replace(".", ",") : written;
}

/** @returns {never} */
function refuse() {
  throw new RangeError("no number");
}

function finite(value) {
  return Number.isFinite(value) ? value : refuse();
}

function tokens(text) {
  if (text.length > LONGEST) refuse();
  const found = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const { numeral, word, sign } = TOKEN.exec(text)?.groups ?? refuse();
    found.push(numeral ? { numeral } : { sign: word ?? sign });
  }
  return found;
}

/** Sums of products of powers. */
function calculated(left, language) {
  const take = (...signs) => (signs.includes(left[0]?.sign) ? left.shift().sign : "");

  function sum() {
    let value = product();
    for (let sign = take("+", "-"); sign; sign = take("+", "-")) {
      value = finite(sign === "+" ? value + product() : value - product());
    }
    return value;
  }

  function product() {
    let value = signed();
    for (let sign = take("*", "/"); sign; sign = take("*", "/")) {
      value = finite(sign === "*" ? value * signed() : value / signed());
    }
    return value;
  }

  function signed() {
    const sign = take("+", "-");
    if (sign) return sign === "-" ? -signed() : signed();
    const value = atom();
    return take("^", "**") ? finite(value ** signed()) : value;
  }

  function atom() {
    if (take("(")) {
      const value = sum();
      return take(")") ? value : refuse();
    }
    if (take("sqrt", "√")) return finite(Math.sqrt(atom()));
    const { numeral } = left.shift() ?? refuse();
    const value = numeral ? digits(numeral, language) : refuse();
    return finite(value * (MULTIPLES[take(...Object.keys(MULTIPLES))] ?? 1));
  }

  const value = sum();
  return left.length ? refuse() : value;
}

/** Digits with a decimal sign, and signs between thousands. */
function digits(text, language) {
  const [written, power] = text.replaceAll(" ", "").toLowerCase().split("e");
  const marks = written.match(/[.,]/g) ?? [];
  const last = marks.at(-1);
  const once = marks.filter((mark) => mark === last).length === 1;
  const between = marks.length === 1 && last === GROUPS[language] && GROUPED.test(written);
  const place = last && once && !between ? written.lastIndexOf(last) : written.length;
  let whole = written.slice(0, place);
  const inside = new Set(whole.match(/[.,]/g));
  if (inside.size) {
    if (inside.size > 1 || !GROUPED.test(whole)) refuse();
    whole = whole.replace(/[.,]/g, "");
  }
  return finite(Number(`${whole || 0}.${written.slice(place + 1) || 0}e${power ?? 0}`));
}
