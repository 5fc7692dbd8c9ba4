/** Reads a change as source and says how it may deceive the checks; nothing of it is run. */
import type { ReviewRequest } from "../../ports/verifier.ts";
import type { FindingDraft } from "../../protocol/finding.ts";
import { isScript, parseScript } from "../syntax.ts";
import { isTestPath, matchesAny } from "../testFiles.ts";
import { type Change, changeOf, finding, quoted } from "./change.ts";
import { ChangedTree } from "./changedTree.ts";
import { compareGroups, type Group } from "./compareTests.ts";
import { reviewManifest } from "./manifest.ts";
import { joinMoves } from "./moves.ts";
import { reviewPlainText } from "./plainText.ts";
import { isRunnerFile, reviewRunnerFile } from "./runnerFiles.ts";
import { reviewSource, reviewTestCode, type SourceContext } from "./source.ts";
import { readTestFile } from "./testCases.ts";
import { reviewTestFile } from "./testFile.ts";

const lockfile =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|poetry\.lock|Cargo\.lock|go\.sum|Gemfile\.lock)$/;

export function reviewChanges(request: ReviewRequest): FindingDraft[] {
  const changes = request.changes
    .map((change) => changeOf(change))
    .filter(({ before, after }) => before !== after);
  const contract = new Set(request.contractPaths);
  const own = changes.filter(({ path }) => !contract.has(path));
  const findings = changes
    .filter(({ path }) => contract.has(path))
    .map(({ path }) =>
      finding(
        "contractFileChanged",
        "nonBlocking",
        "a file of the contract was changed; the contract's own is used",
        path,
      ),
    );
  const context = { contractPaths: request.contractPaths, tree: new ChangedTree(own) };
  const tests = new TestChanges(context.tree);
  for (const change of joinMoves(own)) findings.push(...reviewChange(change, context, tests));
  findings.push(...tests.conclude());
  return findings.map((draft) => allowed(draft, request.mayChangeTests));
}

interface ChangeContext {
  contractPaths: readonly string[];
  tree: ChangedTree;
}

function reviewChange(change: Change, context: ChangeContext, tests: TestChanges): FindingDraft[] {
  const { path } = change;
  if (/(?:^|\/)node_modules\//.test(path))
    return [finding("runnerChanged", "blocking", "brings a dependency of its own into the tree", path)];
  if (lockfile.test(path))
    return [finding("lockfileChanged", "nonBlocking", "the lockfile was changed", path)];
  if (/(?:^|\/)package\.json$/.test(path)) return reviewManifest(change);
  const findings = isRunnerFile(path) ? reviewRunnerFile(change) : [];
  if (!isScript(path)) return isRunnerFile(path) ? findings : reviewPlainText(change);
  const { contractPaths, tree } = context;
  const source: SourceContext = { contractPaths, imported: tree.isImported(path), commands: tree.commands };
  if (isTestPath(path) || holdsTests(change)) {
    findings.push(...tests.review(change), ...reviewTestCode(change, context.contractPaths));
    // What a source takes from the tests is source.
    if (!source.imported) return findings;
  }
  return [...findings, ...reviewSource(change, source)];
}

/** Tests do not always lie where tests lie. */
function holdsTests({ path, before }: Change): boolean {
  if (
    before === undefined ||
    !/node:test|\b(?:tape|ava|vitest|mocha|uvu|tap)\b|@jest\/globals|\bdescribe\s*\(/.test(before)
  )
    return false;
  const program = parseScript(path, before);
  return program !== undefined && readTestFile(program).cases.length > 0;
}

/** What was said of single files, and the tests that went from one to another. */
class TestChanges {
  readonly #removed: { path: string; deleted: boolean; group: Group }[] = [];
  readonly #added: { path: string; group: Group }[] = [];
  readonly #tree: ChangedTree;

  constructor(tree: ChangedTree) {
    this.#tree = tree;
  }

  review(change: Change): FindingDraft[] {
    const { findings, removed, added } = reviewTestFile(change, this.#tree);
    const deleted = change.after === undefined;
    for (const group of removed) this.#removed.push({ path: change.path, deleted, group });
    // Where no runner looks, a test is as good as gone.
    if (isTestPath(change.path)) for (const group of added) this.#added.push({ path: change.path, group });
    if (deleted && removed.length === 0 && change.before?.trim() !== "")
      return [...findings, ...this.#deletedSupport(change)];
    return findings;
  }

  #deletedSupport({ path, before }: Change): FindingDraft[] {
    const asserts = /\b(?:assert|expect)\b/.test(before ?? "");
    return [
      finding("testDeleted", asserts ? "blocking" : "nonBlocking", "a file that tests use was deleted", path),
    ];
  }

  conclude(): FindingDraft[] {
    const findings: FindingDraft[] = [];
    const gone = new Map<string, { deleted: boolean; names: string[] }>();
    for (const { path, deleted, group } of this.#removed) {
      const at = this.#added.findIndex(
        (candidate) => candidate.group.name === group.name || endsAlike(candidate.group.name, group.name),
      );
      const [moved] = at < 0 ? [] : this.#added.splice(at, 1);
      if (moved !== undefined) findings.push(...compareGroups(group, moved.group, [], moved.path));
      else {
        const known = gone.get(path) ?? { deleted, names: [] };
        known.names.push(group.name);
        gone.set(path, known);
      }
    }
    for (const [path, { deleted, names }] of gone)
      findings.push(
        finding(
          "testDeleted",
          "blocking",
          `${deleted ? "a file with tests was deleted" : "tests were removed"}: ${quoted(names)}`,
          path,
        ),
      );
    return findings;
  }
}

/** The same test in another suite. */
const endsAlike = (one: string, other: string): boolean =>
  one.endsWith(` > ${other}`) || other.endsWith(` > ${one}`);

function allowed(draft: FindingDraft, mayChangeTests: readonly string[]): FindingDraft {
  const path = draft.place?.replace(/:\d+$/, "") ?? "";
  return matchesAny(path, mayChangeTests) ? { ...draft, severity: "suggestion" } : draft;
}
