// Wakes the labs of a page: they arrive complete, with their first picture.

import { cursor } from "./parts/cursor.mjs";
import * as engine from "./parts/engine.mjs";
import { fields } from "./parts/fields.mjs";
import { asOf, within } from "./parts/frames.mjs";
import { grip } from "./parts/grip.mjs";
import { keeper, MOST } from "./parts/kept.mjs";
import { json, needed, online } from "./parts/needed.mjs";
import { keep as keepFor, kept as keptBefore } from "./parts/progress.mjs";
import { isEmpty, marks, reached, rows, verdicts } from "./parts/report.mjs";
import { fromAddress, isAsked, isIdle, positionOf, toSearch, valueAt } from "./parts/settings.mjs";

const here = (path) => new URL(path, import.meta.url).href;
const descriptions = new Map();

function fetched(address) {
  if (!descriptions.has(address)) descriptions.set(address, json(address));
  return descriptions.get(address);
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
  const hosts = [...section.querySelectorAll(".lab-panel")];
  let shown = null; // the run that is seen: its values, tables, facts and sentences
  let drawing = null;
  let charts = [];
  let staged = false;

  if (typeof WebAssembly !== "object") {
    note.textContent = words.frame.nowasm;
    return;
  }

  const program = (of = values) => {
    const chosen = lab.controls.filter((control) => control.static);
    return lab.programs[[lab.name, ...chosen.map(({ name }) => of[name])].join("-")];
  };

  const given = (of) =>
    Object.fromEntries(
      lab.controls
        .filter((control) => !control.static)
        .map(({ name, options }) => [
          name,
          options ? options.findIndex(([value]) => value === of[name]) : of[name],
        ]),
    );

  // --- pictures ---

  const place = `${/([^/]*?)(\.html)?$/.exec(location.pathname)?.[1] || "index"} ${key}`;
  const keep = keeper(find(".lab-kept"), lab, words, () => {
    remember();
    return draw();
  });

  /** Keeps the settings of the kept runs on the reader's device, as an address would. */
  function remember() {
    const searches = keep.runs.map((run) => toSearch(lab, key, run.values, first, ""));
    keepFor("runs", place, searches.length ? searches : null);
  }

  /** Brings back the runs that were kept when the page was last read. */
  async function restore() {
    const before = keptBefore().runs[place];
    if (!Array.isArray(before) || keep.runs.length) return;
    for (const search of before.slice(0, MOST)) {
      const { run } = await computed({ ...first, ...fromAddress(lab, key, String(search)) });
      keep.add(run, first, verdicts(lab, words, run.facts, run.sentences));
    }
    await (shown ? draw() : run());
  }

  /** What each panel shows. */
  const panels = () =>
    lab.panels.map((panel, i) => ({
      panel,
      picture: lab.charts[i].picture, // one of our own
      host: hosts[i],
      chart: hosts[i].hidden ? null : charts[i],
      table: shown?.tables[panel.table] ?? {},
      kept: keep.runs.map(({ slot, tables }) => ({ slot, table: tables[panel.table] })),
    }));

  const marker = cursor(section, lab, words, {
    panels: () => (shown ? panels() : []),
    ready: async () => {
      if (!charts.length) await run();
    },
    turn,
  });
  panels().forEach(marker.listen);

  async function draw() {
    drawing ??= Promise.all(
      hosts.map(async (host, i) => {
        const { click } = lab.panels[i];
        const clicked = click.length ? choose(click) : null;
        const { chart } = await needed(here(`${lab.charts[i].picture ?? "chart"}.mjs`));
        return chart(host, lab.charts[i], words.language, { clicked, staged });
      }),
    );
    const own = drawing;
    charts = await own.catch((error) => {
      if (drawing === own) drawing = null; // so that the next run tries again
      throw error;
    });
    await Promise.all(
      panels().map(({ panel, picture, host, table, kept }, i) => {
        host.hidden = isEmpty(table);
        if (host.hidden) return null;
        charts[i].resized(over);
        if (picture) return charts[i].draw(table, kept, marker.at());
        return charts[i].draw({
          ...seen(panel),
          marks: marks(lab, panel, shown.tables, shown.values, shown.facts),
        });
      }),
    );
    over();
  }

  /** A panel's rows, the kept runs' too: of a picture that changes with the cursor those of now. */
  function seen(panel) {
    const table = shown.tables[panel.table];
    if (!table.since) return { run: rows(table), ghost: ghosts(panel.table) };
    const at = marker.at();
    const now = asOf(table, at);
    const ghost = keep.runs.flatMap(({ slot, tables }) =>
      rows(within(asOf(tables[panel.table], at), now)).map((row) => ({ ...row, kept: slot })),
    );
    return { run: filled(panel.table, rows(now)), ghost: filled(`${panel.table} kept`, ghost) };
  }

  /** As many rows as there ever were, for Vega keeps something of every row that it loses. */
  function filled(table, found) {
    const size = Math.ceil(found.length / 256) * 256;
    const most = Math.max(size, longest.get(table) ?? 0);
    longest.set(table, most);
    const nothing = Object.fromEntries(Object.keys(found[0] ?? {}).map((name) => [name, null]));
    return [...found, ...Array.from({ length: most - found.length }, () => nothing)];
  }

  const longest = new Map(); // by table

  let turning = null;
  let turnedOn = false;

  /** Draws what changes with the cursor, as of the latest place where it stands. */
  function turn() {
    turnedOn = true;
    turning ??= turns().finally(() => {
      turning = null;
    });
    return turning;
  }

  async function turns() {
    while (turnedOn) {
      turnedOn = false;
      const changing = panels().filter(({ chart, table }) => chart && table.since);
      await Promise.all(changing.map(({ chart, panel }) => chart.draw(seen(panel))));
      over();
    }
  }

  /** The kept runs' rows of a table, made once. */
  const made = { of: keep.runs, rows: new Map() };
  function ghosts(table) {
    if (made.of !== keep.runs) Object.assign(made, { of: keep.runs, rows: new Map() });
    if (!made.rows.has(table)) {
      const of = ({ slot, tables }) => rows(tables[table]).map((row) => ({ ...row, kept: slot }));
      made.rows.set(table, keep.runs.flatMap(of));
    }
    return made.rows.get(table);
  }

  /** What lies over the charts. */
  function over() {
    marker.refresh();
    for (const { panel, host, chart } of panels()) {
      const control = lab.controls.find(({ name }) => name === panel.level);
      const hint = host.parentElement.querySelector(".lab-hint");
      const setters = [...panel.click, panel.level];
      const usable = lab.controls.some((c) => setters.includes(c.name) && !isIdle(c, shown.values));
      if (hint) hint.style.visibility = usable ? "" : "hidden";
      if (control && chart) grip(host, chart, control, shown.values, set);
    }
  }

  function fail(error) {
    note.textContent = words.frame.failed.replace("{error}", error.message);
  }

  function tell() {
    find(".lab-report").replaceChildren(
      ...shown.sentences.flatMap((text, i) => (i ? [document.createElement("br"), text] : [text])),
    );
    const now = lab.goals.filter(([, conditions]) => reached(conditions, shown.facts));
    find(".lab-reached").textContent = now.length ? `✓ ${words.frame.reached}` : "";
    for (const [key] of now) if (!keptBefore().goals[key]) keepFor("goals", key, true);
  }

  // --- running: the latest setting wins, and no run waits behind one that is stale ---

  let busy = null;
  let stale = false;

  function run() {
    stale = true;
    busy ??= runs().finally(() => {
      busy = null;
    });
    return busy;
  }

  async function runs() {
    section.setAttribute("aria-busy", "true");
    while (stale) {
      stale = false;
      const start = performance.now();
      try {
        const { run, milliseconds } = await computed();
        shown = run;
        await draw(); // first, so that no sentence stands beside the picture of another run
        tell();
        note.textContent = words.frame.here;
        section.dataset.runs = Number(section.dataset.runs ?? 0) + 1;
        performance.measure(`lab:${lab.name}`, { start, detail: { milliseconds } });
      } catch (error) {
        fail(error);
        online().then(run);
      }
    }
    section.removeAttribute("aria-busy");
  }

  /** A run of a setting: of the present one as it is now. */
  async function computed(own = { ...values }) {
    const start = performance.now();
    const ran = engine.computed(lab, program(own), given(own)).then((tables) => {
      return { tables, milliseconds: performance.now() - start };
    });
    // The verdict comes with the charts, since neither is needed before a first run.
    const shared = needed(here("chart.mjs"));
    const [{ tables, milliseconds }, { report }] = await Promise.all([ran, shared]);
    return {
      run: { values: own, tables, ...report(lab, words, tables, own) },
      milliseconds,
    };
  }

  // --- controls ---

  const show = fields(section, lab, words, values, (name, message) => {
    if (name) changed();
    else note.textContent = message;
  });

  function changed() {
    show();
    const search = toSearch(lab, key, values, first, location.search);
    history.replaceState(null, "", location.pathname + search + location.hash);
    run();
  }

  function set(name, value) {
    if (values[name] === value) return;
    values[name] = value;
    changed();
  }

  /** Sets sliders to the columns of the mark that was clicked, as near as they go. */
  function choose(names) {
    return (row) => {
      const chosen = lab.controls.filter(
        (c) => names.includes(c.name) && c.name in row && !isIdle(c, values),
      );
      const near = chosen.map((c) => [c.name, valueAt(c, positionOf(c, row[c.name]))]);
      if (near.every(([name, value]) => values[name] === value)) return;
      Object.assign(values, Object.fromEntries(near));
      changed();
    };
  }

  show();

  // --- buttons ---

  const button = (name) => section.querySelector(`[data-do="${name}"]`);

  const downloads = () => needed(here("download.mjs"));

  let onStage = null; // what leads there and back

  async function staging(on) {
    staged = on;
    button("present").textContent = words.frame[on ? "leave" : "present"];
    const old = drawing;
    drawing = null;
    charts = [];
    await (shown ? draw() : run());
    for (const chart of (await old) ?? []) chart.close();
  }

  const actions = {
    reset() {
      Object.assign(values, first);
      changed();
    },
    async keep() {
      if (keep.runs.length === MOST) {
        note.textContent = words.frame.full;
        return;
      }
      // The run that is seen, also while another is on its way.
      const one = shown ?? (await computed()).run;
      keep.add(one, first, verdicts(lab, words, one.facts, one.sentences));
      remember();
      await (shown ? draw() : run());
    },
    async link() {
      await navigator.clipboard.writeText(location.href);
      note.textContent = words.frame.copied;
    },
    async csv() {
      if (!shown) await run();
      (await downloads()).csv(lab, shown.tables);
    },
    async python() {
      (await downloads()).python(lab, values);
    },
    async present() {
      onStage ??= (await needed(here("stage.mjs"))).stage(section, key, staging);
      onStage();
    },
  };
  for (const [name, act] of Object.entries(actions)) {
    button(name).disabled = false;
    button(name).addEventListener("click", async () => {
      try {
        await act();
      } catch (error) {
        fail(error);
      }
    });
  }

  // --- the first run ---

  if (isAsked(key)) actions.present().catch(fail);
  else if (lab.controls.some(({ name }) => values[name] !== first[name])) run();
  async function prepare() {
    try {
      await engine.prepared(lab, program());
    } catch (error) {
      fail(error);
      online().then(prepare);
      return;
    }
    section.dataset.ready = "";
    performance.mark(`lab-ready:${lab.name}`);
    // A picture that can be clicked or dragged must be a live one.
    if (!shown && lab.panels.some(({ click, level }) => click.length || level)) run();
    await restore();
  }

  const near = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      near.disconnect();
      prepare();
    },
    { rootMargin: "300px" },
  );
  near.observe(section);
}

const seen = {};
/** @type {NodeListOf<HTMLElement>} */
const sections = document.querySelectorAll("section[data-lab]");
for (const section of sections) {
  const { lab } = section.dataset;
  seen[lab] = (seen[lab] ?? 0) + 1;
  wake(section, seen[lab] > 1 ? `${lab}${seen[lab]}` : lab);
}
