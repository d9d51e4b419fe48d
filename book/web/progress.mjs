// Says what is done: on a chapter's page, on the welcome page, and of a class for its teacher.

import { fill } from "./parts/numbers.mjs";
import { erase, kept, read, replace } from "./parts/progress.mjs";
import { answered, done, standing } from "./parts/standing.mjs";

const COUNTED = ["guesses", "answers", "goals"];

// --- a chapter ---

/** @type {NodeListOf<HTMLElement>} */
const asked = document.querySelectorAll("[data-goal]");
/** @type {HTMLElement | null} */
const line = document.querySelector("[data-progress-here]");
const names = {
  guesses: [...document.querySelectorAll("form[data-prediction]")].map(({ id }) =>
    id.replace("prediction-", ""),
  ),
  answers: [...document.querySelectorAll("form[data-exercise]")].map(({ id }) =>
    id.replace("exercise-", ""),
  ),
  goals: [...new Set([...asked].map(({ dataset }) => dataset.goal))],
};

/** A tick at each goal that was reached. */
function tick() {
  const { goals } = kept();
  for (const goal of asked)
    goal.classList.toggle("is-reached", goals[goal.dataset.goal ?? ""] === true);
}

function sayHere() {
  if (!line) return;
  const all = kept();
  const counts = COUNTED.map((kind) => [kind, done(all, kind, names[kind])]);
  const said = counts.map(([kind, count]) => [kind, `${count}/${names[kind].length}`]);
  const begun = counts.some(([, count]) => count);
  line.textContent = begun ? fill(line.dataset.progressHere ?? "", Object.fromEntries(said)) : "";
}

// --- the welcome page ---

function mine(place, { chapters, say }) {
  const [name, file] = [place.querySelector("[name=name]"), place.querySelector("[type=file]")];
  const said = place.querySelector(".standing-said");

  function show() {
    standing(kept(), chapters, COUNTED).forEach((counts, i) => {
      const row = place.querySelector(`[data-page="${chapters[i].page}"]`);
      for (const kind of COUNTED) {
        const [count, asked] = counts[kind];
        row.querySelector(`[data-kind="${kind}"]`).textContent =
          `${count} / ${asked}${asked && count === asked ? " ✓" : ""}`;
      }
    });
    name.value = kept().name ?? "";
  }

  name.addEventListener("change", () => replace({ ...kept(), name: name.value.trim() }));
  const actions = {
    save() {
      const all = kept();
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([`${JSON.stringify(all)}\n`]));
      link.download = `stabsim-${(all.name || "progress").replace(/[^\p{L}\p{N}]+/gu, "-")}.json`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    },
    load() {
      file.click();
    },
    erase() {
      if (!confirm(say.sure)) return;
      erase();
      said.textContent = say.erased;
    },
  };
  for (const [which, act] of Object.entries(actions)) {
    place.querySelector(`[data-do=${which}]`).addEventListener("click", act);
  }
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    const all = read(await chosen.text());
    file.value = "";
    if (all) replace(all);
    said.textContent = all ? say.loaded : fill(say.bad, { file: chosen.name });
  });
  addEventListener("stabsim-progress", show);
  show();
}

// --- the class ---

/** A table of texts; the first row, and the first entry of each, are headings. */
function table(rows) {
  const made = document.createElement("table");
  made.className = "table";
  rows.forEach((texts, r) => {
    const row = made.insertRow();
    texts.forEach((text, c) => {
      const cell = document.createElement(r && c ? "td" : "th");
      if (!r || !c) cell.setAttribute("scope", r ? "row" : "col");
      cell.textContent = text;
      row.append(cell);
    });
  });
  const scrolled = document.createElement("div");
  scrolled.className = "pst-scrollable-table-container";
  scrolled.tabIndex = 0;
  scrolled.append(made);
  return scrolled;
}

function wholeClass(place, { chapters, say }) {
  const said = place.querySelector(".standing-said");

  async function show(files) {
    const chosen = files.filter(({ name }) => name.endsWith(".json"));
    const texts = await Promise.all(chosen.map((file) => file.text()));
    const all = texts.map((text, i) => ({ file: chosen[i].name, held: read(text) }));
    const good = all.filter(({ held }) => held);
    good.sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
    const bad = all.filter(({ held }) => !held);
    said.textContent = bad.map(({ file }) => fill(say.bad, { file })).join(" ");
    const rows = good.map((one) => {
      const counts = standing(one.held, chapters, COUNTED);
      return [
        nameOf(one),
        ...counts.map((by) => COUNTED.map((kind) => by[kind].join("/")).join(" · ")),
      ];
    });
    const tried = answered(
      good.map(({ held }) => held),
      chapters,
    );
    const each = document.createElement("p");
    each.textContent = say.each;
    place
      .querySelector(".standing-class")
      .replaceChildren(
        each,
        table([[say.student, ...chapters.map(({ title }) => title)], ...rows]),
        table([
          [say.exercise, say.right, say.wrong],
          ...tried.map(({ name, right, wrong }) => [name, right, wrong]),
        ]),
      );
  }

  for (const input of place.querySelectorAll("input")) {
    input.addEventListener("change", () => show([...input.files]));
  }
}

const nameOf = ({ file, held }) => held.name || file;

for (const show of [sayHere, tick]) {
  addEventListener("stabsim-progress", show);
  show();
}
/** @type {NodeListOf<HTMLElement>} */
const places = document.querySelectorAll("[data-progress]");
for (const place of places) {
  const known = JSON.parse(place.dataset.progress ?? "");
  (known.kind === "class" ? wholeClass : mine)(place, known);
}
