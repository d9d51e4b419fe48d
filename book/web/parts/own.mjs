// A panel that we draw ourselves: the same to a lab as a chart of chart.mjs.

const WIDTH = 620; // on a stage, where it is enlarged

/**
 * What chart.mjs's `chart` returns, for a picture by `svg` that `said` says in words.
 * @param {any} host
 */
export function ownChart(host, specification, language, { staged }, { svg, said }) {
  const drawing = document.createElement("div");
  let table = null;
  let step = null;
  let moved = () => {};

  function paint() {
    const width = staged ? WIDTH : Math.max(50, Math.floor(host.clientWidth));
    drawing.innerHTML = svg(specification, table, step, width, language);
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
    draw(data) {
      table = data;
      paint();
      if (drawing.isConnected) return;
      host.replaceChildren(drawing);
      seen = host.clientWidth;
      watch.observe(host);
    },
    /** Shows a step, or none; what is to be seen there, in words. */
    at(wanted) {
      if (wanted !== step) {
        step = wanted;
        paint();
      }
      return said(specification, table, step, language);
    },
    resized(told) {
      moved = told;
    },
    close() {
      watch.disconnect();
    },
  };
}
