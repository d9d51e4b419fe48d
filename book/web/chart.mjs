// The charts, once a lab is touched: Vega without its compiler, data sources and evaluator of
// code, which the page's security policy would not let run.

import { changeset, transforms } from "vega-dataflow";
import * as encode from "vega-encode";
import { locale } from "vega-format";
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

/** A chart in `host`; `draw(rows, ghost)` resolves when it is drawn; `clicked` gets a mark's row. */
export async function chart(host, specification, language, clicked) {
  const drawing = document.createElement("div");
  const options = { renderer: "canvas", hover: false, expr: expressionInterpreter };
  if (NUMBERS[language]) options.locale = locale(NUMBERS[language]);
  const live = new View(parse(specification, null, { ast: true }), options).initialize(drawing);
  const sizes = { run: 0, ghost: 0 };
  if (clicked) live.addEventListener("click", (_, item) => item?.datum && clicked(item.datum));

  // Vega keeps something of every row that is replaced, so rows are changed in place.
  function change(name, rows) {
    if (rows.length !== sizes[name]) {
      live.data(name, rows.map((row, i) => ({ ...row, _i: i })));
      sizes[name] = rows.length;
      return;
    }
    if (!rows.length) return;
    const changes = changeset();
    for (const column of Object.keys(rows[0])) {
      changes.modify(() => true, column, (row) => rows[row._i][column]);
    }
    live.change(name, changes);
  }

  const fit = () => {
    const width = Math.floor(host.clientWidth) - 8;
    if (width > 50 && width !== live.width()) live.width(width).runAsync();
  };

  return {
    async draw(rows, ghost) {
      change("run", rows);
      change("ghost", ghost);
      if (!drawing.isConnected) {
        live.width(Math.max(50, Math.floor(host.clientWidth) - 8));
        await live.runAsync();
        host.replaceChildren(drawing);
        new ResizeObserver(fit).observe(host);
      } else {
        await live.runAsync();
      }
    },
  };
}
