// The published schemas say what the code accepts.
import { expect, test } from "vitest";
import { handoffSchema } from "../protocol/handoff.ts";
import { wireSchemas } from "./wireSchemas.ts";

test("a handoff may leave out what has a default, and must say its status and summary", () => {
  const { handoff, programLine, brief } = wireSchemas();
  expect(handoff).toMatchObject({ title: "Handoff", type: "object", required: ["status", "summary"] });
  expect(handoffSchema.safeParse({ status: "done", summary: "" }).success).toBe(true);
  expect(JSON.stringify(programLine)).toContain('"const":"usage"');
  expect(brief["required"]).toContain("attempt");
});

test("schemas are plain JSON", () => {
  expect(JSON.parse(JSON.stringify(wireSchemas()))).toEqual(wireSchemas());
});
