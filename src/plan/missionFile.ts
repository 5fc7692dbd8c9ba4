/** Reads a mission file, YAML or JSON, from its text: a draft of the mission, or every problem with its place. */
import { isMap, isNode, isPair, LineCounter, parseDocument, type Document } from "yaml";
import type { z } from "zod";
import { planProblems } from "../mission/plan.ts";
import { draftOf, type MissionDraft } from "./missionDraft.ts";
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

export type ReadMission = { ok: true; draft: MissionDraft } | { ok: false; problems: FileProblem[] };

const maxAliases = 100;

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
  const problems = planProblems({ ...draft, branch: draft.branch ?? "houston/draft" }).map((problem) => ({
    ...problem,
    ...place.of(inFileWords(problem.path)),
    path: inFileWords(problem.path),
  }));
  return problems.length > 0 ? { ok: false, problems: inOrder(problems) } : { ok: true, draft };
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
};

/** The law speaks of the protocol's fields; the file names some of them otherwise. */
function inFileWords(path: (string | number)[]): (string | number)[] {
  return path.map((part) =>
    typeof part === "string" && Object.hasOwn(fileWords, part) ? (fileWords[part] ?? part) : part,
  );
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
