/** Judges a file of the tree by looking at it; nothing is run and no symlink is followed. */
import { runInNewContext } from "node:vm";
import type { Judgement } from "../../ports/verifier.ts";
import type { Check } from "../../protocol/contract.ts";
import { readBeneath, segmentsOf } from "../beneath.ts";
import { without } from "./judgement.ts";

const maxFileBytes = 32 * 1024 * 1024;
/** Matching cannot be waited for: it holds the whole process up. */
const maxMatchMs = 2_000;

export async function judgeFile(
  check: Extract<Check, { kind: "file" }>,
  directory: string,
): Promise<Judgement> {
  const { path } = check;
  const parts = segmentsOf(path);
  if (parts === undefined || parts.length === 0)
    return without("error", `the file's path leads out of the tree: ${JSON.stringify(path)}`);
  const found = await readBeneath(directory, parts, maxFileBytes);
  if ("missing" in found)
    return check.exists
      ? without("failed", `${path} is missing`)
      : without("passed", `${path} does not exist`);
  if (!check.exists) return without("failed", `${path} exists`);
  if ("unreadable" in found) return without("failed", `${path} cannot be read: ${found.unreadable}`);
  const missing = (check.contains ?? []).filter((part) => !found.text.includes(part));
  const unmatched: string[] = [];
  for (const source of check.matches ?? []) {
    const answer = matches(source, found.text, Math.min(check.timeoutMs, maxMatchMs));
    if (typeof answer === "object") return answer;
    if (!answer) unmatched.push(source);
  }
  const complaints = [
    ...missing.map((part) => `it does not contain ${JSON.stringify(part.slice(0, 200))}`),
    ...unmatched.map((source) => `nothing in it matches /${source}/u`),
  ];
  if (complaints.length > 0) return without("failed", `${path}: ${complaints.join("; ")}`);
  return without("passed", `${path} is as it should be`);
}

function matches(source: string, text: string, timeoutMs: number): boolean | Judgement {
  let pattern: RegExp;
  try {
    pattern = new RegExp(source, "u");
  } catch (error) {
    return without(
      "error",
      `not a regular expression: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  try {
    return runInNewContext("pattern.test(text)", { pattern, text }, { timeout: timeoutMs }) === true;
  } catch {
    return without("inconclusive", `matching /${source}/u took more than ${timeoutMs} ms`);
  }
}
