/** The contract's files go into the store under their digests, and come back as they were. */
import { expect, test } from "vitest";
import type { MissionDraft } from "../plan/missionDraft.ts";
import type { Blobs } from "../ports/blobs.ts";
import { defaultPolicy } from "../protocol/plan.ts";
import { draftContract, nameOf, stageContract } from "./contractFiles.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What is longer than three bytes counts as large. */
function smallStore(): Blobs & { kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    stage: async (content) => {
      const ref = nameOf(content);
      kept.set(ref.sha256, content);
      return await Promise.resolve(
        content.byteLength > 3 ? { ref } : { ref, inline: { ref, bytes: content } },
      );
    },
    get: async ({ sha256 }) => await Promise.resolve(kept.get(sha256)),
  };
}

const assertion = (id: string): MissionDraft["contract"][number] => ({
  id,
  behaviour: "b",
  check: { kind: "command", command: ["x"], exitCode: 0, timeoutMs: 1 },
  onBase: "any",
});

const draft: MissionDraft = {
  schemaVersion: 1,
  goal: "g",
  repository: { path: "/r", base: "HEAD" },
  contract: [
    {
      ...assertion("one"),
      files: [
        { path: "a.sh", content: bytes("abc"), executable: true },
        { path: "b.txt", content: bytes("long enough") },
      ],
    },
    { ...assertion("two"), files: [{ path: "a.sh", content: bytes("abc"), executable: true }] },
    assertion("three"),
  ],
  tasks: [],
  agents: {},
  budget: {},
  policy: defaultPolicy,
  branch: "mine",
  timeoutMs: 1,
};

test("small contents are to be committed once, large ones are named only; both come back", async () => {
  const store = smallStore();
  const { spec, inline } = await stageContract(draft, store);
  expect(inline.map(({ ref }) => ref)).toEqual([nameOf(bytes("abc"))]);
  expect(spec).not.toHaveProperty("branch");
  expect(spec.contract[0]?.files).toEqual([
    { path: "a.sh", content: nameOf(bytes("abc")), executable: true },
    { path: "b.txt", content: nameOf(bytes("long enough")) },
  ]);
  expect(spec.contract[2]).not.toHaveProperty("files");
  expect(await draftContract(spec.contract, store)).toEqual(draft.contract);
});

test("a file that the store has lost is an error that names it", async () => {
  const store = smallStore();
  const { spec } = await stageContract(draft, store);
  store.kept.clear();
  await expect(draftContract(spec.contract, store)).rejects.toThrow(/lost a\.sh of assertion one/);
});
