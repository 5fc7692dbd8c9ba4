/** A changed source that is no test: what it newly does to the test process, and functions that became stubs. */
import { basename } from "node:path/posix";
import type { FindingDraft } from "../../protocol/finding.ts";
import { parseScript, type Program } from "../syntax.ts";
import { added, type Change, finding } from "./change.ts";
import { type Mark, marksOf } from "./marks.ts";
import { stubFindings } from "./stubs.ts";

export interface SourceContext {
  contractPaths: readonly string[];
  /** Whether another changed source uses this one: then it is no command line of its own. */
  imported: boolean;
  /** Paths that a changed package.json names as commands. */
  commands: ReadonlySet<string>;
}

/** What a program that people start may well do: print "ok", have a command that is called test. */
const usual = new Set(["forgedReport", "stub"]);

export function reviewSource(change: Change, context: SourceContext): FindingDraft[] {
  const { path, before, after } = change;
  if (after === undefined) return [];
  const now = parseScript(path, after);
  const was = before === undefined ? undefined : parseScript(path, before);
  if (now === undefined) return unreadable(change, was !== undefined);
  const fresh = newMarks(was, now, context.contractPaths);
  const ownEnd = isCommand(change, context);
  return [
    ...fresh
      .filter(({ target }) => target !== "exit" || !ownEnd)
      .map(({ kind, severity, text, line }) =>
        finding(kind, ownEnd && usual.has(kind) ? "nonBlocking" : severity, text, path, line),
      ),
    ...stubFindings(was, now, path),
  ];
}

/** Test files may end their process and replace what they like, but not what judges them. */
export function reviewTestCode(change: Change, contractPaths: readonly string[]): FindingDraft[] {
  const { path, from = path, before, after } = change;
  const now = after === undefined ? undefined : parseScript(path, after);
  if (now === undefined || after === undefined) return [];
  const was = before === undefined ? undefined : parseScript(from, before);
  const fresh = newMarks(was, now, contractPaths);
  const ends = fresh.filter(({ target }) => target === "exit");
  const [end] = ends;
  const before0 = exitsWithZero(before ?? "");
  const severity = before !== undefined && exitsWithZero(after) > before0 ? "blocking" : "nonBlocking";
  return [
    ...fresh
      .filter(({ target }) => target === "judge")
      .map(({ kind, severity: grave, text, line }) => finding(kind, grave, text, path, line)),
    ...(end === undefined ? [] : [finding("earlyExit", severity, `the test ${end.text}`, path, end.line)]),
  ];
}

const exitsWithZero = (text: string): number =>
  text.match(/\b(?:exit|reallyExit)\)?\(\s*0?\s*\)|exitCode\s*=\s*(?:0|undefined)\b/g)?.length ?? 0;

function newMarks(was: Program | undefined, now: Program, contractPaths: readonly string[]): Mark[] {
  const marks = marksOf(now, contractPaths);
  const old = was === undefined ? [] : marksOf(was, contractPaths).map(({ code }) => code);
  const fresh = new Set<string>(
    added(
      old,
      marks.map(({ code }) => code),
    ),
  );
  return marks.filter(({ code }) => fresh.has(code));
}

/** A program that people start: its end is its own affair. */
function isCommand({ path, before, after }: Change, { imported, commands }: SourceContext): boolean {
  const isNamed =
    /(?:^|\/)bin\//.test(path) || /^cli\.[cm]?[jt]sx?$/.test(basename(path)) || commands.has(path);
  const wasCommand = before === undefined ? after?.startsWith("#!") === true : before.startsWith("#!");
  return (isNamed || wasCommand) && !imported;
}

const suspicious =
  /process\s*\.\s*(?:exit|reallyExit|abort)|globalThis|\.prototype\s*\.\s*\w+\s*=|require\.cache|_load\b/;

function unreadable({ path, before, after }: Change, wasReadable: boolean): FindingDraft[] {
  if (wasReadable) return [finding("stub", "blocking", "cannot be parsed any more", path)];
  const fresh = added((before ?? "").split("\n"), (after ?? "").split("\n")).find((line) =>
    suspicious.test(line),
  );
  return fresh === undefined
    ? []
    : [finding("earlyExit", "blocking", `cannot be parsed, and says ${fresh.trim().slice(0, 200)}`, path)];
}
