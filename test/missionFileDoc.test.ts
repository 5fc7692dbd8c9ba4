/** What docs/mission-file.md shows is a mission file. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readMissionFile } from "../src/plan/missionFile.ts";
import { missionFileJsonSchema } from "../src/plan/missionFileSchema.ts";

const text = readFileSync(join(import.meta.dirname, "../docs/mission-file.md"), "utf8");
const [whole = "", setup = ""] = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, block]) => block ?? "",
);

it("has a whole mission file that is one, and a setup that fits into it", () => {
  expect(readMissionFile(whole)).toMatchObject({ ok: true });
  expect(readMissionFile(whole.replace("setup: npm\n", setup))).toMatchObject({
    ok: true,
    draft: { setup: [{}, {}] },
  });
});

it("names every field of the policy", () => {
  const { properties } = missionFileJsonSchema() as {
    properties: { policy: { properties: Record<string, unknown> } };
  };
  for (const field of Object.keys(properties.policy.properties)) expect(text).toContain(field);
});
