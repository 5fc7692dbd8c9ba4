/** Before anything runs: a first mission file for a repository, and whether a mission file holds here. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { onMachine } from "./kit.ts";

interface Checked {
  ok: boolean;
  problems: { path: (string | number)[]; line: number; column: number; message: string }[];
  warnings: string[];
  plan: { assertions: number; heldOut: number } | null;
}

test("init writes a file that plan check accepts once a person has filled it in", async () => {
  await onMachine(async (machine) => {
    writeFileSync(join(machine.repository, "test.sh"), "exit 0\n");
    const made = await machine.houston("init", "repository");
    expect(made).toMatchObject({ code: 0, stdout: "repository/houston.yaml\n" });
    expect(made.stderr).toContain("found tests: test.sh");
    const file = join(machine.repository, "houston.yaml");
    expect(existsSync(join(machine.repository, ".houston/mission.schema.json"))).toBe(true);

    const open = await machine.houston("plan", "check", "repository/houston.yaml");
    expect(open.code).toBe(2);
    expect(open.stdout).toMatch(/^repository\/houston\.yaml:\d+:\d+: goal: "goal" must not be empty$/m);
    expect(open.stdout).toMatch(
      /^repository\/houston\.yaml:\d+:\d+: agents\.worker\.program: name at least/m,
    );

    const filled = readFileSync(file, "utf8")
      .replaceAll('goal: ""', "goal: Make it so")
      .replace("program: []", "program: [../fixer.sh]");
    writeFileSync(file, filled);
    const held = await machine.houston("plan", "check", "repository/houston.yaml");
    expect(held).toMatchObject({ code: 0 });
    expect(held.stdout).toContain("holds: 1 task, 1 assertion");

    expect(await machine.houston("init", "repository")).toMatchObject({ code: 4, stdout: "" });
    expect(readFileSync(file, "utf8")).toBe(filled);
    expect(await machine.houston("init", "repository", "--force")).toMatchObject({ code: 0 });
    expect(readFileSync(file, "utf8")).not.toBe(filled);
  });
});

test("plan check tells a file that is no plan from a plan whose things are not there", async () => {
  await onMachine(async (machine) => {
    const file = machine.mission("fixer");
    expect(await machine.json<Checked>("plan", "check", file)).toMatchObject({
      ok: true,
      problems: [],
      plan: { assertions: 1, heldOut: 0 },
    });
    const rest = (more: object): string => machine.mission("fixer", { rest: more });
    const [unknown, noBase, noRepository, noProgram, noFile] = await Promise.all([
      machine.houston("plan", "check", rest({ zzz: 1 })),
      machine.houston("plan", "check", rest({ repository: { path: "./repository", base: "gone" } })),
      machine.houston("plan", "check", rest({ repository: "./nowhere" })),
      machine.houston("plan", "check", machine.mission("nobody"), "--json"),
      machine.houston("plan", "check", "nowhere.yaml"),
    ]);
    expect([unknown.code, noBase.code, noRepository.code, noProgram.code, noFile.code]).toEqual([
      2, 1, 1, 1, 3,
    ]);
    expect(unknown.stdout).toMatch(/:\d+:3: zzz: "zzz" is not known here/);
    expect(noBase.stdout).toMatch(
      /:6:\d+: repository\.base: .*no commit called "gone"; its branches are main/,
    );
    expect(noRepository.stdout).toMatch(/:4:\d+: repository\.path: .*nowhere is not a folder/);
    const { ok, problems } = JSON.parse(noProgram.stdout) as Checked;
    expect(ok).toBe(false);
    expect(problems).toMatchObject([{ path: ["agents", "it", "program", 0], line: 8 }]);
  });
});

test("plan check says what will work otherwise than one may think", async () => {
  await onMachine(async (machine) => {
    const setup = { command: ["make"], outputs: ["vendor"], lockfiles: ["lock"], network: true };
    const file = machine.mission("fixer", { rest: { setup, policy: { sandbox: "none" } } });
    const { ok, warnings } = await machine.json<Checked>("plan", "check", file);
    expect(ok).toBe(true);
    expect(warnings.join("\n")).toMatch(/--allow-setup-network[\s\S]*--sandbox none/);
  });
});

test("the mission's schema is published", async () => {
  await onMachine(async (machine) => {
    const { code, stdout } = await machine.houston("schema", "mission");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      properties: { setup: {}, services: {}, checks: {}, stages: {}, $schema: {} },
      required: expect.arrayContaining(["houston", "goal", "contract", "tasks"]) as string[],
    });
  });
});

test("a held-out check that the agent could read is refused before anything starts", async () => {
  await onMachine(async (machine) => {
    const held = (file: string): object => ({
      contract: [
        {
          id: "fixed",
          behaviour: "The result is there",
          command: ["sh", "held.sh"],
          heldOut: true,
          files: { "held.sh": file },
        },
      ],
    });
    machine.git("checkout", "-q", "-b", "leaky");
    writeFileSync(join(machine.repository, "leak.sh"), "grep -q ^fixed$ result.txt\n");
    machine.git("add", "-A");
    machine.git("commit", "-q", "-m", "leak");
    const leaky = await machine.houston(
      "run",
      machine.mission("fixer", { rest: held("./repository/leak.sh") }),
    );
    expect(leaky.code).toBe(2);
    expect(leaky.stderr).toContain("the base has it as leak.sh");
    expect(await machine.json("ls")).toEqual([]);
  });
});
