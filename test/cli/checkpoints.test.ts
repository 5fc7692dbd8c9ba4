/** Going back, taking that back, and going another way, from the command line of a real machine. */
import { expect, test } from "vitest";
import type { Checkpoint, RestorePreview } from "../../src/app/checkpoints.ts";
import { onMachine, type Machine } from "./kit.ts";

const patient = { timeout: 90_000 };

/** `work` by a program, done; `sign` waits for a person. */
async function waiting(machine: Machine): Promise<string> {
  const check = ["grep", "-q", "^fixed$", "result.txt"];
  const rest = {
    agents: { it: { program: ["./fixer.sh"] }, ada: { human: "ada" } },
    contract: [
      { id: "fixed", behaviour: "The result is there", command: check },
      { id: "signed", behaviour: "Somebody has signed", command: check },
    ],
    tasks: [
      { id: "work", goal: "Make result.txt", agent: "it", fulfills: ["fixed"] },
      { id: "sign", goal: "Sign it", agent: "ada", needs: ["work"], fulfills: ["signed"] },
    ],
  };
  const left = await machine.houston("run", machine.mission("fixer", { rest }), "--no-wait", "--json");
  expect(left).toMatchObject({ code: 5 });
  return (JSON.parse(left.stdout) as { missionId: string }).missionId;
}

/** A runner goes on until the person is asked, the nth time, and leaves. */
async function asksToSign(machine: Machine, missionId: string, times: number): Promise<void> {
  const runner = machine.start(["runner", "--mission", missionId]);
  await machine.until(
    missionId,
    (event) => event.type === "attempt.started" && event.attemptId === `sign.${times}`,
  );
  runner.child.kill("SIGTERM");
  await runner.ended;
}

const attempts = async (machine: Machine, missionId: string): Promise<string[]> =>
  (await machine.records(missionId)).flatMap(({ event }) =>
    event.type === "attempt.started" ? [event.attemptId] : [],
  );

test(
  "a mission goes back to a checkpoint, says before what it loses, and takes that back",
  patient,
  async () => {
    await onMachine(async (machine) => {
      const missionId = await waiting(machine);
      const all = await machine.json<Checkpoint[]>("checkpoint", "ls", missionId);
      expect(all.map(({ what }) => what)).toEqual(
        expect.arrayContaining(["task work done", "attempt work.1 handed off", "the base"]),
      );
      const base = String(all.find(({ what }) => what === "the base")?.seq);

      const dry = await machine.houston("checkpoint", "restore", missionId, "--to", base, "--dry-run");
      expect(dry).toMatchObject({ code: 0 });
      expect(dry.stdout).toMatch(/taken back: the work of \d+ events, tasks work\n {2}result\.txt \+0 -1/);
      expect(await machine.houston("checkpoint", "restore", missionId, "--to", base)).toMatchObject({
        code: 2,
      });
      expect(await machine.houston("checkpoint", "restore", missionId, "--to", "2", "--yes")).toMatchObject({
        code: 3,
      });

      const preview = await machine.json<RestorePreview>(
        "checkpoint",
        "restore",
        missionId,
        "--to",
        base,
        "--yes",
      );
      expect(preview).toMatchObject({ tasks: ["work"], external: [] });
      expect((await machine.view(missionId)).tasks).toMatchObject({ done: 0 });
      await asksToSign(machine, missionId, 2);
      expect(await attempts(machine, missionId)).toEqual(["work.1", "sign.1", "work.2", "sign.2"]);

      expect(await machine.houston("checkpoint", "undo", missionId)).toMatchObject({ code: 0 });
      expect(await machine.houston("checkpoint", "undo", missionId)).toMatchObject({ code: 3 });
      const last = (await machine.records(missionId)).filter(
        ({ event }) => event.type === "mission.rolledBack",
      );
      expect(last).toHaveLength(2);
    });
  },
);

test("a fork goes its own way from there, and leaves the other alone", patient, async () => {
  await onMachine(async (machine) => {
    const missionId = await waiting(machine);
    const before = await machine.records(missionId);
    const { missionId: forkId } = await machine.json<{ missionId: string }>("fork", missionId);
    await asksToSign(machine, forkId, 1);
    expect(await machine.houston("answer", forkId, "sign", "--done", "signed")).toMatchObject({ code: 0 });
    expect(await machine.houston("runner", "--mission", forkId)).toMatchObject({ code: 0 });
    expect(await machine.view(forkId)).toMatchObject({ outcome: "verified" });
    expect(await machine.records(missionId)).toEqual(before);
    expect(await machine.houston("fork", missionId, "--at", "2")).toMatchObject({ code: 3 });
  });
});
