// Wakes the labs of a page: they arrive complete, with their first picture.

import { isEmpty, python, reached, report, rows } from "./parts/report.mjs";
import { fromAddress, positionOf, toSearch, valueAt, written } from "./parts/settings.mjs";
import { isAsked, stage } from "./parts/stage.mjs";

const here = (path) => new URL(path, import.meta.url).href;
const descriptions = new Map();

function fetched(address) {
  if (!descriptions.has(address)) {
    descriptions.set(
      address,
      fetch(address).then((answer) => answer.json()),
    );
  }
  return descriptions.get(address);
}

// --- the engine: one worker for the page ---

let worker;
let asked = 0;
const waiting = new Map();

function ask(program, values) {
  if (!worker) {
    worker = new Worker(here("worker.mjs"), { type: "module" });
    worker.onmessage = ({ data }) => {
      const { resolve, reject } = waiting.get(data.id);
      waiting.delete(data.id);
      if (data.error) reject(new Error(data.error));
      else resolve(data);
    };
    worker.onerror = (event) => {
      for (const { reject } of waiting.values()) reject(new Error(event.message));
      waiting.clear();
    };
  }
  return new Promise((resolve, reject) => {
    const id = ++asked;
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, models: here("models/"), program, values });
  });
}

// --- one lab ---

async function wake(section, key) {
  const [lab, words] = await Promise.all([
    fetched(new URL(section.dataset.source, document.baseURI).href),
    fetched(here(`models/frame.${document.documentElement.lang}.json`)),
  ]);
  const find = (selector) => section.querySelector(selector);
  const first = JSON.parse(section.dataset.setting);
  const values = { ...first, ...fromAddress(lab, key, location.search) };
  const note = find(".lab-note");
  let tables = null;
  let ghost = null;
  let charts = null;
  let staged = false;

  if (typeof WebAssembly !== "object") {
    note.textContent = words.frame.nowasm;
    return;
  }

  const program = () => {
    const chosen = lab.controls.filter((control) => control.static);
    return lab.programs[[lab.name, ...chosen.map(({ name }) => values[name])].join("-")];
  };

  const given = () =>
    Object.fromEntries(
      lab.controls
        .filter((control) => !control.static)
        .map(({ name, options }) => [
          name,
          options ? options.findIndex(([value]) => value === values[name]) : values[name],
        ]),
    );

  // --- pictures ---

  async function draw() {
    charts ??= import(here("chart.mjs")).then(({ chart }) =>
      Promise.all(
        [...section.querySelectorAll(".lab-panel")].map((host, i) =>
          chart(host, lab.charts[i], words.language, {
            clicked: lab.clicks[i].length ? choose(lab.clicks[i]) : null,
            staged,
          }),
        ),
      ),
    );
    const panels = [...section.querySelectorAll(".lab-panel")];
    const drawn = (await charts).map((chart, i) => {
      const table = tables[lab.panels[i]];
      panels[i].hidden = isEmpty(table);
      if (panels[i].hidden) return null;
      const kept = ghost?.[lab.panels[i]];
      return chart.draw(rows(table), kept ? rows(kept) : []);
    });
    await Promise.all(drawn);
  }

  function tell() {
    const { facts, sentences } = report(lab, words, tables, values);
    find(".lab-report").replaceChildren(
      ...sentences.flatMap((text, i) => (i ? [document.createElement("br"), text] : [text])),
    );
    const goal = find(".lab-reached");
    if (goal) goal.textContent = reached(lab.goal, facts) ? `✓ ${words.frame.reached}` : "";
  }

  // --- running: the latest setting wins, and no run waits behind one that is stale ---

  let busy = false;
  let stale = false;

  async function run() {
    stale = true;
    if (busy) return;
    busy = true;
    section.setAttribute("aria-busy", "true");
    while (stale) {
      stale = false;
      const start = performance.now();
      try {
        const one = program();
        const { columns, milliseconds } = await ask(one, given());
        tables = {};
        one.outputs.forEach(([table, column], i) => {
          tables[table] ??= {};
          tables[table][column] = columns[i];
        });
        tell();
        await draw();
        note.textContent = words.frame.here;
        section.dataset.runs = Number(section.dataset.runs ?? 0) + 1;
        performance.measure(`lab:${lab.name}`, { start, detail: { milliseconds } });
      } catch (/** @type {any} */ error) {
        note.textContent = words.frame.failed.replace("{error}", error.message);
      }
    }
    busy = false;
    section.removeAttribute("aria-busy");
  }

  // --- controls ---

  function show(control) {
    const field = section.querySelector(`[name="${control.name}"]`);
    if (control.options) {
      field.value = values[control.name];
      return;
    }
    const text = written(control, values[control.name], words.language);
    field.value = positionOf(control, values[control.name]);
    field.setAttribute("aria-valuetext", text);
    field.nextElementSibling.textContent = text;
  }

  function changed() {
    const search = toSearch(lab, key, values, first, location.search);
    history.replaceState(null, "", location.pathname + search + location.hash);
    run();
  }

  /** Sets sliders to the columns of the mark that was clicked, as near as they go. */
  function choose(names) {
    return (row) => {
      const chosen = lab.controls.filter(({ name }) => names.includes(name) && name in row);
      for (const control of chosen) {
        values[control.name] = valueAt(control, positionOf(control, row[control.name]));
        show(control);
      }
      if (chosen.length) changed();
    };
  }

  for (const control of lab.controls) {
    const field = section.querySelector(`[name="${control.name}"]`);
    field.disabled = false;
    field.addEventListener("input", () => {
      values[control.name] = control.options ? field.value : valueAt(control, Number(field.value));
      show(control);
      changed();
    });
    show(control);
  }

  // --- buttons ---

  const button = (name) => section.querySelector(`[data-do="${name}"]`);

  function save(text, ending, type) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = `${lab.name}.${ending}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  const actions = {
    reset() {
      Object.assign(values, first);
      lab.controls.forEach(show);
      changed();
    },
    async keep() {
      if (!tables) return; // what went wrong is said already
      ghost = ghost ? null : tables;
      button("keep").textContent = words.frame[ghost ? "forget" : "keep"];
      await draw();
    },
    async link() {
      await navigator.clipboard.writeText(location.href);
      note.textContent = words.frame.copied;
    },
    csv() {
      if (tables) save(csv(tables), "csv", "text/csv");
    },
    python() {
      save(python(lab, values), "py", "text/x-python");
    },
    present: stage(section, key, async (on) => {
      staged = on;
      button("present").textContent = words.frame[on ? "leave" : "present"];
      const old = charts;
      charts = null;
      await (tables ? draw() : run());
      for (const chart of (await old) ?? []) chart.close();
    }),
  };
  for (const [name, act] of Object.entries(actions)) {
    button(name).disabled = false;
    button(name).addEventListener("click", async () => {
      try {
        if (!tables && ["keep", "csv"].includes(name)) await run();
        await act();
      } catch (/** @type {any} */ error) {
        note.textContent = words.frame.failed.replace("{error}", error.message);
      }
    });
  }

  // --- the first run ---

  if (isAsked(key)) actions.present();
  else if (lab.controls.some(({ name }) => values[name] !== first[name])) run();
  const near = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      near.disconnect();
      ask(program(), null).then(
        () => {
          section.dataset.ready = "";
          performance.mark(`lab-ready:${lab.name}`);
          // A picture that can be clicked must be a live one.
          if (!tables && lab.clicks.some((names) => names.length)) run();
        },
        (error) => {
          note.textContent = words.frame.failed.replace("{error}", error.message);
        },
      );
    },
    { rootMargin: "300px" },
  );
  near.observe(section);
}

/** The tables one below the other: a line of names, then a line a row. */
function csv(tables) {
  const parts = Object.entries(tables).map(([name, table]) => {
    const columns = Object.entries(table);
    const size = Math.min(...columns.map(([, x]) => x.length));
    const head = columns.map(([column]) => `${name}.${column}`).join(",");
    const lines = Array.from({ length: size }, (_, i) => columns.map(([, x]) => x[i]).join(","));
    return [head, ...lines].join("\n");
  });
  return `${parts.join("\n\n")}\n`;
}

const seen = {};
/** @type {NodeListOf<HTMLElement>} */
const sections = document.querySelectorAll("section[data-lab]");
for (const section of sections) {
  const { lab } = section.dataset;
  seen[lab] = (seen[lab] ?? 0) + 1;
  wake(section, seen[lab] > 1 ? `${lab}${seen[lab]}` : lab);
}
