/** Which files of a tree are tests or belong to them, told by their paths. */

/**
 * Folders that hold tests, and files that runners take for tests: `a.test.js`, `a-test.js`, `a_test.py`,
 * `test_a.py`, `test-a.js`, `test.js`; not `latest.js` or `contest.js`.
 */
const testPath =
  /(?:^|\/)(?:tests?|__tests__|__test__|specs?|__mocks__|__snapshots__|__fixtures__|e2e)\/|(?:^|[/._-])(?:tests?|specs?|conftest)\.[cm]?(?:[jt]sx?|py|rb|sh|bats)$|(?:^|\/)(?:test[-_][^/]*\.[cm]?(?:[jt]sx?|py|sh)|[^/]+[-_.](?:test|spec)\.\w+(?:\.snap)?|[^/]+_test\.(?:go|py))$/;

export const testPathSource = testPath.source;

/** Test files, and whatever lies in a folder of tests. */
export const isTestPath = (path: string): boolean => testPath.test(path);

/** Matches `*` within a segment, `**` across segments, `?` one character; a folder stands for all it holds. */
export function matchesAny(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => globOf(pattern).test(path));
}

function globOf(pattern: string): RegExp {
  const clean = pattern.replace(/^\.\//, "").replace(/\/$/, "");
  const source = clean.replace(/\*\*\/|\*\*|\*|\?|[.+^${}()|[\]\\]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : `\\${part}`;
  });
  return new RegExp(`^${source}(?:/.*)?$`, "u");
}
