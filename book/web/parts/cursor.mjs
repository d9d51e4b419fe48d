// One cursor through all panels of a lab that go along the same column: a hover, a touch, a slider
// or Play sets its step, every panel marks it, and says the values there, kept runs' too.

import { number, whole } from "./numbers.mjs";

const FRAMES = 100; // of Play
const EVERY = 50; // milliseconds
const MOVING = /^(Arrow|Page|Home|End)/; // keys
const STILL = { frames: 10, every: 700 }; // pictures that stand, for who prefers reduced motion

/**
 * @param {any} section
 * @param {{panels: () => any[], ready: () => Promise<void>, turn: () => Promise<void>}} look what
 *   is drawn: of each panel its `host`, `chart`, `panel`, `table` and the `kept` tables; how to have
 *   it drawn; and how to have drawn anew what changes with the cursor, and then refreshed
 */
export function cursor(section, lab, words, look) {
  const bar = section.querySelector(".lab-scrub");
  if (!bar) return { refresh() {}, listen() {}, at: () => null };
  const [button, range, output] = bar.children;
  const write = (x) => (x === null ? "–" : number(x, words.language));
  let pinned = null; // the place along the longest panel where the cursor stands
  let hovered = null; // ... or where the pointer is
  let timer = 0;

  const followers = () => look.panels().filter(({ panel }) => panel.over === lab.cursor);
  const isPlane = ({ panel }) => panel.columns[1]?.[0] === "y";
  const alongOf = () => followers().find((one) => !isPlane(one))?.panel.along ?? "";

  /** The steps that the cursor can stand at. */
  function steps() {
    const lines = followers().filter((one) => !isPlane(one));
    const known = lines.map(({ table }) => ascending(table[lab.cursor]));
    return known.reduce((a, b) => (b.length > a.length ? b : a), []);
  }

  /** @param {string} name @param {string} [text] */
  function made(name, text = "") {
    const element = document.createElement("div");
    element.className = name;
    element.textContent = text;
    return element;
  }

  function mark(one, at, veiled) {
    const { host, chart, table, kept } = one;
    host.querySelector(".lab-over")?.remove();
    if (at === null || !chart || host.hidden) return [];
    const layer = made("lab-over");
    host.append(layer);
    if (isPlane(one)) {
      const here = nearest(table[lab.cursor], at);
      // What belongs to no path, such as a contour line, has a negative number.
      const onPath = (i) => !(table.line?.[i] < 0) && Number.isFinite(table.x[i]);
      const places = here.filter(onPath);
      for (const i of places) {
        const dot = made("lab-dot");
        const { x, y } = chart.place(table.x[i], table.y[i]);
        Object.assign(dot.style, { left: `${x}px`, top: `${y}px` });
        layer.append(dot);
      }
      // Where one path stands is said; where six do is for the eye.
      const values = ([column, label]) => `${label} ${write(finite(table[column][places[0]]))}`;
      return places.length === 1 ? one.panel.columns.map(values) : [];
    }
    const [i] = nearest(table[lab.cursor], at);
    const step = table[lab.cursor][i];
    const { x, left, top, width, height } = chart.place(step, null);
    const line = made("lab-line");
    Object.assign(line.style, { left: `${x}px`, top: `${top}px`, height: `${height}px` });
    layer.append(line);
    if (veiled) {
      const veil = made("lab-veil");
      const rest = left + width - x;
      const box = { left: `${x + 1}px`, top: `${top}px`, height: `${height}px` };
      Object.assign(veil.style, { ...box, width: `${Math.max(0, rest)}px` });
      layer.append(veil);
    }
    const rows = one.panel.columns.map(([column, label]) => {
      const others = kept.map(({ table: own }) => {
        const [there] = nearest(own[lab.cursor], step);
        return write(finite(own[column][there]));
      });
      return [label, write(finite(table[column][i])), ...others];
    });
    const slots = kept.map(({ slot }) => slot);
    tip(host, layer, step, rows, slots, { x, top, isRight: x > left + width / 2 });
    return rows.map(([label, ...values]) => `${label} ${values.join(" / ")}`);
  }

  /** The same in a picture of our own. */
  function markOwn({ host, chart }, at, isTouched) {
    host.querySelector(".lab-over")?.remove();
    if (!chart || host.hidden) return [];
    const said = chart.at(at);
    const there = isTouched ? chart.read(at) : null;
    if (there) {
      const layer = made("lab-over");
      host.append(layer);
      const place = { ...there, isRight: there.x > host.clientWidth / 2 };
      tip(host, layer, at, there.rows, there.slots, place);
    }
    return [said];
  }

  /** What stands beside the cursor: the step, and a row for each value, the kept runs' after it. */
  function tip(host, layer, step, rows, slots, { x, top, isRight }) {
    const told = made("lab-tip");
    told.append(made("", `${alongOf()} ${whole(step, words.language)}`));
    for (const [label, own, ...others] of rows) {
      const row = made("", `${label} ${own}`);
      others.forEach((value, place) => {
        const ghost = document.createElement("span");
        const colour = document.createElement("span");
        colour.className = `lab-colour lab-colour-${slots[place]}`;
        ghost.append(colour, value);
        row.append(ghost);
      });
      told.append(row);
    }
    layer.append(told);
    const side = isRight ? x - told.offsetWidth - 8 : x + 8;
    const most = Math.max(0, host.clientWidth - told.offsetWidth);
    Object.assign(told.style, { left: `${Math.min(most, Math.max(0, side))}px`, top: `${top}px` });
  }

  /** Where the pointer is among the steps, or the cursor stands; until then, as the lab opens. */
  function place() {
    const all = steps();
    const first = lab.opens === null ? Infinity : nearest(all, lab.opens)[0];
    return Math.min(hovered ?? pinned ?? first, all.length - 1);
  }

  /** The step that is shown. */
  const at = () => steps()[place()];

  function refresh() {
    range.max = steps().length - 1;
    range.value = place();
    const step = at();
    const isTouched = (hovered ?? pinned) !== null;
    const said = followers().flatMap((one) => mark(one, isTouched ? step : null, hovered === null));
    for (const one of look.panels()) if (one.picture) said.push(...markOwn(one, step, isTouched));
    output.textContent = whole(step, words.language);
    range.setAttribute(
      "aria-valuetext",
      [`${alongOf()} ${output.textContent}`, ...said].join(", "),
    );
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    button.textContent = "▶\uFE0E";
    button.setAttribute("aria-label", words.frame.play);
  }

  async function play() {
    if (timer) return stop();
    await look.ready();
    const last = steps().length - 1;
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const { frames, every } = isStill ? STILL : { frames: FRAMES, every: EVERY };
    if (pinned === null || pinned >= last) pinned = 0;
    hovered = null;
    button.textContent = "❚❚";
    button.setAttribute("aria-label", words.frame.pause);
    timer = setInterval(() => {
      pinned = Math.min(last, pinned + Math.max(1, Math.round(last / frames)));
      look.turn();
      if (pinned === last) stop();
    }, every);
    look.turn();
  }

  button.disabled = range.disabled = false;
  stop();
  button.addEventListener("click", play);
  async function put() {
    if (timer) stop();
    pinned = Number(range.value);
    hovered = null;
    await look.ready();
    look.turn();
  }
  range.addEventListener("input", put);
  // What leaves the thumb where it stands, as Home at the beginning does, is no input.
  range.addEventListener("click", () => {
    if (pinned === null) put();
  });
  range.addEventListener("keyup", ({ key }) => {
    if (pinned === null && MOVING.test(key)) put();
  });

  return {
    at,
    refresh,
    /** Follows the pointer in a panel. */
    listen(one) {
      if (!one.picture && (one.panel.over !== lab.cursor || isPlane(one))) return;
      const leave = () => {
        if (hovered === null) return;
        hovered = null;
        look.turn();
      };
      const follow = (event) => {
        if (timer || event.target.closest(".lab-grip")) return;
        const { chart, table } = look.panels().find(({ host }) => host === one.host) ?? {};
        if (!chart) return;
        const { x } = chart.under(event);
        if (x === null) return leave();
        const [i] = nearest(table[lab.cursor], x);
        const [place] = nearest(steps(), table[lab.cursor][i]);
        const holds = event.type === "pointerdown" || event.pointerType !== "mouse";
        if (holds) pinned = place;
        hovered = holds ? null : place;
        look.turn();
      };
      one.host.addEventListener("pointermove", follow);
      one.host.addEventListener("pointerdown", follow);
      // From here on the arrow keys move the cursor.
      one.host.addEventListener("click", () => range.focus({ preventScroll: true }));
      one.host.addEventListener("pointerleave", leave);
    },
  };
}

const finite = (x) => (Number.isFinite(x) ? x : null);

/** The first entries, as far as they ascend: what comes after is no line's. */
function ascending(values) {
  const end = values.findIndex((x, i) => i > 0 && !(x > values[i - 1]));
  return end < 0 ? values : values.slice(0, end);
}

/** The places of the value nearest to one: several if it is there again. */
function nearest(values, one) {
  let least = Infinity;
  let found = [0];
  for (let i = 0; i < values.length; i++) {
    const apart = Math.abs(values[i] - one);
    if (apart < least) {
      least = apart;
      found = [i];
    } else if (apart === least && values[i] === values[found[0]]) found.push(i);
  }
  return found;
}
