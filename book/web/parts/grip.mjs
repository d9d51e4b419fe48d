// A slider's value as a line in a chart, which can be dragged.

import { isIdle, positionOf, valueAt } from "./settings.mjs";

/**
 * Puts the grip of a panel's line where the value is; `set` is told of a value that it is dragged to.
 * @param {any} host
 */
export function grip(host, chart, control, values, set) {
  const old = host.querySelector(".lab-grip");
  const { y, left, top, width, height } = chart.place(null, values[control.name]);
  const gone = isIdle(control, values) || host.hidden || y < top - 1 || y > top + height + 1;
  if (gone) {
    old?.remove();
    return;
  }
  const line = /** @type {any} */ (old ?? document.createElement("div"));
  line.chart = chart; // another one on a stage
  Object.assign(line.style, { left: `${left}px`, top: `${y}px`, width: `${width}px` });
  if (old) return;
  line.className = "lab-grip";
  line.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    line.setPointerCapture(event.pointerId);
  });
  line.addEventListener("pointermove", (event) => {
    if (!line.hasPointerCapture(event.pointerId)) return;
    const wanted = line.chart.under(event).y;
    const near = Math.min(control.high, Math.max(control.low, wanted));
    set(control.name, valueAt(control, positionOf(control, near)));
  });
  host.append(line);
}
