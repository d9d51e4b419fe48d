// The page of search: finds while one types. All is looked up in the reader's browser.

import { awaited, json } from "./parts/needed.mjs";
import { fill } from "./parts/numbers.mjs";

const here = (path) => new URL(path, import.meta.url).href;
const PAUSE = 120; // milliseconds without a key before it is looked for

/** The section, and in browsers that can, the very paragraph. */
function address({ page, anchor, led }) {
  const text = led && "fragmentDirective" in document ? `:~:text=${escaped(led)}` : "";
  return `${page}.html#${encodeURIComponent(anchor)}${text}`;
}

/** As a text directive wants it, in which a hyphen has a meaning of its own. */
const escaped = (text) => encodeURIComponent(text).replaceAll("-", "%2D");

function element(name, className, ...inside) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

function item(found) {
  const link = element("a", "", found.title);
  link.setAttribute("href", address(found));
  const [before, after] = found.cut.map((cut) => (cut ? "… " : ""));
  const pieces = found.pieces.map(([text, marked]) => (marked ? element("mark", "", text) : text));
  return element(
    "li",
    "",
    element("p", "search-title", link),
    ...(found.title === found.chapter ? [] : [element("p", "search-chapter", found.chapter)]),
    element("p", "search-text", before, ...pieces, after.trim()),
  );
}

async function wake(place) {
  const say = JSON.parse(place.dataset.search);
  const form = place.querySelector("form");
  const field = form.querySelector("input");
  const said = place.querySelector(".search-said");
  const list = place.querySelector("ol");
  field.value = new URLSearchParams(location.search).get("q") ?? "";
  field.focus();
  const [{ searcher }, index] = await Promise.all([
    awaited(here("searcher.mjs")),
    json(here("search.json")),
  ]);
  const find = searcher(index);

  function look() {
    const query = field.value.trim();
    const found = find(query);
    list.replaceChildren(...found.map(item));
    const words = found.length ? (found.length === 1 ? say.one : say.found) : say.none;
    said.textContent = query && fill(words, { count: found.length, query });
    const search = query ? `?${new URLSearchParams({ q: query })}` : "";
    history.replaceState(null, "", location.pathname + search);
  }

  let waiting = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, PAUSE);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    look();
  });
  // Down from the field into the list, up and down in it, as in other lists.
  place.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const stops = [field, ...list.querySelectorAll("a")];
    const next = stops[stops.indexOf(document.activeElement) + step];
    if (!next || !stops.includes(document.activeElement)) return;
    event.preventDefault();
    next.focus();
  });
  look();
}

wake(document.querySelector("[data-search]"));
