// Sets formulas with MathJax: one JSON request a line in, one JSON answer a line out.
// With --style, prints the style that every formula needs and ends.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(`${process.env.NODE_PATH}/`);
const MathJax = await require("mathjax").init({
  loader: { load: ["input/tex", "output/chtml", "a11y/assistive-mml"] },
  // The whole style at once, so that it is one file for all pages.
  chtml: { adaptiveCSS: false, fontURL: "." },
});
const { adaptor } = MathJax.startup;

if (process.argv.includes("--style")) {
  console.log(adaptor.textContent(MathJax.chtmlStylesheet()));
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    const { tex, display } = JSON.parse(line);
    const html = adaptor.outerHTML(MathJax.tex2chtml(tex, { display }));
    console.log(JSON.stringify({ html, error: /data-mjx-error="([^"]*)"/.exec(html)?.[1] }));
  }
}
