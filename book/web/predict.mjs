// Wakes the predictions of a page: each holds back its pictures until a guess is made or skipped.

import { compare, paths, under } from "./parts/guess.mjs";
import { fill } from "./parts/numbers.mjs";
import { plain, read } from "./parts/numerals.mjs";
import { keep, kept } from "./parts/progress.mjs";

/** The outputs of the cells below a prediction, up to the next one or the end of its section. */
function pictures(box) {
  const found = [];
  for (let next = box.nextElementSibling; next; next = next.nextElementSibling) {
    if (next.matches("section, .predict")) break;
    if (next.matches(".cell")) found.push(...next.querySelectorAll(".cell_output"));
  }
  return found.filter((output) => !output.querySelector("form.exercise"));
}

/** Whether the address leads to one of these pictures. */
function isAsked(outputs) {
  const asked = new URLSearchParams(location.search);
  const { hash } = location;
  return outputs.some((output) => {
    if (hash && output.querySelector(`[id="${CSS.escape(hash.slice(1))}"]`)) return true;
    return [...output.querySelectorAll("section.lab")].some(({ id }) => {
      const place = id.replace("lab-", "").replace("-", "") || "rule"; // which has no id
      return (
        asked.get("present") === place ||
        [...asked.keys()].some((key) => key.split(".")[0] === place)
      );
    });
  });
}

/** A form's fields, by what the prediction is guessed with. */
function fields(form, known) {
  const inputs = [...form.querySelectorAll("[name=guess]")];
  if (known.kind === "draw") return drawing(form, known);
  if (known.kind === "estimate") {
    const [input] = inputs;
    const value = () => read(input.value, known.language, known.units);
    input.addEventListener("input", () => {
      const written = plain(value(), known.language);
      const same = Number.isNaN(value()) || written === input.value.trim();
      form.querySelector("output").textContent = same
        ? ""
        : fill(known.say.reads, { value: written });
    });
    return {
      guess: () => (Number.isNaN(value()) ? null : value()),
      missing: known.say.unread,
      show(guess) {
        input.value = plain(guess, known.language);
      },
    };
  }
  if (known.kind === "order") {
    return {
      guess() {
        const places = inputs.map(({ value }) => value);
        const whole = !places.includes("") && new Set(places).size === places.length;
        return whole ? places.map(Number) : null;
      },
      missing: known.say.empty,
      show(guess) {
        inputs.forEach((input, i) => {
          input.value = String(guess[i]);
        });
      },
    };
  }
  return {
    guess() {
      const chosen = inputs.find(({ checked }) => checked);
      return chosen ? [Number(chosen.value)] : null;
    },
    missing: known.say.empty,
    show([place]) {
      inputs[place].checked = true;
    },
  };
}

/** A curve drawn over axes, with a pointer or with two sliders. */
function drawing(form, known) {
  const svg = form.querySelector("svg");
  const { column, height } = form.elements;
  const steps = Number(height.max);
  let guess = known.columns.map(() => null);
  let last = null; // where the pointer was

  function draw(came = []) {
    const made = paths(known, guess, came);
    for (const name of ["guess", "came", "marks"]) {
      svg.querySelector(`.prediction-${name}`).setAttribute("d", made[name]);
    }
    height.value = Math.round((guess[column.value] ?? 0.5) * steps);
    column.setAttribute("aria-valuetext", known.at[column.value]);
    height.setAttribute("aria-valuetext", known.heights[height.value]);
  }

  function point(event) {
    const there = new DOMPoint(event.clientX, event.clientY);
    const { x, y } = there.matrixTransform(svg.getScreenCTM().inverse());
    const [place, up] = under(known, x, y);
    // A quick pointer leaves columns out: they lie on its way.
    const [from, start] = last ?? [place, up];
    const way = Math.abs(place - from);
    for (let i = 0; i <= way; i++) {
      const at = from + Math.sign(place - from) * i;
      guess[at] = Number((way ? start + ((up - start) * i) / way : up).toFixed(3));
    }
    last = [place, up];
    column.value = String(place);
    draw();
  }

  svg.addEventListener("pointerdown", (event) => {
    if (height.disabled) return;
    event.preventDefault(); // no text is selected
    svg.setPointerCapture(event.pointerId);
    last = null;
    point(event);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!height.disabled && svg.hasPointerCapture(event.pointerId)) point(event);
  });
  column.addEventListener("input", () => draw());
  height.addEventListener("input", () => {
    guess[column.value] = height.value / steps;
    draw();
  });
  draw();
  return {
    guess() {
      return guess.every((y) => y !== null) ? guess : null;
    },
    missing: known.say.empty,
    show(given) {
      guess = given;
      draw();
    },
    came() {
      draw(known.right);
    },
  };
}

/** @type {NodeListOf<HTMLFormElement>} */
const forms = document.querySelectorAll("form[data-prediction]");
for (const form of forms) {
  const known = JSON.parse(form.dataset.prediction ?? "");
  const outputs = pictures(form.closest(".predict"));
  const said = /** @type {Element} */ (form.querySelector(".prediction-said"));
  const input = fields(form, known);

  /** @type {Element[]} */
  let notes = []; // one over each picture

  function hold() {
    notes = outputs.map((output) => {
      const note = document.createElement("p");
      const open = document.createElement("button");
      open.type = "button";
      open.textContent = known.say.open;
      open.addEventListener("click", skip);
      note.className = "prediction-held";
      note.append(`${known.say.held} `, open);
      output.before(note);
      output.inert = true;
      output.classList.add("is-held");
      return note;
    });
  }

  function release() {
    for (const note of notes) note.remove();
    for (const output of outputs) {
      output.inert = false;
      output.classList.remove("is-held");
    }
  }

  function skip() {
    keep("guesses", known.name, "skipped");
    release();
    form.querySelector("[data-do=skip]")?.remove();
  }

  function told(guess) {
    input.show(guess);
    input.came?.();
    said.textContent = compare(known, guess);
    for (const field of /** @type {any} */ (form.elements)) field.disabled = true;
    form.querySelector(".prediction-buttons")?.remove();
    form.dataset.done = "";
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const guess = input.guess();
    if (guess === null) {
      said.textContent = input.missing;
      return;
    }
    keep("guesses", known.name, guess);
    told(guess);
    release();
  });
  form.querySelector("[data-do=skip]")?.addEventListener("click", skip);
  const before = kept().guesses[known.name];
  if (before && before !== "skipped") told(before);
  else if (!before && !isAsked(outputs)) hold();
}
