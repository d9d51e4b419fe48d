// Where programs run: workers, as many as the device has cores if a lab falls into so many parts.

const workers = [];
let asked = 0;
const waiting = new Map();

function made() {
  const worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => {
    const { resolve, reject } = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) reject(new Error(data.error));
    else resolve(data.columns);
  };
  worker.onerror = (event) => {
    workers.length = 0; // so that the next run makes them anew
    for (const { reject } of waiting.values()) reject(new Error(event.message));
    waiting.clear();
  };
  return worker;
}

function ask(place, program, values) {
  workers[place] ??= made();
  return new Promise((resolve, reject) => {
    const id = ++asked;
    waiting.set(id, { resolve, reject });
    const models = new URL("models/", import.meta.url).href;
    workers[place].postMessage({ id, models, program, values });
  });
}

const cores = () => Math.max(1, navigator.hardwareConcurrency || 1);

/** Makes a lab's program ready wherever it will run. */
export function prepared(lab, program) {
  const places = Math.min(lab.parts, cores());
  return Promise.all(Array.from({ length: places }, (_, place) => ask(place, program, null)));
}

/** The tables of a setting, from all parts of a lab. Which worker has which changes no number. */
export async function computed(lab, program, values) {
  const parts = await Promise.all(
    Array.from({ length: lab.parts }, (_, part) =>
      ask(part % cores(), program, { ...values, part }),
    ),
  );
  const tables = {};
  program.outputs.forEach(([table, column], i) => {
    tables[table] ??= {};
    const columns = parts.map((part) => part[i]);
    tables[table][column] = lab.rows.includes(table) ? together(columns) : sum(columns);
  });
  return tables;
}

/** Columns one after the other. */
export function together(columns) {
  if (columns.length === 1) return columns[0];
  const all = new columns[0].constructor(columns.reduce((size, x) => size + x.length, 0));
  columns.reduce((at, x) => {
    all.set(x, at);
    return at + x.length;
  }, 0);
  return all;
}

/** Columns added up. */
export function sum(columns) {
  const [first, ...others] = columns;
  for (const x of others) for (let i = 0; i < first.length; i++) first[i] += x[i];
  return first;
}
