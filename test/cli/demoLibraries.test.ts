/**
 * The demo's libraries and their contracts: what holds on the base, what each repair brings, and which tempting
 * repairs pass everything visible and nothing that is held out.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readMissionFile } from "../../src/plan/missionFile.ts";

const examples = join(import.meta.dirname, "../../examples");
const timeoutMs = 60_000;

interface Edit {
  file: string;
  from: string;
  to: string;
}

interface Repair {
  edits: Edit[];
  /** What does not hold without it. */
  proves: string[];
}

interface Overfit {
  edit: Edit;
  /** What it does not deliver, all of it held out. */
  refused: string[];
}

const edit = (file: string, from: string, to: string): Edit => ({ file, from, to });

const libraries: Record<string, { repairs: Repair[]; overfits: Overfit[] }> = {
  ledger: {
    repairs: [
      {
        edits: [edit("src/journal.js", "start > 0", "start >= 0")],
        proves: ["comments", "comments-everywhere"],
      },
      {
        edits: [
          edit(
            "src/report.js",
            "lines[lines.length - 1].balance",
            "lines[lines.length - 1]?.balance ?? opening",
          ),
        ],
        proves: ["quiet", "quiet-everywhere"],
      },
    ],
    overfits: [],
  },
  schedule: {
    repairs: [
      {
        edits: [edit("src/date.js", "Math.floor(partsOf(date)", "Math.ceil(partsOf(date)")],
        proves: ["weeks", "weeks-everywhere"],
      },
      {
        edits: [edit("src/spans.js", "from < last.to", "from <= last.to")],
        proves: ["touching", "touching-everywhere"],
      },
    ],
    overfits: [
      { edit: edit("src/date.js", "day / 7", "day / 6"), refused: ["weeks-everywhere"] },
      {
        edit: edit("src/date.js", "Math.floor(partsOf(date)", "Math.round(partsOf(date)"),
        refused: ["weeks-everywhere"],
      },
    ],
  },
  limiter: {
    repairs: [
      {
        edits: [
          edit("src/window.js", "nowMs - callMs <= this.#perMs", "nowMs - callMs < this.#perMs"),
          edit("src/window.js", "Math.max(...calls)", "Math.min(...calls)"),
        ],
        proves: ["window", "window-everywhere"],
      },
      {
        edits: [edit("src/retry.js", "Math.floor(firstMs", "Math.round(firstMs")],
        proves: ["backoff", "backoff-everywhere"],
      },
    ],
    overfits: [
      {
        edit: edit("src/retry.js", "Math.floor(firstMs", "Math.ceil(firstMs"),
        refused: ["backoff-everywhere"],
      },
    ],
  },
};

/** Reads durations as far as the tests write them: the real package comes from a registry, which tests do not ask. */
const standInForMs = `
const units = { ms: 1, s: 1000, m: 60000, hours: 3600000 };
module.exports = (value, options) => {
  if (options?.long) return value === 60000 ? '1 minute' : value / 60000 + ' minutes';
  const match = /^(-?[0-9.]+) ?(ms|s|m|hours)?$/.exec(value);
  return match === null ? undefined : Number(match[1]) * units[match[2] ?? 'ms'];
};
`;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "houston-libraries-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The library as the verifier sees it: with the contract's files laid over it. */
function lay(name: string, edits: readonly Edit[]): void {
  cpSync(join(examples, "libraries", name), folder, { recursive: true });
  for (const { path, source } of contractOf(name).flatMap(({ files = [] }) => files)) {
    if (!("file" in source)) throw new Error(`${path} is written in the mission file`);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(examples, "missions", name, source.file), join(folder, path));
  }
  mkdirSync(join(folder, "node_modules", "ms"), { recursive: true });
  writeFileSync(join(folder, "node_modules", "ms", "index.js"), standInForMs);
  for (const { file, from, to } of edits) {
    const text = readFileSync(join(folder, file), "utf8");
    if (text.split(from).length !== 2) throw new Error(`${file} has not exactly one ${from}`);
    writeFileSync(join(folder, file), text.replace(from, to));
  }
}

const missionText = (name: string): string =>
  readFileSync(join(examples, "missions", name, "mission.yaml"), "utf8");

function contractOf(name: string) {
  const read = readMissionFile(missionText(name));
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.draft.contract;
}

/** Assertions that do not hold: their command fails, or does not report an expected test as passed. */
async function brokenIn(name: string): Promise<string[]> {
  const answers = await Promise.all(
    contractOf(name).map(async ({ id, check }) => {
      if (check.kind !== "tests") throw new Error(`${id} is not checked by tests`);
      const { exitCode, passed } = await run(check.command);
      return exitCode === 0 && passed.length > 0 && check.expect.every((one) => passed.includes(one))
        ? []
        : [id];
    }),
  );
  return answers.flat();
}

async function run([program = "", ...args]: readonly string[]): Promise<{
  exitCode: number;
  passed: string[];
}> {
  return await new Promise((resolve) => {
    const env = { PATH: process.env["PATH"] };
    execFile(program === "node" ? process.execPath : program, args, { cwd: folder, env }, (error, stdout) => {
      const passed = [...stdout.matchAll(/^ *ok \d+ - (.*)$/gm)].map(([, name = ""]) => name);
      resolve({ exitCode: error === null ? 0 : 1, passed });
    });
  });
}

const heldOutIn = (name: string): string[] =>
  contractOf(name).flatMap(({ id, heldOut }) => (heldOut === true ? [id] : []));

describe.for(Object.entries(libraries))("%s", ([name, { repairs, overfits }]) => {
  const all = repairs.flatMap(({ edits }) => edits);

  test(
    "on the base, everything that is to be repaired is broken and nothing else",
    { timeout: timeoutMs },
    async () => {
      lay(name, []);
      const broken = await brokenIn(name);
      expect(broken.toSorted()).toEqual(repairs.flatMap(({ proves }) => proves).toSorted());
      expect(broken).toEqual(contractOf(name).flatMap(({ id, onBase }) => (onBase === "fails" ? [id] : [])));
      expect(contractOf(name).some(({ onBase }) => onBase === "passes")).toBe(true);
    },
  );

  test("with all repairs everything holds", { timeout: timeoutMs }, async () => {
    lay(name, all);
    expect(await brokenIn(name)).toEqual([]);
    expect(await run(["node", "--test", "--test-reporter=tap"])).toMatchObject({ exitCode: 0 });
  });

  test.for(repairs)(
    "without one repair its own assertions do not hold: $proves",
    { timeout: timeoutMs },
    async ({ edits, proves }) => {
      lay(
        name,
        all.filter((one) => !edits.includes(one)),
      );
      expect(await brokenIn(name)).toEqual(proves);
    },
  );

  test.for(overfits)(
    "$edit.to passes all that is visible",
    { timeout: timeoutMs },
    async ({ edit: tempting, refused }) => {
      lay(name, [...all.filter(({ file }) => file !== tempting.file), tempting]);
      expect(await brokenIn(name)).toEqual(refused);
      expect(heldOutIn(name)).toEqual(expect.arrayContaining(refused));
    },
  );

  test("what is held out is not in the library", () => {
    const names = readdirSync(join(examples, "libraries", name), { recursive: true }).map(String);
    const laid = contractOf(name).flatMap(({ files = [] }) => files.map(({ path }) => path));
    expect(laid.length).toBe(heldOutIn(name).length);
    expect(names.filter((each) => laid.includes(each) || each.includes("mission"))).toEqual([]);
  });
});

test("at least one tempting repair is there to be refused", () => {
  expect(Object.values(libraries).flatMap(({ overfits }) => overfits).length).toBeGreaterThan(0);
});

test("the dependency is locked by its content, whichever registry it comes from", () => {
  const text = readFileSync(join(examples, "libraries/limiter/package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as { packages: Record<string, Record<string, unknown>> };
  const { "": own, ...others } = packages;
  expect(own).toMatchObject({ name: "limiter", dependencies: { ms: "2.1.3" } });
  expect(Object.keys(others)).toEqual(["node_modules/ms"]);
  for (const one of Object.values(others)) {
    expect(one["integrity"]).toMatch(/^sha512-/);
    expect(one).not.toHaveProperty("hasInstallScript");
  }
  expect(text).not.toMatch(/https?:|resolved/);
});
