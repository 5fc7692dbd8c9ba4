/** What is said of a mission afterwards: its contract proven again, its report in every form, its change shown and applied. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FileChange } from "../../src/app/diffstat.ts";
import type { MissionReport } from "../../src/app/reportEntries.ts";
import { onMachine, type Machine } from "./kit.ts";

interface Proof {
  missionId: string;
  commit: string;
  outcome: string;
  exitCode: number;
  assertions: { id: string; verdict?: { value: string } }[];
}

async function finished(machine: Machine): Promise<{ missionId: string; branch: string }> {
  const ran = await machine.houston("run", machine.mission("fixer"), "--json");
  expect(ran).toMatchObject({ code: 0 });
  return JSON.parse(ran.stdout) as { missionId: string; branch: string };
}

test("a mission's contract is proven again on what it delivered, and refuted on what it began with", async () => {
  await onMachine(async (machine) => {
    const { missionId, branch } = await finished(machine);
    const again = await machine.json<Proof>("verify", missionId);
    expect(again).toMatchObject({
      outcome: "verified",
      exitCode: 0,
      commit: machine.git("rev-parse", branch),
    });
    expect(again.assertions).toMatchObject([{ id: "fixed", verdict: { value: "passed" } }]);
    expect(again.missionId).not.toBe(missionId);

    const base = await machine.houston("verify", missionId, "--ref", "main", "--json");
    expect(base.code).toBe(6);
    expect((JSON.parse(base.stdout) as Proof).assertions).toMatchObject([{ verdict: { value: "failed" } }]);
    expect(machine.git("branch", "--list", "houston/*").split("\n")).toHaveLength(1);
  });
});

test("a mission file is proven on any ref without anybody working", async () => {
  await onMachine(async (machine) => {
    const { branch } = await finished(machine);
    const file = machine.mission("idler");
    const good = await machine.houston("verify", file, "--ref", branch);
    expect(good).toMatchObject({ code: 0 });
    expect(good.stdout).toMatch(/✓ fixed {2}The result is there\n +passed by verifier/);
    const bad = await machine.houston("verify", file);
    expect(bad.code).toBe(6);
    expect(bad.stdout).toContain("✗ fixed");
    expect(await machine.houston("verify", "ffffffff")).toMatchObject({ code: 3 });
    expect(await machine.houston("verify", file, "--ref", "gone")).toMatchObject({ code: 1 });
  });
});

test("the report is data, Markdown, or one page, with the evidence in each", async () => {
  await onMachine(async (machine) => {
    machine.script(
      "boaster",
      `cat >/dev/null; echo fixed >result.txt; printf '%s\\n' '{"type":"handoff","status":"done","summary":"<script>alert(1)</script>"}'`,
    );
    const rest = {
      contract: [
        {
          id: "fixed",
          behaviour: "It <b>says</b> so",
          command: ["sh", "-c", "echo '<i>seen</i>'; cat result.txt"],
        },
      ],
    };
    const ran = await machine.houston("run", machine.mission("boaster", { rest }), "--json");
    const { missionId } = JSON.parse(ran.stdout) as { missionId: string };
    const page = await machine.houston("report", missionId, "--html");
    expect(page.code).toBe(0);
    expect(page.stdout).toMatch(/^<!doctype html>/);
    expect(page.stdout).not.toContain("<script");
    for (const text of ["&lt;script&gt;alert(1)", "It &lt;b&gt;says", "&lt;i&gt;seen&lt;/i&gt;"])
      expect(page.stdout).toContain(text);
    const { stdout: markdown } = await machine.houston("report", missionId, "--md");
    expect(markdown).toContain("<i>seen</i>");
    expect(markdown).not.toMatch(/(?<!\\)<script/);
    const data = await machine.json<MissionReport>("report", missionId);
    expect(data.assertions[0]?.verdict?.evidence).toMatchObject([
      { exitCode: 0, excerpt: "<i>seen</i>\nfixed\n" },
    ]);
    expect(data.unverified).toEqual([]);
    expect(await machine.houston("report", missionId, "--md", "--html")).toMatchObject({ code: 2 });
  });
});

test("a mission's change is shown, and carried into the work tree when a person wants it there", async () => {
  await onMachine(async (machine) => {
    const { missionId } = await finished(machine);
    const { stdout: text } = await machine.houston("diff", missionId);
    expect(text).toContain("+++ b/result.txt\n@@ -0,0 +1 @@\n+fixed\n");
    expect((await machine.houston("diff", missionId, "--stat")).stdout).toMatch(/result\.txt +\+1 +-0/);
    expect(await machine.json<FileChange[]>("diff", missionId)).toEqual([
      { path: "result.txt", added: 1, removed: 0 },
    ]);

    const result = join(machine.repository, "result.txt");
    writeFileSync(result, "mine\n");
    const refused = await machine.houston("apply", missionId);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("result.txt");
    expect(readFileSync(result, "utf8")).toBe("mine\n");

    machine.git("clean", "-fdq");
    expect(await machine.houston("apply", missionId)).toMatchObject({ code: 0, stdout: "result.txt\n" });
    expect(readFileSync(result, "utf8")).toBe("fixed\n");
    expect(machine.git("status", "--porcelain")).toBe("?? result.txt");
    expect(await machine.houston("apply", missionId)).toMatchObject({ code: 0, stdout: "" });
    expect(await machine.houston("diff", "ffffffff")).toMatchObject({ code: 3 });
  });
});

test("setup may use the network only when the command line says so, and then it is shown", async () => {
  await onMachine(async (machine) => {
    const setup = {
      command: ["sh", "-c", "mkdir vendor"],
      outputs: ["vendor"],
      lockfiles: ["readme.txt"],
      network: true,
    };
    const file = machine.mission("fixer", { rest: { setup } });
    const allowed = await machine.houston("run", file, "--allow-setup-network", "--json");
    expect(allowed.stderr).toContain("setup may use the network: sh -c mkdir vendor");
    const { missionId } = JSON.parse(allowed.stdout) as { missionId: string };
    expect((await machine.json<MissionReport>("report", missionId)).allowed).toEqual([
      "setup was allowed to use the network",
    ]);
  });
});
