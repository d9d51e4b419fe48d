// A panel that we draw ourselves: the same to a lab as a chart of chart.mjs.

const WIDTH = 620; // on a stage, where it is enlarged

/**
 * What chart.mjs's `chart` returns, for a picture by `svg` that `said` says in words, and whose
 * `values` are told at `placeOf` a step, where it has them; `stepAt` finds the step of a place.
 * @param {any} host
 */
export function ownChart(host, specification, language, { staged }, part) {
  const { svg, said, stepAt, values, placeOf } = part;
  const drawing = document.createElement("div");
  let table = null;
  let kept = [];
  let step = 0;
  let moved = () => {};

  const widthOf = () => (staged ? WIDTH : Math.max(50, Math.floor(host.clientWidth)));

  function paint() {
    drawing.innerHTML = svg(specification, table, step, widthOf(), language, kept);
  }

  /** Where the picture begins in the window, how high it is, and how much it is enlarged. */
  function frame() {
    const { left, top, width, height } = /** @type {any} */ (
      drawing.firstChild
    ).getBoundingClientRect();
    const scale = width / widthOf();
    return { left, top, scale, height: height / scale };
  }

  let seen = 0;
  const watch = new ResizeObserver(() => {
    if (host.clientWidth > 50 && host.clientWidth !== seen) {
      paint();
      moved();
    }
    seen = host.clientWidth;
  });

  return {
    draw(data, others, wanted) {
      table = data;
      kept = others;
      step = wanted;
      paint();
      if (drawing.isConnected) return;
      host.replaceChildren(drawing);
      seen = host.clientWidth;
      watch.observe(host);
    },
    /** Shows a step; what is to be seen there, in words. */
    at(wanted) {
      if (wanted !== step) {
        step = wanted;
        paint();
      }
      return said(specification, table, step, language, kept);
    },
    /** The values at a step, each with its name and the kept runs' after it, and where it lies. */
    read(wanted) {
      if (!values) return null;
      const { left, top, scale } = frame();
      const around = host.getBoundingClientRect();
      const { x, y } = placeOf(table, wanted, widthOf());
      return {
        rows: values(specification, table, wanted, language, kept),
        slots: kept.map(({ slot }) => slot),
        x: left - around.left + x * scale,
        top: top - around.top + y * scale,
      };
    },
    /** The step under a pointer, null if there is none. */
    under(event) {
      const { left, top, scale, height } = frame();
      const [x, y] = [(event.clientX - left) / scale, (event.clientY - top) / scale];
      return { x: stepAt(table, x, y, widthOf(), height) };
    },
    resized(told) {
      moved = told;
    },
    close() {
      watch.disconnect();
    },
  };
}
