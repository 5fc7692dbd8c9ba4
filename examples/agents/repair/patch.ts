/** A change of the source as it is applied, recorded, recognised in a later tree, and taken back. */

import { createHash } from "node:crypto";

/** One replaced piece of text, with enough around it to find it again. */
export interface Patch {
  readonly file: string;
  /** UTF-16 offset in the text it was applied to. */
  readonly start: number;
  readonly original: string;
  readonly replacement: string;
  /** The text just before and after, unchanged by it. */
  readonly before: string;
  readonly after: string;
  /** What kind of change it is, for people. */
  readonly operator: string;
  /** How likely it holds for inputs no test shows, between 0 and 1: see `operators/edit.ts`. */
  readonly generality: number;
}

const CONTEXT_LENGTH = 40;
const MAX_LINE_LENGTH = 300;

export function patchOf(
  source: string,
  change: {
    readonly file: string;
    readonly start: number;
    readonly end: number;
    readonly text: string;
    readonly operator: string;
    readonly generality: number;
  },
): Patch {
  const { file, start, end, text, operator, generality } = change;
  return {
    file,
    start,
    original: source.slice(start, end),
    replacement: text,
    before: source.slice(Math.max(0, start - CONTEXT_LENGTH), start),
    after: source.slice(end, end + CONTEXT_LENGTH),
    operator,
    generality,
  };
}

/** The same for the same change at the same place, wherever other changes of the file have moved it. */
export function identityOf({ file, original, replacement, before, after }: Patch): string {
  const text = JSON.stringify([file, before, original, replacement, after]);
  return createHash("sha256").update(text).digest("base64url").slice(0, 8);
}

export function applyPatch(source: string, { start, original, replacement }: Patch): string {
  return source.slice(0, start) + replacement + source.slice(start + original.length);
}

/** The source before the patch; undefined when the patch is not in it, or not certainly at one place. */
export function revertPatch(source: string, patch: Patch): string | undefined {
  const { start, original, replacement, before, after } = patch;
  const framed = before + replacement + after;
  const expected = start - before.length;
  const found = source.startsWith(framed, Math.max(expected, 0)) ? expected : onlyIndexOf(source, framed);
  if (found === undefined) return undefined;
  const at = found + before.length;
  return source.slice(0, at) + original + source.slice(at + replacement.length);
}

/** For people: the place and the changed line before and after. */
export function describePatch(source: string, patch: Patch): string {
  const { file, start, original, operator } = patch;
  const patched = applyPatch(source, patch);
  const lineStart = source.lastIndexOf("\n", start - 1) + 1;
  const line = source.slice(0, start).split("\n").length;
  const lineOf = (text: string, from: number): string => {
    const end = text.indexOf("\n", from);
    const whole = text.slice(lineStart, end === -1 ? text.length : end);
    return whole.trim().replaceAll(/\s+/g, " ").slice(0, MAX_LINE_LENGTH);
  };
  const before = lineOf(source, start + original.length);
  const after = lineOf(patched, start + patch.replacement.length);
  return `${file}:${line}: ${operator}: \`${before}\` -> \`${after}\``;
}

function onlyIndexOf(source: string, text: string): number | undefined {
  const first = source.indexOf(text);
  return first === -1 || source.includes(text, first + 1) ? undefined : first;
}
