/** Upstream's change as parts, and plausible wrong changes made from it. */

/** One part of a change: lines that take the place of others. */
export interface Hunk {
  path: string;
  /** The first line that is removed, counted from 1; where nothing is removed, the line after which lines are added. */
  line: number;
  removed: number;
  added: string[];
}

/** Reads `git diff --unified=0`. */
export function hunksIn(diff: string): Hunk[] {
  const hunks: Hunk[] = [];
  let path = "";
  /** Lines of the hunk that are still to come: what is removed may look like a header. */
  let left = 0;
  for (const line of diff.split("\n")) {
    const header = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (left > 0) {
      if (line.startsWith("\\")) continue;
      left -= 1;
      if (line.startsWith("+")) hunks.at(-1)?.added.push(line.slice(1));
    } else if (header !== null) {
      const removed = Number(header[2] ?? 1);
      hunks.push({ path, line: Number(header[1]), removed, added: [] });
      left = removed + Number(header[3] ?? 1);
    } else if (line.startsWith("+++ b/")) path = line.slice("+++ b/".length);
  }
  return hunks;
}

/** The text with these parts of the change in it. */
export function applyHunks(text: string, hunks: readonly Hunk[]): string {
  const lines = text.split("\n");
  for (const { line, removed, added } of hunks.toSorted((a, b) => b.line - a.line))
    lines.splice(removed === 0 ? line : line - 1, removed, ...added);
  return lines.join("\n");
}

/** A change that may be wrong: whether it is, its tests must say. */
export interface Candidate {
  what: string;
  hunks: Hunk[];
}

/** What people get wrong in a line; each turned round once at each place where it stands. */
const slips: [RegExp, string][] = [
  [/===/g, "!=="],
  [/!==/g, "==="],
  [/&&/g, "||"],
  [/\|\|/g, "&&"],
  [/ >= /g, " > "],
  [/ <= /g, " < "],
  [/ > /g, " >= "],
  [/ < /g, " <= "],
  [/!(?=[A-Za-z_(])/g, ""],
  [/\btrue\b/g, "false"],
  [/\bfalse\b/g, "true"],
  [/ \+ 1\b/g, ""],
  [/ \? /g, " && false ? "],
  [/\+(?=[$/)\]])/g, "*"],
  [/\{(\d+)\}/g, "{1}"],
];

/** Lines before and after the defect in which a wrong change looks for it. */
const nearbyLines = 15;

/**
 * Wrong changes in the order in which to try them: upstream's change without one of its parts; with one slip in
 * one line; without one of its lines; another line turned round close to the defect, nearest first; and a change
 * that touches the right place and repairs nothing. `texts` are the files before the change.
 */
export function* wrongCandidates(
  hunks: readonly Hunk[],
  texts: ReadonlyMap<string, string>,
): Generator<Candidate> {
  if (hunks.length > 1)
    for (const [index] of hunks.entries())
      yield {
        what: `upstream's change without part ${index + 1} of ${hunks.length}`,
        hunks: hunks.filter((_hunk, at) => at !== index),
      };
  for (const [index, hunk] of hunks.entries())
    for (const [at, line] of hunk.added.entries())
      for (const slipped of slipsIn(line))
        yield {
          what: `upstream's change with a slip: ${slipped.trim()}`,
          hunks: hunks.with(index, { ...hunk, added: hunk.added.with(at, slipped) }),
        };
  for (const [index, hunk] of hunks.entries())
    for (const [at, line] of hunk.added.entries())
      if (hunk.added.length > 1)
        yield {
          what: `upstream's change without: ${line.trim()}`,
          hunks: hunks.with(index, { ...hunk, added: hunk.added.toSpliced(at, 1) }),
        };
  const [first] = hunks;
  if (first !== undefined) {
    yield* slipsNear(first, texts.get(first.path) ?? "");
    yield {
      what: "a comment at the right place",
      hunks: [{ ...first, line: first.line - 1, removed: 0, added: ["// repaired: see the defect report"] }],
    };
  }
}

function* slipsNear({ path, line: place }: Hunk, text: string): Generator<Candidate> {
  const lines = text.split("\n").map((content, index) => ({ content, line: index + 1 }));
  const near = lines.filter(({ line }) => Math.abs(line - place) <= nearbyLines);
  for (const { content, line } of near.toSorted(
    (a, b) => Math.abs(a.line - place) - Math.abs(b.line - place),
  ))
    for (const slipped of slipsIn(content))
      yield {
        what: `instead of the defect, line ${line} was changed to: ${slipped.trim()}`,
        hunks: [{ path, line, removed: 1, added: [slipped] }],
      };
}

function* slipsIn(line: string): Generator<string> {
  for (const [pattern, replacement] of slips)
    for (const match of line.matchAll(pattern)) {
      const slipped = line.slice(0, match.index) + replacement + line.slice(match.index + match[0].length);
      if (slipped !== line) yield slipped;
    }
}
