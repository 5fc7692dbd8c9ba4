/** The contract's files on their way between drafts, which hold contents, and specifications, which name blobs. */
import { createHash } from "node:crypto";
import { specOf, type DraftFile, type MissionDraft } from "../plan/missionDraft.ts";
import type { Blobs } from "../ports/blobs.ts";
import type { InlineBlob } from "../ports/log.ts";
import type { BlobRef } from "../protocol/blob.ts";
import type { MissionSpec } from "../protocol/plan.ts";

/** What the store will call it. */
export const nameOf = (content: Uint8Array): BlobRef => ({
  sha256: createHash("sha256").update(content).digest("hex"),
  sizeBytes: content.byteLength,
});

/** Stages what the contract brings; `inline` must be committed with the event that holds the specification. */
export async function stageContract(
  draft: MissionDraft,
  blobs: Blobs,
): Promise<{ spec: Omit<MissionSpec, "branch">; inline: InlineBlob[] }> {
  const refs = new Map<DraftFile, BlobRef>();
  const inline = new Map<string, InlineBlob>();
  for (const file of draft.contract.flatMap(({ files = [] }) => files)) {
    const staged = await blobs.stage(file.content);
    refs.set(file, staged.ref);
    if (staged.inline !== undefined) inline.set(staged.ref.sha256, staged.inline);
  }
  const { branch: _branch, ...spec } = specOf(draft, (file) => refs.get(file) ?? nameOf(file.content));
  return { spec, inline: [...inline.values()] };
}

/** The way back, for a mission made from another; throws when the store has lost a file. */
export async function draftContract(
  contract: MissionSpec["contract"],
  blobs: Pick<Blobs, "get">,
): Promise<MissionDraft["contract"]> {
  const drafts: MissionDraft["contract"] = [];
  for (const { files, ...assertion } of contract) {
    if (files === undefined) {
      drafts.push(assertion);
      continue;
    }
    const read: DraftFile[] = [];
    for (const { content, ...file } of files) {
      const bytes = await blobs.get(content);
      if (bytes === undefined)
        throw new Error(
          `the store has lost ${file.path} of assertion ${assertion.id} (sha256 ${content.sha256})`,
        );
      read.push({ ...file, content: bytes });
    }
    drafts.push({ ...assertion, files: read });
  }
  return drafts;
}
