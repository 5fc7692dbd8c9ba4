/** Reads a mission file, YAML or JSON, from its text: a draft of the mission, or every problem with its place. */
import { isMap, isNode, isPair, LineCounter, parseDocument, type Document } from "yaml";
import type { z } from "zod";
import { planProblems, type PlanProblem } from "../mission/plan.ts";
import type { BlobRef } from "../protocol/blob.ts";
import type { MissionSpec } from "../protocol/plan.ts";
import { draftOf, specOf, type WrittenMission } from "./missionDraft.ts";
import { missionFileJsonSchema, missionFileSchema } from "./missionFileSchema.ts";
import { problemsOf } from "./problems.ts";

export interface FileProblem {
  /** From the file's root; empty for the file as a whole. */
  path: (string | number)[];
  /** Counted from 1. */
  line: number;
  column: number;
  /** What is wrong and what would be right. */
  message: string;
}

export type ReadMission =
  | {
      ok: true;
      draft: WrittenMission;
      /** Gives what is wrong with a field of the draft its place in the file. */
      placed(problem: PlanProblem): FileProblem;
    }
  | { ok: false; problems: FileProblem[] };

const maxAliases = 100;
/** What is in the contract's files is not known before they are read. */
const unread: BlobRef = { sha256: "0".repeat(64), sizeBytes: 0 };

export function readMissionFile(text: string): ReadMission {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    version: "1.2",
  });
  const place = new Places(document, lines);
  const broken = document.errors.map(({ message, pos }) => ({ path: [], ...place.at(pos[0]), message }));
  if (broken.length > 0) return { ok: false, problems: broken };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: maxAliases });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, problems: [{ path: [], ...place.at(0), message }] };
  }
  const parsed = missionFileSchema.safeParse(value);
  if (!parsed.success) return { ok: false, problems: inOrder(schemaProblems(parsed.error, value, place)) };
  const draft = draftOf(parsed.data);
  const spec = specOf(draft, () => unread);
  const placed = ({ path, message }: PlanProblem): FileProblem => {
    const inFile = inFileWords(path, spec);
    return { path: inFile, ...place.of(inFile), message };
  };
  const problems = planProblems(spec).map(placed);
  return problems.length > 0 ? { ok: false, problems: inOrder(problems) } : { ok: true, draft, placed };
}

function schemaProblems(error: z.ZodError, value: unknown, place: Places): FileProblem[] {
  return problemsOf(error, value, missionFileJsonSchema()).map(({ path, isKey, message }) => ({
    path,
    ...(isKey ? place.ofKey(path) : place.of(path)),
    message,
  }));
}

const inOrder = (problems: FileProblem[]): FileProblem[] =>
  problems.toSorted((a, b) => a.line - b.line || a.column - b.column);

const fileWords: Readonly<Record<string, string>> = {
  timeMs: "time",
  costMicroUsd: "cost",
  timeoutMs: "timeout",
  deadlineMs: "deadline",
  agentId: "agent",
  stageId: "stage",
  portVariable: "port",
  readyPath: "ready",
};

/** The law speaks of the protocol's fields; the file names some of them otherwise. */
function inFileWords(path: (string | number)[], { contract, checks = [] }: MissionSpec): (string | number)[] {
  const [list, index, field, ...rest] = path;
  const word = (part: string | number): string | number =>
    typeof part === "string" && Object.hasOwn(fileWords, part) ? (fileWords[part] ?? part) : part;
  if (typeof index !== "number" || field !== "check") return path.map(word);
  const kind = (list === "checks" ? checks : contract)[index]?.check.kind ?? field;
  return [list ?? "contract", index, kind, ...rest.map(word)];
}

/** Where things stand in the file. */
class Places {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  at(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** Of a value, or of the nearest thing around it that is there. */
  of(path: (string | number)[]): { line: number; column: number } {
    for (let length = path.length; length > 0; length -= 1) {
      const node = this.#document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return this.at(node.range[0]);
    }
    return this.at(this.#document.contents?.range?.[0] ?? 0);
  }

  /** Of the key itself. */
  ofKey(path: (string | number)[]): { line: number; column: number } {
    const around = path.length > 1 ? this.#document.getIn(path.slice(0, -1), true) : this.#document.contents;
    const name = path.at(-1);
    if (isMap(around))
      for (const pair of around.items) {
        if (!isPair(pair) || !isNode(pair.key) || String(pair.key) !== String(name)) continue;
        if (pair.key.range) return this.at(pair.key.range[0]);
      }
    return this.of(path);
  }
}
