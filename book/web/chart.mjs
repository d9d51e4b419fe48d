// The charts, once a lab is touched: Vega without its compiler, data sources and evaluator of
// code, which the page's security policy would not let run.

import { changeset, transforms } from "vega-dataflow";
import * as encode from "vega-encode";
import { expressionInterpreter } from "vega-interpreter";
import { parse } from "vega-parser";
import * as basic from "vega-transforms";
import { extend } from "vega-util";
import { View } from "vega-view";
import * as view from "vega-view-transforms";

extend(transforms, basic, view, encode);

const NUMBERS = {
  id: { decimal: ",", thousands: ".", grouping: [3], currency: ["Rp", ""] },
};

// A chart on a stage is drawn at least this large, and enlarged, so that its type grows with it.
const WIDTH = 620;
const HEIGHT = 160;
const LEAST_SCALE = 0.8; // on a telephone, where legends want room

/**
 * A chart in `host`; `draw(rows, ghost)` resolves when it is drawn. `clicked` gets a mark's row;
 * `staged` makes it fill its host, enlarged.
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
  const sizes = { run: 0, ghost: 0 };
  if (clicked) live.addEventListener("click", (_, item) => item?.datum && clicked(item.datum));

  // Vega keeps something of every row that is replaced, so rows are changed in place.
  function change(name, rows) {
    if (rows.length !== sizes[name]) {
      live.data(
        name,
        rows.map((row, i) => ({ ...row, _i: i })),
      );
      sizes[name] = rows.length;
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
    const width = Math.max(50, Math.floor(host.clientWidth) - 8);
    if (!staged) return live.width(width);
    const height = Math.max(50, host.clientHeight);
    const scale = Math.max(LEAST_SCALE, Math.min(width / WIDTH, height / HEIGHT));
    return live.width(Math.floor(width / scale)).height(Math.floor(height / scale));
  }

  let seen = "";
  const watch = new ResizeObserver(() => {
    const now = staged ? `${host.clientWidth} ${host.clientHeight}` : `${host.clientWidth}`;
    if (host.clientWidth > 58 && now !== seen) size().runAsync();
    seen = now;
  });

  return {
    async draw(rows, ghost) {
      change("run", rows);
      change("ghost", ghost);
      if (!drawing.isConnected) {
        await size().runAsync();
        host.replaceChildren(drawing);
        watch.observe(host);
      } else {
        await live.runAsync();
      }
    },
    close() {
      watch.disconnect();
      live.finalize();
    },
  };
}
