/** Runners that die, are interrupted, or share a store; and a store that is copied, carried and derived again. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { MissionReport } from "../../src/app/reportEntries.ts";
import { onMachine, types, type Machine } from "./kit.ts";

async function onTwoMachines(work: (machine: Machine, other: Machine) => Promise<void>): Promise<void> {
  await onMachine(async (machine) => await onMachine(async (other) => await work(machine, other)));
}

const quickSnapshots = { rest: { policy: { snapshotEvery: "100ms" } } };

test("a standby runner takes over from one that was killed, from the snapshot it left", async () => {
  await onMachine(async (machine) => {
    const ttl = { HOUSTON_LEASE_TTL_MS: "1500" };
    const first = machine.start(["run", machine.mission("patient", quickSnapshots)], ttl);
    const missionId = await machine.onlyMission();
    const before = await machine.until(missionId, (event) => event.type === "snapshot.taken");
    const second = machine.start(["runner", "--until-closed"], ttl);
    first.child.kill("SIGKILL");
    expect(await first.ended).toMatchObject({ code: null });
    expect(await second.ended).toMatchObject({ code: 0 });

    expect((await machine.records(missionId)).slice(0, before.length)).toEqual(before);
    const report = await machine.json<MissionReport>("report", missionId);
    expect(report).toMatchObject({
      outcome: { outcome: "verified" },
      runs: [{ epoch: 1 }, { epoch: 2 }],
      recoveries: [{ epoch: 2, action: "interrupt", attemptId: "work.1" }],
      tasks: [{ attempts: [{ outcome: "interrupted" }, { outcome: "handedOff", summary: "went on" }] }],
    });
    expect(report.tasks[0]?.attempts[1]?.from).toEqual(report.recoveries[0]?.from);
    expect(report.runs[0]).not.toHaveProperty("stoppedAt");
    expect(machine.git("show", `${report.branch}:started.txt`)).toBe("started");
  });
});

test("Ctrl-C stops in good order and says how to go on", async () => {
  await onMachine(async (machine) => {
    const running = machine.start(["run", machine.mission("patient", quickSnapshots)]);
    const missionId = await machine.onlyMission();
    await machine.until(missionId, (event) => event.type === "snapshot.taken");
    running.child.kill("SIGINT");
    const ended = await running.ended;
    expect(ended.code).toBe(130);
    expect(ended.stderr).toContain(`houston runner --mission ${missionId.slice(-8)}`);
    expect(types(await machine.records(missionId)).at(-1)).toBe("run.stopped");
    expect((await machine.view(missionId)).status.state).not.toBe("Running");
    expect(await machine.houston("runner", "--mission", missionId)).toMatchObject({ code: 0 });
  });
});

test("the store is exported, imported, backed up and derived again without a difference", async () => {
  await onTwoMachines(async (machine, other) => {
    expect(await machine.houston("run", machine.mission("fixer"))).toMatchObject({ code: 0 });
    // The row of a list may be a moment behind the log's last event; derived again, it is not.
    expect(await machine.houston("rebuild")).toMatchObject({ code: 0 });
    const missions = await machine.json("ls");
    const archive = join(machine.root, "archive.ndjson");
    expect(await machine.houston("export", archive)).toMatchObject({ code: 0 });
    expect((await machine.houston("export")).stdout).toBe(readFileSync(archive, "utf8"));
    expect(await other.houston("import", archive)).toMatchObject({ code: 0 });
    expect(await other.json("ls")).toEqual(missions);
    expect((await other.houston("export")).stdout).toBe(readFileSync(archive, "utf8"));
    expect(await other.houston("import", archive)).toMatchObject({ code: 1 });

    expect(await machine.houston("rebuild")).toMatchObject({ code: 0 });
    expect(await machine.json("ls")).toEqual(missions);
    const copy = join(machine.root, "copy");
    expect(await machine.houston("backup", copy)).toMatchObject({ code: 0 });
    expect(await machine.json("ls", "--state-dir", copy)).toEqual(missions);
  });
});

test("doctor looks at the machine, schema at the words", async () => {
  await onMachine(async (machine) => {
    const checks = await machine.json<{ name: string; ok: boolean; detail: string }[]>("doctor");
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual(["node", "git", "sandbox", "state", "space", "store"]);
    for (const name of ["mission", "brief", "handoff", "line"]) {
      const { code, stdout } = await machine.houston("schema", name);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toHaveProperty("title");
    }
    expect(await machine.houston("schema", "poem")).toMatchObject({ code: 2 });
  });
});
