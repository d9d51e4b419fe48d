// Wakes the lab of typed rules: what is typed is tried at once, the latest text first.

import { diagnose } from "./parts/diagnosis.mjs";
import { evidence } from "./parts/evidence.mjs";
import { fields } from "./parts/fields.mjs";
import { awaited, json } from "./parts/needed.mjs";
import { fill, number } from "./parts/numbers.mjs";
import { rows } from "./parts/report.mjs";
import { fromAddress, toSearch } from "./parts/settings.mjs";
import { parse, RuleError } from "./parts/typed.mjs";

const here = (path) => new URL(path, import.meta.url).href;

const KEY = "rule"; // in the address
const PATIENCE = 10; // seconds after which a run is ended
const PAUSE = 150; // milliseconds without a key before what is typed is tried

async function wake(section) {
  const { lang } = document.documentElement;
  const source = new URL(`${section.dataset.rule}/`, document.baseURI).href;
  const [known, frame] = await Promise.all([
    json(`${source}rule.${lang}.json`),
    json(here(`models/frame.${lang}.json`)),
  ]);
  const find = (selector) => section.querySelector(selector);
  const text = find("#rule-text");
  const preset = find("#rule-preset");
  const wrong = find(".rule-wrong");
  const write = (x) => number(x, lang);
  const first = JSON.parse(section.dataset.setting);
  const firstText = text.value;
  const values = { ...first, ...fromAddress(known, KEY, location.search) };
  let typed = new URLSearchParams(location.search).get(KEY) ?? firstText;

  function remember() {
    const query = new URLSearchParams(toSearch(known, KEY, values, first, location.search));
    if (typed === firstText) query.delete(KEY);
    else query.set(KEY, typed);
    const search = query.size ? `?${query}` : "";
    history.replaceState(null, "", location.pathname + search + location.hash);
  }

  // --- running: the latest setting wins, and what takes too long is ended ---

  let worker = null;
  let waiting = null;
  let charts = null;
  let before = null;

  function attempt(given) {
    worker ??= new Worker(here("rule-worker.mjs"), { type: "module" });
    return new Promise((resolve, reject) => {
      const said = fill(known.said.late, { seconds: PATIENCE });
      const late = setTimeout(() => end(new Error(said)), 1000 * PATIENCE);
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
    waiting = { ...values, text: typed };
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
    charts ??= awaited(here("chart.mjs")).then(({ chart }) =>
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
      const kept = (ghost ?? []).map((row) => ({ ...row, kept: 0 }));
      await live.draw({ run: tables[name], ghost: name === "loss" ? kept : [] });
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
    return {
      loss: rows({ step: Float32Array.from(loss, (_, i) => i), loss }),
      path: [...under, ...walked],
      edges: [...known.edges, edge].map((value, rule) => ({ rule, value })),
    };
  }

  // --- controls ---

  const showAll = fields(section, known, frame, values, (name, message) => {
    if (name) changed();
    else wrong.textContent = message;
  });

  function show() {
    showAll();
    if (text.value !== typed) text.value = typed;
    const named = Object.entries(known.presets).find(([, [lines]]) => lines === typed);
    preset.value = named?.[0] ?? "";
  }

  function changed() {
    show();
    remember();
    try {
      parse(typed, known.words);
    } catch (/** @type {any} */ error) {
      if (!(error instanceof RuleError)) throw error;
      const { line, column } = /** @type {any} */ (error);
      const pointed = document.createElement("pre");
      const there = typed.split(/\r\n|\r|\n/)[line - 1] ?? "";
      pointed.textContent = `${there}\n${" ".repeat(column - 1)}^`;
      wrong.replaceChildren(error.message, pointed);
      text.setAttribute("aria-invalid", "true");
      return;
    }
    wrong.replaceChildren();
    text.removeAttribute("aria-invalid");
    run();
  }

  let pause;
  text.addEventListener("input", () => {
    typed = text.value;
    clearTimeout(pause);
    pause = setTimeout(changed, PAUSE);
  });
  preset.addEventListener("change", () => {
    [typed, values.rate] = known.presets[preset.value];
    changed();
  });
  text.disabled = preset.disabled = false;
  show();
  section.dataset.ready = "";
  const asked = [...new URLSearchParams(location.search).keys()];
  if (asked.some((name) => name.split(".")[0] === KEY)) changed();
}

for (const section of document.querySelectorAll("section[data-rule]")) wake(section);
