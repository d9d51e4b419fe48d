// What is done of what is asked, from what a reader's device, or a file, holds.

/** Whether one thing is done: a guess made, an answer right, a goal reached. */
export function isDone(all, kind, name) {
  const one = all[kind][name];
  if (kind === "answers") return one?.right === true;
  return kind === "guesses" ? one !== undefined && one !== "skipped" : one === true;
}

/** How many of the names are done. */
export const done = (all, kind, names) => names.filter((name) => isDone(all, kind, name)).length;

/** Of each chapter how much is done, as [done, asked] by kind. */
export function standing(all, chapters, kinds) {
  return chapters.map((one) =>
    Object.fromEntries(kinds.map((kind) => [kind, [done(all, kind, one[kind]), one[kind].length]])),
  );
}

/** Of each exercise how many have it right, and how many have tried and not. */
export function answered(everyone, chapters) {
  return chapters
    .flatMap(({ answers }) => answers)
    .map((name) => {
      const given = everyone.map(({ answers }) => answers[name]).filter((one) => one);
      const right = given.filter((one) => one.right === true).length;
      return { name, right, wrong: given.length - right };
    });
}
