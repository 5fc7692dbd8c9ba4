/** What the README shows works as shown: its mission file is one, its commands and scripts exist. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readMissionFile } from "../src/plan/missionFile.ts";

const root = join(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");

function block(language: string, containing: string): string {
  const blocks = [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(
    ([, text]) => text ?? "",
  );
  const found = blocks.find((text) => text.includes(containing));
  if (found === undefined) throw new Error(`the README has no ${language} block with "${containing}"`);
  return found;
}

it("has a mission file that is one", () => {
  expect(readMissionFile(block("yaml", "houston: 1"))).toMatchObject({ ok: true });
});

it("names only commands that exist", () => {
  const help = execFileSync(process.execPath, [join(root, "bin/houston.js"), "--help"], { encoding: "utf8" });
  const lines = block("sh", "houston run")
    .split("\n")
    .map((line) => line.replace(/#.*/, ""));
  const names = lines
    .flatMap((line) => line.replace(/^houston /, "").split(" · "))
    .map((part) => part.trim().split(" ")[0] ?? "");
  const commands = names.filter((name) => name !== "");
  expect(commands.length).toBeGreaterThan(12);
  for (const name of commands) expect(help).toMatch(new RegExp(`^  ${name}\\b`, "m"));
});

it("names only scripts that exist", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const named = [...readme.matchAll(/npm run ([a-z:-]+)/g)].map(([, name]) => name ?? "");
  expect(named.length).toBeGreaterThan(4);
  for (const name of named) expect(Object.keys(scripts)).toContain(name);
});
