// One cursor through all panels of a lab that go along the same column: a hover, a touch, a slider
// or Play sets its step, every panel marks it, and says the values there, kept runs' too.

import { number, whole } from "./numbers.mjs";

const FRAMES = 100; // of Play
const EVERY = 50; // milliseconds
const STILL = { frames: 10, every: 700 }; // pictures that stand, for who prefers reduced motion

/**
 * @param {any} section
 * @param {{panels: () => any[], ready: () => Promise<void>, turn: () => Promise<void>}} look what
 *   is drawn: of each panel its `host`, `chart`, `panel`, `table` and the `kept` tables; how to have
 *   it drawn; and how to have drawn anew what changes with the cursor, and then refreshed
 */
export function cursor(section, lab, words, look) {
  const bar = section.querySelector(".lab-scrub");
  if (!bar) return { wake() {}, refresh() {}, listen() {}, at: () => null };
  const [button, range, output] = bar.children;
  const write = (x) => (x === null ? "–" : number(x, words.language));
  let pinned = null; // the place along the longest panel where the cursor stands
  let hovered = null; // ... or where the pointer is
  let timer = 0;

  const followers = () => look.panels().filter(({ panel }) => panel.over === lab.cursor);
  const isPlane = ({ panel }) => panel.columns[1]?.[0] === "y";

  /** The steps that the cursor can stand at. */
  function steps() {
    const lines = followers().filter((one) => !isPlane(one));
    const known = lines.map(({ table }) => table[lab.cursor]);
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
    const tip = made("lab-tip");
    tip.append(made("", `${one.panel.along} ${whole(step, words.language)}`));
    const said = [];
    for (const [column, label] of one.panel.columns) {
      const row = made("", `${label} ${write(finite(table[column][i]))}`);
      const others = kept.map(({ slot, table: own }) => {
        const [there] = nearest(own[lab.cursor], step);
        const value = write(finite(own[column][there]));
        const ghost = document.createElement("span");
        const colour = document.createElement("span");
        colour.className = `lab-colour lab-colour-${slot}`;
        ghost.append(colour, value);
        row.append(ghost);
        return value;
      });
      tip.append(row);
      said.push([`${label} ${write(finite(table[column][i]))}`, ...others].join(" / "));
    }
    layer.append(tip);
    const before = x > left + width / 2;
    const side = before ? x - tip.offsetWidth - 8 : x + 8;
    const most = Math.max(0, host.clientWidth - tip.offsetWidth);
    Object.assign(tip.style, { left: `${Math.min(most, Math.max(0, side))}px`, top: `${top}px` });
    return said;
  }

  /** The step at which the cursor stands, null if it does not. */
  function at() {
    const all = steps();
    const place = hovered ?? pinned;
    return place === null || !all.length ? null : all[Math.min(place, all.length - 1)];
  }

  function refresh() {
    range.max = Math.max(1, steps().length - 1);
    const place = hovered ?? pinned;
    const step = at();
    const said = followers().flatMap((one) => mark(one, step, hovered === null));
    for (const { chart } of look.panels()) if (chart?.at) said.push(chart.at(step));
    output.textContent = step === null ? "" : whole(step, words.language);
    if (place !== null) range.value = place;
    const along = followers().find((one) => !isPlane(one))?.panel.along ?? "";
    range.setAttribute("aria-valuetext", [`${along} ${output.textContent}`, ...said].join(", "));
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

  button.addEventListener("click", play);
  range.addEventListener("input", async () => {
    if (timer) stop();
    pinned = Number(range.value);
    hovered = null;
    await look.ready();
    look.turn();
  });

  return {
    /** Makes ready for so many steps. */
    wake(size) {
      range.max = Math.max(1, size - 1);
      button.disabled = range.disabled = false;
      stop();
    },
    at,
    refresh,
    /** Follows the pointer in a panel. */
    listen(one) {
      if (one.panel.over !== lab.cursor || isPlane(one)) return;
      const follow = (event) => {
        if (timer || event.target.closest(".lab-grip")) return;
        const { chart, table } = look.panels().find(({ host }) => host === one.host) ?? {};
        if (!chart) return;
        const [i] = nearest(table[lab.cursor], chart.under(event).x);
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
      one.host.addEventListener("pointerleave", () => {
        if (hovered === null) return;
        hovered = null;
        look.turn();
      });
    },
  };
}

const finite = (x) => (Number.isFinite(x) ? x : null);

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
