// Wakes the lab of typed rules: what is typed is tried at once, the latest text first.

import { diagnose } from "./parts/diagnosis.mjs";
import { evidence } from "./parts/evidence.mjs";
import { fill, number } from "./parts/numbers.mjs";
import { rows } from "./parts/report.mjs";
import { positionOf, valueAt } from "./parts/settings.mjs";
import { parse, RuleError } from "./parts/typed.mjs";

const here = (path) => new URL(path, import.meta.url).href;
const fetched = (address) => fetch(address).then((answer) => answer.json());

const PATIENCE = 10_000; // milliseconds after which a run is ended
const PAUSE = 150; // milliseconds without a key before what is typed is tried

async function wake(section) {
  const { lang } = document.documentElement;
  const source = new URL(`${section.dataset.rule}/`, document.baseURI).href;
  const [known, frame] = await Promise.all([
    fetched(`${source}rule.${lang}.json`),
    fetched(here(`models/frame.${lang}.json`)),
  ]);
  const find = (selector) => section.querySelector(selector);
  const field = {
    preset: find("#rule-preset"),
    text: find("#rule-text"),
    rate: find("#rule-rate"),
    surface: find("#rule-surface"),
    seed: find("#rule-seed"),
  };
  const wrong = find(".rule-wrong");
  const write = (x) => number(x, lang);
  const first = { text: field.text.value, surface: field.surface.value, seed: 0 };
  const [, firstRate] = known.presets[field.preset.value];
  const values = Object.assign({ ...first, rate: firstRate }, asked());

  /** What the address asks for. */
  function asked() {
    const query = new URLSearchParams(location.search);
    const found = {};
    const text = query.get("rule");
    if (text !== null) found.text = text;
    const rate = Number(query.get("rule.rate"));
    if (rate >= known.rate.low && rate <= known.rate.high) found.rate = rate;
    const surface = query.get("rule.surface");
    if (surface !== null && Object.hasOwn(known.boxes, surface)) found.surface = surface;
    const seed = Number(query.get("rule.seed") ?? 0);
    if (Number.isInteger(seed) && seed >= 0 && seed <= known.seeds) found.seed = seed;
    return found;
  }

  function remember() {
    const query = new URLSearchParams(location.search);
    const start = { rule: first.text, "rule.rate": firstRate, "rule.surface": first.surface };
    const now = {
      rule: values.text,
      "rule.rate": values.rate,
      "rule.surface": values.surface,
      "rule.seed": values.seed,
    };
    for (const [name, value] of Object.entries(now)) {
      if (value === (start[name] ?? 0)) query.delete(name);
      else query.set(name, String(value));
    }
    const search = query.size ? `?${query}` : "";
    history.replaceState(null, "", location.pathname + search + location.hash);
  }

  function show() {
    field.text.value = values.text;
    field.rate.max = known.rate.positions;
    field.rate.value = positionOf(known.rate, values.rate);
    field.rate.nextElementSibling.textContent = write(values.rate);
    field.rate.setAttribute("aria-valuetext", write(values.rate));
    field.surface.value = values.surface;
    field.seed.value = values.seed;
    field.seed.nextElementSibling.textContent = values.seed;
    const preset = Object.entries(known.presets).find(([, [text]]) => text === values.text);
    field.preset.value = preset?.[0] ?? "";
  }

  // --- running: the latest setting wins, and what takes too long is ended ---

  let worker = null;
  let waiting = null;
  let charts = null;
  let before = null;

  function attempt(given) {
    worker ??= new Worker(here("rule-worker.mjs"), { type: "module" });
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => end(new Error("…")), PATIENCE);
      const end = (error) => {
        clearTimeout(late);
        worker.terminate();
        worker = null;
        reject(error);
      };
      worker.onmessage = ({ data }) => {
        clearTimeout(late);
        if (data.error) end(new Error(data.error));
        else resolve(data.tried);
      };
      worker.onerror = (event) => end(new Error(event.message));
      worker.postMessage({ source, known, given });
    });
  }

  async function run() {
    const stale = waiting !== null;
    waiting = { ...values };
    if (stale) return;
    section.setAttribute("aria-busy", "true");
    while (waiting) {
      const given = waiting;
      try {
        const tried = await attempt(given);
        await draw(tried, given);
        find(".lab-report").replaceChildren(...lines(tried));
        section.dataset.runs = Number(section.dataset.runs ?? 0) + 1;
      } catch (/** @type {any} */ error) {
        wrong.textContent = fill(known.said.failed, { error: error.message });
      }
      if (waiting === given) waiting = null;
    }
    section.removeAttribute("aria-busy");
  }

  function lines({ loss, edge }) {
    const range = { least: write(known.words.edge.least), most: write(known.words.edge.most) };
    const kind = edge === null ? "no edge" : edge === known.words.edge.least ? "always" : "edge";
    const found = diagnose(Array.from(loss), frame.rules);
    return [
      `${fill(known.said.digits, { steps: known.steps })} ${evidence(found, frame).join(" ")}`,
      document.createElement("br"),
      fill(known.said[kind], { value: edge === null ? "" : write(edge), ...range }),
    ];
  }

  async function draw(tried, given) {
    charts ??= import(here("chart.mjs")).then(({ chart }) =>
      Promise.all(
        [...section.querySelectorAll("[data-chart]")].map(async (host) => ({
          name: host.dataset.chart,
          live: await chart(host, known.charts[host.dataset.chart], lang, {
            clicked: null,
            staged: false,
          }),
        })),
      ),
    );
    const tables = pictured(tried, given);
    const ghost = before;
    before = tables.loss;
    for (const { name, live } of await charts) {
      await live.draw(tables[name], name === "loss" && ghost ? ghost : []);
    }
  }

  /** The rows that the pictures are drawn of: as stabsim/rules/tables.py makes them. */
  function pictured({ loss, path, edge }, { surface }) {
    const [left, right, bottom, top] = known.boxes[surface];
    const within = (x, low, high) => (Number.isFinite(x) ? Math.min(Math.max(x, low), high) : null);
    const walked = Array.from({ length: path.length / 2 }, (_, step) => ({
      line: 0,
      step,
      x: within(path[2 * step], left, right),
      y: within(path[2 * step + 1], bottom, top),
    }));
    const lined = known.lines[surface];
    const under = lined.line.map((line, i) => ({
      line,
      step: lined.step[i],
      x: lined.x[i],
      y: lined.y[i],
    }));
    const edges = Object.entries(known.known).map(([name, value]) => ({ name, value, own: 0 }));
    return {
      loss: rows({ step: Float32Array.from(loss, (_, i) => i), loss }),
      path: [...under, ...walked],
      edges: [...edges, { name: known.said.yours, value: edge, own: 1 }],
    };
  }

  // --- controls ---

  function changed() {
    remember();
    try {
      parse(values.text, known.words);
    } catch (/** @type {any} */ error) {
      if (!(error instanceof RuleError)) throw error;
      const { line, column } = /** @type {any} */ (error);
      const text = values.text.split(/\r\n|\r|\n/)[line - 1] ?? "";
      const pointed = document.createElement("pre");
      pointed.textContent = `${text}\n${" ".repeat(column - 1)}^`;
      wrong.replaceChildren(error.message, pointed);
      field.text.setAttribute("aria-invalid", "true");
      return;
    }
    wrong.replaceChildren();
    field.text.removeAttribute("aria-invalid");
    run();
  }

  let pause;
  field.text.addEventListener("input", () => {
    values.text = field.text.value;
    clearTimeout(pause);
    pause = setTimeout(changed, PAUSE);
  });
  field.preset.addEventListener("change", () => {
    [values.text, values.rate] = known.presets[field.preset.value];
    show();
    changed();
  });
  field.rate.addEventListener("input", () => {
    values.rate = valueAt(known.rate, Number(field.rate.value));
    show();
    changed();
  });
  field.surface.addEventListener("change", () => {
    values.surface = field.surface.value;
    changed();
  });
  field.seed.addEventListener("input", () => {
    values.seed = Number(field.seed.value);
    show();
    changed();
  });
  for (const one of Object.values(field)) one.disabled = false;
  show();
  section.dataset.ready = "";
  if (location.search.includes("rule")) changed();
}

for (const section of document.querySelectorAll("section[data-rule]")) wake(section);
