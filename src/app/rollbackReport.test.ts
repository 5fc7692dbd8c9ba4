// A report after a rollback: what was done since is on record, and counts no more.
import { expect, test } from "vitest";
import { Course, specMissionId, tree, twoTasks } from "../testing/specification.ts";
import type { MissionReport } from "./reportEntries.ts";
import { reportOf } from "./missionReport.ts";

async function reported({ records }: Course): Promise<MissionReport | undefined> {
  return await reportOf(
    (async function* () {
      for (const [index, { at, event }] of records.entries())
        yield {
          streamId: `mission:${specMissionId}`,
          seq: index + 1,
          at,
          commandId: "c",
          schemaVersion: 1,
          event,
        };
    })(),
  );
}

test("tasks, verdicts and the head are those of the position; attempts and the rollback itself stay", async () => {
  const course = Course.working(twoTasks()).finishes("build");
  const to = course.state.seq;
  course.finishes("polish", tree("polished"));
  const before = await reported(course);
  expect(before?.head).toEqual(tree("polished"));
  course.does({ type: "mission.rollBack", to, reason: "wrong way" });
  const report = await reported(course);
  expect(report?.head).toEqual(tree("build"));
  expect(report?.tasks.map(({ id, status, attempts }) => [id, status, attempts.length])).toEqual([
    ["build", "done", 1],
    ["polish", "open", 1],
  ]);
  const polish = report?.assertions.find(({ id }) => id === "polish-ok");
  expect(polish?.verdict).toBeUndefined();
  expect(polish?.earlier).toHaveLength(1);
  expect(report?.rollbacks).toMatchObject([{ to, by: "human:ada", reason: "wrong way" }]);
});
