/** The host's side of the guard: puts the preload where a check's Node processes find it, and reads what they said. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import type { ReportFormat } from "../../protocol/contract.ts";
import type { FindingDraft, FindingKind } from "../../protocol/finding.ts";
import type { Channel } from "../channel.ts";
import { isObject, type JsonObject, textIn } from "../reports/json.ts";
import { testPathSource } from "../testFiles.ts";
import type { GuardConfig } from "./parts.ts";

export interface GuardRequest {
  /** The tree, as an absolute path without symlinks. */
  directory: string;
  /** Files that the check's command names, absolute: what they do is the check's own. */
  commandFiles: readonly string[];
  format?: ReportFormat;
  /** In the tree. */
  reportFile?: string;
}

/** Packages that end processes and replace functions for good reasons; paths below `node_modules`. */
const runners =
  /^(?:@[^/]+\/)?(?:mocha|_mocha|jest|vitest|vite|ava|tape|tap|uvu|jasmine|karma|qunit|lab|playwright|cypress|tinypool|c8|nyc|tsx|ts-node|npm|npx|chai|should|expect|must|unexpected|power-assert|referee|exit|exit-x|signal-exit|foreground-child)(?:[-/]|$)|^@(?:jest|vitest|tapjs|playwright|ava|hapi)\//;

const parts = ["preload", "attribution", "files"];

/** Writes the preload into the channel's folder; returns the environment that loads it. */
export async function placeGuard(channel: Channel, request: GuardRequest): Promise<Record<string, string>> {
  const config: GuardConfig = {
    channel: channel.pipe,
    workspace: request.directory,
    harness: [...request.commandFiles],
    testPath: testPathSource,
    runners: runners.source,
    format: request.format ?? "",
    reportFile: request.reportFile ?? "",
  };
  const files: [string, string][] = [["guard.json", JSON.stringify(config)]];
  for (const part of parts) files.push([`${part}.cjs`, await sourceOf(part)]);
  for (const [name, text] of files) {
    await writeFile(join(channel.folder, name), text);
    await chmod(join(channel.folder, name), 0o644);
  }
  return { NODE_OPTIONS: `--require=${JSON.stringify(join(channel.folder, "preload.cjs"))}` };
}

/** From source the types are taken off, since the Node of a tree may not know how; built, it is JavaScript. */
async function sourceOf(part: string): Promise<string> {
  const fromSource = import.meta.url.endsWith(".ts");
  const text = await readFile(new URL(`${part}.${fromSource ? "cts" : "cjs"}`, import.meta.url), "utf8");
  return fromSource ? withoutWarning(() => stripTypeScriptTypes(text)) : text;
}

/** Stripping is announced as experimental by some releases, in the middle of what the user is shown. */
function withoutWarning<T>(action: () => T): T {
  // oxlint-disable-next-line typescript/unbound-method
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return action();
  } finally {
    process.emitWarning = emitWarning;
  }
}

export interface GuardRecord {
  findings: FindingDraft[];
  /** Programs whose process ended without a word, although nobody was seen to end it. */
  silent: string[];
}

const kinds: readonly FindingKind[] = ["earlyExit", "patchedGlobal", "forgedReport", "stub"];

export function readGuard(messages: readonly JsonObject[]): GuardRecord {
  const findings: FindingDraft[] = [];
  for (const { finding } of messages) {
    if (!isObject(finding)) continue;
    const kind = kinds.find((known) => known === finding["kind"]);
    const place = textIn(finding["place"]);
    if (kind === undefined) continue;
    const draft: FindingDraft = { kind, severity: "blocking", text: textIn(finding["text"]) };
    const known = findings.some((other) => other.kind === kind && other.text === draft.text);
    if (!known) findings.push(place === "" ? draft : { ...draft, place });
  }
  return { findings, silent: silentPrograms(messages) };
}

function silentPrograms(messages: readonly JsonObject[]): string[] {
  const ended = new Set(messages.map(({ end }) => end));
  const killed = new Set(
    messages.map((message) =>
      typeof message["killed"] === "number" ? Math.abs(message["killed"]) : undefined,
    ),
  );
  const parents = new Map(messages.map(({ start, parent }) => [start, parent]));
  const wasKilled = (pid: unknown, depth = 0): boolean =>
    typeof pid === "number" && depth < 20 && (killed.has(pid) || wasKilled(parents.get(pid), depth + 1));
  return messages
    .filter(({ start }) => typeof start === "number" && !ended.has(start) && !wasKilled(start))
    .map(({ program }) => textIn(program));
}
