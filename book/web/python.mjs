// What a lab downloads as Python: fetched when it is asked for.

export { python } from "./parts/python.mjs";
