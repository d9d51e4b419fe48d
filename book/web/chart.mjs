// The charts, and what is said of a run, once a lab is touched.

import { changeset, expressionInterpreter, parse, View } from "./parts/vega.mjs";

export { report } from "./parts/report.mjs";

const NUMBERS = {
  id: { decimal: ",", thousands: ".", grouping: [3], currency: ["Rp", ""] },
};

// A chart on a stage is drawn at least this large, and enlarged, so that its type grows with it.
const WIDTH = 620;
const HEIGHT = 160;
const LEAST_SCALE = 0.8; // on a telephone, where legends want room
const NEAR = 30; // pixels

/**
 * A chart in `host`; `draw(data)`, of rows by name, resolves when it is drawn. `clicked` gets a
 * mark's row; `staged` makes it fill its host, enlarged.
 */
export async function chart(host, specification, language, { clicked, staged }) {
  const drawing = document.createElement("div");
  // What is enlarged must be drawn by lines, not by points.
  const renderer = staged ? "svg" : "canvas";
  const options = { renderer, hover: false, expr: expressionInterpreter };
  if (NUMBERS[language]) options.locale = { number: NUMBERS[language] };
  const whole = staged ? { autosize: { type: "fit", contains: "padding" } } : {};
  const parsed = parse({ ...specification, ...whole }, null, { ast: true });
  const live = new View(parsed, options).initialize(drawing);
  const held = Object.fromEntries(specification.data.map(({ name }) => [name, []]));
  if (clicked) {
    // A press chooses the mark under it, and so does whatever it is drawn over.
    const choose = (event, item) => {
      const row = item?.mark.role === "mark" ? item.datum : null;
      host.style.cursor = row ? "pointer" : "";
      if (row && (event.type === "pointerdown" || event.buttons)) clicked(row);
    };
    for (const kind of ["pointerdown", "pointermove"]) live.addEventListener(kind, choose);
  }

  // Vega keeps something of every row that is replaced, so rows are changed in place.
  function change(name, rows) {
    if (!(name in held) || held[name] === rows) return;
    const same = held[name].length === rows.length;
    held[name] = rows;
    if (!same) {
      live.data(
        name,
        rows.map((row, i) => ({ ...row, _i: i })),
      );
      return;
    }
    if (!rows.length) return;
    const changes = changeset();
    for (const column of Object.keys(rows[0])) {
      changes.modify(
        () => true,
        column,
        (row) => rows[row._i][column],
      );
    }
    live.change(name, changes);
  }

  function size() {
    const width = Math.max(50, Math.floor(host.clientWidth));
    if (!staged) return live.width(width);
    const height = Math.max(50, host.clientHeight);
    const scale = Math.max(LEAST_SCALE, Math.min(width / WIDTH, height / HEIGHT));
    return live.width(Math.floor(width / scale)).height(Math.floor(height / scale));
  }

  let seen = "";
  let moved = () => {};
  const watch = new ResizeObserver(() => {
    const now = staged ? `${host.clientWidth} ${host.clientHeight}` : `${host.clientWidth}`;
    if (host.clientWidth > 50 && now !== seen)
      size()
        .runAsync()
        .then(() => moved());
    seen = now;
  });

  /** The plot within its host: where it begins, in pixels, and how much it is enlarged. */
  function frame() {
    const picture = /** @type {any} */ (drawing.querySelector("canvas, svg"));
    const own = picture.getBoundingClientRect();
    const around = host.getBoundingClientRect();
    const drawn = Number.parseFloat(picture.style.width || picture.getAttribute("width"));
    const scale = own.width / drawn;
    const [x, y] = live.origin();
    const { left, top } = live.padding();
    return {
      left: own.left - around.left + (left + x) * scale,
      top: own.top - around.top + (top + y) * scale,
      scale,
    };
  }

  return {
    async draw(data) {
      for (const [name, rows] of Object.entries(data)) change(name, rows);
      if (!drawing.isConnected) {
        // As high as the first picture, whose letters another program measured: nothing moves.
        const first = host.querySelector(".lab-wide") ? host.clientHeight : 0;
        await size().runAsync();
        host.replaceChildren(drawing);
        const more = first ? host.clientHeight - first : 0;
        if (more && Math.abs(more) < NEAR) await live.height(live.height() - more).runAsync();
        watch.observe(host);
      } else {
        await live.runAsync();
      }
    },
    /** `told` when the chart has another size. */
    resized(told) {
      moved = told;
    },
    /** Where a place of the plot lies in its host, and how far the plot goes, in pixels. */
    place(x, y) {
      const { left, top, scale } = frame();
      const width = live.scale("x").range()[1] * scale;
      const height = live.scale("y").range()[0] * scale;
      const across = x === null ? 0 : live.scale("x")(x) * scale;
      const down = y === null ? 0 : live.scale("y")(y) * scale;
      return { x: left + across, y: top + down, left, top, width, height };
    },
    /** The values of both axes under a pointer. */
    under(event) {
      const { left, top, scale } = frame();
      const around = host.getBoundingClientRect();
      return {
        x: live.scale("x").invert((event.clientX - around.left - left) / scale),
        y: live.scale("y").invert((event.clientY - around.top - top) / scale),
      };
    },
    close() {
      watch.disconnect();
      live.finalize();
    },
  };
}
