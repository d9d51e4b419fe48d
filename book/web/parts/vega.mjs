// Vega as far as the charts need it: without its compiler, its data sources and its evaluator of
// code, which the page's security policy would not let run. Of its transforms those by which Vega
// draws, and those that our charts ask for; an unknown one is an error when a chart is parsed.

import { transforms } from "vega-dataflow";
import * as encode from "vega-encode";
// Each from its own file: the package's one file cannot be shaken.
import aggregate from "vega-transforms/src/Aggregate.js";
import collect from "vega-transforms/src/Collect.js";
import compare from "vega-transforms/src/Compare.js";
import expression from "vega-transforms/src/Expression.js";
import extent from "vega-transforms/src/Extent.js";
import facet from "vega-transforms/src/Facet.js";
import field from "vega-transforms/src/Field.js";
import filter from "vega-transforms/src/Filter.js";
import formula from "vega-transforms/src/Formula.js";
import impute from "vega-transforms/src/Impute.js";
import key from "vega-transforms/src/Key.js";
import multiextent from "vega-transforms/src/MultiExtent.js";
import multivalues from "vega-transforms/src/MultiValues.js";
import params from "vega-transforms/src/Params.js";
import prefacet from "vega-transforms/src/PreFacet.js";
import proxy from "vega-transforms/src/Proxy.js";
import relay from "vega-transforms/src/Relay.js";
import sieve from "vega-transforms/src/Sieve.js";
import subflow from "vega-transforms/src/Subflow.js";
import values from "vega-transforms/src/Values.js";
import window from "vega-transforms/src/Window.js";
import { extend } from "vega-util";
import * as view from "vega-view-transforms";

const data = { aggregate, collect, compare, expression, extent, facet, field, filter, formula };
const rows = { impute, key, multiextent, multivalues, params, prefacet, proxy, relay, sieve };
extend(transforms, data, rows, { subflow, values, window }, view, encode);

export { changeset } from "vega-dataflow";
export { expressionInterpreter } from "vega-interpreter";
export { parse } from "vega-parser";
export { View } from "vega-view";
