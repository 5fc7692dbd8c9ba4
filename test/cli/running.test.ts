/** `houston run` from a file to its end, and what everything else says about that mission afterwards. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { MissionReport } from "../../src/app/reportEntries.ts";
import { onMachine, types } from "./kit.ts";

test("a mission runs to a verified branch, and its result can be asked for in every form", async () => {
  await onMachine(async (machine) => {
    const ran = await machine.houston("run", machine.mission("fixer"), "--json");
    expect(ran).toMatchObject({ code: 0 });
    const result = JSON.parse(ran.stdout) as { missionId: string; outcome: string; branch: string };
    expect(result.outcome).toBe("verified");
    expect(machine.git("show", `${result.branch}:result.txt`)).toBe("fixed");
    expect(machine.git("status", "--porcelain")).toBe("");

    const short = result.missionId.slice(-8);
    expect(await machine.view(short)).toMatchObject({
      outcome: "verified",
      assertions: { total: 1, passed: 1 },
    });
    expect(await machine.json("ls")).toMatchObject([
      { missionId: result.missionId, status: { state: "Closed" } },
    ]);
    const report = await machine.json<MissionReport>("report", short);
    expect(report).toMatchObject({
      outcome: { outcome: "verified" },
      assertions: [
        {
          id: "fixed",
          taskId: "work",
          verdict: { value: "passed", onDelivered: true, evidence: [{ exitCode: 0 }] },
        },
      ],
      tasks: [
        {
          id: "work",
          status: "done",
          attempts: [{ id: "work.1", outcome: "handedOff", summary: "wrote result.txt" }],
        },
      ],
      changes: [{ path: "result.txt", added: 1, removed: 0 }],
    });
    expect(report.delivered?.commit).toBe(machine.git("rev-parse", result.branch));
    expect((await machine.houston("report", short, "--md")).stdout).toContain(
      "| fixed | The result is there | passed | work |",
    );
    expect((await machine.houston("logs", short)).stdout).toContain("working\n");
    expect(types(await machine.records(short))).toContain("mission.closed");
    const traced = await machine.houston("events", short, "--trace", "--from", "2");
    expect(JSON.parse(traced.stdout.split("\n")[0] ?? "")).toMatchObject({
      traceId: result.missionId,
      type: "run.started",
    });
    expect(await machine.houston("approve", short, "a1")).toMatchObject({ code: 4 });
    expect(await machine.houston("watch", short)).toMatchObject({ code: 0 });
  });
});

test("work that does not pass verification ends with 6, and delivers nothing", async () => {
  await onMachine(async (machine) => {
    const ran = await machine.houston("run", machine.mission("idler", { task: { onFailure: "failFast" } }));
    expect(ran.code).toBe(6);
    expect(ran.stdout).toContain("failed");
    expect(ran.stderr).toContain("✗ fixed failed");
    expect(machine.git("branch", "--list", "houston/*")).toBe("");
  });
});

test("text of agents cannot move the cursor or turn the reading direction", async () => {
  await onMachine(async (machine) => {
    const evil = String.raw`{"type":"handoff","status":"done","summary":"\u001b[2Jgone\u202etxt"}`;
    machine.script(
      "evil",
      `cat >/dev/null; echo fixed >result.txt; printf '\\033]0;title\\007' >&2; printf '%s\\n' '${evil}'`,
    );
    const ran = await machine.houston("run", machine.mission("evil"));
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain(String.raw`\x1b[2Jgone\u{202e}txt`);
    const missionId = await machine.onlyMission();
    const shown = await Promise.all([
      machine.houston("logs", missionId),
      machine.houston("status", missionId),
      machine.houston("report", missionId),
      machine.houston("events", missionId),
      machine.houston("events", missionId, "--json"),
    ]);
    for (const text of [ran.stderr, ran.stdout, ...shown.map(({ stdout }) => stdout)])
      for (const unsafe of ["\u001b", "\u0007", "\u202e"]) expect(text).not.toContain(unsafe);
  });
});

test("a detached mission goes on without its terminal and can be watched", async () => {
  await onMachine(async (machine) => {
    const ran = await machine.houston("run", machine.mission("fixer"), "--detach");
    expect(ran.code).toBe(0);
    const missionId = ran.stdout.trim();
    expect(await machine.houston("watch", missionId)).toMatchObject({ code: 0 });
    const records = await machine.until(missionId, (event) => event.type === "mission.closed");
    expect(types(records)).toContain("verdict.given");
    expect(existsSync(join(machine.state, "runners", `${missionId}.log`))).toBe(true);
  });
});

test("what is wrong with the call is told with its own exit code", async () => {
  await onMachine(async (machine) => {
    const broken = join(machine.root, "broken.yaml");
    writeFileSync(broken, readFileSync(machine.mission("fixer"), "utf8").replace('"goal"', '"gaol"'));
    const outside = machine.mission("fixer", { rest: { repository: "/" } });
    const [nothing, unknown, noFile, noMission, noMission2, invalid, badBudget, noRepository, from, none] =
      await Promise.all([
        machine.houston(),
        machine.houston("fly"),
        machine.houston("run", "nowhere.yaml"),
        machine.houston("status", "ffffffff"),
        machine.houston("pause", "ffffffff"),
        machine.houston("run", broken),
        machine.houston("run", machine.mission("fixer"), "--budget", "much"),
        machine.houston("run", outside),
        machine.houston("events", "x", "--from", "y"),
        machine.houston("ls", "--json"),
      ]);
    expect([nothing.code, unknown.code, noFile.code, noMission.code, noMission2.code]).toEqual([
      2, 2, 3, 3, 3,
    ]);
    expect([invalid.code, badBudget.code, noRepository.code, from.code, none.code]).toEqual([2, 2, 1, 2, 0]);
    expect(invalid.stderr).toMatch(/broken\.yaml:3:3: gaol: "gaol" is not known here; did you mean "goal"\?/);
    expect(noRepository.stderr).toContain("not in a git repository");
    expect(none.stdout).toBe("[]\n");
  });
});

test("a file alone cannot switch the box off", async () => {
  await onMachine(async (machine) => {
    const file = machine.mission("fixer", { rest: { policy: { sandbox: "none" } } });
    const refused = await machine.houston("run", file);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("--sandbox none");
    const ran = await machine.houston("run", file, "--sandbox", "none");
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain("WARNING");
  });
});
