// A file that cannot be read, in words for its reader.

import { fill } from "./numbers.mjs";

/** Why, and, where a choice of columns would help, the `names` to choose from. */
export class Unreadable extends Error {
  constructor(words, reason, values = {}, names = null) {
    super(fill(words.unreadable[reason], values));
    this.names = names;
  }
}
