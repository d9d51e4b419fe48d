// A file that cannot be read, in words for its reader.

import { fill } from "./numbers.mjs";

/** Why, and, where a choice would help, the `names` of all columns and the `columns` taken so far. */
export class Unreadable extends Error {
  /**
   * @param {any} words
   * @param {string} reason
   * @param {object} values
   * @param {{names?: string[], columns?: object}} found
   */
  constructor(words, reason, values = {}, { names, columns } = {}) {
    super(fill(words.unreadable[reason], values));
    this.names = names;
    this.columns = columns;
  }
}
