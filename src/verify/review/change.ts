/** One changed file as the review reads it, and how its findings are written down. */
import type { ChangedFile } from "../../ports/verifier.ts";
import type { FindingDraft, FindingKind, Severity } from "../../protocol/finding.ts";

export interface Change {
  path: string;
  /** Where it lay before, when it was moved. */
  from?: string;
  before?: string;
  after?: string;
}

export function changeOf({ path, before, after }: ChangedFile): Change {
  return {
    path,
    ...(before === undefined ? {} : { before: Buffer.from(before).toString() }),
    ...(after === undefined ? {} : { after: Buffer.from(after).toString() }),
  };
}

export const finding = (
  kind: FindingKind,
  severity: Severity,
  text: string,
  path: string,
  line?: number,
): FindingDraft => ({ kind, severity, text, place: line === undefined ? path : `${path}:${line}` });

/** What of `after` is new, each as often as it is. */
export function added(before: readonly string[], after: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const item of before) left.set(item, (left.get(item) ?? 0) + 1);
  return after.filter((item) => {
    const count = left.get(item) ?? 0;
    left.set(item, count - 1);
    return count <= 0;
  });
}

export const quoted = (names: readonly string[]): string => {
  const shown = names.slice(0, 10).map((name) => JSON.stringify(name.slice(0, 120)));
  return shown.join(", ") + (names.length > 10 ? ` and ${names.length - 10} more` : "");
};
