// A lab's setting: in sliders, in the address, in words.

import { number } from "./numbers.mjs";
import { read } from "./numerals.mjs";

const DIGITS = 3;

/** A slider's value at a position. */
export function valueAt(control, position) {
  if (control.scale === "whole") return position;
  const share = position / control.positions;
  const { low, high } = control;
  const x = control.scale === "log" ? low * (high / low) ** share : low + (high - low) * share;
  return Number(x.toPrecision(DIGITS));
}

/** The position nearest to a value. */
export function positionOf(control, value) {
  if (control.scale === "whole") return value;
  const { low, high } = control;
  const share =
    control.scale === "log"
      ? Math.log(value / low) / Math.log(high / low)
      : (value - low) / (high - low);
  return Math.round(share * control.positions);
}

/** A value in words. */
export function written(control, value, language) {
  return `${number(value, language)} ${unitOf(control, value)}`.trim();
}

/** What so many of it are called. */
export const unitOf = ({ unit }, value) => unit[value === 1 ? 0 : 1];

/** The value that a reader typed; null if it is no number of the range. */
export function typed(control, text, language) {
  const value = read(text, language, control.unit);
  return takes(control, value) ? value : null;
}

function takes(control, value) {
  const whole = control.scale !== "whole" || Number.isInteger(value);
  return whole && value >= control.low && value <= control.high;
}

/** Whether a control does nothing in a setting. */
export function isIdle(control, values) {
  const [other, where] = control.idle ?? [null, []];
  return where.includes(values[other]);
}

/** What an address asks of a lab: known controls, values in range; the rest is ignored. */
export function fromAddress(lab, key, search) {
  const asked = new URLSearchParams(search);
  const changes = {};
  for (const control of lab.controls) {
    const text = asked.get(`${key}.${control.name}`);
    if (text === null) continue;
    if (control.options) {
      if (control.options.some(([name]) => name === text)) changes[control.name] = text;
      continue;
    }
    const value = Number(text);
    if (text.trim() && takes(control, value)) changes[control.name] = value;
  }
  return changes;
}

/** The address's query with a lab's setting: only what differs from `first` is written. */
export function toSearch(lab, key, values, first, search) {
  const query = new URLSearchParams(search);
  for (const { name } of lab.controls) {
    if (values[name] === first[name]) query.delete(`${key}.${name}`);
    else query.set(`${key}.${name}`, values[name]);
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

/** Whether the address asks for a lab to be on stage. */
export function isAsked(key) {
  return new URLSearchParams(location.search).get("present") === key;
}
