/** What many fields of a mission file are made of: durations, money, commands, paths in the tree. */
import { z } from "zod";
import { durationMs, microUsd } from "./quantities.ts";

const durationRule = "write a duration such as 30s, 10m, 2h or 1h30m";
const moneyRule = "write an amount such as 20usd or 0.50usd";

export const duration = z
  .string(durationRule)
  .refine((text) => durationMs(text) !== undefined, durationRule)
  .transform((text) => durationMs(text) ?? 0)
  .describe("A duration: 500ms, 30s, 10m, 2h, 1d or a sum such as 1h30m.");

export const money = z
  .string(moneyRule)
  .refine((text) => microUsd(text) !== undefined, moneyRule)
  .transform((text) => microUsd(text) ?? 0)
  .describe("An amount of money: 20usd or 0.50usd.");

export const argv = z
  .array(z.string())
  .min(1, "name at least the program")
  .describe("A command as a list: the program, then its arguments. No shell takes part.");

export const count = z.int().min(0);

/** A path that stays in the tree, as far as its text can say. */
export const treePath = z.string().refine((path) => treePathFault(path) === undefined, {
  error: ({ input }) => `${JSON.stringify(input)} ${treePathFault(String(input)) ?? ""}`,
});

export const cwd = treePath.describe("A folder of the tree to run in; its root when left out.");

/** One text, or several. */
export const texts = z.union([z.string().transform((text) => [text]), z.array(z.string()).min(1)]);

function treePathFault(path: string): string | undefined {
  const rule = "write a path below the repository's root, such as test/total.test.js";
  const parts = path.split("/");
  if (path === "" || path.includes("\0")) return `is no path: ${rule}`;
  if (path.startsWith("/") || parts.includes("..")) return `lies outside the tree: ${rule}`;
  if (parts.some((part) => part.toLowerCase() === ".git")) return `is git's own: ${rule}`;
  return undefined;
}
