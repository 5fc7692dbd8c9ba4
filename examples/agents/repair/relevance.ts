/** How much of what was asked for a piece of code speaks about: words of names, compared with words of sentences. */

const COMMON = new Set(
  "the and for are not with that this when from was has have must should does its all but can each test tests check failed fails fail expected pass passes held out return value undefined null true false const let function var new".split(
    " ",
  ),
);
const MIN_LENGTH = 3;

/** Words of prose and of names in any case, in a form without plural. */
export function wordsOf(text: string): Set<string> {
  const words = text
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/)
    .map((word) => (word.length > MIN_LENGTH ? word.replace(/(?<!s)s$/, "") : word));
  return new Set(words.filter((word) => word.length >= MIN_LENGTH && !COMMON.has(word)));
}

/** How many words of the code were asked for. */
export function sharedWords(code: string, asked: ReadonlySet<string>): number {
  return [...wordsOf(code)].filter((word) => asked.has(word)).length;
}
