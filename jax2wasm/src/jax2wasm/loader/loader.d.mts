/** The dtype and shape of an argument or result. Booleans are int32: 0 or 1. */
export interface Slot {
  dtype: 'float32' | 'int32' | 'uint32' | 'int16' | 'uint16' | 'int8' | 'uint8';
  shape: number[];
}

export type Numbers =
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** A number for a scalar, a nested or flat list in row-major order, or a typed array. */
export type Argument = number | boolean | Numbers | readonly Argument[];

/**
 * A compiled function. It takes its arguments, and returns its results, flattened as
 * `jax.tree.leaves` does; each result is a new array in row-major order.
 *
 * @throws TypeError or RangeError if the arguments are not those of `inputs`.
 */
export interface Program {
  (...args: Argument[]): Numbers[];
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
}

/**
 * Load a program.
 *
 * @param url where its manifest is, `NAME.json`; in Node.js absolute, as `new URL('NAME.json',
 *   import.meta.url)` is. The module and its data lie beside it.
 */
export function load(url: string | URL): Promise<Program>;
