// Maps of layers by steps, loaded by the labs that show them.

import { placeOf, said, stepAt, svg, values } from "./parts/maps.mjs";
import { ownChart } from "./parts/own.mjs";

export const chart = (host, specification, language, how) =>
  ownChart(host, specification, language, how, { svg, said, stepAt, values, placeOf });
