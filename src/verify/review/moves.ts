/** Files that were moved: what is gone here and new there, read as one change. */
import { isScript, parseScript } from "../syntax.ts";
import { isTestPath } from "../testFiles.ts";
import type { Change } from "./change.ts";
import { readTestFile } from "./testCases.ts";

/** Test files with mostly the same tests, and other files of tests with the same content, become one change each. */
export function joinMoves(changes: readonly Change[]): Change[] {
  const fresh = new Set(changes.filter(({ before, path }) => before === undefined && isTestPath(path)));
  const joined = new Map<Change, Change>();
  for (const gone of changes) {
    if (gone.after !== undefined || !isTestPath(gone.path)) continue;
    const target = [...fresh].find((candidate) => isMoved(gone, candidate));
    if (target === undefined || gone.before === undefined) continue;
    fresh.delete(target);
    joined.set(gone, { ...target, from: gone.path, before: gone.before });
    joined.set(target, gone);
  }
  return changes.flatMap((change) => {
    const other = joined.get(change);
    if (other === undefined) return [change];
    return other.from === undefined ? [] : [other];
  });
}

function isMoved(gone: Change, fresh: Change): boolean {
  if (gone.before?.trim() === fresh.after?.trim()) return isScript(gone.path) === isScript(fresh.path);
  const [old, now] = [namesIn(gone.path, gone.before), namesIn(fresh.path, fresh.after)];
  const kept = [...old].filter((name) => now.has(name)).length;
  return old.size > 0 && kept * 2 > old.size;
}

function namesIn(path: string, text: string | undefined): Set<string> {
  const program = text === undefined ? undefined : parseScript(path, text);
  return new Set(program === undefined ? [] : readTestFile(program).cases.map(({ name }) => name));
}
