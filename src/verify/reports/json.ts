/** Finds a JSON report among whatever else a run printed, and looks into it without trusting its shape. */

export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const objectsIn = (value: unknown): JsonObject[] =>
  Array.isArray(value) ? value.filter((item) => isObject(item)) : [];

export const textIn = (value: unknown): string => (typeof value === "string" ? value : "");

/** Runners print one report; who prints hundreds of openings wants us to be slow. */
const maxTries = 200;

/**
 * All JSON objects that begin at the beginning of a line and that `isReport` takes for a report. More than one
 * is suspicious, and for the caller to judge.
 */
export function findReports(text: string, isReport: (value: JsonObject) => boolean): JsonObject[] {
  const found: JsonObject[] = [];
  let tries = 0;
  for (let at = nextOpening(text, 0); at >= 0 && tries < maxTries; tries += 1) {
    const end = closingOf(text, at);
    const value = end < 0 ? undefined : parsed(text.slice(at, end));
    if (isObject(value) && isReport(value)) found.push(value);
    at = nextOpening(text, value === undefined ? at + 1 : end);
  }
  return found;
}

function nextOpening(text: string, from: number): number {
  for (let at = text.indexOf("{", from); at >= 0; at = text.indexOf("{", at + 1)) {
    if (at === 0 || text[at - 1] === "\n" || text[at - 1] === "\r") return at;
  }
  return -1;
}

/** The end of the object that opens at `at`, or -1; only brackets outside strings count. */
function closingOf(text: string, at: number): number {
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs;
  token.lastIndex = at;
  let depth = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    if (match[0] === "{" || match[0] === "[") depth += 1;
    else if (match[0] === "}" || match[0] === "]") depth -= 1;
    if (depth === 0) return token.lastIndex;
  }
  return -1;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
