/** What people decide from a second terminal while a runner elsewhere holds the mission. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { onMachine, types, type Machine } from "./kit.ts";

interface InboxItem {
  missionId: string;
  kind: string;
  id: string;
  commands: string[];
}

async function waitingFor(machine: Machine, missionId: string): Promise<InboxItem> {
  await machine.until(missionId, (event) => event.type === "approval.requested");
  const [item] = await machine.json<InboxItem[]>("inbox");
  if (item === undefined) throw new Error("nothing is in the inbox");
  return item;
}

test("a plan waits for approval, which may come from another process", async () => {
  await onMachine(async (machine) => {
    const file = machine.mission("fixer", { rest: { policy: { approvePlan: true } } });
    const running = machine.start(["run", file]);
    const missionId = await machine.onlyMission();
    const item = await waitingFor(machine, missionId);
    expect(item).toMatchObject({ missionId, kind: "plan", id: "a1" });
    expect(await machine.view(missionId)).toMatchObject({ status: { state: "Blocked" } });
    expect(await machine.houston("approve", missionId, "a9")).toMatchObject({ code: 3 });
    expect(await machine.houston("approve", missionId, "a1", "--raise", "calls=1")).toMatchObject({
      code: 2,
    });
    expect(await machine.houston("approve", missionId, "--note", "go on")).toMatchObject({ code: 0 });
    const ran = await running.ended;
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stderr.match(/to grant: {2}houston approve/g)).toHaveLength(1);
    expect(await machine.houston("inbox")).toMatchObject({ code: 0, stdout: "" });
  });
});

test("a plan may be approved beforehand, refused, or not waited for", async () => {
  await onMachine(async (machine) => {
    const file = machine.mission("fixer", { rest: { policy: { approvePlan: true } } });
    expect(await machine.houston("run", file, "--yes")).toMatchObject({ code: 0 });
    const left = await machine.houston("run", file, "--no-wait", "--json");
    expect(left).toMatchObject({ code: 5 });
    const { missionId } = JSON.parse(left.stdout) as { missionId: string };
    expect(await machine.houston("reject", missionId)).toMatchObject({ code: 0 });
    expect(await machine.houston("runner", "--mission", missionId)).toMatchObject({ code: 4 });
    expect(await machine.view(missionId)).toMatchObject({ outcome: "rejected" });
  });
});

test("a budget that is used up asks once; more of it goes on, none of it ends with 7", async () => {
  await onMachine(async (machine) => {
    const left = await machine.houston(
      "run",
      machine.mission("fixer"),
      "--budget",
      "calls=2",
      "--no-wait",
      "--json",
    );
    expect(left).toMatchObject({ code: 5 });
    const { missionId } = JSON.parse(left.stdout) as { missionId: string };
    const [item] = await machine.json<InboxItem[]>("inbox");
    expect(item).toMatchObject({
      kind: "budget",
      commands: [expect.stringContaining("--raise calls="), expect.any(String)],
    });
    const bare = await machine.houston("approve", missionId);
    expect(bare).toMatchObject({ code: 2 });
    expect(await machine.houston("approve", missionId, "--raise", "calls=5")).toMatchObject({ code: 0 });
    expect(await machine.houston("runner", "--mission", missionId)).toMatchObject({ code: 0 });

    const running = machine.start(["run", machine.mission("fixer"), "--budget", "calls=1"]);
    let open = "";
    while (open === "") open = (await machine.json<InboxItem[]>("inbox"))[0]?.missionId ?? "";
    expect(await machine.houston("reject", open)).toMatchObject({ code: 0 });
    expect(await running.ended).toMatchObject({ code: 7 });
  });
});

test("a mission is paused and resumed, and goes on from what the paused attempt left", async () => {
  await onMachine(async (machine) => {
    const running = machine.start([
      "run",
      machine.mission("patient", { rest: { policy: { snapshotEvery: "100ms" } } }),
    ]);
    const missionId = await machine.onlyMission();
    await machine.until(missionId, (event) => event.type === "snapshot.taken");
    expect(await machine.houston("pause", missionId, "--reason", "lunch")).toMatchObject({ code: 0 });
    await machine.until(missionId, (event) => event.type === "attempt.ended");
    const { status } = await machine.view(missionId);
    expect(status.state).toBe("Paused");
    expect(status.reason).toContain("lunch");
    const again = await machine.houston("pause", missionId);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("is paused by");
    expect(await machine.houston("resume", missionId)).toMatchObject({ code: 0 });
    expect(await running.ended).toMatchObject({ code: 0 });
    expect((await machine.view(missionId)).taskList).toMatchObject([
      { id: "work", status: "done", attempts: 2 },
    ]);
  });
});

test("a cancelled mission ends for good, and its agent with it", async () => {
  await onMachine(async (machine) => {
    const running = machine.start(["run", machine.mission("patient")]);
    const missionId = await machine.onlyMission();
    await machine.until(missionId, (event) => event.type === "attempt.started");
    expect(await machine.houston("cancel", missionId)).toMatchObject({ code: 0 });
    expect(await running.ended).toMatchObject({ code: 1 });
    expect(await machine.view(missionId)).toMatchObject({ outcome: "cancelled" });
    expect(await machine.houston("resume", missionId)).toMatchObject({ code: 4 });
  });
});

test("a person's task is handed off with the work from a branch, and judged like any other", async () => {
  await onMachine(async (machine) => {
    const running = machine.start(["run", machine.mission("person", { agent: { human: "Ada" } })]);
    const missionId = await machine.onlyMission();
    await machine.until(
      missionId,
      (event) => event.type === "call.wanted" && event.call.work.kind === "human",
    );
    expect(await machine.json("inbox")).toMatchObject([{ missionId, kind: "task", id: "work" }]);

    machine.git("checkout", "-q", "-b", "ada");
    writeFileSync(join(machine.repository, "result.txt"), "fixed\n");
    machine.git("add", "-A");
    machine.git("commit", "-q", "-m", "by hand");
    machine.git("checkout", "-q", "main");
    expect(await machine.houston("answer", missionId, "work")).toMatchObject({ code: 2 });
    expect(await machine.houston("answer", missionId, "other", "--done", "x")).toMatchObject({ code: 3 });
    expect(
      await machine.houston("answer", missionId, "work", "--done", "x", "--from", "nowhere"),
    ).toMatchObject({ code: 1 });
    expect(
      await machine.houston("answer", missionId, "work", "--done", "wrote it", "--from", "ada"),
    ).toMatchObject({ code: 0 });

    expect(await running.ended).toMatchObject({ code: 0 });
    const { branch } = await machine.view(missionId);
    expect(machine.git("show", `${branch}:result.txt`)).toBe("fixed");
    expect(types(await machine.records(missionId))).toContain("verdict.given");
  });
});
