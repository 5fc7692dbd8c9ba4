/** Turns what a schema found into sentences that say what would be right. */
import type { z } from "zod";
import { closest } from "./closest.ts";

export interface Problem {
  path: (string | number)[];
  /** The problem is the key, not its value. */
  isKey: boolean;
  message: string;
}

type Issue = z.core.$ZodIssue;
type Json = Record<string, unknown>;

/** `schema` is the JSON Schema of the same thing: it knows the names that would have been right. */
export function problemsOf(error: z.ZodError, value: unknown, schema: Json): Problem[] {
  return error.issues.flatMap((issue) => ofIssue(issue, [], value, schema));
}

function ofIssue(issue: Issue, base: (string | number)[], value: unknown, schema: Json): Problem[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === "number" ? part : String(part)))];
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(path, key, schema));
  if (issue.code === "invalid_key")
    return [{ path, isKey: true, message: issue.issues.map(({ message }) => message).join("; ") }];
  if (issue.code === "invalid_union") {
    const branch = likeliest(issue.errors, valueAt(value, path));
    if (branch !== undefined) return branch.flatMap((inner) => ofIssue(inner, path, value, schema));
  }
  return [{ path, isKey: false, message: sentence(issue, path, valueAt(value, path), schema) }];
}

/** Of several forms, the one that was meant: it fits the value's kind and misses least. */
function likeliest(errors: Issue[][], value: unknown): Issue[] | undefined {
  const isOfAnotherKind = ({ code, path }: Issue): boolean =>
    path.length === 0 &&
    (code === "invalid_type" || (code === "invalid_value" && typeof value === "object" && value !== null));
  const cost = (issues: Issue[]): number =>
    issues.reduce((sum, issue) => {
      if (issue.code === "unrecognized_keys") return sum + 2 * issue.keys.length;
      if (isOfAnotherKind(issue)) return sum + 100;
      return sum + (issue.code === "invalid_type" && issue.input === undefined ? 3 : 1);
    }, 0);
  return errors.toSorted((a, b) => cost(a) - cost(b))[0];
}

function unknownKey(path: (string | number)[], key: string, schema: Json): Problem {
  const known = keysAt(schema, path);
  const near = closest(key, known);
  const hint =
    near === undefined ? `known here: ${known.join(", ") || "nothing"}` : `did you mean "${near}"?`;
  return { path: [...path, key], isKey: true, message: `"${key}" is not known here; ${hint}` };
}

function sentence(issue: Issue, path: (string | number)[], value: unknown, schema: Json): string {
  const name = path.at(-1) ?? "the file";
  if (issue.code === "invalid_type" && value === undefined) {
    const hint = described(schema, path);
    return `${typeof name === "number" ? `entry ${name}` : `"${name}"`} is missing${hint === "" ? "" : `: ${hint}`}`;
  }
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid"))
    return `${shown(value)} should be ${kindOf(issue.expected)}${listHint(issue.expected, value)}`;
  if (issue.code === "invalid_type") return `${shown(value)}: ${issue.message}`;
  if (issue.code === "invalid_value" && issue.values.length === 1)
    return `${shown(value)} should be ${String(issue.values[0])}`;
  if (issue.code === "invalid_value")
    return `${shown(value)} should be one of ${issue.values.map(String).join(", ")}${nearHint(value, issue.values)}`;
  if (issue.code === "too_small" && issue.origin === "string") return `"${name}" must not be empty`;
  if (issue.code === "too_small" && issue.message.startsWith("Too"))
    return `${shown(value)} should be at least ${issue.minimum}`;
  if (issue.code === "too_big") return `${shown(value)} should be at most ${issue.maximum}`;
  return issue.message;
}

function nearHint(value: unknown, values: readonly unknown[]): string {
  const near = typeof value === "string" ? closest(value, values.map(String)) : undefined;
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

/** The commonest slip: a command as one text. */
function listHint(expected: string, value: unknown): string {
  if (expected !== "array" || typeof value !== "string") return "";
  return `: write [${value.trim().split(/\s+/).join(", ")}]`;
}

function kindOf(expected: string): string {
  const kinds: Readonly<Record<string, string>> = {
    array: "a list",
    object: "a map",
    record: "a map",
    string: "a text",
    int: "a whole number",
    number: "a number",
    boolean: "true or false",
  };
  return kinds[expected] ?? expected;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a map";
  return value === undefined ? "nothing" : JSON.stringify(value);
}

function valueAt(value: unknown, path: (string | number)[]): unknown {
  let at = value;
  for (const part of path)
    at = typeof at === "object" && at !== null ? (at as Json)[String(part)] : undefined;
  return at;
}

/** All forms that a schema allows at a path. */
function schemasAt(schema: Json, path: (string | number)[]): Json[] {
  let here = forms(schema);
  for (const part of path)
    here = here.flatMap(({ properties, additionalProperties, items }) => {
      const next = typeof part === "number" ? items : (asJson(properties)?.[part] ?? additionalProperties);
      const inner = asJson(next);
      return inner === undefined ? [] : forms(inner);
    });
  return here;
}

function forms(schema: Json): Json[] {
  const several = schema["anyOf"] ?? schema["oneOf"];
  if (!Array.isArray(several)) return [schema];
  const inner = several.flatMap((one) => {
    const form = asJson(one);
    return form === undefined ? [] : forms(form);
  });
  return schema["description"] === undefined
    ? inner
    : inner.map((one) => ({ description: schema["description"], ...one }));
}

function asJson(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function keysAt(schema: Json, path: (string | number)[]): string[] {
  return [
    ...new Set(schemasAt(schema, path).flatMap(({ properties }) => Object.keys(asJson(properties) ?? {}))),
  ];
}

function described(schema: Json, path: (string | number)[]): string {
  const text = schemasAt(schema, path)
    .map(({ description }) => description)
    .find((one) => typeof one === "string");
  return text ?? "";
}
