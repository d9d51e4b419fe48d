// The digits of a minibatch, loaded by the labs that show them.

import { said, stepAt, svg } from "./parts/minibatch.mjs";
import { ownChart } from "./parts/own.mjs";

export const chart = (host, specification, language, how) =>
  ownChart(host, specification, language, how, { svg, said, stepAt });
