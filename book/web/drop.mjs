// Wakes the form that diagnoses a log. All that it needs is fetched before a log is chosen, so
// that nothing is asked of any server afterwards.

import { menus } from "./parts/menus.mjs";
import { awaited, json } from "./parts/needed.mjs";
import { fill } from "./parts/numbers.mjs";

const here = (path) => new URL(path, import.meta.url).href;

async function wake(section) {
  const source = new URL(`${section.dataset.drop}/`, document.baseURI);
  const language = document.documentElement.lang;
  const [{ words, charts, examples }, { chart }] = await Promise.all([
    json(new URL(`drop.${language}.json`, source)),
    awaited(here("chart.mjs")),
  ]);
  const find = (selector) => section.querySelector(selector);
  const chooser = find("input[type=file]");
  const pasted = find("#drop-text");
  const note = find(".drop-note");
  const progress = find("progress");
  const result = find(".drop-result");
  const options = find(".drop-options");
  const reader = new Worker(here("reader.mjs"), { type: "module" });
  reader.postMessage({ words });
  const say = (name, values) => fill(words.drop[name], values);

  let asked = 0;
  let files = null;
  let done = ""; // what to say once it is diagnosed
  let given = {};
  const drawn = [];

  // --- what is asked of the reader: the latest only ---

  function ask(message) {
    const run = Number(options.elements.run.value);
    reader.postMessage({ id: ++asked, options: chosen(), run, ...message });
  }

  function chosen() {
    const { percentile, threshold } = options.elements;
    return {
      percentile: Number(percentile.value),
      threshold: threshold.value === "" ? null : Number(threshold.value),
      tried: [...options.querySelectorAll("[name=tried]:checked")].map((box) => box.value),
    };
  }

  function take(logs, about = "") {
    files = logs;
    given = {};
    done = [say("done", { name: named() }), about].join(" ").trim();
    load();
  }

  /** What the logs are called together. */
  const named = () => Array.from(files, ({ name }) => name).join(", ");

  function load() {
    note.textContent = say("reading", { name: named() });
    section.setAttribute("aria-busy", "true");
    progress.value = 0;
    options.elements.run.replaceChildren();
    ask({ files, given });
  }

  // --- what it answers ---

  reader.onmessage = async ({ data }) => {
    if (data.id !== asked) return;
    if (data.progress !== undefined) {
      progress.hidden = false;
      progress.value = data.progress;
      return;
    }
    progress.hidden = true;
    columns.show(data.names, data.columns);
    note.textContent = data.error ?? [done, ...left(data.unread)].join(" ");
    note.classList.toggle("drop-error", "error" in data);
    result.hidden = options.hidden = "error" in data;
    if (!data.error) {
      offer(data.runs);
      tell(data.sections, data.chapter);
      await draw(data.pictures);
    }
    section.removeAttribute("aria-busy");
    section.dataset.answers = Number(section.dataset.answers ?? 0) + 1;
  };
  reader.onerror = (event) => {
    note.textContent = say("failed", { error: event.message });
  };

  /** What is said of files that are no logs. */
  const left = (unread) => (unread.length ? [say("unread", { names: unread.join(", ") })] : []);

  /** The runs of a log that has several, a line each, of which one is reported on. */
  function offer(runs) {
    find(".drop-runs").hidden = !runs.length;
    const { run } = options.elements;
    if (run.options.length !== runs.length) {
      run.replaceChildren(...runs.map((line, i) => new Option(line, String(i))));
    }
  }

  function tell(sections, chapter) {
    const parts = sections.map(([heading, lines]) => {
      const part = document.createElement("section");
      const title = document.createElement("h2");
      title.textContent = heading;
      part.append(title, ...lines.map(paragraph));
      return part;
    });
    if (chapter) parts.push(more(...chapter));
    find(".drop-said").replaceChildren(...parts);
  }

  function more(text, address) {
    const line = paragraph(words.drop.more);
    const link = document.createElement("a");
    link.textContent = text;
    link.href = address;
    line.append(link);
    return line;
  }

  function paragraph(text) {
    const line = document.createElement("p");
    line.textContent = text;
    return line;
  }

  async function draw(pictures) {
    for (const old of drawn.splice(0)) old.close();
    const hosts = [...section.querySelectorAll(".drop-chart")];
    const made = hosts.map(async (host) => {
      const picture = pictures[host.dataset.chart];
      host.parentElement.hidden = !picture;
      if (!picture) return;
      host.setAttribute("aria-label", picture.alt);
      host.nextElementSibling.textContent = picture.caption;
      const live = await chart(host, charts[picture.chart], language, {});
      drawn.push(live);
      await live.draw({ run: picture.rows });
    });
    await Promise.all(made);
  }

  // --- what a reader does ---

  const columns = menus(find(".drop-columns"), words, (role, column) => {
    given[role] = column;
    load();
  });
  options.addEventListener("input", () => {
    if (options.checkValidity()) ask({});
  });
  for (const form of section.querySelectorAll("form")) {
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  chooser.addEventListener("click", () => {
    chooser.value = ""; // the same file may be chosen again
  });
  chooser.addEventListener("change", () => {
    if (chooser.files.length) take([...chooser.files]);
  });
  pasted.addEventListener("input", () => {
    if (pasted.value.trim()) take([new File([pasted.value], say("pasted"))]);
  });
  for (const button of section.querySelectorAll("[data-example]")) {
    const name = button.dataset.example;
    button.addEventListener("click", async () => {
      try {
        const answer = await fetch(new URL(`${name}.csv`, source));
        take([new File([await answer.blob()], `${name}.csv`)], examples[name]);
      } catch (/** @type {any} */ error) {
        note.textContent = say("failed", { error: error.message });
      }
    });
    button.disabled = false;
  }

  // A file that misses the frame would otherwise replace the page.
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    section.classList.add("drop-over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) section.classList.remove("drop-over");
  });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    section.classList.remove("drop-over");
    const files = event.dataTransfer?.files;
    if (!files?.length) return;
    take([...files]);
    section.scrollIntoView({ block: "nearest" });
  });
  chooser.disabled = pasted.disabled = false;
  section.dataset.ready = "";
}

for (const section of document.querySelectorAll("section[data-drop]")) {
  wake(section).catch((error) => {
    /** @type {Element} */ (section.querySelector(".drop-note")).textContent = error.message;
  });
}
