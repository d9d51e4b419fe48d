// Numbers as stabsim/_words.py writes them, and sentences with their values filled in.

const SUPERSCRIPT = { "-": "⁻", ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].map((c, i) => [i, c])) };

/** Three significant digits, with the language's decimal sign: as stabsim.words.number. */
export function number(x, language) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const [mantissa, exponent] = x.toExponential(2).split("e");
  const rounded = Number(x.toExponential(2));
  let written;
  if (x === 0 || (Math.abs(rounded) >= 1e-4 && Math.abs(rounded) < 1e5)) {
    written = String(Number(rounded.toFixed(6)));
  } else {
    const power = [...String(Number(exponent))].map((c) => SUPERSCRIPT[c]).join("");
    written = `${Number(mantissa)}·10${power}`;
  }
  written = written.replace("-", "−");
  return language === "id" ? written.replace(".", ",") : written;
}

/** A step: in full if it is a whole number: as stabsim.words.whole. */
export function whole(x, language) {
  return Math.abs(x) < 1e15 && Number.isInteger(x) ? String(x) : number(x, language);
}

/** A number as Python's repr writes a float. */
export function pythonFloat(x) {
  const size = Math.abs(x);
  if (x !== 0 && (size < 1e-4 || size >= 1e16)) {
    return x.toExponential().replace(/([+-])(\d)$/, "$10$2"); // an exponent of two digits
  }
  return Number.isInteger(x) ? x.toFixed(1) : String(x);
}

/** A text with its {name}s replaced by values; {} is the value of that empty name. */
export const fill = (text, values) => text.replace(/\{(\w*)\}/g, (_, name) => values[name]);
