/** How much each file changed, counted from a unified diff of git's. */

export interface FileChange {
  path: string;
  added: number;
  removed: number;
}

export function diffstat(diff: string): FileChange[] {
  const changes: FileChange[] = [];
  let current: FileChange | undefined;
  // Lines of a hunk that are still to come: its content may look like a header.
  let oldLeft = 0;
  let newLeft = 0;
  for (const line of diff.split("\n")) {
    if (oldLeft > 0 || newLeft > 0) {
      if (line.startsWith("+")) newLeft -= 1;
      else if (line.startsWith("-")) oldLeft -= 1;
      else if (!line.startsWith("\\")) {
        oldLeft -= 1;
        newLeft -= 1;
      }
      if (current !== undefined && line.startsWith("+")) current.added += 1;
      if (current !== undefined && line.startsWith("-")) current.removed += 1;
      continue;
    }
    const file = /^diff --git (?:"?a\/.*?"?) "?b\/(.*?)"?$/.exec(line);
    if (file?.[1] !== undefined) changes.push((current = { path: file[1], added: 0, removed: 0 }));
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (hunk !== null) [oldLeft, newLeft] = [Number(hunk[1] ?? 1), Number(hunk[2] ?? 1)];
  }
  return changes;
}
